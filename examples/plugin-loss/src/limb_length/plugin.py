"""What this package adds to pose-core. Imported to list it, so it imports no torch."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pose_core.hookspecs import Loss, Predicted, hookimpl
from pose_core.labels import Labels

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LimbLengthOptions:
    """Options of the loss `limb_length`.

    Attributes:
        minimum_confidence: a limb counts in a frame where both its ends are at least this sure.
        limbs: how many pairs to take where the skeleton has no edges: those whose distance varies
            least, relative to its median.
    """

    minimum_confidence: float = 0.9
    limbs: int = 8

    def __post_init__(self) -> None:
        if not 0 <= self.minimum_confidence <= 1:
            raise ValueError(f"minimum_confidence is {self.minimum_confidence}; give 0 to 1")
        if self.limbs < 1:
            raise ValueError(f"limbs is {self.limbs}; give at least 1")


def build_limb_length(
    options: LimbLengthOptions, labels: Labels
) -> "Callable[[Predicted], Tensor]":
    """Measure the limbs in the labels, then compare with them."""
    from limb_length.limbs import measure_limbs
    from limb_length.loss import LimbLength

    return LimbLength(measure_limbs(labels, options.limbs), options.minimum_confidence)


@hookimpl
def pose_losses() -> Iterable[Loss]:
    """Yield the loss `limb_length`."""
    yield Loss(
        name="limb_length",
        kind="unsupervised",
        needs=frozenset({"keypoints", "confidence"}),
        options=LimbLengthOptions,
        build=build_limb_length,
        weight=1e-5,
        epsilon=5.0,
        unit="px",
    )
