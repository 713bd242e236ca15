"""A recording in chunks against the same in one pass."""

from pathlib import Path

import numpy as np
import pytest

from pose_eks.core.chain import Chain
from pose_eks.core.chain import Path as Track
from pose_eks.core.chunks import smooth_chain, smooth_lanes, trace
from pose_eks.core.climbing import Search
from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.inference import evaluate, smooth
from pose_eks.core.lanes import Lanes, Noise
from pose_eks.core.long import solve_long
from pose_eks.core.long_chain import LongChain
from pose_eks.core.motion import Autoregression, Motion, Parameter, Velocity, Walk
from pose_eks.core.robust import Student
from pose_eks.core.solving import solve
from pose_eks.core.stored import Stored, chunks_of


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


def chain_of(motion: Motion, frames: int = 100, latent: int = 2) -> tuple[Chain, np.ndarray]:
    """Draw a chain with gaps over the ends of chunks, and values of its parameters."""
    rng = np.random.default_rng(1)
    observed = np.cumsum(rng.normal(size=(frames, 4)), axis=0)
    observed[rng.random((frames, 4)) < 0.2] = np.nan
    observed[30:70, :2] = np.nan
    gaps = rng.uniform(0.5, 2.0, frames)
    spread, loading = rng.gamma(1.0, size=(frames, 4)), rng.normal(size=(4, latent))
    floors = (Parameter("b"),)
    chain = Chain(observed, spread, loading, gaps, motion, floors, views=np.array([0, 0, 1, 1]))
    return chain, np.array([*[1.5] * len(motion.parameters), 0.3])


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
@pytest.mark.parametrize("name", MOTIONS)
def test_a_chain_in_chunks_is_that_in_one_pass(name: str, size: int) -> None:
    chain, values = chain_of(MOTIONS[name])
    whole = smooth(chain, values)
    for way in ("trace", "squares"):
        covered = np.zeros(100, int)

        def take(chunk: slice, path: Track, covered: np.ndarray = covered) -> None:
            np.testing.assert_allclose(path.means, whole.means[chunk], atol=1e-8)
            np.testing.assert_allclose(path.covariances, whole.covariances[chunk], atol=1e-8)
            np.testing.assert_allclose(path.hidden, whole.hidden[chunk], atol=1e-8)
            covered[chunk] += 1

        if way == "trace":
            trace(chain, values, take, size)
        else:
            for one in smooth_chain(chain.cut, values, chunks_of(100, size)):
                take(*one)
        assert (covered == 1).all()


@pytest.mark.parametrize("latent", [2, 4])
@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize("name", ["walk", "velocity"])
def test_the_likelihood_in_chunks_is_that_in_one_pass(name: str, size: int, latent: int) -> None:
    wide = 9 * np.eye(latent)
    motion = {
        "walk": Walk(np.zeros(latent), wide),
        "velocity": Velocity(np.zeros(latent), wide, np.eye(latent)),
    }[name]
    chain, values = chain_of(motion, latent=latent)
    whole, parts = evaluate(chain, values), evaluate(chain, values, size)
    assert parts.value == pytest.approx(whole.value, rel=1e-12)
    np.testing.assert_allclose(parts.gradient, whole.gradient, rtol=1e-9, atol=1e-9)


def test_after_a_gap_that_costs_digits_chunks_are_still_those_of_one_pass() -> None:
    chain, values = chain_of(MOTIONS["velocity"], 4000)
    chain.observed[1000:3000] = np.nan
    whole, covered = smooth(chain, values), np.zeros(4000, int)

    def take(chunk: slice, path: Track) -> None:
        np.testing.assert_allclose(path.means, whole.means[chunk], rtol=1e-7, atol=1e-6)
        np.testing.assert_allclose(path.covariances, whole.covariances[chunk], rtol=1e-6, atol=1e-8)
        covered[chunk] += 1

    trace(chain, values, take, 500)
    assert set(covered) == {1, 2}  # some were handed over again


@pytest.mark.parametrize("ranges", [None, ((0, 150), (200, 300))])
@pytest.mark.parametrize("frames", [300, 900])
@pytest.mark.parametrize("student", [None, Student()])
def test_a_long_chain_is_solved_as_one_in_memory(
    tmp_path: Path,
    student: Student | None,
    frames: int,
    ranges: tuple[tuple[int, int], ...] | None,
) -> None:
    scales = Parameter("s", grid=(-4.0, -1.0)), Parameter("b", grid=(-2.0, 0.0))
    motion = Walk(np.zeros(2), 9 * np.eye(2), None, scales[0])
    chain, _ = chain_of(motion, frames)
    chain.observed[:, :2] += 40 * (np.random.default_rng(2).random((frames, 1)) < 0.05)
    chain = Chain(**{**vars(chain), "floors": (scales[1],)})
    search = Search(grid_frames=100, crop_frames=200, round_frames=150, workers=1)
    (whole,) = solve([chain], None, search, ranges, student)

    def read(part: slice) -> tuple[np.ndarray, np.ndarray]:
        return chain.observed[part], chain.spread[part]

    lazy = LongChain(chain.cut(slice(0, 0)), chain.gaps, read, tmp_path, 70)
    (found,) = solve_long([lazy], search, ranges, student)
    np.testing.assert_allclose(found.found.values, whole.found.values, rtol=1e-9)

    def take(part: slice, path: Track) -> None:
        np.testing.assert_allclose(path.means, whole.path.means[part], atol=1e-7)
        np.testing.assert_allclose(path.covariances, whole.path.covariances[part], atol=1e-7)

    found.follow(take)


def test_what_is_stored_is_read_and_written_in_parts(tmp_path: Path) -> None:
    stored = Stored.made(tmp_path / "a", float, (3, 5))
    assert not stored[:].any()
    stored[1:, 2] = np.array([1.0, 2.0])
    np.testing.assert_array_equal(stored[:, 2], [0.0, 1.0, 2.0])
