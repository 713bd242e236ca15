"""Where the members of a sweep are trained: here, in processes beside each other, on a cluster."""

from collections.abc import Sequence
from importlib.util import find_spec

from pose_core.errors import ConfigError

KEY, HERE = "hydra/launcher", "basic"
PLUGINS = {
    "joblib": "hydra_plugins.hydra_joblib_launcher",
    "slurm": "hydra_plugins.hydra_submitit_launcher",
    "submitit_local": "hydra_plugins.hydra_submitit_launcher",
    "submitit_slurm": "hydra_plugins.hydra_submitit_launcher",
}
"""Launchers to what they need; slurm is ours, submitit_slurm with options for training."""


def launcher_of(overrides: Sequence[str]) -> str:
    """Name the launcher that overrides choose.

    Raises:
        ConfigError: if it is not installed.
    """
    chosen = [
        text.partition("=")[2].strip("'\"") for text in overrides if text.startswith(f"{KEY}=")
    ]
    name = chosen[-1] if chosen else HERE
    if name in PLUGINS and not is_installed(PLUGINS[name]):
        raise ConfigError(f"{KEY}={name}: is not installed; pip install 'pose-core[sweep]'")
    return name


def is_installed(module: str) -> bool:
    """Say whether a module of a package is there."""
    package = module.partition(".")[0]
    return find_spec(package) is not None and find_spec(module) is not None
