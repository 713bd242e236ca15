"""Choose frames to label: where predictions are in doubt, where the animal moves, or any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pose_core.hookspecs import VideoReader
from pose_core.suggestions.candidates import Candidate
from pose_core.suggestions.looks import clustered, look_at_all, principal
from pose_core.suggestions.scores import score
from pose_core.suggestions.spreading import Room, apart, one_of_each, shares, usual_gap

SHARPNESS = 2.0
"""Power of its doubt that a frame's chance goes by."""

STILL = 0.01
"""Mean grey levels by which frames differ in which nothing moves: one pixel, hardly seen."""


@dataclass(frozen=True)
class Suggestion:
    """A frame to label, in all views of its recording.

    Attributes:
        candidate: number of its recording.
        number: of the frame in it.
        score: from 0 to 1, how much it is wanted; NaN where nothing says.
        reason: in words.
    """

    candidate: int
    number: int
    score: float
    reason: str


@dataclass(frozen=True)
class Wish:
    """How many frames are wanted, and how.

    Attributes:
        count: of frames, of all recordings together; one of several views counts once.
        gap: least distance of two frames of a recording, and from those that are there; None for a
            second, or less where videos are short.
        seed: of what is drawn.
        progress: whether to show how far a video is read.
    """

    count: int
    gap: int | None = None
    seed: int = 0
    progress: bool = False


def gap_of(candidates: Sequence[Candidate], wish: Wish) -> int:
    """Give the least distance between frames that are chosen."""
    frames = sum(one.frames for one in candidates)
    count = wish.count + sum(len(one.taken) for one in candidates)
    fps = min(one.fps for one in candidates)
    return wish.gap or usual_gap(frames, count, fps)


def rooms_of(candidates: Sequence[Candidate], wish: Wish) -> list[Room]:
    """Say which frames of each recording may be chosen."""
    gap = gap_of(candidates, wish)
    return [Room(one.frames, gap, one.taken) for one in candidates]


def choose_doubtful(
    candidates: Sequence[Candidate], wish: Wish, _: VideoReader
) -> list[Suggestion]:
    """Draw frames whose predictions are in doubt, the more likely the more doubtful.

    Of near frames the worst stands for all. The worst of the whole are not taken alone: they are
    odd ones, which teach little of the others (`benchmarks/suggestions.py`; frames that stand for
    clusters of looks taught less as well).

    Raises:
        FormatError: if nothing is measured of the predictions that could tell.
    """
    scores = score([one.measured for one in candidates], len(candidates[0].videos))
    totals = [one.total for one in scores]
    worst = worst_nearby(totals, rooms_of(candidates, wish))
    chosen = drawn(worst, totals, wish.count, wish.seed)
    return [Suggestion(v, n, float(totals[v][n]), scores[v].reason(n)) for v, n in chosen]


def worst_nearby(totals: Sequence[np.ndarray], rooms: Sequence[Room]) -> list[tuple[int, int]]:
    """Give the frames in doubt that are worse than all that are nearer than the gap, worst first.

    Args:
        totals: (frames,) of each recording, how much in doubt they are.
        rooms: of the recordings, in which they are taken.
    """
    order = [(v, n) for v, total in enumerate(totals) for n in np.flatnonzero(total > 0).tolist()]
    order.sort(key=lambda one: (-totals[one[0]][one[1]], one))
    return apart(order, rooms, len(order))


def drawn(
    frames: Sequence[tuple[int, int]], totals: Sequence[np.ndarray], count: int, seed: int
) -> list[tuple[int, int]]:
    """Draw some frames without putting back, doubtful ones more likely; they keep their order.

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006).
    """
    weights = np.array([totals[v][n] for v, n in frames]) ** SHARPNESS
    late = np.random.default_rng(seed).exponential(size=len(frames)) / weights
    return [frames[row] for row in np.sort(np.argsort(late, kind="stable")[:count])]


def choose_moving(
    candidates: Sequence[Candidate], wish: Wish, reader: VideoReader
) -> list[Suggestion]:
    """Choose frames in which something moves, one of each kind, as many of every recording.

    Of a recording in which nothing moves at all, such frames are chosen too.

    Source: Biderman, Whiteway et al. (2024), section 5.7: the half of the frames with the higher
    motion energy, compressed by PCA and clustered by k-means.

    Raises:
        VideoError: if a video cannot be read.
    """
    rooms = rooms_of(candidates, wish)
    gap = gap_of(candidates, wish)
    given = shares([-(-int(room.free.sum()) // gap) for room in rooms], wish.count)
    found: list[Suggestion] = []
    for place, (one, room, count) in enumerate(zip(candidates, rooms, given, strict=True)):
        if count:
            found += moving_in(place, one, room, Wish(count, gap, wish.seed, wish.progress), reader)
    return found


def moving_in(
    place: int, candidate: Candidate, room: Room, wish: Wish, reader: VideoReader
) -> list[Suggestion]:
    """Choose frames of one recording in which something moves, in whichever view."""
    looks = look_at_all(list(candidate.videos.values()), reader, wish.progress)
    free = np.flatnonzero(room.free[looks.numbers] & worth_a_look(looks.energy))
    if not len(free):
        return []
    rank = np.argsort(np.argsort(looks.energy[free], kind="stable"), kind="stable")
    moving = free[2 * (rank + 1) > len(free)]
    clusters, away = clustered(principal(looks.pictures[moving]), wish.count, wish.seed)
    size = np.bincount(clusters)
    # the middle of each cluster, large ones first; then the others, nearest to a middle first
    first = np.lexsort((away, -size[clusters]))
    first = first[one_of_each(clusters[first], len(size))]
    rest = np.setdiff1d(np.arange(len(moving)), first)
    order = [*moving[first], *moving[rest[np.argsort(away[rest], kind="stable")]]]
    order += [row for row in free[np.argsort(-rank)] if row not in set(moving.tolist())]
    chosen = apart([(0, int(looks.numbers[row])) for row in order], [room], wish.count)
    rows = [int(np.searchsorted(looks.numbers, n)) for _, n in chosen]
    return [moved(place, int(looks.numbers[row]), looks.energy, row) for row in rows]


def worth_a_look(energy: np.ndarray) -> np.ndarray:
    """Say in which frames something moves, (frames,); all of a recording in which nothing does."""
    moves = energy > STILL
    return moves if moves.any() else np.ones_like(moves)


def moved(place: int, number: int, energy: np.ndarray, row: int) -> Suggestion:
    """Say how much moves in a frame, beside the others of its recording (frames,)."""
    if energy[row] <= STILL:
        return Suggestion(place, number, 0.0, "nothing moves in this video; one of its kind")
    share = float((energy < energy[row]).mean())
    levels = f"{energy[row]:.2g} grey levels a pixel"
    reason = f"moves more than {100 * share:.0f} % of the frames ({levels}); one of its kind"
    return Suggestion(place, number, share, reason)


def choose_any(candidates: Sequence[Candidate], wish: Wish, _: VideoReader) -> list[Suggestion]:
    """Choose frames at random, all as likely."""
    numbers = [(v, n) for v, one in enumerate(candidates) for n in range(one.frames)]
    order = np.random.default_rng(wish.seed).permutation(len(numbers))
    chosen = apart((numbers[row] for row in order), rooms_of(candidates, wish), wish.count)
    return [Suggestion(v, number, np.nan, "drawn at random") for v, number in chosen]


METHODS: dict[str, Callable[[Sequence[Candidate], Wish, VideoReader], list[Suggestion]]] = {
    "violations": choose_doubtful,
    "motion": choose_moving,
    "random": choose_any,
}
"""By the name that a command gives."""
