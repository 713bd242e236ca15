"""What views of a long recording show, read and written some frames at a time.

Views may film at times of their own: all are read by the times of one clock, on which each view has
places for its frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_eks.core.stored import Stored
from pose_eks.models.assembly import SHOWN
from pose_eks.models.shelf import Shelf
from pose_eks.models.sights import Sight, few_of


@dataclass(frozen=True, eq=False)
class LongView:
    """One view of a long recording.

    Attributes:
        shelf: what its members say.
        own: (points,), which of the shelf's keypoints shows a point; -1 for none.
        places: (frames,), where on the clock the shelf's frames are; None: each time is a frame.
    """

    shelf: Shelf
    own: np.ndarray
    places: np.ndarray | None = None

    def has(self, point: int) -> bool:
        """Say whether it ever sees a point."""
        return bool(self.own[point] >= 0) and not self.shelf.never[self.own[point]]

    def shows(self, point: int) -> "Shown":
        """Give the keypoint that shows a point."""
        return Shown(self.shelf, int(self.own[point]), self.places)


@dataclass(frozen=True, eq=False)
class Shown:
    """One keypoint of a shelf; see `LongView`."""

    shelf: Shelf
    k: int
    places: np.ndarray | None = None

    @property
    def rows(self) -> slice:
        """Those of x and y among the shelf's."""
        return slice(2 * self.k, 2 * self.k + 2)

    def read(self, stored: Stored, part: slice | np.ndarray) -> np.ndarray:
        """Read x and y (2, times) of some times, NaN where the view has no frame."""
        if self.places is None:
            return stored[self.rows, part]
        times = np.arange(part.start, part.stop) if isinstance(part, slice) else part
        frames = np.minimum(np.searchsorted(self.places, times), len(self.places) - 1)
        there = self.places[frames] == times
        values = np.full((2, len(times)), np.nan)
        values[:, there] = stored[self.rows, frames[there]]
        return values

    def seen(self, times: int) -> np.ndarray:
        """Say at which times somebody sees it, (times,)."""
        seen = self.shelf.count[self.k] > 0
        if self.places is None:
            return np.asarray(seen)
        found = np.zeros(times, bool)
        found[self.places] = seen
        return found


@dataclass(frozen=True, eq=False)
class LongSight:
    """What views show of one point; see `pose_eks.models.sights.Sight`.

    Attributes:
        views: number of each view that sees it.
        shown: the keypoint there.
    """

    views: tuple[int, ...]
    shown: tuple[Shown, ...]

    @staticmethod
    def of(views: Sequence[LongView], point: int) -> "LongSight":
        """Collect the views that see a point."""
        having = tuple(number for number, view in enumerate(views) if view.has(point))
        return LongSight(having, tuple(views[number].shows(point) for number in having))

    @staticmethod
    def joined(shelf: Shelf) -> "LongSight":
        """Put all keypoints of a shelf that are ever seen side by side, each a view of its own."""
        shown = tuple(Shown(shelf, int(k)) for k in np.flatnonzero(~shelf.never))
        return LongSight(tuple(range(len(shown))), shown)

    def gathered(self, name: str) -> np.ndarray:
        """Give what shelves say of the keypoint, (rows,)."""
        each = [np.broadcast_to(getattr(one.shelf, name)[one.k], 2) for one in self.shown]
        return np.concatenate(each)

    def rows(self, part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read some times: what is observed, without the mean, and its spread, (times, rows)."""
        observed, spread = (
            np.concatenate([one.read(getattr(one.shelf, name), part) for one in self.shown])
            for name in ("center", "spread")
        )
        return np.ascontiguousarray(observed.T), np.ascontiguousarray(spread.T)

    def few(self, times: int) -> np.ndarray:
        """Choose times to learn from."""
        return few_of(np.any([one.seen(times) for one in self.shown], axis=0))

    def at(self, few: np.ndarray) -> Sight:
        """Give what is shown at some times."""
        views, alone = np.repeat(self.views, 2), self.gathered("alone")
        return Sight(*self.rows(few), self.gathered("offset"), views, alone)


@dataclass(frozen=True, eq=False)
class Screen:
    """Where it is laid out what is shown of keypoints at some of a clock's times.

    Attributes:
        room: (keypoints, 2, `SHOWN`, frames).
        places: (frames,), where on the clock its frames are; None: each time is a frame.
    """

    room: Stored
    places: np.ndarray | None = None

    @staticmethod
    def made(path: Path, keypoints: int, times: int, places: np.ndarray | None = None) -> "Screen":
        """Make room for all frames."""
        frames = times if places is None else len(places)
        return Screen(Stored.made(path, float, (keypoints, 2, SHOWN, frames)), places)

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.room.shape[-1]

    def write(self, k: int, part: slice, values: np.ndarray) -> None:
        """Show a keypoint, (`SHOWN`, times, 2), at some times."""
        frames = part
        if self.places is not None:
            frames = slice(*np.searchsorted(self.places, (part.start, part.stop)))
            values = values[:, self.places[frames] - part.start]
        self.room[k, :, :, frames] = values.transpose(2, 0, 1)

    def read(self, part: slice) -> np.ndarray:
        """Give what is shown in some frames, (`SHOWN`, frames, keypoints, 2)."""
        return self.room[:, :, :, part].transpose(2, 3, 0, 1)


def points_of(shelf: Shelf, views: Sequence[LongView]) -> np.ndarray:
    """Give the point that each of a shelf's keypoints shows."""
    points = np.zeros(len(shelf.alone), int)
    for view in views:
        if view.shelf is shelf:
            there = view.own >= 0
            points[view.own[there]] = np.flatnonzero(there)
    return points
