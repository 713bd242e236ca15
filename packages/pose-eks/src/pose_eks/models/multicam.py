"""Several synchronous views, each a linear image of one position, every keypoint by itself.

q_t = q_{t-1} + e_t,   e_t ~ N(0, s E)    (equation 18; or its integral, see `Velocity`)
O_t = B q_t + n_t,     n_t ~ N(0, R_t)    (equation 19), R_t = a diag(v_t) + b I

B, (rows, latent) with an x and a y row for each view, are axes of the most certain frames: how
views relate is learned from all keypoints together and refined for each (`relation`), or from the
keypoint's own principal axes where views share no keypoints. E is the shape of the moves between
neighbours among these frames. The position is known but for an affine map. A keypoint that one view
alone sees is smoothed in its plane.

Source: Biderman, Whiteway et al. 2024, section 5.9.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.models.assembly import fit_of, positions_of, smoothed_views
from pose_eks.models.clock import checked_times
from pose_eks.models.inflation import inflated
from pose_eks.models.relation import Relation, refining, related_in, thinned
from pose_eks.models.sights import Sight, View, chain_of, learned, motion_of, sights_of
from pose_eks.models.solution import learned_chain, solved_points
from pose_eks.options import MultiCameraOptions
from pose_eks.smoothed import SmoothedViews


def smooth_views(
    views: Mapping[str, Ensemble],
    options: MultiCameraOptions | None = None,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> SmoothedViews:
    """Smooth an ensemble's predictions of several views of the same frames.

    Args:
        views: by name; all have the same frames and keypoints. A keypoint that a view does not
            have is NaN in it.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        names: of the keypoints, for errors and the result.

    Raises:
        EksError: if there are fewer than two views, shapes do not fit, times do not increase, or a
            keypoint has too few frames for its principal axes.
    """
    options = options or MultiCameraOptions()
    frames, keypoints = checked_shapes(views)
    if options.compat is not None:
        return as_known(views, options, names)
    times = checked_times(times, frames)
    labels = tuple(names) or tuple(f"keypoint {k}" for k in range(keypoints))
    everywhere = np.arange(frames)
    seen = {
        name: View(view.summarize(options.pool, options.divide_by_confidence), everywhere)
        for name, view in views.items()
    }
    there = sights_of(list(seen.values()), keypoints, frames)
    few = [one.at(thinned(one.few())) for _, one in there]
    relation = related_in(few, options)
    points = solved_points(
        there,
        labels,
        frames,
        lambda sight, label: linear_chain(sight, label, times, options, relation),
        options,
    )
    fit = fit_of({one.number: one.solved for one in points}, keypoints)
    shown = smoothed_views(seen, points, fit, options)
    return SmoothedViews(
        shown, labels, *positions_of(points, keypoints, options.latent, frames), times
    )


def checked_shapes(views: Mapping[str, Ensemble]) -> tuple[int, int]:
    """Give frames and keypoints, which all views must have alike.

    Raises:
        EksError: if they do not, or there are fewer than two views.
    """
    if len(views) < 2:
        raise EksError(f"views: {len(views)} given; this model needs two or more")
    shapes = {name: np.shape(view.keypoints)[1:3] for name, view in views.items()}
    (first, shape), *others = shapes.items()
    for name, other in others:
        if other != shape:
            raise EksError(
                f"views: {name!r} has {other[0]} frames and {other[1]} keypoints, {first!r} "
                f"{shape[0]} and {shape[1]}; synchronous views have the same"
            )
    return shape[0], shape[1]


def as_known(
    views: Mapping[str, Ensemble], options: MultiCameraOptions, names: Sequence[str]
) -> SmoothedViews:
    """Compute what the known implementation does."""
    from pose_eks.compat import eks4

    assert options.s is not None  # checked with the options
    return eks4.multicam(
        {name: np.asarray(view.keypoints) for name, view in views.items()},
        confidences_of(views),
        options.s,
        names,
        options.latent,
        100 * options.quantile,
        options.inflate,
        options.pool,
        options.divide_by_confidence,
    )


def confidences_of(views: Mapping[str, Ensemble]) -> dict[str, np.ndarray] | None:
    """Give the confidences of all views; None where one has none."""
    given = {n: view.confidence for n, view in views.items() if view.confidence is not None}
    return given if len(given) == len(views) else None


def linear_chain(
    sight: Sight,
    label: str,
    times: np.ndarray,
    options: MultiCameraOptions,
    relation: Relation | None,
) -> tuple[Sight, Chain]:
    """Learn how the views of one point relate; give the point about its mean, and its chain."""
    sight, chain = learned_chain(
        sight, times, lambda some, few: begun_chain(some, label, few, options, relation)
    )
    if options.inflate and len(sight.offset) > 2:
        latent = chain.loading.shape[1]
        sight = replace(sight, spread=inflated(sight.observed, sight.spread, latent))
    return sight, replace(chain, spread=sight.spread)


def begun_chain(
    sight: Sight,
    label: str,
    times: np.ndarray,
    options: MultiCameraOptions,
    relation: Relation | None,
) -> tuple[Sight, Chain]:
    """Do the same with the times that it is learned from, without inflation."""
    refine = refining(relation, sight)
    subspace, z = learned(sight.observed, sight.spread, options, label, refine)
    sight = sight.about(sight.offset + subspace.mean)
    motion = motion_of(z, times, options, isotropic=len(sight.offset) == 2)
    return sight, chain_of(sight, subspace.axes, motion, times, options)
