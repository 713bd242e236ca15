"""What frames look like: motion energy, principal components and clusters, in numpy.

Source: Biderman, Whiteway et al. (2024), section 5.7: frames of high motion energy are compressed
by PCA and clustered by k-means, and one is taken from each cluster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from tqdm import tqdm

from pose_core.hookspecs import VideoInfo, VideoReader

LONG_SIDE = 64
"""Pixels that frames are read at, on their longer side; less of several views, as many in all."""
WINDOW = 64
"""Frames that are read at a time."""
MOST = 20_000
"""Frames of one recording that are looked at, evenly spread where it has more."""
COMPONENTS = 32
ROUNDS = 100
"""Of k-means, at most."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What some frames of one recording look like.

    Attributes:
        numbers: int (frames,), rising.
        energy: (frames,), mean grey levels by which pixels differ from the frame before.
        pictures: uint8 (frames, pixels), small and grey; of several views one behind the other.
    """

    numbers: np.ndarray
    energy: np.ndarray
    pictures: np.ndarray


def look_at_all(views: Sequence[VideoInfo], reader: VideoReader, progress: bool) -> Looks:
    """Read a whole recording, small; frames that do not decode in some view are left out.

    Raises:
        VideoError: if it cannot be read.
    """
    frames = min(info.frames for info in views)
    side = LONG_SIDE / len(views) ** 0.5
    looks = [look_at_view(info, frames, small(info.size, side), reader, progress) for info in views]
    numbers = reduce(np.intersect1d, [one.numbers for one in looks])
    rows = [np.searchsorted(one.numbers, numbers) for one in looks]
    return Looks(
        numbers,
        np.mean([one.energy[own] for one, own in zip(looks, rows, strict=True)], axis=0),
        np.concatenate([one.pictures[own] for one, own in zip(looks, rows, strict=True)], axis=1),
    )


def look_at_view(
    info: VideoInfo, frames: int, size: tuple[int, int], reader: VideoReader, progress: bool
) -> Looks:
    """Read the first frames of a video, at a size; those that do not decode are left out.

    Raises:
        VideoError: if it cannot be read.
    """
    step = -(-frames // MOST)
    windows = [range(n, min(n + WINDOW, frames)) for n in range(0, frames, WINDOW)]
    numbers: list[int] = []
    energy: list[float] = []
    pictures: list[np.ndarray] = []
    before: np.ndarray | None = None
    with tqdm(total=frames, desc=info.path.name, unit="frame", disable=not progress) as bar:
        for clip in reader.read(info.path, windows, size, "cpu"):
            for number, image, decoded in zip(clip.numbers, clip.images, clip.decoded, strict=True):
                if not decoded:
                    before = None
                    continue
                grey = image.mean(axis=-1)
                if number % step == 0:
                    numbers.append(int(number))
                    energy.append(np.nan if before is None else np.abs(grey - before).mean())
                    pictures.append(halved(grey))
                before = grey
            bar.update(len(clip.numbers))
    known = np.nan_to_num(np.array(energy, dtype=float))
    return Looks(np.array(numbers, dtype=int), known, stacked(pictures))


def small(size: tuple[int, int], long_side: float = LONG_SIDE) -> tuple[int, int]:
    """Give a size of the same shape with a long side of so many pixels, both sides even."""
    scale = long_side / max(size)
    height, width = (max(2, 2 * round(side * scale / 2)) for side in size)
    return height, width


def halved(grey: np.ndarray) -> np.ndarray:
    """Average 2 by 2 pixels: float (height, width) to flat uint8."""
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    return grey.reshape(height, 2, width, 2).mean(axis=(1, 3)).round().astype(np.uint8).ravel()


def stacked(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Stack pictures, of which there may be none."""
    return np.stack(pictures) if pictures else np.zeros((0, 1), np.uint8)


def principal(pictures: np.ndarray, components: int = COMPONENTS) -> np.ndarray:
    """Compress vectors to their first principal components, float (vectors, components)."""
    centred = pictures.astype(np.float32)
    centred -= centred.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ vectors[:, ::-1][:, :components], dtype=float)


def clustered(points: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Put points into clusters by k-means, begun as k-means++ does.

    Source: Arthur and Vassilvitskii, k-means++ (2007).

    Args:
        points: (points, axes).
        count: of clusters; no more are made than there are different points.
        seed: of the beginning.

    Returns:
        int (points,), the cluster of each; and float (points,), its squared distance to the centre.
    """
    centres = begun(points, count, np.random.default_rng(seed))
    own = np.full(len(points), -1)
    for _ in range(ROUNDS):
        away = squared(points, centres)
        nearest = away.argmin(axis=1)
        if np.array_equal(nearest, own):
            break
        own = nearest
        for cluster in np.unique(own):
            centres[cluster] = points[own == cluster].mean(axis=0)
    return own, squared(points, centres)[np.arange(len(points)), own]


def begun(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw points to begin with, far ones more likely, (clusters, axes)."""
    chosen = [int(rng.integers(len(points)))]
    away = squared(points, points[chosen])[:, 0]
    while len(chosen) < count and away.sum() > 0:
        chosen.append(int(rng.choice(len(points), p=away / away.sum())))
        away = np.minimum(away, squared(points, points[chosen[-1:]])[:, 0])
        away[chosen] = 0.0
    return points[chosen].copy()


def squared(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Give squared distances, (points, centres)."""
    columns: Iterator[np.ndarray] = (((points - centre) ** 2).sum(axis=1) for centre in centres)
    return np.stack(list(columns), axis=1)
