"""Several cameras that do not film at the same times: one position, observed whenever one does.

q_{t_i} = q_{t_{i-1}} + e_i,    e_i ~ N(0, s E (t_i - t_{i-1}))   (equation 22; or its integral)
O_i = B_{c_i} q_{t_i} + n_i,    n_i ~ N(0, R_i)                   (equation 23)

The times of all cameras make one clock, on which each camera is missing but at its own times.
Nothing is interpolated but to learn B, where the slowest camera films. Further times can be asked
for: they are on the clock as well, and nobody sees anything there.

Source: Biderman, Whiteway et al. 2024, section 5.9.4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.ensemble import Consensus, Ensemble
from pose_eks.errors import EksError
from pose_eks.models.assembly import fit_of, positions_of, smoothed_views
from pose_eks.models.clock import checked_times
from pose_eks.models.relation import Relation, refining, related_in, thinned
from pose_eks.models.sights import Sight, View, chain_of, learned, motion_of, sights_of
from pose_eks.models.solution import learned_chain, solved_points
from pose_eks.options import MultiCameraOptions
from pose_eks.smoothed import SmoothedViews

LATE = 1.5  # usual gaps of a camera: nothing is interpolated between frames that are further apart


def smooth_asynchronous(
    views: Mapping[str, Ensemble],
    times: Mapping[str, np.ndarray],
    options: MultiCameraOptions | None = None,
    names: Sequence[str] = (),
    at: np.ndarray | None = None,
) -> SmoothedViews:
    """Smooth an ensemble's predictions of cameras that each have their own times.

    Args:
        views: by name; all have the same keypoints. Frames differ.
        times: of each view, (frames,), increasing; one unit for all, that of s.
        options: None for the defaults.
        names: of the keypoints, for errors and the result.
        at: (times,), increasing, further times to say where the points are; None for none.

    Returns:
        Every camera's keypoints on its own frames; `requested` has them at the times `at`.

    Raises:
        EksError: if there are fewer than two views, times do not fit them, cameras do not overlap
            in time, or a keypoint has too few frames for its principal axes.
    """
    options = options or MultiCameraOptions()
    refuse_known(options)
    keypoints = checked_keypoints(views)
    labels = tuple(names) or tuple(f"keypoint {k}" for k in range(keypoints))
    own = own_clocks({name: np.shape(v.keypoints)[1] for name, v in views.items()}, times)
    asked = asked_times(at)
    clock = np.unique(np.concatenate([*own.values(), asked]))
    agreed = {
        name: view.summarize(options.pool, options.divide_by_confidence)
        for name, view in views.items()
    }
    seen = {name: View(agreed[name], np.searchsorted(clock, own[name])) for name in views}
    slowest = min(own.values(), key=len)
    there = sights_of(list(seen.values()), keypoints, len(clock))
    shown = ((one.at(few), clock[few]) for _, one in there for few in [one.few()])
    relation = related_at_once(shown, slowest, options)
    points = solved_points(
        there,
        labels,
        len(clock),
        lambda sight, label: learned_chain(
            sight,
            clock,
            lambda some, when: begun_on_clock(some, when, slowest, label, options, relation),
        ),
        options,
    )
    fit = fit_of({one.number: one.solved for one in points}, keypoints)
    smoothed = smoothed_views(seen, points, fit, options)
    positions = positions_of(points, keypoints, options.latent, len(clock))
    found = SmoothedViews(smoothed, labels, *positions, clock)
    if at is None:
        return found
    blank = View(nothing(len(asked), keypoints), np.searchsorted(clock, asked))
    requested = smoothed_views(dict.fromkeys(views, blank), points, fit, options)
    return replace(found, requested=requested)


def checked_keypoints(views: Mapping[str, Ensemble]) -> int:
    """Give the number of keypoints, which all views must have alike.

    Raises:
        EksError: if they do not, or there are fewer than two views.
    """
    if len(views) < 2:
        raise EksError(f"views: {len(views)} given; this model needs two or more")
    counts = {name: np.shape(view.keypoints)[2] for name, view in views.items()}
    if len(set(counts.values())) > 1:
        raise EksError(f"views: numbers of keypoints differ ({counts}); they must be the same")
    return next(iter(counts.values()))


def own_clocks(frames: Mapping[str, int], times: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the checked times of every view, which has so many frames.

    Raises:
        EksError: if some are missing, too many or do not fit.
    """
    if unknown := [name for name in times if name not in frames]:
        raise EksError(f"times of {unknown[0]!r}: no such camera; there are {', '.join(frames)}")
    return {name: own_times(name, count, times) for name, count in frames.items()}


def own_times(name: str, frames: int, times: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the checked times of one view.

    Raises:
        EksError: if they are missing or do not fit.
    """
    if name not in times:
        raise EksError(
            f"times: none for {name!r}; there are times for {', '.join(times) or 'none'}"
        )
    return checked_times(times[name], frames, f"times of {name!r}")


def asked_times(at: np.ndarray | None) -> np.ndarray:
    """Give the checked times that are asked for, none for None.

    Raises:
        EksError: if they do not increase.
    """
    return np.zeros(0) if at is None else checked_times(at, np.size(at), "times asked for")


def refuse_known(options: MultiCameraOptions) -> None:
    """Refuse what the known implementation alone does.

    Raises:
        EksError: saying where that is.
    """
    if options.compat is not None or options.inflate:
        raise EksError(
            "compat, inflate: not for asynchronous cameras; pose_eks.compat.eks4.paw computes what "
            "the known implementation makes of two paws"
        )


def begun_on_clock(
    sight: Sight,
    clock: np.ndarray,
    slowest: np.ndarray,
    label: str,
    options: MultiCameraOptions,
    relation: Relation | None,
) -> tuple[Sight, Chain]:
    """Learn how the views of one point relate; give the point about its mean, and its chain.

    Args:
        sight: what views show of it.
        clock: at these times.
        slowest: all times of the camera with the fewest, to which the others are interpolated.
        label: of the point.
        options: of the model.
        relation: of the views.

    Raises:
        EksError: if the views do not overlap in time, or too little is seen by two.
    """
    paired, pairing = at_once(sight, clock, slowest)
    if not np.isfinite(paired.observed).all(axis=1).any() and len(sight.offset) > 2:
        raise EksError(f"{label}: its cameras do not overlap in time; are their clocks the same?")
    refine = refining(relation, sight)
    subspace, z = learned(paired.observed, paired.spread, options, label, refine)
    sight = sight.about(sight.offset + subspace.mean)
    motion = motion_of(z, pairing, options, isotropic=len(sight.offset) == 2)
    return sight, chain_of(sight, subspace.axes, motion, clock, options)


def at_once(sight: Sight, clock: np.ndarray, slowest: np.ndarray) -> tuple[Sight, np.ndarray]:
    """Give what views show at the times of the slowest camera, interpolated, and these times."""
    pairing = slowest[np.isin(slowest, clock)]
    observed, spread = (at_times(one, clock, pairing) for one in (sight.observed, sight.spread))
    return replace(sight, observed=observed, spread=spread), pairing


def related_at_once(
    shown: Iterable[tuple[Sight, np.ndarray]], slowest: np.ndarray, options: MultiCameraOptions
) -> Relation | None:
    """Learn how views relate from what they show at the times of the slowest camera.

    Args:
        shown: of every point, what views show at some of the clock's times, and these times.
        slowest: all times of the camera with the fewest.
        options: of the model.
    """
    paired = (at_once(sight, times, slowest) for sight, times in shown)
    few = [one.at(thinned(np.arange(len(pairing)))) for one, pairing in paired]
    return related_in(few, options)


def at_times(values: np.ndarray, clock: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Interpolate rows (clock, rows) to times; NaN where a neighbour is missing or far."""
    found = np.full((len(times), values.shape[1]), np.nan)
    for row, column in enumerate(values.T):
        seen = np.isfinite(column)
        if seen.sum() < 2:
            continue
        own = clock[seen]
        after = np.clip(np.searchsorted(own, times), 1, len(own) - 1)
        near = (own[after] - own[after - 1]) <= LATE * np.median(np.diff(own))
        inside = (times >= own[0]) & (times <= own[-1])
        found[:, row] = np.where(near & inside, np.interp(times, own, column[seen]), np.nan)
    return found


def nothing(frames: int, keypoints: int) -> Consensus:
    """Give the consensus of times at which nobody films."""
    empty = np.full((frames, keypoints, 2), np.nan)
    none = np.zeros((frames, keypoints))
    return Consensus(empty, empty, none, none.astype(int), np.zeros(keypoints, bool))
