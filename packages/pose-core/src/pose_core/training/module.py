"""The Lightning module: batches to losses, the learning rate, and the frozen part of a run."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from pose_core.batches.augment import Augmentation
from pose_core.batches.geometry import compose, inside, invert, move, resizing
from pose_core.batches.labeled import LabeledBatch
from pose_core.batches.unlabeled import ClipBatch
from pose_core.errors import TrainingError
from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import Predicted
from pose_core.labels import OCCLUDED, VISIBLE
from pose_core.model.branches import merge_branches, weigh_branches
from pose_core.model.network import PoseNetwork
from pose_core.model.streaming import heatmaps_of_clip
from pose_core.training.balance import Balance
from pose_core.training.doubt import GATE, NOISE, fit_gate, fit_noise
from pose_core.training.objective import Objective
from pose_core.training.options import RunOptions
from pose_core.training.places import in_cells, points_of_frames, side_by_side, unmirrored
from pose_core.training.schedule import Schedule

CLIPS = 1 << 40
"""Added to a clip's number, so that clips and labeled frames draw different augmentations."""
PLAIN = Augmentation((), 0)
"""Leaves images as they are."""


class PoseModule(LightningModule):
    """Trains one network.

    Args:
        network: to train.
        decode: heatmaps and stride to points and confidence; runs in validation, and in training
            only for losses that read points.
        objective: what to minimise.
        augmentation: of labeled frames and clips.
        swapped: for each keypoint the one a mirror image puts in its place.
        schedule: learning rates and the frozen part.
        options: the run's.
        frames: names of the project's labeled frames, for errors.
        say: takes one line about what is going on.

    Attributes:
        gate: confidence below which a point is in doubt, fitted at each validation; in checkpoints.
        noise: standard deviation of sound predictions, likewise; see `Predicted.noise`.
        balance: weights that are measured.
    """

    swapped: Tensor
    gate: Tensor
    noise: Tensor

    def __init__(
        self,
        network: PoseNetwork,
        decode: Callable[[Tensor, int], tuple[Tensor, Tensor]],
        objective: Objective,
        augmentation: Augmentation,
        swapped: tuple[int, ...],
        schedule: Schedule,
        options: RunOptions,
        frames: tuple[str, ...] = (),
        say: Callable[[str], None] = print,
    ) -> None:
        super().__init__()
        self.network = network
        self.decode = decode
        self.objective = objective
        self.augmentation = augmentation
        self.schedule = schedule
        self.options = options
        self.frames = frames
        self.register_buffer("swapped", torch.tensor(swapped), persistent=False)
        self.register_buffer("gate", torch.tensor(GATE))
        self.register_buffer("noise", torch.tensor(NOISE))
        self.balance = Balance(objective, schedule, say)
        self._validated: list[Tensor] = []

    def on_train_epoch_start(self) -> None:
        """Freeze or thaw the backbone, and make what else is random depend on the epoch alone."""
        epoch = self.options.seed * 1_000_003 + self.current_epoch
        torch.manual_seed(epoch + (self.global_rank << 40))  # no two processes drop the same paths
        frozen = self.schedule.is_frozen(self.current_epoch)
        for part in self.network.frozen_parts():
            # without gradients of its own, and with inputs that need none, autograd records
            # nothing of the backbone: its backward pass and its saved activations are gone
            part.requires_grad_(not frozen)
            part.train(not frozen)
        self.balance.begin(self.current_epoch)

    def training_step(self, batch: dict[str, Any], _: int) -> Tensor:
        """Compute the loss of one batch of labeled frames, and of one clip where there are any."""
        labeled: LabeledBatch = batch["labeled"]
        size = size_of(labeled.images)
        seen = self.augmentation(
            labeled.images,
            labeled.rows.tolist(),
            self.current_epoch,
            keypoints=move(resizing(labeled.sizes, size), labeled.keypoints),
            centre=self.network.offsets.index(0),
        )
        heatmaps = self.network(seen.images.unflatten(0, labeled.images.shape[:2]))
        flipped = seen.flipped[:: labeled.images.shape[1]]
        targets = self.targets(seen.keypoints, labeled.visibility, flipped, size)
        values = self.objective.on_labeled(heatmaps, targets)
        ramp = self.schedule.ramp(self.current_epoch)
        if "unlabeled" in batch:
            # what counts nothing needs no backward pass; batch norm sees the clip all the same
            with torch.set_grad_enabled(ramp > 0):
                of_clip, maps = self.losses_of_clip(batch["unlabeled"])
            if self.balance.is_measured_in(self.current_epoch):
                own = self.objective.total(values, 0.0)
                found = self.balance.pulls_of(own, heatmaps, of_clip, maps)
                every = self.trainer.strategy.reduce(found, reduce_op="sum")
                self.balance.add(torch.as_tensor(every))
            values |= of_clip
        total = self.objective.total(values, ramp, self.balance.weights)
        if not bool(torch.isfinite(total)):
            raise TrainingError(self.failure(values, batch))
        self.log_losses({"loss": total, **values}, batch, ramp)
        return total

    def losses_of_clip(self, clip: ClipBatch) -> tuple[dict[str, Tensor], Tensor | None]:
        """Compute the losses of a clip, and its heatmaps.

        The losses are 0 for a clip with frames that no view shows, and there are no heatmaps.
        """
        if not clip.whole and not self.options.trainer.get("sync_batchnorm"):
            zero = torch.zeros((), device=self.device)
            names = (term.loss.name for term in self.objective.unsupervised)
            return dict.fromkeys(names, zero), None
        predicted, heatmaps = self.predict_clip(clip)
        values = self.objective.on_clip(predicted)
        if clip.whole:
            return values, heatmaps
        # other processes wait for the statistics of this one, forward and backward
        return {name: 0 * value.nan_to_num() for name, value in values.items()}, None

    def validate_clip(self, clip: ClipBatch) -> dict[str, Tensor]:
        """Compute the losses of a held-out clip as it is: without augmentation and weights.

        In doubt is what is less confident than `GATE`, and noise is `NOISE`, whatever was fitted,
        so that values of different epochs and runs can be compared.
        """
        fixed = torch.full_like(self.gate, GATE), torch.full_like(self.noise, NOISE)
        predicted, _ = self.predict_clip(clip, PLAIN, fixed)
        return self.objective.in_validation(predicted)

    def log_losses(
        self, values: Mapping[str, Tensor], batch: Mapping[str, Any], ramp: float
    ) -> None:
        """Log the losses of a step; those of a clip that was left out count nothing in the mean.

        Every process logs all names in every step, as they wait for each other's.
        """
        names = {term.loss.name for term in self.objective.unsupervised}
        counted = {name: len(batch["labeled"].rows) for name in values}
        if "unlabeled" in batch:
            counted |= dict.fromkeys(names, int(batch["unlabeled"].whole))
            factors = {"unsupervised_factor": ramp}
            factors |= {f"weight_{name}": w for name, w in self.balance.weights.items()}
            self.log_dict(factors, on_step=False, on_epoch=True, batch_size=1)
        for name, value in values.items():
            self.log(
                f"train_{name}", value.detach(),
                on_step=False, on_epoch=True, batch_size=counted[name], sync_dist=True,
            )  # fmt: skip

    def failure(self, values: Mapping[str, Tensor], batch: Mapping[str, Any]) -> str:
        """Say which loss is no number, and for which frames."""
        numbers = {name: float(value.detach()) for name, value in values.items()}
        wrong = [(n, v) for n, v in numbers.items() if not math.isfinite(v)]
        name, value = wrong[0] if wrong else ("their sum", float("nan"))
        rows = batch["labeled"].rows.tolist()
        seen = ", ".join(self.frames[row] if self.frames else f"row {row}" for row in rows)
        if "unlabeled" in batch:
            seen += f" and clip {int(batch['unlabeled'].clips[0])}"
        return (
            f"losses.{name}: is {value} in epoch {self.current_epoch}, step {self.global_step}, of "
            f"{seen}; the last good state is kept, set a smaller training.learning_rate than "
            f"{self.options.training.learning_rate:g} and start again"
        )

    def targets(
        self,
        keypoints: Float[Tensor, "batch keypoints 2"],
        visibility: Tensor,
        flipped: Tensor,
        size: tuple[int, int],
    ) -> Float[Tensor, "batch keypoints h w"]:
        """Draw the target heatmaps of labeled frames as the network sees them.

        A missing keypoint, or one that left the image, has a map of zeros; an occluded one is
        uniform: the network shall say that it could be anywhere.

        Args:
            keypoints: where the points of the frames lie in the images, before any swap.
            visibility: of the points of the frames.
            flipped: which images are mirrored, so that symmetric keypoints swap.
            size: height and width of the images.
        """
        keypoints = torch.where(flipped[:, None, None], keypoints[:, self.swapped], keypoints)
        visibility = torch.where(flipped[:, None], visibility[:, self.swapped], visibility)
        drawn = (visibility == VISIBLE) & inside(keypoints, size)
        keypoints = torch.where(drawn[..., None], keypoints, torch.nan)
        stride = self.network.stride
        cells = (size[0] // stride, size[1] // stride)
        targets = render_heatmaps(keypoints, cells, stride, self.options.data.sigma)
        uniform = torch.full_like(targets, 1 / (cells[0] * cells[1]))
        return torch.where((visibility == OCCLUDED)[..., None, None], uniform, targets)

    def predict_clip(
        self,
        clip: ClipBatch,
        augmentation: Augmentation | None = None,
        doubt: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Predicted, Tensor]:
        """Predict an augmented clip, and bring its points back to the pixels of its videos.

        Of several views each has draws of its own, and its keypoints follow the one before.

        Args:
            clip: to predict.
            augmentation: of it; None for that of training.
            doubt: the gate, and the noise of sound predictions; None for the fitted ones.

        Returns:
            What losses read, and the heatmaps (views * frames, branches, keypoints, h, w) it is of.
        """
        gate, noise = doubt or (self.gate, self.noise)
        views = len(clip.images)
        # the first view draws as that of one camera does
        numbers = [(view + 1) * CLIPS + int(clip.clips[0]) for view in range(views)]
        seen = (augmentation or self.augmentation)(clip.images, numbers, self.current_epoch)
        heatmaps = heatmaps_of_clip(self.network, seen.images, views)
        frames = len(heatmaps) // views
        follows = torch.arange(frames, device=heatmaps.device) > 0
        if not self.objective.decodes_clips:
            maps = side_by_side(self.undecoded(heatmaps), views)
            return Predicted(heatmaps=maps, follows=follows), heatmaps
        keypoints, confidence = self.decode(heatmaps, self.network.stride)
        weights = weigh_branches(confidence, self.network.combine)
        keypoints = merge_branches(keypoints, weights)
        size, stride = size_of(seen.images), self.network.stride
        there = compose(seen.affine, resizing(clip.sizes, size).repeat_interleave(frames, dim=0))
        keypoints, kept = points_of_frames(keypoints, there, size, 2 * stride, clip)
        cells = in_cells(there, stride)[:, None].expand(*kept.shape, 2, 3)

        def together(values: Tensor) -> Tensor:
            return side_by_side(unmirrored(values, seen.flipped, self.swapped), views)

        keypoints = together(keypoints)
        predicted = Predicted(
            heatmaps=together(merge_branches(heatmaps, weights)),
            keypoints=torch.where(together(kept)[..., None], keypoints, torch.nan),
            confidence=together(merge_branches(confidence, weights)),
            decoded=keypoints,
            follows=follows,
            cells=side_by_side(cells, views),
            sigma=torch.tensor(self.options.data.sigma, device=keypoints.device),
            gate=gate,
            noise=noise,
        )
        return predicted, heatmaps

    def undecoded(self, heatmaps: Tensor) -> Float[Tensor, "frames keypoints h w"]:
        """Merge the branches of heatmaps that nobody decodes: the surest has the highest peak."""
        weights = weigh_branches(heatmaps.amax((-2, -1)), self.network.combine)
        return merge_branches(heatmaps, weights)

    def validation_step(self, labeled: LabeledBatch | Tensor, _: int) -> None:
        """Log the supervised losses and the mean pixel error, in the frames' own pixels.

        Args:
            labeled: frames; or anything else, where there are clips to validate on and no frames.
        """
        if not isinstance(labeled, LabeledBatch):
            return
        images = labeled.images.float() / 255
        heatmaps = self.network(images)
        batch, size = len(labeled.rows), size_of(images)
        unflipped = torch.zeros(batch, dtype=torch.bool, device=self.device)
        resized = move(resizing(labeled.sizes, size), labeled.keypoints)
        targets = self.targets(resized, labeled.visibility, unflipped, size)
        values = self.objective.on_labeled(heatmaps, targets)
        loss = self.objective.total(values, 0.0)
        self.log("validation_loss", loss, batch_size=batch, sync_dist=True)
        keypoints, confidence = self.decode(heatmaps, self.network.stride)
        weights = weigh_branches(confidence, self.network.combine)
        keypoints = merge_branches(keypoints, weights)
        predicted = move(invert(resizing(labeled.sizes, size)), keypoints.float())
        errors = (predicted - labeled.keypoints).norm(dim=-1)
        known = torch.isfinite(errors)
        if known.any():
            count = int(known.sum())
            self.log("validation_error", errors[known].mean(), batch_size=count, sync_dist=True)
        sigma = pixels_of_sigma(labeled.sizes, size, self.options.data.sigma * self.network.stride)
        self._validated.append(
            torch.stack([merge_branches(confidence, weights), errors / sigma[:, None]])
        )

    def on_validation_epoch_end(self) -> None:
        """Fit gate and noise, where a loss asks how far off predictions are."""
        seen, self._validated = self._validated, []
        if not seen or not self.objective.needs_errors:
            return
        found = self.all_gather(torch.cat(seen, dim=1).float())  # of all processes, if several
        assert isinstance(found, Tensor)
        confidence, errors = found.movedim(-3, 0).cpu().numpy()
        self.gate.fill_(fit_gate(confidence, errors))
        self.noise.fill_(fit_noise(errors))
        self.log("validation_gate", self.gate, sync_dist=False)
        self.log("validation_noise", self.noise, sync_dist=False)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Adam with the backbone in a group of its own, and rates that change step by step."""
        first = {id(p) for part in self.network.frozen_parts() for p in part.parameters()}
        parameters = list(self.network.parameters())
        groups = [
            [p for p in parameters if id(p) not in first],
            [p for p in parameters if id(p) in first],
        ]
        factors = [self.schedule.factor, self.schedule.backbone_factor]
        used = [(group, factor) for group, factor in zip(groups, factors, strict=True) if group]
        optimizer = torch.optim.Adam(
            [{"params": group} for group, _ in used], lr=self.options.training.learning_rate
        )
        steps = int(self.trainer.estimated_stepping_batches)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, [per_step(factor, steps) for _, factor in used]
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


def size_of(images: Tensor) -> tuple[int, int]:
    """Give the height and width of images."""
    return images.shape[-2], images.shape[-1]


def pixels_of_sigma(
    sizes: Float[Tensor, "batch 2"], size: tuple[int, int], sigma: float
) -> Float[Tensor, " batch"]:
    """Give a length on images of one size in pixels of their frames (both axes' geometric mean)."""
    return sigma * (sizes.prod(-1) / (size[0] * size[1])).sqrt()


def per_step(factor: Callable[[float], float], steps: int) -> Callable[[int], float]:
    """Make a factor of the fraction done one of the step."""
    return lambda step: factor(step / steps)
