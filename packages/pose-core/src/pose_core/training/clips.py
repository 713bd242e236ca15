"""The clips of a run: from which videos, by which reader, and whether they go with the labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pose_core.batches.unlabeled import Clips, frames_of
from pose_core.errors import ConfigError, FormatError
from pose_core.hookspecs import VideoInfo
from pose_core.plugins import Plugins
from pose_core.project import Project
from pose_core.training.options import RunOptions
from pose_core.training.views import synchronised, uneven
from pose_core.video.readers import choose, find_videos

SAME_SHAPE = 0.02
"""Relative difference of aspects that rounding a size to even numbers may make."""


def open_clips(
    project: Project, sizes: np.ndarray, options: RunOptions, plugins: Plugins
) -> tuple[Clips, list[str]]:
    """Open the videos that unsupervised losses see, and say what they are.

    Args:
        project: whose videos are taken where the options name none. Those of several cameras are
            read together.
        sizes: (frames, 2), height and width of the labeled images.
        options: the run's.
        plugins: where the reader is looked up.

    Returns:
        The clips, and lines about them.

    Raises:
        ConfigError: if there are none, or a video does not show what the labels show.
        FormatError: if a video that was asked for does not exist.
        VideoError: if one cannot be opened.
    """
    reader, reason = choose(plugins, options.unlabeled.reader)
    length = options.unlabeled.length
    lines = [f"clips of {length} unlabeled frames, read by {reader.name} ({reason})"]
    device = "cuda" if uses_gpu(options) else "cpu"
    files = videos_of(project, options)
    videos: Sequence[Path | Sequence[Path | None]] = files
    if project.cameras:
        videos, more = synchronised(files, list(project.cameras))
        lines += more
    clips = Clips(reader, videos, length, options.data.size, device)
    clips.scales = scales_of(clips, project, sizes)
    return clips, [*lines, *uneven(clips), *oddities(clips)]


def scales_of(clips: Clips, project: Project, sizes: np.ndarray) -> dict[Path, float]:
    """Give the factors from each video's pixels to those of the labeled images of its view.

    Raises:
        ConfigError: if a video does not show what the labels show.
    """
    of_views = [sizes[rows[rows >= 0]] for rows in project.cameras.values()] or [sizes]
    return {
        info.path: scale_to(info, own if len(own) else sizes)
        for views in clips.recordings
        for info, own in zip(views, of_views, strict=True)
        if info
    }


def oddities(clips: Clips) -> list[str]:
    """Warn of videos that are shorter than a clip, cut off, or of another size than the labels."""
    infos = clips.infos
    lines = []
    unused = [views for views in clips.recordings if frames_of(views) < clips.length]
    if short := [info.path.name for views in unused for info in views if info]:
        lines.append(
            f"warning: {len(short)} of {len(infos)} videos are shorter than a clip of "
            f"{clips.length} frames and unused: {some(short)}; or set a smaller unlabeled.length"
        )
    if other := [info.path.name for info in infos if clips.scales[info.path] != 1]:
        lines.append(
            f"warning: {len(other)} of {len(infos)} videos are of another size than the labeled "
            f"images and taken for the same picture resized: {some(other)}; if they are not, leave "
            "them out of unlabeled.videos"
        )
    if cut := [info.path.name for info in infos if info.cut_off]:
        lines.append(
            f"warning: {len(cut)} of {len(infos)} videos end before their header says so, and are "
            f"used as far as they go: {some(cut)}; copy them anew if there are whole ones"
        )
    return lines


def some(names: Sequence[str]) -> str:
    """List a few names."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def scale_to(info: VideoInfo, sizes: np.ndarray) -> float:
    """Give the factor from a video's pixels to those of the labeled images.

    Raises:
        ConfigError: if no labeled image has its shape.
    """
    sizes = np.unique(sizes, axis=0)
    if (sizes == info.size).all(1).any():
        return 1.0
    factors = sizes / np.array(info.size)
    alike = np.abs(factors[:, 0] / factors[:, 1] - 1) <= SAME_SHAPE
    if not alike.any():
        seen = ", ".join(f"{height} x {width}" for height, width in sizes.tolist())
        raise ConfigError(
            f"{info.path}: shows {info.size[0]} x {info.size[1]} pixels, and the labels are of "
            f"{seen}: another number of views, camera or crop; leave it out of unlabeled.videos, "
            "or label some of its frames"
        )
    factor = np.sqrt(factors[alike].prod(1))
    return float(factor[np.abs(np.log(factor)).argmin()])


def uses_gpu(options: RunOptions) -> bool:
    """Say whether the trainer will run on a CUDA device."""
    wanted = options.trainer.get("accelerator", "auto")
    return wanted in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def videos_of(project: Project, options: RunOptions) -> list[Path]:
    """List the videos to draw clips from.

    Raises:
        FormatError: if one does not exist.
    """
    if not options.unlabeled.videos:
        return list(project.videos)
    videos: list[Path] = []
    for name in options.unlabeled.videos:
        path = Path(name)
        if not path.exists():
            raise FormatError(f"unlabeled.videos: no such file or folder {name!r}")
        videos += find_videos(path) if path.is_dir() else [path]
    return videos
