"""Frames of a video by number, decoded forward, with a seek only where one is needed (PyAV)."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import dropwhile, islice
from pathlib import Path
from typing import Protocol, TypeVar

import av
import numpy as np

from pose_core.video.index import Index, Packets, decode, opened, packets_of


class Shown(Protocol):
    """What has a time in a video."""

    @property
    def pts(self) -> int | None:
        """Give the time, in units of the stream."""


T = TypeVar("T")
S = TypeVar("S", bound=Shown)
LOOK_AHEAD = 16  # frames a codec may hold back to reorder them (H.264's largest)
LONGEST_GROUP = 250  # frames from one key frame to the next, as x264 and x265 have it unasked
WORTH_A_SEEK = 30  # frames; fewer are decoded faster than the decoder's threads are filled anew


class Decoder:
    """One open video.

    Decodes with a thread per frame, twice as fast as with a thread per slice on most files, whose
    frames are one slice. Where frames are missing that the packets promise, the rest is decoded
    by slices: on damaged files that conceals better, and loses no frame beside the bad one.
    The change depends on the file and the frames asked for alone, so a read can be repeated.

    What is decoded after a packet that the decoder refused draws on a picture that is not there,
    up to the next key frame, and comes out as another frame or as noise, without a word. It counts
    as not decoded.
    """

    def __init__(self, path: Path, index: Index) -> None:
        self._path = path
        self._index = index
        self._by_slices = index.times is None  # as they were counted
        self._fails = False  # by frames: a refused packet is known then, but not which one
        self._spoilt: deque[range] = deque(maxlen=4 * LOOK_AHEAD)  # in the order of decoding
        self._open = ExitStack()
        self._is_fresh: bool  # no packet was read yet
        self._before: int | None  # the number of the frame before; None at once after a seek
        self._held: tuple[int, av.VideoFrame | None]  # the frame last decoded, with its number
        self._restart(-1)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def expect(self, window: Sequence[int]) -> None:
        """Do nothing: frames are decoded as they are asked for."""

    def frame(self, number: int) -> av.VideoFrame | None:
        """Decode one frame; None where the file is damaged.

        Cheap where `number` is not below the one asked for before.
        """
        if not self._covers(number) or self._is_far(number):
            self._seek(number)
        while not self._reaches(number):
            if self._before is None and not self._fails:  # none at or before it: an open GOP
                self._restart(self._key - 1)
            elif self._by_slices:
                return None
            else:
                self._by_slices, self._fails = True, False
                self._reopen()
                self._seek(number)
        return None if self._is_spoilt(number) else self._held[1]

    def _covers(self, number: int) -> bool:
        """Say whether decoding forward comes to a frame, or has just passed it as missing."""
        return number >= self._held[0] or (self._before is not None and self._before < number)

    def _is_far(self, number: int) -> bool:
        """Say whether a key frame lies so far ahead that jumping there pays."""
        key = self._index.key_before(number)
        return key >= 0 and self._index.keys[key] - self._held[0] > WORTH_A_SEEK

    def _reaches(self, number: int) -> bool:
        """Decode up to a frame; False if it was not among those that came."""
        while self._held[0] < number and not self._fails:
            self._advance()
        return self._held[0] == number and not self._fails

    def _decode(self, packets: Packets) -> Iterator[tuple[int, av.VideoFrame]]:
        """Decode packets to numbered frames, and note what is damaged."""
        for number, frame in numbered(decode(packets, self._note), self._index):
            if frame.is_corrupt:  # seldom set where something is wrong, but never without reason
                self._note(frame)
            yield number, frame

    def _note(self, damaged: Shown) -> None:
        """Note what is spoilt by a packet that the decoder refused, or by a frame it half read."""
        if not self._by_slices:
            self._fails = True
        elif self._index.times is not None and damaged.pts is not None:
            for number in self._index.numbers_at(damaged.pts):
                self._spoilt.append(spoilt_by(number, self._index))

    def _is_spoilt(self, number: int) -> bool:
        """Say whether a frame may draw on one that was refused."""
        if not self._spoilt:
            return False
        rank = int(self._index.ranks[number])
        return any(rank in ranks for ranks in self._spoilt)

    def _advance(self) -> None:
        """Hold the next frame; at the end of the file a frame after the last."""
        self._before = self._held[0]
        self._held = next(self._frames, (self._index.frames, None))

    def _seek(self, number: int) -> None:
        """Begin at the key frame at or before a frame."""
        self._restart(self._index.key_before(number))

    def _restart(self, key: int) -> None:
        """Begin at a key frame, by its place among them; -1 is the start of the file."""
        if key < 0 or not self._jump(key):
            self._reopen()
            key = -1
        self._key = key
        self._before = -1
        self._held = (-1, None)  # nothing is decoded yet
        if key >= 0:
            self._advance()
            self._before = None

    def _jump(self, key: int) -> bool:
        """Seek to a key frame; False where the file cannot be sought in."""
        assert self._index.times is not None
        first = int(self._index.keys[key])
        try:
            if self._is_fresh:
                # Its first packet alone tells which encoder made a stream; a decoder that never
                # saw it turns 4:4:4 of x264 before 2017 into noise, without an error.
                next(decode(islice(packets_of(self._container, self._stream), 1)), None)
                self._is_fresh = False
            self._container.seek(int(self._index.times[first]), stream=self._stream)
        except (av.error.FFmpegError, OSError):
            return False
        packets = packets_of(self._container, self._stream)
        # Some containers land between key frames, and some codecs would draw on nothing there.
        from_key = dropwhile(lambda packet: packet.size and not packet.is_keyframe, packets)
        self._frames = in_order(self._decode(from_key), first)
        return True

    def _reopen(self) -> None:
        """Open the file anew, at its start."""
        self._open.close()
        video = opened(self._path, "SLICE" if self._by_slices else "FRAME")
        self._container, self._stream = self._open.enter_context(video)
        self._is_fresh = True
        self._frames = in_order(self._decode(packets_of(self._container, self._stream)), 0)


def spoilt_by(number: int, index: Index) -> range:
    """Name the frames that may draw on one, by their places in the order of decoding.

    They end with the next key frame. Files of one key frame alone would be lost from there on; but
    encoders renew the picture block by block too, so after the longest usual group it is trusted.
    """
    rank = int(index.ranks[number])
    keys = np.sort(index.ranks[index.keys])
    following = np.append(keys[keys > rank], index.frames)
    return range(rank, min(int(following[0]), rank + LONGEST_GROUP))


def numbered(frames: Iterable[S], index: Index) -> Iterator[tuple[int, S]]:
    """Give each frame its number: by its time, or by counting where there are no times.

    A frame of a time the index has not is left out. Of frames that share a time none can be told
    from the others, so they are left out unless all of them came.
    """
    if index.times is None:
        yield from enumerate(frames)
        return
    together: list[S] = []
    for frame in frames:
        if frame.pts is None:
            continue
        if together and together[-1].pts != frame.pts:
            together = []
        together.append(frame)
        numbers = index.numbers_at(frame.pts)
        if len(numbers) == len(together):
            yield from zip(numbers, together, strict=True)
            together = []


def in_order(frames: Iterable[tuple[int, T]], expected: int) -> Iterator[tuple[int, T]]:
    """Give numbered frames in rising order, without delay where they already are.

    A decoder that has to guess how far frames are reordered gives some too early. A gap is
    believed once more frames are waiting behind it than any codec holds back.

    Args:
        frames: with their numbers, none twice.
        expected: the first number.
    """
    waiting: dict[int, T] = {}
    for number, frame in frames:
        if number >= expected:  # one that is still later was given up already
            waiting[number] = frame
        while expected in waiting or len(waiting) > LOOK_AHEAD:
            given = min(waiting)
            yield given, waiting.pop(given)
            expected = given + 1
    for number in sorted(waiting):
        yield number, waiting[number]
