"""A trained network's weights on disk: safetensors alone, nothing is ever unpickled."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pose_core.errors import FormatError, reason
from pose_core.files import atomic


def save_model(network: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors, whole or not at all.

    Raises:
        PoseError: if the file cannot be written.
    """
    state = {name: own_copy(tensor) for name, tensor in network.state_dict().items()}
    with atomic(path) as temporary:
        save_file(state, temporary, metadata={"format": "pt"})


def own_copy(tensor: Tensor) -> Tensor:
    """Give a tensor memory of its own: safetensors takes none that two names share."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def load_model(network: nn.Module, path: Path) -> None:
    """Read the weights of a network from a file that `save_model` wrote.

    Raises:
        FormatError: if there is no file, it is damaged, or it is of another network, such as one
            for another number of keypoints. The network is then as it was.
    """
    state = read_safetensors(path)
    own = network.state_dict()
    check_names(state, own, path)
    check_shapes(state, own, path)
    network.load_state_dict(state)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file.

    Raises:
        FormatError: if there is none, or it is damaged.
    """
    if not path.is_file():
        raise FormatError(
            f"{path}: no such file; the model is incomplete, train it or copy it again"
        )
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise FormatError(
            f"{path}: is no whole safetensors file ({reason(error)}); copy or train it again"
        ) from error


def check_names(state: Mapping[str, Tensor], own: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that lack tensors of a network, or have others."""
    for names, what in (
        (own.keys() - state.keys(), "lacks"),
        (state.keys() - own.keys(), "also has"),
    ):
        if names:
            raise FormatError(
                f"{path}: weights of another network: it {what} {min(names)!r}, {len(names)} of "
                f"{len(own)} tensors in all; use the config.yaml written beside it"
            )


def check_shapes(state: Mapping[str, Tensor], own: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights whose tensors have other shapes; tell another number of keypoints apart."""
    differ = sorted(name for name in own if state[name].shape != own[name].shape)
    if not differ:
        return
    sizes = {pair for name in differ for pair in differing(state[name].shape, own[name].shape)}
    there, here = (tuple(tensors[differ[0]].shape) for tensors in (state, own))
    what = f"{differ[0]!r} is {there}, not {here}"
    if len(sizes) == 1:
        (count, wanted), *_ = sizes
        what = f"{what}: made for {count} keypoints, the skeleton has {wanted}"
    raise FormatError(f"{path}: weights of another network: {what}; use the model's own skeleton")


def differing(there: Iterable[int], here: Iterable[int]) -> list[tuple[int, int]]:
    """List the pairs of sizes in which two shapes differ."""
    return [(a, b) for a, b in zip(there, here, strict=False) if a != b]
