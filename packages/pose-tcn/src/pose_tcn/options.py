"""What a config says about the temporal context head. Free of torch."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ContextOptions:
    """Options of the head `context`.

    Attributes:
        n: neighbours on each side; the window is the 2n + 1 frames round the one wanted.
        offsets: the window written out, in place of n: increasing frame numbers relative to the
            frame wanted, 0 among them, such as `[-8, -4, -2, 0, 2, 4, 8]`.
        cell: what brings the frames together: `crnn`, the published convolutional recurrence, which
            has no non-linearity.
        combine: what the prediction is, keypoint by keypoint. `mean`: of the static and the context
            branch. `confident`: the more confident of both, as published.
        stride: image pixels per heatmap cell.
        gain: of the Xavier-uniform weights that the recurrence starts from.
    """

    n: int = 2
    offsets: tuple[int, ...] | None = None
    cell: Literal["crnn"] = "crnn"
    combine: Literal["mean", "confident"] = "mean"
    stride: Literal[2, 4, 8] = 4
    gain: float = 1.0

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"n: {self.n} is negative; give 0 or more")
        if 0 not in self.window or list(self.window) != sorted(set(self.window)):
            raise ValueError(f"offsets: {list(self.window)} must increase and have 0 among them")

    @property
    def window(self) -> tuple[int, ...]:
        """The frames looked at, relative to the one wanted."""
        return tuple(range(-self.n, self.n + 1)) if self.offsets is None else self.offsets
