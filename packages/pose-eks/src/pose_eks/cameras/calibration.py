"""Read calibrations as Anipose writes them, in TOML.

One table per camera, `[cam_0]`, `[cam_1]`, ..., with `name`, `matrix`, `distortions`, `rotation`
(Rodrigues: a vector along the axis, as long as the angle), `translation`, and where given `size`
(width, height) and `fisheye`. A table without matrix that is not called `cam...` is no camera.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pose_eks.cameras.rig import Camera, Rig, finite
from pose_eks.errors import EksError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NEEDED = ("matrix", "distortions", "rotation", "translation")


def read_calibration(path: Path | str) -> Rig:
    """Read the cameras of an Anipose calibration, in the file's order.

    Raises:
        EksError: if the file is absent, not TOML, or does not describe cameras.
    """
    path = Path(path)
    tables = {name: table for name, table in parse(path).items() if is_camera(name, table)}
    if not tables:
        raise EksError(f"{path}: no cameras in it; expected tables such as [cam_0]")
    try:
        return Rig(tuple(camera_of(name, table) for name, table in tables.items()))
    except EksError as error:
        raise EksError(f"{path}: {error}") from None


def parse(path: Path) -> dict[str, Any]:
    """Give what the file says.

    Raises:
        EksError: if it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise EksError(f"{path}: cannot be read ({reason}); give a calibration file") from None
    except ValueError as error:  # of decoding and of TOML
        line = str(error).splitlines()[0]
        raise EksError(f"{path}: not TOML ({line}); give a calibration as Anipose writes") from None


def is_camera(name: str, table: object) -> bool:
    """Say whether a table of the file describes a camera."""
    return (
        isinstance(table, dict)
        and name != "metadata"
        and (name.startswith("cam") or "matrix" in table)
    )


def camera_of(section: str, table: Mapping[str, Any]) -> Camera:
    """Turn a table into a camera.

    Raises:
        EksError: if a key is missing or its value cannot be used.
    """
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise EksError(f"[{section}]: name {name!r} is not a text; say name = '...'")
    where = f"camera {name!r}"
    for key in NEEDED:
        if key not in table:
            raise EksError(f"{where}: {key!r} is missing; calibrate again or add it")
    fisheye = table.get("fisheye", False)
    if not isinstance(fisheye, bool):
        raise EksError(f"{where}: fisheye {fisheye!r} is neither true nor false; correct it")
    return Camera(
        name=name,
        matrix=table["matrix"],
        distortions=table["distortions"],
        rotation=rotation_matrix(finite(f"{where}: rotation", table["rotation"], (3,))),
        translation=table["translation"],
        fisheye=fisheye,
        size=size_of(where, table["size"]) if "size" in table else None,
    )


def size_of(where: str, size: object) -> tuple[int, int]:
    """Turn (width, height) into (height, width).

    Raises:
        EksError: if it is not two positive numbers.
    """
    width, height = finite(f"{where}: size", size, (2,))
    if not (width > 0 and height > 0):
        raise EksError(f"{where}: size {size!r} is not positive; give [width, height]")
    return round(height), round(width)


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    """Turn a rotation vector (3,) into its matrix (3, 3), by Rodrigues' formula."""
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.linalg.norm(vector)
    # sin(a) / a and (1 - cos(a)) / a², good at 0 too
    first, second = np.sinc(angle / np.pi), 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    return np.eye(3) + first * cross + second * cross @ cross
