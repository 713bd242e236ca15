"""What `pose predict` is given: which paths are models, which inputs, and where tables go."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pose_core.errors import FormatError, PoseError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

Say = Callable[[str], None]
"""Takes one line about what is left out."""


class Job(NamedTuple):
    """One input: "video", "project" or "images", where it is, and what its tables are called."""

    kind: str
    path: Path
    name: str


class Place(NamedTuple):
    """Where a model's tables go: the folder of its ensemble's, and what they are called in it."""

    folder: Path
    name: str


@dataclass(frozen=True)
class Members:
    """The models that predict, and where what they predict goes.

    Attributes:
        runs: names of models to their folders; one only, unless they are ensembles.
        places: names of models to where their tables go.
        suffix: of the tables.
        is_ensemble: whether each video has a folder with a table per model.
    """

    runs: Mapping[str, Path]
    places: Mapping[str, Place]
    suffix: str
    is_ensemble: bool

    @property
    def ensembles(self) -> dict[Path, list[str]]:
        """Folders of tables to the models whose tables lie in each."""
        found: dict[Path, list[str]] = {}
        for member, place in self.places.items():
            found.setdefault(place.folder, []).append(member)
        return found

    def table(self, name: str, member: str) -> Path:
        """Name the table of one model."""
        folder, own = self.places[member]
        return folder / f"{f'{name}/{own}' if self.is_ensemble else name}{self.suffix}"

    def place(self, name: str) -> str:
        """Name what holds the tables of all models, to tell a person."""
        tables = [self.table(name, member) for member in self.runs]
        held = [table.parent for table in tables] if self.is_ensemble else tables
        return " and ".join(map(str, dict.fromkeys(held)))


def part_paths(given: Sequence[Path], plugins: "Plugins") -> tuple[list[Path], list[Path]]:
    """Part paths into the models they begin with and the inputs that follow.

    Raises:
        FormatError: if no input is left.
    """
    count = 1
    while count < len(given) and stands_for_runs(given[count], plugins):
        count += 1
    if count == len(given):
        raise FormatError(f"{given[-1]}: is a model, and no input follows; name a video after it")
    return list(given[:count]), list(given[count:])


def stands_for_runs(path: Path, plugins: "Plugins") -> bool:
    """Say whether a path is a finished run, or a folder of runs that is no input itself."""
    from pose_core.run_folder import is_run, runs_below, unfinished_below

    if is_run(path) or is_input(path, plugins):
        return is_run(path)
    return path.is_dir() and bool(runs_below(path) or unfinished_below(path))


def is_input(path: Path, plugins: "Plugins") -> bool:
    """Say whether there is something to predict in a path."""
    try:
        return bool(find_inputs(path, plugins))
    except PoseError:
        return False


def find_members(
    models: Sequence[Path], output: Path | None, suffix: str, plugins: "Plugins", say: Say
) -> Members:
    """Find the models; of several, say which are left out, and why.

    Without an output, each sweep is an ensemble whose tables lie in its own folder.

    Raises:
        FormatError: if none is left.
    """
    from pose_core.diagnostics.naming import unique_names
    from pose_core.run_folder import TRACKS, WEIGHTS, check_complete, refuse_without_runs

    first = models[0]
    if len(models) == 1 and ((first / WEIGHTS).is_file() or not stands_for_runs(first, plugins)):
        refuse_without_runs(first)
        check_complete(first)
        name = first.resolve().name
        place = Place(output or first / TRACKS, name)
        return Members({name: first}, {name: place}, suffix, False)
    found = {model: runs_of(model, say) for model in models}
    usable = usable_runs([run for runs in found.values() for run in runs], say)
    if not usable:
        raise FormatError(f"{first}: no model is left that can predict; see what is said above")
    runs = unique_names(usable, "-")
    together = [usable] if output else ensembles_of(found, usable)
    places = {
        run: Place(output or beside(ensemble) / TRACKS, name)
        for ensemble in together
        for name, run in unique_names(ensemble, "-").items()
    }
    return Members(runs, {name: places[run] for name, run in runs.items()}, suffix, True)


def ensembles_of(found: Mapping[Path, Sequence[Path]], usable: Sequence[Path]) -> list[list[Path]]:
    """Group runs: those of each sweep, and those that are named one by one.

    Args:
        found: paths that were given to the runs they stand for.
        usable: runs of these; the others are left out.
    """
    single = [run for model, runs in found.items() for run in runs if run == model]
    groups = [runs for model, runs in found.items() if model not in runs]
    left = {run.resolve(): run for run in reversed(usable)}
    taken = [
        [left.pop(run.resolve()) for run in runs if run.resolve() in left]
        for runs in (*groups, single)
    ]
    return [runs for runs in taken if runs]


def beside(runs: Sequence[Path]) -> Path:
    """Name the folder that holds some runs."""
    from pose_core.commands.train import shown

    return Path(shown(Path(os.path.commonpath([run.resolve().parent for run in runs]))))


def runs_of(model: Path, say: Say) -> list[Path]:
    """List the runs that a path stands for, and say which of a sweep are not finished."""
    from pose_core.run_folder import WEIGHTS, runs_below, unfinished_below

    if (model / WEIGHTS).is_file():
        return [model]
    for run in unfinished_below(model):
        print(f"warning: {run}: its training is not finished; it is left out")
    if runs := runs_below(model):
        return runs
    say(f"{model}: holds no finished run; it is left out")
    return []


def usable_runs(runs: Sequence[Path], say: Say) -> list[Path]:
    """List the runs that have all files, and the keypoints of the first one."""
    from pose_core.run_folder import SKELETON, check_complete, read_skeleton

    usable: list[Path] = []
    names: set[str] = set()
    for run in runs:
        try:
            check_complete(run)
            own = set(read_skeleton(run / SKELETON).names)
        except PoseError as error:
            say(f"{error}; it is left out")
            continue
        if usable and (odd := sorted(own ^ names)):
            whose = "it" if odd[0] in own else usable[0]
            say(
                f"{run}: has other keypoints than {usable[0]}, only {whose} has {odd[0]!r}; it is "
                "left out, predict with it by itself"
            )
            continue
        names = names or own
        usable.append(run)
    return usable


def find_jobs(
    inputs: Sequence[Path], members: Members, plugins: "Plugins", say: Say
) -> tuple[list[Job], int]:
    """List what is to be done for all inputs; say which cannot be, and count these.

    Raises:
        FormatError: if two inputs would be written to one table.
    """
    from pose_core.diagnostics.tables_found import SMOOTHED

    jobs: dict[str, Job] = {}
    lost = 0
    for given in inputs:
        try:
            found = find_inputs(given, plugins)
        except PoseError as error:
            say(str(error))
            lost += 1
            continue
        for kind, path in found:
            name = path.stem if kind == "video" else path.resolve().name
            other = jobs.setdefault(name, Job(kind, path, name)).path
            if other.resolve() != path.resolve() or (members.is_ensemble and name == SMOOTHED):
                taken = f"{other} would" if other != path else "smoothed tables are"
                raise FormatError(
                    f"{path}: would be written to {members.place(name)}, as {taken}; "
                    "predict them one by one, each with its own --output"
                )
    return list(jobs.values()), lost


def find_inputs(path: Path, plugins: "Plugins") -> list[tuple[str, Path]]:
    """Say what an input is: videos, a project's labeled frames, or a folder of images.

    Raises:
        FormatError: if it is not there, or holds nothing to predict.
    """
    from pose_core.batches.images import find_images
    from pose_core.files import detected, existing
    from pose_core.video.readers import find_videos

    existing(path)
    if path.is_file() and path.suffix.lower() not in (".csv", ".h5", ".yaml", ".yml"):
        return [("video", path)]
    if detected(path, plugins):
        return [("project", path)]
    if path.is_dir() and find_images(path):
        return [("images", path)]
    if path.is_dir() and (videos := find_videos(path)):
        return [("video", video) for video in videos]
    raise FormatError(f"{path}: is no project and holds no images or videos; name a video")
