"""Options of the smoother `pose_repair`."""

from dataclasses import dataclass
from typing import Literal

Points = Literal["doubtful", "all"]
"""Which points are re-estimated."""


@dataclass(frozen=True)
class RepairOptions:
    """What repair is fitted to.

    Attributes:
        model: folder of the training run; its project's labels and its predictions of validation
            frames are read.
        project: where that project is now, if it moved.
        gate: points less confident are in doubt; fitted to the validation frames if not given.
        points: "doubtful", those in doubt, and all others stay; "all", every point goes to its
            posterior mean, given all that the others do not contradict.
        together: whether predictions are of all views of the project side by side, as
            `pose_core.views.join_predictions` puts them, where its cameras have files of their own;
            each view then tells of the others.
    """

    model: str = ""
    project: str | None = None
    gate: float | None = None
    points: Points = "doubtful"
    together: bool = False

    def __post_init__(self) -> None:
        if self.gate is not None and not 0 <= self.gate <= 1:
            raise ValueError(f"gate: {self.gate} is not between 0 and 1")
