"""Augmentation: its own draw per sample, the same whatever the batch, undone by its map."""

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

from pose_core.batches.augment import Augmentation, uniform
from pose_core.batches.geometry import invert, move
from pose_core.batches.maps import add_map, identity, mirrored
from pose_core.batches.operations import (
    OPERATIONS,
    Blur,
    Boxes,
    Crop,
    Dropout,
    Elastic,
    Flip,
    Hide,
    Noise,
    Operation,
    Rotation,
    SaltPepper,
)
from pose_core.batches.options import AugmentOptions
from pose_core.batches.pipelines import PRESETS
from pose_core.errors import ConfigError
from pose_core.options import defaults, fill

SIZE = (32, 48)
EVERYTHING = tuple(replace(kind(), chance=0.6) for kind in OPERATIONS.values())  # type: ignore[type-var]


def images(batch: int, frames: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, frames, 3, *SIZE), generator=generator, dtype=torch.uint8)


def points(batch: int, count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, count, 2, generator=generator) * torch.tensor([48.0, 32.0])


def test_a_sample_is_augmented_alike_in_any_batch() -> None:
    augment = Augmentation(EVERYTHING, seed=3)
    whole, labeled = images(6, 3), points(6)
    together = augment(whole, [5, 6, 7, 8, 9, 10], 2, labeled, centre=1)
    for number in range(6):
        one = slice(number, number + 1)
        alone = augment(whole[one], [5 + number], 2, labeled[one], centre=1)
        part = together.images.unflatten(0, (6, 3))[number]
        torch.testing.assert_close(alone.images, part, atol=1e-5, rtol=0)
        torch.testing.assert_close(alone.affine[0], together.affine[3 * number])
        torch.testing.assert_close(alone.keypoints[0], together.keypoints[number])


def test_equal_images_are_augmented_differently() -> None:
    same = images(1).expand(6, -1, -1, -1, -1)
    seen = Augmentation(PRESETS["default"], seed=0)(same, list(range(6)), epoch=0)
    assert len({round(float(one.mean()), 6) for one in seen.images}) == 6
    assert len({tuple(one.flatten().tolist()) for one in seen.affine}) == 6


@pytest.mark.parametrize("other", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_seed_epoch_and_sample_each_change_the_draw(other: tuple[int, int, int]) -> None:
    assert not torch.equal(uniform([(0, 0, 0)], 9), uniform([other], 9))
    assert uniform([other], 9).shape == (1, 9)


def test_augmenting_leaves_the_global_random_numbers_and_its_input_alone() -> None:
    whole, labeled = images(4), points(4)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002  # what is asked
    Augmentation(EVERYTHING, seed=0)(whole, [0, 1, 2, 3], 0, labeled)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert torch.equal(whole, images(4)) and torch.equal(labeled, points(4))


def test_the_frames_of_a_sample_share_all_but_noise() -> None:
    still = images(2)[:, :1].expand(2, 5, 3, *SIZE)
    shared = tuple(one for one in EVERYTHING if not isinstance(one, Noise | SaltPepper | Hide))
    seen = Augmentation(shared, seed=0)(still, [0, 1], 0, points(2))
    clips = seen.images.unflatten(0, (2, 5))
    torch.testing.assert_close(clips[:, :1].expand_as(clips), clips)
    assert not torch.equal(clips[0, 0], clips[1, 0])


def test_noise_differs_from_frame_to_frame() -> None:
    still = images(1)[:, :1].expand(1, 2, 3, *SIZE)
    for operation in (Noise(0.2), SaltPepper(0.5)):
        first, second = Augmentation((operation,), seed=0)(still, [0], 0).images
        assert not torch.equal(first, second)


def test_no_augmentation_leaves_images_and_points_as_they_are() -> None:
    seen = Augmentation((), seed=0)(images(3), [0, 1, 2], 0, points(3))
    assert torch.equal(seen.images, images(3)[:, 0].float() / 255)
    assert torch.equal(seen.keypoints, points(3))


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_without_a_chance_does_nothing(operation: type[Operation]) -> None:
    never = replace(operation(), chance=0.0)  # type: ignore[type-var]
    seen = Augmentation((never,), seed=0)(images(3), [0, 1, 2], 0, points(3))
    assert torch.equal(seen.images, images(3)[:, 0].float() / 255)
    torch.testing.assert_close(seen.keypoints, points(3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_flip_mirrors_about_the_middle(axis: str) -> None:
    flip = Flip(1.0, axis)  # type: ignore[arg-type]
    seen = Augmentation((flip,), seed=0)(images(1), [0], 0, torch.tensor([[[0.0, 3.0]]]))
    expected = images(1)[:, 0].flip(-1 if axis == "x" else -2).float() / 255
    torch.testing.assert_close(seen.images, expected, atol=1e-5, rtol=0)
    assert seen.flipped.all()
    place = [47.0, 3.0] if axis == "x" else [0.0, 28.0]
    torch.testing.assert_close(seen.keypoints, torch.tensor([[place]]))


def test_two_flips_are_no_mirror_image() -> None:
    both = (Flip(1.0, "x"), Flip(1.0, "y"))
    seen = Augmentation(both, seed=0)(images(1), [0], 0)
    assert not seen.flipped.any()
    torch.testing.assert_close(
        seen.images[0], images(1)[0, 0].flip(-1, -2) / 255, atol=1e-5, rtol=0
    )


def test_a_quarter_turn_puts_right_at_the_bottom() -> None:
    u = torch.ones(1, 8)
    u[:, 0] = 0
    affine = add_map(Rotation(90.0), identity(1), u, (33, 33))
    turned = move(affine, torch.tensor([[[32.0, 16.0]]]))
    torch.testing.assert_close(turned, torch.tensor([[[16.0, 32.0]]]), atol=1e-4, rtol=0)
    assert not mirrored(affine).any()


def test_a_crop_puts_its_borders_at_the_borders() -> None:
    u = torch.tensor([[0.0, 1.0, 0.5, 0.5, 0.0]])  # left in by a tenth, bottom out by a tenth
    affine = add_map(Crop(0.1), identity(1), u, (100, 200))
    corners = move(affine, torch.tensor([[[19.5, -0.5], [199.5, 109.5]]]))
    torch.testing.assert_close(
        corners, torch.tensor([[[-0.5, -0.5], [199.5, 99.5]]]), atol=1e-3, rtol=0
    )


def test_bounds_are_reached_and_kept() -> None:
    u = uniform([(0, 0, number) for number in range(2000)], 8)
    affine = add_map(Rotation(30.0), identity(2000), u, SIZE)
    angle = torch.atan2(affine[:, 1, 0], affine[:, 0, 0]).rad2deg()
    assert angle.min() >= -30 and angle.max() <= 30
    assert angle.min() < -29 and angle.max() > 29 and abs(float(angle.mean())) < 1.5


def test_a_chance_is_the_share_of_the_samples() -> None:
    u = uniform([(0, 0, number) for number in range(2000)], 8)
    assert mirrored(add_map(Flip(0.25), identity(2000), u, SIZE)).float().mean() == pytest.approx(
        0.25, abs=0.03
    )


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset_gives_images_in_range(preset: str) -> None:
    operations = AugmentOptions(preset=preset).operations()  # type: ignore[arg-type]
    seen = Augmentation(operations, seed=0)(images(8), list(range(8)), 0, points(8))
    assert seen.images.min() >= 0 and seen.images.max() <= 1
    assert seen.images.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_leaves_geometry_exact(dtype: torch.dtype) -> None:
    augment = Augmentation(EVERYTHING, seed=1)
    plain = augment(images(4), [0, 1, 2, 3], 0, points(4))
    with torch.autocast("cpu", dtype=dtype):
        mixed = augment(images(4), [0, 1, 2, 3], 0, points(4))
        back = move(invert(plain.affine), move(plain.affine, points(4) * 10))
    assert torch.equal(plain.images, mixed.images)
    assert torch.equal(plain.keypoints, mixed.keypoints)
    torch.testing.assert_close(back, points(4) * 10, atol=1e-2, rtol=0)


def test_labels_are_missing_where_they_were() -> None:
    labeled = points(2)
    labeled[0, 1] = torch.nan
    seen = Augmentation(EVERYTHING, seed=0)(images(2), [0, 1], 0, labeled)
    assert torch.equal(seen.keypoints.isnan(), labeled.isnan())


def test_a_clip_is_moved_by_one_map_and_never_bent() -> None:
    clip = images(1, 4)
    pipeline = (Rotation(), Elastic())
    seen = Augmentation(pipeline, seed=0)(clip, [9], 0)
    assert seen.bend is None and seen.keypoints.shape == (1, 0, 2)
    assert torch.equal(seen.affine, seen.affine[:1].expand(4, 2, 3))
    unbent = Augmentation((Rotation(),), seed=0)(clip, [9], 0)
    assert torch.equal(seen.images, unbent.images)


def test_hiding_covers_a_labeled_point_in_the_centre_frame_alone() -> None:
    pipeline = (Hide(1.0, size=0.4),)
    whole = images(40, 5)
    labeled = points(40)
    labeled[:, 0] = torch.nan
    seen = Augmentation(pipeline, seed=0)(whole, list(range(40)), 0, labeled, centre=2)
    before, after = whole.float() / 255, seen.images.unflatten(0, (40, 5))
    neighbours = [0, 1, 3, 4]
    assert torch.equal(before[:, neighbours], after[:, neighbours])
    assert torch.equal(seen.keypoints.isnan(), labeled.isnan())  # the labels stay
    changed = (before[:, 2] != after[:, 2]).any(1)
    nearest = labeled[:, 1:].round().long()
    x, y = nearest[..., 0].clamp(0, 47), nearest[..., 1].clamp(0, 31)
    at_points = changed[torch.arange(40)[:, None], y, x]
    assert at_points.any(1).all() and not at_points.all()


def test_a_frame_without_labels_has_nothing_to_hide() -> None:
    nothing = torch.full((2, 4, 2), torch.nan)
    seen = Augmentation((Hide(1.0),), seed=0)(images(2), [0, 1], 0, nothing)
    assert torch.equal(seen.images, images(2)[:, 0].float() / 255)


def test_a_preset_is_changed_by_name() -> None:
    def found(options: AugmentOptions, kind: type) -> list[Any]:
        return [one for one in options.operations() if isinstance(one, kind)]

    options = AugmentOptions(rotation=5, blur=False, flip=True, noise={"chance": 0.5})
    assert found(options, Rotation) == [Rotation(5.0)]
    assert found(options, Blur) == []
    assert found(options, Flip) == [Flip(0.5)]
    assert found(options, Noise) == [Noise(chance=0.5)]
    assert found(AugmentOptions(preset="topdown"), Rotation) == [Rotation(180.0)]
    assert isinstance(options.operations()[0], Flip)  # where presets would have it


def test_a_pipeline_is_read_in_its_order() -> None:
    given = {"pipeline": [{"blur": {"length": 5}}, {"rotation": 10}, "boxes", {"boxes": 2}]}
    options = fill(AugmentOptions, given, "augment")
    assert options.operations() == (Blur(length=5), Rotation(10.0), Boxes(), Boxes(2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rotatoin": 3}, r"augment: unknown option 'rotatoin'; did you mean 'rotation'"),
        ({"rotation": "much"}, r"augment\.rotation\.degrees: 'much' is not a number"),
        ({"rotation": -3}, r"augment\.rotation: degrees is -3\.0; give 0 or more"),
        ({"noise": {"deviaton": 1}}, r"augment\.noise: unknown option 'deviaton'; .*'deviation'"),
        ({"flip": 1.5}, r"augment\.flip: chance is 1\.5; give 1 at most"),
        ({"contrast": 0.5}, r"augment\.contrast: factor is 0\.5; give 1 or more"),
        ({"scale": [1.2, 0.8]}, r"augment\.scale: between is \[1\.2, 0\.8\]"),
        ({"elastic": 0.1}, r"augment\.elastic: shift 0\.1 times cells 6 .*could fold"),
        ({"boxes": 7}, r"augment\.boxes: count is 7; give 6 at most"),
        ({"salt_pepper": {"grain": 0}}, r"augment\.salt_pepper: grain is 0; give 1 pixel"),
        ({"pipeline": ["blurr"]}, r"augment\.pipeline\[0\]: unknown operation 'blurr'; .*'blur'"),
        ({"pipeline": [3]}, r"augment\.pipeline\[0\]: 3 is no operation; give one as in"),
        ({"pipeline": ["elastic", "elastic"]}, r"augment\.pipeline: 'elastic' comes twice"),
        ({"preset": "DLC"}, r"augment\.preset: 'DLC' is not one of"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fill(AugmentOptions, given, "augment")


def test_a_config_can_name_every_operation() -> None:
    named = [one.name for one in fields(AugmentOptions)][2:]
    assert sorted(named) == sorted(OPERATIONS)
    assert named == list(OPERATIONS)
    for kind in OPERATIONS.values():
        assert defaults(kind)["chance"] == kind().chance


def test_dropped_squares_have_their_grain_and_share() -> None:
    plain = torch.full((400, 1, 3, 64, 64), 255, dtype=torch.uint8)
    drop = Dropout(0.2, grain=8, by_channel=0.0)
    seen = Augmentation((drop,), seed=0)(plain, list(range(400)), 0).images
    squares = seen.unflatten(-1, (8, 8)).unflatten(-3, (8, 8))
    assert torch.equal(squares.amax((-3, -1)), squares.amin((-3, -1)))
    assert (seen == 0).float().mean() == pytest.approx(0.1, abs=0.02)  # of up to 0.2


def test_salt_and_pepper_are_equally_many() -> None:
    plain = torch.full((60, 1, 3, 64, 64), 128, dtype=torch.uint8)
    seen = Augmentation((SaltPepper(0.4),), seed=0)(plain, list(range(60)), 0).images
    for value in (0, 1):
        assert (seen == value).float().mean() == pytest.approx(0.1, abs=0.02)


def test_noise_has_its_deviation() -> None:
    plain = torch.full((1, 1, 3, 64, 64), 128, dtype=torch.uint8)
    augment = Augmentation((Noise(0.1),), seed=0)
    found = [float(augment(plain, [number], 0).images.std()) for number in range(60)]
    assert max(found) < 0.105 and np.mean(found) == pytest.approx(0.05, abs=0.01)


def test_a_draw_is_the_same_in_every_version_of_the_house() -> None:
    # a run resumed after an update goes on as it would have; change this with open eyes only
    drawn = uniform([(1, 2, 3)], 3)
    expected = np.random.default_rng((1, 2, 3)).random(3, dtype=np.float32)
    np.testing.assert_array_equal(drawn[0].numpy(), expected)
    assert math.isclose(drawn[0, 0], float(expected[0]))


@pytest.mark.gpu
def test_a_gpu_augments_as_the_processor_does() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    kinds = [kind for kind in EVERYTHING if not isinstance(kind, Noise | SaltPepper | Dropout)]
    augment = Augmentation(tuple(kinds), seed=0)
    here = augment(images(4, 2), [0, 1, 2, 3], 0, points(4), centre=1)
    there = augment(images(4, 2).cuda(), [0, 1, 2, 3], 0, points(4).cuda(), centre=1)
    torch.testing.assert_close(there.keypoints.cpu(), here.keypoints, atol=1e-3, rtol=0)
    torch.testing.assert_close(there.affine.cpu(), here.affine)
    assert (there.images.cpu() - here.images).abs().mean() < 1e-3  # levels may round elsewise
    assert Augmentation(EVERYTHING, seed=0)(images(4).cuda(), [0, 1, 2, 3], 0).images.is_cuda


def test_a_stand_in_for_a_missing_neighbour_is_covered_too() -> None:
    whole = images(40, 5)
    whole[:, 4] = whole[:, 2]  # as where there is no frame after the labeled one
    whole[20:, :] = whole[20:, 2:3]
    seen = Augmentation((Hide(1.0, size=0.4),), seed=0)(whole, list(range(40)), 0, points(40), 2)
    found = seen.images.unflatten(0, (40, 5))
    assert torch.equal(found[:, 4], found[:, 2])
    assert torch.equal(found[20:], found[20:, 2:3].expand(-1, 5, -1, -1, -1))
    assert torch.equal(found[:20, :2], whole[:20, :2].float() / 255)


@pytest.mark.parametrize("preset", ["default", "topdown", "dlc", "none"])
def test_points_are_hidden_where_that_is_asked_for_alone(preset: str) -> None:
    def hidden(**options: Any) -> list[Any]:
        return [one for one in AugmentOptions(**options).operations() if isinstance(one, Hide)]

    assert hidden(preset=preset) == []
    assert hidden(preset=preset, hide=0.2) == [Hide(0.2)]
