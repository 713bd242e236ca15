"""Elastic bending: points and pictures agree, by a second computation, and there is a way back."""

import numpy as np
import pytest
import torch

from pose_core.batches.augment import Augmentation
from pose_core.batches.bending import Bend, draw_bend
from pose_core.batches.operations import Elastic, Rotation

SIZE = (80, 120)
MILD = Elastic(0.02, cells=5)


def bend_of(batch: int, operation: Elastic = MILD) -> Bend:
    generator = torch.Generator().manual_seed(0)
    numbers = torch.rand(batch, 1 + 2 * (operation.cells + 3) ** 2, generator=generator)
    return draw_bend(operation, numbers, SIZE)


def test_a_bend_and_its_inverse_leave_points_where_they_were() -> None:
    bend = bend_of(8, Elastic(0.15, cells=1))  # the strongest there is
    points = torch.rand(8, 50, 2, generator=torch.Generator().manual_seed(1)) * 150 - 20
    torch.testing.assert_close(bend.move(bend.back(points)), points, atol=1e-3, rtol=0)
    torch.testing.assert_close(bend.back(bend.move(points)), points, atol=1e-3, rtol=0)


def test_the_displacement_is_the_spline_of_its_control_points() -> None:
    bend = bend_of(1)
    at = np.array([[7.0, 33.0], [100.25, 61.5], [0.0, 79.0]])
    for number, (x, y) in enumerate(at):
        for axis in (0, 1):
            controls = bend.controls[0, :, :, axis].numpy()
            rows = de_boor(controls, (y + 0.5) / SIZE[0] * 5)
            expected = de_boor(rows, (x + 0.5) / SIZE[1] * 5)
            found = bend.at(torch.tensor(at[None], dtype=torch.float32))[0, number, axis]
            assert float(found) == pytest.approx(float(expected), abs=1e-5)


def de_boor(controls: np.ndarray, place: float) -> np.ndarray:
    """Evaluate a cubic B-spline with knots at whole numbers by de Boor's recursion."""
    cell = min(int(place), len(controls) - 4)
    values = [controls[cell + number].astype(float) for number in range(4)]
    for level in (1, 2, 3):
        for number in range(3, level - 1, -1):
            first = cell + number - 3  # knot where this control point begins to count
            share = (place - first) / (4 - level)
            values[number] = (1 - share) * values[number - 1] + share * values[number]
    return values[3]


def test_the_field_is_the_displacement_of_every_pixel() -> None:
    bend = bend_of(2)
    y, x = torch.meshgrid(torch.arange(80.0), torch.arange(120.0), indexing="ij")
    pixels = torch.stack([x, y], -1).flatten(0, 1).expand(2, -1, 2)
    torch.testing.assert_close(bend.field().flatten(1, 2), bend.at(pixels), atol=1e-5, rtol=0)


def test_bent_pictures_show_blobs_where_bent_points_are() -> None:
    y, x = torch.meshgrid(torch.arange(80.0), torch.arange(120.0), indexing="ij")
    generator = torch.Generator().manual_seed(2)
    points = torch.rand(24, 1, 2, generator=generator) * torch.tensor([60.0, 30.0]) + torch.tensor(
        [30.0, 25.0]
    )
    blobs = torch.exp(-((x - points[..., :1]) ** 2 + (y - points[..., 1:]) ** 2) / (2 * 2.0**2))
    pictures = (255 * blobs).to(torch.uint8)[:, None, None].expand(-1, 1, 3, -1, -1)
    augment = Augmentation((Rotation(20.0), Elastic(0.05, cells=3)), seed=0)
    seen = augment(pictures, list(range(24)), 0, points)
    image = seen.images[:, 0]
    mass = torch.stack([(image * x).sum((1, 2)), (image * y).sum((1, 2))], -1)
    mass = mass / image.sum((1, 2))[:, None]
    moved = (seen.keypoints[:, 0] - points[:, 0]).norm(dim=-1)
    assert moved.max() > 5
    torch.testing.assert_close(mass, seen.keypoints[:, 0], atol=0.3, rtol=0)


def test_bent_points_are_where_a_search_through_the_field_finds_them() -> None:
    bend = bend_of(1, Elastic(0.05, cells=3))
    field = bend.field()[0]
    y, x = torch.meshgrid(torch.arange(80.0), torch.arange(120.0), indexing="ij")
    before = torch.stack([x, y], -1) + field  # where each pixel of the bent image was
    for point in ([40.0, 30.0], [77.0, 52.0], [100.0, 11.0]):
        nearest = (before - torch.tensor(point)).norm(dim=-1).argmin()
        found = bend.move(torch.tensor([[point]]))[0, 0]
        place = torch.stack([nearest % 120, nearest // 120]).float()
        assert (found - place).abs().max() < 0.6


def test_nothing_folds() -> None:
    bend = bend_of(16, Elastic(0.025, cells=6))
    field = bend.field()
    along_x = 1 + field[:, :, 1:, 0] - field[:, :, :-1, 0]
    along_y = 1 + field[:, 1:, :, 1] - field[:, :-1, :, 1]
    assert along_x.min() > 0 and along_y.min() > 0


def test_some_samples_stay_unbent() -> None:
    bend = bend_of(64, Elastic(0.02, chance=0.5))
    still = (bend.controls == 0).flatten(1).all(1)
    assert 15 < int(still.sum()) < 49
