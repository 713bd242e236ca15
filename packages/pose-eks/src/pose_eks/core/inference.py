"""What the core knows of a chain at given parameters: likelihood, gradient, smoothed path."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from pose_eks.core import compiled, lockstep
from pose_eks.core.chain import Chain, Path
from pose_eks.core.forms import Dense, Form, form_of
from pose_eks.core.lockstep import Item
from pose_eks.core.long_chain import LongChain
from pose_eks.core.motion import Moves, moves_of, slopes_of
from pose_eks.core.stored import CHUNK, chunks_of, fewer
from pose_eks.core.threads import in_threads
from pose_eks.core.wide import State

A = TypeVar("A")


class Evaluation(NamedTuple):
    """Log-likelihood in nats, and its gradient in the logarithm of every parameter."""

    value: float
    gradient: np.ndarray


def log_likelihood(chain: Chain, values: np.ndarray) -> float:
    """Give the exact log-likelihood of `chain.parameters` at values."""
    return prepared(chain, values).filter()


def evaluate(chain: Chain | LongChain, values: np.ndarray, size: int = CHUNK) -> Evaluation:
    """Give the exact log-likelihood and its gradient, by a pass forward and one back."""
    own = np.asarray(values, dtype=float)[: len(chain.motion.parameters)]
    total, gradient = 0.0, np.zeros(len(values))
    for _, form, value, _ in passes(chain, values, size):
        slopes = slopes_of(chain.motion, own, form.chain.steps[0])
        total += value
        gradient += np.concatenate([[form.slope(slope) for slope in slopes], form.floors])
    return Evaluation(total, gradient)


def passes(
    chain: Chain | LongChain, values: np.ndarray, size: int
) -> Iterator[tuple[slice, Form, float, bool]]:
    """Filter a chain to its end, then go back chunk by chunk, each of which is filtered again.

    Yields:
        The frames of a chunk, the last one first, its form after `back`, their log-likelihood, and
        whether no smoothed variance was lost to rounding.
    """
    parts = parts_of(chain, size)
    before: list[State | None] = [None]
    for part in parts[:-1]:
        form = chunk_of(chain, part, values)
        form.filter(before[-1])
        mean, P = form.read(form.frames - 1)
        before.append((mean.copy(), P.copy()))
    score = None
    for part, state in zip(parts[::-1], before[::-1], strict=True):
        form = chunk_of(chain, part, values)
        value = form.filter(state)
        sound = form.back(score)
        yield part, form, value, sound
        score = form.score


def parts_of(chain: Chain | LongChain, size: int) -> list[slice]:
    """Give the chunks of a chain, of fewer frames than `size` where each needs much memory."""
    if isinstance(chain, LongChain):
        return chain.parts
    return chunks_of(chain.frames, fewer(size, chain.wide))


def chunk_of(chain: Chain | LongChain, part: slice, values: np.ndarray) -> Form:
    """Give the kernels for a chunk, which has the frame before it, and the gap after it."""
    if isinstance(chain, Chain) and part == slice(0, chain.frames):
        return prepared(chain, values)  # which remembers what it has laid out for kernels
    more = part.stop < chain.frames
    return prepared(chain.cut(slice(max(part.start - 1, 0), part.stop + more)), values, more)


def smooth(chain: Chain, values: np.ndarray) -> Path:
    """Give the posterior of the latents in every frame.

    Args:
        chain: the observations.
        values: of `chain.parameters`.
    """
    form = prepared(chain, values)
    form.filter()
    if isinstance(form, Dense) or form.back():
        return form.path()
    form = Dense(chain, form.moves, form.b)
    form.filter()
    return form.path()


def prepared(chain: Chain, values: np.ndarray, more: bool = False) -> Form:
    """Give the kernels for a chain, with what they need; see `Form`."""
    own, values = len(chain.motion.parameters), np.asarray(values, dtype=float)
    moves = moves_of(chain.motion, values[:own], chain.steps[0])
    return form_of(chain, moves, values[own:], more)


def evaluate_all(items: Sequence[Item], workers: int | None) -> list[Evaluation]:
    """Evaluate many chains: in threads, or, without a compiler, in step."""
    if compiled.COMPILED:
        return in_threads(evaluate, *zip(*items, strict=True), workers=workers)
    return in_step(items, evaluations)


def smooth_all(items: Sequence[Item], workers: int | None) -> list[Path]:
    """Smooth many chains: in threads, or, without a compiler, in step."""
    if compiled.COMPILED:
        return in_threads(smooth, *zip(*items, strict=True), workers=workers)
    return in_step(items, paths)


def in_step(items: Sequence[Item], task: Callable[[Sequence[Item]], list[A]]) -> list[A]:
    """Do a task for chains of the same length and state at a time."""
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, (chain, values) in enumerate(items):
        own = np.asarray(values, dtype=float)[: len(chain.motion.parameters)]
        state = len(chain.motion.first(own))
        alike[chain.frames, state, chain.loading.shape[-1]].append(number)
    found: dict[int, A] = {}
    for numbers in alike.values():
        found.update(zip(numbers, task([items[number] for number in numbers]), strict=True))
    return [found[number] for number in range(len(items))]


def evaluations(items: Sequence[Item]) -> list[Evaluation]:
    """Evaluate chains of the same length and state."""
    done = lockstep.passed(items)
    found = []
    for number, (path, item) in enumerate(zip(paths_of(items, done), items, strict=True)):
        chain, values = item
        mine = Moves(done.first[number], *(summed(chain, a[:, number]) for a in (done.F, done.Q)))
        own = np.asarray(values, dtype=float)[: len(chain.motion.parameters)]
        slopes = slopes_of(chain.motion, own, chain.steps[0])
        moving = [sum((a * b).sum() for a, b in zip(mine, s, strict=True)) for s in slopes]
        gradient = np.concatenate([moving, lockstep.floors_slope(chain, values, path)])
        found.append(Evaluation(float(done.values[number]), gradient))
    return found


def summed(chain: Chain, slopes: np.ndarray) -> np.ndarray:
    """Add up (frames, state, state) per gap, but for the first frame, which has none."""
    gaps, which = chain.steps
    total = np.zeros((len(gaps), *slopes.shape[1:]))
    np.add.at(total, which[1:], slopes[1:])
    return total


def paths(items: Sequence[Item]) -> list[Path]:
    """Smooth chains of the same length and state."""
    return paths_of(items, lockstep.passed(items))


def paths_of(items: Sequence[Item], done: lockstep.Passed) -> list[Path]:
    """Give each chain's path from what the passes gave."""
    found = []
    for number, (chain, _) in enumerate(items):
        mean = chain.rows.mean
        latent, state = len(mean), done.means[:, number]
        covariances = done.covariances[:, number, :latent, :latent].copy()
        found.append(Path(state[:, :latent] + mean, covariances, state[:, latent:].copy()))
    return found
