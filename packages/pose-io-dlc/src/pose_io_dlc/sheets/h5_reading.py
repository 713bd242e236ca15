"""Read the H5 of DeepLabCut, as pandas writes it, without pandas and PyTables: see `plain_pickles`.

pandas has two layouts. `table`: one compound dataset, the column names pickled in attributes.
`fixed`: one dataset per level of the columns and rows, and one per block of values.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.sheets.columns import MEASURES, Column, Columns, check_columns
from pose_io_dlc.sheets.plain_pickles import loads_plain
from pose_io_dlc.sheets.sheet import Sheet, is_image, joined, names_of_rows

KEYS = ("df_with_missing", "tracks", "predictions")
"""Where DeepLabCut keeps its table: labels and predictions; tracks; predictions of images."""

LARGE = 1 << 30
"""Bytes above which a table must have some proportion to the size of its file."""

MOST_PACKED = 1100
"""How many bytes may come of one in the file; deflate makes no more."""

Names = list[tuple[str, ...]]
"""The names of columns or rows: a tuple of one text per level."""


def read_h5(path: Path | str) -> Sheet:
    """Read an H5 file of labels or predictions.

    Raises:
        FormatError: if it cannot be read, or would run code when unpickled.
    """
    return joined(read_h5_pieces(path))


def read_h5_pieces(path: Path | str, rows: int = 1 << 14) -> Iterator[Sheet]:
    """Read an H5 file so many rows at a time, in constant memory; at least one piece.

    Raises:
        FormatError: if it cannot be read, or would run code when unpickled.
    """
    path = Path(path)
    h5py = import_h5py(path)
    if not path.is_file():
        raise FormatError(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as file:
            group = find_table(file, path)
            kind = text_of(group.attrs.get("pandas_type", b""))
            if kind == "frame_table" and "table" in group:
                yield from read_table(group, path, rows)
            elif kind == "frame" and "block0_values" in group:
                yield from read_fixed(group, path, rows)
            elif not group.keys() or kind == "frame_table":
                raise FormatError(f"{path}: {group.name} is empty; a writer failed half-way")
            else:
                message = f"{group.name} is of kind {kind!r}, not a table of keypoints"
                raise FormatError(f"{path}: {message}")
    except FormatError:
        raise
    except (OSError, KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise FormatError(f"{path}: is damaged or not an H5 file ({reason})") from error


def import_h5py(path: Path) -> Any:
    """Import h5py, which is optional.

    Raises:
        FormatError: if it is not installed; says how.
    """
    try:
        import h5py
    except ImportError as error:
        raise FormatError(f'{path}: H5 files need h5py; pip install "pose-io-dlc[h5]"') from error
    return h5py


def find_table(file: Any, path: Path) -> Any:
    """Find the group that holds the table.

    Raises:
        FormatError: if there is none, or several of unknown names.
    """
    import h5py

    groups = [k for k in file if file.get(k, getclass=True, getlink=True) is h5py.HardLink]
    groups = [key for key in groups if isinstance(file[key], h5py.Group)]
    known = [key for key in KEYS if key in groups]
    if not known and len(groups) != 1:
        found = ", ".join(map(repr, sorted(file))) or "nothing"
        raise FormatError(f"{path}: holds {found}, not one of {', '.join(KEYS)}")
    return file[(known or groups)[0]]


def read_table(group: Any, path: Path, rows: int) -> Iterator[Sheet]:
    """Read the `table` layout."""
    table = group["table"]
    refuse_absurd(table, path)
    blocks = sorted(name for name in table.dtype.names if name.startswith("values_block_"))
    labels: Names = []
    for block in blocks:
        kind = table.attrs[f"{block}_kind"]
        labels += [as_texts(label) for label in plain(kind, path)]
    if labels and len(labels[0]) == 1:
        raise FormatError(f"{path}: its columns have one level, not scorer, bodyparts and coords")
    axes = plain(group.attrs["non_index_axes"], path)
    order = [as_texts(label) for label in axes[0][1]]
    labels, places = in_order(labels, order)
    columns = columns_of(labels, path)
    for start in range(0, max(len(table), 1), rows):
        part = table[start : start + rows]
        numbers = [part[block].reshape(len(part), -1).astype(float) for block in blocks]
        yield Sheet(columns, index_of(part["index"]), placed(numbers, places))


def read_fixed(group: Any, path: Path, rows: int) -> Iterator[Sheet]:
    """Read the `fixed` layout."""
    labels: Names = []
    blocks = []
    for number in range(int(group.attrs["nblocks"])):
        blocks.append(group[f"block{number}_values"])
        refuse_absurd(blocks[-1], path)
        labels += read_axis(group, f"block{number}_items", path)
    labels, places = in_order(labels, read_axis(group, "axis0", path))
    columns = columns_of(labels, path)
    named, width = row_names(group, path)
    warnings = lost_row(group, path)
    for start in range(0, max(len(named), 1), rows):
        part = slice(start, start + rows)
        numbers = [rows_of_block(block, part, path).astype(float) for block in blocks]
        index = index_of(np.asarray(named[part])) if width == 0 else names_of_rows(named[part])
        yield Sheet(columns, index, placed(numbers, places), width or 1, warnings=warnings)


def row_names(group: Any, path: Path) -> tuple[Any, int]:
    """Give the names of all rows and their levels; or a dataset of numbers, of 0 levels."""
    axis = group.get("axis1")
    if axis is not None and axis.dtype.kind == "i" and 0 not in true_shape(axis, path):
        refuse_absurd(axis, path)
        return axis, 0
    names = read_axis(group, "axis1", path)
    return names, 3 if names and len(names[0]) == 3 else 1


def index_of(names: np.ndarray) -> tuple[str, ...] | np.ndarray:
    """Name rows by the cells of one level."""
    if names.dtype.kind == "i":
        return names.astype(np.int64)
    return names_of_rows([(text_of(name),) for name in names.tolist()])


def rows_of_block(block: Any, part: slice, path: Path) -> np.ndarray:
    """Give some rows of a block of numbers, which has its rows last unless it is transposed."""
    is_transposed = block.attrs.get("transposed", 1)
    if 0 in true_shape(block, path):
        return all_of(block, path) if is_transposed else all_of(block, path).T
    return block[part] if is_transposed else block[:, part].T


def read_axis(group: Any, name: str, path: Path) -> Names:
    """Read the names along one axis of the `fixed` layout, whatever its number of levels."""
    if text_of(group.attrs.get(f"{name}_variety", b"regular")) != "multi":
        return [(text,) for text in read_texts(group[name], path)]
    levels = []
    for level in range(int(group.attrs[f"{name}_nlevels"])):
        texts = np.array([*read_texts(group[f"{name}_level{level}"], path), ""], dtype=object)
        places = group[f"{name}_label{level}"]
        refuse_absurd(places, path)
        levels.append(texts[all_of(places, path).astype(int)].tolist())  # -1 is missing
    return list(zip(*levels, strict=True))


def read_texts(dataset: Any, path: Path) -> list[str]:
    """Read names that are text or whole numbers.

    Raises:
        FormatError: for pickled objects.
    """
    kind = text_of(dataset.attrs.get("kind", b"string"))
    if dataset.dtype.kind not in "Siuf":
        raise FormatError(
            f"{path}: {dataset.name} holds pickled {kind or 'objects'}, which are not read, for "
            "safety; convert the CSV in its place"
        )
    refuse_absurd(dataset, path)
    return [text_of(value) for value in all_of(dataset, path).tolist()]


def all_of(dataset: Any, path: Path) -> np.ndarray:
    """Give a whole dataset. pandas writes an empty one as a single cell, with its true shape."""
    shape = true_shape(dataset, path)
    return np.empty(shape) if 0 in shape else dataset[:]


def true_shape(dataset: Any, path: Path) -> tuple[int, ...]:
    """Give the shape of a dataset, also of an empty one."""
    shape = plain(dataset.attrs["shape"], path) if "shape" in dataset.attrs else dataset.shape
    return shape if 0 in shape else dataset.shape


def lost_row(group: Any, path: Path) -> tuple[str, ...]:
    """Find the frame that DeepLabCut's csv-to-h5 conversion turned into names of row levels."""
    names = []
    for level in range(int(group.attrs.get("axis1_nlevels", 0))):
        raw = bytes(np.bytes_(group[f"axis1_level{level}"].attrs.get("name", b"")))
        names.append(raw.decode("utf-8", "replace"))
    if names and is_image(names[-1]):
        frame = "/".join(names)
        return (f"{path}: frame {frame!r}, without labels, was lost when the file was converted",)
    return ()


def refuse_absurd(dataset: Any, path: Path) -> None:
    """Refuse a dataset that claims far more than its file can hold.

    Raises:
        FormatError: before memory is asked for.
    """
    claimed = int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize
    if claimed > max(LARGE, MOST_PACKED * path.stat().st_size):
        raise FormatError(
            f"{path}: {dataset.name} claims {claimed / 1e9:.0f} GB in a file of "
            f"{path.stat().st_size} bytes; it is damaged"
        )


def in_order(labels: Names, order: Names) -> tuple[Names, list[int] | None]:
    """Give columns, which blocks may have shuffled, in the order of the frame, and their places."""
    if labels == order or sorted(labels) != sorted(order):
        return labels, None
    place = {label: at for at, label in enumerate(labels)}
    return order, [place[label] for label in order]


def placed(blocks: list[np.ndarray], places: list[int] | None) -> np.ndarray:
    """Put the columns of all blocks side by side, in the order of the frame."""
    values = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
    return values if places is None else values[:, places]


def columns_of(labels: Names, path: Path) -> Columns:
    """Read columns from their names, by the number of levels.

    Raises:
        FormatError: if they do not make a table of keypoints.
    """
    depth = len(labels[0]) if labels else 0
    if depth == 2 and set(MEASURES[:2]) <= {label[1] for label in labels}:
        return check_columns([""], [Column("", *label) for label in labels], False, str(path))
    if depth not in (3, 4):
        raise FormatError(f"{path}: its columns have {depth} levels, not 3 or 4")
    columns = [Column(label[1] if depth == 4 else "", label[-2], label[-1]) for label in labels]
    scorers = list(dict.fromkeys(label[0] for label in labels))
    return check_columns(scorers, columns, depth == 4, str(path))


def plain(attribute: Any, path: Path) -> Any:
    """Unpickle an attribute that holds plain data."""
    raw = attribute.tobytes() if isinstance(attribute, np.ndarray) else bytes(np.bytes_(attribute))
    return loads_plain(raw, str(path))


def as_texts(label: Any) -> tuple[str, ...]:
    """Name a column by a tuple of texts, whatever pandas pickled."""
    return tuple(map(text_of, label if isinstance(label, tuple | list) else (label,)))


def text_of(value: Any) -> str:
    """Give text for text, bytes or a number; a whole number without its fraction."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
