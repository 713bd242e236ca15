"""What this package adds to pose-core. Imported to list it, so it imports no torch."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError
from pose_core.hookspecs import Decoder, Network, hookimpl
from pose_core.plugins import Plugins

if TYPE_CHECKING:
    from torch import Tensor

    from stacked_hourglass.network import StackedHourglass


@dataclass(frozen=True)
class HourglassOptions:
    """Options of the network `hourglass`.

    Attributes:
        stacks: how many hourglasses; each gives a branch of heatmaps, the last is the prediction.
        filters: channels throughout, even.
        depth: how often an hourglass halves its maps; images are in steps of 4 * 2 ** depth pixels.
    """

    stacks: int = 2
    filters: int = 64
    depth: int = 4

    def __post_init__(self) -> None:
        if self.filters < 2 or self.filters % 2:
            raise ValueError(f"filters is {self.filters}; give an even number")
        if min(self.stacks, self.depth) < 1:
            raise ValueError(f"stacks, depth are {self.stacks}, {self.depth}; give at least 1")


@dataclass(frozen=True)
class LogParabolaOptions:
    """Options of the decoder `log_parabola`.

    Attributes:
        sigma: standard deviation of the training targets, in cells: what confidence 1 looks like.
    """

    sigma: float = 1.25


def build_hourglass(
    options: HourglassOptions, keypoints: int, pretrained: "bool | Path", plugins: Plugins
) -> "StackedHourglass":
    """Build the network from random weights.

    Raises:
        ConfigError: if pretrained weights are asked for, which do not exist.
    """
    if pretrained is not False:
        raise ConfigError(
            f"model.pretrained: hourglass starts from random weights only, not from {pretrained}; "
            "set model.pretrained=false"
        )
    from stacked_hourglass.network import StackedHourglass

    return StackedHourglass(options.stacks, options.filters, options.depth, keypoints)


def build_log_parabola(
    options: LogParabolaOptions,
) -> "Callable[[Tensor, int], tuple[Tensor, Tensor]]":
    """Build the decoder."""
    from functools import partial

    from stacked_hourglass.decoder import log_parabola

    return partial(log_parabola, sigma=options.sigma)


@hookimpl
def pose_networks() -> Iterable[Network]:
    """Yield the network `hourglass`."""
    yield Network(
        name="hourglass", options=HourglassOptions, build=build_hourglass, decoder="log_parabola"
    )


@hookimpl
def pose_decoders() -> Iterable[Decoder]:
    """Yield the decoder `log_parabola`."""
    yield Decoder(name="log_parabola", options=LogParabolaOptions, build=build_log_parabola)
