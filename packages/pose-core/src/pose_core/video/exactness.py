"""Whether a decoder that knows less than FFmpeg gives exactly the frames that FFmpeg gives."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pose_core.video.index import Index, decode, index_of, opened, packets_of, quarter_turns

EIGHT_BIT = ("yuv420p", "yuvj420p")
"""Grey levels and half the colours, 8 bits each: all that NVDEC and DALI's GPU kernels share."""
CPU_PIXELS = frozenset(
    {*EIGHT_BIT, "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gbrp", "gray"},
)
MATRICES = {0: "RGB", 2: "none", 5: "BT.601", 6: "BT.601"}
"""By FFmpeg's number; DALI turns every video to RGB by BT.601, and FFmpeg so where none is told."""
AS_A_LIST = 1  # the first byte of an H.264 or HEVC header whose packets say how long each part is


@dataclass(frozen=True)
class Backend:
    """What a backend of DALI decodes."""

    name: str
    codecs: Collection[str]
    pixels: Collection[str]


BACKENDS = {
    "cpu": Backend("DALI on a CPU", frozenset({"mjpeg", "vp8", "vp9"}), CPU_PIXELS),
    "gpu": Backend("NVDEC", frozenset({"h264", "hevc", "vp8", "vp9"}), frozenset(EIGHT_BIT)),
}


@dataclass(frozen=True)
class Coding:
    """How a video is coded."""

    codec: str
    pixels: str
    matrix: int
    turns: int
    size: tuple[int, int]
    header: int


def why_inexact(path: Path, backend: str) -> str | None:
    """Say why a backend of DALI would not give a file's frames exactly; None where it would.

    Raises:
        VideoError: if it cannot be read as a video.
    """
    index = index_of(path)
    stat = path.stat()
    coding = coding_of(Path(path).absolute(), stat.st_size, stat.st_mtime_ns)
    return why_not_decoded(coding, BACKENDS[backend]) or why_not_counted(index)


@lru_cache(maxsize=1024)
def coding_of(path: Path, size: int, changed: int) -> Coding:
    """Tell how a video is coded, by its first frame; size and time notice another of that name."""
    with opened(path, "SLICE") as (container, stream):
        frame = next(decode(packets_of(container, stream)))  # the index has seen that there is one
        return Coding(
            codec=stream.codec_context.name,
            pixels=frame.format.name,
            matrix=int(frame.colorspace),
            turns=quarter_turns(frame),
            size=(frame.height, frame.width),
            header=next(iter(stream.codec_context.extradata or b"\0")),
        )


def why_not_decoded(coding: Coding, backend: Backend) -> str | None:
    """Say why the pictures are none for a backend."""
    if coding.codec not in backend.codecs:
        return f"{backend.name} does not decode {coding.codec}"
    if coding.pixels not in backend.pixels:
        return f"{backend.name} does not decode {coding.pixels}"
    if coding.turns:
        return f"it is to be turned by {90 * coding.turns} degrees"
    if coding.matrix not in MATRICES:
        return "its colours are not those of BT.601"
    if backend.name == "NVDEC" and any(length % 2 for length in coding.size):
        return f"its size {coding.size[0]} x {coding.size[1]} is odd"
    if coding.codec in ("h264", "hevc") and coding.header != AS_A_LIST:
        return f"its {coding.codec} is a raw stream"
    return None


def why_not_counted(index: Index) -> str | None:
    """Say why the packets of a file do not stand for its frames one by one."""
    if index.times is None or not (np.diff(index.times) > 0).all():
        return "its frames have no times of their own"
    if index.cut_off:
        return f"its end is lost ({index.cut_off} frames)"
    if index.packets != index.frames:
        return "some of its packets show no frame"
    if not len(index.keys) or index.keys[0] or has_open_groups(index):
        return "some of its groups of frames are open: they draw on the group before"
    return None


def has_open_groups(index: Index) -> bool:
    """Say whether a frame shown before a key frame is decoded after it."""
    latest = np.maximum.accumulate(index.ranks)
    keys = index.keys[1:]
    return bool((latest[keys - 1] > index.ranks[keys]).any())
