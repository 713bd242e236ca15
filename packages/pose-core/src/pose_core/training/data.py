"""The data of a run: the split, labeled frames, and clips where a loss wants them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader

from pose_core.batches.ahead import ReadAhead
from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.loader import (
    EvenBatches,
    clip_loader,
    plain_loader,
    steps_per_epoch,
    training_loader,
)
from pose_core.batches.unlabeled import Clips
from pose_core.bounds import count_outside
from pose_core.model.network import PoseNetwork
from pose_core.plugins import Plugins
from pose_core.project import Project
from pose_core.run_folder import SPLIT
from pose_core.splits import Split, draw_split, read_split, subset
from pose_core.training.clips import open_clips
from pose_core.training.held_out import about, hold_out
from pose_core.training.objective import Objective
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule
from pose_core.training.views import describe_views

Say = Callable[[str], None]
"""Takes one line about what is going on."""


@dataclass(frozen=True)
class Loaders:
    """The data of a run.

    Attributes:
        train: batches of labeled frames and, where a loss wants them, clips.
        validation: batches of labeled frames.
        steps: of an epoch, in one process.
        clips: that are drawn from; None where no loss learns from them.
        held_out: clips that losses are evaluated on at validations.
    """

    train: Mapping[str, DataLoader | ReadAhead]
    validation: DataLoader | None
    steps: int
    clips: Clips | None = None
    held_out: Clips | None = None

    def close(self) -> None:
        """Stop to read ahead."""
        for loader in self.train.values():
            if isinstance(loader, ReadAhead):
                loader.close()


def describe(project: Project, sizes: np.ndarray) -> list[str]:
    """Say what was found, and what was odd about it."""
    labels = project.labels
    different = sorted({f"{h} x {w}" for h, w in sizes.tolist()})
    missing = int((labels.visibility == 0).sum())
    lines = [
        f"{project.name}: {len(labels)} labeled frames of {len(labels.skeleton)} keypoints "
        f"({missing} labels missing), images of {', '.join(different)}, "
        f"{len(project.videos)} videos"
    ]
    lines += describe_views(project)
    lines += [f"warning: {line}" for line in project.warnings]
    if outside := count_outside(project, sizes):
        lines.append(f"warning: {outside} labels lie outside their image and are taken as missing")
    return lines


def make_split(folder: Path, options: RunOptions, project: Project) -> Split:
    """Take the split of a resumed run, or a part of the one given or of a new one."""
    data, labels = options.data, project.labels
    instants = project.instants if project.cameras else None
    if options.resume and (folder / SPLIT).exists():
        return read_split(folder / SPLIT, labels, data.validation > 0, instants)
    if options.split is not None:
        split = read_split(Path(options.split), labels, data.validation > 0, instants)
    else:
        seed = options.seed if data.split_seed is None else data.split_seed
        split = draw_split(labels, data.validation, data.test, seed, data.group_by, instants)
    return subset(split, labels.frames, data.fraction, options.seed, instants)


def make_loaders(
    network: PoseNetwork,
    objective: Objective,
    project: Project,
    sizes: np.ndarray,
    split: Split,
    options: RunOptions,
    plugins: Plugins,
    say: Say,
) -> Loaders:
    """Open labeled frames, and clips where a loss wants them."""
    data = options.data

    def frames(rows: np.ndarray) -> LabeledFrames:
        return LabeledFrames(project, rows, data.size, network.offsets, data.cache_mb)

    labels = frames(split.train)
    labeled = training_loader(labels, data.batch_size, options.seed, data.workers)
    train: dict[str, DataLoader | ReadAhead] = {"labeled": labeled}
    steps = steps_per_epoch(len(split.train), data.batch_size)
    sets = {"train": split.train, "validate": split.validation, "test": split.test}
    counts = ", ".join(f"{len(rows)} to {purpose}" for purpose, rows in sets.items())
    say(f"frames: {counts}; {steps} steps per epoch")
    for line in labels.neighbours.about() if labels.neighbours else ():
        say(line)
    clips, held_out = None, None
    if objective.of_clips:
        found, lines = open_clips(project, sizes, options, plugins)
        rest, held_out = hold_out(found, options.unlabeled.validation_clips, options.seed)
        clips = rest if objective.unsupervised else None
        for line in [*lines, about(clips, held_out, options.unlabeled.validation_clips)]:
            say(line)
    if clips is not None:
        say(course_of(Schedule.of(options)))
        batches = labeled.batch_sampler
        assert isinstance(batches, EvenBatches)
        train["unlabeled"] = clip_loader(clips, batches, options.seed, data.workers)
    validation = (
        plain_loader(frames(split.validation), data.batch_size) if len(split.validation) else None
    )
    return Loaders(train, validation, steps, clips, held_out)


def course_of(schedule: Schedule) -> str:
    """Say when unsupervised losses begin to count, and warn if they never do."""
    if schedule.weight == 0:
        return "unlabeled.weight=0: clips are seen, and their losses change nothing (a control)"
    counting = [epoch for epoch in range(schedule.epochs) if schedule.ramp(epoch) > 0]
    if not counting:
        return (
            f"warning: {schedule.epochs} epochs end before the unsupervised losses count; "
            "train longer, or set unlabeled.begin=0 unlabeled.full=0"
        )
    full = sum(schedule.ramp(epoch) < schedule.weight for epoch in range(schedule.epochs))
    return f"unsupervised losses count from epoch {counting[0]}, in full from epoch {full}"
