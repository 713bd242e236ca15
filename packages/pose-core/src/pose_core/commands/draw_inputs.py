"""Which tables are of which video, and what to call who made them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pose_core.diagnostics.tables_found import SMOOTHED
from pose_core.errors import FormatError
from pose_core.run_folder import SKELETON, TRACKS, is_run

if TYPE_CHECKING:
    from pose_core.plugins import Plugins


class Inputs(NamedTuple):
    """What is named on the command line: videos, tables, and folders that may hold tables."""

    videos: list[Path]
    tables: list[Path]
    folders: list[Path]
    suffixes: tuple[str, ...] = (".csv", ".h5")


def sorted_out(given: Sequence[Path], plugins: "Plugins") -> Inputs:
    """Tell videos from tables and folders by what they are.

    A folder's videos count where no video is named itself.

    Raises:
        FormatError: if something is not there, or there is no video or nothing else.
    """
    from pose_core.files import existing, formats
    from pose_core.video.readers import VIDEO_SUFFIXES, find_videos

    known = formats(plugins)
    suffixes = tuple(sorted({suffix for one in known for suffix in one.suffixes}))

    for path in given:
        existing(path)
    folders = [path for path in given if path.is_dir()]
    files = [path for path in given if not path.is_dir()]
    tables = [
        path
        for path in files
        if path.suffix.lower() not in VIDEO_SUFFIXES
        and (path.suffix.lower() in suffixes or any(one.detect(path) for one in known))
    ]
    videos = [path for path in files if path not in tables]
    videos = videos or [video for folder in folders for video in find_videos(folder)]
    if not videos:
        raise FormatError(f"{given[0]}: no video is named; give one before the predictions")
    if not tables and not folders:
        raise FormatError(
            f"{videos[-1]}: no predictions are named; give tables or folders of them after it"
        )
    return Inputs(list(dict.fromkeys(videos)), tables, folders, suffixes)


def tables_of(video: Path, inputs: Inputs) -> list[Path]:
    """List the tables of one video, in the order named; smoothed ones of a folder first.

    Of one video all tables named are taken to be, of several those with its name. Where a table is
    there in two kinds of file, the first counts.

    Raises:
        FormatError: if there is none.
    """
    named = [
        table
        for table in inputs.tables
        if len(inputs.videos) == 1 or is_of(table.stem, video) or table.parent.name == video.stem
    ]
    found = [*named, *found_in(inputs, video)]
    if not found:
        where = ", ".join(str(path) for path in (*inputs.folders, *inputs.tables)[:3])
        raise FormatError(
            f"{video}: no table of {video.stem!r} in {where}; name its tables after the video, or "
            "a folder that holds them by its name"
        )
    first: dict[Path, Path] = {}
    for table in found:
        first.setdefault(table.resolve().with_suffix(""), table)
    return list(first.values())


def found_in(inputs: Inputs, video: Path) -> Iterator[Path]:
    """Find the tables of a video in folders and their predictions; of a run, also in its sweep."""
    for folder in inputs.folders:
        yield from within(folder, video, inputs.suffixes)
        yield from within(folder / TRACKS, video, inputs.suffixes)
        if is_run(run := folder.resolve()):
            of_sweep = listed(run.parent / TRACKS / video.stem, inputs.suffixes)
            yield from (table for table in of_sweep if table.stem == run.name)


def within(folder: Path, video: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Find the tables of a video in a folder: smoothed, its own, and those of members."""
    yield from (table for table in listed(folder / SMOOTHED, suffixes) if is_of(table.stem, video))
    for table in listed(folder, suffixes):
        if folder.resolve().name == video.stem or is_of(table.stem, video):
            yield table
    yield from listed(folder / video.stem, suffixes)


def listed(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List the tables of a folder by name, none if there is no folder.

    DeepLabCut's lengths of bones are no predictions.
    """
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)
    return [path for path in files if path.name[0] != "." and not path.stem.endswith("_skeleton")]


def is_of(stem: str, video: Path) -> bool:
    """Say whether a table has the name of a video, or the one DeepLabCut gives it."""
    return stem == video.stem or stem.startswith(f"{video.stem}DLC")


def names_of(tables: Sequence[Path], video: Path) -> list[str]:
    """Name who made each table: by its own name, its folder's, or as much as tells it apart.

    `a/predictions/v.csv` and `b/predictions/v.csv` are "a" and "b".
    """
    paths = [telling_parts(table, video) for table in tables]
    own = [([*folders, name] if name else folders)[-1] for *folders, name in paths]
    folder = [folders[-1] for *folders, _ in paths]
    for names in (own, folder):
        if len(set(names)) == len(names):
            return names
    shared = set.intersection(*(set(parts) for parts in paths))
    names = ["/".join(part for part in parts if part and part not in shared) for parts in paths]
    return [f"{name} {n}" if names.count(name) > 1 else name for n, name in enumerate(names, 1)]


def telling_parts(table: Path, video: Path) -> list[str]:
    """Give the folders of a table, and its name, without what only says which video it is of."""
    folders = [part for part in table.resolve().parent.parts if part not in (TRACKS, video.stem)]
    return [*folders, table.stem.removeprefix(video.stem).strip(" _-.")]


def skeleton_beside(table: Path) -> Path | None:
    """Find the skeleton of the run that a table lies in, or was predicted by; None if unknown."""
    from pose_core.partial import read_origin, record_of

    origin = read_origin(record_of(table))
    runs = [table.resolve().parent.parent, *([Path(origin.model)] if origin else [])]
    return next((run / SKELETON for run in runs if (run / SKELETON).is_file()), None)
