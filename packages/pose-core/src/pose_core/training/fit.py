"""Train a network on a project: check everything first, then run, resume or stop cleanly."""

import inspect
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from pose_core.batches.augment import Augmentation
from pose_core.batches.labeled import (
    LabeledFrames,
    count_neighbours,
    count_outside,
    image_sizes,
)
from pose_core.batches.loader import clip_loader, plain_loader, steps_per_epoch, training_loader
from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError, FormatError
from pose_core.files import open_project
from pose_core.model.folder import SKELETON, WEIGHTS, read_config, write_config
from pose_core.model.memory import memory_explained
from pose_core.model.network import PoseNetwork, build_network, check_size
from pose_core.model.options import check_model, find_decoder
from pose_core.options import suggest
from pose_core.plugins import Plugins
from pose_core.project import Project
from pose_core.splits import Split, draw_split, read_split, write_split
from pose_core.training.callbacks import CHECKPOINT, STATUS, Keeper, MetricsTable, Progress
from pose_core.training.module import PoseModule
from pose_core.training.objective import Objective, build_objective, check_losses
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule
from pose_core.video.readers import choose, find_videos

SPLIT, TENSORBOARD = "split.csv", "tensorboard"
OURS = {
    "max_epochs": "training.epochs",
    "check_val_every_n_epoch": "training.check_every",
    "callbacks": None,
    "logger": None,
    "enable_checkpointing": None,
    "enable_progress_bar": None,
    "num_sanity_val_steps": None,
    "default_root_dir": "output",
    "min_epochs": None,
    "reload_dataloaders_every_n_epochs": None,
    "use_distributed_sampler": None,
}
"""Options of Lightning's Trainer that are set elsewhere, and where."""


@dataclass(frozen=True)
class Run:
    """What a training run left.

    Attributes:
        folder: the model.
        interrupted: whether it was stopped by hand.
        epochs: done.
    """

    folder: Path
    interrupted: bool
    epochs: int


def check_options(options: RunOptions, plugins: Plugins) -> None:
    """Refuse what cannot run, before anything is loaded.

    Raises:
        ConfigError: naming the option, its value and the nearest right one.
    """
    check_model(options.model, plugins)
    check_losses(options.losses, plugins)
    Schedule.of(options)
    if options.data.batch_size < 1:
        raise ConfigError(f"data.batch_size: {options.data.batch_size} is less than 1")
    known = [name for name in inspect.signature(Trainer.__init__).parameters if name != "self"]
    for name in options.trainer:
        if name in OURS:
            instead = f"; set {OURS[name]} instead" if OURS[name] else "; it is not yours to set"
            raise ConfigError(f"trainer.{name}: is set by the run{instead}")
        if name not in known:
            raise ConfigError(f"trainer: unknown option {name!r}; {suggest(name, known)}")


def train(options: RunOptions, plugins: Plugins, say: Callable[[str], None] = print) -> Run:
    """Train, or go on training, one network.

    Args:
        options: what to train, on what, for how long, and where to put it.
        plugins: where components are looked up.
        say: takes one line about what is going on.

    Raises:
        PoseError: for anything the user can mend, before training wherever it can be known.
    """
    check_options(options, plugins)
    folder = Path(options.output)
    if options.resume and is_finished(folder, options):
        say(f"{folder}: already finished")
        return Run(folder, False, options.training.epochs)
    refuse_overwriting(folder, options)
    project = open_project(Path(options.project), plugins, options.format)
    sizes = image_sizes(project)
    for line in describe(project, sizes):
        say(line)
    split = make_split(folder, options, project)
    torch.manual_seed(options.seed)
    network = build_network(options.model, len(project.skeleton), plugins)
    check_size(network, options.data.size, "data.size")
    objective = build_objective(options.losses, project.labels.select(split.train), plugins)
    write_config(folder, plain(asdict(options)), project.skeleton)
    write_split(folder / SPLIT, split, project.labels.frames)
    module = make_module(network, objective, project, options, plugins)
    loaders = make_loaders(network, objective, project, split, options, plugins, say)
    with memory_explained(options.data.batch_size, "set a smaller data.batch_size or data.size"):
        return run(module, loaders, options, folder, say)


def is_finished(folder: Path, options: RunOptions) -> bool:
    """Check that a run can be resumed with these options, and say whether it is done already.

    Raises:
        ConfigError: if it was begun with other options.
    """
    if not (folder / CHECKPOINT).exists():
        return False
    before, now = read_config(folder), plain(asdict(options))
    for section in sorted(before.keys() | now.keys()):
        if section not in ("resume", "output", "trainer") and before.get(section) != now.get(section):
            old, new = difference(before.get(section), now.get(section))
            raise ConfigError(
                f"resume: {section} was {old} in {folder} and is {new} now; "
                "give the options of the first start, or another output"
            )
    return (folder / STATUS).exists()


def difference(old: Any, new: Any) -> tuple[Any, Any]:
    """Narrow two sections down to the options that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        return {n: old.get(n) for n in sorted(names)}, {n: new.get(n) for n in sorted(names)}
    return old, new


def refuse_overwriting(folder: Path, options: RunOptions) -> None:
    """Keep a run that is there already from being lost.

    Raises:
        ConfigError: if the folder holds one and this one does not resume it.
    """
    if not options.resume and any((folder / name).exists() for name in (WEIGHTS, CHECKPOINT, SKELETON)):
        raise ConfigError(f"output={folder}: holds a run; give resume=true to go on with it, or another output")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"output={folder}: cannot be made ({error.strerror}); give another output") from None


def describe(project: Project, sizes: np.ndarray) -> list[str]:
    """Say what was found, and what was odd about it."""
    labels = project.labels
    different = sorted({f"{h} x {w}" for h, w in sizes.tolist()})
    missing = int((labels.visibility == 0).sum())
    lines = [
        f"{project.name}: {len(labels)} labeled frames of {len(labels.skeleton)} keypoints "
        f"({missing} labels missing), images of {', '.join(different)}, {len(project.videos)} videos"
    ]
    lines += [f"warning: {line}" for line in project.warnings]
    if outside := count_outside(project, sizes):
        lines.append(f"warning: {outside} labels lie outside their image and are taken as missing")
    return lines


def make_split(folder: Path, options: RunOptions, project: Project) -> Split:
    """Take the split of a resumed run, the one given, or a new one."""
    data = options.data
    path = folder / SPLIT if options.resume and (folder / SPLIT).exists() else options.split
    if path is not None:
        return read_split(Path(path), project.labels, data.validation > 0)
    return draw_split(project.labels, data.validation, data.test, options.seed, data.group_by)


def make_module(
    network: PoseNetwork, objective: Objective, project: Project, options: RunOptions, plugins: Plugins
) -> PoseModule:
    """Put network, decoder, objective and augmentation together."""
    decoder, decoder_options = find_decoder(options.model, plugins)
    if objective.decodes_clips and not decoder.differentiable:
        raise ConfigError(
            f"model.decoder: {decoder.name!r} passes no gradient to the unsupervised losses; "
            "set model.decoder=soft_argmax"
        )
    return PoseModule(
        network=network,
        decode=decoder.build(decoder_options),
        objective=objective,
        augmentation=Augmentation(options.augment, options.seed),
        swapped=project.skeleton.swapped(),
        schedule=Schedule.of(options),
        options=options,
    )


@dataclass(frozen=True)
class Loaders:
    """The data of a run."""

    train: Mapping[str, DataLoader]
    validation: DataLoader | None
    steps: int


def make_loaders(
    network: PoseNetwork,
    objective: Objective,
    project: Project,
    split: Split,
    options: RunOptions,
    plugins: Plugins,
    say: Callable[[str], None],
) -> Loaders:
    """Open labeled frames, and clips where a loss wants them."""
    data = options.data

    def frames(rows: np.ndarray) -> LabeledFrames:
        return LabeledFrames(project, rows, data.size, network.offsets, data.cache_mb)

    train = {"labeled": training_loader(frames(split.train), data.batch_size, options.seed, data.workers)}
    steps = steps_per_epoch(len(split.train), data.batch_size)
    counts = f"{len(split.train)} frames to train, {len(split.validation)} to validate, {len(split.test)} to test"
    say(f"{counts}; {steps} steps per epoch")
    if len(network.offsets) > 1:
        found = count_neighbours(project, split.train.tolist(), network.offsets)
        wanted = len(network.offsets) - 1
        say(
            f"context of {wanted} frames: {int((found == wanted).sum())} training frames have all on disk, "
            f"{int((found == 0).sum())} have none; the frame itself stands in for a missing one"
        )
    if objective.unsupervised:
        reader, reason = choose(plugins, options.unlabeled.reader)
        say(f"clips of {options.unlabeled.length} unlabeled frames, read by {reader.name} ({reason})")
        clips = Clips(reader, videos_of(project, options), options.unlabeled.length, data.size)
        train["unlabeled"] = clip_loader(clips, steps, options.seed, data.workers)
    validation = plain_loader(frames(split.validation), data.batch_size) if len(split.validation) else None
    return Loaders(train, validation, steps)


def videos_of(project: Project, options: RunOptions) -> list[Path]:
    """List the videos to draw clips from.

    Raises:
        FormatError: if one does not exist.
    """
    if not options.unlabeled.videos:
        return list(project.videos)
    videos: list[Path] = []
    for name in options.unlabeled.videos:
        path = Path(name)
        if not path.exists():
            raise FormatError(f"unlabeled.videos: no such file or folder {name!r}")
        videos += find_videos(path) if path.is_dir() else [path]
    return videos


def run(
    module: PoseModule, loaders: Loaders, options: RunOptions, folder: Path, say: Callable[[str], None]
) -> Run:
    """Run Lightning's trainer, from the checkpoint where there is one."""
    epochs, training = options.training.epochs, options.training
    checkpoint = folder / CHECKPOINT
    resumed = options.resume and checkpoint.exists()
    (folder / STATUS).unlink(missing_ok=True)
    quiet_lightning()
    trainer = Trainer(
        **{"accelerator": "auto", "devices": 1, "log_every_n_steps": min(10, loaders.steps), **options.trainer},
        max_epochs=epochs,
        check_val_every_n_epoch=check_interval(epochs, training.check_every),
        num_sanity_val_steps=0,
        limit_val_batches=None if loaders.validation else 0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=TensorBoardLogger(folder, name="", version=TENSORBOARD, purge_step=step_of(checkpoint, resumed)),
        callbacks=[
            MetricsTable(folder),
            Keeper(folder, training.checkpoint_seconds, training.patience, module.schedule.frozen_epochs),
            Progress(epochs),
        ],
    )  # fmt: skip
    say(f"training on {trainer.accelerator.name()} for {epochs} epochs" + (", resumed" if resumed else ""))
    try:
        trainer.fit(
            module, loaders.train, loaders.validation,
            ckpt_path=str(checkpoint) if resumed else None, weights_only=True,
        )  # fmt: skip
    except SystemExit:
        if not trainer.interrupted:
            raise
    return Run(folder, trainer.interrupted, trainer.current_epoch)


def check_interval(epochs: int, check_every: int) -> int:
    """Give the largest number of epochs up to `check_every` that ends a run with a validation."""
    return max(n for n in range(1, max(1, min(check_every, epochs)) + 1) if epochs % n == 0)


def step_of(checkpoint: Path, resumed: bool) -> int | None:
    """Read the step a checkpoint was written at, so that logs after it are dropped."""
    if not resumed:
        return None
    return int(torch.load(checkpoint, weights_only=True, map_location="cpu", mmap=True)["global_step"])


def quiet_lightning() -> None:
    """Keep advice meant for programmers away from users."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for text in (".*does not have many workers.*", ".*number of training batches.*", ".*GPU available.*"):
        warnings.filterwarnings("ignore", text)
    warnings.filterwarnings("ignore", ".*LeafSpec.*")


def plain(value: Any) -> Any:
    """Turn tuples and mappings into what YAML and JSON have."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value
