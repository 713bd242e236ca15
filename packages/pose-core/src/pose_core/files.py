"""Open projects, read and write labels and predictions through a Format; write files whole.

No format is known here: plugins bring them (`pose_formats`). Which one a path is of, they say
themselves, or the caller names it.
"""

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pose_core.errors import FormatError, PoseError
from pose_core.hookspecs import Format
from pose_core.labels import MISSING, Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project

NONE = "none; install one, such as pose-io-dlc"


def open_project(path: Path | str, plugins: Plugins, format: str | None = None) -> Project:
    """Open a project folder, or the file that stands for it.

    Args:
        path: the folder, its config, or its file of labels.
        plugins: where formats come from.
        format: the name of one; None to have it told from the files.

    Raises:
        FormatError: if it is missing, of no format or of two, has no label, or lists images that
            are not there.
        ConfigError: for a format that does not exist.
    """
    path = existing(path)
    opened: Project = able(plugins, "open_project", path, format)(path)
    if not (opened.labels.visibility != MISSING).any():
        raise FormatError(f"{path}: no frame has a label; label some first")
    missing = [f for f in opened.labels.frames if not opened.image_path(f).is_file()]
    if missing:
        raise FormatError(
            f"{opened.root}: {len(missing)} of {len(opened.labels)} labeled images are missing, "
            f"the first is {missing[0]!r}; put them back, or remove their rows"
        )
    return opened


def read_labels(path: Path | str, plugins: Plugins, format: str | None = None) -> Labels:
    """Read a file of labels.

    Raises:
        FormatError: if it is missing, of no format or of two, or cannot be read.
    """
    path = existing(path)
    read: Labels = able(plugins, "read_labels", path, format)(path)
    return read


def read_predictions(path: Path | str, plugins: Plugins, format: str | None = None) -> Predictions:
    """Read a file of predictions.

    Raises:
        FormatError: if it is missing, empty, of no format or of two, or cannot be read.
    """
    path = existing(path)
    read: Predictions = able(plugins, "read_predictions", path, format)(path)
    return read


def write_predictions(
    path: Path | str, predictions: Predictions, plugins: Plugins, format: str | None = None
) -> None:
    """Write predictions in the format that has the suffix of the path.

    Raises:
        FormatError: if no format writes such files, or two do.
        PoseError: if the file cannot be written.
    """
    path = Path(path)
    write = writer_of(path, plugins, format)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, predictions)
    except OSError as error:
        raise unwritable(path, error) from error


def writer_of(
    path: Path, plugins: Plugins, format: str | None = None
) -> Callable[[Path, Predictions], None]:
    """Find what writes predictions to such a path; asked before there are any, it saves a run.

    Raises:
        FormatError: if no format does, or two do.
        PoseError: if the folder of the path cannot be written.
    """
    writers = [one for one in formats(plugins, format) if one.write_predictions]
    chosen = [one for one in writers if path.suffix.lower() in one.suffixes]
    if not chosen:
        known = ", ".join(sorted({suffix for one in writers for suffix in one.suffixes}))
        what = f"{path.suffix!r} files" if path.suffix else "files without a suffix"
        raise FormatError(f"{path}: no format writes {what}; known: {known or NONE}")
    refuse_two(path, [one.name for one in chosen], "is written by")
    there = next(folder for folder in path.resolve().parents if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise PoseError(
            f"{path}: {there} is not a folder that can be written; choose another place"
        )
    assert chosen[0].write_predictions is not None
    return chosen[0].write_predictions


def existing(path: Path | str) -> Path:
    """Refuse a path where there is nothing.

    Raises:
        FormatError: naming the nearest folder that is there.
    """
    path = Path(path)
    if path.exists():
        return path
    if path.parent.is_dir():
        raise FormatError(f"{path}: no such file or folder; see what is in {path.parent}")
    raise FormatError(f"{path}: no such file or folder, nor is there a folder {path.parent}")


def formats(plugins: Plugins, name: str | None = None) -> list[Format]:
    """List the formats, or give the one that is named.

    Raises:
        ConfigError: if there is none of that name.
    """
    if name is not None:
        return [plugins.find("format", name, "format")]
    return [plugins.find("format", each) for each in plugins.names("format")]


def able(plugins: Plugins, what: str, path: Path, name: str | None) -> Callable[..., Any]:
    """Find the one format that can do something with a path.

    Raises:
        FormatError: if none knows the path, two do, or the one cannot do it.
    """
    known = formats(plugins, name)
    knowing = known if name is not None else [one for one in known if one.detect(path)]
    if not knowing:
        raise FormatError(f"{path}: {unknown(path, what, known, plugins)}")
    chosen = [one for one in knowing if getattr(one, what) is not None]
    if not chosen:
        names = " or ".join(one.name for one in knowing)
        raise FormatError(f"{path}: format {names} cannot {what.replace('_', ' ')}")
    refuse_two(path, [one.name for one in chosen], "can be opened as")
    return getattr(chosen[0], what)


def unknown(path: Path, what: str, known: Sequence[Format], plugins: Plugins) -> str:
    """Say why no format knows a path: as a table of predictions it may be empty or cut off."""
    suffixes = {suffix for one in known for suffix in one.suffixes}
    if what == "read_predictions" and path.is_file() and path.suffix.lower() in suffixes:
        wrong = "no table of predictions, or was cut off" if path.stat().st_size else "empty"
        return f"is {wrong}; predict it again, or remove it"
    signs = (f"{one.name} ({one.signs})" if one.signs else one.name for one in known)
    listed = ", ".join(signs) or NONE
    broken = "".join(f" (not loaded: {one})" for one in plugins.broken)
    return f"is of no known format; known: {listed}{broken}"


def detected(path: Path | str, plugins: Plugins) -> list[Format]:
    """List the formats that could open a path as a project."""
    return [one for one in formats(plugins) if one.open_project and one.detect(Path(path))]


def refuse_two(path: Path, names: list[str], how: str) -> None:
    """Refuse to choose between formats.

    Raises:
        FormatError: naming them, and how to choose.
    """
    if len(names) > 1:
        raise FormatError(f"{path}: {how} {' or '.join(names)}; choose by format={names[0]}")


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Give a temporary name in the folder of `path`; it becomes `path` when all went well.

    The former file stays whole until then, and the temporary one is removed if anything fails.

    Raises:
        PoseError: if the system cannot write, in one line.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~current_umask())  # mkstemp makes files that only we can read
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def current_umask() -> int:
    """Read the mask of new files, which can only be done by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unwritable(path: Path, error: OSError) -> PoseError:
    """Say in one line why a file could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PoseError(f"{path}: disk full; free some space and run this again")
    reason = (error.strerror or str(error)).lower()
    return PoseError(f"{path}: cannot be written, {reason}; choose another place")


def write_text(path: Path | str, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        PoseError: if the system cannot write.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, value: Any) -> None:
    """Write plain data as JSON, whole or not at all.

    Raises:
        PoseError: if the system cannot write.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
