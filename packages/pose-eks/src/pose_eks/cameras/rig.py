"""Cameras and where they stand.

A point q of the world has the coordinates R q + t in a camera, x to the right, y down and z ahead,
in whatever unit the world is measured in. Pixel (0, 0) is the centre of the top-left pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_eks.errors import EksError

COEFFICIENTS = (0, 1, 4, 5, 8, 12, 14)
"""How many distortion coefficients a lens may have: 1 is the first radial one alone."""
FISHEYE_COEFFICIENTS = (0, 4)


@dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera.

    Attributes:
        name: as files call it.
        matrix: (3, 3), focal lengths, skew and principal point in pixels.
        distortions: k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tauX, tauY as OpenCV orders
            and defines them, or the first 0, 1, 4, 5, 8 or 12 of these; k1, k2, k3, k4 for a
            fisheye lens.
        rotation: (3, 3), from the world to the camera.
        translation: (3,), of the world's origin in the camera, in the world's unit.
        fisheye: whether the lens is of the equidistant kind.
        size: (height, width) in pixels, None where unknown; nothing here depends on it.

    Raises:
        EksError: if a shape, a number or the count of coefficients cannot be.
    """

    name: str
    matrix: np.ndarray
    distortions: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    fisheye: bool = False
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, shape in (("matrix", (3, 3)), ("rotation", (3, 3)), ("translation", (3,))):
            array = finite(f"camera {self.name!r}: {name}", getattr(self, name), shape)
            object.__setattr__(self, name, array)
        where = f"camera {self.name!r}: distortions"
        object.__setattr__(self, "distortions", finite(where, self.distortions, None))
        self.check()

    def check(self) -> None:
        """Refuse what has the right shape and cannot be."""
        where, count = f"camera {self.name!r}", self.distortions.size
        allowed = FISHEYE_COEFFICIENTS if self.fisheye else COEFFICIENTS
        if self.distortions.ndim != 1 or count not in allowed:
            lens = "fisheye lens" if self.fisheye else "lens"
            raise EksError(
                f"{where}: {count} distortions; a {lens} has {', '.join(map(str, allowed))} of them"
            )
        if not np.array_equal(self.matrix[2], [0, 0, 1]) or not np.linalg.det(self.matrix) > 0:
            raise EksError(
                f"{where}: matrix {self.matrix.tolist()} is not [[fx, skew, cx], [0, fy, cy], "
                "[0, 0, 1]] with positive fx and fy; calibrate again"
            )
        if not np.allclose(self.rotation @ self.rotation.T, np.eye(3), atol=1e-6):
            raise EksError(f"{where}: rotation is not orthogonal; give a rotation matrix")


@dataclass(frozen=True, eq=False)
class Rig:
    """Cameras calibrated together.

    Attributes:
        cameras: in the order in which views are stacked.

    Raises:
        EksError: if there is none, or two have the same name.
    """

    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        if not self.cameras:
            raise EksError("cameras: there are none; give at least one")
        for name in self.names:
            if self.names.count(name) > 1:
                raise EksError(f"camera {name!r}: there are two of this name; rename one")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the cameras, in order."""
        return tuple(camera.name for camera in self.cameras)

    def choose(self, names: Sequence[str]) -> "Rig":
        """Give the rig of the cameras of these names, in their order.

        Raises:
            EksError: if there is none of a name.
        """
        for name in names:
            if name not in self.names:
                known = ", ".join(self.names)
                raise EksError(f"camera {name!r}: not in the calibration; it has {known}")
        return Rig(tuple(self.cameras[self.names.index(name)] for name in names))


def finite(where: str, values: object, shape: tuple[int, ...] | None) -> np.ndarray:
    """Give values as an array of floats.

    Args:
        where: what the message begins with.
        values: numbers, nested as the shape says.
        shape: what is needed; None for any.

    Raises:
        EksError: if they are no numbers, of another shape, or not finite.
    """
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise EksError(f"{where}: {values!r} is not an array of numbers; correct it") from None
    if shape is not None and array.shape != shape:
        raise EksError(f"{where}: shape {array.shape} is not {shape}; correct it")
    if not np.isfinite(array).all():
        raise EksError(f"{where}: {array.tolist()} is not finite; calibrate again")
    return array
