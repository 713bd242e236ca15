"""The module: depthwise separable convolutions down to 1/16 of the image.

Source: Howard et al., MobileNets (2017), section 3.1, for the convolutions. The layout is our own.
"""

from torch import Tensor, nn

HALVINGS = 4


class Pocket(nn.Sequential):
    """Images (batch, 3, height, width) in 0..1 to features (batch, channels, h / 16, w / 16).

    Attributes:
        channels: of the features.
        stride: image pixels per cell of the features.
    """

    def __init__(self, width: int, blocks: int) -> None:
        layers: list[nn.Module] = [nn.BatchNorm2d(3, affine=False)]  # learns the images' mean
        layers += convolution(3, width, 3, stride=2)
        channels = width
        for _ in range(HALVINGS - 1):
            layers.append(separable(channels, 2 * channels, stride=2))
            channels *= 2
            layers += [Residual(separable(channels, channels)) for _ in range(blocks)]
        super().__init__(*layers)
        self.channels = channels
        self.stride = 2**HALVINGS


class Residual(nn.Module):
    """A layer added to what it is given."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, features: Tensor) -> Tensor:
        """Add."""
        return features + self.layer(features)


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Make a 3 x 3 convolution per channel and a 1 x 1 convolution across channels."""
    per_channel = convolution(inputs, inputs, 3, stride=stride, groups=inputs)
    return nn.Sequential(*per_channel, *convolution(inputs, outputs, 1))


def convolution(
    inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Make a convolution, batch normalisation and a rectifier."""
    layer = nn.Conv2d(inputs, outputs, side, stride, padding=side // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]
