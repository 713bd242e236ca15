"""What stands round the animal: the camera's two views, the moving belt, obstacles and glints."""

from dataclasses import dataclass, replace

import numpy as np

from pose_core.synthetic import body, drawing
from pose_core.synthetic.session import Session

PERIOD = 800.0  # millimetres after which the belt repeats
POST = (7.0, 34.0)  # width and height of an obstacle in front of the animal
STRAP = 9.0  # width of an obstacle under it
LAG = 45.0  # by which straps follow posts, so that seldom both views are blocked


@dataclass(frozen=True)
class Camera:
    """One picture of two views: from the animal's right above, from below through a mirror.

    Attributes:
        size: height and width of the picture.
        split: first row of the lower view.
        scale: pixels per millimetre.
        centre: column of the animal's centre of mass.
        ground: row of the floor in the upper view.
        lane: row of the animal's midline in the lower view.
    """

    size: tuple[int, int]
    split: int
    scale: float
    centre: float
    ground: float
    lane: float

    def project(self, points: np.ndarray, view: str) -> np.ndarray:
        """Give where points (..., 3) in millimetres are seen, (..., 2) in pixels."""
        across = self.centre + self.scale * points[..., 0]
        if view == "top":
            return np.stack([across, self.ground - self.scale * points[..., 2]], axis=-1)
        return np.stack([across, self.lane - self.scale * points[..., 1]], axis=-1)

    def rows(self, view: str) -> slice:
        """Give the rows of one view."""
        return slice(0, self.split) if view == "top" else slice(self.split, self.size[0])


def camera_of(session: Session) -> Camera:
    """Set up the camera of a session."""
    height, width = session.size
    scale = min(width / 150, height / 150) * session.zoom
    split = round(0.42 * height)
    return Camera(
        size=session.size,
        split=split,
        scale=scale,
        centre=0.57 * width,
        ground=split - 9 * scale,
        lane=(split + height) / 2,
    )


@dataclass(frozen=True, eq=False)
class Backdrop:
    """Pictures of the empty stage, made once per session and scrolled.

    Attributes:
        wall: (3, split, columns), behind the animal in the upper view; moves slowly.
        ground: (3, rows below the floor line, columns), the edge of the belt.
        floor: (3, rows of the lower view, columns), the belt from below.
        posts: millimetres along the belt at which obstacles stand.
    """

    wall: np.ndarray
    ground: np.ndarray
    floor: np.ndarray
    posts: np.ndarray

    def draw(self, camera: Camera, belt: float) -> np.ndarray:
        """Draw the empty stage after the belt has moved by so many millimetres."""
        width, ground = camera.size[1], int(np.ceil(camera.ground))
        picture = np.empty((3, *camera.size), np.float32)
        shift = belt * camera.scale
        picture[:, :ground] = drawing.scrolled(self.wall, 0.4 * shift, width)
        picture[:, ground : camera.split] = drawing.scrolled(self.ground, shift, width)
        picture[:, camera.split :] = drawing.scrolled(self.floor, shift, width)
        return picture

    def positions(self, belt: np.ndarray) -> np.ndarray:
        """Give where the posts are, (..., posts), in millimetres from the middle of the stage."""
        half = PERIOD / 2
        return (self.posts - np.asarray(belt)[..., None] + half) % PERIOD - half


def build_backdrop(session: Session, camera: Camera) -> Backdrop:
    """Make the textures of a session."""
    rng = np.random.default_rng([session.seed, 1])
    height, width = camera.size
    ground, period = int(np.ceil(camera.ground)), round(PERIOD * camera.scale)
    wall = plaster(rng, (ground, period), session.wall)
    edge = plaster(rng, (camera.split - ground, period), session.floor)
    edge *= np.where(np.arange(period) // round(6 * camera.scale) % 2, 0.8, 1.05)[None, None]
    edge[:, :2] *= 1.35
    floor = plaster(rng, (height - camera.split, period), session.floor) * slats(camera, period)
    spacing = PERIOD / max(round(session.posts * PERIOD / 1000), 1)
    posts = np.arange(0, PERIOD - spacing / 2, spacing)
    posts = posts + rng.uniform(0.1, 0.6, posts.shape) * spacing
    scatter_glints(rng, session, camera, floor)
    return Backdrop(
        wall=drawing.doubled(wall, width),
        ground=drawing.doubled(edge.astype(np.float32), width),
        floor=drawing.doubled(floor, width),
        posts=posts if session.posts else np.empty(0),
    )


def plaster(
    rng: np.random.Generator, size: tuple[int, int], colour: tuple[float, float, float]
) -> np.ndarray:
    """Give a stained surface, (3, height, width), that repeats left to right."""
    stains = np.zeros(size, np.float32)
    for strength, grain in ((0.22, 37), (0.14, 11), (0.1, 3)):
        stains += strength * drawing.texture(rng, size, grain)
    return np.asarray(colour, np.float32)[:, None, None] * (1 + stains)


def slats(camera: Camera, period: int) -> np.ndarray:
    """Give the brightness of a perforated belt, (rows, columns) of the lower view."""
    x = 2 * np.pi * np.arange(period) * (round(PERIOD / 7) / period)
    y = 2 * np.pi * np.arange(camera.size[0] - camera.split)[:, None] / (16 * camera.scale)
    holes = (0.5 + 0.5 * np.cos(x)) * np.clip(1.5 + 2 * np.cos(y), 0, 1)
    return (1.05 - 0.38 * holes).astype(np.float32)


def scatter_glints(
    rng: np.random.Generator, session: Session, camera: Camera, floor: np.ndarray
) -> None:
    """Paint blobs shaped and coloured much like paws on the belt, in place."""
    light = np.array([0, 0, 1.0])
    for _ in range(round(session.glints * PERIOD / 1000)):
        spin, at = rng.uniform(0, 2 * np.pi), rng.uniform(0.06, 0.94, 2) * floor.shape[1:]
        shape = body.foot("paw", np.zeros((1, 3)), np.zeros(1))
        keep = rng.random(len(shape.radii)) < 0.75
        points, turn = shape.centres[0, keep, :2], np.array([np.cos(spin), np.sin(spin)])
        x = points @ turn * camera.scale + at[1]
        y = points @ (turn[::-1] * [-1, 1]) * camera.scale + at[0]
        balls = np.stack([x, y, shape.radii[keep] * camera.scale * rng.uniform(0.8, 1.2)], axis=-1)
        colour = np.asarray(session.skin, np.float32)[:, None, None] * rng.uniform(0.75, 1.05)
        lay(floor, balls, colour, light, 0.55, rng.uniform(0.45, 0.85))


def lay(
    picture: np.ndarray,
    balls: np.ndarray,
    colour: np.ndarray,
    light: np.ndarray,
    ambient: float,
    opacity: float = 1.0,
) -> None:
    """Paint a lit body made of balls (n, 3) over a picture, in place."""
    found = drawing.relief(balls, picture.shape[1:])
    if found is None:
        return
    rows, columns, height = found
    cover = np.clip(height + 0.5, 0, 1) * np.float32(opacity)
    drawing.paint(picture, (rows, columns), cover, colour * drawing.shade(height, light, ambient))


def draw_posts(
    picture: np.ndarray, camera: Camera, positions: np.ndarray, colour: np.ndarray
) -> None:
    """Paint posts in front of the animal and straps under it, in place.

    Args:
        picture: (3, height, width).
        camera: of the picture.
        positions: of the posts, in millimetres.
        colour: (3, 1, 1).
    """
    columns = np.arange(camera.size[1], dtype=np.float32)
    top = max(int(camera.ground - POST[1] * camera.scale), 0)
    places = {POST[0]: slice(top, camera.split), STRAP: slice(camera.split, camera.size[0])}
    for wide, lag in ((POST[0], 0.0), (STRAP, LAG)):
        for position in positions:
            middle, half = camera.centre + camera.scale * (position + lag), wide * camera.scale / 2
            if -half < middle < camera.size[1] + half:
                away = (columns - middle) / half
                cover = np.clip(half * (1 - np.abs(away)) + 0.5, 0, 1)
                round_ = 0.55 + 0.45 * np.sqrt(np.clip(1 - away**2, 0, 1))
                near = cover > 0
                part = slice(int(near.argmax()), int(len(near) - near[::-1].argmax()))
                drawing.paint(
                    picture, (places[wide], part), cover[part], colour * round_[None, None, part]
                )


def blocked(points: np.ndarray, camera: Camera, positions: np.ndarray, view: str) -> np.ndarray:
    """Say which points (frames, n, 2) are behind a post (frames, posts), (frames, n)."""
    wide, lag = (POST[0], 0.0) if view == "top" else (STRAP, LAG)
    middles = camera.centre + camera.scale * (positions + lag)
    near = np.abs(points[:, :, None, 0] - middles[:, None]) < wide * camera.scale / 2
    return near.any(-1) & (points[..., 1] > camera.ground - POST[1] * camera.scale)


def scaled(camera: Camera, build: float) -> Camera:
    """Give the camera for an animal of another size on the same floor."""
    return replace(camera, scale=camera.scale * build)
