"""Weights from a local file."""

from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn


def load_weights(module: "nn.Module", weights: "bool | Path") -> None:
    """Load the weights of a `.safetensors` file into a module of the same shape.

    Raises:
        ConfigError: if there is no such file, or its weights do not fit; `True` asks for published
            weights, of which there are none.
    """
    if weights is True:
        raise ConfigError(
            "model.pretrained: pocket has no published weights; set model.pretrained=false, or "
            "give the path of a .safetensors file"
        )
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        module.load_state_dict(load_file(weights))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"model.pretrained: {weights} does not hold the weights of a pocket of these options "
            f"({reason}); give another file, or model.pretrained=false"
        ) from error
