"""Which frames are far enough from all others in time, and one of each kind."""

from collections.abc import Iterable, Sequence

import numpy as np


def usual_gap(frames: int, count: int, fps: float) -> int:
    """Give the least distance of frames to label: a second, or less where videos are short.

    Args:
        frames: of all recordings together.
        count: that are wanted, and those that are there; they may stand four times closer than
            evenly spread.
        fps: frames per second.
    """
    return max(1, min(round(fps), frames // (4 * max(count, 1))))


class Room:
    """The frames of one recording that may still be chosen.

    Attributes:
        free: bool (frames,).
    """

    def __init__(self, frames: int, gap: int, taken: Iterable[int] = ()) -> None:
        """Begin with frames that are taken, and all nearer to one than the gap."""
        self.free = np.ones(frames, dtype=bool)
        self._gap = gap
        for number in taken:
            self.take(number)

    def take(self, number: int) -> None:
        """Choose a frame: none nearer to it than the gap is free any more."""
        self.free[max(0, number - self._gap + 1) : number + self._gap] = False


def apart(
    order: Iterable[tuple[int, int]], rooms: Sequence[Room], count: int
) -> list[tuple[int, int]]:
    """Choose from frames in the order of preference those that are free, and take them.

    Args:
        order: number of the recording, and of the frame.
        rooms: of the recordings.
        count: how many at most.
    """
    chosen: list[tuple[int, int]] = []
    for video, number in order:
        if len(chosen) == count:
            break
        if rooms[video].free[number]:
            rooms[video].take(number)
            chosen.append((video, number))
    return chosen


def one_of_each(clusters: np.ndarray, count: int) -> list[int]:
    """Choose rows, the first of each cluster first, then those that are left, in their order.

    Args:
        clusters: int (rows,), in the order of preference.
        count: how many at most.

    Returns:
        Rows, in the order of preference.
    """
    _, first = np.unique(clusters, return_index=True)
    rest = np.setdiff1d(np.arange(len(clusters)), first)
    return sorted([*sorted(first.tolist()), *rest.tolist()][:count])


def shares(room: Sequence[int], count: int) -> list[int]:
    """Share frames out evenly over recordings that have room for so many each."""
    given = [0] * len(room)
    left = count
    for place, video in enumerate(sorted(range(len(room)), key=lambda video: room[video])):
        given[video] = min(room[video], -(-left // (len(room) - place)))
        left -= given[video]
    return given
