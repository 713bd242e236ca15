"""Shaded balls, textures and light: what turns posed parts into a picture.

Pictures are float32 (3, height, width), 0..255; pixel (0, 0) is the centre of the top-left one.
"""

import numpy as np


def relief(balls: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice, np.ndarray] | None:
    """Melt balls into one smooth body and give its height over the pixels around it.

    Args:
        balls: (n, 3), x, y and radius in pixels.
        size: height and width of the picture.

    Returns:
        Rows and columns that it touches, and there the greatest (r^2 - d^2) / 2r over the balls,
        d being the distance to a ball's centre: near the outline that is the distance to it,
        positive inside, and its gradient is the sideways part of a ball's unit normal.
        None where it is out of the picture.
    """
    x, y, r = balls.T.astype(np.float32)
    left, right = int(np.floor((x - r).min())) - 1, int(np.ceil((x + r).max())) + 2
    up, down = int(np.floor((y - r).min())) - 1, int(np.ceil((y + r).max())) + 2
    rows, columns = slice(max(up, 0), min(down, size[0])), slice(max(left, 0), min(right, size[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    across = np.arange(columns.start, columns.stop, dtype=np.float32) - x[:, None]
    along = np.arange(rows.start, rows.stop, dtype=np.float32) - y[:, None]
    twice = 2 * r[:, None]
    across, along = (r[:, None] ** 2 - across**2) / twice, along**2 / twice
    height = across[0] - along[0][:, None]
    for one, other in zip(across[1:], along[1:], strict=True):
        np.maximum(height, one - other[:, None], out=height)
    return rows, columns, height


def shade(height: np.ndarray, light: np.ndarray, ambient: float) -> np.ndarray:
    """Light a relief from one side: ambient light and Lambert's cosine law.

    Args:
        height: as `relief` gives it.
        light: unit vector to the lamp, (right, down, towards the camera).
        ambient: part of the light that comes from everywhere.
    """
    down = np.zeros_like(height)
    across = np.zeros_like(height)
    down[:-1] = height[1:] - height[:-1]
    across[:, :-1] = height[:, 1:] - height[:, :-1]
    facing = np.sqrt(np.clip(1 - down**2 - across**2, 0, 1))
    cosine = across * -light[0] - down * light[1] + facing * light[2]
    return np.float32(ambient) + np.float32(1 - ambient) * np.clip(cosine, 0, None)


def paint(
    picture: np.ndarray, place: tuple[slice, slice], cover: np.ndarray, colour: np.ndarray
) -> None:
    """Lay a colour (3, 1, 1) or (3, h, w) over part of a picture, in place, for speed.

    Args:
        picture: (3, height, width).
        place: rows and columns of the part.
        cover: (h, w), 0 for nothing to 1 for all.
        colour: what is laid on.
    """
    part = picture[:, place[0], place[1]]
    part += cover * (colour - part)


def texture(rng: np.random.Generator, size: tuple[int, int], grain: int) -> np.ndarray:
    """Give smooth random grey in -1..1, (height, width), that repeats seamlessly left to right."""
    height, width = size
    coarse = rng.uniform(-1, 1, (height // grain + 3, max(width // grain, 2)))
    coarse = np.concatenate([coarse, coarse[:, :1]], axis=1)
    y = np.linspace(0, coarse.shape[0] - 1.001, height)
    x = np.linspace(0, coarse.shape[1] - 1.001, width)
    rows, columns = y.astype(int), x.astype(int)
    down, across = (y - rows)[:, None], x - columns
    down, across = down**2 * (3 - 2 * down), across**2 * (3 - 2 * across)
    upper = coarse[rows][:, columns] * (1 - across) + coarse[rows][:, columns + 1] * across
    lower = coarse[rows + 1][:, columns] * (1 - across) + coarse[rows + 1][:, columns + 1] * across
    return (upper * (1 - down) + lower * down).astype(np.float32)


def scrolled(strip: np.ndarray, shift: float, width: int) -> np.ndarray:
    """Give a window of a repeating strip (3, height, period) that has moved left by `shift`."""
    period = strip.shape[-1] - width - 1
    start = shift % period
    whole = int(start)
    rest = np.float32(start - whole)
    first = strip[..., whole : whole + width]
    return first + rest * (strip[..., whole + 1 : whole + 1 + width] - first)


def doubled(strip: np.ndarray, width: int) -> np.ndarray:
    """Append the beginning of a repeating strip, so that any window of it lies in one piece."""
    copies = [strip] * (2 + width // strip.shape[-1])
    return np.concatenate(copies, axis=-1)[..., : strip.shape[-1] + width + 1]


def soften(picture: np.ndarray, amount: float) -> np.ndarray:
    """Blur a picture by a small bell; 0 is none, 1 a quarter-half-quarter filter each way."""
    side = np.float32(amount / 4)
    soft = picture.copy()
    soft[:, 1:-1] += side * (picture[:, 2:] + picture[:, :-2] - 2 * picture[:, 1:-1])
    both = soft.copy()
    both[..., 1:-1] += side * (soft[..., 2:] + soft[..., :-2] - 2 * soft[..., 1:-1])
    return both


def vignette(size: tuple[int, int], falloff: float, side: float) -> np.ndarray:
    """Give how bright each pixel is lit, (height, width): darker to the corners and to one side."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in size)
    lit = 1 - np.float32(falloff / 2) * (x**2 + y[:, None] ** 2)
    return lit * (1 + np.float32(0.15 * side) * x)
