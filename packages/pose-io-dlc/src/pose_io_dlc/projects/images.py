"""The size of an image from its first bytes; no picture is decoded."""

import struct
from pathlib import Path
from typing import BinaryIO

SOF = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of a JPEG that are followed by its size."""


def image_size(path: Path) -> tuple[int, int] | None:
    """Give height and width of a PNG, JPEG, BMP or GIF; None if it is missing, damaged or other."""
    try:
        with path.open("rb") as file:
            head = file.read(26)
            if head.startswith(b"\x89PNG\r\n\x1a\n"):
                width, height = struct.unpack(">II", head[16:24])
            elif head.startswith(b"BM"):
                width, height = map(abs, struct.unpack("<ii", head[18:26]))
            elif head.startswith(b"GIF8"):
                width, height = struct.unpack("<HH", head[6:10])
            elif head.startswith(b"\xff\xd8"):
                return jpeg_size(file)
            else:
                return None
    except (OSError, struct.error):
        return None
    return height, width


def jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    """Walk the segments of a JPEG to the one that holds its size."""
    file.seek(2)
    while len(marker := file.read(2)) == 2 and marker[0] == 0xFF:
        if marker[1] in (0xFF, 0x01, *range(0xD0, 0xD8)):  # fill bytes, markers without a segment
            file.seek(-1 if marker[1] == 0xFF else 0, 1)
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker[1] in SOF:
            _, height, width = struct.unpack(">BHH", file.read(5))
            return height, width
        file.seek(length - 2, 1)
    return None
