"""The reader of every machine: FFmpeg on the CPU, through PyAV.

PyAV itself loads when used, so that listing readers stays fast.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pose_core.errors import VideoError
from pose_core.hookspecs import Clip, VideoInfo

if TYPE_CHECKING:
    from av import VideoFrame

FULL_CHROMA = 0x2000  # swscale's SWS_FULL_CHR_H_INT, which older PyAV does not name


def unavailable() -> str | None:
    """Say why PyAV cannot run here; None where it can."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        return f"PyAV cannot be imported ({error}); run: pip install av"
    return None


def probe(path: Path) -> VideoInfo:
    """Tell a video's frames, size and rate by its packets, and how many its header has beyond.

    Raises:
        VideoError: if the file is missing, empty, not a video, or nothing in it can be decoded.
    """
    from pose_core.video.index import index_of

    index = index_of(path)
    return VideoInfo(
        path=Path(path),
        frames=index.frames,
        size=index.size,
        fps=index.fps,
        cut_off=index.cut_off,
    )


def cut_off(path: Path) -> int:
    """Count the frames that the header promises beyond those in the file; 0 in a whole file.

    Raises:
        VideoError: as `probe`.
    """
    from pose_core.video.index import index_of

    return index_of(path).cut_off


def read(
    path: Path,
    windows: Iterable[Sequence[int]],
    size: tuple[int, int] | None = None,
    device: str = "cpu",
) -> Iterator[Clip]:
    """Yield one clip per window of frame numbers.

    Args:
        path: of the video.
        windows: frame numbers in any order; a number may stand several times in a window.
        size: height and width to resize to, by an antialiased triangle filter; None: as shown.
        device: where the clip is wanted; this reader gives arrays in main memory in any case.

    Raises:
        VideoError: if the video cannot be opened, or a window asks for a frame it has not.
    """
    with closing(read_sizes(path, windows, (size,), device)) as read_once:
        for (clip,) in read_once:
            yield clip


def read_sizes(
    path: Path,
    windows: Iterable[Sequence[int]],
    sizes: Sequence[tuple[int, int] | None],
    device: str = "cpu",
) -> Generator[tuple[Clip, ...], None, None]:
    """Yield the clip of each window in several sizes, each frame decoded once for all.

    Windows that follow each other are read without a seek; frames that a window shares with the
    one before are not decoded again, so do not write into a clip before the next one is there.
    Memory is that of two clips of each size, whatever the length of the video.

    Args:
        path: as in `read`.
        windows: as in `read`.
        sizes: to resize to, each as in `read`.
        device: as in `read`.

    Raises:
        VideoError: as `read`.
    """
    from pose_core.video.decoding import Decoder
    from pose_core.video.index import index_of

    index = index_of(path)
    decoder = Decoder(Path(path), index)
    converters = [Converter(size or index.size) for size in sizes]
    try:
        clips = tuple(empty_clip((), one.size) for one in converters)
        for window in windows:
            clips = read_window(decoder, converters, checked(path, window, index.frames), clips)
            yield clips
    finally:
        decoder.close()


def checked(path: Path, window: Sequence[int], frames: int) -> Sequence[int]:
    """Refuse numbers that the video has not."""
    for number in window:
        if not 0 <= number < frames:
            raise VideoError(f"{path}: has no frame {number}; its {frames} frames count from 0")
    return window


def empty_clip(numbers: Sequence[int], size: tuple[int, int]) -> Clip:
    """Make a clip in which nothing is decoded yet."""
    count = len(numbers)
    images = np.zeros((count, *size, 3), np.uint8)
    return Clip(np.array(numbers, np.int64), images, np.zeros(count, bool))


class Decodes(Protocol):
    """Gives frames by number, cheaply where the numbers rise."""

    def expect(self, window: Sequence[int]) -> None:
        """Say which frames are asked for next."""

    def frame(self, number: int) -> Any:
        """Give a frame; None where the file is damaged."""

    def close(self) -> None:
        """Close the file."""


class Draws(Protocol):
    """Puts frames into clips, at the size of these."""

    size: tuple[int, int]

    def draw(self, frame: Any, image: np.ndarray) -> None:
        """Draw a frame into a uint8 (height, width, 3) array."""


def read_window(
    decoder: Decodes, converters: Sequence[Draws], window: Sequence[int], before: Sequence[Clip]
) -> tuple[Clip, ...]:
    """Read the frames of one window, a clip per converter, taking from those before what is there.

    Args:
        decoder: of the video.
        converters: one for each size.
        window: frame numbers.
        before: the clips of the window before, one for each size.
    """
    clips = tuple(empty_clip(window, one.size) for one in converters)
    if len(window):
        decoder.expect(window)
    known = {int(number): (before, row) for row, number in enumerate(before[0].numbers)}
    for row in np.argsort(clips[0].numbers, kind="stable"):  # the decoder goes forward
        number = int(clips[0].numbers[row])
        if number in known:
            sources, source_row = known[number]
            for clip, source in zip(clips, sources, strict=True):
                clip.images[row] = source.images[source_row]
                clip.decoded[row] = source.decoded[source_row]
        elif (frame := decoder.frame(number)) is not None:
            for clip, converter in zip(clips, converters, strict=True):
                converter.draw(frame, clip.images[row])
                clip.decoded[row] = True
        known[number] = (clips, row)
    return clips


class Converter:
    """Turns decoded frames into RGB of one size.

    Keeps one scaler: a new one for every frame, as `frame.to_ndarray` makes, halves the speed.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter

        self.size = size
        self._reformatter = VideoReformatter()
        self._interpolation = int(Interpolation.BILINEAR) | FULL_CHROMA

    def draw(self, frame: "VideoFrame", image: np.ndarray) -> None:
        """Draw a frame, turned as it is to be shown, into a uint8 (height, width, 3) array.

        swscale's BILINEAR is a triangle filter as wide as the step: antialiased. FAST_BILINEAR is
        not and is off by up to 155 grey levels. Without FULL_CHROMA, resizing 4:2:0 comes out two
        grey levels too dark, and labeled images would differ from the frames they were taken from.
        """
        from pose_core.video.index import quarter_turns

        turns = quarter_turns(frame)
        height, width = self.size if turns % 2 == 0 else self.size[::-1]
        drawn = self._reformatter.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=self._interpolation
        )
        plane = drawn.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            :height, : 3 * width
        ]
        image[:] = np.rot90(rows.reshape(height, width, 3), turns)
