"""Made recordings with known truth for the benchmarks of the ensemble Kalman smoother.

Every keypoint in every frame of every view is of one of four kinds: clean (about 90 %); occluded
(7 %), for a dozen frames, where members scatter, share an error that stays, and are less sure;
switched (2 %), where about two in five members follow another keypoint; confidently wrong (0.8 %),
all members alike and sure. Members share part of their errors everywhere, and now and then one goes
astray by itself. Bodies are of six points that walk in bouts in three dimensions; cameras see
linear projections of them, or perspective ones through lenses that bend (`calibrated`), or one
films between the frames of the other (`asynchronous`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from pose_io_dlc.predictions import write_predictions
from pose_io_dlc.tables import PredictionTable

KINDS = ("clean", "occluded", "switched", "wrong")
SHARES = (0.07, 0.02, 0.008)
LENGTHS = (12, 4, 3)
PUPIL = ("pupil_top_r", "pupil_bottom_r", "pupil_right_r", "pupil_left_r")
PUPIL_DIRECTIONS = np.array([[0.0, -0.5], [0.0, 0.5], [0.5, 0.0], [-0.5, 0.0]])
SCENARIOS = {"view1": 1, "view2": 2, "view3": 3, "pupil": 1, "calibrated": 3, "asynchronous": 2}
AZIMUTHS = np.radians([0.0, 100.0, 215.0])
ELEVATIONS = np.radians([10.0, 25.0, 40.0])
DISTANCE = 500.0  # of calibrated cameras from the scene, whose points then move as many px as units
BENDS = (-0.3, 0.1)  # the first two radial coefficients of a lens


@dataclass(frozen=True, eq=False)
class Scene:
    """A recording.

    Attributes:
        names: of the keypoints.
        truth: (views, frames, keypoints, 2), in pixels.
        found: (members, views, frames, keypoints, 2), what the members predict.
        confidence: (members, views, frames, keypoints).
        kind: (views, frames, keypoints), a place in KINDS.
    """

    names: tuple[str, ...]
    truth: np.ndarray
    found: np.ndarray
    confidence: np.ndarray
    kind: np.ndarray


def draw(scenario: str, seed: int, frames: int = 3000, members: int = 5) -> Scene:
    """Draw a recording of one of SCENARIOS."""
    rng = np.random.default_rng([seed, list(SCENARIOS).index(scenario)])
    if scenario == "pupil":
        return observed(rng, PUPIL, pupil(rng, frames)[None], members, scale=0.85, switches=False)
    names = tuple(f"point{k}" for k in range(6))
    if scenario == "asynchronous":
        both = seen_from(body(rng, 2 * frames, len(names), steps=2), SCENARIOS[scenario])
        return observed(rng, names, np.stack([both[0, ::2], both[1, 1::2]]), members)
    points = body(rng, frames, len(names))
    see = seen_through_lenses if scenario == "calibrated" else seen_from
    return observed(rng, names, see(points, SCENARIOS[scenario]), members)


def body(rng: np.random.Generator, frames: int, keypoints: int, steps: int = 1) -> np.ndarray:
    """Draw points (frames, keypoints, 3): a drifting body, and limbs that swing in bouts.

    A gait lasts 12 to 20 frames, of so many steps each, and has a swing of 12.
    """
    shape = (frames, keypoints, 3)
    drift = np.cumsum(rng.normal(scale=0.3 / np.sqrt(steps), size=shape), axis=0)
    posture = rng.normal(size=(keypoints, 3))
    posture *= 20 / np.linalg.norm(posture, axis=1, keepdims=True)
    bouts = spells(rng, (frames, keypoints), 0.75, 150)[..., None].astype(float)
    window = np.hanning(32)[1:-1] / np.hanning(32).sum()
    envelope = np.apply_along_axis(np.convolve, 0, bouts, window, "same")
    phase = 2 * np.pi * np.arange(frames)[:, None, None] / (steps * rng.uniform(12, 20, shape[1:]))
    return posture + drift + 12 * envelope * np.sin(phase)


def seen_from(points: np.ndarray, views: int) -> np.ndarray:
    """Project points (frames, keypoints, 3) into views by orthographic cameras around them."""
    return 200 + np.stack([points @ camera(a, e).T for a, e in around(views)])


def around(views: int) -> list[tuple[float, float]]:
    """Give azimuth and elevation of each camera."""
    return list(zip(AZIMUTHS[:views], ELEVATIONS[:views], strict=True))


def camera(azimuth: float, elevation: float) -> np.ndarray:
    """Give the image axes (2, 3) of a camera that looks at the origin."""
    right = [-np.sin(azimuth), np.cos(azimuth), 0.0]
    up = [-np.sin(elevation) * np.cos(azimuth), -np.sin(elevation) * np.sin(azimuth)]
    return np.array([right, [*up, np.cos(elevation)]])


def orientation(azimuth: float, elevation: float) -> np.ndarray:
    """Give the rotation (3, 3) from the world to a camera that looks at the origin."""
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    level = np.cos(elevation)
    ahead = -np.array([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)])
    return np.array([right, np.cross(ahead, right), ahead])


def seen_through_lenses(points: np.ndarray, views: int) -> np.ndarray:
    """Project points (frames, keypoints, 3) into views by calibrated cameras around them."""
    found = []
    for azimuth, elevation in around(views):
        local = points @ orientation(azimuth, elevation).T + [0, 0, DISTANCE]
        plane = local[..., :2] / local[..., 2:]
        squared = (plane**2).sum(axis=-1, keepdims=True)
        bent = plane * (1 + BENDS[0] * squared + BENDS[1] * squared**2)
        found.append(DISTANCE * bent + 200)
    return np.stack(found)


def calibration(views: int) -> str:
    """Give the calibration of `seen_through_lenses` as Anipose writes it."""
    lines = []
    for view, (azimuth, elevation) in enumerate(around(views)):
        turn = Rotation.from_matrix(orientation(azimuth, elevation)).as_rotvec()
        lines += [f"[cam_{view}]", f'name = "view{view}"', "size = [400, 400]"]
        lines += [f"matrix = [[{DISTANCE}, 0.0, 200.0], [0.0, {DISTANCE}, 200.0], [0.0, 0.0, 1.0]]"]
        lines += [f"distortions = [{BENDS[0]}, {BENDS[1]}, 0.0, 0.0, 0.0]"]
        lines += [f"rotation = {turn.tolist()}", f"translation = [0.0, 0.0, {DISTANCE}]", ""]
    return "\n".join(lines)


def pupil(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Draw a circle's four points: its diameter and centre wander, and its centre jumps at times.

    Diameter about 40 px, forgotten in 100 frames; centre within a few px, forgotten in 50.
    """
    diameter = 40 + wandering(rng, (frames, 1, 1), 4.0, 100.0)
    saccades = rng.normal(scale=3.0, size=(frames, 1, 2)) * (rng.random((frames, 1, 1)) < 0.005)
    center = 64 + wandering(rng, (frames, 1, 2), 3.0, 50.0, saccades)
    return center + diameter * PUPIL_DIRECTIONS


def wandering(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    size: float,
    memory: float,
    pushes: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Draw an autoregression about 0 of a standard deviation, forgotten in `memory` frames."""
    keeps = np.exp(-1 / memory)
    pushed = rng.normal(scale=size * np.sqrt(1 - keeps**2), size=shape) + pushes
    for t in range(1, len(pushed)):
        pushed[t] += keeps * pushed[t - 1]
    return pushed


def observed(
    rng: np.random.Generator,
    names: tuple[str, ...],
    truth: np.ndarray,
    members: int,
    scale: float = 1.0,
    switches: bool = True,
) -> Scene:
    """Let members predict the truth (views, frames, keypoints, 2); errors are scaled."""
    kind = kinds(rng, truth.shape[:-1], switches)
    occluded, switched, wrong = (kind == number for number in (1, 2, 3))
    shape = (members, *truth.shape)
    shared = rng.normal(size=truth.shape) * np.where(occluded, 2.0, 0.5)[..., None]
    shared += 4.0 * constant_in_spells(rng, occluded)
    own = rng.normal(size=shape) * np.where(occluded, 9.3, 1.25)[..., None]
    astray = (rng.random(shape[:-1]) < 0.017)[..., None] * rng.normal(scale=13.0, size=shape)
    mistake = constant_in_spells(rng, wrong)
    mistake *= 26 / np.maximum(np.linalg.norm(mistake, axis=-1, keepdims=True), 1e-9)
    found = truth + scale * (shared + own + astray)
    found = np.where(wrong[..., None], truth + scale * (mistake + own), found)
    follows = switched & (rng.random(shape[:-1]) < 0.4)
    found = np.where(follows[..., None], np.roll(truth, 1, axis=2) + scale * own, found)
    doubt = 0.6 * occluded * rng.random(shape[:-1]) + 0.3 * switched * rng.random(shape[:-1])
    confidence = np.clip(rng.beta(30, 1, size=shape[:-1]) - doubt, 0.02, 1)
    return Scene(names, truth, found, confidence, kind)


def kinds(rng: np.random.Generator, shape: tuple[int, ...], switches: bool) -> np.ndarray:
    """Give the kind of every point of every frame (views, frames, keypoints)."""
    kind = np.zeros(shape, int)
    for number, (share, length) in enumerate(zip(SHARES, LENGTHS, strict=True), start=1):
        for view in range(shape[0]):
            kind[view][spells(rng, shape[1:], share, length)] = number
    return kind if switches else np.where(kind == 2, 0, kind)


def spells(
    rng: np.random.Generator, shape: tuple[int, ...], share: float, length: int
) -> np.ndarray:
    """Give True (frames, keypoints) for about a share of the frames, so many at a time."""
    begun = rng.random(shape) < -np.log1p(-share) / length
    return np.apply_along_axis(np.convolve, 0, begun, np.ones(length), "same") > 0


def constant_in_spells(rng: np.random.Generator, where: np.ndarray) -> np.ndarray:
    """Draw normal offsets (views, frames, keypoints, 2), one per spell, 0 outside."""
    begins = where & ~np.concatenate([np.zeros_like(where[:, :1]), where[:, :-1]], axis=1)
    offsets = rng.normal(size=(*where.shape, 2))
    frames = np.arange(where.shape[1])[None, :, None]
    latest = np.maximum.accumulate(np.where(begins, frames, 0), axis=1)
    return np.where(where[..., None], np.take_along_axis(offsets, latest[..., None], axis=1), 0.0)


def write(scene: Scene, folder: Path) -> list[list[Path]]:
    """Write one file per view and member, `view<v>.member<m>.csv`; give them view by view.

    Beside them is `calibration.toml`, for the scenario of that name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.toml").write_text(calibration(len(scene.truth)))
    paths = []
    for view in range(len(scene.truth)):
        paths.append([folder / f"view{view}.member{m}.csv" for m in range(len(scene.found))])
        for path, found, sure in zip(paths[-1], scene.found, scene.confidence, strict=True):
            table = PredictionTable(scene.names, found[view], sure[view], scorer="made")
            write_predictions(path, table)
    return paths
