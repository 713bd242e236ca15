"""Videos of a DeepLabCut project: those that are there, and those its config lists."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.projects.project import VIDEOS, videos_in
from pose_io_dlc.sheets.sheet import with_forward_slashes

CROPPED = "_cropped"
"""What DeepLabCut adds to the names of videos whose images it cut; the first stay as they are."""


def listed_videos(config: Mapping[str, Any], own: bool = False) -> dict[str, str]:
    """Give stem to crop, as `0, 640, 0, 480`, of each video that a config lists, once each.

    Keys are paths on the machine the project was made on, of any operating system, or a text in
    their place, which is left out. Where images were cut, the videos before that are listed.

    Args:
        config: of the project.
        own: whether to leave out those that lie elsewhere than in a folder `videos`, as a
            project's own do.
    """
    found: dict[str, str] = {}
    before = sets_of(config, "video_sets_original")
    for key, value in (sets_of(config, "video_sets") | before).items():
        path = PurePosixPath(with_forward_slashes(str(key)))
        is_own = path.parent.name in ("videos", "")
        if path.suffix.lower() in VIDEOS and (is_own or not own):
            crop = value.get("crop") if isinstance(value, dict) else None
            found.setdefault(path.stem, str(crop or ""))
    return {stem: crop for stem, crop in found.items() if not (before and is_cut(stem, found))}


def sets_of(config: Mapping[str, Any], key: str) -> dict[Any, Any]:
    """Give one of the config's mappings of videos; nothing where it is empty."""
    sets = config.get(key)
    return sets if isinstance(sets, dict) else {}


def is_cut(stem: str, stems: Mapping[str, str]) -> bool:
    """Say whether a name is another video's after cutting."""
    return stem.endswith(CROPPED) and stem.removesuffix(CROPPED) in stems


def videos_of(config: Mapping[str, Any], root: Path, warnings: list[str]) -> tuple[Path, ...]:
    """Find the project's videos; the config only says which are missing.

    Videos that it lists elsewhere are not looked for: a config leads nowhere out of its project.
    """
    videos = videos_in(root / "videos")
    there = {video.stem for video in videos}
    if lost := [stem for stem in listed_videos(config, own=True) if stem not in there]:
        count = "1 video" if len(lost) == 1 else f"{len(lost)} videos"
        few = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        warnings.append(f"{root / 'videos'}: lacks {count} of video_sets: {few}")
    return videos
