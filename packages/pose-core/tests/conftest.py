"""A tiny project that any test can train on, and a format that opens it."""

import json
import types
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pose_core import Labels, Predictions, Project, Skeleton, cli
from pose_core.files import atomic
from pose_core.hookspecs import Format, hookimpl
from pose_core.plugins import Plugins

NAMES = ("nose", "left", "right")


def draw_frame(
    size: tuple[int, int], points: np.ndarray, colours: tuple[str, ...] = ("red", "lime", "blue")
) -> Image.Image:
    """Draw a disc for each keypoint, each of a colour of its own."""
    image = Image.new("RGB", (size[1], size[0]), (40, 40, 40))
    draw = ImageDraw.Draw(image)
    for (x, y), colour in zip(points, colours, strict=True):
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
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            keypoints=predictions.keypoints,
            confidence=predictions.confidence,
            names=np.array(predictions.skeleton.names),
            frames=np.array(predictions.frames or ()),
            scorer=np.array(predictions.scorer),
            **{f"extra_{name}": column for name, column in predictions.extra.items()},
        )


def read_npz(path: Path) -> Predictions:
    """Read what `write_npz` wrote."""
    held = np.load(path)
    return Predictions(
        held["keypoints"],
        held["confidence"],
        Skeleton(tuple(held["names"].tolist())),
        tuple(held["frames"].tolist()) or None,
        held["scorer"].item(),
        {name.removeprefix("extra_"): held[name] for name in held if name.startswith("extra_")},
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
                detect=lambda path: (path / "tiny.npz").is_file() or path.suffix == ".npz",
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


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write what a finished and evaluated run on a tiny project leaves, but for its weights.

    Its predictions are off by `error` pixels to the right, a number or one per frame; four frames
    validate, two test, the others train.
    """

    def make(
        name: str,
        project: Path,
        error: float | np.ndarray = 1.0,
        config: dict[str, Any] | None = None,
        sets: Sequence[str] = ("validation",) * 4 + ("test",) * 2 + ("train",) * 6,
        **kept: float,
    ) -> Path:
        from pose_core.evaluation import labeled_table

        folder, labels = tmp_path / "runs" / name, open_tiny(project).labels
        folder.mkdir(parents=True)
        points = labels.keypoints + np.reshape(error, (-1, 1, 1)) * np.array([1.0, 0.0])
        confidence = np.linspace(0.5, 1.0, points[..., 0].size).reshape(points.shape[:2])
        given = Predictions(points, confidence, labels.skeleton, labels.frames, name)
        (folder / "predictions.csv").write_text(labeled_table(given, sets))
        (folder / "skeleton.json").write_text(json.dumps(labels.skeleton.to_dict()))
        (folder / "model.safetensors").touch()
        plain = {"model": {}, "data": {}, "project": str(project), **(config or {})}
        (folder / "config.yaml").write_text(json.dumps(plain))
        pairs = zip(labels.frames, sets, strict=True)
        rows = [f"{frame},{one}" for frame, one in pairs]
        (folder / "split.csv").write_text("\n".join(["frame,set", *rows]))
        status = {"finished": True, "kept": {"points": 12, **kept}}
        (folder / "status.json").write_text(json.dumps(status))
        return folder

    return make


@pytest.fixture
def pose(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command with the tiny format alone; give status, output and errors."""
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        return status, printed.out, without_bars(printed.err)

    return run


def without_bars(text: str) -> str:
    """Leave out progress bars."""
    lines = text.replace("\r", "\n").splitlines()
    return "\n".join(
        line for line in lines if line.strip() and "it/s" not in line and "%|" not in line
    )


@pytest.fixture
def add(plugins: Plugins) -> Callable[..., None]:
    """Add components to the plugins of a test."""

    def components(**hooks: Any) -> None:
        module = types.ModuleType("added")
        for name, found in hooks.items():
            setattr(module, name, hookimpl(lambda found=found: found))
        plugins.add(module)

    return components


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a network with random weights for the tiny project, as training leaves one.

    Its config asks for pretrained weights, which must not be looked for when it is loaded.
    """
    import torch

    from pose_core.model.folder import write_config
    from pose_core.model.network import build_network
    from pose_core.model.weights import save_model
    from pose_core.options import fill
    from pose_core.run_folder import WEIGHTS
    from pose_core.splits import draw_split, write_split
    from pose_core.training.options import RunOptions

    project, folder = (tmp_path_factory.mktemp(name) for name in ("project", "model"))
    write_tiny(project)
    labels = open_tiny(project).labels
    model = {"backbone": "resnet10t", "pretrained": True}
    given = {"project": str(project), "data": {"size": [32, 32]}, "model": model}
    options = fill(RunOptions, given, "options")
    torch.manual_seed(0)
    network = build_network(options.model, len(NAMES), tiny_plugins(), pretrained=False)
    config = {**asdict(options), "data": {"size": [32, 32]}, "augment": {}}
    write_config(folder, config, labels.skeleton)
    save_model(network, folder / WEIGHTS)
    write_split(folder / "split.csv", draw_split(labels, 0.2, 0.2, 0, None), labels.frames)
    return folder


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video of three white discs that move to the right, as `disc_track` says.

    White, as the codec puts colours half a pixel off.
    """

    def make(name: str = "video.mp4", frames: int = 20, size: tuple[int, int] = (48, 80)) -> Path:
        from pose_core.video.writing import VideoWriter

        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with VideoWriter(path, fps=25) as video:
            for points in disc_track(frames):
                video.write(np.array(draw_frame(size, points, ("white",) * 3)))
        return path

    return make


def disc_track(frames: int) -> np.ndarray:
    """Give where the discs of a video are, (frames, 3, 2)."""
    start = np.array([[10.0, 10.0], [16.0, 24.0], [22.0, 38.0]])
    return start + np.arange(frames)[:, None, None] * np.array([2.0, 0.0])


@pytest.fixture
def track() -> Callable[[int], np.ndarray]:
    """Where the discs of the videos are."""
    return disc_track
