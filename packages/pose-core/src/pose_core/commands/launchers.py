"""Where the members of a sweep are trained: here, in processes beside each other, on a cluster."""

from collections.abc import Sequence
from importlib.util import find_spec
from math import prod

from pose_core.errors import ConfigError
from pose_core.wording import count_of

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


def members_of(overrides: Sequence[str]) -> int:
    """Count the members of a sweep: all combinations of the values that overrides list."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_overrides(list(overrides))
    swept = [one for one in parsed if one.is_choice_sweep() or one.is_range_sweep()]
    return prod(len(list(one.sweep_iterator())) for one in swept)


def announced(launcher: str, overrides: Sequence[str], logs: str) -> str:
    """Say how many members begin, and where what they say goes, which is not shown here."""
    members = count_of(members_of(overrides), "member")
    return f"training {members} by {launcher}; what they say goes to {logs}"


def is_installed(module: str) -> bool:
    """Say whether a module of a package is there."""
    package = module.partition(".")[0]
    return find_spec(package) is not None and find_spec(module) is not None
