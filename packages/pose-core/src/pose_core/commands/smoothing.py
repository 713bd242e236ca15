"""Tables of one video's networks to one smoothed table, video after video, cameras together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_core.commands.cameras import sessions_in, views_of
from pose_core.errors import FormatError, PoseError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions

DEFAULT, OF_VIEWS = "eks_singlecam", "eks_mirrored"
"""Smoothers that are taken unasked: of one view, and of several that show the same points."""
SHORT = 20
"""Frames of which it is said that they are few, if a smoother of views cannot use them."""


@dataclass(frozen=True)
class How:
    """How to smooth.

    Attributes:
        smoother: its name; None takes `OF_VIEWS` where there are views, and else `DEFAULT`.
        options: its own.
        overwrite: whether to smooth again what is there and not older than its members.
    """

    smoother: str | None
    options: Mapping[str, Any]
    overwrite: bool = False


@dataclass(frozen=True)
class Video:
    """A video, and the tables of the networks that saw it.

    Attributes:
        name: of the video, and of its smoothed table.
        tables: one per network.
        plain: the first one as it was predicted, where `tables` are repaired ones; its record says
            by which model.
    """

    name: str
    tables: tuple[Path, ...]
    plain: Path | None = None

    @property
    def table(self) -> str:
        """The name of the smoothed table, of the kind of the others."""
        return f"{self.name}{self.tables[0].suffix}"


def smooth_videos(
    videos: Sequence[Video],
    output: Path,
    how: How,
    plugins: "Plugins",
    say: Callable[[str], None],
) -> int:
    """Smooth each video to a table of its name; what fails is said, and the rest goes on.

    Videos of one session by the cameras of their models' project are smoothed together, unless a
    smoother is named that does not look at several views.

    Args:
        videos: to smooth.
        output: folder of the tables.
        how: to smooth.
        plugins: where formats and smoothers are.
        say: hears what fails.

    Returns:
        How many videos could not be smoothed.
    """
    together = how.smoother in (None, OF_VIEWS)
    views = cameras_of(videos, plugins) if together and len(videos) > 1 else ()
    failed = 0
    for session in sessions_in({video.name: video for video in videos}, views):
        try:
            smooth_session(session, output, how, plugins)
        except PoseError as error:
            is_smoother = str(error).startswith("smoother.")
            names = ", ".join(one.name for one in session.values())
            say(f"{names}: {error}" if is_smoother else str(error))
            failed += len(session)
    return failed


def cameras_of(videos: Sequence[Video], plugins: "Plugins") -> tuple[str, ...]:
    """Name the cameras of the project that the models of the first video were trained on."""
    from pose_core.partial import read_origin, record_of

    first = videos[0]
    origin = read_origin(record_of(first.plain or first.tables[0]))
    return views_of(Path(origin.model), plugins) if origin else ()


def smooth_session(
    session: Mapping[str, Video], output: Path, how: How, plugins: "Plugins"
) -> None:
    """Smooth the videos of a session together, given by view, each to a table of its own.

    Raises:
        PoseError: if a table is missing or cannot be read, tables do not fit together, the
            smoother refuses them, or the disk is full.
    """
    from pose_core.files import write_predictions

    paths = {view: output / one.table for view, one in session.items()}
    if not how.overwrite and is_there(session, paths):
        listed = ", ".join(map(str, paths.values()))
        print(f"{listed}: finished already; --overwrite smooths it again")
        return
    members = {view: read_members(one.tables, plugins) for view, one in session.items()}
    if any(one.frames is not None for own in members.values() for one in own):
        listed = ", ".join(one.name for one in session.values())
        print(f"{listed}: is of images, not of a video; it is left out")
    elif len(members) == 1:
        ((view, alone),) = members.items()
        smooth_to(paths[view], alone, how, plugins)
    else:
        joined = join_members(session, members)
        name, found = smoothed(joined, how, plugins)
        for view, own in part(found, members).items():
            write_predictions(paths[view], own, plugins)
        where = ", ".join(map(str, paths.values()))
        say_smoothed(len(joined), found, f"{name} of {len(paths)} views", where)


def is_there(session: Mapping[str, Video], paths: Mapping[str, Path]) -> bool:
    """Say whether the smoothed tables are there, and no older than those they are made of."""
    if not all(path.is_file() for path in paths.values()):
        return False
    tables = [table for video in session.values() for table in video.tables]
    newest = max((table.stat().st_mtime for table in tables if table.is_file()), default=0.0)
    return min(path.stat().st_mtime for path in paths.values()) >= newest


def smooth_to(path: Path, members: Sequence["Predictions"], how: How, plugins: "Plugins") -> None:
    """Smooth members to one table, and say what was done.

    Raises:
        PoseError: if the smoother refuses them, or the disk is full.
    """
    from pose_core.files import write_predictions

    name, found = smoothed(members, how, plugins)
    write_predictions(path, found, plugins)
    say_smoothed(len(members), found, name, str(path))


def smoothed(
    members: Sequence["Predictions"], how: How, plugins: "Plugins"
) -> "tuple[str, Predictions]":
    """Smooth members; give the name of the smoother too.

    Raises:
        PoseError: if the smoother refuses them.
    """
    from pose_core.smoothing import smooth

    name = how.smoother or (OF_VIEWS if members[0].skeleton.views else DEFAULT)
    try:
        return name, smooth(members, name, how.options, plugins)
    except FormatError as error:
        frames = len(members[0])
        if name != OF_VIEWS or frames >= SHORT:
            raise
        raise FormatError(
            f"smoother.{name}: {count_of(frames, 'frame is', 'frames are')} too few to learn how "
            f"the views relate; give --smoother {DEFAULT}, which smooths each view by itself"
        ) from error


def say_smoothed(members: int, found: "Predictions", by: str, where: str) -> None:
    """Say what was done."""
    for line in found.notes:
        print(line)
    count = f"{count_of(members, 'member')}, {count_of(len(found), 'frame')}"
    print(f"{count}, smoothed by {by}: {where}")


def read_members(tables: Sequence[Path], plugins: "Plugins") -> "list[Predictions]":
    """Read tables that fit together, and say what is odd about them.

    Raises:
        FormatError: if one cannot be read, or does not fit the first one.
    """
    from pose_core.files import read_predictions
    from pose_core.partial import INCOMPLETE

    members = [read_predictions(path, plugins) for path in tables]
    for line in dict.fromkeys(line for member in members for line in member.warnings):
        print(f"warning: {line}")
    check_alike(tables, members)
    if damaged := [str(path) for path in tables if path.stem.endswith(INCOMPLETE)]:
        print(
            f"warning: {', '.join(damaged)}: of a video that is damaged; what its lost frames show "
            "is guessed in the smoothed table"
        )
    return members


def check_alike(tables: Sequence[Path], members: Sequence["Predictions"]) -> None:
    """Refuse tables that do not fit together, by their names.

    Raises:
        FormatError: naming the two files, and what differs.
    """
    from pose_core.partial import read_origin, record_of

    first, origin = members[0], read_origin(record_of(tables[0]))
    for path, member in zip(tables, members, strict=True):
        if odd := sorted(set(member.skeleton.names) ^ set(first.skeleton.names)):
            raise FormatError(
                f"{path}: has other keypoints than {tables[0]}, only one of them has {odd[0]!r}; "
                "give tables of one skeleton"
            )
        if len(member) != len(first) or member.frames != first.frames:
            rows = f"{count_of(len(member), 'row')}, not the {len(first)}"
            what = rows if len(member) != len(first) else "other images than those"
            raise FormatError(
                f"{path}: has {what} of {tables[0]}; predict the same video with every model"
            )
        own = read_origin(record_of(path))
        if own and origin and own.video_digest != origin.video_digest:
            other = origin.video if own.video != origin.video else "it before or after it changed"
            raise FormatError(
                f"{path}: was made from {own.video}, {tables[0]} from {other}; "
                "predict the same video with every model"
            )


def join_members(
    session: Mapping[str, Video], members: "Mapping[str, Sequence[Predictions]]"
) -> "list[Predictions]":
    """Put the views side by side, member by member.

    Raises:
        FormatError: if cameras have other members, or other numbers of frames.
    """
    from pose_core.views import join_predictions

    names = {view: member_names(video) for view, video in session.items()}
    first = next(iter(names))
    for view, own in names.items():
        if odd := sorted(set(own) ^ set(names[first])):
            place = session[view].tables[0].parent
            raise FormatError(
                f"{place}: has other members than {session[first].tables[0].parent}, only "
                f"one of them has {odd[0]!r}; predict every camera with every model, or give "
                f"--smoother {DEFAULT} to smooth each camera by itself"
            )
    return [
        join_predictions({view: members[view][own.index(name)] for view, own in names.items()})
        for name in names[first]
    ]


def member_names(video: Video) -> list[str]:
    """Name the members of a video, whether or not all of its frames decode."""
    from pose_core.partial import INCOMPLETE

    return [table.stem.removesuffix(INCOMPLETE) for table in video.tables]


def part(
    found: "Predictions", members: "Mapping[str, Sequence[Predictions]]"
) -> "dict[str, Predictions]":
    """Part what was smoothed into its views again, the keypoints called as in each."""
    parts, begin = {}, 0
    for view, own in members.items():
        keys = slice(begin, begin + len(own[0].skeleton))
        begin = keys.stop
        parts[view] = replace(
            found,
            keypoints=found.keypoints[:, keys],
            confidence=found.confidence[:, keys],
            extra={name: column[:, keys] for name, column in found.extra.items()},
            skeleton=own[0].skeleton,
        )
    return parts
