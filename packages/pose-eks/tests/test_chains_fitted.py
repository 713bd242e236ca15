"""Fits of chains: known truth found again, groups, ranges, heavy tails, nonlinear observation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from pose_eks.core.chain import Chain, Path
from pose_eks.core.climbing import Found, Search
from pose_eks.core.inference import log_likelihood
from pose_eks.core.motion import FLOORS, GRID, Autoregression, Motion, Parameter, Velocity, Walk
from pose_eks.core.nonlinear import Nonlinear, energy
from pose_eks.core.robust import Student
from pose_eks.core.search import fit
from pose_eks.core.solving import shift, solve
from pose_eks.errors import EksError

S = Parameter("s", grid=GRID)
TIMES = (0.0, 2.0, 4.0, 6.0)


def floors(*given: float | None) -> tuple[Parameter, ...]:
    return tuple(Parameter(f"b{i}", given=b, grid=FLOORS) for i, b in enumerate(given))


def walk(latent: int = 2, s: Parameter = S) -> Walk:
    return Walk(np.zeros(latent), 100 * np.eye(latent), s=s)


def velocity(latent: int = 2) -> Velocity:
    return Velocity(np.zeros(latent), 100 * np.eye(latent), np.eye(latent))


def autoregression() -> Autoregression:
    tau = tuple(Parameter(name, grid=TIMES) for name in ("tau_d", "tau_c", "tau_c"))
    variance = tuple(Parameter(name, 10.0) for name in ("var_d", "var_c", "var_c"))
    return Autoregression(np.array([5.0, -3.0, 2.0]), tau, variance)


def drawn(
    motion: Motion,
    frames: int,
    values: list[float],
    seed: int = 0,
    b: tuple[float, ...] = (2.0, 0.3),
) -> tuple[np.ndarray, Chain]:
    """Draw latents of a motion, and a chain of four rows in two views that see them."""
    rng = np.random.default_rng(seed)
    gaps = np.concatenate([[0.0], rng.integers(1, 3, frames - 1)])
    F, Q = motion.moves(np.array(values), gaps)
    state, states = np.zeros(F.shape[1]), []
    for t in range(frames):
        state = F[t] @ state + rng.multivariate_normal(np.zeros(len(state)), Q[t])
        states.append(state)
    truth = np.array(states)[:, : len(motion.mean)] + motion.mean
    H = rng.normal(size=(4, truth.shape[1]))
    v, views = rng.gamma(1.0, size=(frames, 4)), np.array([0, 0, 1, 1])
    observed = truth @ H.T + rng.normal(size=(frames, 4)) * np.sqrt(v + np.array(b)[views])
    observed[rng.random((frames, 4)) < 0.1] = np.nan
    return truth, Chain(observed, v, H, gaps, motion, floors(None, None), views, views=views)


@pytest.mark.parametrize("motion", [walk(), velocity()])
@pytest.mark.parametrize("frames", [3000, 60_000])
def test_known_noise_is_found_again(motion: Motion, frames: int) -> None:
    if frames > 3000 and isinstance(motion, Velocity):
        frames = 10_000
    truth, chain = drawn(motion, frames, [0.5])
    one = solve([chain])[0]
    assert one.found.converged
    error = 1 / np.sqrt(frames)
    assert np.log(one.found["s"] / 0.5) == pytest.approx(0, abs=12 * error)
    assert np.log(one.found["b0"] / 2.0) == pytest.approx(0, abs=12 * error)
    assert np.log(one.found["b1"] / 0.3) == pytest.approx(0, abs=25 * error)
    off = truth - one.path.means
    inside = np.einsum("ti,tij,tj->t", off, np.linalg.inv(one.path.covariances), off) < 5.99
    assert inside.mean() == pytest.approx(0.95, abs=0.03)


def test_known_coefficients_of_an_autoregression_are_found_again() -> None:
    _, chain = drawn(autoregression(), 20_000, [40.0, 8.0, 30.0, 12.0])
    found = solve([chain])[0].found
    names = ("tau_d", "tau_c", "var_d", "var_c")
    assert found.names[:4] == names
    logs = np.log([found[name] for name in names]) - np.log([40.0, 8.0, 30.0, 12.0])
    np.testing.assert_allclose(logs, 0, atol=0.2)


def test_the_optimum_is_that_of_a_general_optimiser() -> None:
    _, chain = drawn(walk(), 300, [0.5])
    found = fit([chain], search=Search(tolerance=1e-6))[0]
    best = minimize(
        lambda logs: -log_likelihood(chain, np.exp(logs)),
        np.zeros(3),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 1000},
    )
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose(np.log(found.values), best.x, atol=1e-3)


def test_chains_of_a_group_share_what_fits_both_best() -> None:
    chains = [drawn(walk(), 300, [s], seed)[1] for seed, s in enumerate((0.2, 0.8, 0.5))]
    found = fit(chains, groups=[7, 7, 2])
    np.testing.assert_array_equal(found[0].values, found[1].values)
    apart = fit(chains)
    np.testing.assert_allclose(found[2].values, apart[2].values, rtol=1e-9)
    assert apart[0]["s"] < found[0]["s"] < apart[1]["s"]
    both = sum(log_likelihood(chain, found[0].values) for chain in chains[:2])
    assert found[0].log_likelihood == pytest.approx(both, rel=1e-12)


def test_a_fit_on_ranges_sees_nothing_else() -> None:
    _, chain = drawn(walk(), 900, [0.5])
    spoilt = chain.observed.copy()
    spoilt[200:500] = 1e4 * np.random.default_rng(0).normal(size=(300, 4))
    whole = replace(chain, observed=spoilt)
    ranges = [(0, 200), (500, 900)]
    found = fit([whole], ranges=ranges)[0]
    pieces = fit([chain.cut(slice(*one)) for one in ranges], groups=[0, 0])[0]
    np.testing.assert_allclose(found.values, pieces.values, rtol=1e-9)


def test_given_parameters_are_kept_and_the_others_fitted_to_them() -> None:
    _, chain = drawn(walk(), 400, [0.5])
    free = fit([chain])[0]
    fixed = walk(s=Parameter("s", given=2.0))
    part = fit([replace(chain, motion=fixed)])[0]
    assert part["s"] == 2.0
    assert part["b0"] != pytest.approx(free["b0"], rel=1e-3)
    assert part.log_likelihood < free.log_likelihood
    all_given = fit([replace(chain, motion=fixed, floors=floors(0.0, 1.0))])[0]
    assert all_given.values.tolist() == [2.0, 0.0, 1.0]
    assert all_given.passes == 1


def test_too_few_passes_are_said() -> None:
    _, chain = drawn(walk(), 400, [0.5])
    assert not fit([chain], search=Search(passes=3))[0].converged


def test_a_chain_is_fitted_the_same_whatever_the_others_are() -> None:
    chains = [drawn(walk(), 200 + 50 * seed, [0.5], seed)[1] for seed in range(3)]
    together, alone = fit(chains)[1], fit(chains[1:2])[0]
    np.testing.assert_array_equal(together.values, alone.values)


def three_views(seed: int, frames: int = 1500) -> tuple[np.ndarray, Chain]:
    """Three views of a walk in the plane, each of which is far off in three frames of a hundred."""
    rng = np.random.default_rng(seed)
    truth = np.cumsum(0.7 * rng.normal(size=(frames, 2)), axis=0)
    H = np.vstack([np.eye(2)] * 3) + 0.2 * rng.normal(size=(6, 2))
    far = np.repeat(rng.random((frames, 3)) < 0.03, 2, axis=1)
    observed = truth @ H.T + rng.normal(size=(frames, 6)) * np.where(far, 15.0, 1.0)
    still = np.zeros((frames, 6))
    views = np.repeat([0, 1, 2], 2)
    return truth, Chain(observed, still, H, np.ones(frames), walk(), floors(None), views=views)


def test_a_view_that_is_far_off_is_outvoted() -> None:
    truth, chain = three_views(0)
    plain, robust = solve([chain])[0], solve([chain], student=Student())[0]
    errors = [np.sqrt(((one.path.means - truth) ** 2).mean()) for one in (plain, robust)]
    assert robust.settled
    assert errors[1] < 0.65 * errors[0]
    assert robust.found["s"] == pytest.approx(0.49, rel=0.3)


def test_without_heavy_tails_robust_weights_change_little() -> None:
    truth, chain = drawn(walk(), 1500, [0.5])
    plain, robust = solve([chain])[0], solve([chain], student=Student())[0]
    errors = [np.sqrt(((one.path.means - truth) ** 2).mean()) for one in (plain, robust)]
    assert errors[1] < 1.05 * errors[0]


def pinholes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two cameras at right angles, 30 units from the origin, focal length 300 pixels."""
    aside = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    shown, slopes = [], []
    for turn in (np.eye(3), aside):
        X = points @ turn.T + [0.0, 0.0, 30.0]
        shown.append(300 * X[:, :2] / X[:, 2:])
        flat = np.concatenate(
            [np.tile(np.eye(2), (len(X), 1, 1)), -(X[:, :2] / X[:, 2:])[..., None]], 2
        )
        slopes.append(300 / X[:, 2, None, None] * flat @ turn)
    return np.concatenate(shown, axis=1), np.concatenate(slopes, axis=1)


def seen_by_pinholes(frames: int) -> tuple[np.ndarray, Nonlinear]:
    rng = np.random.default_rng(0)
    truth = np.cumsum(0.3 * rng.normal(size=(frames, 3)), axis=0)
    observed = pinholes(truth)[0] + 2 * rng.normal(size=(frames, 4))
    observed[rng.random((frames, 4)) < 0.2] = np.nan
    motion = walk(3)
    chain = Chain(
        observed, np.zeros((frames, 4)), np.zeros((4, 3)), np.ones(frames), motion, floors(None)
    )
    return truth, Nonlinear(chain, pinholes, np.zeros((frames, 3)))


def test_a_nonlinear_path_is_the_maximum_a_posteriori() -> None:
    _, model = seen_by_pinholes(25)
    one = solve([model])[0]

    def loss(flat: np.ndarray) -> float:
        path = Path(flat.reshape(25, 3), one.path.covariances, np.empty((25, 0)))
        return energy(model, path, one.found.values)

    start = one.path.means.ravel()
    best = minimize(loss, start + 0.01, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-13})
    assert one.settled
    assert loss(start) <= best.fun + 1e-6
    np.testing.assert_allclose(start, best.x, atol=1e-3)


def test_points_in_space_are_found_from_two_cameras() -> None:
    truth, model = seen_by_pinholes(2000)
    one = solve([model])[0]
    assert np.log(one.found["s"] / 0.09) == pytest.approx(0, abs=0.3)
    assert np.log(one.found["b0"] / 4.0) == pytest.approx(0, abs=0.2)
    off = truth - one.path.means
    inside = np.einsum("ti,tij,tj->t", off, np.linalg.inv(one.path.covariances), off) < 7.81
    assert inside.mean() == pytest.approx(0.95, abs=0.03)


def test_a_long_recording_is_solved_from_a_crop() -> None:
    _, chain = three_views(1, 3000)
    quick = Search(grid_frames=200, round_frames=1000)
    short, full = (solve([chain], search=s, student=Student())[0] for s in (quick, None))
    logs = np.log(short.found.values / full.found.values)
    np.testing.assert_allclose(logs, 0, atol=0.1)
    np.testing.assert_allclose(short.path.means, full.path.means, atol=0.3)


@pytest.mark.parametrize("degrees", [2.0, 4.0])
def test_intervals_after_robust_weighting_hold_the_truth_as_often_as_they_say(
    degrees: float,
) -> None:
    rng, inside = np.random.default_rng(0), []
    for _ in range(4):
        truth = np.cumsum(0.7 * rng.normal(size=(1500, 2)), axis=0)
        scale = rng.gamma(degrees / 2, 2 / degrees, size=(1500, 2))[:, [0, 0, 1, 1]]
        H = np.vstack([np.eye(2)] * 2)
        observed = truth @ H.T + rng.normal(size=(1500, 4)) / np.sqrt(scale)
        still, views = np.zeros((1500, 4)), np.array([0, 0, 1, 1])
        chain = Chain(observed, still, H, np.ones(1500), walk(), floors(None), views=views)
        path = solve([chain], student=Student(degrees))[0].path
        spread = np.sqrt(np.einsum("tii->ti", path.covariances))
        inside.append(np.abs(path.means - truth) < 1.96 * spread)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


def test_a_likelihood_that_is_not_finite_is_said() -> None:
    _, chain = drawn(walk(), 50, [0.5])
    absurd = np.where(np.isnan(chain.observed), np.nan, np.inf)
    with pytest.raises(EksError, match="fit of s, b0, b1: the log-likelihood is"):
        fit([replace(chain, observed=absurd)])


def test_a_floor_that_sinks_to_nothing_stands_still() -> None:
    floor, noise = Parameter("b", 2.0, None, (0.0,), (-10.0, 10.0)), Parameter("s")

    def found(s: float, b: float) -> Found:
        return Found(("s", "b"), np.array([s, b]), 0.0, 1, True, np.eye(2))

    assert shift((noise, floor), found(1.0, 1e-4), found(1.0, 1e-7)) == 0.0
    assert shift((noise, floor), found(1.0, 0.0), found(1.0, 0.0)) == 0.0
    assert shift((noise, floor), found(1.0, 1.0), found(np.e, 1.0)) == pytest.approx(1.0)
