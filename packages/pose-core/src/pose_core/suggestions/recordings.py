"""Which videos show one recording: one by itself, or those of all cameras of a project."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pose_core.diagnostics.notices import Say
from pose_core.errors import FormatError
from pose_core.sessions import Session, sessions_of
from pose_core.video.readers import find_videos


def recordings_of(
    videos: Sequence[Path], others: Iterable[Path], views: Sequence[str], say: Say
) -> list[Session]:
    """Give the recordings that videos are of, each with a video of every view.

    Args:
        videos: the files, none twice.
        others: files in which the other views of a recording are found.
        views: of the project; none for one camera, where every video is a recording: of the
            view "".
        say: hears what is left out, and why, one line each: all views of an instant are labeled, so
            a recording without one of them is none to choose from.
    """
    if not views:
        return [Session(video.name, {"": video}) for video in videos]
    given = {located(video): video for video in (*others, *videos)}
    wanted = {located(video) for video in videos}
    sessions, unused = sessions_of(list(given), views)
    for video in sorted(wanted & unused.keys()):
        say(f"{given[video]}: {unused[video]}; it is left out")
    found = [
        Session(one.name, {view: given[path] for view, path in one.videos.items()})
        for one in sessions
        if not wanted.isdisjoint(one.videos.values())
    ]
    return [one for one in found if is_whole(one, views, say)]


def given_videos(paths: Sequence[Path], say: Say) -> list[Path]:
    """Give the videos that are named, and those of the folders that are.

    Args:
        paths: as a person named them.
        say: hears what is left out, and why, one line each.

    Raises:
        FormatError: if something is named, and no video is left of it.
    """
    found: list[Path] = []
    for path in paths:
        inside = find_videos(path) if path.is_dir() else [path]
        if not path.exists():
            say(f"{path}: is not there; give its path; it is left out")
        elif not inside:
            say(f"{path}: holds no videos; it is left out")
        else:
            found += inside
    if paths and not found:
        raise FormatError(f"{paths[0]}: no video is left to choose frames from; name some")
    return found


def located(video: Path) -> Path:
    """Give a video's path in one way, whichever it was given in; a link keeps its own name."""
    return video.parent.resolve() / video.name


def is_whole(recording: Session, views: Sequence[str], say: Say) -> bool:
    """Say whether a recording has a video of every view; also why it is left out if not."""
    missing = [view for view in views if view not in recording.videos]
    if missing:
        first = next(iter(recording.videos.values()))
        say(
            f"{first}: its recording has no video of {', '.join(missing)}; it is left out, since "
            "an instant is labeled in all views"
        )
    return not missing


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
