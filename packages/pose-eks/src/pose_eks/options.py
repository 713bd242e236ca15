"""What can be set, with the defaults. Light to import: the command and the plugin list these."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pose_eks.errors import EksError

CENTERS = ("median", "mean")
DYNAMICS = ("walk", "velocity")
LIKELIHOODS = ("gaussian", "student")
COMPATIBLE = ("eks4",)


@dataclass(frozen=True)
class ObservationOptions:
    """What all models have in common: how predictions are taken as observations.

    Attributes:
        center: what of the networks is taken as the observation; unless given the mean, which comes
            nearer the truth in simulations, or with `compat` the median.
        divide_by_confidence: whether the networks' variance is divided by their mean confidence,
            so that predictions without confidence count less.
        likelihood: "gaussian", or "student", whose heavy tails let mistakes that are made with
            confidence be outvoted by other views or points, or in one camera by other networks.
        degrees: degrees of freedom of "student"; the fewer the heavier its tails.
        b: floor of the observation noise's variance R = a v + b, in px², where v is the variance of
            the networks; fitted unless given. A keypoint that only one network ever sees has no
            v; there R = b / confidence.
        a: scale of the networks' variance v in R.
        tolerance: the fit ends when no logarithm of a parameter moves by more.
        passes: the most evaluations of the likelihood over all frames.
        fit_frames: ranges of frames that the parameters are fitted on, each by its first frame and
            the one after its last; all frames unless given.
        compat: "eks4" computes what ensemble-kalman-smoother 4 does for the same s, to move over
            and compare.

    Raises:
        EksError: for a value that cannot be.
    """

    center: Literal["median", "mean"] | None = None
    divide_by_confidence: bool = True
    likelihood: Literal["gaussian", "student"] = "gaussian"
    degrees: float = 4.0
    b: float | None = None
    a: float = 1.0
    tolerance: float = 1e-4
    passes: int = 100
    fit_frames: tuple[tuple[int, int], ...] = ()
    compat: Literal["eks4"] | None = None

    def __post_init__(self) -> None:
        if self.center is not None:
            refuse_unknown("center", self.center, CENTERS)
        refuse_unknown("likelihood", self.likelihood, LIKELIHOODS)
        refuse_outside(self, ("tolerance", "degrees"), ("a", "b"))
        if self.compat is not None:
            refuse_unknown("compat", self.compat, COMPATIBLE)
        if self.passes < 1:
            raise EksError(f"passes: {self.passes!r} is less than 1; the default is 100")
        for first, last in self.fit_frames:
            if not 0 <= first < last:
                raise EksError(f"fit_frames: {first}:{last} is not a range of frames")

    @property
    def pool(self) -> str:
        """What of the members is taken as the observation."""
        return self.center or ("median" if self.compat else "mean")

    def ranges(self, frames: int) -> tuple[tuple[int, int], ...] | None:
        """Give the ranges to fit on in a recording of so many frames; None for all of it.

        Raises:
            EksError: if one goes beyond its end.
        """
        for first, last in self.fit_frames:
            if last > frames:
                raise EksError(
                    f"fit_frames: {first}:{last} goes beyond the recording's {frames} frames; end "
                    f"it at {frames} or before"
                )
        return self.fit_frames or None


@dataclass(frozen=True)
class SmoothingOptions(ObservationOptions):
    """What all models of moving points have in common.

    Attributes:
        dynamics: "velocity", the velocity wanders, which follows fast and even movement more
            closely; "walk", the position does, as in the paper.
        s: process noise, how freely a point moves: px² per frame for "walk", px² per frame³ for
            "velocity"; fitted to each keypoint by maximum likelihood unless given.
        groups: names of keypoints that have s and b in common, as paw_l,paw_r; the others have
            their own.

    Raises:
        EksError: for a value that cannot be.
    """

    dynamics: Literal["walk", "velocity"] = "velocity"
    s: float | None = None
    groups: tuple[tuple[str, ...], ...] = ()

    def numbered(self, names: Sequence[str]) -> list[int]:
        """Give for every keypoint the number of its group, counted from 0.

        Raises:
            EksError: if a group names a keypoint that is not there, or that is in another one.
        """
        grouped = [name for group in self.groups for name in group]
        for name in grouped:
            if name not in names:
                raise EksError(f"groups: no keypoint {name!r}; there are {', '.join(names)}")
            if grouped.count(name) > 1:
                raise EksError(f"groups: keypoint {name!r} is named twice; keep one")
        leader = {name: group[0] for group in self.groups for name in group}
        order = list(dict.fromkeys(leader.get(name, name) for name in names))
        return [order.index(leader.get(name, name)) for name in names]

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_unknown("dynamics", self.dynamics, DYNAMICS)
        refuse_outside(self, ("s",), ())
        refuse_unfitted(self, ("s",))


@dataclass(frozen=True)
class SingleCameraOptions(SmoothingOptions):
    """How to smooth each keypoint of one camera by itself (equations 16-17)."""


@dataclass(frozen=True)
class MultiCameraOptions(SmoothingOptions):
    """How to smooth each keypoint of several synchronous views together (equations 18-19).

    Attributes:
        latent: dimensions of the common position, of which every view shows a linear image.
        quantile: share of the frames, the most certain ones, in which the views' relation is
            learned.
        inflate: whether the variance of a view that disagrees with the others is raised tenfold
            until it does not, as ensemble-kalman-smoother 4 does. "student" weighs such views
            down by itself.

    Raises:
        EksError: for a value that cannot be.
    """

    likelihood: Literal["gaussian", "student"] = "student"
    latent: int = 3
    quantile: float = 0.5
    inflate: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent < 1:
            raise EksError(f"latent: {self.latent!r} is less than 1; the default is 3")
        if not 0 < self.quantile <= 1:
            raise EksError(f"quantile: {self.quantile!r} is not above 0 and at most 1")


@dataclass(frozen=True)
class CalibratedOptions(SmoothingOptions):
    """How to smooth each keypoint in space, from several calibrated cameras (equations 26-29).

    Attributes:
        s: process noise, as a multiple of the keypoint's typical squared move from frame to frame
            as triangulated, so that it does not depend on the unit of the world (per frame for
            "walk", per frame³ for "velocity"); fitted to each keypoint unless given.
        limbs: pairs of keypoint names whose distance stays the same.
        limb_lengths: their lengths, in the world's unit; measured unless given.
        limb_tolerance: how far a length may vary, one standard deviation as a share of it;
            measured unless given.

    Raises:
        EksError: for a value that cannot be.
    """

    likelihood: Literal["gaussian", "student"] = "student"
    limbs: tuple[tuple[str, str], ...] = ()
    limb_lengths: tuple[float, ...] | None = None
    limb_tolerance: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limb_lengths is not None and len(self.limb_lengths) != len(self.limbs):
            raise EksError(
                f"limb_lengths: {len(self.limb_lengths)} for {len(self.limbs)} limbs; give one each"
            )


@dataclass(frozen=True)
class PosePcaOptions(SmoothingOptions):
    """How to smooth a whole pose within the space of its usual poses (equations 24-25).

    Attributes:
        variance: share of the poses' variance that the axes have to hold.
        latent: number of axes; as many as `variance` needs unless given.
        quantile: share of the frames, the most certain ones, in which the axes are learned.

    Raises:
        EksError: for a value that cannot be.
    """

    dynamics: Literal["walk", "velocity"] = "walk"
    variance: float = 0.99
    latent: int | None = None
    quantile: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("variance", "quantile"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise EksError(f"{name}: {value!r} is not above 0 and at most 1")
        if self.latent is not None and self.latent < 1:
            raise EksError(f"latent: {self.latent!r} is less than 1")
        if self.groups:
            raise EksError("groups: all keypoints of a pose share s and b; leave the groups out")
        if self.compat is not None:
            raise EksError(f"compat: {self.compat!r} has no whole poses; leave it out")


@dataclass(frozen=True)
class PupilOptions(ObservationOptions):
    """How to smooth the four points around a pupil (equations 20-21).

    Attributes:
        tau_diameter: after how many frames a change of the diameter has faded to 1/e; fitted unless
            given.
        tau_center: the same of the centre; fitted unless given.

    Raises:
        EksError: for a value that cannot be.
    """

    likelihood: Literal["gaussian", "student"] = "student"
    tau_diameter: float | None = None
    tau_center: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_outside(self, ("tau_diameter", "tau_center"), ())
        refuse_unfitted(self, ("tau_diameter", "tau_center"))


def refuse_unfitted(options: ObservationOptions, names: tuple[str, ...]) -> None:
    """Raise EksError where the known implementation is asked for without its parameters."""
    for name in names:
        if options.compat is not None and getattr(options, name) is None:
            raise EksError(
                f"compat: {options.compat!r} needs a given {name}; it is not fitted there"
            )


def refuse_outside(options: object, above: tuple[str, ...], least: tuple[str, ...]) -> None:
    """Raise EksError unless numbers are finite and above 0, or at least 0."""
    for name in (*above, *least):
        value = getattr(options, name)
        if value is None:
            continue
        if name in above and not 0 < value < math.inf:
            raise EksError(f"{name}: {value!r} is not a finite number above 0")
        if not 0 <= value < math.inf:
            raise EksError(f"{name}: {value!r} is not a finite number of 0 or more")


def refuse_unknown(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise EksError if a value is not among those known."""
    if value not in known:
        raise EksError(f"{name}: unknown value {value!r}; known: {', '.join(known)}")
