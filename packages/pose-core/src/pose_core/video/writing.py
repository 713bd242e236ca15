"""Write videos: RGB frames in, one atomic file out (PyAV)."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from pose_core.errors import VideoError
from pose_core.options import suggest

CANNOT_WRITE = (OSError, av.error.FFmpegError)


@dataclass(frozen=True)
class Encoding:
    """How the frames of one kind of file are encoded."""

    codec: str
    options: dict[str, str] = field(default_factory=dict)
    full_range: bool = False  # of grey levels, 0..255 in place of 16..235


H264 = Encoding("libx264", {"crf": "18", "preset": "veryfast"})
ENCODINGS = {
    ".mp4": H264,
    ".m4v": H264,
    ".mov": H264,
    ".mkv": H264,
    ".avi": Encoding("mjpeg", {"qscale": "3"}, full_range=True),
    ".webm": Encoding("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "5"}),
}
"""By suffix: what players open, and in AVI a codec without frames out of order."""
H264_QUICK = Encoding("libx264", {"crf": "20", "preset": "superfast"})
VP9_QUICK = Encoding("libvpx-vp9", {"crf": "30", "b": "0", "deadline": "realtime", "cpu-used": "8"})
QUICK = {
    suffix: {"libx264": H264_QUICK, "libvpx-vp9": VP9_QUICK}.get(encoding.codec, encoding)
    for suffix, encoding in ENCODINGS.items()
}
"""The same in two thirds of the time, for what is looked at and thrown away."""


class VideoWriter:
    """Write a video, in a `with` block.

    The file appears under its name when the block ends well; until then, and after an error, there
    is none. Odd heights and widths are made even by repeating the last row or column, because
    yuv420p, which every player opens, needs it.

        with VideoWriter(path, fps=30) as writer:
            writer.write(image)  # uint8 (height, width, 3), RGB

    Attributes:
        path: of the finished file.
        frames: how many were written.
    """

    def __init__(
        self, path: Path, fps: float, encodings: Mapping[str, Encoding] = ENCODINGS
    ) -> None:
        """Prepare; the first frame sets the size.

        Raises:
            VideoError: if the suffix or the rate is none that can be written.
        """
        self.path = Path(path)
        self.frames = 0
        suffix = self.path.suffix.lower()
        if suffix not in encodings:
            raise VideoError(f"{path}: cannot write {suffix!r}; {suggest(suffix, encodings)}")
        if not 0 < fps < float("inf"):
            raise VideoError(f"{path}: {fps} frames per second is no rate; give a positive number")
        self._encoding = encodings[suffix]
        self._fps = Fraction(fps).limit_denominator(65535)
        self._part = self.path.with_name(f".{self.path.stem}.part{os.getpid()}{suffix}")
        self._size: tuple[int, int] | None = None
        self._container: av.container.OutputContainer | None = None
        self._reformatter = VideoReformatter()

    def __enter__(self) -> "VideoWriter":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(str(self._part), "w")
        except CANNOT_WRITE as error:
            raise self._failure(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except CANNOT_WRITE as failure:
            raise self._failure(failure) from failure
        finally:
            self._abandon()

    def write(self, image: np.ndarray) -> None:
        """Add one frame, uint8 (height, width, 3), RGB.

        Raises:
            VideoError: if the file cannot be written: disk full, folder not writable.
            ValueError: if the frame is of another shape or kind.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"frame: {image.dtype} {image.shape}; give uint8 (height, width, 3)")
        if self._size not in (None, image.shape[:2]):
            raise ValueError(f"frame: size {image.shape[:2]} after {self._size}; give one size")
        try:
            if self._size is None:
                self._start((image.shape[0], image.shape[1]))
            self._mux(self._encodable(image))
        except CANNOT_WRITE as error:
            raise self._failure(error) from error
        self.frames += 1

    def _start(self, size: tuple[int, int]) -> None:
        """Open the stream, once the size is known."""
        assert self._container is not None, "write within a `with` block"
        stream = self._container.add_stream(self._encoding.codec, rate=self._fps)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = (length + length % 2 for length in size)
        stream.pix_fmt = "yuvj420p" if self._encoding.full_range else "yuv420p"
        stream.options = dict(self._encoding.options)
        self._stream, self._size = stream, size
        self._frame = av.VideoFrame(stream.width, stream.height, "rgb24")
        plane = self._frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(stream.height, plane.line_size)
        self._pixels = rows[:, : 3 * stream.width].reshape(stream.height, stream.width, 3)

    def _encodable(self, image: np.ndarray) -> av.VideoFrame:
        """Pad a frame to even sizes and convert it, with one scaler and one frame for all."""
        height, width = image.shape[:2]
        self._pixels[:height, :width] = image
        self._pixels[height:, :width] = image[-1:]
        self._pixels[:, width:] = self._pixels[:, width - 1 : width]
        converted = self._reformatter.reformat(self._frame, format=self._stream.pix_fmt)
        converted.pts = self.frames
        converted.time_base = 1 / self._fps
        return converted

    def _mux(self, frame: av.VideoFrame | None) -> None:
        """Encode a frame, or what is left, into the file."""
        assert self._container is not None
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def _finish(self) -> None:
        """Write what is left and put the file in its place."""
        assert self._container is not None
        if not self.frames:
            raise VideoError(f"{self.path}: no frames to write; give at least one")
        self._mux(None)
        self._container.close()
        self._part.replace(self.path)

    def _abandon(self) -> None:
        """Close and remove what is not finished."""
        if self._container is not None:
            with suppress(*CANNOT_WRITE):  # a full disk is full still; its error is on its way
                self._container.close()
        self._part.unlink(missing_ok=True)

    def _failure(self, error: Exception) -> VideoError:
        """Say in one line why nothing can be written."""
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        advice = "free space or choose another folder"
        return VideoError(f"{self.path}: cannot be written ({reason}); {advice}")
