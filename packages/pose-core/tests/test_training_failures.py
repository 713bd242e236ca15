"""A loss that is no number stops the run, is named with its batch, and spoils nothing kept."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pose_core.errors import ConfigError, TrainingError
from pose_core.hookspecs import BuiltLoss, Loss, hookimpl
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.fit import train
from pose_core.training.options import RunOptions
from pose_core.video.writing import VideoWriter


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        "project": str(project),
        "output": str(output),
        "data": {"size": [32, 32], "batch_size": 5, "validation": 0.2, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "training": {"epochs": 4, "check_every": 1, "checkpoint_seconds": 0.0},
        "unlabeled": {"length": 4, "begin": 0.0, "full": 0.0},
        **sections,
    }
    return fill(RunOptions, given, "options")


def adding(plugins: Plugins, name: str, compute: Callable, **more: Any) -> Plugins:
    """Add a loss."""
    module = type(sys)(f"plugin_of_{name}")
    given = {"kind": "unsupervised", "needs": frozenset({"keypoints"}), **more}

    @hookimpl
    def pose_losses() -> list[Loss]:
        return [Loss(name=name, build=lambda options, labels: compute, **given)]

    module.pose_losses = pose_losses
    return plugins.add(module)


def with_video(project: Path) -> Path:
    """Give a project a video of 12 frames."""
    (project / "videos").mkdir()
    with VideoWriter(project / "videos" / "clip.mp4", 30) as writer:
        for number in range(12):
            writer.write(np.full((64, 64, 3), number * 10, np.uint8))
    return project


def test_a_supervised_loss_of_nan_is_named_with_its_frames_and_the_last_epoch_is_kept(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    calls = []

    def breaks(predicted: Any) -> torch.Tensor:
        calls.append(1)
        values = predicted.heatmaps.square().sum((-2, -1))
        return values * (float("nan") if len(calls) > 7 else 1.0)  # in the third epoch

    heatmaps = frozenset({"heatmaps", "targets"})
    adding(plugins, "breaks", breaks, kind="supervised", needs=heatmaps)
    options = options_of(tiny_project, tmp_path / "run", losses={"breaks": {}, "heatmap_mse": {}})
    with pytest.raises(
        TrainingError, match=r"^losses\.breaks: is nan in epoch \d, step \d, of labeled-data/.*png"
    ):
        train(options, plugins, lambda _: None)
    kept = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert all(torch.isfinite(v).all() for v in kept["state_dict"].values())
    weights = load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_an_infinite_loss_of_a_clip_is_named_with_the_clip(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    adding(plugins, "huge", lambda predicted: predicted.keypoints.nan_to_num() * 0 + torch.inf)
    options = options_of(
        with_video(tiny_project), tmp_path / "run", losses={"heatmap_mse": {}, "huge": {}}
    )
    with pytest.raises(TrainingError, match=r"losses\.huge: is inf in epoch 0, step 0,.* and clip"):
        train(options, plugins, lambda _: None)


def test_weights_that_became_nan_do_not_replace_the_last_good_checkpoint(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    """The value is a number, its gradient is not: only the weights show it, one step later."""
    calls = []

    def spoils(predicted: Any) -> torch.Tensor:
        calls.append(1)
        values = predicted.heatmaps.sum((-2, -1))
        # two steps and two batches of validation: the fourth step ends the second epoch
        return (values * 0).sqrt() if torch.is_grad_enabled() and len(calls) > 4 else values

    heatmaps = frozenset({"heatmaps", "targets"})
    adding(plugins, "spoils", spoils, kind="supervised", needs=heatmaps)
    options = options_of(
        tiny_project,
        tmp_path / "run",
        losses={"spoils": {}},
        data={"size": [32, 32], "batch_size": 16, "validation": 0.0, "test": 0.0},
        training={"epochs": 9, "checkpoint_seconds": 0.0},
    )
    with pytest.raises(TrainingError, match=r"weights: '.*' is no number after epoch 4; the last"):
        train(options, plugins, lambda _: None)
    kept = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)
    assert kept["epoch"] == 3
    assert all(torch.isfinite(v).all() for v in kept["state_dict"].values())


def test_gate_and_noise_are_fitted_in_validation_and_kept_in_the_checkpoint(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    """A network that knows nothing is wrong wherever it is sure, so all is in doubt."""
    seen = []

    def watch(predicted: Any) -> torch.Tensor:
        seen.append(float(predicted.gate))
        return predicted.keypoints

    lines: list[str] = []
    built = BuiltLoss(compute=watch, in_nats=True, unit="nat", about=lambda s: f"sigma {s:.1f} px")
    adding(plugins, "watch", built, needs=frozenset({"keypoints", "gate"}))
    options = options_of(
        with_video(tiny_project), tmp_path / "run", losses={"heatmap_mse": {}, "watch": {}}
    )
    train(options, plugins, lines.append)
    kept = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["state_dict"]
    assert seen[0] == pytest.approx(0.9)
    assert seen[-1] > 0.9
    table = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    columns = dict(zip(table[0].split(","), table[-1].split(","), strict=True))
    for name in ("gate", "noise"):
        assert float(columns[f"validation_{name}"]) == pytest.approx(float(kept[name]))
    assert float(columns["unsupervised_factor"]) == 1
    # sigma of 1.25 cells, 4 pixels of the input of 32 each, of frames of 64
    (line,) = [line for line in lines if line.startswith("losses.watch")]
    assert line.endswith("sigma 10.0 px")
    assert "weight 1 per nat (times 0.0509, which a nat costs)" in line


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"losses": {"heatmap_mse": {"weight": 0}}}, r"heatmap_mse\.weight: 0 is not positive"),
        (
            {"losses": {"heatmap_mse": {}, "pairs": {"weight": 0.0}}},
            r"pairs\.weight: 0\.0 is not positive; .* by unlabeled\.weight=0",
        ),
        (
            {"losses": {"heatmap_mse": {}, "pairs": {"epsilon": -2}}},
            r"losses\.pairs\.epsilon: -2 is not positive; give more, or leave it out",
        ),
        (
            {"losses": {"heatmap_mse": {}, "pairs": {}}, "unlabeled": {"length": 1}},
            r"losses\.pairs: needs pairs of frames, and clips have 1; set unlabeled\.length to 2",
        ),
        ({"unlabeled": {"weight": -1.0}}, r"unlabeled\.weight: -1\.0 is below 0; give 0 or more"),
    ],
)
def test_what_can_never_train_is_refused_before_anything_is_loaded(
    tmp_path: Path, plugins: Plugins, sections: dict, message: str
) -> None:
    adding(plugins, "pairs", lambda predicted: predicted.keypoints, needs=frozenset({"follows"}))
    with pytest.raises(ConfigError, match=message):
        train(options_of(tmp_path / "gone", tmp_path / "run", **sections), plugins, print)


def test_the_control_sees_clips_and_learns_nothing_of_their_losses(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    """With weight 0 the losses are the same as with another loss of weight 0, to the last bit."""
    adding(plugins, "still", lambda predicted: predicted.keypoints.square())
    adding(plugins, "other", lambda predicted: predicted.keypoints.abs() + 5)
    project, ended, lines = with_video(tiny_project), [], []
    for name in ("still", "other"):
        options = options_of(
            project,
            tmp_path / name,
            losses={"heatmap_mse": {}, name: {}},
            unlabeled={"length": 4, "weight": 0.0},
            training={"epochs": 2},
        )
        train(options, plugins, lines.append)
        ended.append(load_file(tmp_path / name / "model.safetensors"))
    assert all(torch.equal(ended[0][name], ended[1][name]) for name in ended[0])
    assert any("unlabeled.weight=0: clips are seen" in line for line in lines)


def test_a_run_with_clips_that_broke_off_and_is_resumed_ends_bit_equal(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    """The loss depends on the gate, which depends on the validation before it."""
    calls: list[int] = []
    breaks_at = [10**9]

    def watch(predicted: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) == breaks_at[0]:
            raise TrainingError("the light went out")
        doubtful = (predicted.confidence < predicted.gate)[..., None]
        return torch.where(doubtful, predicted.keypoints.square() * 1e-4, 0.0)

    needs = frozenset({"keypoints", "confidence", "gate"})
    adding(plugins, "watch", watch, needs=needs)
    project = with_video(tiny_project)
    losses = {"heatmap_mse": {}, "watch": {}}
    train(options_of(project, tmp_path / "whole", losses=losses), plugins, lambda _: None)
    calls.clear()
    breaks_at[0] = 6  # in the third of four epochs of two steps
    options = options_of(project, tmp_path / "broken", losses=losses)
    with pytest.raises(TrainingError, match="the light went out"):
        train(options, plugins, lambda _: None)
    breaks_at[0] = 10**9
    train(replace(options, resume=True), plugins, lambda _: None)
    whole, broken = (
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "broken")
    )
    assert all(torch.equal(whole[name], broken[name]) for name in whole)
    tables = [(tmp_path / name / "metrics.csv").read_text() for name in ("whole", "broken")]
    assert tables[0] == tables[1]
