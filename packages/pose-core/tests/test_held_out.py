"""Clips that no step trains on: which they are, and what their losses say at validations."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError
from pose_core.files import open_project
from pose_core.hookspecs import Loss, VideoInfo, VideoReader, hookimpl
from pose_core.model.folder import load_model
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.clips import open_clips
from pose_core.training.fit import train
from pose_core.training.held_out import about, hold_out, spread
from pose_core.training.options import RunOptions
from pose_core.video.writing import VideoWriter

LENGTH = 3


def clips_of(*frames: int) -> Clips:
    """Cut videos of some frames into clips; none is ever read."""
    lengths = {Path(f"{number}.mp4"): count for number, count in enumerate(frames)}
    reader = VideoReader(
        name="none",
        unavailable=lambda: None,
        probe=lambda path: VideoInfo(path=path, frames=lengths[path], size=(8, 8), fps=25.0),
        read=lambda path, windows, size, device: iter(()),
    )
    return Clips(reader, list(lengths), LENGTH, (8, 8))


def test_clips_are_held_out_once_of_each_video_before_two_of_any() -> None:
    recordings = [0] * 90 + [1] * 9 + [2] * 1
    for seed in range(5):
        chosen = spread(recordings, 5, seed)
        assert sorted(recordings[number] for number in chosen) == [0, 0, 1, 1, 2]
    assert spread(recordings, 5, 1) == spread(recordings, 5, 1) != spread(recordings, 5, 2)


def test_no_clip_both_trains_and_validates() -> None:
    clips = clips_of(90, 60, 3)
    rest, held_out = hold_out(clips, 4, seed=0)
    assert held_out is not None
    assert len(held_out) == 4
    assert sorted(rest.clips + held_out.clips) == clips.clips
    assert len(clips) == 51, "all clips are as they were"


@pytest.mark.parametrize(("wanted", "count"), [(8, 3), (2, 2), (0, 0)])
def test_at_most_a_tenth_of_the_clips_is_held_out(wanted: int, count: int) -> None:
    rest, held_out = hold_out(clips_of(LENGTH * 39), wanted, seed=0)
    assert len(held_out or ()) == count
    assert len(rest) == 39 - count
    assert ("not validated" in about(rest, held_out, wanted)) == (count == 0)


def with_place(plugins: Plugins) -> Plugins:
    """Add the loss `place`: the horizontal place of points, in frame widths, above epsilon."""
    module = type(sys)("plugin_of_place")

    def place(predicted: Any) -> torch.Tensor:
        return predicted.decoded[..., 0] / 80

    @hookimpl
    def pose_losses() -> list[Loss]:
        needs = frozenset({"decoded"})
        return [
            Loss(name=name, kind="unsupervised", needs=needs, build=lambda o, n: place, weight=1e-3)
            for name in ("place", "other")
        ]

    module.pose_losses = pose_losses  # type: ignore[attr-defined]
    return plugins.add(module)


def with_video(project: Path) -> Path:
    """Give a project a video of noise, of 20 clips."""
    (project / "videos").mkdir()
    noise = np.random.default_rng(0)
    with VideoWriter(project / "videos" / "clip.avi", 30) as writer:
        for _ in range(20 * LENGTH):
            writer.write(noise.integers(0, 255, (64, 64, 3), np.uint8))
    return project


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        "project": str(project),
        "output": str(output),
        "data": {"size": [32, 32], "batch_size": 6, "validation": 0.2, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "losses": {"heatmap_mse": {}, "place": {}},
        "training": {"epochs": 2, "check_every": 1, "keep": "last"},
        **sections,
        "unlabeled": {"length": LENGTH, **sections.get("unlabeled", {})},
    }
    return fill(RunOptions, given, "options")


def rows_of(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


def expected_place(options: RunOptions, plugins: Plugins) -> float:
    """Predict the held-out clips as `pose predict` would, and take the mean of the loss."""
    project = open_project(Path(options.project), plugins, None)
    clips, _ = open_clips(project, np.array([[64, 64]]), options, plugins)
    _, held_out = hold_out(clips, options.unlabeled.validation_clips, options.seed)
    assert held_out is not None
    model = load_model(Path(options.output), plugins)
    found = []
    for number in range(len(held_out)):
        images = held_out[number].images[0].float() / 255
        sizes = torch.full((LENGTH, 2), 64.0)
        with torch.no_grad():
            found.append(model.points(model.network(images[:, None]), sizes)[..., 0].mean() / 80)
    return float(torch.stack(found).mean())


@pytest.mark.parametrize(
    ("losses", "unlabeled"),
    [
        ({"heatmap_mse": {}, "place": {}}, {"begin": 1.0, "full": 1.0}),
        ({"heatmap_mse": {}}, {"watch": {"place": {}}}),
    ],
    ids=["trained", "watched"],
)
def test_losses_of_held_out_clips_are_of_the_frames_as_they_are_and_unweighted(
    tiny_project: Path,
    tmp_path: Path,
    plugins: Plugins,
    losses: dict[str, Any],
    unlabeled: dict[str, Any],
) -> None:
    project = with_video(tiny_project)
    options = options_of(project, tmp_path / "run", losses=losses, unlabeled=unlabeled)
    lines: list[str] = []
    train(options, with_place(plugins), lines.append)
    rows = rows_of(tmp_path / "run")
    assert float(rows[-1]["validation_place"]) == pytest.approx(
        expected_place(options, plugins), rel=1e-4
    )
    assert ("train_place" in rows[-1]) == ("place" in losses)
    train_clips = 18 if "place" in losses else 0
    assert f"clips: {train_clips} to train, 2 to validate their losses on" in lines


def test_clips_are_validated_where_no_labeled_frame_is_and_may_choose_the_weights(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    options = options_of(
        with_video(tiny_project),
        tmp_path / "run",
        data={"size": [32, 32], "batch_size": 6, "validation": 0.0, "test": 0.0},
        training={"epochs": 4, "check_every": 1, "keep": "clips"},
    )
    lines: list[str] = []
    train(options, with_place(plugins), lines.append)
    assert all(float(row["validation_place"]) > 0 for row in rows_of(tmp_path / "run"))
    assert lines[-1] == "kept: the weights of epoch 3 (training.keep=clips)"


@pytest.mark.parametrize(
    ("unlabeled", "message"),
    [
        ({"validation_clips": -1}, r"^unlabeled\.validation_clips: -1 is below 0; give 0 or more"),
        ({"watch": {"heatmap_mse": {}}}, r"^unlabeled\.watch\.heatmap_mse: is a loss of labeled"),
        ({"watch": {"plaze": {}}}, r"^unlabeled\.watch\.plaze: unknown loss .*'place'"),
    ],
)
def test_what_cannot_be_validated_is_refused(
    tmp_path: Path, plugins: Plugins, unlabeled: dict[str, Any], message: str
) -> None:
    options = options_of(tmp_path / "gone", tmp_path / "run", unlabeled=unlabeled)
    with pytest.raises(ConfigError, match=message):
        train(options, with_place(plugins), print)
