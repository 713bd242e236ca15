"""Frames per second of the house's video readers against plain loops, printed as ratios.

    POSE_DATA_DIR=../shared/data python benchmarks/video_reading.py

Every reader gives uint8 RGB: at full size, and resized to 256 x 256 (OpenCV by INTER_AREA, the
others by an antialiased triangle). Readers take turns and the best of several rounds counts,
because other work on the machine only ever slows a round down; the processor time of all threads
hardly feels it. DALI takes part where it is installed: on the CPU with the codecs it decodes there,
for which the recordings are encoded anew in VP9 and MJPEG, and by NVDEC with `--device cuda`.

The last table of a video is the cost of reading clips alone, as training on unlabeled video does
once a step: clips of consecutive frames from anywhere, each by a call of its own.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import av
import numpy as np

from pose_core.hookspecs import Clip
from pose_core.video import dali, pyav
from pose_core.video.exactness import why_inexact
from pose_core.video.prefetch import prefetch
from pose_core.video.windows import consecutive
from pose_core.video.writing import VideoWriter

VIDEOS = {
    "openfield": "openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4",
    "mirror-mouse": "mirror-mouse-example/videos/test_vid.mp4",
}
NETWORK = (256, 256)
Size = tuple[int, int] | None
Reader = Callable[[Path, Size, int], Iterator[np.ndarray]]
Reads = Callable[..., Iterator[Clip]]


def ours(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read by PyAV with the house's reader, 32 frames at a time."""
    for clip in pyav.read(path, consecutive(frames, 32), size):
        yield from clip.images


def ours_ahead(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
    """Read with the house's reader in a thread, as prediction does."""
    for clip in prefetch(pyav.read(path, consecutive(frames, 32), size)):
        yield from clip.images


def dali_on(device: str) -> Reader:
    """Read by DALI with the house's reader."""

    def read(path: Path, size: Size, frames: int) -> Iterator[np.ndarray]:
        for clip in dali.read(path, consecutive(frames, 32), size, device):
            yield from clip.images

    return read


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


def readers(path: Path, device: str) -> Mapping[str, Reader]:
    """List the readers that can decode a file here."""
    found: dict[str, Reader] = {"ours": ours, "ours, ahead": ours_ahead}
    if decoded_by_dali(path, device):
        found[f"ours, DALI {device}"] = dali_on(device)
    found["plain PyAV"] = plain
    try:
        import cv2  # noqa: F401
    except ImportError:
        return found
    return {**found, "OpenCV": opencv}


def decoded_by_dali(path: Path, device: str) -> bool:
    """Say whether DALI would not hand a file on."""
    backend = "gpu" if device.startswith("cuda") else "cpu"
    return dali.unavailable() is None and why_inexact(path, backend) is None


def cost(reader: Reader, path: Path, size: Size, frames: int) -> np.ndarray:
    """Time one reading: milliseconds a frame by the clock, and of the processor."""
    start = now()
    count = sum(1 for _ in reader(path, size, frames))
    assert count == frames, f"{count} frames of {frames}"
    return (now() - start) / frames


def now() -> np.ndarray:
    """Give milliseconds by the clock, and of the processor in all threads."""
    return np.array([time.perf_counter(), time.process_time()]) * 1000


def best_of(rounds: int, path: Path, size: Size, frames: int, device: str) -> dict[str, np.ndarray]:
    """Let the readers take turns; keep the best of each."""
    best: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for name, reader in readers(path, device).items():
            best[name] = np.fmin(best.get(name, np.nan), cost(reader, path, size, frames))
    return best


def cost_of_clips(path: Path, frames: int, length: int, clips: int, device: str) -> None:
    """Print the milliseconds that one clip from anywhere takes, by the clock and the processor."""
    starts = np.random.default_rng(0).integers(0, frames - length, clips)
    reads: dict[str, Reads] = {"ours": pyav.read}
    if decoded_by_dali(path, device):
        reads[f"ours, DALI {device}"] = dali.read
    for name, read in reads.items():
        costs = [cost_of_clip(read, path, range(at, at + length), device) for at in starts]
        clock, processor = np.median(costs, axis=0)
        print(
            f"  a clip of {length:2d} at 256 x 256  {name:<14} {clock:6.1f} ms, "
            f"{processor:6.1f} ms of processor (medians of {clips})"
        )


def cost_of_clip(read: Reads, path: Path, window: range, device: str) -> np.ndarray:
    """Time one clip."""
    start = now()
    next(read(path, [window], NETWORK, device))
    return now() - start


def report(name: str, path: Path, limit: int, rounds: int, device: str) -> None:
    """Print the tables of one video."""
    start = time.perf_counter()
    frames = min(pyav.probe(path).frames, limit)
    print(f"\n{name}: {frames} frames; index and first frame {time.perf_counter() - start:.3f} s")
    for size in (None, NETWORK):
        costs = best_of(rounds, path, size, frames, device)
        for reader, (clock, processor) in costs.items():
            ratios = "  ".join(f"{ratio:.2f}" for ratio in (clock, processor) / costs["ours"])
            print(
                f"  {size or 'full size'!s:>11}  {reader:<15} {1000 / clock:6.0f} frames/s"
                f"  {processor:5.2f} ms of processor a frame  {ratios}"
            )
    for length in (8, 16):
        cost_of_clips(path, frames, length, 15, device)


def encoded_anew(path: Path, folder: Path, suffix: str, frames: int) -> Path:
    """Encode the beginning of a video in VP9 (.webm) or MJPEG (.avi)."""
    info = pyav.probe(path)
    copy = folder / f"{path.stem}{suffix}"
    with VideoWriter(copy, info.fps) as writer:
        for image in ours(path, None, min(info.frames, frames)):
            writer.write(image)
    return copy


def main() -> int:
    """Measure the two recordings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1000, help="of each video, at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu", help="where DALI decodes: cpu or cuda")
    arguments = parser.parse_args()
    folder = os.environ.get("POSE_DATA_DIR")
    if folder is None:
        print("video_reading: POSE_DATA_DIR is not set; name the folder of recordings")
        return 1
    print("last columns: how many times as fast ours is, by the clock and by the processor")
    limits = (arguments.frames, arguments.rounds, arguments.device)
    for name, video in VIDEOS.items():
        path = Path(folder) / video
        report(name, path, *limits)
        with tempfile.TemporaryDirectory() as temporary:
            for suffix in (".webm", ".avi") if dali.unavailable() is None else ():
                copy = encoded_anew(path, Path(temporary), suffix, arguments.frames)
                report(f"{name} as {suffix[1:]}", copy, *limits)
    return 0


if __name__ == "__main__":
    sys.exit(main())
