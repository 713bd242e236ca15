"""Frames per second of labeled videos, and what each part of the work takes.

    POSE_DATA_DIR=../shared/data python benchmarks/labeled_video.py [--frames 500] [--rounds 3]

Each recording is drawn with marks alone and with all there is: names, trails of 20 frames, limbs.
Three other ways do the same work on the same frames: decoding and encoding without drawing, which
is the floor; a plain loop of PyAV and Pillow, with the encoder as it comes; and a figure of
matplotlib per frame, where that is installed. Ways take turns and the best round counts, because
other work on the machine only ever slows a round down; the processor time of all threads hardly
feels it. Without POSE_DATA_DIR a recording of 406 x 396 is drawn. Points are made up: they go
round in circles.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from pose_core.hookspecs import VideoReader
from pose_core.predictions import Predictions
from pose_core.reports.labeled_video import DrawingOptions, Painter, film
from pose_core.reports.playback import playback
from pose_core.skeleton import Skeleton
from pose_core.synthetic import Scene, Session
from pose_core.video import pyav
from pose_core.video.windows import consecutive
from pose_core.video.writing import QUICK, VideoWriter

VIDEOS = {
    "mirror-mouse": ("mirror-mouse-example/videos/test_vid.mp4", 17),
    "openfield": ("openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4", 4),
}
READER = VideoReader(name="pyav", unavailable=pyav.unavailable, probe=pyav.probe, read=pyav.read)
PLAIN = DrawingOptions(limbs=False)
ALL = DrawingOptions(names=True, trail=20, limbs=True, numbers=True)
RECORDED = 250.0  # frames per second, of which 30 are shown
Way = Callable[[Path, Predictions, Path], None]


class Bare:
    """Draws nothing."""

    def draw(self, image: np.ndarray, number: int) -> np.ndarray:
        """Give the frame as it is."""
        return image


def ours(options: DrawingOptions | None) -> Way:
    """Make a labeled video as `pose draw` does; without options nothing is drawn."""

    def make(video: Path, one: Predictions, target: Path) -> None:
        drawing = Painter([one], options) if options else Bare()
        film(video, drawing, target, READER, playback(range(len(one)), RECORDED))

    return make


def pillow(video: Path, one: Predictions, target: Path) -> None:
    """Draw discs in a plain loop, with everything as it comes."""
    with av.open(str(video)) as container, av.open(str(target), "w") as made:
        stream = made.add_stream("libx264", rate=30)
        stream.pix_fmt = "yuv420p"
        shown = container.streams.video[0]
        stream.width, stream.height = shown.width, shown.height
        for number, frame in enumerate(islice(container.decode(video=0), len(one))):
            image = Image.fromarray(frame.to_ndarray(format="rgb24"))
            draw = ImageDraw.Draw(image)
            for x, y in one.keypoints[number]:
                draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill="red")
            made.mux(stream.encode(av.VideoFrame.from_image(image)))
        made.mux(stream.encode(None))


def matplotlib(video: Path, one: Predictions, target: Path) -> None:
    """Draw a figure per frame, kept from one to the next."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = pyav.probe(video).size
    figure = Figure(figsize=(size[1] / 100, size[0] / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    shown = axes.imshow(np.zeros((*size, 3), np.uint8))
    points = axes.scatter(*one.keypoints[0].T, c="red", s=12)
    with VideoWriter(target, 30) as writer:
        for number, image in enumerate(images_of(video, len(one))):
            shown.set_data(image)
            points.set_offsets(one.keypoints[number])
            canvas.draw()
            writer.write(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))


def images_of(video: Path, frames: int) -> Iterable[np.ndarray]:
    """Decode the first frames of a video."""
    for clip in pyav.read(video, consecutive(frames, 16)):
        yield from clip.images


def ways() -> dict[str, Way]:
    """List what takes part."""
    found = {
        "decode and encode": ours(None),
        "pose draw": ours(PLAIN),
        "pose draw, all": ours(ALL),
        "plain Pillow": pillow,
    }
    try:
        import matplotlib as _  # noqa: F401
    except ImportError:
        return found
    return {**found, "matplotlib": matplotlib}


def circling(frames: int, keypoints: int, size: tuple[int, int]) -> Predictions:
    """Make points up that go round in circles."""
    angle = np.arange(frames)[:, None] / 15 + np.arange(keypoints)
    middle = np.random.default_rng(0).uniform(0.2, 0.8, (keypoints, 2)) * size[::-1]
    points = middle + 30 * np.stack([np.cos(angle), np.sin(angle)], -1)
    names = tuple(f"keypoint{number}" for number in range(keypoints))
    edges = tuple(pairwise(names))
    return Predictions(points, np.ones(points.shape[:2]), Skeleton(names, edges))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Give seconds by the clock, and of the processor in all threads."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def compare(video: Path, one: Predictions, rounds: int, folder: Path) -> None:
    """Print the speed of every way."""
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for name, way in ways().items():
            target = folder / "out.mp4"
            taken = timed(lambda way=way, target=target: way(video, one, target))
            best[name] = tuple(map(min, taken, best.get(name, taken)))  # type: ignore[assignment]
    floor, plain = best["decode and encode"], best["plain Pillow"]
    print(f"{'':20}frames/s   CPU ms/frame   to the floor   to plain Pillow (clock, CPU)")
    for name, (clock, processor) in best.items():
        print(
            f"{name:20}{len(one) / clock:8.0f}{1000 * processor / len(one):15.2f}"
            f"{floor[0] / clock:15.2f}{plain[0] / clock:12.2f}{plain[1] / processor:8.2f}"
        )


def stages(video: Path, one: Predictions, rounds: int, folder: Path) -> None:
    """Print the processor time of each part, one after the other."""
    images = [image.copy() for image in images_of(video, len(one))]

    def drawn(options: DrawingOptions) -> None:
        painter = Painter([one], options)
        for number, image in enumerate(images):
            painter.draw(image, number)

    def encoded() -> None:
        with VideoWriter(folder / "out.mp4", 30, QUICK) as writer:
            for image in images:
                writer.write(image)

    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: [None for _ in images_of(video, len(one))],
        "draw marks": lambda: drawn(PLAIN),
        "draw all": lambda: drawn(ALL),
        "encode": encoded,
    }
    for name, work in parts.items():
        processor = min(timed(work)[1] for _ in range(rounds))
        print(f"{name:20}{1000 * processor / len(one):23.2f}")


def recordings(folder: Path, frames: int) -> dict[str, tuple[Path, int]]:
    """List the recordings with their numbers of keypoints; one is drawn where there are none."""
    if data := os.environ.get("POSE_DATA_DIR"):
        return {name: (Path(data) / path, count) for name, (path, count) in VIDEOS.items()}
    scene = Scene(Session(size=(406, 396), seed=0), frames)
    with VideoWriter(folder / "drawn.mp4", RECORDED) as writer:
        for image in scene.images():
            writer.write(image)
    return {"synthetic": (folder / "drawn.mp4", 17)}


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, (video, keypoints) in recordings(folder, arguments.frames).items():
            info = pyav.probe(video)
            frames = min(arguments.frames, info.frames)
            one = circling(frames, keypoints, info.size)
            print(
                f"\n{label}: {frames} frames of {info.size[0]} x {info.size[1]}, {keypoints} points"
            )
            compare(video, one, arguments.rounds, folder)
            stages(video, one, arguments.rounds, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
