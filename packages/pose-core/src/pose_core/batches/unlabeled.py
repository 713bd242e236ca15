"""Clips of unlabeled videos as training samples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from pose_core.errors import ConfigError
from pose_core.hookspecs import VideoReader


class ClipBatch(NamedTuple):
    """One clip of consecutive frames.

    Attributes:
        images: uint8 (1, frames, 3, height, width), resized.
        sizes: float32 (1, 2), height and width of the video's frames, in the labels' pixels.
        clips: int64 (1,), the number of the clip in its data set.
        decoded: bool (1, frames), False where the file is damaged; the frame before stands there.
            None means that all are.
    """

    images: Tensor
    sizes: Tensor
    clips: Tensor
    decoded: Tensor | None = None

    @property
    def whole(self) -> bool:
        """Whether every frame decoded."""
        return self.decoded is None or bool(self.decoded.all())


class Clips(Dataset):
    """The videos of a project, cut into clips that do not overlap.

    Args:
        reader: decodes them.
        videos: files.
        length: frames per clip; what is left at a video's end is not used.
        size: height and width to resize to.
        device: where to decode in this process; processes that load data cannot use a GPU.
        scales: factors from a video's pixels to those that points are to be told in; 1 if absent.

    Attributes:
        infos: of the videos, in their order.
        clips: which video each clip is of, by its place, and its first frame.

    Raises:
        ConfigError: if there are no videos, or all are shorter than a clip.
        VideoError: if a video cannot be opened.
    """

    def __init__(
        self,
        reader: VideoReader,
        videos: Sequence[Path],
        length: int,
        size: tuple[int, int],
        device: str = "cpu",
        scales: Mapping[Path, float] | None = None,
    ) -> None:
        if not videos:
            raise ConfigError(
                "unlabeled.videos: the project has no videos and unsupervised losses need some; "
                "give files or folders, or remove the losses"
            )
        self.reader = reader
        self.size = size
        self.length = length
        self.device = device
        self.scales = dict(scales or {})
        self.infos = [reader.probe(video) for video in videos]
        self.clips = [
            (place, start)
            for place, info in enumerate(self.infos)
            for start in range(0, info.frames - length + 1, length)
        ]
        if not self.clips:
            raise ConfigError(
                f"unlabeled.length={length}: longer than every video (the longest has "
                f"{max(info.frames for info in self.infos)} frames); choose a shorter one"
            )

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> ClipBatch:
        place, start = self.clips[number]
        info = self.infos[place]
        window = range(start, start + self.length)
        device = self.device if get_worker_info() is None else "cpu"
        clip = next(iter(self.reader.read(info.path, [window], self.size, device)))
        images = fill_holes(clip.images, clip.decoded)
        return ClipBatch(
            images=torch.from_numpy(images).permute(0, 3, 1, 2),
            sizes=torch.tensor(info.size) * self.scales.get(info.path, 1.0),
            clips=torch.tensor(number),
            decoded=torch.from_numpy(clip.decoded),
        )


def fill_holes(images: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Repeat the last good frame where one did not decode (the next good one at the start)."""
    if decoded.all() or not decoded.any():
        return images
    good = np.flatnonzero(decoded)
    before = np.searchsorted(good, np.arange(len(images)), side="right") - 1
    return images[good[np.maximum(before, 0)]]
