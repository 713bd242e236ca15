"""Recordings of any length: smoothed in chunks, in two passes, with memory for one chunk.

The first pass filters from the beginning and keeps the state before every chunk. The second takes
the chunks from the last to the first: it filters a chunk again, and smooths it back from the
posterior of the frame after it. What comes out is what one pass over all frames gives.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pose_eks.core.chain import Chain, Path
from pose_eks.core.forms import Dense
from pose_eks.core.inference import parts_of, passes, prepared
from pose_eks.core.lanes import Dynamics, Lanes, Noise
from pose_eks.core.long_chain import LongChain
from pose_eks.core.stored import CHUNK, chunks_of
from pose_eks.core.wide import State

Source = Callable[[slice], Lanes]
"""Gives a stretch of the lanes; the first gap is that from the frame before the stretch."""
ChainSource = Callable[[slice], Chain]
"""Gives a stretch of a chain, as `Chain.cut` would."""


def smooth_lanes(
    source: Source, noise: Noise, dynamics: Dynamics, frames: int, size: int = CHUNK
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Smooth lanes of any length.

    Args:
        source: asked twice for every chunk, forward and then back.
        noise: of the lanes.
        dynamics: how they move.
        frames: how many there are.
        size: frames of a chunk.

    Yields:
        Frames, posterior means and variances (lanes, frames) of every chunk, the last one first.
    """
    chunks = chunks_of(frames, size)
    before: list[np.ndarray] = []
    for number, chunk in enumerate(chunks):
        lanes = source(chunk)
        state = before[-1] if number else dynamics.prior(lanes)
        before += [state] if not number else []
        if number < len(chunks) - 1:
            before.append(dynamics.filtered(lanes, noise, state))
    after, gap = before[0], 0.0
    for number in range(len(chunks) - 1, -1, -1):
        lanes = source(chunks[number])
        means, variances, after = dynamics.smoothed(lanes, noise, before[number], after, gap)
        gap = float(lanes.gaps[0])
        yield chunks[number], means, variances


def trace(
    chain: Chain | LongChain, values: np.ndarray, take: Callable[[slice, Path], None], size: int
) -> None:
    """Smooth a chain of any length, and hand over the path of every chunk, the last one first.

    Where a variance is lost to rounding, all chunks are handed over a second time.

    Args:
        chain: the observations.
        values: of its parameters.
        take: is given frames and their path.
        size: frames of a chunk.
    """
    for part, form, _, sound in passes(chain, values, size):
        if not sound:
            break
        take(part, form.path().cut(slice(form.start, None)))
    else:
        return
    for part, path in smooth_chain(chain.cut, values, parts_of(chain, size)):
        take(part, path)


def smooth_chain(
    source: ChainSource, values: np.ndarray, chunks: Sequence[slice]
) -> Iterator[tuple[slice, Path]]:
    """Smooth a chain of any length and any motion, by sums of squares alone.

    Args:
        source: asked twice for every chunk, forward and then back, with a frame more on each side.
        values: of its parameters.
        chunks: its frames.

    Yields:
        Frames and path of every chunk, the last one first.
    """
    before: list[State | None] = [None]
    for chunk in chunks[:-1]:
        form = prepared(source(slice(max(chunk.start - 1, 0), chunk.stop)), values)
        form.filter(before[-1])
        mean, P = form.read(form.chain.frames - 1)
        before.append((mean.copy(), P.copy()))
    after: State | None = None
    for chunk, state in zip(chunks[::-1], before[::-1], strict=True):
        form = in_squares(source, chunk, values, after is not None)
        form.filter(state)
        if after is not None:
            form.write(form.chain.frames - 1, *after)
        path = form.path()
        first = 0 if state is None else 1
        mean, P = form.read(first)
        after = (mean.copy(), P.copy())
        inner = slice(first, first + chunk.stop - chunk.start)
        yield chunk, path.cut(inner)


def in_squares(source: ChainSource, chunk: slice, values: np.ndarray, more: bool) -> Dense:
    """Give a chunk with the frame before it, if there is one, and the frame after it, if asked."""
    chain = source(slice(max(chunk.start - 1, 0), chunk.stop + (1 if more else 0)))
    form = prepared(chain, values)
    return Dense(chain, form.moves, form.b)
