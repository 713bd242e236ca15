"""Four points around a pupil: one diameter and one centre, which move as autoregressions.

q_t = (d_t, x_t, y_t), each about its mean m:
q_t - m = exp(-dt / tau) (q_{t-1} - m) + e_t                   (equation 20)
O_t = B q_t + n_t, n_t ~ N(0, R_t), R_t = a diag(v_t) + b I    (equation 21)

B puts the top point at (x, y - d/2), the bottom one at (x, y + d/2), left and right at (x -+ d/2,
y); y points down. Times tau of diameter and centre, the variances and b are fitted together.

Source: Biderman, Whiteway et al. 2024, section 5.9.3.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain, Path
from pose_eks.core.motion import Autoregression, Parameter
from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.models.assembly import smoothed_together
from pose_eks.models.clock import checked_times
from pose_eks.models.sights import Sight, View, chain_of, joined, sights_of
from pose_eks.models.solution import learned_chain, solve_as
from pose_eks.models.subspace import Subspace
from pose_eks.options import PupilOptions
from pose_eks.smoothed import Smoothed

SIDES = {"top": (0.0, -0.5), "bottom": (0.0, 0.5), "left": (-0.5, 0.0), "right": (0.5, 0.0)}
"""Where the points are, in diameters from the centre."""

TAU_GRID = (0.0, 2.0, 4.0)  # logarithms of a time over a typical gap, to try first
VARIANCE_GRID = (0.0,)
STATE = ("diameter", "center_x", "center_y")
SIGNALS = (*STATE, *(f"{name}_var" for name in STATE))
LEAST = 10  # frames in which all of diameter and centre are told


def smooth_pupil(
    pupil: Ensemble,
    names: Sequence[str],
    options: PupilOptions | None = None,
    times: np.ndarray | None = None,
) -> Smoothed:
    """Smooth an ensemble's predictions of the four points around a pupil.

    Args:
        pupil: of four keypoints.
        names: of the keypoints; one each has the word top, bottom, left and right in it.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ...

    Returns:
        The four points, and `signals` diameter, center_x and center_y with their variances.

    Raises:
        EksError: if names do not tell the sides, the points lie otherwise, or are seen too seldom.
    """
    options = options or PupilOptions()
    sides = sides_of(names)
    if options.compat is not None:
        return as_known(pupil, sides, options)
    consensus = pupil.summarize(options.pool, options.divide_by_confidence)
    frames, keypoints = consensus.center.shape[:2]
    if keypoints != len(sides):
        raise EksError(f"pupil: {keypoints} keypoints for {len(sides)} names")
    times = checked_times(times, frames)
    view = View(consensus, np.arange(frames))
    there = sights_of([view], keypoints, frames)
    seen = [sides[k] for k, _ in there]
    whole, chain = learned_chain(
        joined([sight for _, sight in there]),
        times,
        lambda sight, few: begun_pupil(sight, seen, few, options),
    )
    (solved,) = solve_as([chain], frames, options)
    found = smoothed_together(view, there, whole, solved, options)
    return replace(found, signals=signals_of(solved.path))


def as_known(pupil: Ensemble, sides: Sequence[str], options: PupilOptions) -> Smoothed:
    """Compute what the known implementation does; its s are coefficients per frame."""
    from pose_eks.compat import eks4
    from pose_eks.compat.eks4_pupil import NAMES

    assert options.tau_diameter is not None  # checked with the options
    assert options.tau_center is not None
    order = [sides.index(side) for side in sides_of(NAMES)]
    confidence = None if pupil.confidence is None else pupil.confidence[:, :, order]
    keeps = (np.exp(-1 / options.tau_diameter), np.exp(-1 / options.tau_center))
    how = (keeps, options.pool, options.divide_by_confidence)
    found = eks4.pupil(pupil.keypoints[:, :, order], confidence, *how)
    return found.chosen(np.argsort(order))


def sides_of(names: Sequence[str]) -> list[str]:
    """Tell which side each keypoint is of, from the words of its name.

    Raises:
        EksError: unless each side is told once.
    """
    words = [re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) for name in names]
    told = [[s for s in SIDES if s in map(str.lower, word)] for word in words]
    if sorted(side for one in told for side in one) != sorted(SIDES):
        raise EksError(
            f"pupil: the names {', '.join(names)} do not tell one point each of top, bottom, left "
            "and right; rename the keypoints, or leave others out"
        )
    return [one[0] for one in told]


def begun_pupil(
    whole: Sight, sides: Sequence[str], times: np.ndarray, options: PupilOptions
) -> tuple[Sight, Chain]:
    """Make the chain of diameter and centre.

    Args:
        whole: the points side by side.
        sides: of each of them.
        times: (frames,).
        options: of the model.

    Returns:
        The points in pixels, and the chain.

    Raises:
        EksError: if too few frames tell them, or sides lie on the wrong side.
    """
    middles = dict(zip(sides, whole.offset.reshape(-1, 2), strict=True))
    whole = whole.about(np.zeros(len(whole.offset)))
    loading = np.concatenate([rows_of(side) for side in sides])
    images = Subspace(whole.offset, loading, np.ones(3), 0.0)
    state = images.coordinates(whole.observed, whole.spread)
    state = state[np.isfinite(state).all(axis=1)]
    if len(state) < LEAST:
        raise EksError(
            f"pupil: {len(state)} frames show diameter and centre; {LEAST} are needed, in which "
            "points of both a side and its opposite are seen"
        )
    for less, more, axis in (("top", "bottom", 1), ("left", "right", 0)):
        refuse_turned(middles, less, more, axis)
    return whole, chain_of(whole, loading, motion_of(state, times, options), times, options)


def refuse_turned(middles: Mapping[str, np.ndarray], less: str, more: str, axis: int) -> None:
    """Refuse opposite points, by where they are on average, that lie the wrong way round.

    Raises:
        EksError: naming the two.
    """
    if less in middles and more in middles and middles[less][axis] >= middles[more][axis]:
        places = " and ".join(f"{middles[side][axis]:.1f}" for side in (less, more))
        raise EksError(
            f"pupil: {less} and {more} are named the other way round: {'xy'[axis]} is {places} px "
            "on average (y points down); rename the keypoints"
        )


def rows_of(side: str) -> np.ndarray:
    """Give B for x and y of a point, (2, 3)."""
    x, y = SIDES[side]
    return np.array([[x, 1.0, 0.0], [y, 0.0, 1.0]])


def motion_of(state: np.ndarray, times: np.ndarray, options: PupilOptions) -> Autoregression:
    """Make the motion, its times and variances to be searched around those of the frames."""
    mean, gap = np.median(state, axis=0), float(np.median(np.diff(times)))
    spread = np.maximum(np.median(np.abs(state - mean), axis=0) * 1.4826, 1e-3) ** 2
    tau = [
        Parameter(f"tau {name}", gap, given, TAU_GRID, (-3.0, 12.0))
        for name, given in (("diameter", options.tau_diameter), ("center", options.tau_center))
    ]
    variance = [
        Parameter(f"variance {name}", float(one), None, VARIANCE_GRID, (-8.0, 8.0))
        for name, one in zip(("diameter", "x", "y"), spread, strict=True)
    ]
    return Autoregression(mean, (tau[0], tau[1], tau[1]), tuple(variance))


def signals_of(path: Path) -> dict[str, np.ndarray]:
    """Give diameter and centre with their posterior variances, each (frames,)."""
    values = [*path.means.T, *np.einsum("tii->it", path.covariances)]
    return dict(zip(SIGNALS, values, strict=True))
