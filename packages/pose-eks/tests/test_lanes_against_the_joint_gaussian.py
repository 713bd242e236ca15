"""The state-space core against dense linear algebra, scipy and finite differences."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.lanes import Lanes, Noise


def random_lanes(seed: int, lanes: int = 3, frames: int = 23, missing: float = 0.25) -> Lanes:
    rng = np.random.default_rng(seed)
    observed = np.cumsum(rng.normal(size=(lanes, frames)), axis=1)
    observed[rng.random((lanes, frames)) < missing] = np.nan
    gaps = rng.uniform(0.2, 3.0, size=frames)
    gaps[0] = 0.0
    spread = rng.gamma(1.0, size=(lanes, frames))
    spread[np.isnan(observed)] = np.nan
    return Lanes(observed, spread, gaps, rng.uniform(1, 9, lanes), rng.uniform(0.1, 2, lanes))


def noise_of(logs: np.ndarray, lanes: int, multiplies: bool) -> Noise:
    s, theta = np.exp(logs)
    ones, none = np.ones(lanes), np.zeros(lanes)
    if multiplies:
        return Noise(s * ones, theta * ones, none, theta * ones, none)
    return Noise(s * ones, 0.7 * ones, theta * ones, none, theta * ones)


def joint_covariance(lanes: Lanes, lane: int, s: float, order: int) -> np.ndarray:
    """Covariance of the positions, from the integral each is, not from a recursion."""
    times = np.cumsum(lanes.gaps)
    first, second = np.minimum.outer(times, times), np.maximum.outer(times, times)
    p, w = lanes.position_variance[lane], lanes.velocity_variance[lane]
    if order == 1:
        return p + s * first
    return p + w * np.outer(times, times) + s * (first**2 * second / 2 - first**3 / 6)


def observed_part(lanes: Lanes, lane: int, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
    seen = np.flatnonzero(np.isfinite(lanes.observed[lane]))
    return seen, noise.gain[lane] * lanes.spread[lane, seen] + noise.floor[lane]


@pytest.mark.parametrize("multiplies", [False, True])
@pytest.mark.parametrize("name", DYNAMICS)
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_that_of_the_joint_gaussian(
    name: str, seed: int, multiplies: bool
) -> None:
    dynamics, lanes = DYNAMICS[name], random_lanes(seed)
    noise = noise_of(np.array([-0.3, 0.4]), 3, multiplies)
    found = dynamics.likelihood(lanes, noise)[:, 0]
    for lane in range(3):
        seen, own = observed_part(lanes, lane, noise)
        covariance = joint_covariance(lanes, lane, noise.step[lane], dynamics.order)
        truth = multivariate_normal.logpdf(
            lanes.observed[lane, seen], cov=covariance[np.ix_(seen, seen)] + np.diag(own)
        )
        assert found[lane] == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize("name", DYNAMICS)
@pytest.mark.parametrize("seed", range(4))
def test_smoothing_agrees_with_conditioning_the_joint_gaussian(name: str, seed: int) -> None:
    dynamics, lanes = DYNAMICS[name], random_lanes(seed)
    noise = noise_of(np.array([-0.3, 0.4]), 3, multiplies=False)
    means, variances = dynamics.smooth(lanes, noise)
    for lane in range(3):
        seen, own = observed_part(lanes, lane, noise)
        prior = joint_covariance(lanes, lane, noise.step[lane], dynamics.order)
        gain = np.linalg.solve(prior[np.ix_(seen, seen)] + np.diag(own), prior[seen]).T
        np.testing.assert_allclose(means[lane], gain @ lanes.observed[lane, seen], rtol=1e-9)
        np.testing.assert_allclose(variances[lane], np.diag(prior - gain @ prior[seen]), rtol=1e-9)


@pytest.mark.parametrize("multiplies", [False, True])
@pytest.mark.parametrize("name", DYNAMICS)
def test_derivatives_agree_with_finite_differences(name: str, multiplies: bool) -> None:
    dynamics, lanes, logs, h = DYNAMICS[name], random_lanes(7), np.array([-1.1, 0.2]), 1e-5
    found = dynamics.likelihood(lanes, noise_of(logs, 3, multiplies))
    for parameter in range(2):
        step = h * np.eye(2)[parameter]
        ahead, behind = (
            dynamics.likelihood(lanes, noise_of(logs + sign * step, 3, multiplies))[:, 0]
            for sign in (1, -1)
        )
        np.testing.assert_allclose(
            found[:, 1 + parameter], (ahead - behind) / (2 * h), rtol=1e-7, atol=1e-8
        )


@pytest.mark.parametrize("name", DYNAMICS)
def test_the_information_is_the_variance_of_the_gradient(name: str) -> None:
    dynamics, rng, draws = DYNAMICS[name], np.random.default_rng(0), 4000
    one = random_lanes(3, lanes=1, missing=0.0)
    noise = noise_of(np.array([0.1, -0.2]), 1, multiplies=False)
    covariance = joint_covariance(one, 0, noise.step[0], dynamics.order)
    _, own = observed_part(one, 0, noise)
    drawn = rng.multivariate_normal(np.zeros(23), covariance + np.diag(own), size=draws)
    lanes = Lanes(
        drawn,
        np.repeat(one.spread, draws, 0),
        one.gaps,
        *(np.repeat(prior, draws) for prior in one[3:]),
    )
    found = dynamics.likelihood(lanes, noise_of(np.array([0.1, -0.2]), draws, False))
    gradients = found[:, 1:3]
    ss, st, tt = found[:, 3:].mean(axis=0)
    error = 4 * np.sqrt(2 / draws)
    np.testing.assert_allclose(gradients.mean(axis=0), 0, atol=4 * np.sqrt(max(ss, tt) / draws))
    np.testing.assert_allclose(np.cov(gradients.T), [[ss, st], [st, tt]], rtol=error, atol=error)


@pytest.mark.parametrize("name", DYNAMICS)
def test_a_lane_without_observations_keeps_its_prior(name: str) -> None:
    lanes = random_lanes(1)
    lanes.observed[1] = np.nan
    noise = noise_of(np.array([0.0, 0.0]), 3, multiplies=False)
    means, variances = DYNAMICS[name].smooth(lanes, noise)
    prior = joint_covariance(lanes, 1, 1.0, DYNAMICS[name].order)
    np.testing.assert_array_equal(means[1], 0)
    np.testing.assert_allclose(variances[1], np.diag(prior))
    np.testing.assert_array_equal(DYNAMICS[name].likelihood(lanes, noise)[1], 0)
