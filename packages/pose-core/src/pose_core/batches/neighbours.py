"""The frames round labeled ones, for heads that look at them: from disk, or from their video."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pose_core.batches.beside import SHIFTS, miscounted, on_disk, parse, shift_of, video_of
from pose_core.batches.images import read_image
from pose_core.errors import VideoError
from pose_core.project import Project
from pose_core.video.pyav import probe, read
from pose_core.video.windows import reflected


class Window(NamedTuple):
    """A labeled frame with its neighbours.

    Attributes:
        images: uint8 (offsets, height, width, 3), resized. A neighbour beyond an end of the video
            is reflected there, as in prediction; another missing one is the one as far on the
            other side or, without that, the frame itself.
        size: height and width of the labeled image on disk.
        disk: how many neighbours are images on disk.
        video: how many are frames of the video.
        shift: by how much the number in its name is off in the video; None where it was not looked
            for, or not found.
        lost: whether it was looked for in vain.
    """

    images: np.ndarray
    size: tuple[int, int]
    disk: int = 0
    video: int = 0
    shift: int | None = None
    lost: bool = False


class Seen(NamedTuple):
    """What a video shows round a labeled frame.

    Attributes:
        frames: images by their offset, reflected at the ends.
        real: the offsets of those that are not reflected.
        shift: as in `Window`.
    """

    frames: Mapping[int, np.ndarray] = {}
    real: frozenset[int] = frozenset()
    shift: int | None = None


class Neighbours:
    """Windows of labeled frames, found and read once as far as memory is given.

    A neighbour is the image on disk with the number that far from the labeled one's or else the
    frame of that number in its video, the one named like the image's folder or the project's only
    one. The labeled image is held against the video first, for not every number is a frame's.

    Args:
        project: where images and videos are.
        rows: of the project's labels that will be asked for.
        offsets: frame numbers relative to the labeled one.
        size: height and width to resize to.
        cache_mb: windows are kept in memory up to this many megabytes.
    """

    def __init__(
        self,
        project: Project,
        rows: Sequence[int] | np.ndarray,
        offsets: tuple[int, ...],
        size: tuple[int, int],
        cache_mb: int = 0,
    ) -> None:
        self.project = project
        self.rows = [int(row) for row in rows]
        self.offsets = offsets
        self.size = size
        self._cache: dict[int, Window] = {}
        self._room = cache_mb * 1_000_000 // (3 * len(offsets) * size[0] * size[1])

    @cached_property
    def miscounted(self) -> set[Path]:
        """Folders where the numbers in names are not those of frames."""
        return miscounted(self.project)

    def window(self, row: int) -> Window:
        """Give a labeled frame with its neighbours.

        Raises:
            FormatError: if its image, or one beside it, cannot be read.
        """
        if row in self._cache:
            return self._cache[row]
        found = self.find(row)
        if len(self._cache) < self._room:
            self._cache[row] = found
        return found

    def find(self, row: int) -> Window:
        """Find and read a window."""
        path = self.project.image_path(self.project.labels.frames[row])
        image, size = read_image(path, self.size)
        beside = {} if path.parent in self.miscounted else on_disk(path, self.offsets)
        disk = {offset: read_image(other, self.size)[0] for offset, other in beside.items()}
        lacking = [offset for offset in self.offsets if offset and offset not in disk]
        video = video_of(self.project, path) if lacking else None
        seen = Seen() if video is None else look(video, path, image, lacking)
        near = {0: image, **seen.frames, **disk}
        images = [near.get(offset, near.get(-offset, image)) for offset in self.offsets]
        lost = video is not None and seen.shift is None
        return Window(np.stack(images), size, len(disk), len(seen.real), seen.shift, lost)

    def about(self) -> list[str]:
        """Read all windows, and say how many frames have how many real neighbours, and from where.

        Raises:
            FormatError: if an image cannot be read.
        """
        return describe([self.window(row) for row in self.rows], len(self.offsets) - 1) + [
            f"warning: {folder}: the numbers in its names seem to count images, not frames, for "
            "images that follow each other differ much; they are not taken for neighbours"
            for folder in sorted(self.miscounted)
        ]


def look(video: Path, path: Path, image: np.ndarray, offsets: Sequence[int]) -> Seen:
    """Find a labeled image in its video, at or near the number in its name, and what is round it.

    A video that cannot be read shows nothing; where it is needed, that is an error of its own.
    """
    name = parse(path)
    if name is None:
        return Seen()
    try:
        frames = probe(video).frames
        numbers = {s: name.number + s for s in SHIFTS if 0 <= name.number + s < frames}
        near = frames_at(video, set(numbers.values()), image)
        shift = shift_of(image, {s: near[n] for s, n in numbers.items() if n in near})
        if shift is None:
            return Seen()
        centre = name.number + shift
        there = dict(zip(offsets, reflected(centre, offsets, frames), strict=True))
        shown = frames_at(video, set(there.values()), image)
    except VideoError:
        return Seen()
    found = {offset: shown[n] for offset, n in there.items() if n in shown}
    return Seen(found, frozenset(o for o in found if centre + o == there[o]), shift)


def frames_at(video: Path, numbers: set[int], like: np.ndarray) -> dict[int, np.ndarray]:
    """Read frames of a video at the size of an image; those that do not decode are left out."""
    height, width, _ = like.shape
    clips = list(read(video, [sorted(numbers)], (height, width))) if numbers else []
    return {
        int(n): shown
        for clip in clips
        for n, shown, good in zip(clip.numbers, clip.images, clip.decoded, strict=True)
        if good
    }


def describe(windows: Sequence[Window], wanted: int) -> list[str]:
    """Say what was found for frames that want so many neighbours each."""
    found = np.array([window.disk + window.video for window in windows], dtype=int)
    disk, video = (sum(getattr(one, place) for one in windows) for place in ("disk", "video"))
    lines = [
        f"context: of {len(windows)} labeled frames {int((found == wanted).sum())} have all "
        f"{wanted} neighbours, {int(((found > 0) & (found < wanted)).sum())} some, "
        f"{int((found == 0).sum())} none ({disk} found on disk, {video} in videos); missing ones "
        "are reflected, or the frame itself"
    ]
    if off := sum(bool(window.shift) for window in windows):
        lines.append(f"context: {off} frames lie up to {SHIFTS[-2]} frames beside their number")
    if lost := sum(window.lost for window in windows):
        lines.append(
            f"warning: {lost} of {len(windows)} labeled frames are not in their video at the "
            "number in their name, and have no neighbours from there"
        )
    if not found.any():
        lines.append(
            "warning: no labeled frame has a neighbour, so that context teaches nothing; put the "
            "frames beside them on disk, or their videos into the project"
        )
    return lines
