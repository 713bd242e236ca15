"""The backbone `timm`: any of its models with feature maps, normalising images by itself."""

import logging
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
import torch
from jaxtyping import Float
from timm.models.efficientnet import EfficientNetFeatures
from timm.models.hrnet import HighResolutionNetFeatures
from timm.models.mobilenetv3 import MobileNetV3Features
from torch import Tensor, nn

from pose_core.errors import ConfigError, reason
from pose_core.model.checkpoints import start_from
from pose_core.model.options import TimmOptions

logger = logging.getLogger(__name__)

ADVICE = (
    "give a local checkpoint by model.pretrained=PATH, or random weights by model.pretrained=false"
)

FILES = ["model.safetensors", "pytorch_model.bin"]
"""Names of weights in a repository of the hub, the better first."""


class TimmBackbone(nn.Module):
    """A timm model that gives one map of features, (batch, channels, height, width).

    Attributes:
        channels: of the features.
        stride: image pixels per cell of the features.
        fixed_size: height and width it is bound to, or None.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, body: Any, fixed_size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.body = without_idle(body)  # a module with timm's own attributes
        self.channels = int(body.feature_info.channels()[-1])
        self.stride = int(body.feature_info.reduction()[-1])
        self.fixed_size = fixed_size
        self.channels_last = str(getattr(body, "output_fmt", "NCHW")).endswith("NHWC")
        # kept with the weights: what they were trained with must not change with timm's version
        for name in ("mean", "std"):
            values = torch.tensor(body.pretrained_cfg[name], dtype=torch.float32)
            self.register_buffer(name, values.view(3, 1, 1))

    def forward(
        self, images: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch channels h w"]:
        """Give the features of images between 0 and 1."""
        features = self.body((images - self.mean) / self.std)[-1]
        return features.permute(0, 3, 1, 2) if self.channels_last else features


def without_idle(body: Any) -> Any:
    """Leave out of a timm model what nothing that it gives depends on.

    Most of its families leave it out themselves; these build and run every stage. The stages of
    HRNet depend on each other, but not what widens the features of each.
    """
    given = body.feature_info.get_dicts()
    if isinstance(body, (EfficientNetFeatures, MobileNetV3Features)):
        if body.feature_hooks is None:
            body.blocks = body.blocks[: max(one["stage"] for one in given)]
    elif isinstance(body, HighResolutionNetFeatures) and body.incre_modules is not None:
        places = {one["index"] - 1 for one in given}  # the stem is before them
        for place in set(range(len(body.incre_modules))) - places:
            body.incre_modules[place] = nn.Identity()
    return body


def build_timm(options: TimmOptions, pretrained: bool | Path) -> TimmBackbone:
    """Build the backbone `timm`.

    Args:
        options: the model and its arguments.
        pretrained: True for the weights timm publishes, False for random ones, or a checkpoint,
            whose classifier is not read.

    Raises:
        ConfigError: if timm cannot build the model, or its weights cannot be had.
    """
    if pretrained is True:
        return published(options)
    backbone = build_random(options)
    if isinstance(pretrained, Path):
        matched = start_from(backbone.body, pretrained, options.model)
        level = logging.WARNING if matched.missing or matched.misfits else logging.INFO
        logger.log(level, "model.pretrained: %s: %s", pretrained, matched)
    return backbone


def published(options: TimmOptions) -> TimmBackbone:
    """Build a backbone with the weights that timm publishes, from its cache or the network.

    Raises:
        ConfigError: if there are none, or they cannot be fetched.
    """
    source = cached_weights(options.model)
    try:
        return make(options, pretrained=True, pretrained_cfg_overlay=source)
    except ConfigError:
        raise
    except Exception as error:  # timm, hub and http libraries each have their own
        build_random(options)  # if the model itself is at fault, this says so
        raise ConfigError(
            f"model.pretrained: the weights of {options.model!r} cannot be fetched "
            f"({type(error).__name__}: {reason(error)}); {ADVICE}"
        ) from error


def build_random(options: TimmOptions) -> TimmBackbone:
    """Build a backbone with random weights.

    Raises:
        ConfigError: if timm cannot.
    """
    try:
        return make(options, pretrained=False)
    except ConfigError:
        raise
    except Exception as error:  # models check their arguments by whatever error comes first
        given = f" with {dict(options.arguments)}" if options.arguments else ""
        raise ConfigError(
            f"model.backbone: timm cannot give features of {options.model!r}, level {options.level}"
            f"{given} ({reason(error)}); take another model, level or arguments"
        ) from error


def make(options: TimmOptions, **weights: Any) -> TimmBackbone:
    """Have timm make a model of features, free in its input's size where it can be."""
    arguments = {**options.arguments, **weights}
    arguments |= {"features_only": True, "out_indices": (options.level,)}
    if not is_bound(options):
        return TimmBackbone(timm.create_model(options.model, **arguments))
    try:
        return TimmBackbone(timm.create_model(options.model, **arguments, dynamic_img_size=True))
    except TypeError as error:
        if "dynamic_img_size" not in str(error):
            raise
    body: Any = timm.create_model(options.model, **arguments)
    size = options.arguments.get("img_size", body.pretrained_cfg["input_size"][-2:])
    height, width = (size, size) if isinstance(size, int) else size
    return TimmBackbone(body, (height, width))


def is_bound(options: TimmOptions) -> bool:
    """Say whether a model is made for one size of images, unless told otherwise."""
    config = timm.models.get_pretrained_cfg(options.model)
    return bool(config and config.fixed_input_size and "dynamic_img_size" not in options.arguments)


def cached_weights(model: str) -> Mapping[str, str]:
    """Find published weights on this disk; ask once whether others could be fetched.

    The hub's own client retries for most of a minute where there is no network.

    Returns:
        What to lay over timm's config: the file, or nothing where it is to be fetched.

    Raises:
        ConfigError: if there are no published weights, or no network to fetch them.
    """
    config = timm.models.get_pretrained_cfg(model)
    if not (config and config.has_weights):
        raise ConfigError(f"model.pretrained: timm publishes no weights of {model!r}; {ADVICE}")
    if not config.hf_hub_id:
        return {}
    from huggingface_hub import constants, try_to_load_from_cache

    names = [config.hf_hub_filename] if config.hf_hub_filename else FILES
    for name in names:
        file = try_to_load_from_cache(config.hf_hub_id, name)
        if isinstance(file, str):
            return {"file": file}
    if not is_reachable(constants.ENDPOINT):
        raise ConfigError(
            f"model.pretrained: the weights of {model!r} cannot be fetched, "
            f"{constants.ENDPOINT} cannot be reached; {ADVICE}"
        )
    return {}


def is_reachable(address: str, seconds: float = 5.0) -> bool:
    """Say whether a web server answers; taken for granted behind a proxy."""
    parts = urlsplit(address)
    if getproxies():
        return True
    try:
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
        with socket.create_connection((parts.hostname or "", port), timeout=seconds):
            return True
    except OSError:
        return False


@cache
def timm_models() -> tuple[str, ...]:
    """List timm's models, each also with the tags of its published weights."""
    return (*timm.list_models(), *timm.list_models(pretrained=True, include_tags=True))
