"""Views that are files of their own: what a project has of each, and clips of all at once."""

from collections.abc import Sequence
from pathlib import Path

from pose_core.batches.unlabeled import Clips, frames_of
from pose_core.errors import ConfigError
from pose_core.hookspecs import VideoInfo
from pose_core.project import Project
from pose_core.sessions import Session, sessions_of


def describe_views(project: Project) -> list[str]:
    """Say what there is of each view; nothing for one camera."""
    if not project.cameras:
        return []
    counts = {view: int((rows >= 0).sum()) for view, rows in project.cameras.items()}
    instants = len(next(iter(project.cameras.values())))
    frames = ", ".join(
        f"{view} ({count} frames, {instants - count} missing)" for view, count in counts.items()
    )
    sessions, _ = sessions_of(project.videos, list(project.cameras))
    return [
        f"views in files of their own: {frames}; instants: {instants}, sessions of videos: "
        f"{len(sessions)}"
    ]


def synchronised(
    videos: Sequence[Path], views: Sequence[str]
) -> tuple[list[tuple[Path | None, ...]], list[str]]:
    """Sort videos into recordings by all cameras.

    Returns:
        Of each recording the file of each view, None where it has none; and lines about what is
        not as it should be.

    Raises:
        ConfigError: if no video has the name of a view in its own.
    """
    sessions, unused = sessions_of(videos, views)
    if videos and not sessions:
        raise ConfigError(
            f"unlabeled.videos: no video has one of the views {', '.join(views)} in its name, "
            f"{videos[0].name} neither; name them as in session1_{views[0]}.mp4"
        )
    lines = [
        f"warning: {video}: {why}; it is left out of the clips" for video, why in unused.items()
    ]
    recordings = [tuple(map(one.videos.get, views)) for one in sessions]
    return recordings, [*lines, *lacking(sessions, views)]


def lacking(sessions: Sequence[Session], views: Sequence[str]) -> list[str]:
    """Warn of views without a video, and of sessions without a view that others have."""
    absent = [view for view in views if not any(view in one.videos for one in sessions)]
    lines = [
        f"warning: view {view!r}: no video has it in its name, as session1_{view}.mp4; the losses "
        "of clips see nothing of it"
        for view in absent
    ]
    for one in sessions:
        missing = [view for view in views if view not in one.videos and view not in absent]
        if missing:
            lines.append(
                f"warning: session {one.name!r}: has no video of {', '.join(missing)}, which "
                "counts nothing in its clips"
            )
    return lines


def uneven(clips: Clips) -> list[str]:
    """Warn of recordings whose videos differ in length."""
    return [
        f"warning: videos of one session differ in length ({lengths(infos)} frames): they "
        f"are matched by frame number and used for {frames_of(infos)} frames; check that they "
        "begin together"
        for infos in clips.recordings
        if len({info.frames for info in infos if info}) > 1
    ]


def lengths(infos: Sequence[VideoInfo | None]) -> str:
    """List the videos of a recording with their lengths."""
    return ", ".join(f"{info.path.name} {info.frames}" for info in infos if info)
