"""Scenes with calibrated cameras; long recordings, and what they are compared with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pose_eks import Ensemble
from pose_eks.cameras.rig import Camera, Rig
from pose_eks.models.shelf import Shelf
from pose_eks.options import ObservationOptions
from pose_eks.smoothed import LongSmoothed, Smoothed


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


def laid_on_a_shelf(
    folder: Path, one: Ensemble, options: ObservationOptions, size: int = 90
) -> Shelf:
    def chunks() -> Iterator[Ensemble]:
        for start in range(0, one.keypoints.shape[1], size):
            part = np.s_[:, start : start + size]
            sure = None if one.confidence is None else one.confidence[part]
            yield Ensemble(one.keypoints[part], sure)

    return Shelf.fill(chunks, folder, options)


def whole(found: LongSmoothed, name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in found.chunks()])


def assert_equal_in_parts(
    found: LongSmoothed, expected: Smoothed, pixels: float = 1e-6, share: float = 1e-5
) -> None:
    np.testing.assert_allclose(whole(found, "keypoints"), expected.keypoints, rtol=0, atol=pixels)
    names = ["posterior_variance", "predictive_variance", "spread"]
    for name in names + ["weight"] * (expected.weight is not None):
        np.testing.assert_allclose(whole(found, name), getattr(expected, name), rtol=share)
    np.testing.assert_allclose(found.fit.s, expected.fit.s, rtol=share / 10)
    np.testing.assert_allclose(found.fit.b, expected.fit.b, rtol=share / 10)
    np.testing.assert_array_equal(found.fit.converged, expected.fit.converged)


@pytest.fixture
def shelf_of() -> Callable[..., Shelf]:
    return laid_on_a_shelf


@pytest.fixture
def assert_same() -> Callable[..., None]:
    return assert_equal_in_parts
