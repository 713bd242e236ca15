"""Checkpoints that a backbone starts from: other people's files, read without unpickling."""

import pickle
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from pose_core.errors import ConfigError, reason

WHERE = "model.pretrained"
WRAPPERS = ("state_dict", "model_state_dict", "model", "model_state", "teacher", "state_dict_ema")
"""Entries under which training scripts keep the weights."""
COUNTER = "num_batches_tracked"
"""Of batch norm: no weight, and missing from older files."""


class Matched(NamedTuple):
    """What became of a module's tensors when a checkpoint was read.

    Attributes:
        loaded: names that the checkpoint had, in the right shape.
        missing: names that it had not.
        misfits: names that it had in another shape.
        unused: how many more the checkpoint has under the same prefix, such as a classifier's.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    misfits: tuple[str, ...]
    unused: int

    def __str__(self) -> str:
        """Say it in one line."""
        total = len(self.loaded) + len(self.missing) + len(self.misfits)
        text = f"{len(self.loaded)} of {total} tensors loaded, {self.unused} of the file not used"
        for names, what in ((self.missing, "missing"), (self.misfits, "of another shape")):
            if names:
                text += f"; {what}: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        return text


def start_from(module: nn.Module, path: Path, name: str = "the backbone") -> Matched:
    """Read into a module those weights of a checkpoint that it has too, whatever their prefix.

    Names are compared without their dots, so `stages.0.conv` is `stages_0.conv`; of all prefixes
    in the checkpoint (`module.`, `backbone.`, `model.encoder.`) the one is taken under which most
    tensors fit.

    Args:
        module: the one whose tensors are set.
        path: a .safetensors file, or one that `torch.load` reads as weights alone.
        name: of the module, for the error.

    Raises:
        ConfigError: if the file cannot be read, or fewer than half of the module's tensors fit.
    """
    own = {flat(key): tensor for key, tensor in without_root(module.state_dict()).items()}
    given = read_checkpoint(path)
    named = best_named(given, own)
    matched = compare(named, own)
    wanted = len(own) - sum(key.endswith(COUNTER) for key in own)
    if 2 * len(matched.loaded) < wanted:
        raise ConfigError(
            f"{WHERE}: {path}: only {len(matched.loaded)} of the {wanted} tensors of {name} are in "
            f"it; give a checkpoint of {name}, or false"
        )
    with torch.no_grad():
        for key, tensor in own.items():
            if key in named and named[key].shape == tensor.shape:
                tensor.copy_(named[key])
    return matched


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint, from whatever entry holds them.

    Raises:
        ConfigError: if the file cannot be read, or holds more than weights.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConfigError(
            f"{WHERE}: {path}: is no file of weights alone (damaged, or with objects that would "
            "have to be unpickled); save its state_dict by itself, best as .safetensors"
        ) from error
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError) as error:
        raise ConfigError(
            f"{WHERE}: {path}: cannot be read ({reason(error)}); give another file, true or false"
        ) from error
    return unwrap(held)


def unwrap(held: Any) -> dict[str, Tensor]:
    """Find the tensors in what a training script saved."""
    while isinstance(held, Mapping):
        inner = next((held[key] for key in WRAPPERS if isinstance(held.get(key), Mapping)), None)
        if inner is None:
            return {str(key): value for key, value in held.items() if isinstance(value, Tensor)}
        held = inner
    return {}


def best_named(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name a checkpoint's tensors as the module does: flat, without the prefix that suits best."""
    candidates = (under(prefix, given) for prefix in prefixes(given))
    return max(candidates, key=lambda named: len(compare(named, own).loaded))


def prefixes(names: Mapping[str, Tensor]) -> list[str]:
    """List all prefixes of dotted names of up to four parts, "" first."""
    parts = [accumulate(f"{part}." for part in name.split(".")[:-1][:4]) for name in names]
    return list(dict.fromkeys(["", *(prefix for several in parts for prefix in several)]))


def under(prefix: str, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors below a prefix by their flat names without it."""
    start = len(prefix)
    return {flat(name[start:]): given[name] for name in given if name.startswith(prefix)}


def compare(named: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> Matched:
    """Say which of a module's tensors can be had, counters of batch norm apart."""
    wanted = [name for name in own if not name.endswith(COUNTER)]
    there = [name for name in wanted if name in named]
    fit = [name for name in there if named[name].shape == own[name].shape]
    missing = [name for name in wanted if name not in named]
    misfits = [name for name in there if named[name].shape != own[name].shape]
    unused = sum(name not in own and not name.endswith(COUNTER) for name in named)
    return Matched(tuple(fit), tuple(missing), tuple(misfits), unused)


def without_root(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off the first part of all names where it is the same, as a wrapper's is."""
    roots = {name.split(".")[0] for name in state}
    cut = len(f"{next(iter(roots))}.") if len(roots) == 1 else 0
    return {name[cut:]: tensor for name, tensor in state.items()}


def flat(name: str) -> str:
    """Write a name without dots; timm flattens some in models that give features."""
    return name.replace(".", "_")
