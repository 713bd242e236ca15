"""Augmentation: its own draw per sample, the same whatever the batch, undone by its map."""

from dataclasses import fields

import pytest
import torch

from pose_core.batches.augment import DRAWS, Augmentation, uniform
from pose_core.batches.geometry import move
from pose_core.batches.options import PRESETS, AugmentOptions
from pose_core.batches.pixels import lines


def images(batch: int, frames: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, frames, 3, 32, 48), generator=generator, dtype=torch.uint8)


def test_a_sample_is_augmented_alike_in_any_batch() -> None:
    augment = Augmentation(AugmentOptions().strengths(), seed=3)
    whole = images(4)
    together = augment(whole, [5, 6, 7, 8], epoch=2)
    for number in range(4):
        alone = augment(whole[number : number + 1], [5 + number], epoch=2)
        torch.testing.assert_close(alone.images[0], together.images[number], atol=1e-6, rtol=0)
        torch.testing.assert_close(alone.affine[0], together.affine[number])


def test_equal_images_are_augmented_differently() -> None:
    same = images(1).expand(6, -1, -1, -1, -1)
    seen = Augmentation(AugmentOptions().strengths(), seed=0)(same, list(range(6)), epoch=0)
    assert len({round(float(one.mean()), 6) for one in seen.images}) == 6
    assert len({tuple(one.flatten().tolist()) for one in seen.affine}) == 6


@pytest.mark.parametrize("other", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_seed_epoch_and_sample_each_change_the_draw(other: tuple[int, int, int]) -> None:
    assert not torch.equal(uniform([(0, 0, 0)]), uniform([other]))
    assert uniform([other]).shape == (1, DRAWS)


def test_the_frames_of_a_sample_share_geometry_light_and_boxes() -> None:
    still = images(2).expand(2, 5, 3, 32, 48)
    options = AugmentOptions(noise=0.0, salt_pepper=0.0)
    seen = Augmentation(options.strengths(), seed=0)(still, [0, 1], epoch=0)
    clips = seen.images.unflatten(0, (2, 5))
    torch.testing.assert_close(clips[:, :1].expand_as(clips), clips)
    assert not torch.equal(clips[0, 0], clips[1, 0])


def test_no_augmentation_leaves_images_as_they_are() -> None:
    seen = Augmentation(AugmentOptions(preset="none").strengths(), seed=0)(
        images(3), [0, 1, 2], epoch=0
    )
    assert torch.equal(seen.images, images(3)[:, 0].float() / 255)


def test_a_flip_mirrors_about_the_middle() -> None:
    options = AugmentOptions(preset="none", flip=1.0)
    seen = Augmentation(options.strengths(), seed=0)(images(1), [0], epoch=0)
    torch.testing.assert_close(
        seen.images, images(1)[:, 0].flip(-1).float() / 255, atol=1e-5, rtol=0
    )
    assert seen.flipped.all()
    points = move(seen.affine, torch.tensor([[[0.0, 3.0]]]))
    torch.testing.assert_close(points, torch.tensor([[[47.0, 3.0]]]))


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_gives_every_value_and_images_in_range(preset: str) -> None:
    resolved = AugmentOptions(preset=preset).strengths()
    assert all(getattr(resolved, one.name) is not None for one in fields(resolved))
    seen = Augmentation(AugmentOptions(preset=preset).strengths(), seed=0)(
        images(4), [0, 1, 2, 3], epoch=0
    )
    assert seen.images.min() >= 0 and seen.images.max() <= 1


def test_what_is_given_goes_before_the_preset() -> None:
    assert AugmentOptions(preset="topdown", rotation=5.0).strengths().rotation == 5.0
    assert AugmentOptions(preset="topdown").strengths().rotation == 180.0


def test_a_blur_keeps_the_sum_of_the_light() -> None:
    kernels = lines(torch.linspace(0, 3.1, 7), torch.linspace(1, 9, 7))
    torch.testing.assert_close(kernels.sum((1, 2)), torch.ones(7))
    torch.testing.assert_close(kernels[0, 4, 4], torch.tensor(1.0))
