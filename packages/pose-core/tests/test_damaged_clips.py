"""Videos that are damaged, or do not go with the labels: left out, said, or refused."""

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from pose_core.batches.ahead import ReadAhead
from pose_core.batches.shuffling import ClipOrder
from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError, TrainingError, VideoError
from pose_core.files import open_project
from pose_core.hookspecs import Loss, hookimpl
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.clips import open_clips
from pose_core.training.fit import train
from pose_core.training.options import RunOptions
from pose_core.video.writing import VideoWriter

LENGTH = 4


def write_video(
    path: Path, frames: int = 24, size: tuple[int, int] = (64, 64), damaged: tuple[int, ...] = ()
) -> Path:
    """Write a video in which some frames are zeros in the file."""
    path.parent.mkdir(exist_ok=True)
    with VideoWriter(path, 25) as writer:
        for number in range(frames):
            writer.write(np.full((*size, 3), 5 * number, np.uint8))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    encoded = bytearray(path.read_bytes())
    for packet in (packets[number] for number in damaged):
        encoded[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(encoded)
    return path


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        "project": str(project),
        "output": str(output),
        "data": {"size": [32, 32], "batch_size": 4, "validation": 0.0, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "losses": {"heatmap_mse": {}, "watch": {}},
        "unlabeled": {"length": LENGTH, "begin": 0.0, "full": 0.0},
        "training": {"epochs": 4, "checkpoint_seconds": 0.0},
        **sections,
    }
    return fill(RunOptions, given, "options")


@pytest.fixture
def watched(plugins: Plugins) -> list[float]:
    """What the loss `watch` was given: the decoded points' sum, one for each clip."""
    seen: list[float] = []
    module = type(sys)("watching")
    needs = frozenset({"keypoints"})

    def watch(predicted: Any) -> torch.Tensor:
        seen.append(float(predicted.keypoints.detach().nan_to_num().sum()))
        if len(seen) == breaks_at[0]:
            raise TrainingError("the light went out")
        return predicted.keypoints.square() * 1e-4

    @hookimpl
    def pose_losses() -> list[Loss]:
        return [Loss(name="watch", kind="unsupervised", needs=needs, build=lambda o, n: watch)]

    breaks_at[0] = -1
    module.pose_losses = pose_losses
    plugins.add(module)
    return seen


breaks_at = [-1]


def test_a_damaged_clip_is_left_out_counted_and_said_once(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, watched: list[float]
) -> None:
    """12 frames by 4: three clips in each of four epochs, so each of six comes twice."""
    bad = write_video(tiny_project / "videos" / "bad.avi", 12, damaged=(5, 6))
    write_video(tiny_project / "videos" / "good.avi", 12)
    lines: list[str] = []
    train(options_of(tiny_project, tmp_path / "run"), plugins, lines.append)
    drawn = [ClipOrder(6, 0, range(3)).of_epoch(epoch) for epoch in range(4)]
    damaged = [order.count(1) for order in drawn]  # the second clip of the first video
    assert len(watched) == 12 - sum(damaged)
    said = [line for line in lines if "did not decode" in line]
    assert len(said) == 2
    assert said[0].startswith(f"warning: {bad}: 1 of ")
    assert said[1] == (
        f"warning: {sum(damaged)} of 12 clips drawn were left out of the unsupervised losses, as "
        "frames of them did not decode, from 1 of 2 videos"
    )
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert "nan" not in "".join(rows)


def test_a_run_over_damaged_clips_that_broke_off_ends_bit_equal_and_says_the_same(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, watched: list[float]
) -> None:
    write_video(tiny_project / "videos" / "bad.avi", damaged=(1, 5, 10, 21))
    lines: list[str] = []
    train(options_of(tiny_project, tmp_path / "whole"), plugins, lines.append)
    breaks_at[0] = len(watched) + 3
    options = options_of(tiny_project, tmp_path / "broken")
    with pytest.raises(TrainingError, match="the light went out"):
        train(options, plugins, lambda _: None)
    resumed: list[str] = []
    train(replace(options, resume=True), plugins, resumed.append)
    said, again = (
        [line for line in ls if "drawn were left out" in line] for ls in (lines, resumed)
    )
    assert len(said) == 1 and said == again
    one, other = (
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "broken")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    tables = [(tmp_path / name / "metrics.csv").read_text() for name in ("whole", "broken")]
    assert tables[0] == tables[1]


def test_videos_of_which_no_clip_can_be_read_stop_the_first_epoch(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, watched: list[float]
) -> None:
    write_video(tiny_project / "videos" / "bad.avi", damaged=tuple(range(2, 24, 4)))
    options = options_of(tiny_project, tmp_path / "run")
    with pytest.raises(VideoError, match=r"^\S*bad\.avi: no clip of 4 frames can be [^\n]+$"):
        train(options, plugins, lambda _: None)
    assert not (tmp_path / "run" / "metrics.csv").exists(), "no epoch has ended"
    assert watched == []


def test_an_epoch_of_bad_luck_does_not_stop_a_run(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, watched: list[float]
) -> None:
    """One step an epoch, and five of six clips damaged."""
    write_video(tiny_project / "videos" / "bad.avi", damaged=(2, 6, 10, 14, 18))
    data = {"size": [32, 32], "batch_size": 12, "validation": 0.0, "test": 0.0}
    options = options_of(tiny_project, tmp_path / "run", data=data)
    assert ClipOrder(6, 0, range(1)).of_epoch(0) != [5], "else this tests nothing"
    assert train(options, plugins, lambda _: None).epochs == 4


def clips_with(project: Path, plugins: Plugins, *videos: Path) -> tuple[Clips, list[str]]:
    given = {"length": LENGTH, "reader": "pyav", "videos": [str(video) for video in videos]}
    options = options_of(project, project / "run", unlabeled=given, losses={"heatmap_mse": {}})
    sizes = np.array([(64, 64), (40, 90)])
    return open_clips(open_project(project, plugins), sizes, options, plugins)


@pytest.mark.parametrize("size", [(64, 32), (64, 128), (32, 90)])
def test_a_video_of_another_shape_or_number_of_views_is_refused(
    tiny_project: Path, plugins: Plugins, size: tuple[int, int]
) -> None:
    video = write_video(tiny_project / "other.avi", size=size)
    message = (
        rf"^{re.escape(str(video))}: shows {size[0]} x {size[1]} pixels, and the labels are of "
        r"40 x 90, 64 x 64: another number of views[^\n]+$"
    )
    with pytest.raises(ConfigError, match=message):
        clips_with(tiny_project, plugins, video)


def test_a_video_resized_is_told_in_the_pixels_of_the_labels(
    tiny_project: Path, plugins: Plugins
) -> None:
    big = write_video(tiny_project / "big.avi", size=(128, 128))
    same = write_video(tiny_project / "same.avi", size=(40, 90))
    clips, lines = clips_with(tiny_project, plugins, big, same)
    assert clips[0].sizes.tolist() == [[64, 64]]
    assert clips[len(clips) - 1].sizes.tolist() == [[40, 90]]
    (line,) = [line for line in lines if line.startswith("warning")]
    assert re.match(r"warning: 1 of 2 videos are of another size than .*: big\.avi; if", line)


def test_a_video_shorter_than_a_clip_is_named(tiny_project: Path, plugins: Plugins) -> None:
    long, short = (write_video(tiny_project / f"{n}.avi", n) for n in (4, 3))
    clips, lines = clips_with(tiny_project, plugins, long, short)
    assert len(clips) == 1
    assert "1 of 2 videos are shorter than a clip of 4 frames and unused: 3.avi" in lines[-1]
    with pytest.raises(ConfigError, match=r"^unlabeled\.length=4: longer than every video \(the"):
        clips_with(tiny_project, plugins, short)


def test_unsupervised_losses_without_videos_are_refused_before_training(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, watched: list[float]
) -> None:
    with pytest.raises(ConfigError, match=r"^unlabeled\.videos: the project has no videos"):
        train(options_of(tiny_project, tmp_path / "run"), plugins, lambda _: None)


def ahead_of(clips: Clips, steps: int) -> ReadAhead:
    return ReadAhead(clips, ClipOrder(len(clips), 3, range(steps)))


def numbers(loader: ReadAhead, epoch: int) -> list[int]:
    loader.sampler.set_epoch(epoch)
    return [int(clip.clips) for clip in loader]


def test_what_is_read_ahead_comes_in_the_order_of_each_epoch(
    make_video: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    clips, _ = clips_with(tiny_project, plugins, make_video(size=(64, 64)))
    before = threading.active_count()
    loader = ahead_of(clips, 3)
    for epoch in (0, 1, 2, 7, 7, 3):  # a resumed run begins anywhere
        assert numbers(loader, epoch) == ClipOrder(5, 3, range(3)).of_epoch(epoch)
    next(iter(loader))  # and an epoch may break off
    assert numbers(loader, 3) == ClipOrder(5, 3, range(3)).of_epoch(3)
    assert threading.active_count() == before + 1
    del loader  # the thread ends with what it reads for
    assert threading.active_count() == before


def test_an_epoch_does_not_wait_for_its_first_clip(
    make_video: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    """When an epoch ends, the thread is at work on the clips of the next: no new thread begins."""
    clips, _ = clips_with(tiny_project, plugins, make_video(size=(64, 64)))
    loader = ahead_of(clips, 2)
    numbers(loader, 0)
    stream = loader._stream
    numbers(loader, 1)
    assert loader._stream is stream
    loader.close()
