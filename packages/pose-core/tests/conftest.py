"""A tiny project that any test can train on, and a format that opens it."""

import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pose_core import Labels, Predictions, Project, Skeleton
from pose_core.hookspecs import Format, hookimpl
from pose_core.plugins import Plugins

NAMES = ("nose", "left", "right")


def draw_frame(size: tuple[int, int], points: np.ndarray) -> Image.Image:
    """Draw a disc of a colour of its own for each keypoint."""
    image = Image.new("RGB", (size[1], size[0]), (40, 40, 40))
    draw = ImageDraw.Draw(image)
    for (x, y), colour in zip(points, ("red", "lime", "blue"), strict=True):
        draw.ellipse([x - 4, y - 4, x + 4, y + 4], fill=colour)
    return image


def write_tiny(
    root: Path, frames: int = 12, sizes: tuple[tuple[int, int], ...] = ((64, 64),)
) -> None:
    """Write images and labels of a project that the format `tiny` opens."""
    generator = np.random.default_rng(0)
    names, keypoints = [], np.zeros((frames, len(NAMES), 2))
    for number in range(frames):
        size = sizes[number % len(sizes)]
        keypoints[number] = generator.uniform(8, np.array(size[::-1]) - 9, (len(NAMES), 2))
        names.append(f"labeled-data/video{number % 3}/img{number:03d}.png")
        path = root / names[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_frame(size, keypoints[number]).save(path)
    np.savez(root / "tiny.npz", frames=np.array(names), keypoints=keypoints)


def open_tiny(path: Path) -> Project:
    """Open what `write_tiny` wrote."""
    held = np.load(path / "tiny.npz")
    skeleton = Skeleton(NAMES, symmetric=(("left", "right"),))
    labels = Labels.of(held["frames"].tolist(), held["keypoints"], skeleton)
    videos = tuple(sorted((path / "videos").glob("*")))
    return Project(path, path.name, labels, videos)


def write_npz(path: Path, predictions: Predictions) -> None:
    """Write predictions so that tests can read them back."""
    with path.open("wb") as file:
        np.savez(
            file,
            keypoints=predictions.keypoints,
            confidence=predictions.confidence,
            names=np.array(predictions.skeleton.names),
        )


def read_npz(path: Path) -> Predictions:
    """Read what `write_npz` wrote."""
    held = np.load(path)
    return Predictions(
        held["keypoints"], held["confidence"], Skeleton(tuple(held["names"].tolist()))
    )


@pytest.fixture
def plugins() -> Plugins:
    """Core's own components and the format `tiny`."""
    return tiny_plugins()


def tiny_plugins() -> Plugins:
    """Give core's own components and the format `tiny`."""
    module = types.ModuleType("tiny_plugin")

    @hookimpl
    def pose_formats() -> list[Format]:
        return [
            Format(
                name="tiny",
                detect=lambda path: (path / "tiny.npz").is_file(),
                open_project=open_tiny,
                read_predictions=read_npz,
                write_predictions=write_npz,
                suffixes=(".npz",),
            )
        ]

    module.pose_formats = pose_formats  # type: ignore[attr-defined]
    return Plugins().add("pose_core.plugin").add(module)


@pytest.fixture
def tiny_project(tmp_path: Path) -> Path:
    """A project of 12 labeled frames of 64 x 64."""
    root = tmp_path / "tiny"
    write_tiny(root)
    return root


@pytest.fixture
def make_tiny(tmp_path: Path) -> Callable[..., Path]:
    """Write a tiny project with other frames or sizes."""

    def make(frames: int = 12, sizes: tuple[tuple[int, int], ...] = ((64, 64),)) -> Path:
        root = tmp_path / f"tiny{frames}x{len(sizes)}"
        write_tiny(root, frames, sizes)
        return root

    return make
