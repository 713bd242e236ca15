"""Groups of frames, from a key frame to the next, cut out of a file and decoded by DALI."""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from importlib import import_module
from itertools import dropwhile
from pathlib import Path
from typing import Any

import av
import numpy as np

from pose_core.video.index import index_of, opened, packets_of

LONGEST = 32  # frames that are decoded at once
DECODED_BYTES = 64_000_000  # of these, before they are resized
GROUP_BYTES = 256_000_000  # of a group of resized frames
INPUT = "video"  # what feeds the pipeline
LENGTH_AT = {"h264": 4, "hevc": 21}  # where their headers, avcC and hvcC, tell this
MILLISECOND = Fraction(1, 1000)
STEP = 40  # milliseconds a frame in the cut-out file: any rate will do, as it starts with frame 0


class InexactError(Exception):
    """DALI did not give the frames it was to give; another reader must."""


class Groups:
    """The frames of one video, by number.

    A clip alone is decoded from the key frame before it to its end; windows that go on from each
    other take whole groups, so that none is decoded twice.

    Args:
        path: a video that `exactness` has nothing against.
        sizes: heights and widths to resize to.
        gpu: number of the GPU to decode on; None for DALI's CPU backend.
    """

    def __init__(self, path: Path, sizes: Sequence[tuple[int, int]], gpu: int | None) -> None:
        self._index = index_of(path)
        self._sizes = sizes
        self._open = ExitStack()
        self._container, self._stream = self._open.enter_context(opened(path))
        self._numbers = np.argsort(self._index.ranks)  # by their places in the order of decoding
        height, width = self._index.size
        self._length = max(1, min(LONGEST, DECODED_BYTES // (3 * height * width)))
        self._gpu = gpu
        self._pipeline: Any = None  # DALI's, once there is something to decode
        self._held = range(0)
        self._images = self._empty(0)
        self._window: Sequence[int] = (self._index.frames,)  # from which none goes on
        self._goes_on = False

    def close(self) -> None:
        """Close the file and free what decodes it."""
        self._pipeline = None
        self._open.close()

    def expect(self, window: Sequence[int]) -> None:
        """Say which frames are asked for next: all of them, before the first."""
        low, high = min(self._window), max(self._window)
        self._goes_on = low < min(window) <= high + 1
        self._window = window

    def frame(self, number: int) -> list[np.ndarray]:
        """Give a frame, uint8 (height, width, 3) in each size.

        Raises:
            InexactError: if DALI cannot decode its group, or does not give as many frames.
        """
        if number not in self._held:
            first = int(self._index.keys[self._index.key_before(number)])
            stop = self._stop_after(number)
            self._images = self._decode(first, stop)
            self._held = range(first, stop)
        return [images[number - self._held.start] for images in self._images]

    def _stop_after(self, number: int) -> int:
        """Say up to where to decode from a frame on: what the window wants, or whole groups."""
        if self._goes_on:
            return self._next_key(number + self._length - 1)
        last = number
        for wanted in sorted(self._window):
            if last < wanted < max(last + 2, self._next_key(last)):
                last = wanted
        return last + 1

    def _next_key(self, number: int) -> int:
        """Give the first key frame after a frame, or the video's end."""
        following = self._index.key_before(min(number, self._index.frames - 1)) + 1
        keys = self._index.keys
        return int(keys[following]) if following < len(keys) else self._index.frames

    def _empty(self, frames: int) -> list[np.ndarray]:
        """Make room for frames in each size."""
        return [np.zeros((frames, *size, 3), np.uint8) for size in self._sizes]

    def _decode(self, first: int, stop: int) -> list[np.ndarray]:
        """Decode frames from a key frame on, (stop - first, height, width, 3) in each size."""
        start = int(self._index.ranks[first])
        end = int(self._index.ranks[first:stop].max()) + 1
        if (end - start) * sum(3 * height * width for height, width in self._sizes) > GROUP_BYTES:
            raise InexactError(f"{end - start} frames hang together, too many to keep at this size")
        cut = cut_out(self._packets(start, end), self._stream, self._numbers[start:end] - first)
        try:
            images = self._run(cut, end - start)
        except RuntimeError as error:
            raise InexactError(
                f"DALI failed at frames {first} to {stop - 1}: {reason(error)}"
            ) from error
        return [each[: stop - first] for each in images]

    def _packets(self, start: int, end: int) -> Iterator["av.Packet[av.VideoStream]"]:
        """Give packets by their places in the order of decoding; the first is a key frame's."""
        assert self._index.times is not None
        times = self._index.times[self._numbers[start:end]].tolist()
        with suppress(av.error.FFmpegError, OSError):
            self._container.seek(times[0], stream=self._stream)
        found = packets_of(self._container, self._stream)
        found = dropwhile(lambda packet: packet.size and packet.pts != times[0], found)
        for time, packet in zip(times, found, strict=False):
            if packet.pts != time:
                raise InexactError("its packets come in another order after a seek")
            if not is_whole(packet, self._stream):
                raise InexactError(f"it is damaged at {time * packet.time_base:.2f} s")
            yield packet

    def _run(self, cut: np.ndarray, count: int) -> list[np.ndarray]:
        """Decode a cut-out file that holds so many frames, and no other number of them."""
        if self._pipeline is None:
            resized = [None if size == self._index.size else size for size in self._sizes]
            self._pipeline = build(self._length, resized, self._gpu)
        self._pipeline.feed_input(INPUT, [cut])
        found = self._empty(count)
        for first in range(0, count, self._length):
            for images, decoded in zip(found, self._pipeline.run(), strict=True):
                block = np.asarray(decoded.as_cpu().at(0))
                if block.shape != images[first : first + self._length].shape:
                    raise InexactError(
                        f"DALI gave {len(block)} frames of {block.shape[1:3]} at {first}"
                    )
                images[first : first + self._length] = block
        return found


def build(length: int, sizes: Sequence[tuple[int, int] | None], gpu: int | None) -> Any:
    """Build what decodes files in memory, `length` frames a run, and resizes them to each size.

    Resizing is by a triangle filter as wide as the step, as everywhere in the house.
    """
    dali: Any = import_module("nvidia.dali")  # its types do not say what it exports
    pipeline = dali.Pipeline(batch_size=1, num_threads=1, device_id=gpu, prefetch_queue_depth=1)
    with pipeline:
        video = dali.fn.experimental.inputs.video(
            name=INPUT, device="cpu" if gpu is None else "mixed", sequence_length=length
        )
        outputs = [video if size is None else resized(dali, video, size) for size in sizes]
        pipeline.set_outputs(*outputs)
    pipeline.build()
    return pipeline


def resized(dali: Any, video: Any, size: tuple[int, int]) -> Any:
    """Resize by DALI."""
    rule = dali.types.INTERP_TRIANGULAR
    return dali.fn.resize(video, size=size, interp_type=rule, antialias=True)


def cut_out(
    packets: Iterator["av.Packet[av.VideoStream]"], stream: av.VideoStream, places: np.ndarray
) -> np.ndarray:
    """Write packets into a small Matroska file in memory, uint8 (bytes,).

    Args:
        packets: in the order of decoding.
        stream: theirs.
        places: (packets,), the places of their frames in the order of showing.

    Raises:
        InexactError: if there are fewer packets than places.
    """
    delay = int(np.max(np.arange(len(places)) - places, initial=0))
    buffer, written = io.BytesIO(), 0
    with av.open(buffer, "w", format="matroska") as file:
        copy = file.add_stream_from_template(stream)
        copy.time_base = MILLISECOND
        for rank, (packet, place) in enumerate(zip(packets, places.tolist(), strict=False)):
            packet.time_base = MILLISECOND
            packet.pts, packet.dts = STEP * (place + delay), STEP * rank
            packet.duration = STEP
            packet.stream = copy
            file.mux(packet)
            written += 1
    if written != len(places):
        raise InexactError(f"{len(places) - written} of its packets cannot be found after a seek")
    return np.frombuffer(buffer.getvalue(), np.uint8)


def is_whole(packet: "av.Packet[av.VideoStream]", stream: av.VideoStream) -> bool:
    """Say whether a packet holds the parts it says it does.

    NVDEC makes something of a damaged packet of H.264 or HEVC and says nothing.
    """
    codec, header = stream.codec_context.name, stream.codec_context.extradata
    if codec not in LENGTH_AT or not header or len(header) <= LENGTH_AT[codec]:
        return True
    width = (header[LENGTH_AT[codec]] & 3) + 1  # bytes that say how long a part is
    data, place = bytes(packet), 0
    while place < len(data):
        part = int.from_bytes(data[place : place + width], "big")
        place += width + part
        if not part:
            return False
    return place == len(data)


def reason(error: RuntimeError) -> str:
    """Give the line of DALI's many that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("Assert on", "[", "Failed"))]
    return (telling or lines or ["no reason given"])[0]
