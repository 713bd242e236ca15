"""Prediction: rows and frames, coordinates, damage, stopping and going on, and full disks."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pose_core import Skeleton
from pose_core.errors import FormatError, PoseError, VideoError
from pose_core.heatmaps import soft_argmax
from pose_core.model.folder import TrainedModel, load_model
from pose_core.model.network import PoseNetwork
from pose_core.partial import PartialRows, record_of
from pose_core.predict import (
    about_images,
    find_images,
    incomplete,
    predict_frames,
    predict_images,
    predict_video,
)
from pose_core.video.readers import choose


class DiscNetwork(PoseNetwork):
    """Finds three discs: truth that needs no training.

    In videos they are white, each in its third of the rows; in images of three colours.
    """

    stride = 1

    def __init__(self, offsets: tuple[int, ...], by_colour: bool) -> None:
        super().__init__()
        self.offsets = offsets
        self.by_colour = by_colour
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def heatmaps(self, features: Tensor) -> Tensor:
        centre = features[:, self.offsets.index(0)]
        found = 2 * centre - centre.sum(1, keepdim=True) if self.by_colour else self.thirds(centre)
        weights = (found - 0.25).clamp(min=1e-9)
        return (weights / weights.sum((-2, -1), keepdim=True))[:, None]

    def thirds(self, centre: Tensor) -> Tensor:
        third = torch.arange(centre.shape[-2]) * 3 // centre.shape[-2]
        inside = third[None, :, None] == torch.arange(3)[:, None, None]
        return centre.mean(1, keepdim=True) * inside


def middle(heatmaps: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Decode by the mean of the whole map, and the share of it within reach."""
    height, width = heatmaps.shape[-2:]
    x = (heatmaps.sum(-2) * torch.arange(width)).sum(-1)
    y = (heatmaps.sum(-1) * torch.arange(height)).sum(-1)
    return torch.stack([x, y], -1), heatmaps.amax((-2, -1))


@pytest.fixture
def discs(tmp_path):
    """A model that finds the discs, in images of 64 x 64."""

    def make(offsets: tuple[int, ...] = (0,), by_colour: bool = False) -> TrainedModel:
        folder = tmp_path / "discs"
        folder.mkdir(exist_ok=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        skeleton = Skeleton(("nose", "left", "right"))
        return TrainedModel(folder, DiscNetwork(offsets, by_colour), middle, skeleton, (64, 64), {})

    return make


@pytest.fixture
def predict(plugins, tmp_path):
    """Predict a video into a table; give the result, and the points with confidence if written."""

    def run(model, video, name="video.npz", reader=None, **options):
        reader = reader or choose(plugins)[0]
        table = tmp_path / "out" / name
        done = predict_video(model, video, table, reader, plugins, progress=False, **options)
        return done, read(done.path)

    return run


def read(path: Path) -> np.ndarray:
    held = np.load(path)
    return np.concatenate([held["keypoints"], held["confidence"][..., None]], axis=-1)


def damaged_reader(plugins, bad, cut_off=0):
    """The usual reader, but some frames do not decode."""
    reader, _ = choose(plugins)

    def read(*given):
        for clip in reader.read(*given):
            decoded = ~np.isin(clip.numbers, list(bad))
            yield replace(clip, decoded=decoded, images=clip.images * decoded[:, None, None, None])

    return replace(
        reader, read=read, probe=lambda path: replace(reader.probe(path), cut_off=cut_off)
    )


@pytest.mark.parametrize("offsets", [(0,), (-2, -1, 0, 1, 2)])
@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_every_frame_has_its_row_in_the_pixels_of_the_video(
    discs, predict, make_video, track, offsets, batch_size
):
    done, points = predict(discs(offsets), make_video(frames=20), batch_size=batch_size)
    assert (done.frames, done.predicted, done.missing) == (20, 20, 0)
    np.testing.assert_allclose(points[..., :2], track(20), atol=0.4)  # the video is 48 x 80, lossy
    assert abs((points[..., :2] - track(20)).mean(axis=(0, 1))).max() < 0.1  # and not shifted


def test_the_batch_size_changes_nothing(tiny_model, plugins, predict, make_video):
    model, video = load_model(tiny_model, plugins), make_video()
    _, alone = predict(model, video, "alone.npz", batch_size=1)
    _, together = predict(model, video, "together.npz", batch_size=7)
    np.testing.assert_allclose(alone, together, atol=1e-3)


@pytest.mark.parametrize("offsets", [(0,), (-1, 0, 1)])
def test_a_frame_that_does_not_decode_stays_a_row_without_points(
    discs, predict, plugins, make_video, track, offsets
):
    reader = damaged_reader(plugins, {0, 7, 8})
    done, points = predict(discs(offsets), make_video(), reader=reader, batch_size=3)
    assert done.path.name == "video.incomplete.npz"
    assert (done.frames, done.missing) == (20, 3)
    empty = np.isnan(points).all(axis=(1, 2))
    assert np.flatnonzero(empty).tolist() == [0, 7, 8]
    np.testing.assert_allclose(points[~empty, :, :2], track(20)[~empty], atol=0.4)
    assert not (done.path.parent / "video.npz").exists()


def test_frames_lost_with_the_end_of_a_file_are_counted(discs, predict, plugins, make_video):
    done, points = predict(discs(), make_video(), reader=damaged_reader(plugins, {19}, 30))
    assert (done.frames, done.missing, done.cut_off) == (20, 31, 30)
    assert len(points) == 20


def test_a_video_of_which_nothing_decodes_leaves_no_table(
    discs, predict, plugins, make_video, tmp_path
):
    with pytest.raises(VideoError, match=r"video\.mp4: none of its frames can be decoded"):
        predict(discs(), make_video(), reader=damaged_reader(plugins, range(20)))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_whole_copy_of_the_video_replaces_what_was_incomplete(
    discs, predict, plugins, make_video
):
    video = make_video()
    done, _ = predict(discs(), video, reader=damaged_reader(plugins, {5}))
    whole, _ = predict(discs(), video)
    assert whole.path.exists() and not done.path.exists()
    assert incomplete(whole.path) == done.path
    assert not record_of(done.path).exists()


@pytest.mark.parametrize("offsets", [(0,), (-2, 0, 2)])
def test_rows_that_are_there_are_not_predicted_again(discs, predict, plugins, make_video, offsets):
    video, reader = make_video(), choose(plugins)[0]
    _, whole = predict(discs(offsets), video, "whole.npz", batch_size=2)

    def dies(*given):
        clips = reader.read(*given)
        for _ in range(5):
            yield next(clips)
        raise VideoError("disk is gone; plug it in")

    with pytest.raises(VideoError, match="disk is gone"):
        predict(discs(offsets), video, reader=replace(reader, read=dies), batch_size=2)
    read = Mock(side_effect=reader.read)
    done, points = predict(discs(offsets), video, reader=replace(reader, read=read), batch_size=3)
    assert 10 <= done.predicted < 20 - 4 or (offsets == (0,) and done.predicted == 10)
    np.testing.assert_allclose(points, whole, atol=1e-4)


def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(
    tiny_model, plugins, make_video, tmp_path
):
    video, table = make_video(frames=60), tmp_path / "out" / "killed.npz"
    whole = tmp_path / "out" / "whole.npz"
    rows = tmp_path / "out" / ".killed.npz.partial" / "rows.f32"
    script = str(Path(__file__).with_name("prediction_process.py"))
    command = [sys.executable, script, str(tiny_model), str(video)]
    started = subprocess.Popen([*command, str(table), "0.05"])
    deadline = time.monotonic() + 120
    while not (rows.exists() and rows.stat().st_size > 15 * 40) and time.monotonic() < deadline:
        assert started.poll() is None
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.wait()
    there = rows.stat().st_size
    assert 0 < there < 60 * 40
    assert not table.exists()
    with rows.open("ab") as file:
        file.write(b"half a row")  # as a kill in the middle of writing leaves it
    model, reader = load_model(tiny_model, plugins), choose(plugins)[0]
    done = predict_video(model, video, table, reader, plugins, 3, progress=False)
    assert done.predicted == 60 - there // 40
    predict_video(model, video, whole, reader, plugins, 3, progress=False)
    np.testing.assert_allclose(read(table), read(whole), atol=1e-4)
    assert not rows.parent.exists()


def test_rows_of_another_video_or_model_are_not_gone_on_with(discs, predict, make_video, plugins):
    reader = choose(plugins)[0]

    def dies(*given):
        yield next(iter(reader.read(*given)))
        raise VideoError("gone; wait")

    model = discs()
    with pytest.raises(VideoError, match="gone"):
        predict(model, make_video(), reader=replace(reader, read=dies))
    (model.folder / "model.safetensors").write_bytes(b"trained on")
    done, _ = predict(model, make_video())
    assert done.predicted == 20
    with pytest.raises(VideoError, match="gone"):
        predict(model, make_video(), "v.npz", reader=replace(reader, read=dies))
    done, _ = predict(model, make_video(frames=21), "v.npz")
    assert done.predicted == 21


def test_two_runs_cannot_write_one_table(discs, predict, make_video, tmp_path, plugins):
    pytest.importorskip("fcntl")
    reader = choose(plugins)[0]

    def meanwhile(*given):
        with pytest.raises(PoseError, match="another run is at it; wait for it"):
            predict(discs(), given[0], reader=reader)
        yield from reader.read(*given)

    done, _ = predict(discs(), make_video(), reader=replace(reader, read=meanwhile))
    assert done.frames == 20


@contextmanager
def tiny_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a disk that is soon full; skip where that is not allowed."""
    folder.mkdir(parents=True)
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("no right to mount a tiny disk here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_is_one_line_and_leaves_no_table(discs, predict, make_video, tmp_path):
    video = make_video(frames=200)
    with tiny_disk(tmp_path / "out", 12):
        with pytest.raises(PoseError, match="disk full; free some space and run this again"):
            predict(discs(), video)
        assert not (tmp_path / "out" / "video.npz").exists()


def test_a_full_disk_while_rows_are_written_is_one_line(tmp_path, monkeypatch):
    origin = Mock(same_as=lambda other: True)
    monkeypatch.setattr("pose_core.partial.asdict", lambda origin: {})
    with PartialRows(tmp_path / "video.csv", 2, origin) as rows:
        rows._file.close()
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rows._file = Mock(write=Mock(side_effect=full))
        with pytest.raises(PoseError, match=r"partial: disk full; free some space"):
            rows.append(np.zeros((1, 2, 3)), np.ones(1, bool))


def test_no_memory_says_which_batch_size_was_tried(discs, predict, make_video, monkeypatch):
    model = discs()
    full = RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB\nand much more")
    monkeypatch.setattr(model.network, "encode", Mock(side_effect=full))
    with pytest.raises(PoseError, match=r"^out of memory with batches of 7; set a smaller"):
        predict(model, make_video(), batch_size=7)


def test_other_errors_of_a_network_are_not_taken_for_lack_of_memory(
    discs, predict, make_video, monkeypatch
):
    model = discs()
    monkeypatch.setattr(model.network, "encode", Mock(side_effect=RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        predict(model, make_video())


def test_a_file_in_place_of_the_folder_is_one_line(discs, predict, make_video, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(PoseError, match=r"out.video\.npz: cannot be written, .*; choose another"):
        predict(discs(), make_video())


def test_a_table_says_what_it_was_made_from(discs, predict, make_video):
    video = make_video()
    done, _ = predict(discs(), video)
    record = json.loads(record_of(done.path).read_text())
    assert record["video"] == str(video.resolve())


def test_images_are_predicted_in_their_own_pixels(discs, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    truth = {"img2.png": ((40, 60), (20.0, 12.0)), "img10.png": ((90, 50), (30.0, 70.0))}
    for name, (size, (x, y)) in truth.items():
        image = np.full((*size, 3), 40, np.uint8)
        image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] = (255, 0, 0)
        Image.fromarray(image).save(folder / name)
    images = find_images(folder)
    assert [path.name for path in images] == ["img2.png", "img10.png"]
    found = predict_images(discs((-1, 0, 1), True), images, folder, batch_size=2)
    assert found.frames == ("img2.png", "img10.png")
    expected = [point for _, point in truth.values()]
    np.testing.assert_allclose(found.keypoints[:, 0], expected, atol=0.2)


def test_a_folder_without_images_and_a_broken_image_are_refused(discs, tmp_path):
    with pytest.raises(FormatError, match="no images in it"):
        predict_images(discs(), [], tmp_path)
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(FormatError, match=r"a\.png: cannot be read as an image"):
        predict_images(discs(), [tmp_path / "a.png"], tmp_path)


def test_labeled_frames_are_predicted_where_their_labels_are(discs, plugins, make_tiny):
    project = plugins.find("format", "tiny").open_project(make_tiny(6, ((64, 64), (48, 80))))
    rows = [4, 1, 2]
    found = predict_frames(discs(by_colour=True), project, rows, batch_size=2)
    assert found.frames == tuple(project.labels.frames[row] for row in rows)
    seen = np.isfinite(found.keypoints).all(-1)
    error = np.linalg.norm(found.keypoints - project.labels.keypoints[rows], axis=-1)
    assert np.median(error[seen]) < 1.0  # discs may hide each other


def test_no_labeled_frames_give_no_rows(discs, plugins, make_tiny):
    project = plugins.find("format", "tiny").open_project(make_tiny(6))
    assert len(predict_frames(discs(), project, [])) == 0


def test_a_video_read_by_soft_argmax_agrees_with_the_mean_of_the_maps(
    discs, predict, make_video, track
):
    model = replace(discs(), decode=lambda maps, stride: soft_argmax(maps, stride))
    _, points = predict(model, make_video())
    np.testing.assert_allclose(points[..., :2], track(20), atol=3.5)  # anywhere on the disc


class Trailing(DiscNetwork):
    """Sees the nose where it was in the frame before."""

    def heatmaps(self, features):
        return super().heatmaps(features[:, [0, 0, 0]])


def test_images_of_following_numbers_are_a_video_and_others_stand_alone(discs, tmp_path):
    places = {1: 10, 2: 16, 3: 22, 7: 40, 12: 52}
    for number, x in places.items():
        image = np.full((64, 64, 3), 40, np.uint8)
        image[8:13, x - 2 : x + 3] = (255, 0, 0)
        Image.fromarray(image).save(tmp_path / f"img{number}.png")
    model = discs((-1, 0, 1))
    network = Trailing((-1, 0, 1), True)
    model = replace(model, network=network)
    images = find_images(tmp_path)
    for batch in (1, 2, 8):
        found = predict_images(model, images, tmp_path, batch)
        # reflected at the beginning: before frame 1 comes frame 2
        np.testing.assert_allclose(found.keypoints[:, 0, 0], [16, 10, 16, 40, 52], atol=0.2)
    (line,) = about_images(network, images)
    assert line.startswith("context: 5 images are 1 sequences")
    assert "2 that stand alone" in line
    assert about_images(discs().network, images) == []
