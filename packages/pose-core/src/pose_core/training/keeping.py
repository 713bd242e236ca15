"""Which weights of a run become the model.

The smallest validation error chooses well where there are labels enough to tell epochs apart. Among
few it chooses noise, and the mean of the last weights is nearer to what a longer schedule would
give: their differences are the noise of single batches, which the mean takes away.

Source: Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, Averaging Weights Leads to Wider Optima
and Better Generalization (2018), algorithm 1. The learning rate here falls instead of staying high.
The statistics of batch norm are averaged like the weights, in place of the paper's last pass over
the data, as `torch.optim.swa_utils.AveragedModel(use_buffers=True)` does.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from pose_core.errors import ConfigError
from pose_core.training.options import ENOUGH, TrainingOptions

TAIL = 0.25
"""The part of the epochs, at the end, whose weights are averaged."""


@dataclass(frozen=True)
class Rule:
    """How weights are chosen.

    Attributes:
        name: "best", "last", "average" or "clips".
        begin: first epoch of those that are averaged, or that clips choose among: the predictions
            of a network that has learnt nothing yet contradict nothing.
        why: in one line, for the start of a run.
        points: labeled in validation frames.
    """

    name: str
    begin: int
    why: str
    points: int = 0

    def chooses_in(self, epoch: int) -> bool:
        """Say whether the weights of an epoch are kept only if they are better than others."""
        return self.name == "best" or (self.name == "clips" and epoch >= self.begin)


def choose_rule(options: TrainingOptions, frames: int, points: int, clips: int) -> Rule:
    """Decide which weights are kept.

    Args:
        options: of the training.
        frames: to validate on.
        points: labeled in these.
        clips: held out.

    Raises:
        ConfigError: if there is nothing to choose by.
    """
    needed = {"best": (points, "data.validation"), "clips": (clips, "unlabeled.validation_clips")}
    name = options.keep
    if name in needed and not needed[name][0]:
        raise ConfigError(
            f"training.keep={name}: there is nothing to choose by; set {needed[name][1]} above 0, "
            "or training.keep=average"
        )
    if name == "auto":
        chooses = points > 0 and (points >= ENOUGH or options.patience is not None)
        name = "best" if chooses else "average"
    begin = options.epochs - max(1, round(TAIL * options.epochs))
    seen = (
        f"validation: {frames} frames with {points} labeled points" if points else "no validation"
    )
    few = f", fewer than {ENOUGH}, so that its error is noisy" if 0 < points < ENOUGH else ""
    return Rule(name, begin, f"{seen}{few}; keeps {KEPT[name]}", points)


KEPT = {
    "best": "the weights of the smallest validation error",
    "last": "the last weights",
    "average": "the mean of the weights of the last quarter",
    "clips": "of the last quarter the weights of the smallest objective on validation frames and "
    "held-out clips",
}
"""What the rules keep, in words."""


def kept_in_words(rule: Rule, kept: Mapping[str, Any]) -> str:
    """Say at the end of a run what its model is.

    Args:
        rule: that chose.
        kept: `epochs`, the first and last whose weights it holds, and what validation found.
    """
    first, last = kept["epochs"]
    what = f"the weights of epoch {last}"
    if first != last:
        what = f"the mean of the weights of epochs {first} to {last}"
    error = kept.get("validation_error")
    measured = "" if error is None else f", validation error {error:.2f} px"
    return f"kept: {what}{measured} (training.keep={rule.name})"


class Average:
    """The mean of the weights that a network has at the ends of its last epochs.

    Args:
        begin: first epoch that counts; None where none does.
    """

    def __init__(self, begin: int | None) -> None:
        self.begin = begin
        self.count = 0
        self.mean: dict[str, Tensor] = {}

    def add(self, network: nn.Module, epoch: int) -> None:
        """Take the weights at the end of an epoch, if it counts."""
        if self.begin is None or epoch < self.begin:
            return
        self.count += 1
        for name, value in network.state_dict().items():
            if name in self.mean and value.is_floating_point():
                before = self.mean[name].to(value.device)
                self.mean[name] = before.lerp(value.detach(), 1 / self.count)
            else:  # numbers of steps are not averaged
                self.mean[name] = value.detach().clone()

    @contextmanager
    def put_into(self, network: nn.Module) -> Iterator[None]:
        """Give a network the mean for a while, if there is one."""
        if not self.count:
            yield
            return
        own = {name: value.detach().clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.mean)
        try:
            yield
        finally:
            network.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """Give the mean, for the checkpoint."""
        return {"count": self.count, "mean": self.mean}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the mean of a checkpoint."""
        self.count, self.mean = state["count"], dict(state["mean"])
