"""Where the tables of predictions lie, and of what each of them is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pose_core.diagnostics.notices import Say
from pose_core.files import formats
from pose_core.partial import Origin, read_origin, record_of
from pose_core.plugins import Plugins
from pose_core.run_folder import TRACKS

SMOOTHED = "smoothed"
"""Folder of what smoothers made of the members, beside the folders of the videos."""


@dataclass(frozen=True)
class FoundTable:
    """A table of predictions.

    Attributes:
        path: the file.
        subject: name of the video.
        source: who predicted; None for a smoother, whom the table names.
        origin: what it was made from, where that is known.
    """

    path: Path
    subject: str
    source: str | None
    origin: Origin | None = None


def find_tables(
    runs: Sequence[tuple[str, Path]], folders: Sequence[Path], plugins: Plugins, say: Say
) -> list[FoundTable]:
    """List the tables of runs and folders; of two of one source and video, the first.

    A run has them in its folder `predictions`. A folder has them as `VIDEO/MEMBER.csv` with
    `smoothed/VIDEO.csv`, or is one of those folders; a table that lies in it by itself is of the
    video and the model that the record beside it names, or else of a video of its name.

    Args:
        runs: names and folders.
        folders: with further tables.
        plugins: whose formats say what a table is.
        say: hears of a folder that has none.
    """
    suffixes = tuple(sorted({s for one in formats(plugins) for s in one.suffixes}))
    found = [table for name, run in runs for table in of_run(name, run, suffixes)]
    for folder in folders:
        own = list(in_folder(folder, runs, suffixes))
        if not own:
            what = "holds no tables of predictions" if folder.is_dir() else "is no folder"
            say(f"{folder}: {what}; give one that pose predict wrote")
        found += own
    first: dict[tuple[str, str], FoundTable] = {}
    for table in found:
        first.setdefault((table.subject, table.source or str(table.path)), table)
    return list(first.values())


def of_run(name: str, run: Path, suffixes: tuple[str, ...]) -> Iterator[FoundTable]:
    """List the tables that a run wrote for its videos."""
    for path in tables_in(run / TRACKS, suffixes):
        yield FoundTable(path, path.stem, name, read_origin(record_of(path)))


def in_folder(
    folder: Path, runs: Sequence[tuple[str, Path]], suffixes: tuple[str, ...]
) -> Iterator[FoundTable]:
    """List the tables of a folder and of the folders in it."""
    names = {path.resolve(): name for name, path in runs}
    known = set(names.values())
    inside = [path for path in sorted(folder.glob("*/")) if not path.name.startswith(".")]
    for place in (folder, *inside):
        for path in tables_in(place, suffixes):
            origin = read_origin(record_of(path))
            if place.name == SMOOTHED:
                yield FoundTable(path, path.stem, None, origin)
                continue
            is_member = place != folder or path.stem in known
            model, video = (Path(origin.model), Path(origin.video)) if origin else (place, path)
            source = names.get(model.resolve(), path.stem if is_member else model.name)
            subject = (
                place.name if is_member and (origin is None or place != folder) else video.stem
            )
            yield FoundTable(path, subject, source, origin)


def tables_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List the tables that lie in a folder, by name; none if it is not there."""
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    return [
        path
        for path in files
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    ]
