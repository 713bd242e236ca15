"""One augmentation for labeled frames and for clips, batched on the device.

What happens to a sample depends on (seed, epoch, sample) alone: not on the batch it is in, the
number of loader workers, or what ran before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from pose_core.batches import covers, histograms, operations, pixels
from pose_core.batches.bending import Bend, draw_bend
from pose_core.batches.geometry import Affine, is_identity, move, warp
from pose_core.batches.maps import add_map, identity, mirrored
from pose_core.batches.operations import Elastic, Geometric, Operation, Pixelwise
from pose_core.batches.pipelines import Pipeline
from pose_core.batches.pixels import Draw, Images

DRAWS = 33
"""Uniform numbers of an operation: whether it happens, and how; a bend takes more."""

APPLY: dict[type[Operation], Callable[[Images, Any, Draw], Images]] = {
    operations.Boxes: covers.boxes,
    operations.Hide: covers.hide,
    operations.Dropout: covers.dropout,
    operations.Gamma: pixels.gamma,
    operations.Contrast: pixels.contrast,
    operations.Color: pixels.color,
    operations.Gain: pixels.gain,
    operations.Brightness: pixels.brightness,
    operations.Equalize: histograms.equalize,
    operations.Clahe: histograms.clahe,
    operations.Emboss: pixels.emboss,
    operations.Blur: pixels.motion_blur,
    operations.Noise: pixels.noise,
    operations.SaltPepper: pixels.salt_pepper,
}
"""What each operation does to pixels."""


@dataclass(frozen=True)
class Augmented:
    """Images as the network sees them.

    Attributes:
        images: float (batch * frames, 3, height, width), in 0..1.
        affine: (batch * frames, 2, 3), from the resized image's pixels to these, but for the bend.
        flipped: bool (batch * frames,), where symmetric keypoints changed places.
        keypoints: (batch, keypoints, 2), those given, where they lie in these images, unswapped;
            none of a clip.
        bend: of each sample, done after its map; None where nothing bends.
    """

    images: Tensor
    affine: Affine
    flipped: Tensor
    keypoints: Tensor
    bend: Bend | None = None


class Augmentation:
    """Draws and applies variations.

    Args:
        pipeline: the operations. All maps come first, as one, then the bend, then the pixels.
        seed: the run's seed.
    """

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self.pipeline = pipeline
        self.seed = seed

    @torch.no_grad()
    def __call__(
        self,
        images: UInt8[Tensor, "batch frames 3 h w"],
        samples: list[int],
        epoch: int,
        keypoints: Float[Tensor, "batch keypoints 2"] | None = None,
        centre: int = 0,
    ) -> Augmented:
        """Augment a batch; all frames of a sample share one draw, but for pixel noise.

        Args:
            images: the frames of each sample (context, or a clip), resized.
            samples: the number of each sample in its data set.
            epoch: of training; another epoch draws anew.
            keypoints: of labeled frames, in pixels of the resized images; NaN where missing. None
                for a clip, which is not bent and whose points are not hidden.
            centre: which of the frames the keypoints are of.

        Returns:
            Images (batch * frames, 3, h, w), samples in order, with one map and flip per image.
        """
        with torch.autocast(images.device.type, enabled=False):
            return self.augment(images, samples, epoch, keypoints, centre)

    def augment(
        self,
        images: Tensor,
        samples: list[int],
        epoch: int,
        keypoints: Tensor | None,
        centre: int,
    ) -> Augmented:
        """Augment at full precision; places are computed on the processor, for they are small."""
        frames, size = images.shape[1], (images.shape[-2], images.shape[-1])
        keys = [(self.seed, epoch, sample) for sample in samples]
        numbers = self.draw(keys)
        affine, bend = self.place(numbers, len(keys), size, keypoints is not None)
        floats = images.float().div_(255)
        if bend is not None or not is_identity(affine):
            floats = placed(floats, affine, bend)
        flipped, affine = mirrored(affine).to(images.device), affine.to(images.device)
        labeled = floats.new_empty(len(keys), 0, 2) if keypoints is None else keypoints
        points = move(affine, labeled)
        if bend is not None:
            bend = Bend(bend.controls.to(images.device), size)
            points = bend.move(points)
        for place, (operation, u) in enumerate(zip(self.pipeline, numbers, strict=True)):
            if isinstance(operation, Pixelwise):
                seeds = tuple(mixed((*key, place)) for key in keys)
                some, changed = vary(floats, operation, u, seeds, points, centre)
                floats = changed if len(some) == len(keys) else floats.index_copy_(0, some, changed)
        return Augmented(
            images=floats.clamp_(0, 1).flatten(0, 1),
            affine=affine.repeat_interleave(frames, dim=0),
            flipped=flipped.repeat_interleave(frames, dim=0),
            keypoints=points,
            bend=bend,
        )

    def draw(self, keys: list[tuple[int, int, int]]) -> tuple[Float[Tensor, "batch numbers"], ...]:
        """Draw the uniform numbers of each operation."""
        counts = [draws_of(operation) for operation in self.pipeline]
        return uniform(keys, sum(counts)).split(counts, dim=1)

    def place(
        self, numbers: tuple[Tensor, ...], batch: int, size: tuple[int, int], labeled: bool
    ) -> tuple[Affine, Bend | None]:
        """Compose the maps, and draw the bend; on the processor, for they are small."""
        affine, bend = identity(batch), None
        for operation, u in zip(self.pipeline, numbers, strict=True):
            if isinstance(operation, Geometric):
                affine = add_map(operation, affine, u, size)
            elif isinstance(operation, Elastic) and labeled and (u[:, 0] < operation.chance).any():
                bend = draw_bend(operation, u, size)
        return affine, bend


def placed(images: Images, affine: Affine, bend: Bend | None) -> Images:
    """Move and bend images, all frames of a sample alike, sampling each once."""
    frames = images.shape[1]
    field = None if bend is None else bend.field().to(images.device)
    # frames become channels: a sample's grid is made once
    moved = warp(images.flatten(1, 2), affine.to(images.device), field)
    return moved.unflatten(1, (frames, 3))


def vary(
    images: Images,
    operation: Pixelwise,
    u: Float[Tensor, "batch numbers"],
    seeds: tuple[int, ...],
    keypoints: Float[Tensor, "batch keypoints 2"],
    centre: int,
) -> tuple[Tensor, Float[Tensor, "chosen frames 3 h w"]]:
    """Do an operation to the samples whose first number says that it happens: which, and how."""
    chosen = torch.nonzero(u[:, 0] < operation.chance)[:, 0]
    some = chosen.to(images.device)
    if len(chosen) == 0:
        return some, images[some]
    draw = Draw(
        numbers=u[chosen, 1:],
        device=images.device,
        seeds=tuple(seeds[number] for number in chosen.tolist()),
        keypoints=keypoints[some],
        centre=centre,
    )
    these = images if len(chosen) == len(images) else images[some]
    return some, APPLY[type(operation)](these, operation, draw)


def draws_of(operation: Operation) -> int:
    """Count the numbers that an operation takes."""
    return 1 + 2 * (operation.cells + 3) ** 2 if isinstance(operation, Elastic) else DRAWS


def uniform(keys: list[tuple[int, int, int]], count: int) -> Float[Tensor, "batch draws"]:
    """Draw numbers in 0..1 that depend on each (seed, epoch, sample) alone."""
    rows = [np.random.default_rng(key).random(count, dtype=np.float32) for key in keys]
    return torch.from_numpy(np.stack(rows))


def mixed(key: tuple[int, ...]) -> int:
    """Mix a key into one seed."""
    seed = 0x9E3779B97F4A7C15
    for part in key:
        seed = ((seed ^ part) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**63
    return seed
