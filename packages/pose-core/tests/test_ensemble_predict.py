"""Several networks on one video: decoded once, each as if it were alone, resumed one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pose_core import Skeleton
from pose_core.errors import VideoError
from pose_core.hookspecs import VideoReader
from pose_core.model.folder import TrainedModel
from pose_core.model.network import PoseNetwork
from pose_core.predict import VideoResult, incomplete, predict_together, predict_video
from pose_core.video.pyav import Converter
from pose_core.video.readers import choose

NAMES = ("nose", "left", "right")


class MixingNetwork(PoseNetwork):
    """Gives points that depend on all frames of its window, a little differently for each seed."""

    stride = 4

    def __init__(self, offsets: tuple[int, ...], seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.offsets = offsets
        self.layer = torch.nn.Conv2d(3 * len(offsets), len(NAMES), 4, stride=4)

    def heatmaps(self, features: Tensor) -> Tensor:
        scores = self.layer(features.flatten(1, 2))
        return scores.flatten(-2).softmax(-1).unflatten(-1, scores.shape[-2:])[:, None]


def centre(heatmaps: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    height, width = heatmaps.shape[-2:]
    x = (heatmaps.sum(-2) * torch.arange(width)).sum(-1)
    y = (heatmaps.sum(-1) * torch.arange(height)).sum(-1)
    return torch.stack([x, y], -1) * stride, heatmaps.amax((-2, -1))


MEMBERS: list[tuple[tuple[int, int], tuple[int, ...]]] = [
    ((32, 32), (0,)),
    ((64, 48), (-2, -1, 0, 1, 2)),
    ((32, 32), (-1, 0)),
]


@pytest.fixture
def models(tmp_path: Path) -> list[TrainedModel]:
    """Networks of two sizes, with and without context."""

    def make(seed: int, size: tuple[int, int], offsets: tuple[int, ...]) -> TrainedModel:
        folder = tmp_path / f"seed={seed}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(str(seed).encode())
        network = MixingNetwork(offsets, seed).eval().requires_grad_(False)
        return TrainedModel(folder, network, centre, Skeleton(NAMES), size, {})

    return [make(seed, *given) for seed, given in enumerate(MEMBERS)]


@pytest.fixture
def predict(plugins, models, tmp_path):
    """Predict a video with all networks; give the results, and what each table holds."""

    def run(
        video: Path, name: str = "together", reader: VideoReader | None = None, batch: int = 4
    ) -> tuple[list[VideoResult], list[np.ndarray]]:
        outputs = {tmp_path / name / f"{model.folder.name}.npz": model for model in models}
        chosen = reader or choose(plugins)[0]
        done = predict_together(outputs, video, chosen, plugins, batch, progress=False)
        return done, [read(one.path) for one in done]

    return run


def read(path: Path) -> np.ndarray:
    held: Mapping[str, Any] = np.load(path)
    return np.concatenate([held["keypoints"], held["confidence"][..., None]], axis=-1)


def failing(reader: VideoReader, clips: int) -> VideoReader:
    """Give a reader that dies after some clips."""

    def read_sizes(*given: Any) -> Iterator[Any]:
        assert reader.read_sizes is not None
        read = reader.read_sizes(*given)
        for _ in range(clips):
            yield next(read)
        raise VideoError("disk is gone; plug it in")

    return replace(reader, read_sizes=read_sizes)


def test_each_network_predicts_what_it_does_alone(predict, models, make_video, plugins, tmp_path):
    video = make_video()
    done, together = predict(video)
    assert [(one.frames, one.predicted, one.missing) for one in done] == [(20, 20, 0)] * 3
    assert [one.path.name for one in done] == ["seed=0.npz", "seed=1.npz", "seed=2.npz"]
    reader = choose(plugins)[0]
    for model, found in zip(models, together, strict=True):
        table = tmp_path / "alone.npz"
        predict_video(model, video, table, reader, plugins, 4, progress=False)
        np.testing.assert_array_equal(read(table), found)
    assert np.abs(together[0] - together[1]).max() > 0.01


def test_every_frame_is_decoded_once_and_resized_once_per_size(predict, make_video, monkeypatch):
    drawn: list[tuple[int, tuple[int, int]]] = []
    draw = Converter.draw

    def noted(self: Converter, frame: Any, image: np.ndarray) -> None:
        drawn.append((id(frame), self.size))
        draw(self, frame, image)

    monkeypatch.setattr(Converter, "draw", noted)
    predict(make_video())
    assert len(drawn) == 2 * 20
    assert {size for _, size in drawn} == {(32, 32), (64, 48)}
    frames = [frame for frame, _ in drawn]
    assert frames[::2] == frames[1::2], "both sizes are drawn from one decoded frame"


def test_a_reader_of_one_size_at_a_time_reads_once_for_each(predict, make_video, plugins):
    video = make_video()
    _, expected = predict(video, "both")
    plain = replace(choose(plugins)[0], read_sizes=None)
    _, found = predict(video, "apart", plain)
    np.testing.assert_array_equal(found, expected)


def test_all_go_on_where_each_was_stopped(predict, make_video, plugins, tmp_path):
    video, reader = make_video(), choose(plugins)[0]
    _, expected = predict(video, "whole")
    with pytest.raises(VideoError, match="disk is gone"):
        predict(video, reader=failing(reader, 3))
    rows = tmp_path / "together" / ".seed=0.npz.partial" / "rows.f32"
    assert rows.stat().st_size == 12 * 40
    with rows.open("ab") as file:  # as if this one was killed later than the others
        file.truncate(5 * 40 + 7)
    done, found = predict(video, batch=4)
    assert [one.predicted for one in done] == [15, 10, 8], "contexts wait for their neighbours"
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert not rows.parent.exists()


def test_a_network_that_was_done_waits_for_the_others(predict, make_video, plugins, tmp_path):
    video, reader = make_video(), choose(plugins)[0]
    _, expected = predict(video, "whole")
    with pytest.raises(VideoError, match="disk is gone"):
        predict(video, reader=failing(reader, 5))
    for name in ("seed=1", "seed=2"):
        (tmp_path / "together" / f".{name}.npz.partial" / "rows.f32").write_bytes(b"")
    done, found = predict(video)
    assert [one.predicted for one in done] == [0, 20, 20]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def damaged(reader: VideoReader, bad: range) -> VideoReader:
    """Give a reader for which some frames do not decode."""

    def read_sizes(*given: Any) -> Iterator[Any]:
        assert reader.read_sizes is not None
        for clips in reader.read_sizes(*given):
            decoded = ~np.isin(clips[0].numbers, list(bad))
            yield tuple(
                replace(clip, decoded=decoded, images=clip.images * decoded[:, None, None, None])
                for clip in clips
            )

    return replace(reader, read_sizes=read_sizes)


def test_a_damaged_frame_is_missing_for_all(predict, make_video, plugins):
    done, found = predict(make_video(), reader=damaged(choose(plugins)[0], range(6, 9)))
    assert [one.missing for one in done] == [3, 3, 3]
    assert [one.path for one in done] == [
        incomplete(one.path.parent / f"seed={n}.npz") for n, one in enumerate(done)
    ]
    for points in found:
        assert np.flatnonzero(np.isnan(points).all(axis=(1, 2))).tolist() == [6, 7, 8]


def test_a_video_of_which_nothing_decodes_leaves_no_table(predict, make_video, plugins, tmp_path):
    with pytest.raises(VideoError, match="none of its frames can be decoded"):
        predict(make_video(), reader=damaged(choose(plugins)[0], range(20)))
    assert list((tmp_path / "together").iterdir()) == []
