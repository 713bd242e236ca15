"""What this package adds to pose-core. Imported to list it, so it imports no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.hookspecs import Backbone, hookimpl

if TYPE_CHECKING:
    from pocket_backbone.network import Pocket


@dataclass(frozen=True)
class PocketOptions:
    """Options of the backbone `pocket`.

    Attributes:
        width: channels after the first convolution; each halving of the size doubles them.
        blocks: separable convolutions between two halvings.
    """

    width: int = 32
    blocks: int = 2

    def __post_init__(self) -> None:
        if self.width < 4 or self.width % 4:
            raise ValueError(f"width is {self.width}; give a multiple of 4")
        if self.blocks < 1:
            raise ValueError(f"blocks is {self.blocks}; give at least 1")


def build_pocket(options: PocketOptions, pretrained: "bool | Path") -> "Pocket":
    """Build the backbone, from random weights or from those of a local file."""
    from pocket_backbone.network import Pocket
    from pocket_backbone.weights import load_weights

    pocket = Pocket(options.width, options.blocks)
    if pretrained is not False:
        load_weights(pocket, pretrained)
    return pocket


@hookimpl
def pose_backbones() -> Iterable[Backbone]:
    """Yield the backbone `pocket`."""
    yield Backbone(name="pocket", options=PocketOptions, build=build_pocket)
