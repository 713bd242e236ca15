"""The network: images to heatmaps. What every architecture shares, and backbone + head."""

from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from pose_core.errors import ConfigError, PluginError
from pose_core.hookspecs import Combine
from pose_core.model.options import (
    BackboneHeadOptions,
    ModelOptions,
    find_backbone,
    find_head,
    find_network,
    weights_path,
)
from pose_core.plugins import Plugins


class PoseNetwork(nn.Module):
    """What training and prediction ask of a network; an architecture subclasses it.

    A subclass sets `stride` and defines `heatmaps`; one that looks at neighbouring frames sets
    `offsets` and defines `encode`, so that the costly part runs once per frame of a video.

    Attributes:
        stride: image pixels per heatmap cell.
        offsets: frames it looks at, relative to the frame wanted, in the order it takes them.
        combine: how branches become one prediction: "last" takes the last, "confident" per keypoint
            the more confident, "mean" all alike.
        multiple: height and width of images must be multiples of it.
        fixed_size: height and width it is bound to, or None.
    """

    stride: int
    offsets: tuple[int, ...] = (0,)
    combine: Combine = "last"
    multiple: int = 1
    fixed_size: tuple[int, int] | None = None

    def encode(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch ..."]:
        """Give what `heatmaps` needs of each image, whatever its neighbours; images are 0 to 1."""
        return images

    def heatmaps(
        self, features: Float[Tensor, "batch offsets ..."]
    ) -> Float[Tensor, "batch branches keypoints h w"]:
        """Give the heatmaps of each branch: probability maps, not negative, that sum to 1."""
        raise NotImplementedError(f"{type(self).__name__} must define heatmaps")

    def forward(
        self, images: Float[Tensor, "batch offsets 3 height width"]
    ) -> Float[Tensor, "batch branches keypoints h w"]:
        """Give heatmaps of the frame at offset 0, from images (0 to 1) of all `offsets`."""
        features = self.encode(images.flatten(0, 1))
        return self.heatmaps(features.unflatten(0, images.shape[:2]))

    def frozen_parts(self) -> list[nn.Module]:
        """List the modules that may start from pretrained weights, frozen in the first epochs."""
        return []


class BackboneHead(PoseNetwork):
    """A backbone that runs once per frame, and a head on its features."""

    def __init__(self, backbone: Any, head: Any) -> None:
        """Put two modules together that have the attributes `hookspecs` asks for."""
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.stride = int(head.stride)
        self.offsets = tuple(head.offsets)
        self.combine = head.combine
        self.multiple = int(getattr(backbone, "multiple", backbone.stride))
        self.fixed_size = getattr(backbone, "fixed_size", None)
        self._head_encodes = hasattr(head, "encode")

    def encode(self, images: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch ..."]:
        """Give the backbone's features, and what the head makes of them frame by frame."""
        features = self.backbone(images)
        return self.head.encode(features) if self._head_encodes else features

    def heatmaps(
        self, features: Float[Tensor, "batch offsets ..."]
    ) -> Float[Tensor, "batch branches keypoints H W"]:
        """Give the head's heatmaps."""
        return self.head.heatmaps(features) if self._head_encodes else self.head(features)

    def forward(
        self, images: Float[Tensor, "batch offsets 3 height width"]
    ) -> Float[Tensor, "batch branches keypoints H W"]:
        """Give heatmaps of the frame at offset 0; the head may leave out what only others need."""
        features = self.backbone(images.flatten(0, 1))
        return self.head(features.unflatten(0, images.shape[:2]))

    def frozen_parts(self) -> list[nn.Module]:
        """List the backbone."""
        return [self.backbone]


def build_backbone_head(
    options: BackboneHeadOptions, keypoints: int, pretrained: bool | Path, plugins: Plugins
) -> BackboneHead:
    """Build the network `backbone_head`.

    Raises:
        ConfigError: if backbone or head do not exist or do not fit each other.
    """
    head, head_options = find_head(options.head, options.head_options, plugins)
    backbone, backbone_options = find_backbone(options.backbone, options.backbone_options, plugins)
    features: Any = backbone.build(backbone_options, pretrained)
    return BackboneHead(
        features, head.build(head_options, int(features.channels), int(features.stride), keypoints)
    )


def build_network(
    options: ModelOptions,
    keypoints: int,
    plugins: Plugins,
    pretrained: bool | str | Path | None = None,
) -> PoseNetwork:
    """Build the network a config names.

    Args:
        options: names and options of its parts.
        keypoints: how many keypoints the skeleton has.
        plugins: where the names are looked up.
        pretrained: in place of `options.pretrained`; False for a trained model, whose weights come
            from its own folder.

    Raises:
        ConfigError: if a name, option or weights file does not exist, or parts do not fit.
        PluginError: if what a plugin builds is no PoseNetwork.
    """
    network, filled = find_network(options, plugins)
    weights = weights_path(options.pretrained if pretrained is None else pretrained)
    built = network.build(filled, keypoints, weights, plugins)
    if not isinstance(built, PoseNetwork):
        raise PluginError(
            f"model.network: {options.network!r} builds a {type(built).__name__}, which is no "
            "PoseNetwork; subclass pose_core.model.network.PoseNetwork"
        )
    return built


def check_size(network: PoseNetwork, size: tuple[int, int], where: str = "size") -> None:
    """Refuse a size of images, (height, width), that a network cannot take.

    Raises:
        ConfigError: naming the nearest size that it takes.
    """
    height, width = size
    if network.fixed_size is not None and tuple(size) != tuple(network.fixed_size):
        only = " x ".join(map(str, network.fixed_size))
        raise ConfigError(
            f"{where}: the network takes images of {only}, not {height} x {width}; set {only}, "
            f"or model.backbone_options.arguments={{img_size:[{height},{width}]}}"
        )
    step = network.multiple
    if height < step or width < step or height % step or width % step:
        nearest = [max(step, round(side / step) * step) for side in size]
        raise ConfigError(
            f"{where}: {height} x {width} is not in steps of {step} as this network needs; "
            f"try {nearest[0]} x {nearest[1]}"
        )
