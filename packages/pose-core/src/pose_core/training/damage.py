"""Clips with frames that did not decode: left out, counted, said; and no run on nothing but those.

Of several cameras a frame counts as long as one shows it; that another's is damaged is said too.

What is left out is left out by `PoseModule`; here it is counted. Counts are of all processes
together, brought together at the end of each epoch, and lie in checkpoints, so that a resumed run
says what one that never stopped would.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer

from pose_core.batches.unlabeled import ClipBatch, Clips
from pose_core.errors import VideoError

TRIED = 64
"""Clips that are tried before all are taken for unreadable."""
WHOLE, DAMAGED, PARTLY = 0, 1, 2
"""A clip counts, is left out, or counts without the damaged frames of some views."""


class Damage(Callback):
    """Counts damaged clips by recording: by video, or by the videos of several cameras.

    Args:
        clips: that the run draws from.
        say: takes one line about what is going on.

    Attributes:
        counts: int64 (recordings, 3), clips drawn in all epochs: whole, damaged, partly so.
    """

    def __init__(self, clips: Clips, say: Callable[[str], None]) -> None:
        self.clips = clips
        self.say = say
        self.counts = torch.zeros(len(clips.recordings), 3, dtype=torch.int64)
        self._epoch = torch.zeros_like(self.counts)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count."""
        self._epoch.zero_()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Count the clip of a step; before an epoch's last step, see what there was.

        Raises:
            VideoError: if not one clip can be decoded.
        """
        clip = batch["unlabeled"]
        recording, _ = self.clips.clips[int(clip.clips[0])]
        self._epoch[recording, self.state_of(clip)] += 1
        if batch_idx + 1 == trainer.num_training_batches:
            local = self._epoch.to(pl_module.device, copy=True)
            self.add(torch.as_tensor(trainer.strategy.reduce(local, reduce_op="sum")).cpu())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say in one line what was left out of the whole run."""
        damaged = self.counts[:, DAMAGED]
        if int(damaged.sum()):
            self.say(
                f"warning: {int(damaged.sum())} of {int(self.counts.sum())} clips drawn were left "
                f"out of the unsupervised losses, as frames of them did not decode, from "
                f"{int((damaged > 0).sum())} of {len(damaged)} videos"
            )

    def state_of(self, clip: ClipBatch) -> int:
        """Say whether a clip is whole, damaged, or lacks frames that the file of a view has."""
        if not clip.whole:
            return DAMAGED
        promised = self.clips.frames_in(int(clip.clips[0]))
        lacks = clip.decoded is not None and int(clip.decoded.sum()) < promised
        return PARTLY if lacks else WHOLE

    def add(self, counts: torch.Tensor) -> None:
        """Add the counts of an epoch, and say which videos are damaged that were not before."""
        before, self.counts = self.counts, self.counts + counts
        new = (before == 0) & (counts > 0)
        for recording in torch.nonzero(new[:, DAMAGED] | new[:, PARTLY]).flatten().tolist():
            whole, damaged, partly = self.counts[recording].tolist()
            drawn = (
                f"of {whole + damaged + partly} clips drawn so far have frames that did not decode"
            )
            where = f"warning: {self.name(recording)}:"
            if new[recording, DAMAGED]:
                self.say(
                    f"{where} {damaged} {drawn}; such clips are left out of the unsupervised "
                    "losses, here and from now on"
                )
            if new[recording, PARTLY]:
                self.say(
                    f"{where} {partly} {drawn} in one view; these are unknown, and the other views "
                    "count, here and from now on"
                )
        if not int(self.counts[:, [WHOLE, PARTLY]].sum()):
            self.look_further()

    def look_further(self) -> None:
        """Look for a clip that can be decoded, where none was in an epoch or before.

        Raises:
            VideoError: if there is none.
        """
        count = min(TRIED, len(self.clips))
        tried = np.unique(np.linspace(0, len(self.clips) - 1, count).astype(int)).tolist()
        if any(self.clips[number].whole for number in tried):
            return
        raise VideoError(
            f"{self.name(0)}{' and others' if len(self.clips.recordings) > 1 else ''}: no clip of "
            f"{self.clips.length} frames can be decoded whole, of {len(tried)} tried all over "
            f"{len(self.clips.infos)} videos; give others by unlabeled.videos, set a smaller "
            "unlabeled.length, or remove the unsupervised losses"
        )

    def name(self, recording: int) -> str:
        """Name the files of a recording."""
        infos = self.clips.recordings[recording]
        return " and ".join(str(info.path) for info in infos if info)

    def state_dict(self) -> dict[str, Any]:
        """Give the counts, for the checkpoint."""
        return {"counts": self.counts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the counts of a checkpoint, if it is of as many videos."""
        if state_dict["counts"].shape == self.counts.shape:
            self.counts = state_dict["counts"].cpu()
