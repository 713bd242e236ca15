"""Choose a video reader, and find the videos of a folder."""

from pathlib import Path

from pose_core.errors import ConfigError, VideoError
from pose_core.hookspecs import VideoReader
from pose_core.plugins import Plugins

CONTAINERS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".flv", ".3gp", ".ogv")
STREAMS = (".mpg", ".mpeg", ".ts", ".mts", ".mjpeg", ".h264", ".h265")
VIDEO_SUFFIXES = frozenset({*CONTAINERS, *STREAMS})


def choose(plugins: Plugins, name: str | None = None) -> tuple[VideoReader, str]:
    """Choose the reader of a name, or the one of the highest priority that can run here.

    Returns:
        The reader, and why it was chosen, for the log.

    Raises:
        ConfigError: if there is none of that name, or it or none at all can run here.
    """
    if name is not None:
        return choose_named(plugins, name), f"{name}: asked for"
    passed_over: list[str] = []
    for reader in by_priority(plugins):
        reason = why_not(reader)
        if reason is not None:
            passed_over.append(f"{reader.name} cannot: {reason}")
            continue
        wanted, why = advised(reader)
        if wanted:
            return reader, "; ".join([f"{reader.name}: {why}", *passed_over])
        passed_over.append(f"{reader.name} only if asked for: {why}")
    listed = "; ".join(passed_over) or "none is installed; install pose-core again"
    raise ConfigError(f"video reader: none can run here: {listed}")


def choose_named(plugins: Plugins, name: str) -> VideoReader:
    """Look a reader up and make sure that it can run here."""
    reader: VideoReader = plugins.find("video_reader", name)
    reason = why_not(reader)
    if reason is None:
        return reader
    others = [one.name for one in by_priority(plugins) if why_not(one) is None]
    advice = f"take {others[0]!r}" if others else "no other can either"
    raise ConfigError(f"video reader {name!r}: cannot run here: {reason}; {advice}")


def by_priority(plugins: Plugins) -> list[VideoReader]:
    """List the readers, the preferred first; by name where they are equal."""
    readers = [one.component for one in plugins.components("video_reader")]
    return sorted(readers, key=lambda reader: (-reader.priority, reader.name))


def why_not(reader: VideoReader) -> str | None:
    """Give the reason why a reader cannot run here, or None where it can."""
    try:
        return reader.unavailable()
    except Exception as error:  # whatever a stranger's check raises is a reason not to use it
        return f"{type(error).__name__}: {error}"


def advised(reader: VideoReader) -> tuple[bool, str]:
    """Say whether to choose a reader that can run here, and why."""
    if reader.advice is None:
        return True, "the first that can run here"
    try:
        return reader.advice()
    except Exception as error:  # as above: no stranger's check stops a run
        return False, f"{type(error).__name__}: {error}"


def find_videos(folder: Path) -> list[Path]:
    """List the videos of a folder by name; hidden files and folders in it are left out.

    Raises:
        VideoError: if there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise VideoError(f"{folder}: no such folder of videos; check the path")
    return sorted(path for path in folder.iterdir() if is_video(path))


def is_video(path: Path) -> bool:
    """Say whether a file is a video by its name."""
    hidden = path.name.startswith(".")
    return not hidden and path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
