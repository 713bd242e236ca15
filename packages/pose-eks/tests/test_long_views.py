"""Several views smoothed some frames at a time, against all frames at once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pose_eks import EksError, Ensemble, MultiCameraOptions, smooth_views
from pose_eks.models import sights
from pose_eks.models.long_sights import LongView
from pose_eks.models.long_views import smooth_long_views
from pose_eks.models.mirrored import Layout, Mirrored
from pose_eks.models.shelf import Shelf

Lay = Callable[..., Shelf]
Compare = Callable[..., None]


def views_seen(seed: int = 0, frames: int = 500, keypoints: int = 3) -> dict[str, Ensemble]:
    """Draw three members in three views, with gaps of every kind and mistakes of one view."""
    rng = np.random.default_rng(seed)
    space = np.cumsum(rng.normal(size=(frames, keypoints, 3)), axis=0)
    views = {}
    for name in ("left", "right", "top"):
        truth = 100 + space @ rng.normal(size=(3, 2))
        truth = truth + 30 * (rng.random((frames, keypoints, 1)) < 0.02)
        points = truth + rng.normal(size=(3, *truth.shape))
        points[rng.random(points.shape[:3]) < 0.1] = np.nan
        points[:, 240:270, 1] = np.nan
        views[name] = Ensemble(points, rng.uniform(0.5, 1, points.shape[:3]))
    views["top"].keypoints[:, :, 0] = np.nan  # a point that two views see
    for one in ("left", "right"):
        views[one].keypoints[:, :, 2] = np.nan  # and one that a single view sees
    return views


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
@pytest.mark.parametrize("likelihood", ["gaussian", "student"])
def test_cameras_in_chunks_are_those_in_one_pass(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, likelihood: str, dynamics: str
) -> None:
    views = views_seen()
    options = MultiCameraOptions(likelihood=likelihood, dynamics=dynamics)  # type: ignore[arg-type]
    expected = smooth_views(views, options).views
    own = np.arange(3)
    long = [LongView(shelf_of(tmp_path / n, v, options), own) for n, v in views.items()]
    found = smooth_long_views(long, tmp_path, options, size=128).shelves
    share = 5e-4 if likelihood == "student" else 1e-5  # weights are iterated, not to the last digit
    for one, name in zip(found, views, strict=True):
        assert_same(one, expected[name], share=share)


@pytest.mark.parametrize("likelihood", ["gaussian", "student"])
def test_mirrored_views_in_chunks_are_those_in_one_pass(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, likelihood: str
) -> None:
    views = views_seen(1)
    both = [views["left"], views["right"]]
    points = np.concatenate([one.keypoints for one in both], axis=2)
    sure = np.concatenate([one.confidence for one in both], axis=2)  # type: ignore[misc]
    picture = Ensemble(points[:, :, :5], sure[..., :5])
    layout = Layout.of([("a", "x"), ("a", "y"), ("a", "z"), ("b", "x"), ("b", "y")])
    parts = Mirrored.of(picture, layout)
    options = MultiCameraOptions(likelihood=likelihood)  # type: ignore[arg-type]
    expected = parts.joined(smooth_views(parts.views, options).views)
    shelf = shelf_of(tmp_path / "shelf", picture, options)
    long = [LongView(shelf, np.array(own)) for own in ([0, 1, 2], [3, 4, -1])]
    (found,) = smooth_long_views(long, tmp_path, options, size=100).shelves
    assert_same(found, expected)


@pytest.mark.parametrize(
    "changed", [{"groups": (("a", "c"),)}, {"fit_frames": ((0, 200), (300, 420))}, {"b": 0.5}]
)
def test_options_hold_in_chunks_too(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, changed: dict[str, object]
) -> None:
    views = views_seen(2)
    options = MultiCameraOptions(**changed)  # type: ignore[arg-type]
    times = np.cumsum(np.random.default_rng(0).uniform(0.5, 2, 500))
    expected = smooth_views(views, options, times, "abc").views
    own = np.arange(3)
    long = [LongView(shelf_of(tmp_path / n, v, options), own) for n, v in views.items()]
    found = smooth_long_views(long, tmp_path, options, times, "abc", size=64).shelves
    for one, name in zip(found, views, strict=True):
        assert_same(one, expected[name])


def test_both_learn_from_the_same_few_frames(
    tmp_path: Path, shelf_of: Lay, assert_same: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sights, "MOST", 200)
    monkeypatch.setattr(sights, "STRETCH", 20)
    test_cameras_in_chunks_are_those_in_one_pass(
        tmp_path, shelf_of, assert_same, "gaussian", "velocity"
    )


def test_frames_to_learn_from_are_spread_over_those_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sights, "MOST", 6)
    monkeypatch.setattr(sights, "STRETCH", 3)
    seen = np.ones(20, bool)
    np.testing.assert_array_equal(sights.few_of(seen[:6]), np.arange(6))
    np.testing.assert_array_equal(sights.few_of(seen), [0, 1, 2, 17, 18, 19])
    seen[2:16] = False
    np.testing.assert_array_equal(sights.few_of(seen), [0, 1, 16, 17, 18, 19])


def test_what_needs_all_frames_is_refused(tmp_path: Path, shelf_of: Lay) -> None:
    views = views_seen()
    for options in (MultiCameraOptions(inflate=True), MultiCameraOptions(compat="eks4", s=1.0)):
        shelf = shelf_of(tmp_path / "one", views["left"], options)
        with pytest.raises(EksError, match="inflate, compat: need all frames at once"):
            smooth_long_views([LongView(shelf, np.arange(3))] * 2, tmp_path, options)
