"""Labeled frames as samples: resized, with neighbours, labels outside left out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pose_core.batches.labeled import LabeledFrames, read_image
from pose_core.batches.loader import EvenBatches, plain_loader, training_loader
from pose_core.batches.shuffling import KeyedSampler
from pose_core.bounds import count_outside, image_sizes
from pose_core.errors import FormatError
from pose_core.files import open_project
from pose_core.plugins import Plugins


def test_images_of_several_sizes_come_in_one_batch(
    make_tiny: Callable[..., Path], plugins: Plugins
) -> None:
    project = open_project(make_tiny(6, ((64, 64), (48, 80))), plugins)
    batch = next(iter(plain_loader(LabeledFrames(project, range(6), (32, 32)), 6)))
    assert batch.images.shape == (6, 1, 3, 32, 32)
    assert batch.sizes.tolist() == [[64, 64], [48, 80]] * 3
    np.testing.assert_allclose(batch.keypoints.numpy(), project.labels.keypoints, rtol=1e-6)


def test_order_depends_on_seed_and_epoch_and_on_nothing_else(
    tiny_project: Path, plugins: Plugins
) -> None:
    project = open_project(tiny_project, plugins)
    frames = LabeledFrames(project, range(12), (32, 32))

    def rows(workers: int, epoch: int, seed: int = 0) -> list[int]:
        loader = training_loader(frames, 4, seed, workers)
        loader.batch_sampler.sampler.set_epoch(epoch)
        return torch.cat([batch.rows for batch in loader]).tolist()

    assert rows(0, 1) == rows(2, 1)
    assert rows(0, 1) != rows(0, 2) and rows(0, 1) != rows(0, 1, seed=1)
    assert sorted(rows(0, 1)) == list(range(12))


def test_no_sample_comes_twice_before_all_came_once() -> None:
    drawn = list(KeyedSampler(5, seed=0, draws=13))
    assert len(drawn) == 13
    assert sorted(drawn[:5]) == sorted(drawn[5:10]) == list(range(5))
    assert len(set(drawn[10:])) == 3


def test_a_label_outside_its_image_is_missing_and_counted(
    tiny_project: Path, plugins: Plugins
) -> None:
    held = np.load(tiny_project / "tiny.npz")
    keypoints = held["keypoints"].copy()
    keypoints[2, 1] = (64.0, 10.0)
    keypoints[3, 0] = (-0.5, 63.5)  # the outer edge of the corner pixel still counts
    np.savez(tiny_project / "tiny.npz", frames=held["frames"], keypoints=keypoints)
    project = open_project(tiny_project, plugins)
    assert count_outside(project, image_sizes(project)) == 1
    sample = LabeledFrames(project, range(12), (32, 32))[2]
    assert torch.isnan(sample.keypoints[1]).all()
    assert sample.visibility.tolist() == [2, 0, 2]


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    small, size = read_image(tmp_path / "stripes.png", (16, 16))
    assert size == (64, 64)
    assert abs(int(small[8, 8, 0]) - 100) <= 1  # without antialiasing it is 0 or 200


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_an_unreadable_image_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(FormatError, match=r"bad\.png: cannot be read as an image"):
        read_image(tmp_path / "bad.png", None)


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"gone\.png: no such image"):
        read_image(tmp_path / "gone.png", None)


def test_grey_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    for mode in ("L", "RGBA", "P", "1"):
        Image.new(mode, (8, 6)).save(tmp_path / f"{mode}.png")
        assert read_image(tmp_path / f"{mode}.png", None)[0].shape == (6, 8, 3)


@pytest.mark.parametrize(("frames", "sizes"), [(9, [3, 3, 3]), (8, [4, 4]), (1, [1]), (5, [2, 3])])
def test_batches_are_of_nearly_one_size(frames: int, sizes: list[int]) -> None:
    batches = list(EvenBatches(KeyedSampler(frames, seed=0), 4))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(sample for batch in batches for sample in batch) == list(range(frames))
