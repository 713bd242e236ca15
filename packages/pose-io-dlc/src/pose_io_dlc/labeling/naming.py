"""How the images of a project are named, so that new ones are named alike."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pose_io_dlc.labels import FOLDER
from pose_io_dlc.sheets.sheet import IMAGES

NAME = re.compile(r"(.*?)(\d+)")
"""The stem of an image that a tool took from a video: `img0027`, `frame00000123`."""


class Naming(NamedTuple):
    """A prefix, and the least number of digits after it."""

    prefix: str
    width: int

    def image(self, number: int) -> str:
        """Name the image of a frame."""
        return f"{self.prefix}{number:0{self.width}d}.png"


def number_of(name: str) -> int | None:
    """Read the number of a frame off the name of its image; None where it is no such name."""
    match = NAME.fullmatch(PurePosixPath(name).stem)
    return int(match[2]) if match else None


def images_of(folder: Path) -> Iterator[str]:
    """Name the images in a folder; hidden ones are left out."""
    if folder.is_dir():
        files = (one.name for one in folder.iterdir() if one.suffix.lower() in IMAGES)
        yield from sorted(name for name in files if not name.startswith("."))


def folders_of(root: Path) -> list[Path]:
    """List the folders of images, one for each video; those with drawings are left out."""
    folder = root / FOLDER
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [one for one in found if one.is_dir() and not one.name.endswith("_labeled")]


def numbered(images: Iterable[str]) -> dict[str, frozenset[int]]:
    """Group the numbers of images by the folder they lie in, which names their video."""
    found: dict[str, set[int]] = {}
    for image in images:
        if (number := number_of(image)) is not None:
            found.setdefault(PurePosixPath(image).parent.name, set()).add(number)
    return {video: frozenset(numbers) for video, numbers in found.items()}


def taken_in(root: Path, named: Iterable[str]) -> Mapping[str, frozenset[int]]:
    """Give the numbers of frames that are images of a project, or are named by its files."""
    there = (f"{folder.name}/{name}" for folder in folders_of(root) for name in images_of(folder))
    return numbered([*there, *named])


def naming_of(
    root: Path, videos: Sequence[str], length: int, width: int, project_width: bool
) -> Naming:
    """Say how new images of videos are named: as those of their folders, or else of the project.

    Args:
        root: the project.
        videos: stems of the videos; the views of one recording, whose images are named alike.
        length: frames that they have; no number has more digits than there is room for.
        width: digits where nothing is there to go by.
        project_width: whether to take the number of digits from other videos' images too.
    """
    least = len(str(max(length - 1, 0)))
    own = styles(name for video in videos for name in images_of(root / FOLDER / video))
    others = styles(name for folder in folders_of(root) for name in images_of(folder))
    style = (own or others or Counter({Naming("img", width): 1})).most_common(1)[0][0]
    digits = style.width if own or project_width else width
    return Naming(style.prefix, max(digits, least))


def styles(names: Iterable[str]) -> Counter[Naming]:
    """Count how images are named."""
    matches = (NAME.fullmatch(PurePosixPath(name).stem) for name in names)
    return Counter(Naming(match[1], len(match[2])) for match in matches if match)
