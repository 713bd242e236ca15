"""Which labels lie on their image: those outside are taken as missing."""

import numpy as np
from PIL import Image, UnidentifiedImageError

from pose_core.errors import FormatError
from pose_core.labels import MISSING, Labels
from pose_core.project import Project


def labels_inside(labels: Labels, row: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Give the labels of one frame, those outside its image as missing."""
    keypoints, visibility = labels.keypoints[row].copy(), labels.visibility[row].copy()
    outside = outside_image(keypoints, size)
    keypoints[outside] = np.nan
    visibility[outside] = MISSING
    return keypoints, visibility


def outside_image(keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Say which labels (..., 2) lie outside an image of (height, width); missing ones do not."""
    height, width = size
    x, y = keypoints[..., 0], keypoints[..., 1]
    return (x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)


def image_sizes(project: Project) -> np.ndarray:
    """Read the (height, width) of every labeled image, without decoding it.

    Raises:
        FormatError: if one is missing or unreadable.
    """
    sizes = []
    for frame in project.labels.frames:
        path = project.image_path(frame)
        try:
            with Image.open(path) as image:
                sizes.append((image.height, image.width))
        except FileNotFoundError:
            raise FormatError(
                f"{path}: no such image; put it back, or remove its row of labels"
            ) from None
        except (UnidentifiedImageError, OSError) as error:
            raise FormatError(f"{path}: cannot be read as an image ({error}); replace it") from None
    return np.array(sizes, dtype=int).reshape(-1, 2)


def count_outside(project: Project, sizes: np.ndarray) -> int:
    """Count labels that lie outside their image; they are taken as missing."""
    pairs = zip(project.labels.keypoints, sizes, strict=True)
    return sum(int(outside_image(keypoints, tuple(size)).sum()) for keypoints, size in pairs)


def labels_on_images(project: Project) -> np.ndarray:
    """Give the labels with those outside their image as missing, as training takes them."""
    sizes = image_sizes(project)
    rows = [labels_inside(project.labels, row, tuple(size))[0] for row, size in enumerate(sizes)]
    return np.array(rows).reshape(project.labels.keypoints.shape)
