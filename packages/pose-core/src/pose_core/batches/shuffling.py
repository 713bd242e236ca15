"""Orders that depend on (seed, epoch) alone, and which part of one is a process's own.

Several processes that train together take turns: batches and clips stand in one order that all of
them know, and of n processes each takes every n-th. So n processes see in one step what one process
sees in n, and nothing is seen twice.
"""

from collections.abc import Callable, Iterator, Sized

import torch
from torch import distributed
from torch.utils.data import Sampler

Share = Callable[[], tuple[int, int]]
"""Gives the number of a process, and how many train together."""


def share_of_process() -> tuple[int, int]:
    """Give this process's number and how many train together, as they know once they have met."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def shuffled(samples: int, seed: int, epoch: int, draws: int) -> list[int]:
    """Draw samples, none twice before all came once.

    Args:
        samples: in the data set.
        seed: of the run.
        epoch: of the run; each has an order of its own.
        draws: how many; more than there are begin a second shuffle.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    order: list[int] = []
    while len(order) < draws:
        order += torch.randperm(samples, generator=generator).tolist()
    return order[:draws]


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
        yield from shuffled(self.samples, self.seed, self.epoch, self.draws)


class ClipOrder(Sampler[int]):
    """Which clips a process sees in an epoch, one a step.

    Args:
        samples: in the data set.
        seed: of the run.
        steps: as long as this process's epoch has steps; asked when an epoch begins, as processes
            do not know of each other before.
        share: gives the process's number, and how many there are.
    """

    def __init__(
        self, samples: int, seed: int, steps: Sized, share: Share = share_of_process
    ) -> None:
        self.samples = samples
        self.seed = seed
        self.steps = steps
        self.share = share
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; the trainer calls it."""
        self.epoch = epoch

    def of_epoch(self, epoch: int) -> list[int]:
        """Give the clips of an epoch in their order."""
        number, processes = self.share()
        return shuffled(self.samples, self.seed, epoch, len(self) * processes)[number::processes]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[int]:
        return iter(self.of_epoch(self.epoch))
