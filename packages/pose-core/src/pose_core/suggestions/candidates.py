"""The videos that frames are chosen from: which are there, and what is predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pose_core.diagnostics.gathering import gather_videos
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import measure
from pose_core.diagnostics.notices import Say, once
from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import FormatError, PoseError, VideoError
from pose_core.hookspecs import VideoInfo, VideoReader
from pose_core.labeling import Survey
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.smoothing import ensemble_median


@dataclass(frozen=True, eq=False)
class Candidate:
    """A video that frames may be chosen from.

    Attributes:
        video: the file.
        info: its frames and their size.
        taken: numbers of frames that are not to be chosen.
        measured: what is measured of the networks' predictions; empty without any.
        predictions: what is taken for the truth until it is corrected; None without any.
    """

    video: Path
    info: VideoInfo
    taken: frozenset[int]
    measured: Sequence[Measured] = ()
    predictions: Predictions | None = None


def plain_candidates(
    videos: Sequence[Path], survey: Survey, reader: VideoReader, say: Say
) -> list[Candidate]:
    """Open videos; what cannot be read is said and left out.

    Args:
        videos: the files; none stands for those of the project.
        survey: of the project.
        reader: of videos.
        say: hears what is left out, and why, one line each.

    Raises:
        FormatError: if none is left, or two would have their images in one folder.
    """
    chosen = unlike_stems(videos or survey.videos)
    if not chosen:
        raise FormatError(f"{survey.root}: has no videos; name some after the project")
    found = [one for video in chosen if (one := opened(video, survey, reader, say))]
    return some(found, survey)


def predicted_candidates(
    runs: Sequence[Path],
    folders: Sequence[Path],
    videos: Sequence[Path],
    survey: Survey,
    plugins: Plugins,
    reader: VideoReader,
    labels: Labels | None,
    say: Say,
) -> list[Candidate]:
    """Bring together videos and what networks say of them; what does not fit is left out.

    Args:
        runs: folders of finished runs.
        folders: with tables of videos, as `gather_videos` takes them.
        videos: the files; none stands for all that are predicted.
        survey: of the project.
        plugins: where formats and metrics are.
        reader: of videos.
        labels: that metrics of poses are fitted to; None where there are none yet.
        say: hears what is left out, and why, one line each.

    Raises:
        FormatError: if none is left, or two would have their images in one folder.
    """
    say = once(say)
    asked = {video.stem: video for video in unlike_stems(videos)}
    known = {video.stem: video for video in survey.videos} | asked
    gathered = gather_videos(runs, plugins, folders, list(known.values()), say)
    tracks = {one.subject: one for one in gathered}
    for stem in asked.keys() - tracks.keys():
        say(f"{asked[stem]}: nothing is predicted of it; run pose predict on it first")
    found = []
    for subject, one in tracks.items():
        video = known.get(subject, one.video)
        if (asked and subject not in asked) or video is None:
            continue
        candidate = opened(video, survey, reader, say)
        if candidate and (whole := with_predictions(candidate, one, plugins, labels, say)):
            found.append(whole)
    return some(found, survey)


def with_predictions(
    candidate: Candidate, tracks: Tracks, plugins: Plugins, labels: Labels | None, say: Say
) -> Candidate | None:
    """Add what is predicted and measured; None, and why, for predictions of another length."""
    length = len(next(iter(tracks.sources.values())))
    if length != candidate.info.frames:
        say(
            f"{candidate.video}: has {candidate.info.frames} frames, its predictions {length}; it "
            "is left out, predict it again"
        )
        return None
    # a metric that refuses, as one of views does without any, is no reason: nothing to say
    measured = measure(tracks, plugins, labels, say=lambda _: None)
    members = [one for one in measured if one.source in tracks.members] or measured
    return Candidate(candidate.video, candidate.info, candidate.taken, members, best_guess(tracks))


def best_guess(tracks: Tracks) -> Predictions:
    """Give what a smoother says, or a single network, or the median of several."""
    smoothers = [name for name in tracks.sources if name not in tracks.members]
    if smoothers or len(tracks.members) == 1:
        return tracks.sources[(smoothers or list(tracks.members))[0]]
    return ensemble_median(Ensemble.of([tracks.sources[name] for name in tracks.members]))


def opened(video: Path, survey: Survey, reader: VideoReader, say: Say) -> Candidate | None:
    """Open a video; None, and why, if it cannot be read."""
    try:
        if not video.is_file():
            raise VideoError(f"{video}: is not there; give its path")
        info = reader.probe(video)
    except PoseError as error:
        say(f"{error}; it is left out")
        return None
    return Candidate(video, info, survey.taken.get(video.stem, frozenset()))


def unlike_stems(videos: Sequence[Path]) -> list[Path]:
    """Refuse videos whose images would lie in one folder; one given twice counts once.

    Raises:
        FormatError: naming the two.
    """
    found: dict[str, Path] = {}
    for video in videos:
        other = found.setdefault(video.stem, video)
        if other.resolve() != video.resolve():
            raise FormatError(
                f"{video}: its images would lie in one folder with those of {other}; rename it, "
                "or give one of them"
            )
    return list(found.values())


def some(found: list[Candidate], survey: Survey) -> list[Candidate]:
    """Refuse to go on without a video.

    Raises:
        FormatError: if there is none.
    """
    if not found:
        raise FormatError(f"{survey.root}: no video is left to choose frames from; name some")
    return found
