"""numpy in the place of numba, the same numbers to rounding; and numba's own way to kernels."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pose_eks.core import compiled
from pose_eks.core.chain import Chain
from pose_eks.core.inference import evaluate_all, smooth_all
from pose_eks.core.motion import FLOORS, GRID, Autoregression, Motion, Parameter, Velocity, Walk
from pose_eks.core.robust import Student
from pose_eks.core.solving import solve

MOTIONS = ("walk", "velocity", "autoregression")


def motion_of(name: str, latent: int) -> Motion:
    zero, wide = np.zeros(latent), 9 * np.eye(latent)
    s = Parameter("s", grid=GRID)
    if name == "walk":
        return Walk(zero + 1, wide, s=s)
    if name == "velocity":
        return Velocity(zero - 1, wide, np.eye(latent), s=s)
    return Autoregression(zero, (Parameter("tau", 5.0),) * latent, (Parameter("v", 4.0),) * latent)


def chain_of(name: str, latent: int, seed: int, frames: int = 40) -> Chain:
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(size=(frames, latent)), axis=0)
    loading = rng.normal(size=(4, latent))
    observed = path @ loading.T + rng.normal(size=(frames, 4))
    observed[rng.random((frames, 4)) < 0.2] = np.nan
    return Chain(
        observed=observed,
        spread=rng.gamma(1.0, size=(frames, 4)) + 0.1,
        loading=loading,
        gaps=np.concatenate([[0.0], rng.integers(1, 3, frames - 1)]),
        motion=motion_of(name, latent),
        floors=(Parameter("b0", grid=FLOORS), Parameter("b1", grid=FLOORS)),
        floor=np.array([0, 0, 1, 1]),
        multiplies=np.array([False, False, False, True]),
        views=np.array([0, 0, 1, 1]),
    )


@pytest.mark.parametrize("latent", [1, 3, 4])
@pytest.mark.parametrize("name", MOTIONS)
def test_likelihood_gradient_and_path_are_the_same(
    name: str, latent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [chain_of(name, latent, seed, frames) for seed, frames in enumerate((40, 30, 40))]
    items = [(chain, 1.0 + 0.1 * np.arange(len(chain.parameters))) for chain in chains]
    quick, ways = evaluate_all(items, 1), smooth_all(items, 1)
    monkeypatch.setattr(compiled, "COMPILED", False)
    for one, other in zip(quick, evaluate_all(items, 1), strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-12)
        np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-8, atol=1e-8)
    for way, other in zip(ways, smooth_all(items, 1), strict=True):
        np.testing.assert_allclose(way.means, other.means, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(way.hidden, other.hidden, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(way.covariances, other.covariances, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", MOTIONS)
def test_numbas_own_way_gives_the_same_to_the_last_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [chain_of(name, 3, seed) for seed in range(3)]
    items = [(chain, 1.0 + 0.1 * np.arange(len(chain.parameters))) for chain in chains]
    quick, ways = evaluate_all(items, 2), smooth_all(items, 2)
    monkeypatch.setattr(compiled, "KEEPS", False)
    for one, other in zip(quick, evaluate_all(items, 2), strict=True):
        assert one.value == other.value
        np.testing.assert_array_equal(one.gradient, other.gradient)
    for way, other in zip(ways, smooth_all(items, 2), strict=True):
        np.testing.assert_array_equal(way.means, other.means)
        np.testing.assert_array_equal(way.covariances, other.covariances)


@pytest.mark.parametrize("student", [None, Student()])
def test_a_fit_ends_in_the_same_place(
    student: Student | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [chain_of("walk", 2, seed, 60) for seed in range(3)]
    quick = solve(chains, groups=[0, 1, 0], student=student)
    monkeypatch.setattr(compiled, "COMPILED", False)
    slow = solve(chains, groups=[0, 1, 0], student=student)
    for one, other in zip(quick, slow, strict=True):
        np.testing.assert_allclose(np.log(one.found.values / other.found.values), 0, atol=0.02)
        np.testing.assert_allclose(one.path.means, other.path.means, atol=0.02)


LANES = """
import sys
import numpy as np
from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.lanes import Lanes, Noise
rng = np.random.default_rng(0)
observed = np.cumsum(rng.normal(size=(3, 200)), axis=1)
observed[rng.random((3, 200)) < 0.2] = np.nan
observed[1, 50:90] = np.nan
gaps = np.concatenate([[0.0], rng.uniform(0.5, 2.0, 199)])
lanes = Lanes(observed, rng.gamma(1.0, size=(3, 200)), gaps, np.full(3, 9.0), np.full(3, 2.0))
noise = Noise(np.array([0.3, 1.0, 3.0]), np.array([1.0, 1.0, 0.7]), np.array([0.5, 1.0, 0.0]),
              np.array([0.0, 0.0, 0.7]), np.array([0.5, 1.0, 0.0]))
found = [DYNAMICS[name].evaluate(lanes, noise).ravel() for name in DYNAMICS]
found += [np.concatenate(DYNAMICS[name].smooth(lanes, noise)).ravel() for name in DYNAMICS]
np.save(sys.argv[1], np.concatenate(found))
"""


def test_lanes_are_the_same_to_rounding(tmp_path: Path) -> None:
    for choice in ("0", "1"):
        command = [sys.executable, "-c", LANES, str(tmp_path / choice)]
        subprocess.run(command, check=True, env={**os.environ, "POSE_EKS_NUMBA": choice})
    slow, quick = (np.load(tmp_path / f"{choice}.npy") for choice in ("0", "1"))
    np.testing.assert_allclose(slow, quick, rtol=1e-8, atol=1e-8)


SAID = """
import sys, warnings
sys.modules["numba"] = None
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import numpy as np
    from pose_eks import smooth
    from pose_eks.core import compiled, solving
    rng = np.random.default_rng(0)
    tracks = np.cumsum(rng.normal(size=(60, 2, 2)), 0) + rng.normal(size=(3, 60, 2, 2))
    found = smooth(tracks)
print(compiled.COMPILED, sum("numba" in str(one.message) for one in said))
print(found.keypoints.sum(), found.posterior_variance.sum())
"""


def test_without_numba_it_runs_gives_the_same_and_says_so_once() -> None:
    with_numba = SAID.replace('sys.modules["numba"] = None', "")
    said = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
        ).stdout.split()
        for code in (SAID, with_numba)
    ]
    assert said[0][:2] == ["False", "1"]
    assert said[1][:2] == ["True", "0"]
    np.testing.assert_allclose(
        np.array(said[0][2:], float), np.array(said[1][2:], float), rtol=1e-9
    )
