"""One recording: an animal walking on a belt, drawn frame by frame, its keypoints known."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import numpy as np

from pose_core.labels import MISSING, OCCLUDED, VISIBLE
from pose_core.synthetic import body, drawing, stage
from pose_core.synthetic.motion import PAWS, Motion, walk
from pose_core.synthetic.session import Session

BLOCK = 64  # frames posed at once
LEGS = tuple(f"leg of {paw}" for paw in PAWS)
LAYERS: Mapping[str, tuple[str, ...]] = {
    "top": (
        *("earL", LEGS[0], PAWS[0], LEGS[1], PAWS[1], "tail", "body", "muzzle"),
        *(LEGS[3], PAWS[3], LEGS[2], PAWS[2], "earR", "eyeR"),
    ),
    "bot": ("earL", "earR", "tail", "body", "muzzle", *LEGS, *PAWS),
}
"""Parts from the farthest to the nearest, as each view sees them."""
LAYER_OF = {"tailBase": "body", "tailMid": "tail", "nose": "muzzle"} | {paw: paw for paw in PAWS}
"""The part on which a point lies; only nearer parts hide it."""
FAR = {"earL": 0.8, LEGS[0]: 0.66, LEGS[1]: 0.66, PAWS[0]: 0.8, PAWS[1]: 0.8}
"""How bright the far side is in the upper view."""


class Scene:
    """A recording with known truth. Frames are drawn when asked for, always the same way.

    Args:
        session: how it looks.
        frames: how long it is; the first frames do not depend on it.
    """

    def __init__(self, session: Session, frames: int) -> None:
        self.session = session
        self.skeleton = body.skeleton()
        self.motion = walk(frames, session.fps, session.seed)
        self._camera = stage.camera_of(session)
        self._near = stage.scaled(self._camera, session.build)
        self._backdrop = stage.build_backdrop(session, self._camera)
        self._palette = _palette(session)
        self._light = _lights(session)
        rng = np.random.default_rng([session.seed, 2])
        height, width = session.size
        self._noise = rng.standard_normal((height + 61, width + 67), np.float32)
        self._fur = 0.11 * np.add(
            *(drawing.texture(rng, (2 * height, 2 * width), grain) for grain in (3, 6))
        )
        self._lit = drawing.vignette(session.size, session.falloff, session.light[0])

    def __len__(self) -> int:
        return len(self.motion)

    @cached_property
    def keypoints(self) -> np.ndarray:
        """The true points, (frames, 14, 2), hidden ones too; NaN where out of the picture."""
        points = body.keypoints(self.motion)
        seen = np.concatenate([self._near.project(points, view) for view in body.VIEWS], axis=1)
        height, width = self.session.size
        inside = ((seen >= -0.5) & (seen < np.array([width, height]) - 0.5)).all(-1, keepdims=True)
        return np.where(inside, seen, np.nan)

    @cached_property
    def visibility(self) -> np.ndarray:
        """Whether points are seen, uint8 (frames, 14): `pose_core.labels.VISIBLE` and the like."""
        starts = range(0, len(self), BLOCK)
        hidden = [self._hidden(start, min(start + BLOCK, len(self))) for start in starts]
        covered = np.concatenate(hidden) if hidden else np.zeros((0, len(self.skeleton)), bool)
        known = np.isfinite(self.keypoints).all(-1)
        return np.where(known, np.where(covered, OCCLUDED, VISIBLE), MISSING).astype(np.uint8)

    def draw(self, number: int) -> np.ndarray:
        """Draw one frame, uint8 (height, width, 3)."""
        return next(self.images([number]))

    def images(self, numbers: Iterable[int] | None = None) -> Iterator[np.ndarray]:
        """Draw frames one after the other, uint8 (height, width, 3); None for all of them."""
        if numbers is not None:
            for number in numbers:
                yield self._frame(number, self._posed(number, number + 1), 0)
            return
        for start in range(0, len(self), BLOCK):
            stop = min(start + BLOCK, len(self))
            posed = self._posed(start, stop)
            for number in range(start, stop):
                yield self._frame(number, posed, number - start)

    def _posed(self, first: int, last: int) -> dict[str, dict[str, np.ndarray]]:
        """Give the balls (frames, n, 3) in pixels of every part, by view."""
        parts = body.parts(self.motion.between(first, last))
        return {
            view: {name: _balls(parts[name], self._near, view) for name in LAYERS[view]}
            for view in body.VIEWS
        }

    def _hidden(self, first: int, last: int) -> np.ndarray:
        """Say which points something nearer covers, (frames, 14)."""
        posed, motion = self._posed(first, last), self.motion.between(first, last)
        posts = self._backdrop.positions(motion.belt)
        truth = self.keypoints[first:last].reshape(last - first, len(body.VIEWS), -1, 2)
        hidden = []
        for v, view in enumerate(body.VIEWS):
            points = truth[:, v]
            behind = [
                _covered(points[:, k], posed[view], view, p) for k, p in enumerate(body.POINTS)
            ]
            blocked = stage.blocked(points, self._camera, posts, view)
            hidden.append(np.stack(behind, axis=-1) | blocked)
        return np.concatenate(hidden, axis=-1)

    def _frame(
        self, number: int, posed: Mapping[str, Mapping[str, np.ndarray]], at: int
    ) -> np.ndarray:
        """Draw frame `number`, posed at row `at`."""
        motion = self.motion.between(number, number + 1)
        picture = self._backdrop.draw(self._camera, float(motion.belt[0]))
        self._shadow(picture, motion)
        for view in body.VIEWS:
            rows = self._camera.rows(view)
            for name in LAYERS[view]:
                balls = posed[view][name][at] - [0, rows.start, 0]
                colour = self._colour(name, view, motion)
                self._lay(picture[:, rows], name, balls, colour, view)
        positions = self._backdrop.positions(motion.belt[0])
        stage.draw_posts(picture, self._camera, positions, self._palette["post"])
        picture[:, self._camera.split - 1 : self._camera.split + 1] *= 0.25
        return self._develop(picture, number)

    def _lay(
        self, picture: np.ndarray, name: str, balls: np.ndarray, colour: np.ndarray, view: str
    ) -> None:
        """Paint one part over a view, with its fur."""
        found = drawing.relief(balls, picture.shape[1:])
        if found is None:
            return
        rows, columns, height = found
        light = drawing.shade(height, self._light[view], self.session.ambient)
        if name == "body" or name in LEGS:
            light = light * (
                1
                + self._fur_at(rows.start - balls[0, 1], columns.start - balls[0, 0], height.shape)
            )
        cover = np.clip((0.3 if name in LEGS else 1) * height + 0.5, 0, 1)
        drawing.paint(picture, (rows, columns), cover, colour * light)

    def _fur_at(self, down: float, across: float, size: tuple[int, int]) -> np.ndarray:
        """Give the fur over a patch that begins so far from the part's first ball."""
        wanted = np.array([down, across]).astype(int) + np.array(self._fur.shape) // 4
        y, x = np.clip(wanted, 0, np.array(self._fur.shape) - size)
        return self._fur[y : y + size[0], x : x + size[1]]

    def _colour(self, name: str, view: str, motion: Motion) -> np.ndarray:
        """Give the colour of a part: darker on the far side, dimmer when lifted off the glass."""
        if view == "top":
            return self._palette[name] * np.float32(FAR.get(name, 1.0))
        if name in PAWS:
            lifted = np.float32(0.75 * motion.swinging[0, PAWS.index(name)])
            fur = self._palette["body"]
            return self._palette[name] + lifted * (fur - self._palette[name])
        return self._palette[name]

    def _shadow(self, picture: np.ndarray, motion: Motion) -> None:
        """Darken the edge of the belt below the animal, in place."""
        x = np.arange(picture.shape[-1], dtype=np.float32)
        middle = self._near.project(motion.centre, "top")[0, 0]
        dark = 1 - 0.4 * np.exp(-(((x - middle) / (34 * self._near.scale)) ** 4))
        picture[:, int(np.ceil(self._camera.ground)) : self._camera.split] *= dark

    def _develop(self, picture: np.ndarray, number: int) -> np.ndarray:
        """Turn light into grey levels: falloff, flicker, contrast, blur and noise."""
        session = self.session
        down, across, flicker = np.random.default_rng([session.seed, 3, number]).integers(0, 60, 3)
        height, width = session.size
        bright = session.brightness * session.contrast * (0.985 + 0.03 * flicker / 60)
        picture *= self._lit * np.float32(bright)
        picture += np.float32(128 * (1 - session.contrast) * 0.6)
        picture = drawing.soften(picture, session.blur)
        noise = self._noise[down : down + height, across : across + width]
        picture += noise * np.float32(session.noise)
        np.clip(picture, 0, 255, out=picture)
        return np.ascontiguousarray(np.moveaxis(picture.astype(np.uint8), 0, -1))


def _balls(part: body.Part, camera: stage.Camera, view: str) -> np.ndarray:
    """Give a part's balls (frames, n, 3) in pixels."""
    seen = camera.project(part.centres, view)
    radii = np.broadcast_to(part.radii * camera.scale, seen.shape[:-1])
    return np.concatenate([seen, radii[..., None]], axis=-1)


def _covered(
    points: np.ndarray, posed: Mapping[str, np.ndarray], view: str, point: str
) -> np.ndarray:
    """Say in which frames nearer parts cover a point seen at `points` (frames, 2)."""
    order = LAYERS[view]
    nearer = order[order.index(LAYER_OF[point]) + 1 :]
    if not nearer:
        return np.zeros(len(points), bool)
    balls = np.concatenate([posed[name] for name in nearer], axis=1)
    away = np.square(balls[..., :2] - points[:, None]).sum(-1)
    return (away < np.square(balls[..., 2])).any(1)


def _palette(session: Session) -> dict[str, np.ndarray]:
    """Give the colour (3, 1, 1) of every part."""
    fur, skin = (np.asarray(c, np.float32)[:, None, None] for c in (session.fur, session.skin))
    shades = {"fur": fur, "skin": skin, "ear": 0.55 * fur + 0.4 * skin, "eye": fur * 0 + 14}
    of_part = {"body": "fur", "muzzle": "skin", "tail": "skin", "eyeR": "eye"}
    of_part |= {"earL": "ear", "earR": "ear"} | dict.fromkeys(LEGS, "fur")
    palette = {part: shades[kind] for part, kind in of_part.items()} | dict.fromkeys(PAWS, skin)
    palette["tail"] = 0.75 * skin + 0.15 * fur
    palette["post"] = 0.7 * np.asarray(session.floor, np.float32)[:, None, None] + 50
    return palette


def _lights(session: Session) -> dict[str, np.ndarray]:
    """Give the unit vector to the lamp in both views; from below it comes through the floor."""
    above = np.asarray(session.light, float)
    below = np.array([0.6 * above[0], -0.25, 1.0])
    return {"top": above / np.linalg.norm(above), "bot": below / np.linalg.norm(below)}
