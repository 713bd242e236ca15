"""Heatmaps of consecutive frames, each encoded once however many windows it is part of."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.model.network import PoseNetwork
from pose_core.video.windows import reflected


def heatmaps_of_clip(
    network: PoseNetwork, images: Float[Tensor, "frames 3 height width"], clips: int = 1
) -> Float[Tensor, "frames branches keypoints h w"]:
    """Give heatmaps of every frame of a clip; beyond its ends, neighbours are reflected.

    Args:
        network: with any `offsets`.
        images: consecutive frames, 0 to 1.
        clips: of equal length, one behind the other; none is another's neighbour.
    """
    frames = len(images) // clips
    features = network.encode(images)
    if network.offsets == (0,):
        return network.heatmaps(features[:, None])
    window = torch.tensor([reflected(frame, network.offsets, frames) for frame in range(frames)])
    starts = frames * torch.arange(clips)
    windows = (starts[:, None, None] + window).flatten(0, 1)
    # by index_select, whose gradients add up in one order: a run that is resumed ends the same
    seen = features.index_select(0, windows.flatten().to(features.device))
    return network.heatmaps(seen.unflatten(0, windows.shape))


class ContextStream:
    """Heatmaps of all frames of a video that comes in batches.

    Each frame is encoded once; only the features that later frames still need are kept. Neighbours
    beyond the ends of the video are reflected, so every frame has its row, in order.

    Attributes:
        begin: number of the first frame to add: `start`, or the earliest neighbour of its window.
        next: number of the frame whose heatmaps come next.
    """

    def __init__(self, network: PoseNetwork, frames: int, start: int = 0) -> None:
        """Prepare for a video.

        Args:
            network: with any `offsets`.
            frames: of the whole video.
            start: first frame wanted, to go on where an earlier run stopped.
        """
        self.network = network
        self.frames = frames
        self.next = start
        self.begin = self._oldest_needed()
        self._first = self.begin  # number of the first frame in the buffer
        self._features: Tensor | None = None

    def add(
        self, images: Float[Tensor, "batch 3 height width"]
    ) -> Iterator[Float[Tensor, "ready branches keypoints h w"]]:
        """Take the frames that follow, and yield heatmaps of those whose neighbours are all here.

        Args:
            images: 0 to 1; the first call starts at frame `begin`. Any number of frames, none
                beyond the video's end.

        Yields:
            Heatmaps of frames from `next` on, at most as many at once as images were given. With
            the video's last images, heatmaps of its last frames.
        """
        if not len(images):
            return
        self._append(self.network.encode(images))
        while centers := self._ready(limit=len(images)):
            heatmaps = self._heatmaps_of(centers)
            self.next = centers.stop
            self._drop_old()
            yield heatmaps

    def _append(self, features: Tensor) -> None:
        """Put features behind those in the buffer."""
        kept = self._features
        self._features = features if kept is None else torch.cat([kept, features])
        received = self._first + len(self._features)
        assert received <= self.frames, f"frame {received - 1} of a video of {self.frames} frames"

    def _ready(self, limit: int) -> range:
        """Name the frames, from `next` on, whose neighbours have all been added."""
        assert self._features is not None
        received = self._first + len(self._features)
        stop = self.next
        while stop < min(self.frames, self.next + limit) and max(self._window(stop)) < received:
            stop += 1
        return range(self.next, stop)

    def _heatmaps_of(self, centers: range) -> Tensor:
        """Run the head on the windows round some frames."""
        assert self._features is not None
        rows = [[frame - self._first for frame in self._window(center)] for center in centers]
        windows = torch.tensor(rows, device=self._features.device)
        return self.network.heatmaps(self._features[windows])

    def _drop_old(self) -> None:
        """Forget the features that no window from `next` on looks at."""
        assert self._features is not None
        keep = min(self._oldest_needed(), self._first + len(self._features))
        self._features = self._features[keep - self._first :].clone()  # a view would keep it all
        self._first = keep

    def _window(self, center: int) -> tuple[int, ...]:
        """Name the frames a frame's heatmaps are made of."""
        return reflected(center, self.network.offsets, self.frames)

    def _oldest_needed(self) -> int:
        """Bound the frames needed from `next` on: its own past, and what the end reflects."""
        past, future = min(self.network.offsets), max(self.network.offsets)
        return max(0, min(self.next + past, self.frames - 1 - future))
