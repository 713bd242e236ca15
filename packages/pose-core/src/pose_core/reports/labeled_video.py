"""Videos with predictions drawn on their frames, made frame by frame in constant memory."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal, NamedTuple, Protocol

import numpy as np

from pose_core.errors import FormatError
from pose_core.hookspecs import Clip, VideoReader
from pose_core.predictions import Predictions
from pose_core.reports import lettering, marks
from pose_core.reports.palette import SET_COLOURS, confidence_colours, keypoint_colours
from pose_core.reports.playback import Playback, playback
from pose_core.skeleton import Skeleton
from pose_core.wording import count_of

BLOCK = 16  # frames decoded at once
ColourBy = Literal["keypoint", "model", "confidence"]
LEAP = 1 / 6
"""Part of the frame that no animal crosses from one frame to the next: a trail has a gap there."""
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class DrawingOptions:
    """How predictions are drawn.

    Attributes:
        confidence: points below it are left out; unknown confidence is drawn.
        radius: of the marks, pixels of the frame; 0 for one that fits its size.
        names: whether keypoints are named beside their marks.
        limbs: whether the skeleton's edges are drawn.
        trail: how many frames back a line shows where points were; the first set's only.
        colour_by: what marks have their colours from.
        numbers: whether frames are numbered, at the bottom.
    """

    confidence: float = 0.0
    radius: float = 0.0
    names: bool = False
    limbs: bool = True
    trail: int = 0
    colour_by: ColourBy = "keypoint"
    numbers: bool = False


class Painter:
    """Draws one or several sets of predictions of the same frames.

    The first set is drawn last, as discs, with limbs, names and trail; the others as rings,
    crosses and squares of the same colours.

    Args:
        sets: predictions of the same frames, of any keypoints.
        options: how.
        skeleton: for limbs and colours; that of the first set if None.
        place: of the first set among the marks' colours, where they go by model.

    Raises:
        FormatError: for no set, more than four, or sets of different lengths.
    """

    def __init__(
        self,
        sets: Sequence[Predictions],
        options: DrawingOptions | None = None,
        skeleton: Skeleton | None = None,
        place: int = 0,
    ) -> None:
        refuse_unlike(sets)
        self.sets = tuple(sets)
        self.options = options or DrawingOptions()
        self.skeleton = skeleton if skeleton is not None else sets[0].skeleton
        self._colours = [self._colours_of(one, place + n) for n, one in enumerate(sets)]
        first = sets[0].skeleton.names
        edges = [edge for edge in self.skeleton.edges if set(edge) <= set(first)]
        self._edges = np.array([[first.index(a), first.index(b)] for a, b in edges], int)
        self._names: lettering.Names | None = None

    def draw(self, image: np.ndarray, number: int) -> np.ndarray:
        """Give a copy of frame `number`, uint8 (height, width, 3), with everything on it."""
        image = image.copy()
        radius = self.options.radius or fitting_radius(image.shape)
        points, colours = self.points(0, number), self.colours(0, number)
        self._put_trail(image, number)
        if self.options.limbs and len(self._edges):
            ends, tints = points[self._edges], colours[self._edges].mean(1)
            marks.put_lines(image, ends, tints, 0.7, max(1.5, radius / 2.5))
        for place in range(len(self.sets) - 1, 0, -1):
            mark = marks.stamp(marks.SHAPES[place], radius + 1)
            marks.put(image, self.points(place, number), self.colours(place, number), mark)
        marks.put(image, points, colours, marks.stamp("disc", radius))
        if self.options.names:
            self._names_on(image, radius).put(image, points)
        if self.options.numbers:
            size = letter_size(image.shape)
            lettering.write(image, str(number), (image.shape[0] - size - 7, 3), size, WHITE)
        return image

    def points(self, place: int, number: int) -> np.ndarray:
        """Give the points of one set in one frame, NaN where they are not to be drawn."""
        return self._sure(place, slice(number, number + 1))[0]

    def colours(self, place: int, number: int) -> np.ndarray:
        """Give red, green and blue of the points of one set in one frame."""
        if self.options.colour_by == "confidence":
            return confidence_colours(self.sets[place].confidence[number])
        return self._colours[place]

    def _sure(self, place: int, frames: slice) -> np.ndarray:
        """Give the points of one set in some frames, NaN where they are not to be drawn."""
        one = self.sets[place]
        unsure = one.confidence[frames] < self.options.confidence
        return np.where(unsure[..., None], np.nan, one.keypoints[frames])

    def _colours_of(self, one: Predictions, place: int) -> np.ndarray:
        """Give the colours of a set's points, wherever they do not go by confidence."""
        if self.options.colour_by == "model":
            return np.tile(
                np.array(SET_COLOURS[place % len(SET_COLOURS)], float), (len(one.skeleton), 1)
            )
        known = dict(zip(self.skeleton.names, keypoint_colours(self.skeleton), strict=True))
        return np.array([known.get(name, WHITE) for name in one.skeleton.names], float)

    def _names_on(self, image: np.ndarray, radius: float) -> lettering.Names:
        """Give the names, placed once for all frames."""
        if self._names is None:
            self._names = lettering.Names(
                self.sets[0].skeleton.names,
                self._sure(0, slice(None, None, max(len(self.sets[0]) // lettering.LOOKED_AT, 1))),
                self._colours[0],
                letter_size(image.shape),
                radius,
                (image.shape[1], image.shape[0]),
            )
        return self._names

    def _put_trail(self, image: np.ndarray, number: int) -> None:
        """Draw where the points were, the longer ago the paler."""
        past = self._sure(0, slice(max(number - self.options.trail, 0), number + 1))
        steps = len(past) - 1
        if steps < 1:
            return
        leaps = np.abs(np.diff(past, axis=0)).max(-1, keepdims=True) > max(image.shape) * LEAP
        ends = np.stack([past[:-1], np.where(leaps, np.nan, past[1:])], 2).reshape(-1, 2, 2)
        recent = np.arange(self.options.trail - steps, self.options.trail) + 1
        opacity = np.repeat(0.8 * recent / self.options.trail, past.shape[1])
        marks.put_lines(image, ends, np.tile(self.colours(0, number), (steps, 1)), opacity)


def fitting_radius(shape: Sequence[int]) -> float:
    """Give the radius of marks on frames of a (height, width, ...), pixels."""
    return max(2.0, min(shape[:2]) / 120)


def letter_size(shape: Sequence[int]) -> int:
    """Give the size of letters on frames of a (height, width, ...), pixels."""
    return int(np.clip(min(shape[:2]) / 34, 10, 28))


def refuse_unlike(sets: Sequence[Predictions]) -> None:
    """Refuse sets that cannot be drawn on one another.

    Raises:
        FormatError: for no set, more than four, or sets of different lengths.
    """
    if not 1 <= len(sets) <= len(marks.SHAPES):
        given = count_of(len(sets), "set")
        raise FormatError(f"labeled video: {given} of predictions; give 1 to {len(marks.SHAPES)}")
    lengths = [len(one) for one in sets]
    if len(set(lengths)) > 1:
        raise FormatError(f"labeled video: sets of {lengths} frames; give those of one video")


class Drawing(Protocol):
    """Makes pictures of frames: a `Painter`, or a `Sheet` of several."""

    def draw(self, image: np.ndarray, number: int) -> np.ndarray:
        """Give a picture of frame `number`, uint8 (height, width, 3); always of one size."""


class Film(NamedTuple):
    """What became of a video: frames written, those of them that did not decode, and seconds."""

    frames: int
    damaged: int
    seconds: float


def label_video(
    video: Path,
    sets: Sequence[Predictions],
    target: Path,
    reader: VideoReader,
    options: DrawingOptions | None = None,
    skeleton: Skeleton | None = None,
) -> Film:
    """Write all of a video with predictions drawn on it, as fast as it was recorded.

    Args:
        video: to draw on.
        sets: predictions of all its frames, one set per marker shape, the main one first.
        target: the file to write, MP4 or another that `VideoWriter` knows.
        reader: decodes the video.
        options: how predictions are drawn.
        skeleton: for limbs and colours; that of the first set if None.

    Raises:
        FormatError: if the predictions are not of as many frames as the video has.
        VideoError: if the video cannot be read or the target not written.
    """
    painter = Painter(sets, options, skeleton)
    known = reader.probe(video)
    if known.frames != len(sets[0]):
        raise FormatError(
            f"{video}: has {count_of(known.frames, 'frame')}, the predictions {len(sets[0])}; "
            "give the predictions of this video"
        )
    every = playback(range(known.frames), known.fps, known.fps)
    return film(video, painter, target, reader, every)


def film(
    video: Path,
    drawing: Drawing,
    target: Path,
    reader: VideoReader,
    shown: Playback,
    size: tuple[int, int] | None = None,
    progress: bool = False,
) -> Film:
    """Write a video of drawings.

    Reading, drawing and encoding overlap; memory does not grow with the video. Frames that do not
    decode are black and say so.

    Args:
        video: to draw on.
        drawing: makes the pictures.
        target: the file to write, MP4 or another that `VideoWriter` knows.
        reader: decodes the video.
        shown: which frames, and how fast.
        size: height and width of the frames that are drawn on; None for those of the video.
        progress: whether to show a bar, with frames per second and the time left.

    Raises:
        VideoError: if the video cannot be read or the target not written.
    """
    from tqdm import tqdm

    from pose_core.video.prefetch import prefetch
    from pose_core.video.windows import consecutive
    from pose_core.video.writing import QUICK, VideoWriter

    damaged: list[int] = []
    numbers = shown.numbers.tolist()
    windows = [numbers[w.start : w.stop] for w in consecutive(len(numbers), BLOCK)]
    begin = perf_counter()
    clips = prefetch(reader.read(video, windows, size, "cpu"), depth=2)
    pictures = prefetch(_drawn(drawing, clips, damaged), depth=BLOCK)
    bar = tqdm(
        total=len(numbers), unit="frame", desc=video.name, disable=not progress,
        dynamic_ncols=True, mininterval=0.5,
    )  # fmt: skip
    with bar, closing(pictures), VideoWriter(target, shown.fps, QUICK) as writer:
        for picture in pictures:
            writer.write(picture)
            bar.update()
    return Film(writer.frames, len(set(damaged)), perf_counter() - begin)


def _drawn(drawing: Drawing, clips: Iterator[Clip], damaged: list[int]) -> Iterator[np.ndarray]:
    """Draw on the frames of clips, one after the other; note those that did not decode."""
    for clip in clips:
        for number, image, decoded in zip(clip.numbers, clip.images, clip.decoded, strict=True):
            if not decoded:
                damaged.append(int(number))
                image = image.copy()
                size = letter_size(image.shape)
                lettering.write(image, f"frame {number} cannot be decoded", (3, 3), size, WHITE)
            yield drawing.draw(image, int(number))
