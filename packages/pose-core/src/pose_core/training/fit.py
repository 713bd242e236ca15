"""Train a network on a project: check everything first, then run, resume or stop cleanly."""

import logging
import os
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning import Trainer
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader

from pose_core.batches.augment import Augmentation
from pose_core.bounds import image_sizes
from pose_core.errors import ConfigError
from pose_core.files import open_project
from pose_core.labels import VISIBLE, Labels
from pose_core.model.folder import write_config
from pose_core.model.memory import memory_explained
from pose_core.model.network import PoseNetwork, build_network, check_size
from pose_core.model.options import find_decoder
from pose_core.plugins import Plugins
from pose_core.project import Project
from pose_core.run_folder import CHECKPOINT, SPLIT, STATUS
from pose_core.splits import write_split
from pose_core.training.callbacks import Keeper, MetricsTable, Progress
from pose_core.training.checks import (
    check_options,
    is_finished,
    is_first_process,
    refuse_overwriting,
)
from pose_core.training.damage import Damage
from pose_core.training.data import Loaders, Say, describe, make_loaders, make_split
from pose_core.training.held_out import HeldOut
from pose_core.training.keeping import Rule, choose_rule
from pose_core.training.module import PoseModule
from pose_core.training.objective import Objective, build_objective
from pose_core.training.options import RunOptions, TrainingOptions, plain
from pose_core.training.schedule import Schedule
from pose_core.views import join_instants

TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class Run:
    """What a training run left.

    Attributes:
        folder: the model.
        interrupted: whether it was stopped by hand.
        epochs: done.
        was_done: whether there was nothing left to do.
    """

    folder: Path
    interrupted: bool
    epochs: int
    was_done: bool = False


def train(options: RunOptions, plugins: Plugins, say: Say = print) -> Run:
    """Train, or go on training, one network.

    Args:
        options: what to train, on what, for how long, and where to put it.
        plugins: where components are looked up.
        say: takes one line about what is going on.

    Raises:
        PoseError: for anything the user can mend, before training wherever it can be known.
    """
    check_options(options, plugins)
    say = say if is_first_process() else silent
    folder = Path(options.output)
    if options.resume and is_finished(folder, options):
        say(f"{folder}: already finished")
        return Run(folder, False, options.training.epochs, was_done=True)
    refuse_overwriting(folder, options)
    project = open_project(Path(options.project), plugins, options.format)
    sizes = image_sizes(project)
    for line in describe(project, sizes):
        say(line)
    split = make_split(folder, options, project)
    torch.manual_seed(options.seed)
    network = build_network(options.model, len(project.skeleton), plugins)
    check_size(network, options.data.size, "data.size")
    labels = project.labels.select(split.train)
    joined = (
        join_instants(project.labels, project.cameras, split.train) if project.cameras else None
    )
    watch = options.unlabeled.watch
    objective = build_objective(options.losses, labels, plugins, options.data.sigma, watch, joined)
    for line in objective.about(sigma_on_frames(sizes, options, network.stride)):
        say(line)
    module = make_module(network, objective, project, options, plugins, say)
    loaders = make_loaders(network, objective, project, sizes, split, options, plugins, say)
    rule = rule_of(project.labels.select(split.validation), loaders, options.training)
    say(rule.why)
    trainer = checked_trainer(module, loaders, rule, options, folder, say)
    write_config(folder, plain(options), project.skeleton)
    write_split(folder / SPLIT, split, project.labels.frames)
    with memory_explained(options.data.batch_size, "set a smaller data.batch_size or data.size"):
        return run(trainer, module, loaders, options, folder, say)


def silent(_: str) -> None:
    """Say nothing: the first of several processes speaks for all."""


def sigma_on_frames(sizes: np.ndarray, options: RunOptions, stride: int) -> float:
    """Give the standard deviation of a target Gaussian in pixels of the frames, where half agree.

    Args:
        sizes: (frames, 2), height and width of the labeled images.
        options: the run's.
        stride: pixels of the network's input per cell.
    """
    height, width = options.data.size
    scale = np.sqrt(np.prod(sizes, axis=1) / (height * width))
    return float(options.data.sigma * stride * np.median(scale))


def make_module(
    network: PoseNetwork,
    objective: Objective,
    project: Project,
    options: RunOptions,
    plugins: Plugins,
    say: Say,
) -> PoseModule:
    """Put network, decoder, objective and augmentation together."""
    decoder, decoder_options = find_decoder(options.model, plugins)
    if objective.learns_from_points and not decoder.differentiable:
        raise ConfigError(
            f"model.decoder: {decoder.name!r} passes no gradient to the unsupervised losses; "
            "set model.decoder=soft_argmax"
        )
    return PoseModule(
        network=network,
        decode=decoder.build(decoder_options),
        objective=objective,
        augmentation=Augmentation(options.augment.operations(), options.seed),
        swapped=project.skeleton.swapped(),
        schedule=Schedule.of(options),
        options=options,
        frames=project.labels.frames,
        say=say,
    )


def rule_of(validation: Labels, loaders: Loaders, training: TrainingOptions) -> Rule:
    """Decide which weights are kept, by what there is to choose by."""
    points = int((validation.visibility == VISIBLE).sum())
    return choose_rule(training, len(validation), points, len(loaders.held_out or ()))


def run(
    trainer: Trainer,
    module: PoseModule,
    loaders: Loaders,
    options: RunOptions,
    folder: Path,
    say: Say,
) -> Run:
    """Run Lightning's trainer, from the checkpoint where there is one."""
    checkpoint = checkpoint_of(folder, options)
    (folder / STATUS).unlink(missing_ok=True)
    epochs = f"{options.training.epochs} epochs"
    resumed = ", resumed" if checkpoint else ""
    say(f"training on {device_of(trainer)} for {epochs}{resumed}")
    try:
        trainer.fit(
            module,
            loaders.train,
            validation_of(loaders),
            ckpt_path=str(checkpoint) if checkpoint else None,
            weights_only=True,
        )
    except SystemExit:  # how Lightning ends after Ctrl-C, when callbacks have saved the model
        if not trainer.interrupted:
            raise
    finally:
        loaders.close()
    return Run(folder, trainer.interrupted, trainer.current_epoch)


def validation_of(loaders: Loaders) -> DataLoader | None:
    """Give what to validate on; where that is clips alone, one batch of nothing."""
    if loaders.validation is not None or loaders.held_out is None:
        return loaders.validation
    return DataLoader(torch.zeros(1))  # type: ignore[arg-type]


def checkpoint_of(folder: Path, options: RunOptions) -> Path | None:
    """Give the checkpoint to go on from, if there is one and the run is to be resumed."""
    path = folder / CHECKPOINT
    return path if options.resume and path.exists() else None


def checked_trainer(
    module: PoseModule, loaders: Loaders, rule: Rule, options: RunOptions, folder: Path, say: Say
) -> Trainer:
    """Set Lightning's trainer up.

    Raises:
        ConfigError: if the machine has not what its options ask for.
    """
    quiet_lightning()
    try:
        return make_trainer(module, loaders, rule, options, folder, say)
    except (MisconfigurationException, ValueError, TypeError) as error:
        given, reason = dict(options.trainer), " ".join(str(error).split())
        raise ConfigError(f"trainer: {given} cannot be had here: {reason}") from error


def make_trainer(
    module: PoseModule, loaders: Loaders, rule: Rule, options: RunOptions, folder: Path, say: Say
) -> Trainer:
    """Give Lightning's trainer the user's options, then ours."""
    checkpoint = checkpoint_of(folder, options)
    purge = step_of(checkpoint) if checkpoint else None
    training = options.training
    chosen = {"accelerator": "auto", "devices": 1, "log_every_n_steps": min(10, loaders.steps)}
    if starts_own_processes(os.environ):
        chosen["plugins"] = LightningEnvironment()
    if options.trainer.get("devices", 1) != 1:
        chosen["strategy"] = "ddp_find_unused_parameters_true"  # a frozen backbone is unused
    return Trainer(
        **{**chosen, **options.trainer},
        use_distributed_sampler=False,  # ours divide by themselves, in an order of their own
        max_epochs=training.epochs,
        check_val_every_n_epoch=check_interval(training.epochs, training.check_every),
        num_sanity_val_steps=0,
        limit_val_batches=None if validation_of(loaders) else 0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=TensorBoardLogger(folder, name="", version=TENSORBOARD, purge_step=purge),
        callbacks=[
            MetricsTable(folder),
            Keeper(
                folder,
                training.checkpoint_seconds,
                training.patience,
                module.schedule.frozen_epochs,
                rule,
                say,
            ),
            Progress(training.epochs),
            *([Damage(loaders.clips, say)] if loaders.clips else []),
            *([HeldOut(loaders.held_out)] if loaders.held_out else []),
        ],
    )


def starts_own_processes(variables: Mapping[str, str]) -> bool:
    """Say whether further devices are processes of our own though Slurm is there.

    Lightning waits for one task of Slurm's per device, or goes on with fewer and does not say so;
    members of a sweep, and whoever types the command in a job, have a single task.
    """
    by_others = int(variables.get("SLURM_NTASKS", 1)) > 1 or "TORCHELASTIC_RUN_ID" in variables
    return shutil.which("srun", path=variables.get("PATH")) is not None and not by_others


def device_of(trainer: Trainer) -> str:
    """Name what a trainer runs on."""
    name = "cpu" if "cpu" in type(trainer.accelerator).__name__.lower() else "gpu"
    return name if trainer.num_devices == 1 else f"{trainer.num_devices} x {name}"


def check_interval(epochs: int, check_every: int) -> int:
    """Give the largest number of epochs up to `check_every` that ends a run with a validation."""
    return max(n for n in range(1, max(1, min(check_every, epochs)) + 1) if epochs % n == 0)


def step_of(checkpoint: Path) -> int:
    """Read the step a checkpoint was written at, so that logs after it are dropped."""
    held = torch.load(checkpoint, weights_only=True, map_location="cpu", mmap=True)
    return int(held["global_step"])


def quiet_lightning() -> None:
    """Keep advice meant for programmers away from users."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    texts = (
        "does not have many workers",
        "number of training batches",
        "GPU available",
        "LeafSpec",
        "Skipping val loop",
        "srun` command is available",
    )
    for text in texts:
        warnings.filterwarnings("ignore", f".*{text}.*")
