"""The losses' quantities on finished predictions. Truth: the losses, and cameras that are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pose_core.errors import ConfigError, FormatError
from pose_core.hookspecs import Predicted
from pose_core.labels import Labels
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.views import join_labels, join_predictions
from pose_losses.metrics import pca_multiview_error, pca_singleview_error
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions
from pose_losses.subspaces import build_pca_multiview, build_pca_singleview

POINTS = ("nose", "ear", "tail", "paw")
CAMERAS = {
    "left": np.array([[1.0, 0.2], [0.1, 0.9], [0.3, -0.2]]),
    "right": np.array([[0.9, 0.0], [0.1, 0.3], [-0.2, 1.1]]),
}


def cameras(frames: int = 50, noise: float = 0.0, seed: int = 0) -> dict[str, np.ndarray]:
    """Give the points of an animal in each of two cameras of their own, (frames, 4, 2)."""
    rng = np.random.default_rng(seed)
    there = rng.normal(scale=30, size=(frames, 1, 3)) + rng.normal(scale=10, size=(frames, 4, 3))
    seen = {name: there @ matrix + 200 for name, matrix in CAMERAS.items()}
    return {name: one + rng.normal(scale=noise, size=one.shape) for name, one in seen.items()}


def labels(**given: float) -> Labels:
    frames = [f"v/{n}.png" for n in range(50)]
    views = cameras(**given)
    return join_labels({v: Labels.of(frames, p, Skeleton(POINTS)) for v, p in views.items()})


def predictions(views: dict[str, np.ndarray]) -> Predictions:
    each = {
        view: Predictions(points, np.ones(points.shape[:2]), Skeleton(POINTS))
        for view, points in views.items()
    }
    return join_predictions(each)


def test_one_file_per_view_is_read_as_views_side_by_side() -> None:
    joined = labels()
    assert joined.skeleton.views["right"] == ("nose_right", "ear_right", "tail_right", "paw_right")
    errors = pca_multiview_error(predictions(cameras(frames=9, seed=1)), joined)
    assert errors.shape == (9, 8)
    assert errors.max() < 1e-6
    wrong = cameras(frames=9, seed=1)
    wrong["right"][4, 2] += (0.0, 20.0)
    errors = pca_multiview_error(predictions(wrong), joined)
    assert np.argwhere(errors > 1).tolist() == [[4, 2], [4, 6]]


def test_views_of_different_lengths_are_refused() -> None:
    uneven = {"left": cameras(5)["left"], "right": cameras(4)["right"]}
    with pytest.raises(FormatError, match=r"different numbers of frames \(left 5, right 4\); give"):
        predictions(uneven)
    with pytest.raises(FormatError, match="no views"):
        join_labels({})


@pytest.mark.parametrize("build", [build_pca_singleview, build_pca_multiview])
def test_metrics_are_the_published_losses_without_epsilon(build) -> None:
    given = labels(noise=1.0)
    found = predictions(cameras(frames=20, noise=3.0, seed=2))
    options, metric = {
        build_pca_singleview: (PcaSingleviewOptions, pca_singleview_error),
        build_pca_multiview: (PcaMultiviewOptions, pca_multiview_error),
    }[build]
    loss = build(options(form="published", epsilon=1e-6), given, 1.0)
    values = loss(Predicted(decoded=torch.tensor(found.keypoints)))
    order = slice(None) if build is build_pca_singleview else [0, 2, 4, 6, 1, 3, 5, 7]
    expected = values.reshape(20, 8)[:, order]
    np.testing.assert_allclose(metric(found, given), expected, atol=1e-5)


def test_keypoints_are_matched_by_name() -> None:
    given, found = labels(noise=1.0), predictions(cameras(frames=6, noise=3.0, seed=2))
    names, order = found.skeleton.names, [3, 1, 0, 2, 7, 6, 5, 4]
    other = replace(
        found,
        keypoints=found.keypoints[:, order],
        skeleton=Skeleton(tuple(names[n] for n in order)),
    )
    for metric in (pca_singleview_error, pca_multiview_error):
        np.testing.assert_allclose(metric(other, given), metric(found, given)[:, order])
    one_view = Predictions(np.zeros((2, 4, 2)), np.ones((2, 4)), Skeleton(POINTS))
    with pytest.raises(FormatError, match="no keypoint 'nose_left'"):
        pca_multiview_error(one_view, given)


def test_few_complete_labels_are_fitted_with_the_incomplete_ones() -> None:
    given = labels(noise=0.3)
    keypoints = given.keypoints.copy()
    keypoints[np.arange(45), np.arange(45) % 8] = np.nan
    few = Labels.of(given.frames, keypoints, given.skeleton)
    found = predictions(cameras(frames=40, seed=3))
    errors, complete = (np.median(pca_singleview_error(found, one)) for one in (few, given))
    assert errors < 1.3 * complete


def test_what_cannot_be_fitted_is_refused() -> None:
    found = predictions(cameras(frames=3))
    with pytest.raises(FormatError, match="pca_singleview_error: needs labels to be fitted to"):
        pca_singleview_error(found, None)
    one = Labels.of(["v/0.png"], np.zeros((1, 8, 2)), Skeleton(found.skeleton.names))
    with pytest.raises(ConfigError, match=r"^pca_multiview_error: the skeleton has 0 .* names$"):
        pca_multiview_error(found, one)
    with pytest.raises(ConfigError, match=r"^pca_singleview_error: 1 labeled .* more frames$"):
        pca_singleview_error(found, one)
