"""The one geometry: maps of points and of images agree, and go back."""

import numpy as np
import pytest
import torch
from PIL import Image

from pose_core.batches.augment import Augmentation
from pose_core.batches.geometry import Affine, compose, inside, invert, move, resizing, warp
from pose_core.batches.options import AugmentOptions


def draw_affine(batch: int, size: tuple[int, int], preset: str = "default") -> Affine:
    options = AugmentOptions(preset=preset, flip=0.5, crop=0.1)  # type: ignore[arg-type]
    augment = Augmentation(options.operations(), seed=1)
    numbers = augment.draw([(1, 0, sample) for sample in range(batch)])
    return augment.place(numbers, batch, size, labeled=False)[0]


def test_resizing_keeps_the_corners_of_the_image_at_its_corners() -> None:
    affine = resizing(torch.tensor([[406.0, 396.0]]), (256, 128))
    corners = torch.tensor([[[-0.5, -0.5], [395.5, 405.5], [197.5, 202.5]]])
    expected = torch.tensor([[[-0.5, -0.5], [127.5, 255.5], [63.5, 127.5]]])
    torch.testing.assert_close(move(affine, corners), expected, atol=1e-4, rtol=0)


def test_resizing_points_agrees_with_resizing_pictures() -> None:
    picture = np.zeros((60, 90), np.float32)
    picture[20:23, 50:53] = 1  # centre of mass at (51, 21)
    small = np.asarray(Image.fromarray(picture).resize((45, 40), Image.Resampling.BILINEAR))
    y, x = np.mgrid[:40, :45]
    mass = np.array([(small * x).sum(), (small * y).sum()]) / small.sum()
    point = move(resizing(torch.tensor([[60.0, 90.0]]), (40, 45)), torch.tensor([[[51.0, 21.0]]]))
    np.testing.assert_allclose(point[0, 0].numpy(), mass, atol=0.02)


def test_a_map_and_its_inverse_leave_points_where_they_were() -> None:
    generator = torch.Generator().manual_seed(0)
    affine = draw_affine(16, (64, 96))
    points = torch.rand(16, 5, 2, generator=generator) * 64
    torch.testing.assert_close(
        move(invert(affine), move(affine, points)), points, atol=1e-3, rtol=0
    )
    back = compose(invert(affine), affine)
    torch.testing.assert_close(back, torch.eye(2, 3).expand(16, 2, 3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("preset", ["default", "dlc", "topdown"])
def test_warping_images_moves_a_blob_where_its_point_goes(preset: str) -> None:
    affine = draw_affine(32, (80, 120), preset)
    y, x = torch.meshgrid(torch.arange(80.0), torch.arange(120.0), indexing="ij")
    point = torch.tensor([70.0, 45.0])
    blob = torch.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * 3.0**2))
    warped = warp(blob.expand(32, 1, 80, 120), affine)[:, 0]
    moved = move(affine, point.expand(32, 1, 2))[:, 0]
    checked = 0
    for image, (px, py) in zip(warped, moved, strict=True):
        if not (15 < px < 105 and 15 < py < 65):
            continue
        mass = torch.stack([(image * x).sum(), (image * y).sum()]) / image.sum()
        torch.testing.assert_close(mass, torch.stack([px, py]), atol=0.1, rtol=0)
        checked += 1
    assert checked > 10


def test_the_identity_leaves_an_image_as_it_is() -> None:
    image = torch.rand(2, 3, 17, 23, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        warp(image, torch.eye(2, 3).expand(2, 2, 3)), image, atol=1e-5, rtol=0
    )


def test_inside_counts_whole_pixels_and_refuses_nan() -> None:
    points = torch.tensor([[-0.5, 0], [-0.6, 0], [9.5, 4.5], [9.6, 0], [torch.nan, 1]])
    assert inside(points, (5, 10)).tolist() == [True, False, True, False, False]
