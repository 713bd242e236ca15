"""Several synchronous views of one animal."""

from collections.abc import Mapping

import numpy as np
import pytest

from pose_eks import EksError, Ensemble, MultiCameraOptions, SmoothedViews, smooth_views
from pose_eks.models.singlecam import smooth
from pose_eks.options import SingleCameraOptions

FRAMES, KEYPOINTS = 200, 2
QUICK = MultiCameraOptions(likelihood="gaussian", dynamics="walk")


def scene(seed: int, cameras: int = 3) -> tuple[np.ndarray, dict[str, Ensemble]]:
    """Draw truth (views, frames, keypoints, 2), and what four members say."""
    rng = np.random.default_rng(seed)
    points = np.cumsum(rng.normal(size=(FRAMES, KEYPOINTS, 3)), axis=0)
    truth = np.einsum("vad,tkd->vtka", rng.normal(size=(cameras, 2, 3)), points) + 200
    found = truth[:, None] + rng.normal(size=(cameras, 4, FRAMES, KEYPOINTS, 2))
    names = ("top", "left", "right")[:cameras]
    return truth, {name: Ensemble(one) for name, one in zip(names, found, strict=True)}


def changed(views: Mapping[str, Ensemble], name: str, change: object) -> dict[str, Ensemble]:
    """Give the views with NaN in one of them, at an index of (frames, keypoints)."""
    keypoints = views[name].keypoints.copy()
    keypoints[(slice(None), *change)] = np.nan  # type: ignore[misc]
    return {**views, name: Ensemble(keypoints)}


def error(found: SmoothedViews, truth: np.ndarray) -> float:
    smoothed = np.stack([view.keypoints for view in found.views.values()])
    return float(np.sqrt(((smoothed - truth) ** 2).sum(axis=-1).mean()))


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
def test_views_together_are_nearer_the_truth_than_each_alone(dynamics: str) -> None:
    truth, views = scene(0)
    together = smooth_views(views, MultiCameraOptions(likelihood="gaussian", dynamics=dynamics))  # type: ignore[arg-type]
    options = SingleCameraOptions(dynamics=dynamics)  # type: ignore[arg-type]
    alone = np.stack([smooth(view.keypoints, options=options).keypoints for view in views.values()])
    apart = float(np.sqrt(((alone - truth) ** 2).sum(axis=-1).mean()))
    assert error(together, truth) < 0.85 * apart


def test_a_camera_without_a_picture_is_filled_in_by_the_others() -> None:
    truth, views = scene(1)
    found = smooth_views(changed(views, "left", (slice(60, 75),)), QUICK)
    left = found.views["left"]
    off = np.linalg.norm(left.keypoints[60:75] - truth[1, 60:75], axis=-1)
    assert off.max() < 3.0
    assert np.isnan(left.center[60:75]).all()
    assert np.isfinite(left.posterior_variance).all()
    assert left.posterior_variance[60:75].mean() > left.posterior_variance[:60].mean()


def test_a_dead_camera_stays_empty_and_harms_nobody() -> None:
    truth, views = scene(2)
    found = smooth_views(changed(views, "right", (slice(None),)), QUICK)
    assert np.isnan(found.views["right"].keypoints).all()
    two = smooth_views({name: views[name] for name in ("top", "left")}, QUICK)
    for name in two.views:
        np.testing.assert_allclose(found.views[name].keypoints, two.views[name].keypoints)
    assert np.isfinite(truth).all()


def test_a_frame_that_nobody_sees_is_wide_but_there() -> None:
    _, views = scene(3)
    for name in views:
        views = changed(views, name, (slice(100, 103),))
    found = smooth_views(views, QUICK)
    for view in found.views.values():
        assert np.isfinite(view.keypoints).all()
        assert view.posterior_variance[101].min() > view.posterior_variance[50].max()


def test_a_keypoint_of_one_view_is_smoothed_as_by_one_camera() -> None:
    _, views = scene(4)
    for name in ("top", "right"):
        views = changed(views, name, (slice(None), 1))
    given = {"s": 1.5, "b": 0.3, "dynamics": "walk"}
    found = smooth_views(views, MultiCameraOptions(likelihood="gaussian", **given))  # type: ignore[arg-type]
    alone = smooth(views["left"].keypoints, options=SingleCameraOptions(**given))  # type: ignore[arg-type]
    left = found.views["left"]
    np.testing.assert_allclose(left.keypoints[5:, 1], alone.keypoints[5:, 1], atol=0.01)
    np.testing.assert_allclose(  # the first frames differ by how wide the first position is taken
        left.posterior_variance[5:, 1], alone.posterior_variance[5:, 1], rtol=0.02
    )


def test_the_order_of_views_and_members_does_not_matter() -> None:
    _, views = scene(5)
    found = smooth_views(views, QUICK)
    turned = {name: Ensemble(views[name].keypoints[::-1]) for name in reversed(views)}
    again = smooth_views(turned, QUICK)
    for name in views:
        np.testing.assert_allclose(
            again.views[name].keypoints, found.views[name].keypoints, atol=1e-3
        )


def test_pixels_may_be_shifted_and_all_cameras_scaled() -> None:
    _, views = scene(6)
    found = smooth_views(views, QUICK)
    moved = {name: Ensemble(3.0 * view.keypoints - 500.0) for name, view in views.items()}
    again = smooth_views(moved, QUICK)
    for name in views:
        np.testing.assert_allclose(
            again.views[name].keypoints, 3.0 * found.views[name].keypoints - 500.0, atol=0.02
        )
        np.testing.assert_allclose(
            again.views[name].posterior_variance,
            9.0 * found.views[name].posterior_variance,
            rtol=0.01,
        )


@pytest.mark.parametrize("latent", [1, 2, 4])
def test_any_number_of_latent_dimensions(latent: int) -> None:
    _, views = scene(7)
    options = MultiCameraOptions(likelihood="gaussian", dynamics="walk", latent=latent)
    found = smooth_views(views, options)
    assert found.positions.shape == (FRAMES, KEYPOINTS, latent)
    assert found.covariance.shape == (FRAMES, KEYPOINTS, latent, latent)
    assert np.isfinite(found.positions).all()


def test_a_view_that_is_sure_and_wrong_is_outvoted() -> None:
    truth, views = scene(8)
    wrong = views["top"].keypoints.copy()
    wrong[:, 70:74] += 40.0  # all members alike
    views = {**views, "top": Ensemble(wrong)}
    gaussian = smooth_views(views, QUICK)
    student = smooth_views(views, MultiCameraOptions(dynamics="walk"))
    off = [
        np.linalg.norm(found.views["top"].keypoints[70:74] - truth[0, 70:74], axis=-1).max()
        for found in (gaussian, student)
    ]
    assert off[1] < 0.8 * off[0], off
    weight = student.views["top"].weight
    assert weight is not None
    assert weight[70:74].max() < 0.1 < np.median(weight)


def test_members_that_are_alone_count_by_their_confidence() -> None:
    truth, views = scene(9)
    rng = np.random.default_rng(0)
    lone = {
        name: Ensemble(v.keypoints[:1], rng.uniform(0.3, 1, (1, FRAMES, 2)))
        for name, v in views.items()
    }
    found = smooth_views(lone, QUICK)
    assert error(found, truth) < 1.3
    mixed = smooth_views({**lone, "top": views["top"]}, QUICK)
    assert error(mixed, truth) < error(found, truth)


@pytest.mark.parametrize(
    ("views", "message"),
    [
        (lambda v: {"top": v["top"]}, "1 given; this model needs two or more"),
        (
            lambda v: {**v, "left": Ensemble(v["left"].keypoints[:, :-1])},
            "'left' has 199 frames and 2 keypoints, 'top' 200 and 2",
        ),
        (
            lambda v: {"top": changed(v, "top", (slice(0, 100),))["top"],
                       "left": changed(v, "left", (slice(100, None),))["left"]},
            "paw: 0 frames show it well in two views at once",
        ),
    ],
)  # fmt: skip
def test_views_that_cannot_be_used_are_refused(views: object, message: str) -> None:
    _, drawn = scene(10)
    with pytest.raises(EksError, match=message):
        smooth_views(views(drawn), QUICK, names=("paw", "nose"))  # type: ignore[operator]
