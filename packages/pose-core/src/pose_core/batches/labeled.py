"""Labeled frames as training samples: decoded, resized, with their neighbours where asked for."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from pose_core.batches.images import read_image
from pose_core.batches.neighbours import Neighbours
from pose_core.bounds import labels_inside
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

    Attributes:
        neighbours: where those of the frames come from; None without other offsets than 0.
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
        self.neighbours = (
            Neighbours(project, self.rows, offsets, size, cache_mb) if offsets != (0,) else None
        )
        self._cache: OrderedDict[Path, tuple[np.ndarray, tuple[int, int]]] = OrderedDict()
        self._room = cache_mb * 1_000_000 // (3 * size[0] * size[1])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, sample: int) -> LabeledBatch:
        row = int(self.rows[sample])
        labels = self.project.labels
        images, frame_size = self.images(row)
        keypoints, visibility = labels_inside(labels, row, frame_size)
        return LabeledBatch(
            images=torch.from_numpy(images).permute(0, 3, 1, 2),
            keypoints=torch.from_numpy(keypoints.astype(np.float32)),
            visibility=torch.from_numpy(visibility),
            sizes=torch.tensor(frame_size, dtype=torch.float32),
            rows=torch.tensor(row),
        )

    def images(self, row: int) -> tuple[np.ndarray, tuple[int, int]]:
        """Give a frame with its neighbours, uint8 (offsets, height, width, 3), and its own size."""
        if self.neighbours is not None:
            window = self.neighbours.window(row)
            return window.images, window.size
        image, size = self.image(self.project.image_path(self.project.labels.frames[row]))
        return image[None], size

    def image(self, path: Path) -> tuple[np.ndarray, tuple[int, int]]:
        """Give an image resized, uint8 (height, width, 3), and the size it has on disk."""
        if path in self._cache:
            return self._cache[path]
        loaded = read_image(path, self.size)
        if len(self._cache) < self._room:
            self._cache[path] = loaded
        return loaded
