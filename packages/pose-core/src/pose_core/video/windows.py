"""Which frames to read: pure arithmetic on frame numbers, no video opened."""

from collections.abc import Iterator, Sequence

from pose_core.errors import ConfigError


def consecutive(frames: int, length: int, start: int = 0) -> Iterator[range]:
    """Cut a video into windows that follow each other; the last one may be shorter.

    Args:
        frames: how many the video has.
        length: of a window, at least 1.
        start: the first frame to read, to go on where an earlier run stopped.

    Raises:
        ConfigError: if a window would be empty, or `start` negative.
    """
    require_positive("length", length)
    if start < 0:
        raise ConfigError(f"start: {start} is negative; frames count from 0")
    return (range(first, min(first + length, frames)) for first in range(start, frames, length))


def clip_starts(frames: int, length: int, step: int) -> range:
    """List where whole clips of consecutive frames begin; empty in a video shorter than a clip.

    Args:
        frames: how many the video has.
        length: frames of a clip, at least 1.
        step: frames from the start of one clip to that of the next, at least 1.

    Raises:
        ConfigError: if `length` or `step` is not positive.
    """
    require_positive("length", length)
    require_positive("step", step)
    return range(0, max(0, frames - length + 1), step)


def reflected(center: int, offsets: Sequence[int], frames: int) -> tuple[int, ...]:
    """Name the frames around one, mirrored at both ends of the video without repeating the end.

    Frame -1 is read as frame 1 and, of 10 frames, frame 10 as frame 8, as often as it takes: a
    window may be longer than the video, and a video of one frame is its own context.

    Args:
        center: the frame wanted, within the video.
        offsets: of the context, such as (-2, -1, 0, 1, 2).
        frames: how many the video has, at least 1.

    Raises:
        ConfigError: if the video has no frames.
    """
    require_positive("frames", frames)
    period = max(1, 2 * (frames - 1))  # there and back again
    phases = ((center + offset) % period for offset in offsets)
    return tuple(min(phase, period - phase) if frames > 1 else 0 for phase in phases)


def require_positive(name: str, value: int) -> None:
    """Refuse a count below 1."""
    if value < 1:
        raise ConfigError(f"{name}: {value} is below 1; give at least 1")
