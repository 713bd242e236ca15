"""A backbone that learns to see an animal from random weights in some hundred steps.

Published weights cannot be counted on where benchmarks run, and a ResNet without them learns
slowly. Source of the layout: Ronneberger, Fischer and Brox, U-Net (2015), much narrowed.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from pose_core.hookspecs import Backbone, NoOptions, hookimpl

WIDTHS = (24, 32, 64, 96, 128)
"""Channels at strides 2, 4, 8, 16 and 32."""


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Make a convolution, batch normalisation and a rectifier."""
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class SmallUNet(nn.Module):
    """Images (batch, 3, h, w) in 0..1 to features (batch, 128, h / 8, w / 8)."""

    channels, stride = 128, 8

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *WIDTHS[:-1])
        self.norm = nn.BatchNorm2d(3, affine=False)
        self.down = nn.ModuleList(
            nn.Sequential(convolution(a, b, stride=2), convolution(b, b))
            for a, b in zip(inputs, WIDTHS, strict=True)
        )
        self.up = nn.ModuleList(
            convolution(WIDTHS[level + 1] + WIDTHS[level], WIDTHS[level]) for level in (3, 2)
        )
        self.out = convolution(WIDTHS[2], self.channels)

    def forward(self, images: Tensor) -> Tensor:
        """Give the features."""
        found = self.norm(images)
        levels = []
        for down in self.down:
            found = down(found)
            levels.append(found)
        for up, skip in zip(self.up, (levels[3], levels[2]), strict=True):
            found = nn.functional.interpolate(found, skip.shape[-2:], mode="nearest")
            found = up(torch.cat([found, skip], dim=1))
        return self.out(found)


def build(_: NoOptions, pretrained: bool | Path) -> SmallUNet:
    """Build it, from random weights."""
    return SmallUNet()


@hookimpl
def pose_backbones() -> Iterable[Backbone]:
    """Yield the backbone `small_unet`."""
    yield Backbone(name="small_unet", build=build)
