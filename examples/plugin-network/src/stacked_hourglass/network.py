"""Stacked hourglasses, every one supervised.

Every convolution but the first is preceded by batch normalisation, and every one but the last of a
stack followed by a rectifier.

Source: Newell, Yang, Deng, Stacked Hourglass Networks (2016); Graving et al., DeepPoseKit (2019),
whose Stacked Hourglass this is, but for the spatial softmax of the heatmaps.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from pose_core.heatmaps import spatial_softmax
from pose_core.model.network import PoseNetwork

STRIDE = 4

Features = Float[Tensor, "batch filters height width"]


class StackedHourglass(PoseNetwork):
    """Images to the heatmaps of each stack, at a quarter of their size; the last is the best."""

    stride = STRIDE
    combine = "last"

    def __init__(self, stacks: int, filters: int, depth: int, keypoints: int) -> None:
        super().__init__()
        self.multiple = STRIDE * 2**depth
        self.front = Front(filters)
        self.hourglasses = nn.ModuleList(Hourglass(filters, depth) for _ in range(stacks))
        self.outputs = nn.ModuleList(Output(filters, keypoints) for _ in range(stacks))
        self.joints = nn.ModuleList(Joint(filters, keypoints) for _ in range(stacks - 1))

    def encode(self, images: Float[Tensor, "batch 3 height width"]) -> Features:
        """Give the features of each image that the first stack starts from."""
        return self.front(2 * images - 1)

    def heatmaps(
        self, features: Float[Tensor, "batch offsets filters height width"]
    ) -> Float[Tensor, "batch stacks keypoints height width"]:
        """Give every stack's heatmaps."""
        given, branches = features[:, 0], []
        for number, (hourglass, output) in enumerate(
            zip(self.hourglasses, self.outputs, strict=True)
        ):
            seen, logits = output(hourglass(given))
            branches.append(spatial_softmax(logits))
            if number < len(self.joints):
                given = self.joints[number](given, seen, logits)
        return torch.stack(branches, dim=1)


class Front(nn.Module):
    """Images to features at a quarter of their size."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, filters, 7, stride=2, padding=3, bias=False)
        self.before_pooling = Residual(filters)
        self.after_pooling = nn.Sequential(Residual(filters), Residual(filters))

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> Features:
        """Convolve, halve twice."""
        features = self.before_pooling(self.first(images).relu())
        return self.after_pooling(max_pool2d(features, 2))


class Residual(nn.Module):
    """A narrow convolution between two of one cell, added to what it is given."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        narrow = filters // 2
        self.main = nn.Sequential(
            convolution(filters, narrow, 1),
            convolution(narrow, narrow, 3),
            convolution(narrow, filters, 1),
            normalisation(filters),
        )
        self.skip = normalisation(filters)

    def forward(self, features: Features) -> Features:
        """Add."""
        return self.main(features) + self.skip(features)


class Hourglass(nn.Module):
    """Halve the maps, do the same inside, double them, and add what was kept at this size."""

    def __init__(self, filters: int, depth: int) -> None:
        super().__init__()
        self.before = Residual(filters)
        self.inside: Callable[[Tensor], Tensor] = (
            Hourglass(filters, depth - 1) if depth > 1 else Bottom(filters)
        )
        self.kept = nn.Sequential(Residual(filters), normalisation(filters))
        self.raised = normalisation(filters)
        self.after = Residual(filters)

    def forward(self, features: Features) -> Features:
        """Run one halving and everything inside it."""
        kept = self.before(features)
        raised = interpolate(self.inside(max_pool2d(kept, 2)), scale_factor=2.0, mode="nearest")
        return self.after(self.raised(raised) + self.kept(kept))


class Bottom(nn.Module):
    """The smallest maps of an hourglass."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.first = Residual(filters)
        self.skip = normalisation(filters)
        residuals = [Residual(filters) for _ in range(3)]
        self.main = nn.Sequential(*residuals, normalisation(filters))

    def forward(self, features: Features) -> Features:
        """Add three residuals to one."""
        first = self.first(features)
        return self.skip(first) + self.main(first)


class Output(nn.Module):
    """Features of a stack to logits of its heatmaps."""

    def __init__(self, filters: int, keypoints: int) -> None:
        super().__init__()
        self.seen = convolution(filters, filters, 1)
        self.logits = nn.Sequential(normalisation(filters), nn.Conv2d(filters, keypoints, 1))

    def forward(
        self, features: Features
    ) -> tuple[Features, Float[Tensor, "batch keypoints height width"]]:
        """Give the features the logits are made of, and the logits."""
        seen = self.seen(features)
        return seen, self.logits(seen)


class Joint(nn.Module):
    """What a stack hands on: what it was given, what it saw, and what it said."""

    def __init__(self, filters: int, keypoints: int) -> None:
        super().__init__()
        self.given = normalisation(filters)
        self.seen = nn.Sequential(convolution(filters, filters, 1), normalisation(filters))
        self.said = nn.Sequential(convolution(keypoints, filters, 1), normalisation(filters))

    def forward(
        self,
        given: Features,
        seen: Features,
        logits: Float[Tensor, "batch keypoints height width"],
    ) -> Features:
        """Add them."""
        return self.given(given) + self.seen(seen) + self.said(logits)


def normalisation(channels: int) -> nn.Module:
    """Make batch normalisation.

    Its running averages follow ten times faster than DeepPoseKit's, which would lag behind the
    weights in runs of a few hundred steps.
    """
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.1)


def convolution(inputs: int, outputs: int, side: int) -> nn.Sequential:
    """Make batch normalisation, a convolution of the same size, and a rectifier."""
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)
    return nn.Sequential(normalisation(inputs), layer, nn.ReLU())
