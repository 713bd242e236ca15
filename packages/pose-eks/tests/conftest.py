"""Scenes with calibrated cameras."""

from collections.abc import Callable

import numpy as np
import pytest

from pose_eks.cameras.rig import Camera, Rig


def on_a_circle(
    cameras: int = 3, distortions: tuple[float, ...] = (-0.05, 0.01), fisheye: bool = False
) -> Rig:
    """Cameras around a volume of about 10 units at the origin, 100 units away, looking at it."""
    distortions = distortions + (0.0,) * (len(distortions) == 2) * 3
    return Rig(
        tuple(looking_in(number, cameras, distortions, fisheye) for number in range(cameras))
    )


def looking_in(number: int, count: int, distortions: tuple[float, ...], fisheye: bool) -> Camera:
    angle = 2 * np.pi * number / count + 0.3
    place = 100 * np.array([np.cos(angle), np.sin(angle), 0.4 + 0.1 * (number % 2)])
    ahead = -place / np.linalg.norm(place)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.array([right, np.cross(ahead, right), ahead])
    return Camera(
        name=f"cam{number}",
        matrix=np.array(
            [[2000.0 + 100 * number, 0, 320], [0, 2050.0 + 100 * number, 240], [0, 0, 1]]
        ),
        distortions=np.array(distortions),
        rotation=rotation,
        translation=-rotation @ place,
        fisheye=fisheye,
        size=(480, 640),
    )


@pytest.fixture
def circle_rig() -> Callable[..., Rig]:
    return on_a_circle
