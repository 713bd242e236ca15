"""Principal axes of observations with gaps."""

import numpy as np
import pytest

from pose_eks.models.subspace import principal_axes


def views(
    seed: int, frames: int = 600, count: int = 3, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Draw observations (frames, 2 per view) of a 3-D point, and the true axes."""
    rng = np.random.default_rng(seed)
    loading = rng.normal(size=(2 * count, 3))
    hidden = (
        rng.normal(size=(frames, 3)) * [9.0, 5.0, 3.0] @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    )
    seen = hidden @ loading.T + 100
    return seen + noise * rng.normal(size=seen.shape), np.linalg.qr(loading)[0]


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Give the largest angle between two subspaces, in radians."""
    cosine = np.linalg.svd(a.T @ b, compute_uv=False).min()
    return float(np.arccos(min(1.0, cosine)))


def test_without_gaps_the_axes_are_those_of_the_covariance() -> None:
    values, _ = views(0)
    found = principal_axes(values, 3)
    _, singular, right = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(np.diag(found.axes.T @ right[:3].T)), 1, atol=1e-9)
    np.testing.assert_allclose(found.variance, singular[:3] ** 2 / len(values))
    np.testing.assert_allclose(found.coordinates(values), (values - found.mean) @ found.axes)


@pytest.mark.parametrize("seed", range(3))
def test_views_that_are_missing_in_turn_leave_the_axes(seed: int) -> None:
    values, truth = views(seed)
    rng = np.random.default_rng(seed)
    gone = rng.integers(0, 6, len(values))  # each of three views in a sixth of the frames
    for view in range(3):
        values[gone == view, 2 * view : 2 * view + 2] = np.nan
    found = principal_axes(values, 3)
    assert angle(found.axes, truth) < 0.02
    assert found.noise == pytest.approx(0.01, rel=0.25)


def test_coordinates_need_as_many_rows_as_axes() -> None:
    values, _ = views(1)
    found = principal_axes(values, 3)
    values[0, 2:] = np.nan  # one view alone
    values[1, 4:] = np.nan  # two views
    values[2] = np.nan
    told = np.isfinite(found.coordinates(values)).all(axis=1)
    assert told.tolist()[:4] == [False, True, False, True]


def test_a_view_counts_by_its_variance() -> None:
    values, _ = views(2, noise=0.0)
    found = principal_axes(values, 3)
    exact = found.coordinates(values)
    wrong, spread = values.copy(), np.ones_like(values)
    wrong[:, :2] += 30
    spread[:, :2] = 1e8
    np.testing.assert_allclose(found.coordinates(wrong, spread), exact, atol=1e-4)
