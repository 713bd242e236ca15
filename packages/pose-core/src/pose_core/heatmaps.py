"""Points to heatmaps and back: targets, probability maps, soft-argmax, confidence.

A heatmap cell is `stride` pixels of the network's input wide; both grids have half-pixel centres
(pixel 0 and cell 0 are centres), so `cell = (pixel + 0.5) / stride - 0.5`.

The decoder is that of the Lightning Pose paper: upsample the map, sharpen it by a softmax of high
temperature, take the expectation. Upsampling is linear and separable, so it is two matrix products
`U h U^T`; and where one peak holds all the mass, a window of that product round the peak says the
same as the whole.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import interpolate

FINEST = 4
"""At least this many samples per cell: fewer, and a sharp softmax snaps to the sampling grid."""
SUPPORT = 4
"""Repeated bicubic upsampling reaches less than 2 + 1 + 1/2 + ... = 4 cells."""
TOLERANCE = 0.02
"""Pixels that the window may be away from the whole map, by the bound of `is_enough`."""
NEAR = 2
"""Cells to each side that carry nearly all the weight of a sample; the rest is `Overshoot.far`."""
AT_ONCE = 64
"""Maps upsampled whole at one time, to bound the memory."""

Decoded = tuple[Float[Tensor, "*batch keypoints 2"], Float[Tensor, "*batch keypoints"]]


def to_cells(pixels: Tensor, stride: int) -> Tensor:
    """Give heatmap coordinates for pixels of the network's input."""
    return (pixels + 0.5) / stride - 0.5


def to_pixels(cells: Tensor, stride: int) -> Tensor:
    """Give pixels of the network's input for heatmap coordinates."""
    return (cells + 0.5) * stride - 0.5


def render_heatmaps(
    keypoints: Float[Tensor, "*batch keypoints 2"],
    size: tuple[int, int],
    stride: int,
    sigma: float = 1.25,
) -> Float[Tensor, "*batch keypoints height width"]:
    """Draw one Gaussian per keypoint.

    Args:
        keypoints: (x, y) in pixels of the network's input; NaN where a keypoint is not labeled.
        size: height and width of a heatmap, in cells.
        stride: pixels per cell.
        sigma: standard deviation of the Gaussian, in cells.

    Returns:
        Maps that each sum to 1; all zero where the keypoint is NaN, or so far outside that nothing
        of its Gaussian is left.
    """
    x, y = to_cells(keypoints.to(at_least_float32(keypoints)), stride).unbind(-1)
    height, width = size
    return gaussian(y, height, sigma)[..., :, None] * gaussian(x, width, sigma)[..., None, :]


def gaussian(
    centre: Float[Tensor, "*batch"], cells: int, sigma: float
) -> Float[Tensor, "*batch cells"]:
    """Draw a Gaussian of sum 1 on a line of cells; zero where it is NaN or out of reach."""
    tiny = torch.finfo(centre.dtype).tiny
    centre = centre.nan_to_num(nan=1e6, posinf=1e6, neginf=-1e6)  # out of reach, gradients finite
    distance = torch.arange(cells, device=centre.device) - centre[..., None]
    values = torch.exp(-((distance / sigma) ** 2) / 2)
    total = values.sum(-1, keepdim=True)
    return values / total.clamp(min=tiny) * (total > tiny)


def spatial_softmax(
    logits: Float[Tensor, "*batch height width"],
) -> Float[Tensor, "*batch height width"]:
    """Make maps that are positive and sum to 1, in float32 at least."""
    flat = logits.to(at_least_float32(logits)).flatten(-2)
    return torch.softmax(flat, dim=-1).view(logits.shape)


def soft_argmax(
    heatmaps: Float[Tensor, "*batch keypoints height width"],
    stride: int,
    temperature: float = 1000.0,
    radius: float = 2.0,
    window: int = 13,
) -> Decoded:
    """Decode points as `soft_argmax_full` does, from the part of each map that matters.

    A window of the same upsampling is taken round each map's maximum. Where a bound on what lies
    outside says that the point could be more than `TOLERANCE` pixels off (a spread map, a second
    peak), that map alone is decoded with twice the window, in the end whole.

    Args:
        heatmaps: probability maps.
        stride: pixels of the network's input per cell.
        temperature: of the softmax, for maps that sum to 1.
        radius: half the side of the square, in pixels, whose mass is the confidence.
        window: side of the first window, in cells.

    Returns:
        Points (x, y) in pixels of the network's input, and confidence; see `soft_argmax_full`.
    """
    maps = heatmaps.to(at_least_float32(heatmaps)).flatten(0, -3)
    with torch.autocast(heatmaps.device.type, enabled=False):
        points, confidence = widen(maps, stride, temperature, radius, window)
    return points.view(*heatmaps.shape[:-2], 2), confidence.view(heatmaps.shape[:-2])


def soft_argmax_full(
    heatmaps: Float[Tensor, "*batch keypoints height width"],
    stride: int,
    temperature: float = 1000.0,
    radius: float = 2.0,
) -> Decoded:
    """Decode points: bicubic upsampling by `stride`, sharp softmax, expectation.

    Upsampling is repeated doubling, and two doublings at least, whatever the stride. Averaged over
    where in its cell a point lies the result is unbiased; a single point is up to 0.035 cells
    off, by the ripple of bicubic interpolation.

    Args:
        heatmaps: probability maps.
        stride: pixels of the network's input per cell.
        temperature: of the softmax, for maps that sum to 1.
        radius: half the side of the square, in pixels, whose mass is the confidence.

    Returns:
        Points (x, y) in pixels of the network's input, and confidence: the mass of the sharpened
        map in a square round the point, `radius` pixels to each side (half a cell where that is
        more), between 0 and 1. It is 1 for one clear peak, also a low one; it falls where peaks
        compete or a map is flat (then the point is between them). It says that the map has one
        answer, not that the answer is right.

    Source: Biderman, Whiteway et al., Lightning Pose (2024), section 5.3.1.
    """
    maps = heatmaps.to(at_least_float32(heatmaps)).flatten(0, -3)
    with torch.autocast(heatmaps.device.type, enabled=False):
        points, confidence = decode_whole(maps, stride, temperature, radius)
    return points.view(*heatmaps.shape[:-2], 2), confidence.view(heatmaps.shape[:-2])


def at_least_float32(values: Tensor) -> torch.dtype:
    """Name the dtype to compute in: half precision cannot hold a sharpened map."""
    return torch.promote_types(values.dtype, torch.float32)


def widen(
    maps: Float[Tensor, "maps height width"],
    stride: int,
    temperature: float,
    radius: float,
    window: int,
) -> tuple[Float[Tensor, "maps 2"], Float[Tensor, "maps"]]:
    """Decode in a window, and again in a wider one where it was not enough."""
    if 2 * window > max(maps.shape[-2:]):  # the whole map costs little more then
        return decode_whole(maps, stride, temperature, radius)
    heights = heights_of(maps.detach())
    rows, columns = (window_round(axis, window, stride, maps) for axis in heights[:2])
    values = rows.matrix @ patch(maps, rows, columns) @ columns.matrix.mT
    points, confidence = expect(values, rows.pixels, columns.pixels, temperature, radius, stride)
    lacking = ~is_enough(values.detach(), heights, rows, columns, temperature, stride)
    hopeless = lacking & ~could_be_enough(heights, temperature, stride)
    for some, wider in ((lacking & ~hopeless, 2 * window), (hopeless, max(maps.shape[-2:]))):
        if some.any():
            (number,) = some.nonzero(as_tuple=True)
            better = widen(maps[number], stride, temperature, radius, wider)
            points = points.index_put((number,), better[0])
            confidence = confidence.index_put((number,), better[1])
    return points, confidence


def decode_whole(
    maps: Float[Tensor, "maps height width"], stride: int, temperature: float, radius: float
) -> tuple[Float[Tensor, "maps 2"], Float[Tensor, "maps"]]:
    """Decode from all of each map."""
    u_y, u_x = (upsampling(size, stride, maps.device, maps.dtype) for size in maps.shape[-2:])
    y, x = (sample_pixels(len(u), stride, maps) for u in (u_y, u_x))
    decoded = [
        expect(u_y @ some @ u_x.T, y, x, temperature, radius, stride)
        for some in maps.split(AT_ONCE)
    ]
    points, confidence = zip(*decoded, strict=True)
    return torch.cat(points), torch.cat(confidence)


def expect(
    values: Float[Tensor, "maps rows columns"],
    y: Float[Tensor, "#maps rows"],
    x: Float[Tensor, "#maps columns"],
    temperature: float,
    radius: float,
    stride: int,
) -> tuple[Float[Tensor, "maps 2"], Float[Tensor, "maps"]]:
    """Give the expectation of a softmax of upsampled values, and its mass round there."""
    mass = torch.softmax(temperature * values.flatten(-2), dim=-1).view(values.shape)
    mean_y, mean_x = (mass.sum(-1) * y).sum(-1), (mass.sum(-2) * x).sum(-1)
    # Half a sample more than the radius: 2 pixels to each side of a pixel are 5 pixels.
    reach = max(radius, stride / 2) + 0.5 * stride / samples_per_cell(stride)
    near_y = ((y - mean_y[:, None]).abs() <= reach).to(mass.dtype)
    near_x = ((x - mean_x[:, None]).abs() <= reach).to(mass.dtype)
    inside = near_y[:, None, :] @ mass @ near_x[:, :, None]
    return torch.stack([mean_x, mean_y], dim=-1), inside[:, 0, 0].clamp(0, 1)


class Heights(NamedTuple):
    """What is read of whole maps to lay a window and to bound what it leaves out.

    Attributes:
        rows: (maps, height) the highest cell of each row.
        columns: (maps, width) the highest cell of each column.
        lowest: (maps,) the lowest cell.
    """

    rows: Float[Tensor, "maps height"]
    columns: Float[Tensor, "maps width"]
    lowest: Float[Tensor, "maps"]


def heights_of(maps: Float[Tensor, "maps height width"]) -> Heights:
    """Read maps once."""
    return Heights(maps.amax(-1), maps.amax(-2), maps.amin((-2, -1)))


class Window(NamedTuple):
    """One axis of the windows, one for each map.

    Attributes:
        cells: (maps, patch) cells that the window's samples are made of.
        matrix: (maps, samples, patch) their weights.
        pixels: (maps, samples) where the samples lie, in pixels of the network's input.
        inner: (maps, size) cells that no sample outside the window is made of, but for far ones.
    """

    cells: Int[Tensor, "maps patch"]
    matrix: Float[Tensor, "maps samples patch"]
    pixels: Float[Tensor, "maps samples"]
    inner: Bool[Tensor, "maps size"]


def window_round(
    heights: Float[Tensor, "maps size"], window: int, stride: int, like: Tensor
) -> Window:
    """Lay windows round the highest row (or column) of each map, wholly inside the map."""
    size = heights.shape[-1]
    window = min(window, size)
    first = (heights.argmax(-1) - window // 2).clamp(0, size - window)
    matrices, starts = blocks(size, window, stride, like.device, like.dtype)
    pixels = sample_pixels(matrices.shape[1], stride, like) + first[:, None] * stride
    cell = torch.arange(size, device=like.device)
    low = torch.where(first == 0, 0, first + NEAR)  # nothing lies beyond the map's own border
    high = torch.where(first == size - window, size, first + window - NEAR)
    return Window(
        cells=starts[first][:, None] + torch.arange(matrices.shape[-1], device=like.device),
        matrix=matrices[first],
        pixels=pixels,
        inner=(cell >= low[:, None]) & (cell < high[:, None]),
    )


def patch(
    maps: Float[Tensor, "maps height width"], rows: Window, columns: Window
) -> Float[Tensor, "maps patch_height patch_width"]:
    """Cut out the cells that a window needs."""
    index = rows.cells[:, :, None] * maps.shape[-1] + columns.cells[:, None, :]
    return maps.flatten(-2).gather(1, index.flatten(-2)).view(index.shape)


def is_enough(
    values: Float[Tensor, "maps rows columns"],
    heights: Heights,
    rows: Window,
    columns: Window,
    temperature: float,
    stride: int,
) -> Bool[Tensor, "maps"]:
    """Say whether what a window leaves out moves the point by less than `TOLERANCE`.

    No sample outside is higher than `near` times the highest cell near it plus `far` times the
    highest cell of all (both above the lowest); so many samples of that height, as far away as the
    map allows, weigh less than the tolerance against the window's own maximum.
    """
    overshoot = overshoots(heights.rows.shape[-1], heights.columns.shape[-1], stride)
    other_rows = heights.rows.masked_fill(rows.inner, -math.inf).amax(-1)
    other_columns = heights.columns.masked_fill(columns.inner, -math.inf).amax(-1)
    outside = torch.maximum(other_rows, other_columns).clamp(min=heights.lowest) - heights.lowest
    bound = overshoot.near * outside + overshoot.far * (heights.rows.amax(-1) - heights.lowest)
    clear = values.amax((-2, -1)) - heights.lowest - bound
    return temperature * clear >= clearance(heights, stride)


def could_be_enough(heights: Heights, temperature: float, stride: int) -> Bool[Tensor, "maps"]:
    """Say whether any window could be: one that leaves out only cells as low as the lowest."""
    near, far = overshoots(heights.rows.shape[-1], heights.columns.shape[-1], stride)
    highest = (near + far) * (heights.rows.amax(-1) - heights.lowest)
    return temperature * highest >= clearance(heights, stride)


def clearance(heights: Heights, stride: int) -> float:
    """Say how far, in exponents, a window's maximum must be above everything outside."""
    height, width = heights.rows.shape[-1], heights.columns.shape[-1]
    samples = height * width * samples_per_cell(stride) ** 2
    return math.log(samples * math.hypot(height, width) * stride / TOLERANCE)


class Overshoot(NamedTuple):
    """How far upsampled values can rise above cells.

    Attributes:
        near: per unit of the highest cell at most `NEAR` cells away.
        far: per unit of the highest cell anywhere.
    """

    near: float
    far: float


@lru_cache(maxsize=64)
def overshoots(height: int, width: int, stride: int) -> Overshoot:
    """Bound a sample by the cells it is made of: by the sums of its weights, sign by sign."""
    axes = [weights_by_reach(size, stride) for size in (height, width)]
    (up_y, down_y, far_y), (up_x, down_x, far_x) = axes
    far = far_y * (up_x + down_x + far_x) + far_x * (up_y + down_y)
    return Overshoot(near=up_y * up_x + down_y * down_x, far=far)


def weights_by_reach(size: int, stride: int) -> tuple[float, float, float]:
    """Give the largest sums of near positive, near negative and far weights of any sample."""
    u = upsampling(size, stride, torch.device("cpu"), torch.float64)
    cell = torch.arange(len(u)) // samples_per_cell(stride)
    near = (torch.arange(size) - cell[:, None]).abs() <= NEAR
    sums = [(u * near).clamp(min=0), (-u * near).clamp(min=0), (u * ~near).abs()]
    up, down, far = (float(one.sum(1).max()) for one in sums)
    return up, down, far


def samples_per_cell(stride: int) -> int:
    """Say how often a cell is sampled: once a pixel, and `FINEST` times at least."""
    return stride * max(1, math.ceil(FINEST / stride))


def sample_pixels(samples: int, stride: int, like: Tensor) -> Float[Tensor, "1 samples"]:
    """Give where samples lie, in pixels of the network's input."""
    number = torch.arange(samples, device=like.device, dtype=like.dtype)[None]
    return (number + 0.5) * (stride / samples_per_cell(stride)) - 0.5


@lru_cache(maxsize=32)
@torch.inference_mode(False)  # kept for later calls, which may want gradients
def upsampling(
    size: int, stride: int, device: torch.device, dtype: torch.dtype
) -> Float[Tensor, "samples size"]:
    """Make the matrix of bicubic upsampling, doubling by doubling, by upsampling the identity."""
    signals = torch.eye(size, dtype=torch.float64)[None, :, :, None]
    factor = samples_per_cell(stride)
    while factor > 1:
        by = 2 if factor % 2 == 0 else factor
        shape = (signals.shape[2] * by, 1)
        signals = interpolate(signals, size=shape, mode="bicubic", align_corners=False)
        factor //= by
    return signals[0, :, :, 0].T.to(device, dtype).contiguous()


@lru_cache(maxsize=32)
@torch.inference_mode(False)
def blocks(
    size: int, window: int, stride: int, device: torch.device, dtype: torch.dtype
) -> tuple[Float[Tensor, "starts samples patch"], Int[Tensor, "starts"]]:
    """Cut the upsampling matrix into the block of every window, and say where its cells start."""
    u = upsampling(size, stride, device, dtype)
    samples, width = samples_per_cell(stride), min(window + 2 * SUPPORT, size)
    starts = [min(max(first - SUPPORT, 0), size - width) for first in range(size - window + 1)]
    cut = [
        u[first * samples : (first + window) * samples, start : start + width]
        for first, start in enumerate(starts)
    ]
    return torch.stack(cut), torch.tensor(starts, device=device)
