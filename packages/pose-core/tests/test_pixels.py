"""Changes of pixel values, each against a second computation."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from pose_core.batches.histograms import clahe, equalize
from pose_core.batches.operations import (
    Brightness,
    Clahe,
    Color,
    Contrast,
    Emboss,
    Equalize,
    Gain,
    Gamma,
)
from pose_core.batches.pixels import (
    Draw,
    brightness,
    color,
    contrast,
    emboss,
    filtered,
    gain,
    gamma,
    lines,
)


def draw_of(*numbers: float) -> Draw:
    nothing = torch.zeros(1, 0, 2)
    return Draw(torch.tensor([numbers]), torch.device("cpu"), seeds=(0,), keypoints=nothing)


def grey_images(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    levels = (torch.randn(shape, generator=generator) * 20 + 90).clamp(0, 255).round()
    return (levels / 255)[:, :, None].expand(-1, -1, 3, -1, -1)


def test_light_changes_as_said() -> None:
    image = torch.tensor([0.2, 0.4, 0.9]).view(1, 1, 3, 1, 1)

    def flat(changed: torch.Tensor) -> list[float]:
        return [round(value, 5) for value in changed.flatten().tolist()]

    assert flat(brightness(image, Brightness(0.1), draw_of(1.0))) == [0.3, 0.5, 1.0]
    assert flat(gain(image, Gain(2.0), draw_of(0.0))) == [0.1, 0.2, 0.45]
    assert flat(contrast(image, Contrast(2.0), draw_of(1.0))) == [-0.1, 0.3, 1.3]
    assert flat(gamma(image, Gamma(2.0), draw_of(1.0))) == [0.04, 0.16, 0.81]
    assert flat(color(image, Color(2.0), draw_of(1.0, 0.5, 0.0))) == [0.4, 0.4, 0.45]


@pytest.mark.parametrize("side", [5, 9])
def test_a_blur_keeps_the_sum_of_the_light(side: int) -> None:
    kernels = lines(torch.linspace(0, 3.1, 7), torch.linspace(1, side, 7), side)
    torch.testing.assert_close(kernels.sum((1, 2)), torch.ones(7))
    torch.testing.assert_close(kernels[0, side // 2, side // 2], torch.tensor(1.0))


def test_a_level_blur_averages_along_its_row() -> None:
    kernel = lines(torch.zeros(1), torch.tensor([5.0]), 5)[0]
    expected = torch.zeros(5, 5)
    expected[2] = 0.2
    torch.testing.assert_close(kernel, expected, atol=1e-6, rtol=0)


def test_every_sample_is_filtered_by_its_own_kernel() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 2, 3, 12, 10, generator=generator)
    kernels = torch.rand(3, 3, 3, generator=generator)
    found = filtered(images, kernels)
    padded = np.pad(images.numpy(), [(0, 0)] * 3 + [(1, 1)] * 2, mode="edge")
    slow = sum(
        kernels.numpy()[:, row, column, None, None, None, None]
        * padded[..., row : row + 12, column : column + 10]
        for row in range(3)
        for column in range(3)
    )
    np.testing.assert_allclose(found.numpy(), slow, atol=1e-5)


def test_a_relief_of_a_plain_image_is_plain() -> None:
    plain = torch.full((1, 1, 3, 8, 8), 0.4)
    torch.testing.assert_close(emboss(plain, Emboss(), draw_of(1.0, 1.0)), plain)


def test_equalising_agrees_with_pillow() -> None:
    image = grey_images(1, 1, 64, 48)
    found = equalize(image, Equalize(), draw_of(0.0))[0, 0, 0] * 255
    pillow = ImageOps.equalize(Image.fromarray((image[0, 0, 0] * 255).round().byte().numpy()))
    # Pillow rounds its steps down, which may cost it some levels of 255
    assert np.abs(found.numpy() - np.asarray(pillow)).mean() < 6
    assert np.corrcoef(found.numpy().ravel(), np.asarray(pillow).ravel())[0, 1] > 0.999


def test_equalised_levels_reach_from_black_to_white_evenly() -> None:
    found = equalize(grey_images(1, 1, 128, 128), Equalize(), draw_of(0.0))[0, 0, 0]
    assert (float(found.min()), float(found.max())) == (pytest.approx(0), pytest.approx(1))
    shares = np.sort(found.numpy().ravel())
    np.testing.assert_allclose(shares, np.linspace(0, 1, len(shares)), atol=0.03)


def test_equalising_keeps_differences_of_colours_and_plain_images() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 3, 16, 16, generator=generator) * 0.5
    found = equalize(image, Equalize(), draw_of(0.0))
    torch.testing.assert_close(found[:, :, 0] - found[:, :, 1], image[:, :, 0] - image[:, :, 1])
    plain = torch.full((1, 1, 3, 8, 8), 0.4)
    torch.testing.assert_close(equalize(plain, Equalize(), draw_of(0.0)), plain)


@pytest.mark.parametrize("size", [(64, 64), (50, 70)])
def test_equalising_in_tiles_agrees_with_loops(size: tuple[int, int]) -> None:
    image = grey_images(1, 1, *size)
    found = clahe(image, Clahe(clip=2.0, tiles=4), draw_of(0.0))[0, 0, 0].numpy()
    levels = np.round(image[0, 0, 0].numpy() * 255).astype(int)
    np.testing.assert_allclose(found, clahe_by_loops(levels, 2.0, 4), atol=1e-5)


def clahe_by_loops(levels: np.ndarray, clip: float, tiles: int) -> np.ndarray:
    """Do the textbook's steps one tile and one pixel at a time."""
    height, width = levels.shape
    row_of, column_of = (np.arange(side) * tiles // side for side in (height, width))
    tables = np.zeros((tiles, tiles, 256))
    for row in range(tiles):
        for column in range(tiles):
            part = levels[row_of == row][:, column_of == column]
            counts = np.bincount(part.ravel(), minlength=256).astype(float)
            limit = clip * part.size / 256
            cut = np.maximum(counts - limit, 0).sum()
            tables[row, column] = np.cumsum(np.minimum(counts, limit) + cut / 256) / part.size
    new = np.zeros(levels.shape)
    for y in range(height):
        for x in range(width):
            v = min(max((y + 0.5) / height * tiles - 0.5, 0), tiles - 1)
            u = min(max((x + 0.5) / width * tiles - 0.5, 0), tiles - 1)
            top, left = int(v), int(u)
            bottom, right = min(top + 1, tiles - 1), min(left + 1, tiles - 1)
            at = tables[:, :, levels[y, x]]
            upper = at[top, left] * (1 - u + left) + at[top, right] * (u - left)
            lower = at[bottom, left] * (1 - u + left) + at[bottom, right] * (u - left)
            new[y, x] = upper * (1 - v + top) + lower * (v - top)
    return new
