"""How the animal moves: speed, pauses, turns, gait and grooming, as curves over time.

Lengths are millimetres: x forward along the belt, y away from the camera (the animal's left), z
up from the floor. Every curve is a closed form of time or a running sum of one, so the first
frames of a long recording are those of a short one.
"""

from dataclasses import dataclass, fields

import numpy as np

PAWS = ("paw1LH", "paw2LF", "paw3RF", "paw4RH")
DUTY = 0.62  # part of a stride that a paw stands
STRIDE = 42.0  # belt that passes below the animal in one stride
LIFT = 8.0  # how high a swinging paw is raised
TOP_SPEED = 115.0  # per second
REST = np.array([(-11.0, 12.5, 0), (23.0, 8.0, 0), (23.0, -8.0, 0), (-11.0, -12.5, 0)])
"""Where paws stand in the middle of a stride, from the animal's centre of mass."""
OFFSETS = np.array([0.0, 0.47, -0.03, 0.5])
"""Part of a stride by which each paw leads: a trot, diagonal paws almost together."""


@dataclass(frozen=True, eq=False)
class Motion:
    """One animal over time; the first axis of every array is frames.

    Attributes:
        times: seconds.
        belt: how far the floor has moved backwards.
        heading: the turn of the body, radians, positive to its left.
        bend: curvature of the spine, per millimetre.
        centre: (frames, 3), the centre of mass.
        head: (frames, 2), the nose's swing to the left and up.
        tail: (frames, 3), swing to the left, phase of its wave, and height of its tip.
        paws: (frames, 4, 3), from the centre of mass, on the straight animal.
        swinging: (frames, 4), height of the paws over the floor, 0..1.
    """

    times: np.ndarray
    belt: np.ndarray
    heading: np.ndarray
    bend: np.ndarray
    centre: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    paws: np.ndarray
    swinging: np.ndarray

    def __len__(self) -> int:
        return len(self.times)

    def between(self, first: int, last: int) -> "Motion":
        """Give frames first, ..., last - 1."""
        return Motion(**{f.name: getattr(self, f.name)[first:last] for f in fields(self)})


def walk(frames: int, fps: float, seed: int) -> Motion:
    """Walk an animal on the spot of a moving belt."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / fps
    speed = TOP_SPEED * pace(rng, times)
    belt = np.cumsum(speed) / fps
    calm = 1 - np.clip(speed / (0.35 * TOP_SPEED), 0, 1)
    turn = 1.6 * np.tanh(waves(rng, times, 0.05, 0.35) / 1.6)
    phase = belt[:, None] / STRIDE + rng.random() + OFFSETS + 0.02 * several(rng, times, 4, 0.2, 1)
    bob = 0.8 * np.sin(4 * np.pi * phase[:, 0]) * (1 - calm)
    wander = several(rng, times, 2, 0.04, 0.25)
    paws, swinging = step(phase, 1 - calm, rng, times)
    grooming = calm * switch(waves(rng, times, 0.15, 0.5), 0.1)
    return Motion(
        times=times,
        belt=belt,
        heading=np.radians(17) * turn,
        bend=0.004 * turn + 0.002 * waves(rng, times, 0.2, 0.8),
        centre=np.stack([4 * wander[:, 0], 2.5 * wander[:, 1], bob], axis=-1),
        head=several(rng, times, 2, 0.3, 1.4) * [3.0, 2.0],
        tail=np.stack(
            [9 * waves(rng, times, 0.1, 0.6), 3 * times, 9 + 3 * waves(rng, times, 0.1, 0.5)], -1
        ),
        paws=groom(paws, grooming, times),
        swinging=np.maximum(swinging, grooming[:, None] * [0, 1, 1, 0]),
    )


def pace(rng: np.random.Generator, times: np.ndarray) -> np.ndarray:
    """Give the speed as a part of the top speed: changing, with pauses of a second or so."""
    trend = 0.75 + 0.25 * np.tanh(waves(rng, times, 0.1, 0.7))
    return trend * switch(waves(rng, times, 0.12, 0.45) + 0.75, 0.12)


def step(
    phase: np.ndarray, effort: np.ndarray, rng: np.random.Generator, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Place the paws: on the floor and carried back by it, then raised and swung forward.

    Args:
        phase: (frames, 4), in strides.
        effort: (frames,), 0 for a resting animal, whose paws are hardly raised.
        rng: for the changing length of strides.
        times: seconds.

    Returns:
        (frames, 4, 3) from the centre of mass, and (frames, 4) heights as a part of the highest.
    """
    part = phase % 1
    standing = part < DUTY
    forth = (part - DUTY) / (1 - DUTY)
    reach = np.where(standing, 1 - 2 * part / DUTY, -np.cos(np.pi * forth))
    height = np.where(standing, 0, np.sin(np.pi * np.clip(forth, 0, 1)) ** 1.5)
    height = height * (0.3 + 0.7 * effort[:, None])
    reach = reach * DUTY * STRIDE / 2 * (1 + 0.12 * several(rng, times, 4, 0.1, 0.8))
    sway = 1.2 * several(rng, times, 4, 0.2, 1.2)
    return REST + np.stack([reach, sway, LIFT * height], axis=-1), height


def groom(paws: np.ndarray, grooming: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Raise the front paws to the nose and rub, where `grooming` (frames,) is near 1."""
    rub = 2.5 * np.sin(2 * np.pi * 4 * times)
    left = np.stack([38 + 0.5 * rub, 3 - rub, 9 + rub], axis=-1)
    right = np.stack([38 - 0.5 * rub, -3 - rub, 9 - rub], axis=-1)
    raised = np.stack([paws[:, 0], left, right, paws[:, 3]], axis=1)
    return paws + grooming[:, None, None] * (raised - paws)


def waves(rng: np.random.Generator, times: np.ndarray, low: float, high: float) -> np.ndarray:
    """Give a smooth random curve of about unit variance, made of sines of low..high hertz."""
    frequency = rng.uniform(low, high, 5)
    phase = rng.uniform(0, 2 * np.pi, 5)
    weight = rng.uniform(0.5, 1, 5)
    weight *= np.sqrt(2 / np.square(weight).sum())
    return np.sin(2 * np.pi * frequency * times[:, None] + phase) @ weight


def several(
    rng: np.random.Generator, times: np.ndarray, count: int, low: float, high: float
) -> np.ndarray:
    """Give `count` independent smooth curves, (frames, count)."""
    return np.stack([waves(rng, times, low, high) for _ in range(count)], axis=-1)


def switch(curve: np.ndarray, width: float) -> np.ndarray:
    """Give 0 where a curve is below 0 and 1 where above, with a soft edge."""
    return 0.5 + 0.5 * np.tanh(curve / (2 * width))
