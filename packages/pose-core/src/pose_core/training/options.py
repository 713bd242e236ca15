"""Everything `pose train` can be told, typed; the defaults of the configuration come from here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pose_core.batches.options import AugmentOptions, DataOptions, UnlabeledOptions
from pose_core.model.options import ModelOptions

ENOUGH = 200
"""Labeled points of validation frames that are enough to tell weights, or runs, apart by."""


@dataclass(frozen=True)
class TrainingOptions:
    """How long and how fast to train.

    Attributes:
        epochs: passes over the labeled frames, at most.
        learning_rate: of Adam.
        milestones: fractions of the run at which the learning rate is multiplied by gamma.
        gamma: see milestones.
        frozen: fraction of the run in which the backbone stays as it was loaded: no backward pass
            through it and its batch-norm statistics untouched. null means 1/15 for pretrained
            weights, 0 for random ones.
        check_every: epochs between validations.
        patience: validations without a better pixel error before training stops early; null never
            stops early. Counted from the end of the frozen part.
        keep: which weights become the model. "best", of the smallest validation error; "last";
            "average", the mean over the ends of the last quarter of the epochs; "clips", of the
            smallest objective on validation frames and held-out clips; "auto" averages, unless
            there are validation frames enough to choose by, or patience.
        checkpoint_seconds: at least this long between the checkpoints a run is resumed from; 0
            writes one after every epoch.
    """

    epochs: int = 300
    learning_rate: float = 1e-3
    milestones: tuple[float, ...] = (0.5, 0.667, 0.833)
    gamma: float = 0.5
    frozen: float | None = None
    check_every: int = 5
    patience: int | None = None
    keep: Literal["auto", "best", "last", "average", "clips"] = "auto"
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class RunOptions:
    """One training run.

    Attributes:
        project: folder (or label file) of the project.
        format: name of the project's format; null detects it.
        output: folder of the run.
        split: a split.csv to use; null draws one.
        seed: of everything random: split, weights, order, augmentation.
        resume: go on with the run in `output`, if there is one.
        data: labeled frames.
        augment: augmentation.
        model: the network.
        losses: name to options, with `weight` (a number; "auto" for unsupervised ones) and
            `epsilon` for each.
        unlabeled: clips for unsupervised losses.
        training: length and speed.
        trainer: options of Lightning's Trainer, such as devices or precision.
    """

    project: str = ""
    format: str | None = None
    output: str = ""
    split: str | None = None
    seed: int = 0
    resume: bool = False
    data: DataOptions = field(default_factory=DataOptions)
    augment: AugmentOptions = field(default_factory=AugmentOptions)
    model: ModelOptions = field(default_factory=ModelOptions)
    losses: Mapping[str, Any] = field(default_factory=lambda: {"heatmap_mse": {}})
    unlabeled: UnlabeledOptions = field(default_factory=UnlabeledOptions)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    trainer: Mapping[str, Any] = field(default_factory=dict)


def plain(options: RunOptions) -> dict[str, Any]:
    """Give options as YAML, JSON and Hydra have them: nested mappings, and lists for tuples."""
    return {name: listed(value) for name, value in asdict(options).items()}


def listed(value: Any) -> Any:
    """Turn tuples into lists, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): listed(one) for name, one in value.items()}
    return [listed(one) for one in value] if isinstance(value, list | tuple) else value
