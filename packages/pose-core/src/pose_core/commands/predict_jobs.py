"""One input of `pose predict` after the other: what its models find, written and said."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pose_core.commands.predict_inputs import Job, Members
from pose_core.errors import FormatError, PoseError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from pose_core.model.folder import TrainedModel
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions


def waiting_members(job: Job, members: Members, overwrite: bool) -> list[str]:
    """List the models whose table of an input is not there yet, and say if some are.

    Raises:
        FormatError: if a table was made from another video or model.
    """
    if overwrite:
        return list(members.runs)
    waiting = [name for name in members.runs if not is_finished(job, members, name)]
    if done := len(members.runs) - len(waiting):
        of = f", for {done} of {len(members.runs)} models" if waiting else ""
        print(
            f"{job.path}: finished already{of}, {members.place(job.name)}; "
            "--overwrite predicts it again"
        )
    return waiting


def is_finished(job: Job, members: Members, name: str) -> bool:
    """Say whether a table is there, and made from this video by this model.

    Raises:
        FormatError: if it was made from others.
    """
    from pose_core.partial import Origin, read_origin, record_of
    from pose_core.run_folder import WEIGHTS, read_config

    table, run = members.table(job.name, name), members.runs[name]
    if not table.exists():
        return False
    before = read_origin(record_of(table))
    if before is not None and job.kind == "video":
        now = Origin.of(job.path, run / WEIGHTS, read_config(run))
        if other := now.differs_from(before):
            raise FormatError(
                f"{table}: was made from {other}; give another --output, or --overwrite"
            )
    return True


def load_members(
    names: Sequence[str], members: Members, device: str | None, plugins: "Plugins"
) -> "dict[str, TrainedModel]":
    """Load models; those that cannot be loaded are named, and the others go on.

    Raises:
        ConfigError: if there is no such device.
    """
    from pose_core.model.folder import load_model, usable

    chosen = str(usable(device))
    loaded = {}
    for name in names:
        try:
            loaded[name] = load_model(members.runs[name], plugins, chosen)
        except PoseError as error:
            say_error(str(error))
    return loaded


def attempt(
    job: Job,
    models: "Mapping[str, TrainedModel]",
    members: Members,
    arguments: "Namespace",
    plugins: "Plugins",
) -> bool:
    """Predict one input by some models; say what became of it, and whether it is complete."""
    try:
        if job.kind == "video":
            return predict_one_video(job, models, members, arguments, plugins)
        for name, model in models.items():
            predict_stills(job, model, name, members, arguments.batch_size, plugins)
    except PoseError as error:
        say_error(str(error))
        return False
    return True


def predict_one_video(
    job: Job,
    models: "Mapping[str, TrainedModel]",
    members: Members,
    arguments: "Namespace",
    plugins: "Plugins",
) -> bool:
    """Predict a video, decoded once; say whether it is whole."""
    from pose_core.predict import predict_together
    from pose_core.video.readers import choose

    reader, _ = choose(plugins, arguments.reader)
    tables = {members.table(job.name, name): model for name, model in models.items()}
    results = predict_together(tables, job.path, reader, plugins, arguments.batch_size)
    done = results[0]
    where = members.place(job.name) if members.is_ensemble else done.path
    if done.missing:
        missing = f"{done.missing} of {done.frames + done.cut_off} frames"
        say_error(
            f"{job.path}: {missing} are missing or cannot be decoded; the others are in {where}"
        )
        return False
    predicted = max(one.predicted for one in results)
    rate = f"{predicted / max(done.seconds, 1e-9):.1f} frames/s"
    resumed = "" if predicted == done.frames else f" ({predicted} of them now)"
    by = f" by {count_of(len(models), 'model')}" if members.is_ensemble else ""
    what = f"{count_of(done.frames, 'frame')}{resumed}{by} in {done.seconds:.1f} s ({rate})"
    print(f"{job.path}: {what}, written to {where}")
    return True


def predict_stills(
    job: Job,
    model: "TrainedModel",
    name: str,
    members: Members,
    batch_size: int | None,
    plugins: "Plugins",
) -> None:
    """Predict the labeled frames of a project, or the images of a folder, and write the tables."""
    from pose_core.files import write_predictions

    predict = predict_project if job.kind == "project" else predict_folder
    for view, predictions in predict(model, job.path, batch_size, plugins).items():
        table = members.table(f"{job.name}_{view}" if view else job.name, name)
        write_predictions(table, predictions, plugins)
        print(f"{job.path}: {count_of(len(predictions), 'image')}, written to {table}")


def predict_project(
    model: "TrainedModel", path: "Path", batch_size: int | None, plugins: "Plugins"
) -> "dict[str, Predictions]":
    """Predict the labeled frames of a project: of each view that has its own, and of all last."""
    from pose_core.files import open_project
    from pose_core.predict import predict_frames

    project = open_project(path, plugins)
    check_same(model, project.skeleton.names)
    rows = range(len(project.labels))
    found = predict_frames(model, project, rows, batch_size, progress=True)
    views = {view: found.select(own[own >= 0]) for view, own in project.cameras.items()}
    return {**views, "": found}  # the last table says that all are there


def predict_folder(
    model: "TrainedModel", path: "Path", batch_size: int | None, plugins: "Plugins"
) -> "dict[str, Predictions]":
    """Predict the images of a folder."""
    from pose_core.predict import about_images, find_images, predict_images

    images = find_images(path)
    for line in about_images(model.network, images):
        print(line)
    return {"": predict_images(model, images, path, batch_size, progress=True)}


def check_same(model: "TrainedModel", names: Sequence[str]) -> None:
    """Refuse a model of other keypoints than a project's.

    Raises:
        FormatError: naming one that differs.
    """
    if odd := sorted(set(model.skeleton.names) ^ set(names)):
        whose = "the model" if odd[0] in model.skeleton.names else "the project"
        raise FormatError(
            f"{model.folder}: was trained on other keypoints than the project's: only {whose} has "
            f"{odd[0]!r}; choose a model of this project"
        )


def say_error(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose predict: {text}", file=sys.stderr)
