"""Lost points are told from sound ones by what the rest of the pose says of them."""

import numpy as np
import pytest

from pose_losses.gaussian import Gaussian
from pose_losses.robust import MOST, Posterior, posterior

POINTS, NOISE, LOST = 8, 1.0, 60.0
RNG = np.random.default_rng(4)
AXES = RNG.normal(size=(2 * POINTS, 5)) * 12
POSES = Gaussian(RNG.uniform(50, 150, 2 * POINTS), AXES @ AXES.T + 0.1 * np.eye(2 * POINTS))


def poses(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal(POSES.mean, POSES.covariance, count).reshape(count, POINTS, 2)


def found(points: np.ndarray, confidence: float = 0.9) -> Posterior:
    return posterior(POSES, points, np.full(points.shape[:-1], confidence), NOISE, LOST)


def test_where_all_are_sound_it_is_the_posterior_of_gaussian_noise() -> None:
    """The closed form: a linear Gaussian model, each point trusted as much as it says."""
    truth = poses(20, seed=1)
    said = truth + np.random.default_rng(2).normal(size=truth.shape) * NOISE
    given = found(said)
    weight = (given.trust / NOISE**2).repeat(2, axis=1)
    for row in range(20):
        precision = np.linalg.inv(POSES.covariance)
        covariance = np.linalg.inv(precision + np.diag(weight[row]))
        expected = covariance @ (precision @ POSES.mean + weight[row] * said[row].ravel())
        np.testing.assert_allclose(given.mean[row].ravel(), expected, rtol=1e-2)
        np.testing.assert_allclose(
            given.variance[row], covariance.diagonal().reshape(-1, 2).mean(1), rtol=0.05
        )
    assert given.trust.min() > 0.8


def test_a_lost_point_is_found_out_and_put_where_it_was() -> None:
    truth = poses(50, seed=3)
    said = truth + np.random.default_rng(5).normal(size=truth.shape) * NOISE
    rows, lost = np.arange(50), np.arange(50) % POINTS
    said[rows, lost] += 40
    given = found(said)
    assert np.median(given.trust[rows, lost]) < 0.01
    error = np.linalg.norm(given.mean - truth, axis=-1)
    assert np.median(error[rows, lost]) < 2.5
    others = np.ones((50, POINTS), bool)
    others[rows, lost] = False
    assert np.median(given.trust[others]) > 0.85
    assert error[others].mean() < np.linalg.norm(said - truth, axis=-1)[others].mean()


def test_two_lost_points_do_not_vouch_for_each_other() -> None:
    truth = poses(50, seed=6)
    said = truth.copy()
    said[:, :2] += (35.0, -20.0)
    given = found(said)
    assert (given.trust[:, :2] < 0.1).mean() > 0.8
    assert np.median(np.linalg.norm(given.mean - truth, axis=-1)[:, :2]) < 3


def test_a_missing_point_is_filled_in_and_changes_nothing_else() -> None:
    truth = poses(10, seed=7)
    said = truth.copy()
    said[:, 3] = np.nan
    given = found(said)
    assert np.isfinite(given.mean).all()
    assert (given.trust[:, 3] == 0).all()
    assert np.median(np.linalg.norm(given.mean - truth, axis=-1)[:, 3]) < 3
    nothing = found(np.full((1, POINTS, 2), np.nan))
    np.testing.assert_allclose(nothing.mean.ravel(), POSES.mean, rtol=1e-6)


def test_confidence_decides_where_points_contradict_each_other_alike() -> None:
    """Two points that are always at one place, and are said to be 30 px apart."""
    pair = Gaussian(np.zeros(4), 1e4 * np.kron(np.ones((2, 2)), np.eye(2)) + 0.01 * np.eye(4))
    said = np.array([[[0.0, 0.0], [30.0, 0.0]]])
    given = posterior(pair, said, np.array([[0.9, 0.3]]), NOISE, LOST)
    assert given.mean[0, 0, 0] < 5
    alike = posterior(pair, said, np.array([[0.9, 0.9]]), NOISE, LOST)
    np.testing.assert_allclose(alike.mean[0, :, 0], 15, atol=1)


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_rows_do_not_depend_on_each_other(count: int) -> None:
    said = poses(count, seed=8)
    said[::7, 2] += 25
    given = found(said)
    assert given.mean.shape == (count, POINTS, 2)
    if count:
        alone = found(said[-1:])
        np.testing.assert_allclose(given.mean[-1:], alone.mean, rtol=1e-9)
        np.testing.assert_allclose(given.trust[-1:], alone.trust, rtol=1e-9)


def test_order_of_points_scale_and_place_do_not_matter() -> None:
    said = poses(20, seed=9)
    said[:, 1] += 30
    order = np.random.default_rng(0).permutation(POINTS)
    places = np.stack([2 * order, 2 * order + 1], axis=1).ravel()
    other = Gaussian(3 * POSES.mean[places] + 7, 9 * POSES.covariance[np.ix_(places, places)])
    one = found(said)
    scaled = posterior(
        other, 3 * said[:, order] + 7, np.full((20, POINTS), MOST), 3 * NOISE, 3 * LOST
    )
    np.testing.assert_allclose(scaled.mean, 3 * one.mean[:, order] + 7, rtol=1e-6)
    np.testing.assert_allclose(scaled.trust, one.trust[:, order], atol=1e-6)
