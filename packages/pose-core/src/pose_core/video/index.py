"""What a video holds, found by reading its packets without decoding them (PyAV).

Headers lie (truncated files, edit lists, variable rates), so the number of a frame is its place
among the times of the packets that are really there: frame n is the n-th shown.
"""

import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from pose_core.errors import VideoError

Container = av.container.InputContainer
Packets = Iterable["av.Packet[av.VideoStream]"]
FALLBACK_FPS = 25.0  # where a raw stream tells nothing; FFmpeg takes the same


@dataclass(frozen=True, eq=False)
class Index:
    """The frames of a video.

    Attributes:
        times: int64 (frames,), when each is shown, in units of the stream, never falling; None
            where the file has no times that can be trusted, so that frames are counted from the
            start.
        keys: int64 (keys,), rising numbers of the frames at which decoding can begin.
        ranks: int64 (frames,), the place of each in the order of decoding; empty without times.
        frames: how many there are.
        packets: in the file, also those that hold or show no frame.
        cut_off: how many more the header promises; not 0 where the end of the file is lost.
        size: height and width as shown, after rotation.
        fps: frames per second, the mean where it varies.
    """

    times: np.ndarray | None
    keys: np.ndarray
    ranks: np.ndarray
    frames: int
    packets: int
    cut_off: int
    size: tuple[int, int]
    fps: float

    def key_before(self, number: int) -> int:
        """Give the place in `keys` of the last key frame at or before a frame; -1 if none."""
        if self.times is None:
            return -1
        return int(np.searchsorted(self.keys, self.first_shown_with(number), side="right")) - 1

    def first_shown_with(self, number: int) -> int:
        """Give the first of the frames that have the same time as this one."""
        assert self.times is not None
        return int(np.searchsorted(self.times, self.times[number], side="left"))

    def numbers_at(self, time: int) -> range:
        """Give the numbers of the frames shown at a time: mostly one, none for a strange time."""
        assert self.times is not None
        first = int(np.searchsorted(self.times, time, side="left"))
        return range(first, int(np.searchsorted(self.times, time, side="right")))


@dataclass(frozen=True)
class Demuxed:
    """What demuxing tells: times in the order of decoding, and which of them are key frames'."""

    times: np.ndarray
    is_key: np.ndarray
    timed: bool  # every packet has a time
    seen: int  # packets of any kind, to hold against what the header promises


def index_of(path: Path) -> Index:
    """Index a video, once per process as long as the file stays the same.

    Takes about half a second per 100,000 frames; a decoding of the whole file where its times
    cannot be trusted (raw streams, H.264 in AVI).

    Raises:
        VideoError: if the file is missing, empty, not a video, without frames or all damaged.
    """
    path = Path(path).absolute()
    require_file(path)
    stat = path.stat()
    return cached_index(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def cached_index(path: Path, size: int, changed: int) -> Index:
    """Index a video; size and time of change are there to notice another file of that name."""
    with opened(path) as (container, stream):
        packets = demux(container, stream)
        doubtful = not packets.timed or may_lack_order(container, stream, packets.times)
        promised, fps = stream.frames, rate(stream)
    if not len(packets.times):
        raise VideoError(f"{path}: holds no frames; was the recording stopped before it began?")
    size_shown = shown_size(path)
    if doubtful and not (times_rise_when_decoded(path) and packets.timed):
        frames = count_decoded(path)
        none, lost = np.zeros(0, np.int64), max(0, len(packets.times) - frames)
        return Index(None, none, none, frames, packets.seen, lost, size_shown, fps)
    ranks = np.argsort(packets.times, kind="stable")
    times = packets.times[ranks]
    keys = np.unique(np.searchsorted(times, packets.times[packets.is_key]))
    lost = max(0, promised - packets.seen)
    return Index(times, keys, ranks, len(times), packets.seen, lost, size_shown, fps)


@contextmanager
def opened(path: Path, threads: str = "FRAME") -> Iterator[tuple[Container, av.VideoStream]]:
    """Open a video's container and its first moving picture.

    Raises:
        VideoError: if it cannot be read as a video.
    """
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise VideoError(
            f"{path}: cannot be read as a video ({reason}); it may be cut off or of another kind"
        ) from error
    with container:
        stream = moving_picture(path, container)
        stream.thread_type = threads
        yield container, stream


def require_file(path: Path) -> None:
    """Refuse what is not a file with something in it."""
    if path.is_dir():
        raise VideoError(f"{path}: is a folder, not a video; name a video in it")
    if not path.exists():
        raise VideoError(f"{path}: no such video; check the path")
    if not path.stat().st_size:
        raise VideoError(f"{path}: is empty (0 bytes); copy it again from where it was recorded")


def moving_picture(path: Path, container: Container) -> av.VideoStream:
    """Choose the video stream; the cover picture of an audio file is none."""
    if container.format.name.endswith("_pipe") or container.format.name == "image2":
        raise VideoError(f"{path}: is one image, not a video; give the folder of images instead")
    cover = av.stream.Disposition.attached_pic
    for stream in container.streams.video:
        if not stream.disposition & cover:
            return stream
    if container.streams.audio:
        codec = container.streams.audio[0].codec_context.name
        raise VideoError(f"{path}: has no video, only audio ({codec}); name the video's file")
    raise VideoError(f"{path}: has no video stream, or no frame in it; name a video")


def demux(container: Container, stream: av.VideoStream) -> Demuxed:
    """Read every packet's time without decoding; 9 bytes a frame are kept."""
    times, keys, timed, seen = array.array("q"), array.array("b"), True, 0
    for packet in packets_of(container, stream):
        seen += packet.size > 0 or packet.dts is not None
        if packet.size and not packet.is_discard:  # an edit list hides what it discards
            timed = timed and packet.pts is not None
            times.append(packet.pts or 0)
            keys.append(packet.is_keyframe)
    return Demuxed(np.array(times, np.int64), np.array(keys, bool), timed, seen)


def packets_of(container: Container, stream: av.VideoStream) -> Packets:
    """Give the packets to the end of the file, or to where it cannot be read any further."""
    try:
        yield from container.demux(stream)
    except (av.error.FFmpegError, OSError):
        return


def decode(
    packets: Packets, failed: "Callable[[av.Packet[av.VideoStream]], object]" = lambda packet: None
) -> Iterator[av.VideoFrame]:
    """Decode packet by packet, so that a bad one does not end it.

    `container.decode()` would stop for good at the first. An empty packet within the file (a frame
    that an AVI says to repeat) must not reach the decoder, which would take it for the end.

    Args:
        packets: of one stream, in the order of the file.
        failed: is told each packet that the decoder refuses.
    """
    for packet in packets:
        if packet.size or packet.dts is None:
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                failed(packet)
                continue
            yield from frames


def may_lack_order(container: Container, stream: av.VideoStream, times: np.ndarray) -> bool:
    """Say whether the times may be those of decoding, not of showing.

    Frames that are shown in another order than they are decoded have times that fall now and then.
    Where they only rise although the codec reorders, or may in a container that keeps no times
    (AVI), only decoding tells.
    """
    reorders = stream.codec_context.has_b_frames
    untimed = container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc")
    return bool((reorders or untimed) and (np.diff(times) > 0).all())


def times_rise_when_decoded(path: Path) -> bool:
    """Decode the whole file to see whether its frames come in the order of their times."""
    with opened(path) as (container, stream):
        times = (frame.pts for frame in decode(packets_of(container, stream)))
        return all(a is not None and b is not None and a <= b for a, b in pairwise(times))


def count_decoded(path: Path) -> int:
    """Decode the whole file to count its frames, with the threads that reading will use."""
    with opened(path, "SLICE") as (container, stream):
        return sum(1 for _ in decode(packets_of(container, stream)))


def shown_size(path: Path) -> tuple[int, int]:
    """Give height and width of the first frame that decodes, after rotation.

    Raises:
        VideoError: if none does.
    """
    with opened(path, "SLICE") as (container, stream):
        for frame in decode(packets_of(container, stream)):
            turned = quarter_turns(frame) % 2
            return (frame.width, frame.height) if turned else (frame.height, frame.width)
    raise VideoError(f"{path}: none of its frames can be decoded; copy it again from its source")


def quarter_turns(frame: av.VideoFrame) -> int:
    """Give how many times a frame must be turned by 90 degrees, counterclockwise, to be shown."""
    return round(frame.rotation / 90) % 4


def rate(stream: av.VideoStream) -> float:
    """Give the frames per second."""
    return float(stream.average_rate or stream.guessed_rate or FALLBACK_FPS)
