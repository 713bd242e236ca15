"""Clips of several cameras: read together, what a view lacks marked, trained and evaluated."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image

from pose_core.batches.loader import clip_loader
from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError, TrainingError
from pose_core.evaluation import evaluate
from pose_core.files import open_project
from pose_core.hookspecs import Format, Loss, hookimpl
from pose_core.labels import Labels
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.project import Project
from pose_core.skeleton import Skeleton
from pose_core.testing.readers import draw_number, shown_numbers
from pose_core.training.clips import open_clips
from pose_core.training.fit import train
from pose_core.training.options import RunOptions
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter

LENGTH = 4
VIEWS = ("top", "bot", "side")
NAMES = ("nose", "left", "right")
SIZE = (64, 96)  # of videos
INSTANTS = 8


def write_video(path: Path, frames: int, damaged: tuple[int, ...] = ()) -> Path:
    """Write a video whose frames carry their numbers, some of them zeros in the file."""
    path.parent.mkdir(exist_ok=True)
    with VideoWriter(path, 25) as writer:
        for number in range(frames):
            writer.write(draw_number(number))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    encoded = bytearray(path.read_bytes())
    for packet in (packets[number] for number in damaged):
        encoded[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(encoded)
    return path


def clips_of(*recordings: tuple[Path | None, ...]) -> Clips:
    reader, _ = choose(Plugins().add("pose_core.plugin"), "pyav")
    return Clips(reader, recordings, LENGTH, (32, 48))


def numbers_in(images: torch.Tensor) -> list[int]:
    return shown_numbers(images.permute(0, 2, 3, 1).numpy())


def test_the_views_of_a_clip_show_the_same_moments(tmp_path: Path) -> None:
    clips = clips_of(tuple(write_video(tmp_path / f"{view}.avi", 12) for view in VIEWS))
    assert len(clips) == 3
    for number, clip in enumerate(clips[n] for n in range(3)):
        assert clip.images.shape == (3, LENGTH, 3, 32, 48)
        assert clip.sizes.shape == (3, 2)
        assert clip.whole and bool(clip.decoded.all())
        for view in clip.images:
            assert numbers_in(view) == list(range(4 * number, 4 * number + 4))


def test_what_a_view_lacks_is_marked_there_and_the_others_count(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "a_top.avi", 12)
    short = write_video(tmp_path / "a_bot.avi", 6)
    broken = write_video(tmp_path / "a_side.avi", 12, damaged=(1,))
    clips = clips_of((whole, short, broken))
    assert len(clips) == 3
    assert clips[0].decoded.tolist() == [[True] * 4, [True] * 4, [True, False, True, True]]
    assert clips[1].decoded[1].tolist() == [True, True, False, False]
    assert numbers_in(clips[1].images[1]) == [4, 5, 5, 5]
    assert not clips[2].decoded[1].any()
    assert numbers_in(clips[2].images[1]) == [8, 9, 10, 11], "another view stands in"
    assert all(clips[number].whole for number in range(3))


def test_a_moment_that_no_view_shows_is_not_whole(tmp_path: Path) -> None:
    broken = write_video(tmp_path / "a_top.avi", 8, damaged=(1,))
    (first, second) = (clips_of((broken, None))[number] for number in (0, 1))
    assert (first.whole, second.whole) == (False, True)
    assert second.decoded.tolist() == [[True] * 4, [False] * 4]


def test_clips_end_where_only_one_view_goes_on(tmp_path: Path) -> None:
    long, middle, short = (write_video(tmp_path / f"{n}.avi", n) for n in (16, 12, 4))
    assert len(clips_of((long, middle, short))) == 3
    assert len(clips_of((long, short, None))) == 1
    assert len(clips_of((None, long, None))) == 4


def test_clips_of_views_are_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    clips = clips_of(tuple(write_video(tmp_path / f"{view}.avi", 12) for view in VIEWS))
    drawn = []
    for workers in (0, 2):
        loader = clip_loader(clips, range(3), seed=3, workers=workers)
        drawn.append(list(loader))
    for one, other in zip(*drawn, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    """Labeled images of three cameras; the last does not have the first instant."""
    generator = np.random.default_rng(0)
    root = tmp_path / "rig"
    for view in VIEWS:
        (root / "labeled-data" / f"s1_{view}").mkdir(parents=True)
        for number in range(INSTANTS):
            pixels = generator.integers(0, 255, (*SIZE, 3), dtype=np.uint8)
            path = root / "labeled-data" / f"s1_{view}" / f"img{number}.png"
            Image.fromarray(pixels).save(path)
    return root


def open_rig(path: Path) -> Project:
    frames = [f"labeled-data/s1_{view}/img{n}.png" for view in VIEWS for n in range(INSTANTS)]
    generator = np.random.default_rng(1)
    del frames[2 * INSTANTS]
    keypoints = generator.uniform(4, 60, (len(frames), 3, 2))
    rows = {view: np.arange(INSTANTS) + place * INSTANTS for place, view in enumerate(VIEWS)}
    rows["side"] = np.array([-1, *range(2 * INSTANTS, 3 * INSTANTS - 1)])
    labels = Labels.of(frames, keypoints, Skeleton(NAMES, symmetric=(("left", "right"),)))
    videos = tuple(sorted((path / "videos").glob("*.avi")))
    return Project(path, path.name, labels, videos, cameras=rows)


seen: list[Any] = []
breaks_at = [-1]


@pytest.fixture
def rigged(plugins: Plugins) -> Plugins:
    """A format that opens the rig, and a loss that notes what it is given."""
    module = type(sys)("rigging")

    def build(options: Any, labels: Labels) -> Callable[[Any], torch.Tensor]:
        seen[:] = [labels]

        def watch(predicted: Any) -> torch.Tensor:
            seen.append(predicted)
            if len(seen) == breaks_at[0]:
                raise TrainingError("the light went out")
            return predicted.keypoints.square() * 1e-4

        return watch

    @hookimpl
    def pose_formats() -> list[Format]:
        detect = lambda path: path.name == "rig"  # noqa: E731
        return [Format(name="rig", detect=detect, open_project=open_rig)]

    @hookimpl
    def pose_losses() -> list[Loss]:
        needs = frozenset({"keypoints"})
        return [Loss(name="watch", kind="unsupervised", needs=needs, build=build)]

    module.pose_formats, module.pose_losses = pose_formats, pose_losses
    breaks_at[0] = -1
    plugins.add(module)
    return plugins


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        "project": str(project),
        "output": str(output),
        "data": {"size": [32, 32], "batch_size": 8, "validation": 0.2, "test": 0.2},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "augment": {"flip": 0.5},
        "losses": {"heatmap_mse": {}, "watch": {}},
        "unlabeled": {"length": LENGTH, "begin": 0.0, "full": 0.0, "reader": "pyav"},
        "training": {"epochs": 3, "checkpoint_seconds": 0.0},
        **sections,
    }
    return fill(RunOptions, given, "options")


def test_losses_see_all_views_side_by_side(rig: Path, tmp_path: Path, rigged: Plugins) -> None:
    """The video of one camera is missing: its points are unknown, and of the others all are."""
    for view in VIEWS[:2]:
        write_video(rig / "videos" / f"s1_{view}.avi", 12)
    lines: list[str] = []
    augment = {"preset": "none", "flip": 0.5}
    train(options_of(rig, tmp_path / "run", augment=augment), rigged, lines.append)
    labels, *clips = seen
    expected = tuple(f"{name}_{view}" for view in VIEWS for name in NAMES)
    assert labels.skeleton.names == expected
    assert len(labels.skeleton.views) == 3
    assert clips
    for clip in clips:
        assert clip.keypoints.shape == (LENGTH, 9, 2)
        assert clip.heatmaps.shape[:2] == (LENGTH, 9)
        assert clip.cells.shape == (LENGTH, 9, 2, 3)
        assert clip.confidence.shape == (LENGTH, 9)
        assert clip.follows.tolist() == [False, True, True, True]
        assert clip.decoded[:, :6].isfinite().all() and clip.decoded[:, 6:].isnan().all()
    assert (
        "views in files of their own: top (8 frames, 0 missing), bot (8 frames, 0 missing), side "
        "(7 frames, 1 missing); instants: 8, sessions of videos: 1"
    ) in lines
    assert any(
        line.startswith("warning: view 'side': no video has it in its name") for line in lines
    )
    assert any(line.startswith("frames: ") and "to validate" in line for line in lines)


def test_damage_in_one_view_is_said_and_a_video_that_ended_is_not(
    rig: Path, tmp_path: Path, rigged: Plugins
) -> None:
    write_video(rig / "videos" / "s1_top.avi", 8)
    write_video(rig / "videos" / "s1_bot.avi", 8, damaged=(1, 6))
    write_video(rig / "videos" / "s1_side.avi", 5)
    lines: list[str] = []
    train(options_of(rig, tmp_path / "run"), rigged, lines.append)
    said = [line for line in lines if "did not decode" in line]
    assert len(said) == 1
    assert said[0].startswith(f"warning: {rig / 'videos' / 's1_top.avi'} and ")
    assert "2 of 2 clips drawn so far have frames that did not decode in one view" in said[0]
    frames = [clip.decoded.isfinite().all(-1).sum().item() for clip in seen[1:]]
    assert frames and set(frames) <= {3 * (4 + 3 + 4), 3 * (4 + 3 + 1)}


def test_a_run_on_views_that_broke_off_ends_bit_equal(
    rig: Path, tmp_path: Path, rigged: Plugins
) -> None:
    for view, frames in zip(VIEWS, (20, 20, 9), strict=True):
        write_video(rig / "videos" / f"s1_{view}.avi", frames)
    train(options_of(rig, tmp_path / "whole"), rigged, lambda _: None)
    breaks_at[0] = len(seen) - 2
    options = options_of(rig, tmp_path / "broken")
    with pytest.raises(TrainingError, match="the light went out"):
        train(options, rigged, lambda _: None)
    breaks_at[0] = -1
    train(replace(options, resume=True), rigged, lambda _: None)
    one, other = (
        torch.load(tmp_path / name / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "broken")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_each_view_is_evaluated(rig: Path, tmp_path: Path, rigged: Plugins) -> None:
    options = options_of(rig, tmp_path / "run", losses={"heatmap_mse": {}})
    train(options, rigged, lambda _: None)
    found = evaluate(tmp_path / "run", rigged)
    assert list(found.views) == list(VIEWS)
    for name, every in found.summaries.items():
        counts = [found.views[view][name].count for view in VIEWS]
        np.testing.assert_array_equal(np.sum(counts, axis=0), every.count)
        means = [np.nan_to_num(found.views[view][name].mean) for view in VIEWS]
        np.testing.assert_allclose(np.multiply(counts, means).sum(0) / every.count, every.mean)


def clips_with(rig: Path, plugins: Plugins) -> tuple[Clips, list[str]]:
    sizes = np.repeat([SIZE, SIZE, (32, 48)], INSTANTS, axis=0)[:-1]
    return open_clips(open_project(rig, plugins), sizes, options_of(rig, rig / "run"), plugins)


def test_points_are_told_in_pixels_of_their_own_views_labels(rig: Path, rigged: Plugins) -> None:
    for view in VIEWS:
        write_video(rig / "videos" / f"s1_{view}.avi", 4)
    clips, _ = clips_with(rig, rigged)
    assert clips.recordings[0][2].size == SIZE, "while its labeled images are half as large"
    assert clips[0].sizes.tolist() == [list(SIZE), list(SIZE), [32, 48]]


def test_what_is_odd_about_sessions_is_said_in_a_line_each(rig: Path, rigged: Plugins) -> None:
    for name, frames in {
        "s1_top": 12, "s1_bot": 9, "s1_side": 12, "s2_top": 8, "s2_side": 8, "stopped": 8,
    }.items():  # fmt: skip
        write_video(rig / "videos" / f"{name}.avi", frames)
    clips, lines = clips_with(rig, rigged)
    said = [line for line in lines if line.startswith("warning") and "another size" not in line]
    assert len(clips) == 3 + 2
    assert said == [
        f"warning: {rig / 'videos' / 'stopped.avi'}: none of the views top, bot, side in its name; "
        "it is left out of the clips",
        "warning: session 's2': has no video of bot, which counts nothing in its clips",
        "warning: videos of one session differ in length (s1_top.avi 12, s1_bot.avi 9, s1_side.avi "
        "12 frames): they are matched by frame number and used for 12 frames; check that they "
        "begin together",
    ]


def test_videos_without_a_view_in_their_names_are_refused(rig: Path, rigged: Plugins) -> None:
    write_video(rig / "videos" / "stopped.avi", 8)
    message = (
        r"^unlabeled\.videos: no video has one of the views top, bot, side in its name, "
        r"stopped\.avi neither; name them as in session1_top\.mp4$"
    )
    with pytest.raises(ConfigError, match=message):
        clips_with(rig, rigged)
