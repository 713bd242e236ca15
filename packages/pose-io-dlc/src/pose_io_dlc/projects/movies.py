"""The size of a video from its header; nothing is decoded."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

Size = tuple[int, int]
"""Height and width."""

BOXES = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
"""Parts of an MP4 that hold parts."""
MASTERS = frozenset({0x18538067, 0x1654AE6B, 0xAE, 0xE0})
"""Parts of a Matroska file that hold parts: segment, tracks, track, video."""
WIDTH, HEIGHT = 0xB0, 0xBA
MOST = 100_000
"""Parts that are looked at before a file is given up."""


def video_size(path: Path) -> Size | None:
    """Give height and width of an MP4, MOV, AVI, MKV or WebM as it is shown, turned if it says so.

    None if it is missing, damaged or other.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
            end = file.seek(0, 2)
            if head[:4] == b"RIFF" and head[8:] == b"AVI ":
                size = avi_size(file)
            elif head[:4] == b"\x1aE\xdf\xa3":
                size = mkv_size(file, end)
            else:
                size = mp4_size(file, end) if head[4:8] in (b"ftyp", b"moov", b"mdat") else None
    except (OSError, struct.error, OverflowError):
        return None
    return size if size and min(size) > 0 else None


def avi_size(file: BinaryIO) -> Size | None:
    """Read the main header, which comes first: `RIFF`, `AVI `, `LIST`, `hdrl`, `avih`."""
    file.seek(12)
    head = file.read(20)
    if head[8:16] != b"hdrlavih":
        return None
    width, height = struct.unpack("<32xII", file.read(40))
    return height, width


def mp4_size(file: BinaryIO, end: int) -> Size | None:
    """Read the coded size of the first track of pictures, and whether it is shown turned."""
    turned = False
    for kind, start, _ in boxes(file, 0, end):
        file.seek(start)
        if kind == b"tkhd":
            version = file.read(1)[0]
            file.seek(start + (52 if version else 40))
            (a, b) = struct.unpack(">ii", file.read(8))
            turned = a == 0 and b != 0
        if kind == b"stsd":
            width, height = struct.unpack(">40xHH", file.read(44))
            if width and height and is_picture(file, start):
                return (width, height) if turned else (height, width)
    return None


def is_picture(file: BinaryIO, start: int) -> bool:
    """Say whether an MP4 track has pictures: their entry is longer, and no sound's."""
    file.seek(start + 8)
    (length,) = struct.unpack(">I", file.read(4))
    return length >= 86 and file.read(4) not in (b"mp4a", b"sowt", b"twos", b"Opus", b"ac-3")


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Walk the parts of an MP4, outer ones before those they hold: name, begin and end of each."""
    ends = [end]
    for _ in range(MOST):
        while ends and start + 8 > ends[-1]:
            start = ends.pop()
        if not ends:
            return
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        body = start + 8
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
            body += 8
        stop = start + length if length else ends[-1]
        if stop < body:
            return
        yield kind, body, stop
        if kind in BOXES:
            ends.append(min(stop, ends[-1]))
        start = body if kind in BOXES else stop


def mkv_size(file: BinaryIO, end: int) -> Size | None:
    """Read the size of the first track of pictures."""
    found: dict[int, int] = {}
    file.seek(0)
    for _ in range(MOST):
        name, length = vint(file, keep=True), vint(file, keep=False)
        if name is None or length is None:
            return None
        if name in (WIDTH, HEIGHT):
            found[name] = int.from_bytes(file.read(min(length, 8)), "big")
            if len(found) == 2:
                return found[HEIGHT], found[WIDTH]
        elif name not in MASTERS:
            file.seek(length, 1)
        if file.tell() >= end:
            return None
    return None


def vint(file: BinaryIO, keep: bool) -> int | None:
    """Read one of Matroska's numbers of 1 to 8 bytes, whose first bits say how many they are."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    number = first[0] if keep else first[0] & (0x7F >> more)
    return int.from_bytes(bytes([number]) + file.read(more), "big")
