"""One folder a lab works in, and what opening one takes, whichever tool made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.images import image_size
from pose_io_dlc.tables import MISSING, LabelTable

VIDEOS = frozenset(
    {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv"}
)
"""Suffixes of videos."""


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera of several that saw the same instants, each with its own images and videos.

    Attributes:
        labels: its images.
        rows: int (instants,), the row of `labels` that shows each instant; -1 where it has none.
            As long for every camera of a project.
        videos: those with the camera's name in theirs, sorted.
    """

    labels: LabelTable
    rows: np.ndarray
    videos: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class Project:
    """Labels, videos and skeleton of one folder.

    Attributes:
        root: the folder; label paths are relative to it.
        name: what its makers call it.
        kind: "deeplabcut" or "lightning_pose".
        labels: all labeled images, of all cameras.
        videos: those found in it, sorted.
        edges: pairs of keypoint names to draw as limbs.
        symmetric: (left, right) pairs of keypoint names: the config's `symmetric`, or guessed.
        views: view to keypoint names; the i-th of all views show one point, None where a view lacks
            it. Empty for one view.
        cameras: name to camera, where each has its own images; empty for one camera.
        singleview: keypoints that Lightning Pose's single-view PCA looks at; empty where no config
            says so.
        multi_animal: whether there are several animals in a frame.
        warnings: what was odd but usable, one line each.
    """

    root: Path
    name: str
    kind: str
    labels: LabelTable
    videos: tuple[Path, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    symmetric: tuple[tuple[str, str], ...] = ()
    views: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    singleview: tuple[str, ...] = ()
    multi_animal: bool = False
    warnings: tuple[str, ...] = ()

    def missing_images(self) -> list[str]:
        """List labeled images that are not on the disk."""
        return [frame for frame in self.labels.frames if not is_there(self.root / frame)]


def is_there(path: Path) -> bool:
    """Say whether a file is there; a name that no system can have is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def videos_in(folder: Path) -> tuple[Path, ...]:
    """List the videos of a folder, without those that DeepLabCut drew labels into."""
    if not folder.is_dir():
        return ()
    found = [one for one in folder.iterdir() if one.suffix.lower() in VIDEOS and one.is_file()]
    return tuple(sorted(one for one in found if not is_drawn(one.stem)))


def is_drawn(stem: str) -> bool:
    """Say whether a video is one that a tool drew its predictions into."""
    return stem.endswith("_labeled") and ("DLC_" in stem or "DeepCut_" in stem)


def names_in(config: Mapping[str, Any], key: str, path: Path) -> list[str]:
    """Read a list of names; none where the key is absent or empty.

    Raises:
        FormatError: if it is something else.
    """
    names = config.get(key) or []
    if not isinstance(names, list) or any(isinstance(name, list | dict) for name in names):
        raise FormatError(f"{path}: {key} is {shortened(names)}, not a list of names")
    return [str(name) for name in names]


def edges_of(
    pairs: object, names: Sequence[str], where: str, warnings: list[str]
) -> tuple[tuple[str, str], ...]:
    """Read a skeleton, pairs of names; those of unknown keypoints are left out with a warning."""
    if not isinstance(pairs, list):
        return ()
    edges = [tuple(map(str, pair)) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    known = [(edge[0], edge[1]) for edge in edges if set(edge) <= set(names)]
    if len(known) < len(pairs):
        warnings.append(f"{where}: {len(pairs) - len(known)} bones of the skeleton are left out")
    return tuple(dict.fromkeys(known))


def refuse_unlabeled(labels: LabelTable, where: Path) -> None:
    """Refuse labels without a single point.

    Raises:
        FormatError: saying how many frames there are.
    """
    if not (labels.visibility != MISSING).any():
        raise FormatError(f"{where}: no point is labeled in {len(labels)} frames; label some first")


def without_outside(labels: LabelTable, root: Path, edge: float = -0.5) -> LabelTable:
    """Take labels outside their images as missing, with a warning.

    Args:
        labels: of a project.
        root: its folder. Images that cannot be found or measured are not looked at.
        edge: the smallest coordinate inside; the outer edge of the first pixel is -0.5.
    """
    sizes = [image_size(root / frame) or (np.inf, np.inf) for frame in labels.frames]
    limits = np.array(sizes, dtype=float).reshape(-1, 1, 2)[..., ::-1] - 0.5
    with np.errstate(invalid="ignore"):
        beyond = (labels.keypoints <= edge) | (labels.keypoints > limits)
    outside = np.asarray(beyond.any(-1))
    if not outside.any():
        return labels
    row, point = np.argwhere(outside)[0]
    x, y = labels.keypoints[row, point]
    warning = (
        f"{root}: {int(outside.sum())} labels are outside their images and taken as missing; the "
        f"first is {labels.names[point]!r} at ({x:g}, {y:g}) in {labels.frames[row]}"
    )
    return replace(
        labels,
        keypoints=np.where(outside[..., None], np.nan, labels.keypoints),
        visibility=np.where(outside, MISSING, labels.visibility).astype(np.uint8),
        warnings=(*labels.warnings, warning),
    )
