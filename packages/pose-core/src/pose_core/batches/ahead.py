"""Clips read in a thread ahead of the steps that see them, from one epoch into the next."""

from collections.abc import Generator, Iterator

from torch.utils.data import Dataset

from pose_core.batches.shuffling import ClipOrder
from pose_core.batches.unlabeled import ClipBatch
from pose_core.video.prefetch import prefetch


class ReadAhead:
    """Loads clips one by one while the network is at work on those before.

    What comes, and in which order, is as without a thread. The thread goes on beyond the end of an
    epoch, as short epochs would otherwise wait for the first clip of each.

    Args:
        clips: to read.
        sampler: says which clips an epoch sees; the trainer tells it the epoch.
        depth: how many clips may wait; memory is that of `depth` + 2.
    """

    def __init__(self, clips: Dataset, sampler: ClipOrder, depth: int = 2) -> None:
        self.clips = clips
        self.sampler = sampler
        self.depth = depth
        self._stream: Generator[ClipBatch, None, None] | None = None
        self._next = (0, 0)  # epoch and step of what the stream gives next

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[ClipBatch]:
        epoch = self.sampler.epoch
        for step in range(len(self)):
            yield self.take(epoch, step)

    def take(self, epoch: int, step: int) -> ClipBatch:
        """Give the clip of a step; one that does not follow the last begins a new stream."""
        if self._stream is None or self._next != (epoch, step):
            self.close()
            self._stream = prefetch(endless(self.clips, self.sampler, epoch, step), self.depth)
        clip = next(self._stream)
        self._next = (epoch, step + 1) if step + 1 < len(self) else (epoch + 1, 0)
        return clip

    def close(self) -> None:
        """End the thread."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def endless(
    clips: Dataset, sampler: ClipOrder, epoch: int, step: int
) -> Generator[ClipBatch, None, None]:
    """Read clips from a step of an epoch on, without end.

    It knows nothing of the loader: a thread that did would keep it from ever being dropped.
    """
    while order := sampler.of_epoch(epoch):
        for number in order[step:]:
            yield clips[number]
        epoch, step = epoch + 1, 0
