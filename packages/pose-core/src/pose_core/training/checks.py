"""What can be known before anything is loaded: what cannot run, and what must not be lost."""

import inspect
import os
from pathlib import Path
from typing import Any

from lightning import Trainer

from pose_core.errors import ConfigError
from pose_core.model.options import check_model
from pose_core.options import fill, suggest
from pose_core.plugins import Plugins
from pose_core.run_folder import CHECKPOINT, STATUS, WEIGHTS, read_config
from pose_core.training.losses_chosen import (
    check_clip_length,
    check_losses,
    check_watched,
)
from pose_core.training.options import RunOptions, plain
from pose_core.training.schedule import Schedule

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


def check_options(options: RunOptions, plugins: Plugins) -> None:
    """Refuse what cannot run, before anything is loaded.

    Raises:
        ConfigError: naming the option, its value and the nearest right one.
    """
    check_model(options.model, plugins)
    chosen = check_losses(options.losses, plugins)
    chosen += check_watched(options.unlabeled.watch, plugins)
    check_clip_length(chosen, options.unlabeled.length)
    if options.unlabeled.validation_clips < 0:
        raise ConfigError(
            f"unlabeled.validation_clips: {options.unlabeled.validation_clips} is below 0; give 0 "
            "or more"
        )
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


def is_finished(folder: Path, options: RunOptions) -> bool:
    """Check that a run can be resumed with these options, and say whether it is done already.

    Raises:
        ConfigError: if it was begun with other options.
    """
    if not (folder / CHECKPOINT).exists():
        return False
    given = {name: value for name, value in read_config(folder).items() if name != "output"}
    before, now = plain(fill(RunOptions, given, f"{folder}: config.yaml")), plain(options)
    for section in sorted(before.keys() | now.keys()):
        if section not in ("resume", "output", "trainer") and before.get(section) != now.get(
            section
        ):
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
    # further processes of one run find what the first has written
    there = any((folder / name).exists() for name in (WEIGHTS, CHECKPOINT))
    if is_first_process() and there and not options.resume:
        raise ConfigError(
            f"output={folder}: holds a run; give resume=true to go on with it, or another output"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"output={folder}: cannot be made ({error.strerror}); give another output"
        ) from None


def is_first_process() -> bool:
    """Say whether this process is the first, or only, one of a run on several devices."""
    return all(os.environ.get(rank, "0") == "0" for rank in ("LOCAL_RANK", "SLURM_PROCID"))
