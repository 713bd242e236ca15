"""Videos with predictions drawn on their frames, made frame by frame in constant memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_core.errors import FormatError
from pose_core.hookspecs import Clip, VideoReader
from pose_core.predictions import Predictions
from pose_core.reports import marks
from pose_core.reports.palette import keypoint_colours
from pose_core.skeleton import Skeleton

BLOCK = 16  # frames decoded at once


@dataclass(frozen=True)
class DrawingOptions:
    """How predictions are drawn.

    Attributes:
        confidence: points below it are left out; unknown confidence is drawn.
        radius: of the marks, pixels of the frame; 0 for one that fits its size.
        names: whether keypoints are named beside their marks.
        limbs: whether the skeleton's edges are drawn.
        trail: how many earlier frames leave small dots; the first set of predictions only.
    """

    confidence: float = 0.0
    radius: float = 0.0
    names: bool = False
    limbs: bool = True
    trail: int = 0


class Painter:
    """Draws one or several sets of predictions of the same frames.

    The first set is drawn last, as discs, with limbs, names and trail; the others as rings,
    crosses and squares of the same colours.

    Args:
        sets: predictions of the same frames, of any keypoints.
        options: how.
        skeleton: for limbs and colours; that of the first set if None.

    Raises:
        FormatError: for no set, more than four, or sets of different lengths.
    """

    def __init__(
        self,
        sets: Sequence[Predictions],
        options: DrawingOptions | None = None,
        skeleton: Skeleton | None = None,
    ) -> None:
        _refuse_unlike(sets)
        self.sets = tuple(sets)
        self.options = options or DrawingOptions()
        first = sets[0].skeleton.names
        self.skeleton = skeleton if skeleton is not None else sets[0].skeleton
        colour_of = dict(zip(self.skeleton.names, keypoint_colours(self.skeleton), strict=True))
        self._colours = [
            np.array([colour_of.get(name, (255, 255, 255)) for name in one.skeleton.names], float)
            for one in sets
        ]
        edges = [edge for edge in self.skeleton.edges if set(edge) <= set(first)]
        self._edges = np.array([[first.index(a), first.index(b)] for a, b in edges], int)

    def draw(self, image: np.ndarray, number: int) -> np.ndarray:
        """Give a copy of frame `number`, uint8 (height, width, 3), with everything on it."""
        image = image.copy()
        radius = self.options.radius or max(2.0, min(image.shape[:2]) / 110)
        for place in range(len(self.sets) - 1, 0, -1):
            mark = marks.stamp(marks.SHAPES[place], radius + 1)
            marks.put(image, self.points(place, number), self._colours[place], mark)
        points = self.points(0, number)
        self._put_trail(image, number, radius)
        if self.options.limbs and len(self._edges):
            marks.put_limbs(image, points[self._edges], np.full(3, 235.0))
        marks.put(image, points, self._colours[0], marks.stamp("disc", radius))
        if self.options.names:
            marks.put_names(image, points, self.sets[0].skeleton.names, self._colours[0])
        return image

    def points(self, place: int, number: int) -> np.ndarray:
        """Give the points of one set in one frame, NaN where they are not to be drawn."""
        one = self.sets[place]
        unsure = one.confidence[number] < self.options.confidence
        return np.where(unsure[:, None], np.nan, one.keypoints[number])

    def _put_trail(self, image: np.ndarray, number: int, radius: float) -> None:
        """Draw where the points were, the longer ago the paler."""
        before = range(max(number - self.options.trail, 0), number)
        if not before:
            return
        past = np.concatenate([self.points(0, n) for n in before])
        age = np.repeat(
            [(n - number + self.options.trail + 1) / self.options.trail for n in before],
            len(past) // len(before),
        )
        colours = np.tile(self._colours[0], (len(before), 1))
        marks.put(image, past, colours, marks.stamp("disc", max(radius / 3, 0.8)), 0.7 * age)


def _refuse_unlike(sets: Sequence[Predictions]) -> None:
    """Refuse sets that cannot be drawn together."""
    if not 1 <= len(sets) <= len(marks.SHAPES):
        raise FormatError(
            f"labeled video: {len(sets)} sets of predictions; give 1 to {len(marks.SHAPES)}"
        )
    lengths = [len(one) for one in sets]
    if len(set(lengths)) > 1:
        raise FormatError(f"labeled video: sets of {lengths} frames; give those of one video")


def label_video(
    video: Path,
    sets: Sequence[Predictions],
    target: Path,
    reader: VideoReader,
    options: DrawingOptions | None = None,
    skeleton: Skeleton | None = None,
    first: int = 0,
    last: int | None = None,
) -> int:
    """Write a video with predictions drawn on it.

    Reading, drawing and encoding overlap; memory does not grow with the video.

    Args:
        video: to draw on.
        sets: predictions of all its frames, one set per marker shape, the main one first.
        target: the file to write, MP4 or another that `VideoWriter` knows.
        reader: decodes the video.
        options: how predictions are drawn.
        skeleton: for limbs and colours; that of the first set if None.
        first: number of the first frame to show.
        last: number of the frame after the last one to show; None for all.

    Returns:
        How many frames were written; those that did not decode are black.

    Raises:
        FormatError: if the predictions are not of as many frames as the video has.
        VideoError: if the video cannot be read or the target not written.
    """
    from pose_core.video.prefetch import prefetch
    from pose_core.video.windows import consecutive
    from pose_core.video.writing import VideoWriter

    painter = Painter(sets, options, skeleton)
    known = reader.probe(video)
    if known.frames != len(sets[0]):
        raise FormatError(
            f"{video}: has {known.frames} frames, the predictions {len(sets[0])}; "
            "give the predictions of this video"
        )
    shown = range(known.frames)[first:last]
    windows = [shown[w.start : w.stop] for w in consecutive(len(shown), BLOCK)]
    clips = prefetch(reader.read(video, windows, None, "cpu"), depth=2)
    with VideoWriter(target, known.fps) as writer:
        for image in prefetch(_painted(painter, clips), depth=BLOCK):
            writer.write(image)
        return writer.frames


def _painted(painter: Painter, clips: Iterator[Clip]) -> Iterator[np.ndarray]:
    """Draw on the frames of clips, one after the other; a damaged one stays as it is."""
    for clip in clips:
        for number, image, decoded in zip(clip.numbers, clip.images, clip.decoded, strict=True):
            yield painter.draw(image, int(number)) if decoded else image
