"""Truth: singular vectors, a regression in closed form, scenes whose subspace is known."""

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pose_core.errors import ConfigError
from pose_core.hookspecs import BuiltLoss, Predicted
from pose_core.labels import Labels
from pose_core.options import fill
from pose_core.skeleton import Skeleton
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions, TemporalOptions
from pose_losses.pca import (
    Subspace,
    errors_left_out,
    fit_gaussian,
    fit_subspace,
    point_errors,
    tolerance,
)
from pose_losses.subspaces import build_pca_multiview, build_pca_singleview, distances

NAN = float("nan")
VIEWS = {"top": ("nose_t", "ear_t", "tail_t", "paw_t"), "bot": ("nose_b", "ear_b", "tail_b", None)}
NAMES = (*VIEWS["top"], "nose_b", "ear_b", "tail_b")
SKELETON = Skeleton(NAMES, views=VIEWS)


def scene(frames: int = 80, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Give points in space seen by two cameras that project linearly, (frames, 7, 2)."""
    rng = np.random.default_rng(seed)
    points = rng.normal(scale=30, size=(frames, 1, 3)) + rng.normal(scale=10, size=(frames, 4, 3))
    top = points @ np.array([[1.0, 0.2], [0.1, 0.9], [0.3, -0.2]]) + (200, 100)
    bottom = points @ np.array([[0.9, 0.0], [0.1, 0.3], [-0.2, 1.1]]) + (210, 300)
    both = np.concatenate([top, bottom[:, :3]], axis=1)
    return both + rng.normal(scale=noise, size=both.shape)


def labels_of(keypoints: np.ndarray) -> Labels:
    return Labels.of([f"v/{n}.png" for n in range(len(keypoints))], keypoints, SKELETON)


def said(keypoints: np.ndarray) -> Predicted:
    return Predicted(decoded=torch.tensor(keypoints, dtype=torch.float32))


def published_singleview(labels: Labels, **options: float) -> BuiltLoss:
    return build_pca_singleview(PcaSingleviewOptions(form="published", **options), labels, 1.0)


def published_multiview(labels: Labels, **options: float) -> BuiltLoss:
    return build_pca_multiview(PcaMultiviewOptions(form="published", **options), labels, 1.0)


def test_without_gaps_the_axes_are_the_leading_singular_vectors() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 6)) * (9, 5, 3, 1, 0.5, 0.1) + 7
    subspace = fit_subspace(rows, 3)
    _, s, vectors = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
    np.testing.assert_allclose(subspace.axes @ subspace.axes.T, vectors[:3].T @ vectors[:3])
    assert subspace.variance == pytest.approx((s[:3] ** 2).sum() / (s**2).sum())


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1), (0.9, 2), (0.95, 3), (1.0, 4)])
def test_as_many_components_are_kept_as_explain_the_share(share: float, expected: int) -> None:
    corners = np.concatenate([np.eye(4), -np.eye(4)])
    rows = corners * np.sqrt([60.0, 30.0, 7.0, 3.0])  # variances in these ratios
    assert fit_subspace(rows, share if share < 1 else 4).axes.shape == (4, expected)


def test_with_gaps_in_one_column_the_fit_is_the_regression_in_closed_form() -> None:
    """Anderson's factored likelihood: the complete column informs the other's mean."""
    rng = np.random.default_rng(1)
    x = rng.normal(10, 3, 200)
    y = 2 * x + rng.normal(0, 1, 200)
    known = x < 11  # missing by the value of x, so that the known mean of y is biased
    rows = np.stack([x, np.where(known, y, NAN)], axis=1)
    slope = np.cov(x[known], y[known], bias=True)[0, 1] / x[known].var()
    rest = (y[known] - y[known].mean() - slope * (x[known] - x[known].mean())).var()
    mean, covariance = fit_gaussian(rows)
    expected = y[known].mean() + slope * (x.mean() - x[known].mean())
    np.testing.assert_allclose(mean, [x.mean(), expected], rtol=1e-3)
    np.testing.assert_allclose(covariance[0], [x.var(), slope * x.var()], rtol=1e-3)
    np.testing.assert_allclose(covariance[1, 1], slope**2 * x.var() + rest, rtol=1e-3)


def test_a_subspace_is_found_although_hardly_a_row_is_complete() -> None:
    keypoints = scene(frames=150, noise=0.2).reshape(150, -1)
    rng = np.random.default_rng(2)
    gaps = np.repeat(rng.random((150, 7)) < 0.3, 2, axis=1)
    subspace = fit_subspace(np.where(gaps, NAN, keypoints), 12)
    assert np.isnan(np.where(gaps, NAN, keypoints)).any(1).mean() > 0.85
    assert np.median(point_errors(scene(frames=50, seed=9).reshape(50, -1), subspace)) < 0.3


def test_rows_that_never_vary_can_be_fitted() -> None:
    rows = np.ones((5, 2))
    rows[1, 0] = NAN
    np.testing.assert_allclose(fit_subspace(rows, 1).reconstruct(np.ones((1, 2))), 1)


def test_the_tolerance_is_a_percentile_of_the_labels_own_errors_in_pixels() -> None:
    subspace = Subspace(np.zeros(4), np.eye(4)[:, :2], 1.0)  # the first point free, the second at 0
    rows = np.zeros((101, 4))
    rows[:, 2], rows[5, :2] = np.arange(101.0), NAN
    errors = np.concatenate([np.zeros(100), np.delete(np.arange(101.0), 5)])
    assert tolerance(point_errors(rows, subspace), 99.0) == pytest.approx(np.percentile(errors, 99))
    assert tolerance(point_errors(rows, subspace), 100.0) == 100
    assert tolerance(np.full(3, NAN), 100.0) == 0


def test_errors_of_labels_left_out_are_those_of_new_frames() -> None:
    """Of those that were fitted they would be half as large: 24 rows of 14 coordinates."""
    rows, others = (scene(n, noise=1.0, seed=s).reshape(n, 14) for n, s in ((24, 0), (4000, 1)))
    subspace = fit_subspace(rows, 9)
    new = np.nanmean(point_errors(others, subspace))
    assert np.nanmean(point_errors(rows, subspace)) < 0.65 * new
    assert np.nanmean(errors_left_out(rows, 9)) == pytest.approx(new, rel=0.25)


def test_the_subspace_is_that_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.decomposition", reason="scikit-learn is not installed")
    rows = scene(noise=2.0).reshape(80, 14)
    for components in (3, 0.9, 0.99):
        theirs, ours = sklearn.PCA(components, svd_solver="full").fit(rows), None
        ours = fit_subspace(rows, components)
        assert ours.components == theirs.n_components_
        assert ours.variance == pytest.approx(theirs.explained_variance_ratio_.sum())
        expected = theirs.inverse_transform(theirs.transform(rows))
        np.testing.assert_allclose(ours.reconstruct(rows), expected, atol=1e-8)


def test_rows_with_gaps_are_reconstructed_by_least_squares() -> None:
    rng = np.random.default_rng(5)
    subspace = Subspace(rng.normal(size=8), np.linalg.qr(rng.normal(size=(8, 3)))[0], 1.0)
    rows = rng.normal(scale=20, size=(3, 8))
    rows[1, 2:4] = rows[2, 2:8] = NAN
    found = subspace.reconstruct(rows)
    seen = np.isfinite(rows[1])
    score = np.linalg.pinv(subspace.axes[seen]) @ (rows[1] - subspace.mean)[seen]
    np.testing.assert_allclose(found[1], subspace.axes @ score + subspace.mean)
    assert np.isnan(found[2]).all()  # two coordinates, three dimensions


@pytest.mark.parametrize("build", [published_singleview, published_multiview])
def test_correct_labels_given_as_predictions_cost_nothing(build: Callable) -> None:
    """Published: labels were fitted in resized pixels and compared with predictions in the frame's.

    The same labels at two thirds of the size must then cost a lot, or this test sees nothing.
    """
    keypoints = scene(noise=0.5)
    loss = build(labels_of(keypoints))
    assert loss(said(keypoints)).max() == 0  # epsilon is the largest error of all
    loss = build(labels_of(keypoints), percentile=99.0)
    values = loss(said(keypoints))
    known = values[torch.isfinite(values)]
    assert (known > 0).float().mean() <= 0.011
    assert known.mean() < 0.03
    shrunk = loss(said(keypoints * 256 / 396))
    assert shrunk[torch.isfinite(shrunk)].mean() > 1


def test_two_views_that_disagree_cost_the_distance_to_what_they_could_agree_on() -> None:
    keypoints = scene()
    loss = published_multiview(labels_of(keypoints), epsilon=1e-9)
    wrong = keypoints.copy()
    wrong[3, NAMES.index("ear_b")] += (0.0, 25.0)
    values = loss(said(wrong))
    assert values.shape == (80, 3, 2)
    rows = np.stack([keypoints[:, :3], keypoints[:, 4:]], axis=2).reshape(-1, 4)
    _, _, vectors = np.linalg.svd(rows - rows.mean(0))
    left = vectors[3] * (vectors[3] @ [0, 0, 0, 25.0])  # outside of the three dimensions
    expected = [np.hypot(*left[:2]), np.hypot(*left[2:])]
    np.testing.assert_allclose(values[3, 1], expected, atol=1e-2)
    others = torch.ones(80, 3, dtype=torch.bool)
    others[3, 1] = False
    assert values[others].max() < 1e-2


def test_a_point_that_one_view_does_not_show_is_left_alone() -> None:
    keypoints = scene()
    loss = published_multiview(labels_of(keypoints))
    wrong = keypoints.copy()
    wrong[:, NAMES.index("paw_t")] += 100
    torch.testing.assert_close(loss(said(wrong)), loss(said(keypoints)))


def test_a_point_missing_in_one_view_says_nothing_of_the_other() -> None:
    keypoints = scene()
    loss = published_multiview(labels_of(keypoints))
    keypoints[0, NAMES.index("nose_t")] = NAN
    values = loss(said(keypoints))
    assert values.isnan().nonzero().tolist() == [[0, 0, 0], [0, 0, 1]]


def test_what_is_known_of_a_pose_is_compared_with_the_nearest_pose() -> None:
    """A dense least-squares solution per frame is the truth."""
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.normal(size=(14, 5)))[0]
    rows = rng.normal(scale=20, size=(4, 14))
    rows[1, 4:6] = rows[2, :8] = NAN
    rows[3, :9] = NAN  # 5 coordinates for 5 dimensions: always agree
    found = distances(
        torch.tensor(rows).unflatten(-1, (7, 2))[:, None], torch.zeros(14), torch.tensor(axes)
    )[:, 0]
    for row, values in zip(rows[:3], found[:3], strict=True):
        seen = np.isfinite(row)
        solution = np.linalg.lstsq(axes[seen], row[seen], rcond=None)[0]
        expected = np.linalg.norm((row - axes @ solution).reshape(7, 2), axis=-1)
        np.testing.assert_allclose(values, expected, atol=1e-3)
    assert found[3].isnan().all()


def test_the_loss_is_computed_in_full_precision_under_autocast() -> None:
    keypoints = scene(noise=0.5)
    loss = published_singleview(labels_of(keypoints), epsilon=1e-9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(said(keypoints + 3))
    torch.testing.assert_close(inside, loss(said(keypoints + 3)), equal_nan=True)


def test_too_few_labels_are_refused_with_both_counts_and_the_remedy() -> None:
    with pytest.raises(ConfigError, match=r"13 frames with every label are too few to fit 14"):
        published_singleview(labels_of(scene(frames=13)))
    gaps = scene(frames=30)
    gaps[:20, 1] = NAN
    with pytest.raises(ConfigError, match=r"10 frames with every .*set .*\.form=improved"):
        published_singleview(labels_of(gaps))
    empty = np.full((4, 7, 2), NAN)
    for build in (build_pca_multiview, published_multiview):
        given = () if build is published_multiview else (PcaMultiviewOptions(),)
        with pytest.raises(ConfigError, match=r"pca_multiview: 0 points labeled in all views are"):
            build(*given, labels_of(empty), *([1.0] * len(given)))
    for few in (empty, scene(frames=1)):
        with pytest.raises(ConfigError, match=r"pca_singleview: 0 of 7 keypoints have 10 labels"):
            build_pca_singleview(PcaSingleviewOptions(form="improved"), labels_of(few), 1.0)


def test_what_was_fitted_is_said_in_pixels() -> None:
    keypoints = scene(noise=0.5)
    keypoints[:30, 1] = NAN
    loss = published_singleview(labels_of(keypoints), epsilon=3.0)
    assert loss.about is not None
    words = r"published, \d of 14 components explain 99\.\d\d % of 50 poses, epsilon 3 px"
    assert re.fullmatch(words, loss.about(5.0))
    improved = build_pca_singleview(
        PcaSingleviewOptions(form="improved"), labels_of(keypoints), 1.0
    )
    assert improved.about is not None
    words = r"improved, .* of 80 labeled poses.*, noise fitted in validation, epsilon noise"
    assert re.fullmatch(words, improved.about(300.0))


def test_a_keypoint_without_any_label_is_left_out_of_the_pose() -> None:
    keypoints = scene(noise=0.5)
    keypoints[:, 2] = NAN
    values = published_singleview(labels_of(keypoints))(said(scene()))
    assert values.shape == (80, 1, 6)
    assert values.isfinite().all()


@pytest.mark.parametrize(
    ("views", "message"),
    [
        ({}, "the skeleton has 0 views; it needs two or more"),
        ({"top": ("a", None), "bot": (None, "b")}, "no keypoint is in all views"),
    ],
)
def test_one_view_or_views_that_share_nothing_are_refused(views: dict, message: str) -> None:
    labels = Labels.of(["v/0.png"], np.zeros((1, 2, 2)), Skeleton(("a", "b"), views=views))
    with pytest.raises(ConfigError, match=f"losses.pca_multiview: {message}"):
        published_multiview(labels)


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (PcaMultiviewOptions, {"percentile": 0.99}, "percentiles run to 100, did you mean 99"),
        (PcaMultiviewOptions, {"percentile": 101.0}, "percentile is 101.0; give one above 0"),
        (PcaSingleviewOptions, {"floor": -1.0}, "floor is -1.0; give 0 or more standard"),
        (PcaMultiviewOptions, {"gate": 2.0}, "gate is 2.0; give one from 0 to 1"),
        (PcaSingleviewOptions, {"form": "paper"}, "'paper' is not one of"),
        (PcaSingleviewOptions, {"variance": 99}, "variance is 99.0; give a share above 0"),
        (PcaSingleviewOptions, {"percentile": 99}, "percentile is 99.0, which says nothing where"),
        (PcaSingleviewOptions, {"variance": 0.9}, "variance is 0.9, .* where form is 'improved'"),
        (PcaSingleviewOptions, {"form": "published", "noise": 1}, "noise is 1.0, which says noth"),
        (PcaMultiviewOptions, {"form": "published", "gate": 0.5}, "gate is 0.5, which says noth"),
        (PcaMultiviewOptions, {"form": "published", "floor": 0.5}, "floor is 0.5, which says noth"),
        (TemporalOptions, {"form": "published", "teach": "point"}, "teach is point, which says n"),
        (PcaMultiviewOptions, {"percentile": 99, "epsilon": 2}, "99, and epsilon is given as 2"),
    ],
)
def test_options_that_cannot_be_or_say_nothing_are_refused(
    options: type, given: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=f"losses.pca.*{message}"):
        fill(options, given, "losses.pca")


@pytest.mark.data
def test_labels_of_a_real_mouse_in_two_mirrored_views_cost_nothing() -> None:
    """Published, with units mixed: 32 px of pose loss, and 89 % of correct labels too far off."""
    if "POSE_DATA_DIR" not in os.environ:
        pytest.skip("POSE_DATA_DIR is not set")
    path = Path(os.environ["POSE_DATA_DIR"]) / "mirror-mouse-example" / "CollectedData.csv"
    rows = list(csv.reader(path.read_text().splitlines()))
    names = rows[1][1::2]
    keypoints = np.array([[float(v or NAN) for v in row[1:]] for row in rows[3:]])
    keypoints = keypoints.reshape(len(keypoints), -1, 2)
    tops = [name for name in names if name.endswith("_top")]
    bottoms = [name.replace("_top", "_bot") for name in tops]
    views = {"top": tuple(tops), "bot": tuple(b if b in names else None for b in bottoms)}
    labels = Labels.of([row[0] for row in rows[3:]], keypoints, Skeleton(tuple(names), views=views))
    for build in (published_singleview, published_multiview):
        loss = build(labels, percentile=99.0)
        values = loss(said(keypoints))
        known = values[values.isfinite()]
        assert len(known) > 500
        assert known.mean() < 0.2
        assert (known > 0).float().mean() < 0.05  # incomplete frames were not fitted
