"""Frames in several sizes at once, for networks that see a video together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import tee
from pathlib import Path

from pose_core.hookspecs import Clip, VideoReader


def read_in_sizes(
    reader: VideoReader,
    path: Path,
    windows: Iterable[Sequence[int]],
    sizes: Sequence[tuple[int, int]],
    device: str,
) -> Iterator[tuple[Clip, ...]]:
    """Yield the clip of each window in each size.

    Every frame is decoded once, unless the reader cannot give several sizes: it then reads the
    video once for each, side by side.

    Raises:
        VideoError: as the reader does.
    """
    if len(sizes) > 1 and reader.read_sizes is not None:
        return reader.read_sizes(path, windows, sizes, device)
    pairs = zip(tee(windows, len(sizes)), sizes, strict=True)
    return side_by_side([reader.read(path, own, size, device) for own, size in pairs])


def side_by_side(readings: Sequence[Iterator[Clip]]) -> Iterator[tuple[Clip, ...]]:
    """Yield what several readings of a video give for each window; close them at the end."""
    try:
        yield from zip(*readings, strict=True)
    finally:
        for clips in readings:
            if hasattr(clips, "close"):
                clips.close()
