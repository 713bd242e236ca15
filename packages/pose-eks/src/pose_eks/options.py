"""What can be set, with the defaults. Light to import: the command and the plugin list these."""

import math
from dataclasses import dataclass
from typing import Literal

from pose_eks.errors import EksError

CENTERS = ("median", "mean")
DYNAMICS = ("walk", "velocity")


@dataclass(frozen=True)
class SingleCameraOptions:
    """How to smooth each keypoint of one camera by itself (equations 16-17).

    Attributes:
        center: what of the members is taken as the observation.
        divide_by_confidence: whether the members' variance is divided by their mean confidence, so
            that predictions without confidence count less.
        dynamics: "velocity", the velocity wanders, which follows fast and even movement more
            closely; "walk", the position does, as in the paper. On simulated animals the former
            is nearer the truth, and its intervals hold it as often as they say (README).
        s: process noise: px² per frame for "walk", px² per frame³ for "velocity"; None to fit it
            to each keypoint by maximum likelihood.
        b: floor of the observation noise R = a v + b, in px²; None to fit it. A keypoint that
            never has two members has no variance v; there R = b / confidence.
        a: scale of the members' variance v in R.
        tolerance: the fit ends when log s and log b move by less.
        passes: the most evaluations of the likelihood over all frames.

    Raises:
        EksError: for a value that cannot be.
    """

    center: Literal["median", "mean"] = "median"
    divide_by_confidence: bool = True
    dynamics: Literal["walk", "velocity"] = "velocity"
    s: float | None = None
    b: float | None = None
    a: float = 1.0
    tolerance: float = 1e-4
    passes: int = 100

    def __post_init__(self) -> None:
        refuse_unknown("center", self.center, CENTERS)
        refuse_unknown("dynamics", self.dynamics, DYNAMICS)
        for name, least in (("s", 0.0), ("tolerance", 0.0)):
            value = getattr(self, name)
            if value is not None and not least < value < math.inf:
                raise EksError(f"{name}: {value!r} is not a finite number above {least:g}")
        for name in ("a", "b"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise EksError(f"{name}: {value!r} is not a finite number of 0 or more")
        if self.passes < 1:
            raise EksError(f"passes: {self.passes!r} is less than 1; the default is 100")


def refuse_unknown(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise EksError if a value is not among those known."""
    if value not in known:
        raise EksError(f"{name}: unknown value {value!r}; known: {', '.join(known)}")
