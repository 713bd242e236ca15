"""Trains the tiny project in a process of its own, so that a test can kill it."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.fit import train
from pose_core.training.options import RunOptions


def tiny_plugins() -> Plugins:
    """Give the plugins of the tests' conftest."""
    spec = spec_from_file_location("tiny_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.tiny_plugins()


if __name__ == "__main__":
    torch.set_num_threads(1)
    options = {
        "project": sys.argv[1],
        "output": sys.argv[2],
        "resume": sys.argv[3] == "resume",
        "data": {"size": [32, 32], "batch_size": 3, "validation": 0.2, "test": 0.1},
        "model": {
            "backbone": "resnet10t",
            "pretrained": False,
            "backbone_options": {"arguments": {"drop_path_rate": 0.2}},
        },
        "training": {"epochs": 8, "check_every": 2, "frozen": 0.25, "checkpoint_seconds": 0.0},
    }
    train(fill(RunOptions, options, "options"), tiny_plugins())
