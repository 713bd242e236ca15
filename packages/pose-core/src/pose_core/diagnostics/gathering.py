"""What finished runs, ensembles and smoothers predicted, brought together from their files."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pose_core.diagnostics.labeled import (
    Labeled,
    labeled_tracks,
    open_truth,
    project_named,
    read_labeled,
)
from pose_core.diagnostics.naming import ensemble_names, unique_names
from pose_core.diagnostics.notices import Say, warn
from pose_core.diagnostics.tables_found import FoundTable, find_tables
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.errors import PoseError
from pose_core.files import read_predictions
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.run_folder import SKELETON, read_skeleton
from pose_core.skeleton import Skeleton
from pose_core.wording import count_of


@dataclass(frozen=True)
class Run:
    """A run whose predictions are gathered."""

    name: str
    folder: Path
    skeleton: Skeleton

    @property
    def home(self) -> Path:
        """The folder that holds its ensemble."""
        return self.folder.resolve().parent


@dataclass(frozen=True, eq=False)
class ReadTable:
    """A table of predictions and what it holds, keypoints in the order of the first run."""

    table: FoundTable
    predictions: Predictions
    source: str
    ensemble: str = ""


def gather(
    runs: Sequence[Path],
    plugins: Plugins,
    folders: Sequence[Path] = (),
    project: Path | None = None,
    say: Say = warn,
) -> list[Tracks]:
    """Bring together what runs predicted for labeled frames and for videos.

    Labeled frames are those of `predictions.csv`, which `pose evaluate` writes; the truth is found
    in the project by the names of the images. Videos are those of each run's folder `predictions`
    and of further folders. What cannot be used is said and left out; the rest goes on.

    Args:
        runs: folders of finished runs; the first one says which keypoints there are.
        plugins: where formats are.
        folders: with tables of videos, as `find_tables` takes them.
        project: where the project of the runs is now, if it moved.
        say: hears what is left out, and why, one line each.

    Returns:
        The labeled frames, if there are any, then videos by name. Members are called as their runs'
        folders are. Those that lie in one folder are an ensemble, and smoothers belong to the one
        whose tables they lie with; of several ensembles names begin with their folder.
    """
    usable = usable_runs(runs, say)
    tables = tables_of(usable, folders, plugins, say)
    opened = open_first(usable, project, plugins, say)
    if opened and opened.cameras:
        views = f"{opened.root}: has {count_of(len(opened.cameras), 'camera')}"
        say(f"{views}, whose views are measured one by one; they are not compared with one another")
    truth = [labels_of(usable, tables, opened, project, say)] if usable else []
    videos = all_videos(tables, opened.videos if opened else (), say)
    return [one for one in truth if one is not None] + videos


def gather_videos(
    runs: Sequence[Path],
    plugins: Plugins,
    folders: Sequence[Path] = (),
    videos: Sequence[Path] = (),
    say: Say = warn,
) -> list[Tracks]:
    """Bring together what runs predicted for videos, as `gather` does, and nothing else.

    Args:
        runs: folders of finished runs.
        plugins: where formats are.
        folders: with tables of videos, as `find_tables` takes them.
        videos: files that are looked at for one that is not where it was.
        say: hears what is left out, and why, one line each.
    """
    return all_videos(tables_of(usable_runs(runs, say), folders, plugins, say), videos, say)


def tables_of(
    runs: Sequence[Run], folders: Sequence[Path], plugins: Plugins, say: Say
) -> list[ReadTable]:
    """Read the tables of runs and folders, and name their sources."""
    places = [(run.name, run.folder) for run in runs]
    read = read_tables(find_tables(places, folders, plugins, say), runs, plugins, say)
    return named(read, runs)


def named(tables: Sequence[ReadTable], runs: Sequence[Run]) -> list[ReadTable]:
    """Name sources so that a name is one source's in all videos.

    Of several ensembles smoothers are named after theirs, and networks where another one has their
    name; a smoother that an ensemble has twice is named after its folder too. Runs have names.
    """
    names = ensembles_of(runs, tables)
    known = {(run.name, run.home) for run in runs}
    homes: defaultdict[str, set[Path]] = defaultdict(set)
    folders: defaultdict[tuple[Path, str], set[Path]] = defaultdict(set)
    for source, home in known | {(one.source, one.table.home) for one in tables}:
        homes[source].add(home)
    for one in tables:
        folders[one.table.home, one.source].add(one.table.folder)
    found = []
    for one in tables:
        home, source = one.table.home, one.source
        smoothed, ensemble = one.table.source is None, names[home]
        if (source, home) not in known and (smoothed or len(homes[source]) > 1):
            folder = one.table.folder.name if smoothed and len(folders[home, source]) > 1 else ""
            source = "/".join(filter(None, (ensemble, folder, source)))
        found.append(replace(one, source=source, ensemble=ensemble))
    return found


def ensembles_of(runs: Sequence[Run], tables: Sequence[ReadTable]) -> dict[Path, str]:
    """Name the ensembles of runs and tables, by the folders that hold them."""
    return ensemble_names([*(run.home for run in runs), *(one.table.home for one in tables)])


def all_videos(tables: Sequence[ReadTable], videos: Sequence[Path], say: Say) -> list[Tracks]:
    """Put tables of the same video side by side, videos by name."""
    found = [one for one in tables if one.predictions.frames is None]
    return [
        video_tracks(name, [one for one in found if one.table.subject == name], videos, say)
        for name in sorted({one.table.subject for one in found})
    ]


def training_labels(found: Sequence[Tracks]) -> Labels | None:
    """Give the labels of the frames to train on; None where the truth is not known."""
    for tracks in found:
        if tracks.truth is not None and tracks.sets is not None:
            return tracks.truth.select([n for n, one in enumerate(tracks.sets) if one == "train"])
    return None


def usable_runs(runs: Sequence[Path], say: Say) -> list[Run]:
    """Read the skeletons of runs; those of other keypoints than the first one's are left out."""
    usable: list[Run] = []
    for name, folder in unique_names(runs).items():
        try:
            skeleton = read_skeleton(folder / SKELETON)
        except PoseError as error:
            say(f"{error}; it is left out")
            continue
        first = usable[0] if usable else None
        if first and (odd := set(skeleton.names) ^ set(first.skeleton.names)):
            say(
                f"{folder}: has other keypoints than {first.folder}, only one of them has "
                f"{min(odd)!r}; it is left out"
            )
            continue
        usable.append(Run(name, folder, skeleton))
    return usable


def read_tables(
    found: Sequence[FoundTable], runs: Sequence[Run], plugins: Plugins, say: Say
) -> list[ReadTable]:
    """Read tables; what cannot be read, or has other keypoints, is said and left out."""
    skeleton = runs[0].skeleton if runs else None
    read: list[ReadTable] = []
    for table in found:
        try:
            predictions = read_predictions(table.path, plugins)
        except PoseError as error:
            say(f"{error}; it is left out")
            continue
        for line in predictions.warnings:
            say(line)
        skeleton = skeleton or predictions.skeleton
        if odd := set(predictions.skeleton.names) ^ set(skeleton.names):
            whose = "it" if min(odd) in predictions.skeleton.names else "the first run"
            say(f"{table.path}: only {whose} has keypoint {min(odd)!r}; it is left out")
            continue
        source = table.source or predictions.scorer
        read.append(ReadTable(table, arranged(predictions, skeleton), source))
    return read


def arranged(given: Predictions, skeleton: Skeleton) -> Predictions:
    """Give predictions with the keypoints in another skeleton's order."""
    order = [given.skeleton.index(name) for name in skeleton.names]
    return replace(
        given,
        keypoints=given.keypoints[:, order],
        confidence=given.confidence[:, order],
        extra={name: column[:, order] for name, column in given.extra.items()},
        skeleton=skeleton,
    )


def open_first(
    runs: Sequence[Run], project: Path | None, plugins: Plugins, say: Say
) -> Project | None:
    """Open the project of the first run, or the one that is given."""
    if project is None:
        try:
            project = project_named(runs[0].folder) if runs else None
        except PoseError as error:
            say(str(error))
    opened = None if project is None else open_truth(project, plugins, say)
    if opened and runs and (odd := set(opened.skeleton.names) ^ set(runs[0].skeleton.names)):
        say(f"{opened.root}: only it or {runs[0].folder} has keypoint {min(odd)!r}; not used")
        return None
    return opened


def labels_of(
    runs: Sequence[Run],
    tables: Sequence[ReadTable],
    opened: Project | None,
    project: Path | None,
    say: Say,
) -> Tracks | None:
    """Bring the labeled frames together: of runs, and of smoothers' tables of the same images."""
    found: dict[str, Labeled] = {}
    for run in runs:
        try:
            if project is None and not same_project(run, runs[0]):
                other = f"was trained on another project than {runs[0].folder}"
                say(f"{run.folder}: {other}; only its videos are compared")
                continue
            labeled = read_labeled(run.folder, run.skeleton)
        except PoseError as error:
            say(str(error))
            continue
        found[run.name] = replace(
            labeled, predictions=arranged(labeled.predictions, runs[0].skeleton)
        )
    members = [run.name for run in runs]
    names = ensembles_of(runs, tables)
    ensembles = {run.name: names[run.home] for run in runs}
    for one in tables:
        known = {frame for each in found.values() for frame in each.predictions.frames or ()}
        if known & set(one.predictions.frames or ()):
            found.setdefault(one.source, Labeled(one.predictions))
            ensembles.setdefault(one.source, one.ensemble)
            members += [one.source] if one.table.source else []
    members = list(dict.fromkeys(members))
    return labeled_tracks(found, members, opened, say, ensembles) if found else None


def same_project(run: Run, other: Run) -> bool:
    """Say whether two runs were trained on one project.

    Raises:
        FormatError: if one of them does not say.
    """
    first, second = project_named(run.folder), project_named(other.folder)
    return first.resolve() == second.resolve()


def video_tracks(
    subject: str, tables: Sequence[ReadTable], videos: Sequence[Path], say: Say
) -> Tracks:
    """Put tables of one video side by side; those of another video or length are left out."""
    lengths = Counter(len(one.predictions) for one in tables)
    usual = max(lengths, key=lambda length: lengths[length])
    first = next(one for one in tables if len(one.predictions) == usual)
    sources: dict[str, ReadTable] = {}
    for one in tables:
        if len(one.predictions) != usual:
            rows = f"{count_of(len(one.predictions), 'row')}, not the {usual} of {first.table.path}"
            say(f"{one.table.path}: has {rows}; it is left out, predict the same video again")
        elif other_video(one.table, first.table):
            say(f"{one.table.path}: is of another video than {first.table.path}; it is left out")
        else:
            sources[unlike(one.source, sources)] = one
    networks = tuple(name for name, one in sources.items() if one.table.source is not None)
    return Tracks(
        subject=f"{subject} (video)" if subject == LABELS else subject,
        sources={name: one.predictions for name, one in sources.items()},
        members=networks,
        video=video_file(subject, list(sources.values()), videos, say),
        ensembles={name: one.ensemble for name, one in sources.items()},
    )


def unlike(name: str, taken: Mapping[str, object]) -> str:
    """Give a name that is not taken: itself, or with a number."""
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)


def other_video(one: FoundTable, first: FoundTable) -> bool:
    """Say whether tables are known to be of different videos."""
    if one.origin is None or first.origin is None:
        return False
    return one.origin.video_digest != first.origin.video_digest


def video_file(
    subject: str, tables: Sequence[ReadTable], videos: Sequence[Path], say: Say
) -> Path | None:
    """Find the video where its tables say it was, or among others by its name."""
    recorded = [Path(one.table.origin.video) for one in tables if one.table.origin]
    for path in (*recorded, *(video for video in videos if video.stem == subject)):
        if path.is_file():
            return path
    where = f"{recorded[0]} is not there any more" if recorded else "where it is, is not known"
    say(f"{subject}: {where}; its pictures are left out")
    return None
