"""Clips of unlabeled videos as training samples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from pose_core.errors import ConfigError
from pose_core.hookspecs import VideoInfo, VideoReader


class ClipBatch(NamedTuple):
    """One clip of consecutive frames, of one camera, or of several that saw the same moments.

    Attributes:
        images: uint8 (views, frames, 3, height, width), resized.
        sizes: float32 (views, 2), height and width of the video's frames, in the labels' pixels.
        clips: int64 (1,), the number of the clip in its data set.
        decoded: bool (views, frames), False where the file is damaged, has ended or is missing; the
            frame before stands there. None means that all are.
    """

    images: Tensor
    sizes: Tensor
    clips: Tensor
    decoded: Tensor | None = None

    @property
    def whole(self) -> bool:
        """Whether some view shows every moment."""
        return self.decoded is None or bool(self.decoded.any(0).all())


class Clips(Dataset):
    """The recordings of a project, cut into clips that do not overlap.

    A sample is a whole batch: one clip, its views along the first axis.

    Args:
        reader: decodes them.
        videos: of each recording the file, or of several cameras the file of each, in one order;
            None where a camera has none.
        length: frames per clip; what is left at a recording's end is not used.
        size: height and width to resize to.
        device: where to decode in this process; processes that load data cannot use a GPU.
        scales: factors from a video's pixels to those that points are to be told in; 1 if absent.

    Attributes:
        recordings: what is known of each recording's videos.
        clips: which recording each clip is of, by its place, and its first frame.

    Raises:
        ConfigError: if there are no videos, or all are shorter than a clip.
        VideoError: if a video cannot be opened.
    """

    def __init__(
        self,
        reader: VideoReader,
        videos: Sequence[Path | Sequence[Path | None]],
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
        each = [(video,) if isinstance(video, Path) else tuple(video) for video in videos]
        self.recordings = [
            tuple(reader.probe(one) if one else None for one in views) for views in each
        ]
        self.clips = [
            (place, start)
            for place, views in enumerate(self.recordings)
            for start in range(0, frames_of(views) - length + 1, length)
        ]
        if not self.clips:
            raise ConfigError(
                f"unlabeled.length={length}: longer than every video (the longest has "
                f"{max(map(frames_of, self.recordings))} frames); choose a shorter one"
            )

    @property
    def infos(self) -> list[VideoInfo]:
        """All videos, in the order of the recordings."""
        return [info for views in self.recordings for info in views if info]

    def __len__(self) -> int:
        return len(self.clips)

    def frames_in(self, number: int) -> int:
        """Count the frames of all views that the files of a clip should have."""
        place, start = self.clips[number]
        ends = [min(start + self.length, info.frames) for info in self.recordings[place] if info]
        return sum(max(0, end - start) for end in ends)

    def __getitem__(self, number: int) -> ClipBatch:
        place, start = self.clips[number]
        views = self.recordings[place]
        window = range(start, start + self.length)
        images, decoded = zip(*(self.read(info, window) for info in views), strict=True)
        sizes = [
            torch.tensor(info.size) * self.scales.get(info.path, 1.0)
            if info
            else torch.tensor(self.size).float()
            for info in views
        ]
        return ClipBatch(
            images=torch.from_numpy(stand_in(np.stack(images), np.stack(decoded))).movedim(-1, 2),
            sizes=torch.stack(sizes),
            clips=torch.tensor([number]),
            decoded=torch.from_numpy(np.stack(decoded)),
        )

    def read(self, info: VideoInfo | None, window: range) -> tuple[np.ndarray, np.ndarray]:
        """Read a window of one view, (frames, height, width, 3), and which frames it has."""
        images = np.zeros((len(window), *self.size, 3), np.uint8)
        decoded = np.zeros(len(window), bool)
        there = range(window.start, min(window.stop, info.frames)) if info else range(0)
        if info and there:
            device = self.device if get_worker_info() is None else "cpu"
            clip = next(iter(self.reader.read(info.path, [there], self.size, device)))
            images[: len(there)], decoded[: len(there)] = clip.images, clip.decoded
        return fill_holes(images, decoded), decoded


def frames_of(views: Sequence[VideoInfo | None]) -> int:
    """Count the frames that a recording's clips are of: as long as two views go on, if it has two.

    What only one view shows beyond the end of all others says nothing across views.
    """
    lengths = sorted((info.frames for info in views if info), reverse=True)
    return lengths[min(1, len(lengths) - 1)]


def fill_holes(images: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Repeat the last good frame where one did not decode (the next good one at the start)."""
    if decoded.all() or not decoded.any():
        return images
    good = np.flatnonzero(decoded)
    before = np.searchsorted(good, np.arange(len(images)), side="right") - 1
    return images[good[np.maximum(before, 0)]]


def stand_in(images: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Repeat the first view that shows something where another shows nothing at all.

    A network may see such images, as its batch norm does, and shall see none that are black.

    Args:
        images: (views, frames, height, width, 3).
        decoded: (views, frames).
    """
    shown = decoded.any(1)
    return images[np.where(shown, np.arange(len(images)), shown.argmax())]
