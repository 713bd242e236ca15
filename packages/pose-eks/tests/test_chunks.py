"""A recording in chunks against the same in one pass."""

import numpy as np
import pytest

from pose_eks.core.chain import Chain
from pose_eks.core.chunks import chunks_of, smooth_chain, smooth_lanes
from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.inference import smooth
from pose_eks.core.lanes import Lanes, Noise
from pose_eks.core.motion import Autoregression, Motion, Parameter, Velocity, Walk


def lanes_of(frames: int, seed: int = 0) -> tuple[Lanes, Noise]:
    rng = np.random.default_rng(seed)
    observed = np.cumsum(rng.normal(size=(4, frames)), axis=1)
    observed[rng.random((4, frames)) < 0.2] = np.nan
    observed[2, 30:70] = np.nan  # over the end of chunks
    gaps = rng.uniform(0.5, 2.0, frames)
    gaps[0] = 0.0
    spread = rng.gamma(1.0, size=observed.shape)
    lanes = Lanes(observed, spread, gaps, np.full(4, 9.0), np.full(4, 1.0))
    s, none = np.array([0.1, 0.5, 1.0, 2.0]), np.zeros(4)
    return lanes, Noise(s, none + 1, none + 0.3, none, none + 0.3)


def part(lanes: Lanes, frames: slice) -> Lanes:
    observed, spread = lanes.observed[:, frames].copy(), lanes.spread[:, frames].copy()
    return lanes._replace(observed=observed, spread=spread, gaps=lanes.gaps[frames])


@pytest.mark.parametrize("size", [1, 7, 50, 100, 1000])
@pytest.mark.parametrize("name", DYNAMICS)
def test_lanes_in_chunks_are_those_in_one_pass(name: str, size: int) -> None:
    lanes, noise = lanes_of(100)
    whole = DYNAMICS[name].smooth(lanes, noise)
    means, variances = np.empty((4, 100)), np.empty((4, 100))
    for chunk, *found in smooth_lanes(
        lambda frames: part(lanes, frames), noise, DYNAMICS[name], 100, size
    ):
        means[:, chunk], variances[:, chunk] = found
    np.testing.assert_allclose(means, whole[0], atol=1e-10)
    np.testing.assert_allclose(variances, whole[1], rtol=1e-10)


def test_chunks_cover_every_frame_once() -> None:
    chunks = chunks_of(10, 4)
    assert [(one.start, one.stop) for one in chunks] == [(0, 4), (4, 8), (8, 10)]


@pytest.mark.parametrize("name", DYNAMICS)
def test_many_lanes_in_threads_are_those_alone(name: str) -> None:
    lanes, noise = lanes_of(9000)  # long enough to be split
    means, variances = DYNAMICS[name].smooth(lanes, noise)
    alone = DYNAMICS[name].alone(lanes, noise)
    np.testing.assert_array_equal(means, alone[0])
    np.testing.assert_array_equal(variances, alone[1])
    together = DYNAMICS[name].evaluate(lanes, noise)
    np.testing.assert_array_equal(together, DYNAMICS[name].likelihood(lanes, noise))


ZERO = np.zeros(2)
MOTIONS: dict[str, Motion] = {
    "walk": Walk(ZERO, 9 * np.eye(2)),
    "velocity": Velocity(ZERO, 9 * np.eye(2), np.eye(2)),
    "autoregression": Autoregression(ZERO, (Parameter("tau"),) * 2, (Parameter("v"),) * 2),
}


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
@pytest.mark.parametrize("name", MOTIONS)
def test_a_chain_in_chunks_is_that_in_one_pass(name: str, size: int) -> None:
    rng = np.random.default_rng(1)
    observed = np.cumsum(rng.normal(size=(100, 3)), axis=0)
    observed[rng.random((100, 3)) < 0.2] = np.nan
    observed[30:70, 1] = np.nan
    gaps = rng.uniform(0.5, 2.0, 100)
    spread, motion = rng.gamma(1.0, size=(100, 3)), MOTIONS[name]
    chain = Chain(observed, spread, rng.normal(size=(3, 2)), gaps, motion, (Parameter("b"),))
    values = np.array([*[1.5] * len(motion.parameters), 0.3])
    whole, covered = smooth(chain, values), np.zeros(100, int)
    for chunk, path in smooth_chain(chain.cut, values, 100, size):
        np.testing.assert_allclose(path.means, whole.means[chunk], atol=1e-8)
        np.testing.assert_allclose(path.covariances, whole.covariances[chunk], atol=1e-8)
        np.testing.assert_allclose(path.hidden, whole.hidden[chunk], atol=1e-8)
        covered[chunk] += 1
    assert (covered == 1).all()
