"""The recordings that frames are chosen from: which are there, and what is predicted of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

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
from pose_core.sessions import Session
from pose_core.smoothing import ensemble_median
from pose_core.suggestions.recordings import recordings_of, unlike_stems
from pose_core.views import join_predictions


@dataclass(frozen=True, eq=False)
class Candidate:
    """A recording that frames may be chosen from: each stands for its instant in all views.

    Attributes:
        name: what is said of it.
        videos: view to its file; "" is the view of one camera.
        taken: numbers of frames that are not to be chosen.
        measured: what is measured of the networks' predictions, keypoints of several views side by
            side; empty without any.
        predictions: by view, what is taken for the truth until it is corrected; not of a view
            without any.
    """

    name: str
    videos: Mapping[str, VideoInfo]
    taken: frozenset[int] = frozenset()
    measured: Sequence[Measured] = ()
    predictions: Mapping[str, Predictions] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Count the frames that all of its videos have."""
        return min(one.frames for one in self.videos.values())

    @property
    def fps(self) -> float:
        """Give its frames per second."""
        return min(one.fps for one in self.videos.values())


def plain_candidates(
    videos: Sequence[Path], survey: Survey, reader: VideoReader, say: Say
) -> list[Candidate]:
    """Open videos; what cannot be read is said and left out.

    Args:
        videos: the files; none stands for those of the project. Of several cameras, the project's
            own videos of the same recordings are taken too.
        survey: of the project.
        reader: of videos.
        say: hears what is left out, and why, one line each.

    Raises:
        FormatError: if none is left, or two would have their images in one folder.
    """
    chosen = unlike_stems(videos or survey.videos)
    if not chosen:
        raise FormatError(f"{survey.root}: has no videos; name some after the project")
    known = {video.stem: video for video in (*survey.videos, *chosen)}
    recordings = recordings_of(chosen, known.values(), survey.views, say)
    found = [one for each in recordings if (one := opened(each, survey, reader, say))]
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
        videos: the files; none stands for all that are predicted. Of several cameras, other known
            videos of the same recordings are taken too.
        survey: of the project.
        plugins: where formats and metrics are.
        reader: of videos.
        labels: that metrics of poses are fitted to, several views side by side; None where there
            are none yet.
        say: hears what is left out, and why, one line each.

    Raises:
        FormatError: if none is left, or two would have their images in one folder.
    """
    say = once(say)
    asked = {video.stem: video for video in unlike_stems(videos)}
    known = {video.stem: video for video in survey.videos} | asked
    gathered = gather_videos(runs, plugins, folders, list(known.values()), say)
    known = {one.video.stem: one.video for one in gathered if one.video} | known
    tracks = {one.video.stem if one.video else one.subject: one for one in gathered}
    wanted = [video for stem, video in sorted(known.items()) if stem in (asked or tracks)]
    found = []
    for each in recordings_of(wanted, known.values(), survey.views, say):
        own = {view: tracks[v.stem] for view, v in each.videos.items() if v.stem in tracks}
        if is_predicted(each, own, say) and (one := opened(each, survey, reader, say)):
            found += with_predictions(one, own, plugins, labels, say)
    return some(found, survey)


def is_predicted(recording: Session, tracks: Mapping[str, Tracks], say: Say) -> bool:
    """Say whether something is predicted of a recording; also of which of its videos nothing is."""
    rest = "; other views alone tell which frames to label" if tracks else ""
    for video in (video for view, video in recording.videos.items() if view not in tracks):
        say(f"{video}: nothing is predicted of it; run pose predict on it first{rest}")
    return bool(tracks)


def with_predictions(
    candidate: Candidate,
    tracks: Mapping[str, Tracks],
    plugins: Plugins,
    labels: Labels | None,
    say: Say,
) -> list[Candidate]:
    """Add what is predicted and measured; none, and why, for predictions of another length."""
    for view, one in tracks.items():
        length, info = len(next(iter(one.sources.values()))), candidate.videos[view]
        if length != info.frames:
            say(
                f"{info.path}: has {info.frames} frames, its predictions {length}; "
                f"{it(candidate.videos)} is left out, predict it again"
            )
            return []
    # networks of several ensembles that disagree are in doubt as those of one are
    joined = replace(side_by_side(candidate, tracks), ensembles={})
    # a metric that refuses, as one of views does without any, is no reason: nothing to say
    measured = measure(joined, plugins, labels, say=lambda _: None)
    members = [one for one in measured if one.source in joined.members] or measured
    guesses = {view: best_guess(one) for view, one in tracks.items()}
    return [replace(candidate, measured=members, predictions=guesses)]


def side_by_side(candidate: Candidate, tracks: Mapping[str, Tracks]) -> Tracks:
    """Put the views of a recording into one, as if in one frame, as far as all videos go.

    What a source does not predict of a view is missing there.
    """
    if "" in tracks:
        return tracks[""]
    sources = {name: found for one in tracks.values() for name, found in one.sources.items()}
    rows = np.arange(candidate.frames)
    joined = {}
    for name, found in sources.items():
        shape = (candidate.frames, len(found.skeleton))
        missing = Predictions(np.full((*shape, 2), np.nan), np.full(shape, np.nan), found.skeleton)
        own = {view: one.sources[name] for view, one in tracks.items() if name in one.sources}
        joined[name] = join_predictions(
            {view: own[view].select(rows) if view in own else missing for view in candidate.videos}
        )
    members = {name: None for one in tracks.values() for name in one.members}
    first = next(iter(tracks.values()))
    return replace(
        first, subject=candidate.name, sources=joined, members=tuple(members), video=None
    )


def best_guess(tracks: Tracks) -> Predictions:
    """Give what a smoother says, or a single network, or the median of several."""
    smoothers = [name for name in tracks.sources if name not in tracks.members]
    if smoothers or len(tracks.members) == 1:
        return tracks.sources[(smoothers or list(tracks.members))[0]]
    return ensemble_median(Ensemble.of([tracks.sources[name] for name in tracks.members]))


def opened(recording: Session, survey: Survey, reader: VideoReader, say: Say) -> Candidate | None:
    """Open the videos of a recording; None, and why, if one cannot be read."""
    try:
        videos = {view: probed(video, reader) for view, video in recording.videos.items()}
    except PoseError as error:
        say(f"{error}; {it(recording.videos)} is left out")
        return None
    taken = (survey.taken.get(video.stem, frozenset()) for video in recording.videos.values())
    found = Candidate(recording.name, videos, frozenset().union(*taken))
    if len({info.frames for info in videos.values()}) > 1:
        lengths = ", ".join(f"{info.path.name} {info.frames}" for info in videos.values())
        say(
            f"{recording.name}: its videos differ in length ({lengths} frames); frames are matched "
            f"by number and chosen from the first {found.frames}, check that they begin together"
        )
    return found


def probed(video: Path, reader: VideoReader) -> VideoInfo:
    """Open a video.

    Raises:
        VideoError: if it cannot be read.
    """
    if not video.is_file():
        raise VideoError(f"{video}: is not there; give its path")
    return reader.probe(video)


def it(views: Mapping[str, object]) -> str:
    """Name what is left out with a video."""
    return "it" if len(views) == 1 else "its recording"


def some(found: list[Candidate], survey: Survey) -> list[Candidate]:
    """Refuse to go on without a video.

    Raises:
        FormatError: if there is none.
    """
    if not found:
        raise FormatError(f"{survey.root}: no video is left to choose frames from; name some")
    return found
