"""Labeled frames as training samples: decoded, resized, with their neighbours where asked for."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from pose_core.errors import FormatError
from pose_core.labels import MISSING, Labels
from pose_core.project import Project


class LabeledBatch(NamedTuple):
    """Some labeled frames.

    Attributes:
        images: uint8 (batch, offsets, 3, height, width), resized; neighbours by the head's offsets.
        keypoints: float32 (batch, keypoints, 2), in pixels of the frame on disk; NaN where missing.
        visibility: uint8 (batch, keypoints), as `Labels.visibility`.
        sizes: float32 (batch, 2), height and width of the frames on disk.
        rows: int64 (batch,), rows of the project's labels.
    """

    images: Tensor
    keypoints: Tensor
    visibility: Tensor
    sizes: Tensor
    rows: Tensor


class LabeledFrames(Dataset):
    """The labeled frames of a project, one sample each.

    Args:
        project: where images and labels are.
        rows: of the project's labels, in the order of the samples.
        size: height and width to resize to.
        offsets: frame numbers relative to the labeled one, such as (-1, 0, 1).
        cache_mb: resized images are kept in memory up to this many megabytes.
    """

    def __init__(
        self,
        project: Project,
        rows: Sequence[int] | np.ndarray,
        size: tuple[int, int],
        offsets: tuple[int, ...] = (0,),
        cache_mb: int = 0,
    ) -> None:
        self.project = project
        self.rows = np.asarray(rows, dtype=int)
        self.size = size
        self.offsets = offsets
        self._cache: OrderedDict[Path, tuple[np.ndarray, tuple[int, int]]] = OrderedDict()
        self._room = cache_mb * 1_000_000 // (3 * size[0] * size[1])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, sample: int) -> LabeledBatch:
        row = int(self.rows[sample])
        labels = self.project.labels
        path = self.project.image_path(labels.frames[row])
        images = [self.image(neighbour(path, offset)) for offset in self.offsets]
        _, frame_size = self.image(path)
        keypoints, visibility = labels_inside(labels, row, frame_size)
        return LabeledBatch(
            images=torch.from_numpy(np.stack([image for image, _ in images])).permute(0, 3, 1, 2),
            keypoints=torch.from_numpy(keypoints.astype(np.float32)),
            visibility=torch.from_numpy(visibility),
            sizes=torch.tensor(frame_size, dtype=torch.float32),
            rows=torch.tensor(row),
        )

    def image(self, path: Path) -> tuple[np.ndarray, tuple[int, int]]:
        """Give an image resized, uint8 (height, width, 3), and the size it has on disk."""
        if path in self._cache:
            return self._cache[path]
        loaded = read_image(path, self.size)
        if len(self._cache) < self._room:
            self._cache[path] = loaded
        return loaded


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


def neighbour(path: Path, offset: int) -> Path:
    """Find the image some frames away by the last number in its name; the frame itself if none.

    `img0027.png` and offset -1 give `img0026.png` where that lies beside it.
    """
    if offset == 0:
        return path
    match = re.search(r"(\d+)(?!.*\d)", path.stem)
    if match is None:
        return path
    number = int(match[1]) + offset
    name = f"{path.stem[: match.start()]}{number:0{len(match[1])}d}{path.stem[match.end() :]}"
    other = path.with_name(name + path.suffix)
    return other if number >= 0 and other.is_file() else path


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


def count_neighbours(project: Project, rows: Sequence[int], offsets: tuple[int, ...]) -> np.ndarray:
    """Count for each row how many of its neighbours lie on disk."""
    paths = [project.image_path(project.labels.frames[row]) for row in rows]
    beside = [o for o in offsets if o != 0]
    return np.array([sum(neighbour(path, o) != path for o in beside) for path in paths])
