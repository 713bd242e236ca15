"""Limbs of constant length between keypoints that are each smoothed by themselves (equation 29).

Smoothers alternate: each keypoint's has, beside its pixels, rows of the lengths of its limbs with
the other ends where they are (`pose_eks.cameras.limbs.pulls`). All move at once, and Anderson's
mixing of the last rounds makes a few dozen of them enough. A path that no round moves is a
stationary point of equations 26 to 29 together, with the parameters and robust weights that were
found without limbs.

The variances are those without limbs, and given the lengths of their own frame; lengths in other
frames would make them smaller still, so they are never too small on that account.

Source: Biderman, Whiteway et al. 2024, section 5.9.6; Anderson 1965; Walker & Ni 2011 (mixing).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pose_eks.cameras.limbs import Limbs, Pull, fit_to_lengths, limbs_of, pulls
from pose_eks.core.chain import Chain
from pose_eks.core.inference import smooth
from pose_eks.core.nonlinear import Nonlinear
from pose_eks.core.robust import Student, told
from pose_eks.core.solving import Solved
from pose_eks.errors import EksError
from pose_eks.models.added_rows import NOTHING, with_rows

ROUNDS = 60
MEMORY = 6  # rounds that are mixed
STILL = 1e-3  # of a standard deviation: positions that move less in a round are found, in the mean
ASTRAY = 3.0  # times the least move so far: a round that moves more has lost its way
ODD = 0.03  # and none of them more than this


@dataclass(frozen=True)
class Skeleton:
    """Which limbs there are: numbers of keypoints, and lengths and tolerance where given."""

    edges: tuple[tuple[int, int], ...]
    lengths: Sequence[float] | None
    tolerance: float | None


def numbered(limbs: Sequence[tuple[str, str]], names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Turn names of limbs' ends into numbers of keypoints.

    Raises:
        EksError: if there is no keypoint of a name.
    """
    for end in (end for limb in limbs for end in limb):
        if end not in names:
            raise EksError(f"limbs: no keypoint is called {end!r}; there are {', '.join(names)}")
    return tuple((names.index(first), names.index(second)) for first, second in limbs)


def keep_lengths(
    models: Mapping[int, Nonlinear],
    solved: Sequence[Solved],
    skeleton: Skeleton,
    keypoints: int,
    student: Student | None,
) -> list[Solved]:
    """Smooth keypoints anew, with their limbs' lengths.

    Args:
        models: of every keypoint that is seen, by its number.
        solved: what was found for each without limbs, in their order.
        skeleton: the limbs.
        keypoints: how many there are.
        student: the robust likelihood that weights are of; None for the Gaussian one.

    Raises:
        EksError: if a limb cannot be.
    """
    numbers = list(models)
    frames = len(solved[0].path.means)
    means = np.full((frames, keypoints, 3), np.nan)
    covariances = np.full((frames, keypoints, 3, 3), np.nan)
    for k, one in zip(numbers, solved, strict=True):
        means[:, k], covariances[:, k] = one.path.means, one.path.covariances
    limbs = limbs_of(skeleton.edges, means, covariances, skeleton.lengths, skeleton.tolerance)
    spread = np.sqrt(np.einsum("tkii->tk", covariances))[:, numbers, None]

    def round_of(places: np.ndarray) -> np.ndarray:
        everywhere = means.copy()
        everywhere[:, numbers] = places
        held = pulls(everywhere, limbs)
        tasks = zip(models.values(), solved, numbers, strict=True)
        moved = [pulled(*task, places[:, n], held) for n, task in enumerate(tasks)]
        return np.stack(moved, axis=1)

    begin = fit_to_lengths(means, covariances, limbs)[0][:, numbers]
    places, settled = mixed(round_of, begin, spread)
    ended = [replace(one, settled=one.settled and settled) for one in solved]
    return described(models, ended, places, limbs, keypoints, student)


def pulled(
    model: Nonlinear, solved: Solved, number: int, place: np.ndarray, held: Sequence[Pull]
) -> np.ndarray:
    """Smooth one keypoint, linearised where it is, with its limbs; give the path."""
    chain = replace(model.about(place), weights=solved.chain.weights)
    values = solved.found.values
    pull = held[number]
    if not pull.observed.shape[1]:
        return smooth(chain, values).means
    limbed = with_rows(chain, pull.observed, pull.variance, pull.loading)
    return smooth(limbed, np.append(values, NOTHING)).means


def mixed(
    step: Callable[[np.ndarray], np.ndarray], start: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Find where a step no longer moves, by Anderson's mixing.

    Args:
        step: a map of arrays of one shape.
        start: where to begin.
        scale: what a move is measured by, in a shape that fits.

    Returns:
        The place, and whether it was reached.
    """
    here, best, share = start, (np.inf, start, start), 1.0
    landed: list[np.ndarray] = []
    moves: list[np.ndarray] = []
    for _ in range(ROUNDS):
        there = step(here)
        move = (there - here) / scale
        size = float(np.sqrt((move**2).mean()))
        if size < STILL and np.abs(move).max() < ODD:
            return there, True
        if size > ASTRAY * best[0]:  # begin anew from the best so far, by a shorter step
            share, landed, moves = 0.5 * share, [], []
            here = best[1] + share * (best[2] - best[1])
            continue
        if size < best[0]:
            best = size, here, there
        landed, moves = [*landed, there][-MEMORY:], [*moves, move][-MEMORY:]
        here = combined(landed, moves)
    return best[2], False


def combined(landed: Sequence[np.ndarray], moves: Sequence[np.ndarray]) -> np.ndarray:
    """Give the mixture of the landings, of weights that add up to 1, whose move is least."""
    last = moves[-1]
    if len(moves) == 1:
        return landed[-1]
    changes = np.stack([(last - move).ravel() for move in moves[:-1]], axis=1)
    back = np.linalg.lstsq(changes, last.ravel(), rcond=1e-10)[0]
    return landed[-1] - sum(
        share * (landed[-1] - one) for share, one in zip(back, landed[:-1], strict=True)
    )


def described(
    models: Mapping[int, Nonlinear],
    solved: Sequence[Solved],
    places: np.ndarray,
    limbs: Limbs,
    keypoints: int,
    student: Student | None,
) -> list[Solved]:
    """Give what was found, with covariances at the places given each frame's own lengths."""
    means = np.full((len(places), keypoints, 3), np.nan)
    covariances = np.full((*means.shape, 3), np.nan)
    chains: list[Chain] = []
    for n, (k, one) in enumerate(zip(models, solved, strict=True)):
        chain = replace(models[k].about(places[:, n]), weights=one.chain.weights)
        means[:, k], chains = places[:, n], [*chains, chain]
        if student is not None:
            chain = replace(chain, weights=told(chain, student.degrees))
        covariances[:, k] = smooth(chain, one.found.values).covariances
    spreads = fit_to_lengths(means, covariances, limbs)[1]
    return [
        replace(
            one,
            chain=chain,
            path=replace(one.path, means=means[:, k], covariances=spreads[:, k]),
        )
        for k, one, chain in zip(models, solved, chains, strict=True)
    ]
