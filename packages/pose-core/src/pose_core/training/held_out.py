"""Clips that no training step sees, for the losses of clips to be evaluated on at validations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer

from pose_core.batches.shuffling import share_of_process
from pose_core.batches.unlabeled import ClipBatch, Clips
from pose_core.training.module import PoseModule
from pose_core.video.prefetch import prefetch

AT_MOST = 10
"""Of as many clips one may be held out."""


class HeldOut(Callback):
    """Evaluates each loss of clips on the held-out ones, at every validation.

    Logs `validation_NAME`, the mean over the clips that decode whole, unweighted, in the loss's own
    unit: see `PoseModule.validate_clip`. Several processes divide the clips.

    Args:
        clips: held out.
    """

    def __init__(self, clips: Clips) -> None:
        self.clips = clips

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Evaluate and log."""
        assert isinstance(pl_module, PoseModule)
        names = [term.loss.name for term in pl_module.objective.of_clips]
        # here, not in a step: steps wait for those of other processes, who may have more clips
        sums = torch.zeros(1 + len(names), device=pl_module.device)
        number, processes = share_of_process()
        for clip in prefetch(read(self.clips, range(number, len(self.clips), processes))):
            if clip.whole:
                values = pl_module.validate_clip(on_device(clip, pl_module.device))
                sums += torch.stack([torch.ones_like(sums[0]), *(values[n] for n in names)])
        whole, *totals = torch.as_tensor(trainer.strategy.reduce(sums, reduce_op="sum")).unbind()
        for name, total in zip(names, totals, strict=True):
            pl_module.log(f"validation_{name}", total / whole)


def read(clips: Clips, numbers: Sequence[int]) -> Iterator[ClipBatch]:
    """Read clips one by one."""
    for number in numbers:
        yield clips[number]


def on_device(clip: ClipBatch, device: torch.device) -> ClipBatch:
    """Copy a clip to where the network is."""
    decoded = None if clip.decoded is None else clip.decoded.to(device)
    images, sizes, clips = (part.to(device) for part in (clip.images, clip.sizes, clip.clips))
    return ClipBatch(images, sizes, clips, decoded)


def hold_out(clips: Clips, wanted: int, seed: int) -> tuple[Clips, Clips | None]:
    """Keep some clips out of training, spread over the videos.

    Args:
        clips: all there are.
        wanted: how many to keep out; one of `AT_MOST` at most.
        seed: of the run.

    Returns:
        The clips to train on and those held out; None where there are none.
    """
    chosen = spread([place for place, _ in clips.clips], min(wanted, len(clips) // AT_MOST), seed)
    if not chosen:
        return clips, None
    rest = sorted(set(range(len(clips))) - set(chosen))
    return part(clips, rest), part(clips, chosen)


def spread(recordings: Sequence[int], count: int, seed: int) -> list[int]:
    """Choose clips at random, of each recording one before of any two.

    Args:
        recordings: the one that each clip is of.
        count: how many to choose.
        seed: the same chooses the same.

    Returns:
        Numbers of clips, in order.
    """
    order = np.random.default_rng(seed).permutation(len(recordings)).tolist()
    before: Counter[int] = Counter()
    rounds = []
    for place, number in enumerate(order):
        rounds.append((before[recordings[number]], place, number))
        before[recordings[number]] += 1
    return sorted(number for _, _, number in sorted(rounds)[:count])


def part(clips: Clips, numbers: Sequence[int]) -> Clips:
    """Give some clips of the same videos."""
    some = copy(clips)
    some.clips = [clips.clips[number] for number in numbers]
    return some


def about(clips: Clips | None, held_out: Clips | None, wanted: int) -> str:
    """Say how many clips train, and how many validate."""
    train = len(clips or ())
    if held_out is not None:
        return f"clips: {train} to train, {len(held_out)} to validate their losses on"
    few = f", fewer than {AT_MOST}" if wanted > 0 else ""
    return f"clips: {train} to train{few}; their losses are not validated"
