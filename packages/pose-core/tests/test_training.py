"""Training: what a run leaves, frozen parts, stopping, and going on as if nothing had happened."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pose_core.batches.options import AugmentOptions
from pose_core.errors import ConfigError, FormatError
from pose_core.evaluation import evaluate
from pose_core.hookspecs import Loss, hookimpl
from pose_core.model.folder import load_model
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.fit import check_interval, train
from pose_core.training.options import RunOptions
from pose_core.video.writing import VideoWriter

SMALL = {
    "data": {"size": [32, 32], "batch_size": 4, "validation": 0.2, "test": 0.1},
    "model": {"backbone": "resnet10t", "pretrained": False},
    "training": {"epochs": 2, "check_every": 1},
}


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        name: {**SMALL.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in sections.items()
    }
    return fill(
        RunOptions, {**SMALL, "project": str(project), "output": str(output), **given}, "options"
    )


def quiet(_: str) -> None:
    pass


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_run_leaves_a_model_that_loads_without_pickles(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    run = train(options_of(tiny_project, tmp_path / "run"), plugins, quiet)
    left = {path.name for path in run.folder.iterdir()}
    assert {
        "config.yaml",
        "model.safetensors",
        "skeleton.json",
        "last.ckpt",
        "metrics.csv",
        "split.csv",
        "tensorboard",
    } <= left
    model = load_model(run.folder, plugins)
    assert model.skeleton.names == ("nose", "left", "right")
    torch.load(run.folder / "last.ckpt", weights_only=True)
    rows = rows_of(run.folder / "metrics.csv")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[-1]["validation_error"]) > 0


def test_training_learns_to_find_coloured_discs(
    make_tiny: Callable[..., Path], tmp_path: Path, plugins: Plugins
) -> None:
    options = options_of(
        make_tiny(24),
        tmp_path / "run",
        data={"size": [64, 64], "batch_size": 6},
        model={"backbone_options": {"level": -3}},
        augment={"preset": "none"},
        training={"epochs": 30, "check_every": 10, "learning_rate": 3e-3},
    )
    train(options, plugins, quiet)
    found = evaluate(tmp_path / "run", plugins)
    assert found.summaries["validation"].mean[-1] < 3  # one that knows nothing is 25 px away


def test_the_smallest_run_leaves_a_model_even_without_validation(
    make_tiny: Callable[..., Path], tmp_path: Path, plugins: Plugins
) -> None:
    options = options_of(
        make_tiny(2),
        tmp_path / "run",
        data={"validation": 0.0, "test": 0.0},
        training={"epochs": 1},
    )
    run = train(options, plugins, quiet)
    assert load_model(run.folder, plugins).size == (32, 32)
    assert (run.folder / "last.ckpt").exists()


def test_a_frozen_backbone_is_untouched_and_takes_no_gradient(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    frozen = options_of(tiny_project, tmp_path / "frozen", training={"epochs": 2, "frozen": 1.0})
    train(frozen, plugins, quiet)
    torch.manual_seed(0)
    from pose_core.model.network import build_network

    fresh = build_network(frozen.model, 3, plugins).state_dict()
    trained = load_file(tmp_path / "frozen" / "model.safetensors")
    for name, value in fresh.items():
        same = torch.equal(value, trained[name])
        assert same == name.startswith("backbone."), name  # batch-norm statistics among them
    optimizer = torch.load(tmp_path / "frozen" / "last.ckpt", weights_only=True)[
        "optimizer_states"
    ][0]
    assert set(optimizer["state"]) == set(
        optimizer["param_groups"][0]["params"]
    )  # none of the backbone


def test_images_of_several_sizes_train_together(
    make_tiny: Callable[..., Path], tmp_path: Path, plugins: Plugins
) -> None:
    project = make_tiny(12, ((64, 64), (48, 80), (100, 60)))
    train(options_of(project, tmp_path / "run"), plugins, quiet)
    assert evaluate(tmp_path / "run", plugins).frames == {"train": 9, "validation": 2, "test": 1}


def test_early_stopping_keeps_the_best(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    options = options_of(
        tiny_project, tmp_path / "run", training={"epochs": 50, "patience": 1, "learning_rate": 0.0}
    )
    run = train(options, plugins, quiet)
    status = json.loads((run.folder / "status.json").read_text())
    assert status["epochs"] < 10
    errors = {
        float(row["epoch"]): float(row["validation_error"])
        for row in rows_of(run.folder / "metrics.csv")
    }
    assert min(errors, key=errors.__getitem__) == status["best"]["epoch"]


def test_unsupervised_losses_see_clips_in_frame_pixels(
    make_tiny: Callable[..., Path], tmp_path: Path, plugins: Plugins
) -> None:
    tiny_project = make_tiny(12, ((48, 80),))
    (tiny_project / "videos").mkdir()
    with VideoWriter(tiny_project / "videos" / "clip.mp4", 30) as writer:
        for number in range(20):
            writer.write(np.full((48, 80, 3), number * 10, np.uint8))
    seen = []

    class Plugin:
        @hookimpl
        def pose_losses(self) -> list[Loss]:
            return [
                Loss(
                    name="watch",
                    kind="unsupervised",
                    needs=frozenset({"keypoints"}),
                    build=lambda options, labels: watch,
                )
            ]

    def watch(predicted: Any) -> torch.Tensor:
        seen.append(predicted)
        return predicted.keypoints.nan_to_num(0)

    plugin = type(sys)("watching")
    plugin.pose_losses = Plugin().pose_losses
    plugins.add(plugin)
    options = options_of(
        tiny_project,
        tmp_path / "run",
        losses={"heatmap_mse": {}, "watch": {}},
        unlabeled={"length": 6},
        augment={"preset": "none"},
    )
    train(options, plugins, quiet)
    assert len(seen) == 2 * 3  # as many clips as steps
    points = torch.cat([one.keypoints.detach() for one in seen])
    assert points.shape == (36, 3, 2)
    assert points.nan_to_num(0)[..., 0].max() > 32  # beyond what the network sees


def wait_for_rows(path: Path, count: int, process: subprocess.Popen) -> None:
    """Wait until a run has written some epochs."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and len(path.read_text().splitlines()) > count:
            return
        time.sleep(0.01)
    raise AssertionError(f"no {count} epochs: {process.returncode}")


def start(project: Path, output: Path, mode: str) -> subprocess.Popen:
    """Start a training process."""
    script = Path(__file__).with_name("training_process.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(script), str(project), str(output), mode], env=environment
    )


def test_a_run_killed_and_resumed_ends_bit_equal(tiny_project: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert start(tiny_project, whole, "new").wait() == 0
    mode = "new"
    for epochs, pause in ((1, 0.0), (4, 0.15)):  # in the frozen part, and after it; at any step
        process = start(tiny_project, broken, mode)
        wait_for_rows(broken / "metrics.csv", epochs, process)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        mode = "resume"
    assert start(tiny_project, broken, "resume").wait() == 0
    for name in ("metrics.csv", "split.csv", "status.json"):
        assert (whole / name).read_text() == (broken / name).read_text(), name
    one, other = load_file(whole / "model.safetensors"), load_file(broken / "model.safetensors")
    assert all(torch.equal(one[name], other[name]) for name in one)
    last, resumed = (torch.load(run / "last.ckpt", weights_only=True) for run in (whole, broken))
    for part in ("state_dict", "optimizer_states", "lr_schedulers", "global_step", "epoch"):
        assert equal(last[part], resumed[part]), part


def equal(one: Any, other: Any) -> bool:
    """Compare nested containers of tensors bit by bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def test_interrupting_leaves_a_usable_model(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    process = start(tiny_project, tmp_path / "run", "new")
    wait_for_rows(tmp_path / "run" / "metrics.csv", 1, process)
    process.send_signal(signal.SIGINT)
    process.wait()
    assert load_model(tmp_path / "run", plugins).skeleton.names == ("nose", "left", "right")


def test_a_run_is_not_overwritten_and_not_resumed_with_other_options(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    options = options_of(tiny_project, tmp_path / "run")
    train(options, plugins, quiet)
    with pytest.raises(ConfigError, match="holds a run; give resume=true"):
        train(options, plugins, quiet)
    said: list[str] = []
    train(replace(options, resume=True), plugins, said.append)
    assert "already finished" in said[0]
    with pytest.raises(ConfigError, match=r"resume: augment was \{'preset': 'default'\}.*'none'"):
        train(replace(options, resume=True, augment=AugmentOptions(preset="none")), plugins, quiet)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": {"backbone": "resnet18x"}}, r"model\.backbone.*resnet18"),
        (
            {"model": {"head": "heatmaps"}},
            r"model\.head: unknown head 'heatmaps'; did you mean 'heatmap'",
        ),
        ({"losses": {"heatmap_mse": {}, "heatmap_kll": {}}}, r"losses\.heatmap_kll: unknown loss"),
        ({"trainer": {"precison": "bf16"}}, r"unknown option 'precison'; did you mean 'precision'"),
        ({"trainer": {"max_epochs": 3}}, r"trainer\.max_epochs.*training\.epochs"),
        ({"data": {"size": [33, 32]}}, r"data\.size: 33 x 32 is not in steps of 32"),
        ({"data": {"batch_size": 0}}, r"data\.batch_size"),
        (
            {"trainer": {"accelerator": "gpu"}},
            r"trainer: \{'accelerator': 'gpu'\} cannot be had here",
        ),
        ({"trainer": {"precision": "foo"}}, r"trainer: .*'foo'.* cannot be had here"),
        ({"split": "nowhere.csv"}, r"split=nowhere\.csv: no such file"),
    ],
)
def test_what_cannot_run_is_refused(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises((ConfigError, FormatError), match=message):
        train(options_of(tiny_project, tmp_path / "run", **wrong), plugins, quiet)


def test_a_project_that_is_not_there_or_not_known_is_refused(
    tmp_path: Path, plugins: Plugins
) -> None:
    with pytest.raises(FormatError, match="no such file or folder"):
        train(options_of(tmp_path / "gone", tmp_path / "run"), plugins, quiet)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="is of no known format; known: tiny"):
        train(options_of(tmp_path / "empty", tmp_path / "run"), plugins, quiet)


def test_a_missing_image_stops_before_training(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    next((tiny_project / "labeled-data" / "video0").glob("*.png")).unlink()
    with pytest.raises(FormatError, match="1 of 12 labeled images are missing, the first is"):
        train(options_of(tiny_project, tmp_path / "run"), plugins, quiet)


@pytest.mark.parametrize(
    ("epochs", "every", "interval"), [(300, 5, 5), (12, 5, 4), (7, 5, 1), (3, 5, 3), (1, 5, 1)]
)
def test_every_run_ends_with_a_validation(epochs: int, every: int, interval: int) -> None:
    assert check_interval(epochs, every) == interval
