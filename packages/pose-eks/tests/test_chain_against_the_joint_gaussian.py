"""The core for vector states against dense linear algebra, differences and another library."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import multivariate_normal

from pose_eks.core.chain import Chain, project
from pose_eks.core.forms import Dense, Diagonal, Integrated
from pose_eks.core.inference import evaluate, log_likelihood, prepared, smooth
from pose_eks.core.motion import Autoregression, Motion, Pair, Parameter, Velocity, Walk

MOTIONS = ("walk", "velocity", "autoregression", "oscillator")
FORMS = {"walk": Diagonal, "velocity": Integrated, "autoregression": Diagonal, "oscillator": Dense}


@dataclass(frozen=True, eq=False)
class Oscillator:
    """A motion of someone else's: every latent swings about its mean, and noise pushes it.

    q' = u, u' = -w² q - c u + noise of variance k. Its noise over a gap is P - F P F', with P the
    stationary covariance diag(k / (2 c w²), k / (2 c)).
    """

    mean: np.ndarray

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return Parameter("w"), Parameter("c"), Parameter("k")

    def first(self, values: np.ndarray) -> np.ndarray:
        w, c, k = values
        still = np.diag([k / (2 * c * w**2), k / (2 * c)])
        return np.kron(still, np.eye(len(self.mean)))

    def moves(self, values: np.ndarray, gaps: np.ndarray) -> Pair:
        w, c, _ = values
        rate = np.array([[0 * w, 1], [-(w**2), -c]])
        F = np.stack([np.kron(expm(rate * gap), np.eye(len(self.mean))) for gap in gaps])
        P = self.first(values)
        return F, P - F @ P @ F.swapaxes(1, 2)


def covariance(rng: np.random.Generator, size: int) -> np.ndarray:
    A = rng.normal(size=(size, size))
    return A @ A.T + np.eye(size)


def motion_of(name: str, rng: np.random.Generator, latent: int) -> Motion:
    mean = rng.normal(size=latent)
    first, quick, shape = (covariance(rng, latent) for _ in range(3))
    if name == "walk":
        return Walk(mean, 4 * first, shape)
    if name == "velocity":
        return Velocity(mean, 4 * first, quick, shape)
    if name == "oscillator":
        return Oscillator(mean)
    kinds = ["one"] + ["other"] * (latent - 1)
    tau, variance = (tuple(Parameter(f"{n}_{kind}") for kind in kinds) for n in ("tau", "var"))
    return Autoregression(mean, tau, variance)


def random_chain(
    name: str, seed: int, latent: int, frames: int = 11, moving: bool = False
) -> Chain:
    rng = np.random.default_rng(seed)
    rows = latent + int(rng.integers(0, 4))
    observed = 3 * rng.normal(size=(frames, rows))
    observed[rng.random((frames, rows)) < 0.3] = np.nan
    observed[4] = np.nan
    spread = np.where(np.isnan(observed), np.nan, rng.gamma(1.0, size=observed.shape))
    lone = rng.random(rows) < 0.3
    return Chain(
        observed=observed,
        spread=spread,
        loading=rng.normal(size=(*((frames,) if moving else ()), rows, latent)),
        gaps=np.concatenate([[0.0], rng.uniform(0.2, 2.0, frames - 1)]),
        motion=motion_of(name, rng, latent),
        floors=(Parameter("b0"), Parameter("b1")),
        floor=rng.integers(0, 2, rows),
        gain=rng.uniform(0.5, 2.0, rows),
        multiplies=lone,
        views=np.arange(rows) // 2,
        weights=rng.uniform(0.3, 1.5, (frames, (rows + 1) // 2)) if moving else None,
    )


def random_values(chain: Chain, seed: int = 5) -> np.ndarray:
    return np.exp(0.4 * np.random.default_rng(seed).normal(size=len(chain.parameters)))


def states_covariance(chain: Chain, values: np.ndarray) -> np.ndarray:
    """Covariance of the states of all frames, (frames n, frames n)."""
    F, Q = chain.motion.moves(values, chain.gaps)
    n, frames = F.shape[1], chain.frames
    joint = np.zeros((frames, n, frames, n))
    P = chain.motion.first(values)
    for t in range(frames):
        P = F[t] @ P @ F[t].T + Q[t] if t else P
        through = P
        for later in range(t, frames):
            through = F[later] @ through if later > t else P
            joint[later, :, t], joint[t, :, later] = through, through.T
    return joint.reshape(frames * n, frames * n)


def dense_answer(chain: Chain, values: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, means and covariances of the latents from one big Gaussian."""
    own = len(chain.motion.parameters)
    joint = states_covariance(chain, values[:own])
    frames, rows = chain.observed.shape
    latent, n = len(chain.motion.mean), len(joint) // frames
    loading = np.broadcast_to(chain.loading, (frames, rows, latent))
    H = np.zeros((frames, rows, frames, n))
    H[np.arange(frames), :, np.arange(frames), :latent] = loading
    H = H.reshape(frames * rows, frames * n)
    b = values[own:][chain.floor]
    R = np.where(chain.multiplies, b * chain.spread, chain.gain * chain.spread + b)
    R = R if chain.weights is None else R / chain.weights[:, chain.views]
    y = (chain.observed - loading @ chain.motion.mean).ravel()
    seen = np.flatnonzero(np.isfinite(y))
    S = H[seen] @ joint @ H[seen].T + np.diag(R.ravel()[seen])
    gain = np.linalg.solve(S, H[seen] @ joint).T
    means = (gain @ y[seen]).reshape(frames, n)[:, :latent] + chain.motion.mean
    posterior = (joint - gain @ H[seen] @ joint).reshape(frames, n, frames, n)
    covariances = posterior[np.arange(frames), :latent, np.arange(frames), :latent]
    return multivariate_normal.logpdf(y[seen], cov=S), means, covariances


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("latent", [1, 2, 3, 4])
@pytest.mark.parametrize("name", MOTIONS)
def test_likelihood_and_posterior_are_those_of_the_joint_gaussian(
    name: str, latent: int, moving: bool
) -> None:
    for seed in range(3):
        chain = random_chain(name, seed, latent, moving=moving)
        values = random_values(chain)
        likelihood, means, covariances = dense_answer(chain, values)
        path = smooth(chain, values)
        assert log_likelihood(chain, values) == pytest.approx(likelihood, rel=1e-10)
        np.testing.assert_allclose(path.means, means, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(path.covariances, covariances, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("latent", [2, 4])
@pytest.mark.parametrize("name", MOTIONS)
def test_the_gradient_agrees_with_finite_differences(name: str, latent: int) -> None:
    chain = random_chain(name, 1, latent, moving=True)
    values, h = random_values(chain), 1e-4
    found = evaluate(chain, values)
    assert found.value == pytest.approx(log_likelihood(chain, values), rel=1e-14)
    for number, unit in enumerate(np.eye(len(values))):
        ahead, behind, further, back = (
            log_likelihood(chain, values * np.exp(step * h * unit)) for step in (1, -1, 2, -2)
        )
        slope = (8 * (ahead - behind) - (further - back)) / (12 * h)  # error of order h⁴
        assert found.gradient[number] == pytest.approx(slope, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", MOTIONS)
def test_written_out_kernels_agree_with_those_of_any_form(name: str) -> None:
    chain = random_chain(name, 2, 3, frames=60, moving=True)
    values = random_values(chain)
    quick = prepared(chain, values)
    assert isinstance(quick, FORMS[name])
    plain = Dense(chain, quick.moves, quick.b)
    assert quick.filter() == pytest.approx(plain.filter(), rel=1e-12)
    quick.back()
    found, truth = quick.path(), plain.path()
    np.testing.assert_allclose(found.means, truth.means, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.hidden, truth.hidden, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found.covariances, truth.covariances, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["walk", "velocity"])
def test_after_a_gap_of_a_hundred_thousand_frames_the_posterior_is_sound(name: str) -> None:
    chain = random_chain(name, 3, 3, frames=40)
    gaps = chain.gaps.copy()
    gaps[20] = 1e5
    observed = np.where(np.isnan(chain.observed), 0.0, chain.observed)
    spread = np.ones_like(observed)
    chain = replace(chain, observed=observed, spread=spread, gaps=gaps)
    values = random_values(chain)
    path = smooth(chain, values)
    parts = [smooth(chain.cut(one), values) for one in (slice(0, 20), slice(20, 40))]
    # What lies so far away says nothing but how the motion was: the prior matters little as well.
    for frames, part in zip((slice(0, 15), slice(25, 40)), parts, strict=True):
        cut = slice(0, 15) if frames.start == 0 else slice(5, 20)
        np.testing.assert_allclose(path.covariances[frames], part.covariances[cut], rtol=0.1)
    variances = np.einsum("tii->ti", path.covariances)
    assert (variances > 0).all()
    assert variances.max() < 100 * np.median(variances)


def test_a_chain_without_observations_keeps_its_prior() -> None:
    chain = random_chain("walk", 4, 3)
    chain = replace(chain, observed=np.full_like(chain.observed, np.nan))
    values = random_values(chain)
    path = smooth(chain, values)
    assert log_likelihood(chain, values) == 0
    np.testing.assert_array_equal(path.means, np.tile(chain.motion.mean, (11, 1)))
    grown = chain.motion.first(values) + values[0] * np.cumsum(chain.gaps)[:, None, None] * (
        chain.motion.shape
    )
    np.testing.assert_allclose(path.covariances, grown)


def test_projections_are_those_of_every_row() -> None:
    chain = random_chain("velocity", 5, 3)
    values = random_values(chain)
    path = smooth(chain, values)
    shown = project(chain, path, values)
    for t in range(chain.frames):
        np.testing.assert_allclose(shown.means[t], chain.loading @ path.means[t])
        within = chain.loading @ path.covariances[t] @ chain.loading.T
        np.testing.assert_allclose(shown.posterior_variance[t], np.diag(within))
    assert (shown.predictive_variance > shown.posterior_variance).all()
    assert np.isfinite(shown.predictive_variance).all()


@pytest.mark.parametrize("name", ["walk", "velocity", "autoregression"])
def test_draws_of_the_model_lie_inside_their_posterior_as_often_as_it_says(name: str) -> None:
    rng, inside = np.random.default_rng(0), []
    for seed in range(40):
        chain = random_chain(name, seed, 2)
        values = random_values(chain, seed)
        joint = states_covariance(chain, values[: len(chain.motion.parameters)])
        states = rng.multivariate_normal(np.zeros(len(joint)), joint).reshape(chain.frames, -1)
        truth = states[:, :2] + chain.motion.mean
        noise = np.sqrt(np.nan_to_num(chain.noise(values)))
        clean = truth @ chain.loading.T
        seen = np.where(
            np.isnan(chain.observed), np.nan, clean + noise * rng.normal(size=clean.shape)
        )
        path = smooth(replace(chain, observed=seen), values)
        error = truth - path.means
        inside.append(np.einsum("ti,tij,tj->t", error, np.linalg.inv(path.covariances), error))
    # Squared distances are chi² with two degrees of freedom: mean 2, 95 % below 5.99.
    distances = np.concatenate(inside)
    assert distances.mean() == pytest.approx(2, abs=0.4)
    assert (distances < 5.99).mean() == pytest.approx(0.95, abs=0.04)


def test_statsmodels_gives_the_same_likelihood() -> None:
    api = pytest.importorskip("statsmodels.tsa.statespace.structural")
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.normal(size=80))
    y[20:26] = np.nan
    model = api.UnobservedComponents(y, "local level")
    model.ssm.initialize_known(np.zeros(1), np.array([[9.0]]))
    model.ssm.loglikelihood_burn = 0
    theirs = model.loglike([0.7, 0.3])
    none = np.zeros((80, 1))
    walk = Walk(np.zeros(1), np.array([[9.0]]))
    ours = Chain(y[:, None], none, np.ones((1, 1)), np.ones(80), walk, (Parameter("b"),))
    assert log_likelihood(ours, np.array([0.3, 0.7])) == pytest.approx(theirs, rel=1e-10)
