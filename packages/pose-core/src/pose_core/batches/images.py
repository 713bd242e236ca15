"""Image files, found in folders, read and resized by the house's rule."""

import re
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pose_core.errors import FormatError

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def read_image(path: Path, size: tuple[int, int] | None) -> tuple[np.ndarray, tuple[int, int]]:
    """Read an image as RGB, resized by the house's rule (an antialiased triangle filter).

    Returns:
        uint8 (height, width, 3), and the height and width on disk.

    Raises:
        FormatError: if there is no image that can be read.
    """
    try:
        with Image.open(path) as image:
            on_disk = (image.height, image.width)
            rgb = image.convert("RGB")
            if size is not None and size != on_disk:
                rgb = rgb.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            return np.array(rgb), on_disk
    except FileNotFoundError:
        raise FormatError(
            f"{path}: no such image; put it back, or remove its row of labels"
        ) from None
    except (UnidentifiedImageError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(f"{path}: cannot be read as an image ({reason}); replace it") from None


def find_images(folder: Path) -> list[Path]:
    """List the images of a folder, by the numbers in their names; hidden ones are left out."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted((path for path in found if not path.name.startswith(".")), key=natural)


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that counts: img2 comes before img10."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
