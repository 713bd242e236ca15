"""Predicts a video in a process of its own, slowly if asked to, so that a test can kill it."""

import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch

from pose_core.hookspecs import Clip
from pose_core.model.folder import load_model
from pose_core.predict import predict_video
from pose_core.video.readers import choose


def tiny_plugins() -> Any:
    """Give the plugins of the tests' conftest."""
    spec = spec_from_file_location("tiny_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.tiny_plugins()


if __name__ == "__main__":
    # whoever started the tests in the background may have had interrupts ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    model, video, table, pause = sys.argv[1:]
    plugins = tiny_plugins()
    reader, _ = choose(plugins)

    def read_slowly(*given: Any) -> Iterator[Clip]:
        """Read as the reader does, with a pause before each clip."""
        for clip in reader.read(*given):
            time.sleep(float(pause))
            yield clip

    slow = replace(reader, read=read_slowly)
    predict_video(load_model(Path(model), plugins), Path(video), Path(table), slow, plugins, 3)
