"""Say what was tried when memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager

from pose_core.errors import PoseError

SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "unable to allocate")


@contextmanager
def memory_explained(batch_size: int, advice: str) -> Iterator[None]:
    """Turn an out-of-memory error of torch, numpy or the system into one line.

    Raises:
        PoseError: naming the batch size that was tried.
    """
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        if not isinstance(error, MemoryError) and not any(s in str(error).lower() for s in SIGNS):
            raise
        raise PoseError(f"out of memory with batches of {batch_size}; {advice}") from error
