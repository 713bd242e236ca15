"""Loaders whose order depends on (seed, epoch) alone, so that a resumed run goes on as it would."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler

from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.unlabeled import Clips


class KeyedSampler(Sampler[int]):
    """Shuffles a data set by (seed, epoch).

    Args:
        samples: in the data set.
        seed: of the run.
        draws: how many to give per epoch; more than there are begin a second shuffle, so none
            comes twice before all came once.
    """

    def __init__(self, samples: int, seed: int, draws: int | None = None) -> None:
        self.samples = samples
        self.seed = seed
        self.draws = samples if draws is None else draws
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.draws

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        left = self.draws
        while left > 0:
            order = torch.randperm(self.samples, generator=generator).tolist()
            yield from order[:left]
            left -= len(order)


class EvenBatches(BatchSampler):
    """Batches of nearly one size, none above `batch_size`: 9 samples by 4 are 3, 3 and 3.

    A last batch of one would upset batch norm, and leaving it out would lose labels.
    """

    def __iter__(self) -> Iterator[list[int]]:
        """Give the batches."""
        samples = list(self.sampler)
        batches = len(self)
        cuts = (
            [number * len(samples) // batches for number in range(batches + 1)] if batches else []
        )
        for begin, end in pairwise(cuts):
            yield samples[begin:end]

    def __len__(self) -> int:
        """Count the batches."""
        samples = len(self.sampler)  # type: ignore[arg-type]  # ours has a length
        return steps_per_epoch(samples, self.batch_size)


def training_loader(frames: LabeledFrames, batch_size: int, seed: int, workers: int) -> DataLoader:
    """Load labeled frames shuffled, all of them in every epoch."""
    batches = EvenBatches(KeyedSampler(len(frames), seed), batch_size, drop_last=False)
    return loader(frames, workers, batch_sampler=batches)


def clip_loader(clips: Clips, steps: int, seed: int, workers: int) -> DataLoader:
    """Load as many clips per epoch as there are steps, one by one."""
    return loader(clips, workers, batch_size=1, sampler=KeyedSampler(len(clips), seed, steps))


def steps_per_epoch(frames: int, batch_size: int) -> int:
    """Count the batches of an epoch."""
    return math.ceil(frames / batch_size)


def plain_loader(frames: LabeledFrames, batch_size: int, workers: int = 0) -> DataLoader:
    """Load frames in order, for validation and prediction."""
    return loader(frames, workers, batch_size=batch_size)


def loader(data: Dataset, workers: int, **batching: Any) -> DataLoader:
    """Build a loader that leaves the global random numbers alone."""
    return DataLoader(
        data,
        num_workers=workers,
        persistent_workers=workers > 0,
        generator=torch.Generator(),
        **batching,
    )
