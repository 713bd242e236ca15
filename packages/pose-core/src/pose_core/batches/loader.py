"""Loaders whose order depends on (seed, epoch) alone, so that a resumed run goes on as it would."""

import gc
import math
from collections.abc import Iterator, Sized
from itertools import pairwise
from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from pose_core.batches.ahead import ReadAhead
from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.shuffling import ClipOrder, KeyedSampler, Share, share_of_process
from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError


class EvenBatches(BatchSampler):
    """Batches of nearly one size, none above `batch_size`: 9 samples by 4 are 3, 3 and 3.

    A last batch of one would upset batch norm, and leaving it out would lose labels. Of several
    processes each has as many batches: 9 samples by 4 are 2, 2, 2 and 3 for two, every other one
    each. (Where samples are too few for that, batches are larger by one.)

    Args:
        sampler: the order, the same for all processes.
        batch_size: of one process.
        share: gives the process's number, and how many there are.
    """

    def __init__(
        self, sampler: Sampler[int], batch_size: int, share: Share = share_of_process
    ) -> None:
        super().__init__(sampler, batch_size, drop_last=False)
        self.share = share

    def __iter__(self) -> Iterator[list[int]]:
        """Give the batches of this process."""
        samples = list(self.sampler)
        number, processes = self.share()
        batches = len(self) * processes
        cuts = [place * len(samples) // max(batches, 1) for place in range(batches + 1)]
        for begin, end in list(pairwise(cuts))[number::processes]:
            yield samples[begin:end]

    def __len__(self) -> int:
        """Count the batches of this process, as many as of any other.

        Raises:
            ConfigError: if there are fewer samples than processes.
        """
        samples = len(self.sampler)  # type: ignore[arg-type]  # ours has a length
        _, processes = self.share()
        if 0 < samples < processes:
            raise ConfigError(
                f"trainer.devices: {processes} processes for {samples} frames to train on; "
                f"give at most {samples}"
            )
        batches = math.ceil(steps_per_epoch(samples, self.batch_size) / processes)
        return min(batches, samples // processes)


def training_loader(frames: LabeledFrames, batch_size: int, seed: int, workers: int) -> DataLoader:
    """Load labeled frames shuffled, all of them in every epoch, divided between processes."""
    batches = EvenBatches(KeyedSampler(len(frames), seed), batch_size)
    return loader(frames, workers, batch_sampler=batches)


def clip_loader(clips: Clips, steps: Sized, seed: int, workers: int) -> DataLoader | ReadAhead:
    """Load as many clips per epoch as there are steps, one by one, divided between processes.

    Args:
        clips: to draw from.
        steps: as long as an epoch has steps, such as the loader of labeled frames.
        seed: of the run.
        workers: processes that read; without any, a thread reads ahead.
    """
    order = ClipOrder(len(clips), seed, steps)
    if workers == 0:
        return ReadAhead(clips, order)
    return loader(clips, workers, batch_size=None, sampler=order)  # a clip is a batch


def steps_per_epoch(frames: int, batch_size: int) -> int:
    """Count the batches of an epoch."""
    return math.ceil(frames / batch_size)


def plain_loader(frames: LabeledFrames, batch_size: int, workers: int = 0) -> DataLoader:
    """Load frames in order, for validation and prediction; each process has all of them."""
    return loader(frames, workers, batch_size=batch_size)


def loader(data: Dataset, workers: int, **batching: Any) -> DataLoader:
    """Build a loader that leaves the global random numbers alone."""
    return DataLoader(
        data,
        num_workers=workers,
        persistent_workers=workers > 0,
        generator=torch.Generator(),
        worker_init_fn=leave_inherited if workers else None,
        **batching,
    )


def leave_inherited(_: int) -> None:
    """Keep a forked process from collecting what it inherited.

    Among it may be a decoder that waits to be collected: its end waits for its threads, which were
    not forked with it, for ever.
    """
    gc.freeze()
