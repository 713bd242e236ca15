"""Which videos show one recording: told from their names, which differ in the view alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BETWEEN = " _-."
"""What separates the words of a name."""


@dataclass(frozen=True)
class Session:
    """The videos of one recording by several cameras, synchronised by frame number.

    Attributes:
        name: what their names have in common.
        videos: view to file; a view may be missing.
    """

    name: str
    videos: Mapping[str, Path]


def sessions_of(
    videos: Sequence[Path], views: Sequence[str]
) -> tuple[tuple[Session, ...], dict[Path, str]]:
    """Sort videos into sessions by their names without the view.

    A view stands in a name as a word: `top` in `a_top.mp4`, not in `stopped.mp4`. Where several do,
    the last counts, and of those the longest.

    Returns:
        The sessions in the order of their names; and the videos that are in none, with the reason.
    """
    found: dict[tuple[str, str], dict[str, Path]] = {}
    unused: dict[Path, str] = {}
    for video in dict.fromkeys(videos):
        match = max(matches(video.stem, views), key=lambda m: (m.end(), -m.start()), default=None)
        if match is None:
            unused[video] = f"none of the views {', '.join(views)} in its name"
            continue
        rest = video.stem[: match.start()] + video.stem[match.end() :]
        others = found.setdefault(
            (without_views(str(video.parent), views), rest.strip(BETWEEN)), {}
        )
        if others.setdefault(match[0], video) != video:
            unused[video] = f"shows what {others[match[0]].name} does"
    ordered = sorted(found.items())
    return tuple(named(name, of, views) for (_, name), of in ordered), unused


def named(name: str, videos: Mapping[str, Path], views: Sequence[str]) -> Session:
    """Make a session, its videos in the order of the views."""
    ordered = {view: videos[view] for view in views if view in videos}
    return Session(name or next(iter(ordered.values())).parent.name, ordered)


def matches(name: str, views: Sequence[str]) -> Iterator[re.Match[str]]:
    """Find the views in a name."""
    for view in views:
        yield from word(view).finditer(name)


def word(view: str) -> re.Pattern[str]:
    """Match a view where neither letter nor digit touches it."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(view)}(?![A-Za-z0-9])")


def without_views(folder: str, views: Sequence[str]) -> str:
    """Cut all views out of a folder's name: recordings may have a folder for each camera."""
    for view in sorted(views, key=len, reverse=True):
        folder = word(view).sub("", folder)
    return folder
