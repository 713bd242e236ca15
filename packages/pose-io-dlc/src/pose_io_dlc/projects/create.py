"""Make a new DeepLabCut project from videos: the folder, its config and the videos in it."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any

from pose_io_dlc.atomic import current_umask, reason_of
from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER
from pose_io_dlc.projects.config import changed
from pose_io_dlc.projects.movies import video_size
from pose_io_dlc.projects.project import VIDEOS
from pose_io_dlc.projects.template import TEMPLATE
from pose_io_dlc.sheets.columns import SINGLE

CONFIG = "config.yaml"
UNKNOWN = (480, 640)
"""Height and width that stand in the config for a video whose size is not found."""
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
IN_PATHS = re.compile(r'[^\\/:*?"<>|\x00-\x1f]+')
"""What a name that becomes part of a path may be made of, on every operating system."""


@dataclass(frozen=True)
class NewProject:
    """A project that was made.

    Attributes:
        root: its folder.
        config: its config.
        videos: the videos in it.
        warnings: what to look at, one line each.
    """

    root: Path
    config: Path
    videos: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


def create_project(
    folder: Path | str,
    name: str,
    scorer: str,
    videos: Sequence[Path | str],
    keypoints: Sequence[str],
    *,
    individuals: Sequence[str] = (),
    unique: Sequence[str] = (),
    skeleton: Sequence[tuple[str, str]] = (),
    link: bool = False,
    date: Date | None = None,
) -> NewProject:
    """Make a DeepLabCut project, which is there whole or not at all.

    Args:
        folder: where it is made, as `<name>-<scorer>-<date>`.
        name: of the task.
        scorer: who will label.
        videos: files, copied into the project.
        keypoints: of one animal, or of each.
        individuals: several animals; none makes a project of one.
        unique: keypoints of no animal, for a project of several.
        skeleton: pairs of keypoints to draw as limbs.
        link: put symbolic links in place of copies. The project then cannot move alone.
        date: in the folder's name; today by default.

    Raises:
        FormatError: if names or videos do not do, the folder is there already, or the system
            cannot write.
    """
    day = date or Date.today()
    refuse_names(name, scorer, keypoints, individuals, unique, skeleton)
    sources = [Path(video) for video in videos]
    refuse_videos(sources)
    if not Path(folder).is_dir():
        raise FormatError(f"{folder}: no such folder; make it first, or name another")
    root = Path(folder).resolve() / f"{name}-{scorer}-{day.isoformat()}"
    targets = [root / "videos" / source.name for source in sources]
    sizes = [video_size(source) for source in sources]
    changes = {
        "Task": name,
        "scorer": scorer,
        "date": f"{MONTHS[day.month - 1]}{day.day}",
        "project_path": str(root),
        "video_sets": video_sets(targets, sizes),
        **points_of(keypoints, individuals, unique),
        "skeleton": [list(pair) for pair in skeleton],
    }
    with whole_folder(root) as new:
        (new / CONFIG).write_text(
            changed(TEMPLATE, changes, root / CONFIG), encoding="utf-8", newline="\n"
        )
        fill(new, sources, link)
    return NewProject(root, root / CONFIG, tuple(sorted(targets)), unsized(sources, sizes))


def points_of(
    keypoints: Sequence[str], individuals: Sequence[str], unique: Sequence[str]
) -> Mapping[str, Any]:
    """Give the keys that say whose the keypoints are."""
    if not individuals:
        return {"bodyparts": list(keypoints), "individuals": ["individual_1"]}
    return {
        "multianimalproject": True,
        "identity": False,
        "bodyparts": "MULTI!",
        "individuals": list(individuals),
        "uniquebodyparts": list(unique),
        "multianimalbodyparts": list(keypoints),
        "default_augmenter": "albumentations",
        "default_track_method": "ellipse",
    }


def video_sets(
    videos: Sequence[Path], sizes: Sequence[tuple[int, int] | None]
) -> dict[str, dict[str, str]]:
    """List videos with a crop that is the whole frame."""
    wholes = (size or UNKNOWN for size in sizes)
    return {
        str(video): {"crop": f"0, {width}, 0, {height}"}
        for video, (height, width) in zip(videos, wholes, strict=True)
    }


def unsized(videos: Sequence[Path], sizes: Sequence[tuple[int, int] | None]) -> tuple[str, ...]:
    """Say which videos have no size that could be found."""
    height, width = UNKNOWN
    return tuple(
        f"{video}: its size was not found; {CONFIG} has crop: 0, {width}, 0, {height}, correct it"
        for video, size in zip(videos, sizes, strict=True)
        if size is None
    )


def fill(root: Path, videos: Sequence[Path], link: bool) -> None:
    """Make the folders that DeepLabCut makes, and put the videos in."""
    for name in ("videos", FOLDER, "training-datasets", "dlc-models"):
        (root / name).mkdir()
    for video in videos:
        (root / FOLDER / video.stem).mkdir()
        target = root / "videos" / video.name
        if link:
            target.symlink_to(video.resolve())
        else:
            shutil.copyfile(video, target)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside, which becomes `path` when all went well.

    Raises:
        FormatError: if `path` is there already, or the system cannot write; the temporary folder is
            gone then.
    """
    if path.exists() or path.is_symlink():
        raise FormatError(f"{path}: is there already; choose another name, or remove it")
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        yield temporary
        temporary.chmod(0o777 & ~current_umask())
        temporary.rename(path)
    except OSError as error:
        raise FormatError(f"{path}: cannot be made: {reason_of(error)}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def refuse_videos(videos: Sequence[Path]) -> None:
    """Refuse videos that are not there, none, or two that would share a folder of images.

    Raises:
        FormatError: naming the first.
    """
    if not videos:
        raise FormatError("videos: none are given; a project needs at least one")
    stems: dict[str, Path] = {}
    for video in videos:
        if not video.is_file():
            raise FormatError(f"{video}: no such video")
        if video.suffix.lower() not in VIDEOS:
            known = ", ".join(sorted(VIDEOS))
            raise FormatError(f"{video}: is no video by its name; known: {known}")
        if stems.setdefault(video.stem.casefold(), video) is not video:
            raise FormatError(
                f"{video}: has the same name as {stems[video.stem.casefold()]}, so their images "
                "would lie in one folder; rename one"
            )


def refuse_names(
    name: str,
    scorer: str,
    keypoints: Sequence[str],
    individuals: Sequence[str],
    unique: Sequence[str],
    skeleton: Sequence[tuple[str, str]],
) -> None:
    """Refuse names that are no names, given twice, or unknown to the skeleton.

    Raises:
        FormatError: naming the first.
    """
    for what, one in (("name", name), ("scorer", scorer)):
        if not IN_PATHS.fullmatch(one) or one != one.strip(" ."):
            raise FormatError(f"{what}: {one!r} cannot be part of a folder's name; use letters")
    if not keypoints:
        raise FormatError("keypoints: none are given; name at least one")
    if unique and not individuals:
        raise FormatError(f"unique: {unique[0]!r} is for several animals; give it as a keypoint")
    if SINGLE in individuals:
        raise FormatError(f"individuals: {SINGLE!r} means no animal in DeepLabCut; choose another")
    refuse_lists({"keypoints": [*keypoints, *unique], "individuals": individuals})
    known = {*keypoints, *unique}
    for pair in skeleton:
        if odd := [one for one in pair if one not in known]:
            raise FormatError(
                f"skeleton: unknown keypoint {odd[0]!r}; known: {', '.join(keypoints)}"
            )


def refuse_lists(lists: Mapping[str, Sequence[str]]) -> None:
    """Refuse lists with a name that is empty, in several lines, or there twice.

    Raises:
        FormatError: naming the first.
    """
    for what, names in lists.items():
        for place, one in enumerate(names):
            if not one.strip() or not one.isprintable():
                raise FormatError(f"{what}: {one!r} is no name")
            if one in names[:place]:
                raise FormatError(f"{what}: {one!r} is given twice; names must be unique")
