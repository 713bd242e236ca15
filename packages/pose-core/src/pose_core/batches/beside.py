"""What lies beside labeled images: other frames on disk, and the video they were taken from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pose_core.project import Project

SHIFTS = (0, 1, -1, 2, -2, 3, -3)
"""Where a labeled frame is looked for in its video, about the number in its name, in this order."""
GRID = 32
"""Pictures are compared by so many grey cells a side: noise and codecs change finer ones."""
ALIKE = 14.0
"""Grey levels by which hardly a cell (one in a hundred) of the same moment differs."""
TIE = 0.1
"""Mean grey levels within which two frames match as well: the earlier in `SHIFTS` is taken."""
RELATED, UNRELATED = 0.3, 0.8
"""Shares of the difference of any two moments that neighbouring ones have: surely, and at most."""
PAIRS = 12
"""Pairs of images that are looked at to tell."""


@dataclass(frozen=True)
class Name:
    """The name of an image that ends in a number, such as `cam1_img0027.png`."""

    path: Path
    number: int
    digits: slice

    def at(self, number: int) -> Path:
        """Name the image of another number."""
        stem, width = self.path.stem, self.digits.stop - self.digits.start
        written = f"{stem[: self.digits.start]}{number:0{width}d}{stem[self.digits.stop :]}"
        return self.path.with_name(written + self.path.suffix)


def parse(path: Path) -> Name | None:
    """Find the last number in an image's name; None where it has none."""
    match = re.search(r"(\d+)(?!.*\d)", path.stem)
    return None if match is None else Name(path, int(match[1]), slice(*match.span()))


def on_disk(path: Path, offsets: Sequence[int]) -> dict[int, Path]:
    """Find the images at some offsets from one, by the numbers in their names; not the one itself.

    `img0027.png` and offset -1 give `img0026.png` where that lies beside it.
    """
    name = parse(path)
    if name is None:
        return {}
    wanted = {offset: name.at(name.number + offset) for offset in offsets if offset}
    return {
        offset: other
        for offset, other in wanted.items()
        if name.number + offset >= 0 and other.is_file()
    }


def video_of(project: Project, path: Path) -> Path | None:
    """Give the video of a labeled image: the one named like its folder, or the only one."""
    named = [video for video in project.videos if video.stem == path.parent.name]
    if len(named) == 1:
        return named[0]
    return project.videos[0] if len(project.videos) == 1 else None


def miscounted(project: Project) -> set[Path]:
    """Find the folders where names count the images, not the frames: 1, 2, 3 for any moments."""
    folders = by_folder(map(project.image_path, project.labels.frames))
    return {folder for folder, paths in folders.items() if counts_images(paths)}


def counts_images(paths: Sequence[Path], related: float = RELATED) -> bool:
    """Say whether the numbers of the images of one folder are not those of frames.

    They are doubted where they begin with 0 or 1 and most are followed by the next; pictures tell
    then, for those of neighbouring moments differ by less than those of any two.

    Args:
        paths: the images.
        related: share of the difference of any two that neighbouring ones may have.
    """
    known, pairs = set(paths), []
    for path in sorted(paths):
        after = on_disk(path, [1]).get(1)
        if after in known and after is not None:
            pairs.append((path, after))
    numbers = [name.number for name in map(parse, paths) if name is not None]
    if len(pairs) < 4 or 2 * len(pairs) <= len(paths) or min(numbers) > 1:
        return False
    chosen = pairs[:: -(-len(pairs) // PAIRS)]
    seen = [(cells_of(path), cells_of(after)) for path, after in chosen]
    close = np.median([difference(one, after) for one, after in seen])
    away = [*seen[len(seen) // 2 :], *seen[: len(seen) // 2]]
    far = np.median([difference(a, b) for (a, _), (b, _) in zip(seen, away, strict=True)])
    return bool(close > related * far)


def cells_of(path: Path) -> np.ndarray:
    """Read an image as cells; all grey where it cannot be read, which is said elsewhere."""
    try:
        with Image.open(path) as image:
            return cells(np.asarray(image.convert("RGB")))
    except OSError:
        return np.zeros((GRID, GRID))


def cells(image: np.ndarray) -> np.ndarray:
    """Average a uint8 (height, width, 3) picture to (GRID, GRID) grey levels."""
    small = Image.fromarray(image).convert("L").resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small, dtype=float)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Give the mean difference of cells, whatever the brightness of the whole."""
    return float(np.abs(deviation(one, other)).mean())


def is_alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether cells show the same moment, at most differently coded."""
    return float(np.quantile(np.abs(deviation(one, other)), 0.99)) <= ALIKE


def deviation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Subtract cells, but for what all of them differ by."""
    away = one - other
    return away - np.median(away)


def shift_of(image: np.ndarray, near: Mapping[int, np.ndarray]) -> int | None:
    """Say by how many frames the number in a name is off; None where no frame is the image.

    Args:
        image: the labeled one, uint8 (height, width, 3).
        near: frames of the video of the same size, by their shift from that number.
    """
    wanted, seen = cells(image), {shift: cells(frame) for shift, frame in near.items()}
    same = {shift: difference(wanted, one) for shift, one in seen.items() if is_alike(wanted, one)}
    if not same:
        return None
    best = min(same.values())
    return next(shift for shift in SHIFTS if same.get(shift, np.inf) <= best + TIE)


def sequences(paths: Sequence[Path]) -> list[list[Path]]:
    """Part images, in their order, into sequences of following numbers; most may stand alone.

    Where numbers count the images of a folder and these are not alike at all, all stand alone.
    """
    folders = by_folder(paths)
    alone = {one for one, group in folders.items() if counts_images(group, UNRELATED)}
    parts: list[list[Path]] = []
    for path in paths:
        follows = parts and path.parent not in alone and on_disk(parts[-1][-1], [1]).get(1) == path
        if follows:
            parts[-1].append(path)
        else:
            parts.append([path])
    return parts


def by_folder(paths: Iterable[Path]) -> dict[Path, list[Path]]:
    """Group images by their folder."""
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    return folders
