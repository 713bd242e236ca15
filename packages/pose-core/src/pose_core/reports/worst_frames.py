"""Pictures of the frames to look at first: where errors are largest, and where rules are broken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pose_core.diagnostics.measures import ERROR
from pose_core.diagnostics.notices import Say
from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import PoseError
from pose_core.hookspecs import VideoReader
from pose_core.predictions import Predictions
from pose_core.reports.compared import SETS, Subject, words
from pose_core.reports.demo_page import around
from pose_core.reports.demo_results import worst_points
from pose_core.reports.labeled_video import DrawingOptions, Painter
from pose_core.reports.marks import SHAPES
from pose_core.reports.run_plots import unseen
from pose_core.reports.verdict import standing

MOST = 12
"""Frames of videos that are decoded for one page."""
PER_VIDEO = 3
SIDE = 640
"""Pixels of a picture's longer side, at most."""
APART = 25
"""Frames of a video between two that are shown."""


@dataclass(frozen=True, eq=False)
class WorstFrame:
    """A frame to look at.

    Attributes:
        subject: name of the video, or "labels".
        name: of the frame: its number or its path.
        number: row of the subject's arrays.
        keypoint: that is worst.
        image: uint8 (height, width, 3), cut and with marks.
        caption: what is wrong with it.
    """

    subject: str
    name: str
    number: int
    keypoint: str
    image: np.ndarray
    caption: str


def worst_labeled(labeled: Subject, say: Say) -> list[WorstFrame]:
    """Draw the labeled frames in which the two best sources err most, and the truth.

    Of several ensembles they are the best source of each, as far as there are marks for.
    Images that are not there are said and left out.
    """
    truth, root, found_best = labeled.tracks.truth, labeled.tracks.root, standing(labeled)
    if truth is None or root is None or found_best is None:
        return []
    sources, values = best_of(labeled.tracks, list(found_best.errors)), labeled.values(ERROR)
    errors = {name: values[name] for name in sources}
    rows = unseen(labeled)
    points = worst_points(np.fmax.reduce([v[rows] for v in errors.values()]), apart=1)
    known = Predictions(truth.keypoints, np.ones(truth.visibility.shape), truth.skeleton)
    drawn = [*(labeled.tracks.sources[name] for name in sources), known]
    painter = Painter(drawn, DrawingOptions(limbs=False))
    found = []
    for place, keypoint in points:
        row = int(rows[place])
        try:
            image = np.asarray(Image.open(root / truth.frames[row]).convert("RGB"))
        except OSError as error:
            say(f"{root / truth.frames[row]}: {error.strerror or error}; its picture is left out")
            continue
        picture = cut(painter.draw(image, row), truth.keypoints[row, keypoint])
        name, kept_in = truth.skeleton.names[keypoint], SETS.get((labeled.tracks.sets or ())[row])
        each = [f"{n} {v[row, keypoint]:.1f} px" for n, v in errors.items()]
        where = f"{truth.frames[row]} ({kept_in or 'unused'}), {name}"
        caption = f"{where}: {keyed([*each, 'truth'])}"
        found.append(WorstFrame("labels", truth.frames[row], row, name, picture, caption))
    return found


def worst_of_videos(
    videos: Sequence[Subject],
    rules: Mapping[str, float],
    reader: VideoReader,
    say: Say,
) -> list[WorstFrame]:
    """Draw the frames of the first videos that break most rules, a few of each.

    Args:
        videos: those whose file is gone are passed over.
        rules: by measure, the threshold above which a rule is broken.
        reader: decodes them.
        say: hears of videos that cannot be read.
    """
    found: list[WorstFrame] = []
    there = [video for video in videos if video.tracks.video is not None]
    for video in there[: MOST // PER_VIDEO]:
        judged = shown_of(video.tracks)
        chosen = most_broken(video, judged[0], rules)
        try:
            images = decoded(reader, video, [row for row, _ in chosen])
        except PoseError as error:
            say(f"{error}; its pictures are left out")
            continue
        painter = Painter(
            [video.tracks.sources[name] for name in judged], DrawingOptions(limbs=False)
        )
        for row, keypoint in chosen:
            if row in images:
                at = video.tracks.sources[judged[0]].keypoints[row, keypoint]
                picture = cut(painter.draw(images[row], row), at)
                found.append(_of_video(video, judged, row, keypoint, picture, rules))
    return found


def best_of(tracks: Tracks, ranked: Sequence[str]) -> list[str]:
    """Choose the two best sources, or of several ensembles the best of each; one mark is left."""
    families = tracks.families.values()
    if len(families) < 2:
        return list(ranked[:2])
    best = {next((n for n in ranked if n in (*of.members, *of.smoothed)), "") for of in families}
    return [name for name in ranked if name in best][: len(SHAPES) - 1]


def shown_of(tracks: Tracks) -> list[str]:
    """Choose the source that is judged, a network, and one beside it, best its own smoother.

    Of several ensembles with networks they are the first network of each, as far as there are
    marks.
    """
    networks = [family.members[0] for family in tracks.families.values() if family.members]
    if len(networks) > 1:
        return networks[: len(SHAPES)]
    judged, others = tracks.members[:1], tracks.members[1:]
    own_first = sorted(tracks.families.values(), key=lambda one: not {*judged} <= {*one.members})
    smoothed = [name for family in own_first for name in family.smoothed]
    return [*judged, *smoothed, *others][:2]


def _of_video(
    video: Subject,
    judged: Sequence[str],
    row: int,
    keypoint: int,
    picture: np.ndarray,
    rules: Mapping[str, float],
) -> WorstFrame:
    """Say what is wrong with a frame of a video."""
    name = video.keypoints[keypoint]
    values = video.measured[judged[0]].values
    wrong = [
        f"{words(measure)} {values[measure][row, keypoint]:.1f}{' ' + video.unit(measure)}"
        for measure, limit in rules.items()
        if measure in values and values[measure][row, keypoint] > limit
    ]
    where = f"{video.tracks.subject}, frame {row}, {name}"
    caption = f"{where}: {', '.join(wrong)} ({judged[0]}); {keyed(judged)}"
    return WorstFrame(video.tracks.subject, str(row), row, name, picture, caption)


def most_broken(
    video: Subject, source: str, rules: Mapping[str, float], count: int = PER_VIDEO
) -> list[tuple[int, int]]:
    """Choose frames with the most broken rules, and of each the worst keypoint.

    A point counts each measure by how often it holds its threshold, up to ten times, so that one
    absurd number does not outweigh a frame that is wrong all over.

    Returns:
        (frame, keypoint), in the order of the frames; none that breaks no rule.
    """
    measured = video.measured[source].values
    score = np.zeros((len(video.measured[source]), len(video.keypoints)))
    for name, limit in rules.items():
        if name in measured and limit > 0:
            ratio = np.nan_to_num(measured[name] / limit, nan=0.0, posinf=10.0)
            score += np.where(ratio > 1, np.minimum(ratio, 10.0), 0.0)
    together = np.where(score.any(1), score.sum(1), np.nan)
    chosen = worst_points(together[:, None], count, APART)
    return [(row, int(score[row].argmax())) for row, _ in chosen]


def decoded(reader: VideoReader, video: Subject, rows: Sequence[int]) -> dict[int, np.ndarray]:
    """Decode some frames; those that are damaged, or beyond the end of the video, are left out."""
    assert video.tracks.video is not None
    count = reader.probe(video.tracks.video).frames
    windows = [[row] for row in rows if row < count]
    clips = reader.read(video.tracks.video, windows, None, "cpu")
    return {
        int(number): image
        for clip in clips
        for number, image, whole in zip(clip.numbers, clip.images, clip.decoded, strict=True)
        if whole
    }


def keyed(sets: Sequence[str]) -> str:
    """Say by which marks sets are drawn, in the order in which a painter has them."""
    return ", ".join(f"{shape} {name}" for shape, name in zip(SHAPES, sets, strict=False))


def cut(image: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Cut round a point, if it is known, and shrink what is too large for a page."""
    if np.isfinite(point).all():
        image = around(image, point)
    shrink = SIDE / max(image.shape[:2])
    if shrink >= 1:
        return image
    size = (round(image.shape[1] * shrink), round(image.shape[0] * shrink))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
