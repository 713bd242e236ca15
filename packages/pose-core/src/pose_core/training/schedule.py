"""When the backbone thaws, how the learning rate falls, when unsupervised losses begin to count."""

from dataclasses import dataclass

from pose_core.errors import ConfigError
from pose_core.training.options import RunOptions


@dataclass(frozen=True)
class Schedule:
    """The course of a run, in fractions of it.

    Attributes:
        epochs: of the whole run.
        frozen_epochs: at its start, in which the backbone rests.
        milestones: fractions at which the learning rate falls by gamma.
        gamma: see milestones.
        begin: fraction at which unsupervised losses begin to count.
        full: fraction from which they count in full.
        weight: of their sum, from then on; 0 sees the clips and learns nothing of them.
    """

    epochs: int
    frozen_epochs: int
    milestones: tuple[float, ...]
    gamma: float
    begin: float = 0.0
    full: float = 0.0
    weight: float = 1.0

    @classmethod
    def of(cls, options: RunOptions) -> "Schedule":
        """Read the schedule off a run's options.

        Raises:
            ConfigError: if a fraction is not between 0 and 1, a weight below 0, or there are no
                epochs.
        """
        training, unlabeled = options.training, options.unlabeled
        frozen = training.frozen
        if frozen is None:
            frozen = 0.0 if options.model.pretrained is False else 1 / 15
        if training.epochs < 1:
            raise ConfigError(f"training.epochs: {training.epochs} is less than 1")
        fractions = {"training.frozen": (frozen,), "training.milestones": training.milestones}
        fractions |= {"unlabeled.begin": (unlabeled.begin,), "unlabeled.full": (unlabeled.full,)}
        for name, values in fractions.items():
            if wrong := [value for value in values if not 0 <= value <= 1]:
                raise ConfigError(f"{name}: {wrong[0]} is not a fraction of the run; give 0 to 1")
        if not 0 <= unlabeled.weight < float("inf"):
            raise ConfigError(f"unlabeled.weight: {unlabeled.weight} is below 0; give 0 or more")
        return cls(
            epochs=training.epochs,
            frozen_epochs=round(frozen * training.epochs),
            milestones=training.milestones,
            gamma=training.gamma,
            begin=unlabeled.begin,
            full=unlabeled.full,
            weight=unlabeled.weight,
        )

    def is_frozen(self, epoch: int) -> bool:
        """Say whether the backbone rests in an epoch."""
        return epoch < self.frozen_epochs

    def factor(self, done: float) -> float:
        """Give the learning rate's factor when a fraction of the run is done."""
        # a rounding margin: 3 of 6 steps are half of the run, however the division rounds
        return float(self.gamma ** sum(done >= milestone - 1e-9 for milestone in self.milestones))

    def backbone_factor(self, done: float) -> float:
        """Give the backbone's factor: after the frozen part it starts at a tenth.

        It grows by half every epoch until it is the head's, as in the published recipe.
        """
        since = int(done * self.epochs + 1e-9) - self.frozen_epochs
        warm = 1.0 if self.frozen_epochs == 0 else min(1.0, 0.1 * 1.5 ** max(since, 0))
        return warm * self.factor(done)

    def ramp(self, epoch: int) -> float:
        """Give the factor on unsupervised losses in an epoch."""
        done = epoch / self.epochs
        if done >= max(self.full, self.begin):
            return self.weight
        if done <= self.begin:
            return 0.0
        return self.weight * (done - self.begin) / (self.full - self.begin)

    def begins(self) -> int:
        """Give the first epoch in which unsupervised losses count; one after the last if none."""
        counting = (epoch for epoch in range(self.epochs) if self.ramp(epoch) > 0)
        return next(counting, self.epochs)
