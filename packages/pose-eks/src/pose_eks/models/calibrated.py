"""Several calibrated cameras: positions in space, every keypoint by itself or joined by limbs.

q_t = q_{t-1} + e_t,        e_t ~ N(0, s E)    (equation 27; or its integral, see `Velocity`)
O_tv = f_v(q_t) + n_tv,     n_tv ~ N(0, R_tv)  (equation 28), R = a diag(v) + b I in px²

f_v is the projection into camera v with its lens. The path is the maximum a posteriori (equation
26), by Gauss-Newton steps until they are nothing; variances are those of the model made linear
there. E is the shape of the keypoint's moves, as large as its typical one, so that s has no unit.
Limbs of constant length (equation 29) are an option.

Source: Biderman, Whiteway et al. 2024, section 5.9.6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pose_eks.cameras.projection import project
from pose_eks.cameras.rig import Camera, Rig
from pose_eks.core.chain import Chain
from pose_eks.core.nonlinear import Nonlinear, Observe
from pose_eks.ensemble import Ensemble
from pose_eks.models.assembly import Point, fit_of, positions_of, shown_in, smoothed_of
from pose_eks.models.clock import checked_times
from pose_eks.models.limb_lengths import Skeleton, keep_lengths, numbered
from pose_eks.models.multicam import checked_shapes, confidences_of
from pose_eks.models.placing import (
    complete,
    in_scene,
    motion_in_world,
    placed,
    scene_of,
    stacked,
    usual_of,
)
from pose_eks.models.sights import Sight, View, chain_of, few_of, sight_of
from pose_eks.models.solution import solve_as, student_of
from pose_eks.options import CalibratedOptions
from pose_eks.smoothed import SmoothedViews


def smooth_calibrated(
    rig: Rig,
    views: Mapping[str, Ensemble],
    options: CalibratedOptions | None = None,
    times: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> SmoothedViews:
    """Smooth an ensemble's predictions of several calibrated, synchronous cameras.

    Args:
        rig: the cameras; may hold more than are given here.
        views: by the camera's name; all have the same frames and keypoints. A keypoint that a
            camera does not have is NaN in it.
        options: None for the defaults.
        times: (frames,), increasing; None for frames 0, 1, 2, ...
        names: of the keypoints, for errors, limbs and the result.

    Returns:
        Positions in the world with their covariances, and what every camera shows of them, also
        of keypoints that it never saw; NaN for a point behind the camera.

    Raises:
        EksError: if the rig lacks a camera, shapes do not fit, times do not increase, no keypoint
            is ever seen by two cameras at once, or a limb cannot be.
    """
    options = options or CalibratedOptions()
    rig = rig.choose(list(views))
    frames, keypoints = checked_shapes(views)
    if options.compat is not None:
        return as_known(rig, views, options, names)
    times = checked_times(times, frames)
    labels = tuple(names) or tuple(f"keypoint {k}" for k in range(keypoints))
    edges = numbered(options.limbs, labels)
    everywhere = np.arange(frames)
    seen = {
        name: View(view.summarize(options.pool, options.divide_by_confidence), everywhere)
        for name, view in views.items()
    }
    models = models_of(rig, list(seen.values()), times, options)
    groups = options.numbered(labels)
    found = solve_as(
        [model for _, model in models.values()], frames, options, [groups[k] for k in models]
    )
    if edges:
        skeleton = Skeleton(edges, options.limb_lengths, options.limb_tolerance)
        each = {k: model for k, (_, model) in models.items()}
        found = keep_lengths(each, found, skeleton, keypoints, student_of(options))
    solved = zip(models.items(), found, strict=True)
    points = [Point(k, sight, one) for (k, (sight, _)), one in solved]
    return assembled(rig, seen, points, times, labels, options)


def as_known(
    rig: Rig, views: Mapping[str, Ensemble], options: CalibratedOptions, names: Sequence[str]
) -> SmoothedViews:
    """Compute what the known implementation does."""
    from pose_eks.compat import eks4

    assert options.s is not None  # checked with the options
    plain = {name: np.asarray(view.keypoints) for name, view in views.items()}
    how = {"center": options.pool, "divide_by_confidence": options.divide_by_confidence}
    return eks4.calibrated(plain, confidences_of(views), rig, options.s, names, **how)  # type: ignore[arg-type]


def models_of(
    rig: Rig, seen: Sequence[View], times: np.ndarray, options: CalibratedOptions
) -> dict[int, tuple[Sight, Nonlinear]]:
    """Make the model of every keypoint that some camera sees, by its number."""
    pixels, spread = stacked(seen)
    lost = np.isfinite(pixels).all(axis=-1).sum(axis=-1) < 2
    few = few_of(~lost.all(axis=1))
    usual = np.array([usual_of(spread[few, k]) for k in range(pixels.shape[1])])
    points, trust = placed(rig, pixels, spread, usual, options)
    scene = scene_of(points[few])
    starts = complete(rig, pixels, points, scene, times)
    models = {}
    for k in range(points.shape[1]):
        sight = sight_of(seen, k, len(times))
        if sight is not None:
            chain = begun_in_world(
                sight.at(few), points[few, k], starts[few, k], times[few], options
            )
            gaps = np.diff(times, prepend=times[:1])
            chain = replace(chain, observed=sight.observed, spread=sight.spread, gaps=gaps)
            if options.likelihood == "student":  # from where a mistake is already outvoted
                chain = replace(chain, weights=trust[:, k, sight.views[::2]])
            if lost[:, k].any():
                chain = in_scene(chain, lost[:, k], scene)
            models[k] = sight, Nonlinear(chain, observer(rig, sight, chain), starts[:, k])
    return models


def begun_in_world(
    sight: Sight,
    points: np.ndarray,
    starts: np.ndarray,
    times: np.ndarray,
    options: CalibratedOptions,
) -> Chain:
    """Make the chain of a keypoint from what is known at some times; its loading is to be found.

    Args:
        sight: what cameras show of it.
        points: (times, 3), triangulated; NaN where unknown.
        starts: (times, 3), without gaps.
        times: (times,).
        options: of the model.
    """
    motion = motion_in_world(points, starts, times, options)
    return chain_of(sight, np.zeros((len(sight.offset), 3)), motion, times, options)


def observer(rig: Rig, sight: Sight, chain: Chain) -> Observe:
    """Give the function from positions to a chain's rows: a sight's, and those of the position.

    It remembers the last positions, which are asked for again when their path is linearised.
    """
    cameras = [rig.cameras[number] for number in sight.views[::2]]
    itself = chain.loading[len(sight.offset) :]
    last: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def observe(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if "seen" not in last or last["seen"][0] is not q:
            pixels, slopes = zip(*(project(camera, q) for camera in cameras), strict=True)
            shown = np.concatenate([np.concatenate(pixels, axis=1) - sight.offset, q @ itself.T], 1)
            known = np.broadcast_to(itself, (len(q), *itself.shape))
            last["seen"] = q, shown, np.concatenate([*slopes, known], axis=1)
        return last["seen"][1:]

    return observe


def assembled(
    rig: Rig,
    seen: Mapping[str, View],
    points: Sequence[Point],
    times: np.ndarray,
    names: tuple[str, ...],
    options: CalibratedOptions,
) -> SmoothedViews:
    """Put the result together."""
    fit = fit_of({one.number: one.solved for one in points}, len(names))
    positions, covariances = positions_of(points, len(names), 3, len(times))
    values = reprojected(rig, list(shown_in(seen, points).values()), positions, covariances)
    views = {
        name: smoothed_of(one, view.consensus, fit, options)
        for (name, view), one in zip(seen.items(), values, strict=True)
    }
    return SmoothedViews(views, names, positions, covariances, times)


def reprojected(
    rig: Rig, rows: Sequence[np.ndarray], positions: np.ndarray, covariances: np.ndarray
) -> list[np.ndarray]:
    """Give what every camera shows of positions, also of those that it never sees.

    Args:
        rig: the cameras.
        rows: of each camera, what its rows show, (`SHOWN`, frames, keypoints, 2); NaN where it
            never sees a keypoint. Its noise is then the mean of the others'.
        positions: (frames, keypoints, 3).
        covariances: (frames, keypoints, 3, 3).
    """
    noise = np.stack([predictive - posterior for _, posterior, predictive, *_ in rows])
    known = np.isfinite(noise)
    total = np.where(known, noise, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        noise = np.where(known, noise, total / known.sum(axis=0))
    return [
        np.stack([*pictured(camera, positions, covariances, own), *one[3:]])
        for camera, own, one in zip(rig.cameras, noise, rows, strict=True)
    ]


def pictured(
    camera: Camera, positions: np.ndarray, covariances: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give pixels, posterior and predictive variance of positions in one camera."""
    pixels, slopes = project(camera, positions)
    variance = ((slopes @ covariances) * slopes).sum(axis=-1)
    return pixels, variance, variance + noise
