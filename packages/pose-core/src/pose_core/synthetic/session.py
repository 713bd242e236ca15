"""How one recording looks: its animal's colour, its light, its camera."""

from dataclasses import dataclass

import numpy as np

from pose_core.errors import ConfigError

Colour = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Session:
    """One recording day: one animal, one light, one camera.

    Attributes:
        name: also the name of its video.
        seed: of everything random in it.
        size: height and width of a frame.
        fps: frames per second.
        fur, skin, wall, floor: colours, red, green and blue in 0..255, under white light.
        light: direction of the light, (right, down, towards the camera); any length.
        ambient: part of the light that comes from everywhere, 0..1.
        brightness: of the whole picture, 1 for none changed.
        contrast: of the whole picture, 1 for none changed.
        falloff: how much darker the corners are, 0..1.
        blur: how soft the picture is, 0..1.
        noise: standard deviation of the camera's noise, in grey levels.
        zoom: of the camera, 1 to see 150 mm.
        build: size of the animal, 1 for an average one.
        glints: paw-like blobs on a metre of the floor.
        posts: obstacles on a metre of the belt.
    """

    name: str = "session"
    seed: int = 0
    size: tuple[int, int] = (256, 256)
    fps: float = 60.0
    fur: Colour = (112, 98, 88)
    skin: Colour = (226, 176, 160)
    wall: Colour = (58, 62, 70)
    floor: Colour = (84, 88, 92)
    light: tuple[float, float, float] = (0.3, -0.8, 0.6)
    ambient: float = 0.45
    brightness: float = 1.0
    contrast: float = 1.0
    falloff: float = 0.35
    blur: float = 0.35
    noise: float = 5.0
    zoom: float = 1.0
    build: float = 1.0
    glints: int = 14
    posts: int = 4

    def __post_init__(self) -> None:
        if min(self.size) < 64:
            raise ConfigError(f"session.size: {self.size} is too small; give at least 64 by 64")


def draw_sessions(
    count: int, size: tuple[int, int] = (256, 256), seed: int = 0, hold_out: int = 1
) -> tuple[Session, ...]:
    """Make up sessions of different light, colour and size; the last ones are out of distribution.

    Args:
        count: of all sessions together.
        size: height and width of most frames; every third session has another.
        seed: of everything random.
        hold_out: how many of them, at the end, look like none of the others: a pale animal on a
            bright floor, lit from the other side, in another frame size.

    Raises:
        ConfigError: if none would be left to train on.
    """
    if not 0 <= hold_out < count:
        raise ConfigError(f"sessions: {count} with {hold_out} held out; leave at least one")
    common = [_common(n, size, seed) for n in range(count - hold_out)]
    return (*common, *(_odd(n, size, seed) for n in range(count - hold_out, count)))


FURS: tuple[Colour, ...] = ((104, 90, 80), (64, 60, 60), (146, 120, 92), (162, 156, 150))
WALLS: tuple[Colour, ...] = ((52, 56, 66), (70, 62, 56), (44, 60, 58), (76, 78, 82))
FLOORS: tuple[Colour, ...] = ((82, 88, 94), (98, 88, 76), (70, 84, 80), (112, 112, 108))


def _common(number: int, size: tuple[int, int], seed: int) -> Session:
    """Make up an ordinary session."""
    rng = np.random.default_rng([seed, number])
    height, width = size
    return Session(
        name=f"session{number + 1}",
        seed=int(rng.integers(2**31)),
        size=(height * 7 // 8, width * 9 // 8) if number % 3 == 2 else size,
        fur=FURS[number % 4],
        wall=WALLS[number % 4],
        floor=FLOORS[number % 4],
        light=(float(rng.uniform(-0.3, 0.6)), -0.8, float(rng.uniform(0.4, 0.8))),
        ambient=float(rng.uniform(0.4, 0.6)),
        brightness=float(rng.uniform(1.05, 1.3)),
        contrast=float(rng.uniform(0.85, 1.1)),
        blur=float(rng.uniform(0.2, 0.5)),
        noise=float(rng.uniform(4, 7)),
        zoom=float(rng.uniform(0.96, 1.04)),
        build=float(rng.uniform(0.94, 1.06)),
    )


def _odd(number: int, size: tuple[int, int], seed: int) -> Session:
    """Make up a session unlike the ordinary ones."""
    rng = np.random.default_rng([seed, number])
    height, width = size
    return Session(
        name=f"session{number + 1}",
        seed=int(rng.integers(2**31)),
        size=(height * 9 // 8, width * 5 // 4),
        fur=(184, 172, 156),
        skin=(240, 182, 168),
        wall=(98, 92, 82),
        floor=(118, 112, 100),
        light=(-0.45, -0.75, 0.5),
        ambient=0.4,
        brightness=float(rng.uniform(1.02, 1.1)),
        contrast=0.85,
        falloff=0.5,
        blur=0.6,
        noise=7.5,
        zoom=float(rng.uniform(0.93, 1.0)),
        build=float(rng.uniform(1.04, 1.1)),
        glints=22,
        posts=6,
    )
