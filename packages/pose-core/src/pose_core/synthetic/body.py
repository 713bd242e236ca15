"""The animal's shape: every part a string of balls, posed in millimetres by a `Motion`.

Axes are those of `motion`: x forward, y to the animal's left (away from the camera), z up.
"""

from dataclasses import dataclass

import numpy as np

from pose_core.skeleton import Skeleton
from pose_core.synthetic.motion import PAWS, Motion

LENGTH = 78.0  # nose to tail base
TAIL = 62.0
POINTS = (*PAWS, "tailBase", "tailMid", "nose")
VIEWS = ("top", "bot")

SPINE = np.linspace(0, 1, 28)  # tail base to nose
_KNOTS = [0, 0.06, 0.15, 0.27, 0.42, 0.56, 0.66, 0.75, 0.84, 0.92, 0.97, 1.0]
_RADIUS = [3.5, 7.0, 11.5, 14.2, 14.6, 12.2, 10.2, 9.6, 8.0, 5.2, 3.4, 2.2]
_HEIGHT = [13, 14.5, 17, 19, 20, 18.5, 18, 18.5, 17.5, 15.5, 14.2, 13.6]
BODY_RADIUS = np.interp(SPINE, _KNOTS, _RADIUS)
BODY_HEIGHT = np.interp(SPINE, _KNOTS, _HEIGHT)


def skeleton() -> Skeleton:
    """Give the fourteen keypoints: seven of the animal, in each of two views."""
    limbs = [(paw, "tailBase" if paw.endswith("H") else "nose") for paw in PAWS]
    chain = [("nose", "tailBase"), ("tailBase", "tailMid")]
    sides = [("paw1LH", "paw4RH"), ("paw2LF", "paw3RF")]
    return Skeleton(
        names=tuple(f"{point}_{view}" for view in VIEWS for point in POINTS),
        edges=tuple((f"{a}_{v}", f"{b}_{v}") for v in VIEWS for a, b in limbs + chain),
        symmetric=tuple((f"{a}_{v}", f"{b}_{v}") for v in VIEWS for a, b in sides),
        views={view: tuple(f"{point}_{view}" for point in POINTS) for view in VIEWS},
    )


@dataclass(frozen=True, eq=False)
class Part:
    """One part of the animal over some frames.

    Attributes:
        name: such as "body" or "paw3RF".
        centres: (frames, balls, 3).
        radii: (balls,).
        skin: what it is covered with: "fur", "skin", "ear" or "eye".
    """

    name: str
    centres: np.ndarray
    radii: np.ndarray
    skin: str


def keypoints(motion: Motion) -> np.ndarray:
    """Give the seven points of the animal, (frames, 7, 3), in the order of `POINTS`."""
    spine, tail = spine_of(motion), tail_of(motion)
    rest = np.stack([tail[:, 0], tail[:, tail.shape[1] // 2], spine[:, -1]], axis=1)
    return np.concatenate([place(motion.paws, motion), place(rest, motion)], axis=1)


def parts(motion: Motion) -> dict[str, Part]:
    """Give every part of the animal, posed."""
    spine = spine_of(motion)
    found = {
        "body": Part("body", spine, BODY_RADIUS, "fur"),
        "tail": Part("tail", tail_of(motion), np.linspace(2.3, 0.7, 44), "skin"),
        "muzzle": Part("muzzle", spine[:, -1:] + [0.6, 0, 0], np.array([1.7]), "skin"),
    }
    for side, sign in (("L", 1), ("R", -1)):
        ear = spine[:, [20]] + np.array([[0, 7.5 * sign, 8], [-1.0, 8 * sign, 9.5]])
        found[f"ear{side}"] = Part(f"ear{side}", ear, np.array([3.6, 4.0]), "ear")
        eye = spine[:, [23]] + np.array([[1.0, 6.0 * sign, 3.2]])
        found[f"eye{side}"] = Part(f"eye{side}", eye, np.array([1.5]), "eye")
    for number, name in enumerate(PAWS):
        paw = motion.paws[:, number]
        found[f"leg of {name}"] = leg(name, spine, paw)
        found[name] = foot(name, paw, motion.swinging[:, number])
    return {n: Part(n, place(p.centres, motion), p.radii, p.skin) for n, p in found.items()}


def spine_of(motion: Motion) -> np.ndarray:
    """Give the balls of the straight body, from the tail base to the nose, (frames, 28, 3)."""
    neck = np.clip((SPINE - 0.55) / 0.45, 0, 1) ** 1.5
    x = np.broadcast_to((SPINE - 0.36) * LENGTH, (len(motion), len(SPINE)))
    crouch = 1 + 0.05 * motion.centre[:, 2:]
    return np.stack(
        [x, neck * motion.head[:, :1], BODY_HEIGHT * crouch + neck * motion.head[:, 1:]], axis=-1
    )


def tail_of(motion: Motion) -> np.ndarray:
    """Give the balls of the tail, from its base to its tip, (frames, 44, 3)."""
    along = np.linspace(0, 1, 44)
    swing, phase, tip = motion.tail.T[..., None]
    x = np.broadcast_to(-0.36 * LENGTH - TAIL * along, (len(motion), 44))
    y = swing * along**1.5 + 3.5 * along * np.sin(5 * along - phase)
    return np.stack([x, y, BODY_HEIGHT[0] * (1 - along) ** 1.5 + tip * along], axis=-1)


def leg(name: str, spine: np.ndarray, paw: np.ndarray) -> Part:
    """Give a leg: a curve from hip or shoulder through knee or elbow to the paw."""
    side, hind = (1 if name[4] == "L" else -1), name.endswith("H")
    root = spine[:, 5 if hind else 16] + np.array([0, side * (8 if hind else 6.5), -3])
    bulge = np.array([6.0, 2.5 * side, 1]) if hind else np.array([-5.0, 1.5 * side, 0])
    ankle = paw + np.array([-2.5, 0, 2.0])
    middle = (root + ankle) / 2 + bulge
    along = np.linspace(0, 1, 14)[:, None]
    curve = np.stack([root, middle, ankle], axis=1)[:, :, None]
    weights = np.stack([(1 - along) ** 2, 2 * along * (1 - along), along**2])
    thick, thin = (8.0, 1.9) if hind else (5.0, 1.7)
    radii = thin + (thick - thin) * (1 - along[:, 0]) ** 1.6
    return Part(f"leg of {name}", (curve * weights).sum(1), radii, "fur")


def foot(name: str, paw: np.ndarray, swinging: np.ndarray) -> Part:
    """Give a paw: a sole and four toes that droop while it is in the air."""
    sole = [(-3.2, 0, 0.9), (-2.0, 0, 0.6), (-1.0, 0, 0.2), (0, 0, 0), (1.2, 0, 0)]
    soles = [1.5, 1.8, 2.0, 2.1, 1.9]
    fan = np.radians([-38, -13, 13, 38])
    toes = [(r * np.cos(a), r * np.sin(a), -0.3) for a in fan for r in (2.6, 3.8, 4.9)]
    shape = 1.15 * np.array(sole + toes)
    droop = np.zeros((len(paw), len(shape), 3))
    droop[..., 2] = 1.2 - 0.55 * swinging[:, None] * np.clip(shape[:, 0], 0, None)
    return Part(
        name, paw[:, None] + shape + droop, 1.15 * np.array(soles + [1.0, 0.85, 0.7] * 4), "skin"
    )


def place(points: np.ndarray, motion: Motion) -> np.ndarray:
    """Bend and turn points (frames, n, 3) of the straight animal and put them on the belt."""
    x, y, z = np.moveaxis(points, -1, 0)
    y = y + 0.5 * motion.bend[:, None] * np.square(x)
    cos, sin = np.cos(motion.heading)[:, None], np.sin(motion.heading)[:, None]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=-1)
    return turned + motion.centre[:, None] * [1, 1, 0.4]
