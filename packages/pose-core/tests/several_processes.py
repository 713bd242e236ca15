"""Trains a project with a loss of clips in a process that Lightning may start again for a second.

Usage: several_processes.py OPTIONS.json
"""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

from pose_core.hookspecs import Loss, hookimpl
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.fit import train
from pose_core.training.options import RunOptions


def still(predicted: Any) -> torch.Tensor:
    """Punish heatmaps that change."""
    return (predicted.heatmaps[1:] - predicted.heatmaps[:-1]).square().sum((-2, -1))


def with_still(plugins: Plugins) -> Plugins:
    """Add the loss `still`."""
    module = type(sys)("plugin_of_still")
    needs = frozenset({"heatmaps"})

    @hookimpl
    def pose_losses() -> list[Loss]:
        return [Loss(name="still", kind="unsupervised", needs=needs, build=lambda o, n: still)]

    module.pose_losses = pose_losses
    return plugins.add(module)


def tiny_plugins() -> Plugins:
    """Give the plugins of the tests' conftest, and the loss."""
    spec = spec_from_file_location("tiny_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return with_still(module.tiny_plugins())


if __name__ == "__main__":
    torch.set_num_threads(1)
    given = json.loads(Path(sys.argv[1]).read_text())
    train(fill(RunOptions, given, "options"), tiny_plugins())
