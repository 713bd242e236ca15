"""What a repair was fitted to, as a file: `repair.json` in a model folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pose_core.errors import FormatError
from pose_core.files import write_json
from pose_losses.gaussian import Gaussian, Poses
from pose_losses.repair import Repair

VERSION = 1


def write_repair(path: Path, fitted: Repair, made_from: str = "") -> None:
    """Write a repair, whole or not at all.

    Args:
        path: of the file.
        fitted: what is written.
        made_from: a mark of what it was fitted to, for `read_repair`.

    Raises:
        PoseError: if the system cannot write.
    """
    poses = {
        "mean": fitted.poses.gaussian.mean.tolist(),
        "covariance": fitted.poses.gaussian.covariance.tolist(),
        "points": list(fitted.poses.points),
        "noise": fitted.poses.noise,
        "lost": fitted.poses.lost,
        "about": fitted.poses.about,
    }
    doubtful = fitted.doubtful if np.isfinite(fitted.doubtful) else None
    plain = {"gate": fitted.gate, "sure": fitted.sure, "doubtful": doubtful, "about": fitted.about}
    write_json(path, {"version": VERSION, "made_from": made_from, **plain, "poses": poses})


def read_repair(path: Path) -> tuple[Repair, str]:
    """Read what `write_repair` wrote: the repair, and what it was made from.

    Raises:
        FormatError: if it is not such a file.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["version"] != VERSION:
            raise ValueError(f"version {plain['version']}, not {VERSION}")
        return repair_of(plain), str(plain["made_from"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"{path}: is no fitted repair ({type(error).__name__}: {error}); remove it, and it is "
            "fitted again"
        ) from error


def repair_of(plain: Mapping[str, Any]) -> Repair:
    """Rebuild a repair from plain data.

    Raises:
        KeyError: if something is not there.
        TypeError: if something is of another type.
        ValueError: if a value cannot be, or arrays do not fit together.
    """
    given = dict(plain["poses"])
    mean, covariance = (np.array(given[name], float) for name in ("mean", "covariance"))
    points, size = tuple(map(str, given["points"])), len(mean)
    if covariance.shape != (size, size) or size != 2 * len(points):
        raise ValueError(f"{len(points)} points of {size} and {covariance.shape} numbers")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError("numbers that are none")
    noise, lost = float(given["noise"]), float(given["lost"])
    poses = Poses(Gaussian(mean, covariance), points, noise, lost, str(given["about"]))
    doubtful = plain["doubtful"]
    return Repair(
        poses=poses,
        gate=float(plain["gate"]),
        sure=float(plain["sure"]),
        doubtful=np.inf if doubtful is None else float(doubtful),
        about=str(plain["about"]),
    )
