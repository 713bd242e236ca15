"""Where the tables of predictions lie, and of what each of them is."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
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
        home: the folder that holds its ensemble, such as a sweep.
        origin: what it was made from, where that is known.
    """

    path: Path
    subject: str
    source: str | None
    home: Path
    origin: Origin | None = None

    @property
    def folder(self) -> Path:
        """The folder of tables that it lies in."""
        place = self.path.resolve().parent
        return place.parent if place.name == SMOOTHED else place


def find_tables(
    runs: Sequence[tuple[str, Path]], folders: Sequence[Path], plugins: Plugins, say: Say
) -> list[FoundTable]:
    """List the tables of runs and folders; of two of one network and video, the first.

    A run has them in its folder `predictions`, and its own in that of the folder in which it lies,
    such as a sweep. A folder has them as `VIDEO/MEMBER.csv` with `smoothed/VIDEO.csv`, or is one of
    those folders; a table that lies in it by itself is of the video and the model that the record
    beside it names, or else of a video of its name.

    Runs are of one ensemble with those beside them. A folder of tables is of the ensemble that all
    its networks are of, as far as they are known, or else in whose folder it lies, or, if it has
    smoothers alone, of the only one there is. Any other is an ensemble of its own, of networks that
    are not among the runs.

    Args:
        runs: names and folders.
        folders: with further tables.
        plugins: whose formats say what a table is.
        say: hears of a folder that has none.
    """
    suffixes = tuple(sorted({s for one in formats(plugins) for s in one.suffixes}))
    found = [table for name, run in runs for table in of_run(name, run, suffixes)]
    found += of_sweeps(runs, suffixes)
    for folder in folders:
        own = in_folder(folder, runs, suffixes)
        if not own:
            what = "holds no tables of predictions" if folder.is_dir() else "is no folder"
            say(f"{folder}: {what}; give one that pose predict wrote")
        found += own
    first: dict[tuple[str, str | None, Path], FoundTable] = {}
    for table in found:
        first.setdefault((table.subject, *own_key(table)), table)
    return list(first.values())


def own_key(table: FoundTable) -> tuple[str | None, Path]:
    """Say who predicted: networks by name and ensemble, smoothers by their files."""
    return table.source, table.path if table.source is None else table.home


def of_run(name: str, run: Path, suffixes: tuple[str, ...]) -> Iterator[FoundTable]:
    """List the tables that a run wrote for its videos."""
    home = run.resolve().parent
    for path in tables_in(run / TRACKS, suffixes):
        yield FoundTable(path, path.stem, name, home, read_origin(record_of(path)))


def of_sweeps(runs: Sequence[tuple[str, Path]], suffixes: tuple[str, ...]) -> list[FoundTable]:
    """List the tables of runs that lie with those of the sweep or folder that the run is in."""
    names = {path.resolve(): name for name, path in runs}
    own = {(name, run.parent) for run, name in names.items()}
    return [
        replace(table, home=home)
        for sweep in dict.fromkeys(run.parent for run in names)
        for table, home in listed(sweep / TRACKS, names, suffixes)
        if home and (table.source, home) in own
    ]


def in_folder(
    folder: Path, runs: Sequence[tuple[str, Path]], suffixes: tuple[str, ...]
) -> list[FoundTable]:
    """List the tables of a folder and of the folders in it, with their ensembles."""
    names = {path.resolve(): name for name, path in runs}
    found = list(listed(folder, names, suffixes))
    members = {home or home_of_model(one) for one, home in found if one.source is not None}
    shared = home_of(folder.resolve(), {run.parent for run in names}, members)
    return [replace(one, home=home or shared) for one, home in found]


def home_of_model(table: FoundTable) -> Path | None:
    """Find the folder that holds the network of a table; None if it is not there."""
    model = Path(table.origin.model) if table.origin else None
    return model.resolve().parent if model and model.is_dir() else None


def home_of(folder: Path, known: Set[Path], members: Set[Path | None]) -> Path:
    """Find the folder of the ensemble that a folder of tables is of.

    Args:
        folder: with tables.
        known: folders of the ensembles of runs.
        members: folders that hold the networks of the tables; None for those that are not known.
    """
    found = [home for home in members if home is not None]
    if len(found) == 1:
        return found[0]
    for above in (folder, *folder.parents):
        if above in known:
            return above
    return next(iter(known)) if len(known) == 1 and not members else folder


def listed(
    folder: Path, names: Mapping[Path, str], suffixes: tuple[str, ...]
) -> Iterator[tuple[FoundTable, Path | None]]:
    """List the tables of a folder and of those in it, with the home of each that tells its own."""
    inside = [path for path in sorted(folder.glob("*/")) if not path.name.startswith(".")]
    for place in (folder, *inside):
        for path in tables_in(place, suffixes):
            origin = read_origin(record_of(path))
            if place.name == SMOOTHED:
                yield FoundTable(path, path.stem, None, folder, origin), None
                continue
            run = run_of(path, origin, names)
            home = run.parent if run else None
            if place != folder or (run and not origin):  # VIDEO/MEMBER.csv
                subject, member = place.name, path.stem
            elif origin:
                subject, member = Path(origin.video).stem, Path(origin.model).name
                home = home or Path(origin.model).resolve().parent
            else:
                subject, member = path.stem, place.name
            source = names[run] if run else member
            yield FoundTable(path, subject, source, folder, origin), home


def run_of(table: Path, origin: Origin | None, names: Mapping[Path, str]) -> Path | None:
    """Find the run that predicted a table: by its record, or by its name where runs were moved."""
    if origin and (model := Path(origin.model).resolve()) in names:
        return model
    called = {table.stem, Path(origin.model).name if origin else table.stem}
    for above in table.resolve().parents:
        if beside := {above / name for name in called} & names.keys():
            return next(iter(beside))
    if origin and Path(origin.model).is_dir():
        return None  # it is another model, of the same name perhaps
    return next((run for run, name in names.items() if name.replace("/", "-") in called), None)


def tables_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List the tables that lie in a folder, by name; none if it is not there."""
    files = sorted(folder.glob("*")) if folder.is_dir() else []
    return [
        path
        for path in files
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    ]
