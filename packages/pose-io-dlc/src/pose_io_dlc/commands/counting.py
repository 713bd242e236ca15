"""Counts, ranges and quantiles of tables, as plain numbers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.projects.images import image_size
from pose_io_dlc.tables import OCCLUDED, LabelTable, PredictionTable

QUANTILES = (0.05, 0.5, 0.95)
"""Of confidence: those shown."""


def points_of(table: LabelTable | PredictionTable) -> list[dict[str, Any]]:
    """Describe each keypoint: known, missing, hidden, where, how sure."""
    return [point_of(table, at) for at in range(len(table.points))]


def point_of(table: LabelTable | PredictionTable, at: int) -> dict[str, Any]:
    """Describe one keypoint."""
    individual, name = table.points[at]
    points = table.keypoints[:, at]
    known = int(np.isfinite(points).all(-1).sum())
    found: dict[str, Any] = {"individual": individual} if individual else {}
    found |= {"name": name, "known": known, "missing": len(table) - known}
    if isinstance(table, LabelTable):
        found["hidden"] = int((table.visibility[:, at] == OCCLUDED).sum())
    else:
        found["confidence"] = quantiles(table.confidence[:, at])
    found |= box_of(points) or {}
    return found


def box_of(keypoints: np.ndarray) -> dict[str, list[float]] | None:
    """Give the smallest and largest x and y; None where nothing is known."""
    known = keypoints[np.isfinite(keypoints).all(-1)]
    if not len(known):
        return None
    low, high = known.min(0), known.max(0)
    return {axis: [float(low[at]), float(high[at])] for at, axis in enumerate("xy")}


def quantiles(values: np.ndarray) -> list[float] | None:
    """Give the 5 %, 50 % and 95 % quantiles of what is finite; None where nothing is."""
    known = values[np.isfinite(values)]
    return [float(one) for one in np.quantile(known, QUANTILES)] if known.size else None


def frames_of(table: PredictionTable) -> dict[str, Any]:
    """Say which frames the rows of predictions are of."""
    return {"rows": "images"} if table.frames is not None else frames_in(table.numbers, len(table))


def frames_in(numbers: np.ndarray | None, length: int) -> dict[str, Any]:
    """Say which frames of a video rows are of, and which are left out; None: 0, 1, 2, ..."""
    if not length:
        return {"rows": "frames"}
    numbers = np.arange(length) if numbers is None else numbers
    gaps = gaps_of(numbers)
    return {
        "rows": "frames",
        "first": int(numbers.min()),
        "last": int(numbers.max()),
        "left_out": sum(last - first + 1 for first, last in gaps),
        "gaps": [list(gap) for gap in gaps],
    }


def gaps_of(numbers: np.ndarray) -> list[tuple[int, int]]:
    """List the first and last number of each run of frames left out, from 0 on."""
    ordered = np.concatenate([[-1], np.unique(numbers)])
    before = np.flatnonzero(np.diff(ordered) > 1)
    return [(int(ordered[at]) + 1, int(ordered[at + 1]) - 1) for at in before]


def runs(gaps: Sequence[Sequence[int]], most: int = 5) -> str:
    """Write runs of frames as `3, 5-9 and 7 more runs`."""
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in gaps[:most]]
    more = f" and {len(gaps) - most:,} more runs" if len(gaps) > most else ""
    return ", ".join(texts) + more


def sizes_of(table: LabelTable, root: Path) -> dict[str, Any]:
    """Say how large the images of labels are, and how many labels lie outside."""
    sizes = [image_size(root / frame) for frame in table.frames]
    counts = Counter(size for size in sizes if size)
    return {
        "image_sizes": [
            {"width": width, "height": height, "images": count}
            for (height, width), count in counts.most_common()
        ],
        "outside": int(outside_of(table.keypoints, sizes).sum()),
    }


def outside_of(
    keypoints: np.ndarray, sizes: Sequence[tuple[int, int] | None], edge: float = -0.5
) -> np.ndarray:
    """Say which points lie outside their images, (frames, keypoints); unknown sizes hold all.

    Args:
        keypoints: (frames, keypoints, 2).
        sizes: height and width of each frame's image, None where it cannot be measured; or one
            for all frames.
        edge: the smallest coordinate inside; the outer edge of the first pixel is -0.5.
    """
    limits = np.array([size or (np.inf, np.inf) for size in sizes], dtype=float)
    limits = limits.reshape(-1, 1, 2)[..., ::-1] - 0.5
    with np.errstate(invalid="ignore"):
        beyond = (keypoints <= edge) | (keypoints > limits)
    return np.asarray(beyond.any(-1))
