"""Frames per second of the house's video reader against plain loops, printed as ratios.

    POSE_DATA_DIR=../shared/data python benchmarks/video_reading.py

Every reader gives uint8 RGB: at full size, and resized to 256 x 256 (OpenCV by INTER_AREA, PyAV by
its own bilinear). Readers take turns and the best of several rounds counts, because other work on
the machine only ever slows a round down; the processor time of all threads hardly feels it.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import av
import numpy as np

from pose_core.video import pyav
from pose_core.video.prefetch import prefetch
from pose_core.video.windows import consecutive

VIDEOS = {
    "openfield": "openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4",
    "mirror-mouse": "mirror-mouse-example/videos/test_vid.mp4",
}
Size = tuple[int, int] | None
Reader = Callable[[Path, Size, int], Iterator[np.ndarray]]


def ours(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read with the house's reader, 32 frames at a time."""
    for clip in pyav.read(path, consecutive(frames, 32), size):
        yield from clip.images


def ours_ahead(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read with the house's reader in a thread, as prediction does."""
    for clip in prefetch(pyav.read(path, consecutive(frames, 32), size)):
        yield from clip.images


def plain(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read as PyAV's own documentation does."""
    scaled = {"height": size[0], "width": size[1]} if size else {}
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in islice(container.decode(video=0), frames):
            yield frame.to_ndarray(format="rgb24", **scaled)


def opencv(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read with OpenCV."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    for _ in range(frames):
        image = cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB)
        yield cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA) if size else image


def readers() -> Mapping[str, Reader]:
    """List the readers that can run here."""
    found: dict[str, Reader] = {"ours": ours, "ours, ahead": ours_ahead, "plain PyAV": plain}
    try:
        import cv2  # noqa: F401
    except ImportError:
        return found
    return {**found, "OpenCV": opencv}


def cost(reader: Reader, path: Path, size: Size, frames: int) -> np.ndarray:
    """Time one reading: milliseconds a frame by the clock, and of the processor."""
    start = np.array([time.perf_counter(), time.process_time()])
    count = sum(1 for _ in reader(path, size, frames))
    assert count == frames, f"{count} frames of {frames}"
    return (np.array([time.perf_counter(), time.process_time()]) - start) / frames * 1000


def best_of(rounds: int, path: Path, size: Size, frames: int) -> dict[str, np.ndarray]:
    """Let the readers take turns; keep the best of each."""
    best: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for name, reader in readers().items():
            best[name] = np.fmin(best.get(name, np.nan), cost(reader, path, size, frames))
    return best


def random_clips_per_second(path: Path, frames: int, clips: int) -> float:
    """Time clips of 5 frames from anywhere, as training on unlabeled video reads them."""
    starts = np.random.default_rng(0).integers(0, frames - 5, clips)
    start = time.perf_counter()
    for first in starts:
        next(pyav.read(path, [range(first, first + 5)], (256, 256)))
    return clips / (time.perf_counter() - start)


def report(name: str, path: Path, limit: int, rounds: int) -> None:
    """Print the table of one video."""
    start = time.perf_counter()
    frames = min(pyav.probe(path).frames, limit)
    print(f"\n{name}: {frames} frames; index and first frame {time.perf_counter() - start:.3f} s")
    for size in (None, (256, 256)):
        costs = best_of(rounds, path, size, frames)
        for reader, (clock, processor) in costs.items():
            ratios = "  ".join(f"{ratio:.2f}" for ratio in (clock, processor) / costs["ours"])
            print(
                f"  {size or 'full size'!s:>11}  {reader:<11} {1000 / clock:6.0f} frames/s"
                f"  {processor:5.2f} ms of processor a frame  {ratios}"
            )
    print(f"  random clips of 5 frames: {random_clips_per_second(path, frames, 15):.1f} per second")


def main() -> int:
    """Measure the two recordings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1000, help="of each video, at most")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = os.environ.get("POSE_DATA_DIR")
    if folder is None:
        print("video_reading: POSE_DATA_DIR is not set; name the folder of recordings")
        return 1
    print("last columns: how many times as fast ours is, by the clock and by the processor")
    for name, video in VIDEOS.items():
        report(name, Path(folder) / video, arguments.frames, arguments.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
