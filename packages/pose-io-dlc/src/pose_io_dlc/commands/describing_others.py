"""What further files hold, as plain facts: bones, points in space, pickles."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pose_io_dlc.commands.counting import frames_in, quantiles
from pose_io_dlc.pickles import read_full, read_meta, read_pickle

Facts = dict[str, Any]


def of_other(path: Path, kind: str) -> Facts:
    """Describe a file that is neither labels nor predictions.

    Raises:
        FormatError: if it cannot be read; for a pickle, what it asks for that is not known.
    """
    return DESCRIBED[kind](path)


def of_points3d(path: Path) -> Facts:
    """Describe points in space."""
    from pose_io_dlc.points3d import read_points3d

    table = read_points3d(path)
    facts: Facts = {"scorer": table.scorer, "frames": len(table)}
    if table.video:
        facts["video"] = table.video
    known = np.isfinite(table.points).all(-1)
    facts |= frames_in(table.numbers, len(table)) | {"with_points": int(known.any(1).sum())}
    if table.animals:
        facts["individuals"] = list(table.animals)
    facts["coordinates"] = box3_of(table.points)
    if table.extra:
        facts["further_columns"] = list(table.extra)
    facts["keypoints"] = [
        point_of(one, name, table.points[:, at]) for at, (one, name) in enumerate(table.keypoints)
    ]
    return facts | {"warnings": list(table.warnings)}


def point_of(individual: str, name: str, points: np.ndarray) -> Facts:
    """Describe one keypoint in space."""
    known = int(np.isfinite(points).all(-1).sum())
    found: Facts = {"individual": individual} if individual else {}
    found |= {"name": name, "known": known, "missing": len(points) - known}
    return found | (box3_of(points) or {})


def box3_of(points: np.ndarray) -> Facts | None:
    """Give the smallest and largest x, y and z; None where nothing is known."""
    known = points[np.isfinite(points).all(-1)]
    if not len(known):
        return None
    low, high = known.min(0), known.max(0)
    return {axis: [float(low[at]), float(high[at])] for at, axis in enumerate("xyz")}


def of_skeleton(path: Path) -> Facts:
    """Describe lengths and directions of bones."""
    from pose_io_dlc.bones import read_skeleton

    table = read_skeleton(path)
    rows: list[tuple[str, ...]] = [("bone", "known", "length 5%", "50%", "95%", "confidence 50%")]
    for at, name in enumerate(table.names):
        lengths = quantiles(table.length[:, at]) or [float("nan")] * 3
        sure = quantiles(table.confidence[:, at]) or [float("nan")] * 3
        known = int(np.isfinite(table.length[:, at]).sum())
        rows.append((name, f"{known:,}", *(f"{one:.1f}" for one in lengths), f"{sure[1]:.3f}"))
    facts: Facts = {"frames": len(table), **frames_in(table.numbers, len(table))}
    return facts | {"table": rows, "warnings": list(table.warnings)}


def of_meta(path: Path) -> Facts:
    """Describe DeepLabCut's notes of a run."""
    meta = read_meta(path)
    height, width = meta.size
    holds: Facts = {
        "frames": f"{meta.nframes:,} of {width} x {height}, {meta.fps:g} per second",
        "took": f"{meta.stop - meta.start:.1f} s, {meta.batch_size or '?'} images at a time",
        "cropping": "none" if meta.cropping is None else str(list(meta.cropping)),
    }
    if meta.individuals:
        holds["individuals"] = ", ".join(meta.individuals)
    parts = [*meta.bodyparts, *meta.unique_bodyparts]
    return {"scorer": meta.scorer, "holds": holds, "keypoints": parts}


def of_full(path: Path) -> Facts:
    """Describe all detections before they were assembled."""
    full = read_full(path)
    rows: list[tuple[str, ...]] = [("keypoint", "detections", "per frame", "confidence 50%")]
    for at, name in enumerate(full.names):
        sure = np.concatenate([frame[at] for frame in full.confidence] or [np.empty(0)])
        middle = quantiles(sure)
        each = len(sure) / max(len(full), 1)
        rows.append((name, f"{len(sure):,}", f"{each:.2f}", f"{middle[1]:.3f}" if middle else "-"))
    return {"frames": len(full), "holds": {"video": f"{full.nframes:,} frames"}, "table": rows}


def of_pickle(path: Path) -> Facts:
    """Describe a pickle of no fixed form by its keys."""
    whole = read_pickle(path)
    if not isinstance(whole, dict):
        return {"holds": {"is": f"a {type(whole).__name__}"}}
    numbers = [key for key in whole if isinstance(key, int)]
    others = [str(key) for key in whole if not isinstance(key, int)]
    holds = {"entries": f"{len(numbers):,} numbered"}
    return {"holds": holds | ({"keys": ", ".join(others[:12])} if others else {})}


DESCRIBED: dict[str, Callable[[Path], Facts]] = {
    "points3d": of_points3d,
    "skeleton": of_skeleton,
    "meta": of_meta,
    "full": of_full,
    "assemblies": of_pickle,
    "tracklets": of_pickle,
}
"""Kind of file to what describes it."""
