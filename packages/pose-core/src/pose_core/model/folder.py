"""A trained model: a folder with config.yaml, skeleton.json and model.safetensors."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.geometry import invert, move, resizing
from pose_core.batches.options import DataOptions
from pose_core.errors import ConfigError, reason
from pose_core.files import write_text
from pose_core.model.branches import merge_branches, weigh_branches
from pose_core.model.network import PoseNetwork, build_network
from pose_core.model.options import ModelOptions, find_decoder
from pose_core.model.weights import load_model as load_weights
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.run_folder import (
    CONFIG,
    SKELETON,
    WEIGHTS,
    check_complete,
    read_config,
    read_skeleton,
)
from pose_core.skeleton import Skeleton


@dataclass(frozen=True)
class TrainedModel:
    """A network with all that its predictions need.

    Attributes:
        folder: where it was read from.
        network: in evaluation mode.
        decode: heatmaps (..., h, w) and stride to points and confidence.
        skeleton: what it was trained to find.
        size: height and width it sees.
        config: the whole configuration of its training.
    """

    folder: Path
    network: PoseNetwork
    decode: Callable[[Tensor, int], tuple[Tensor, Tensor]]
    skeleton: Skeleton
    size: tuple[int, int]
    config: Mapping[str, Any]

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.network.parameters()).device

    def points(
        self,
        heatmaps: Float[Tensor, "batch branches keypoints h w"],
        sizes: Float[Tensor, "batch 2"],
    ) -> Float[Tensor, "batch keypoints 3"]:
        """Decode heatmaps to x, y in pixels of frames of some (height, width), and confidence."""
        keypoints, confidence = self.decode(heatmaps, self.network.stride)
        weights = weigh_branches(confidence, self.network.combine)
        affine = invert(resizing(sizes, self.size))
        in_frame = move(affine, merge_branches(keypoints, weights).float())
        merged = merge_branches(confidence, weights).float()
        return torch.cat([in_frame, merged[..., None]], dim=-1)


def write_config(folder: Path, config: Mapping[str, Any], skeleton: Skeleton) -> None:
    """Write what a model folder says beside its weights, atomically."""
    write_text(folder / CONFIG, yaml.safe_dump(dict(config), sort_keys=False))
    write_text(folder / SKELETON, json.dumps(skeleton.to_dict(), indent=1) + "\n")


def load_model(folder: Path, plugins: Plugins, device: str | None = "cpu") -> TrainedModel:
    """Load a trained model: offline, without its training data, without unpickling.

    Args:
        folder: of the model.
        plugins: where its parts are looked up.
        device: such as "cpu" or "cuda"; None takes a GPU where there is one.

    Raises:
        FormatError: if the folder is incomplete or its weights fit another network.
        ConfigError: if it needs a plugin that is not here, or there is no such device.
    """
    check_complete(folder)
    target = usable(device)
    config = read_config(folder)
    skeleton = read_skeleton(folder / SKELETON)
    options = fill(ModelOptions, config["model"], f"{folder / CONFIG}: model")
    data = fill(DataOptions, config["data"], f"{folder / CONFIG}: data")
    network = build_network(options, len(skeleton), plugins, pretrained=False)
    load_weights(network, folder / WEIGHTS)
    decoder, decoder_options = find_decoder(options, plugins)
    network.to(target).eval().requires_grad_(False)
    decode = decoder.build(decoder_options)
    return TrainedModel(folder, network, decode, skeleton, data.size, config)


def usable(device: str | None) -> torch.device:
    """Give a device that a tensor can be put on; None takes a GPU where there is one.

    Raises:
        ConfigError: if there is no such device here.
    """
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.zeros(1, device=torch.device(device)).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"--device: {device!r} cannot be used here ({reason(error)}); give cpu"
        ) from error
