"""NVIDIA DALI: NVDEC on a GPU, and on any CPU the codecs that its wheel decodes there.

It is given the packets of one group of frames at a time, cut out of the file by the house's own
index, so that the number of every frame is known whatever the container says, and a group is
believed only when exactly as many frames come out as were put in. What it cannot decode exactly,
the CPU reader reads. DALI itself loads when used.

On a machine without a GPU only the CPU backend can run, and only that has been run so far.
"""

import ctypes
import logging
import multiprocessing
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pose_core.hookspecs import Clip, VideoInfo
from pose_core.video import pyav

logger = logging.getLogger(__name__)
told: set[Path] = set()  # files of which it was said that the CPU reader reads them


def unavailable() -> str | None:
    """Say why DALI cannot run here; None where it can."""
    if find_spec("nvidia") is None or find_spec("nvidia.dali") is None:
        return "DALI is not installed; on Linux: pip install 'pose-core[dali]'"
    return None


def advice() -> tuple[bool, str]:
    """Say whether to take DALI unasked, and why."""
    if gpus():
        return True, "NVIDIA GPU found"
    return False, "no NVIDIA GPU found, and without one it decodes MJPEG, VP8 and VP9 alone"


@lru_cache(maxsize=1)
def gpus() -> int:
    """Count the GPUs, without starting CUDA: processes forked after that could not use them."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return 0
    try:
        management = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return 0
    count = ctypes.c_uint(0)
    started = management.nvmlInit_v2() == 0
    counted = started and management.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0
    return int(count.value) if counted else 0


def probe(path: Path) -> VideoInfo:
    """Tell a video's frames, size and rate, as the CPU reader counts them.

    Raises:
        VideoError: if the file is missing, empty, not a video, or nothing in it can be decoded.
    """
    info = pyav.probe(path)
    reason = refusal(path, "gpu" if gpus() else "cpu")
    if reason is not None:
        tell(path, reason)
    return info


def read(
    path: Path,
    windows: Iterable[Sequence[int]],
    size: tuple[int, int] | None = None,
    device: str = "cpu",
) -> Iterator[Clip]:
    """Yield one clip per window of frame numbers, in main memory.

    Args:
        path: of the video.
        windows: frame numbers in any order; a number may stand several times in a window.
        size: height and width to resize to, by an antialiased triangle filter; None: as shown.
        device: where to decode: "cuda" or "cuda:1" by NVDEC, "cpu" by DALI's CPU backend.

    Raises:
        VideoError: if the video cannot be opened, or a window asks for a frame it has not.
    """
    with closing(read_sizes(path, windows, (size,), device)) as read_once:
        for (clip,) in read_once:
            yield clip


def read_sizes(
    path: Path,
    windows: Iterable[Sequence[int]],
    sizes: Sequence[tuple[int, int] | None],
    device: str = "cpu",
) -> Generator[tuple[Clip, ...], None, None]:
    """Yield the clip of each window in several sizes, each frame decoded once for all.

    Memory is that of two clips, of one group of resized frames and of a few frames as decoded, of
    each size.

    Args:
        path: as in `read`.
        windows: as in `read`.
        sizes: to resize to, each as in `read`.
        device: as in `read`.

    Raises:
        VideoError: as `read`.
    """
    from pose_core.video.index import index_of

    path, index = Path(path), index_of(path)
    source = Source(path, [size or index.size for size in sizes], device)
    try:
        clips = tuple(pyav.empty_clip((), size) for size in source.sizes)
        for window in windows:
            clips = source.clips(pyav.checked(path, window, index.frames), clips)
            yield clips
    finally:
        source.close()


class Source:
    """Decodes by DALI for as long as that is exact, then by the CPU reader."""

    def __init__(self, path: Path, sizes: Sequence[tuple[int, int]], device: str) -> None:
        from pose_core.video.groups import Groups

        backend = "gpu" if device.startswith("cuda") else "cpu"
        self.sizes = sizes
        self._path = path
        self._draws: Sequence[pyav.Draws] = [Copier(size, n) for n, size in enumerate(sizes)]
        reason = refusal(path, backend)
        if reason is None:
            self._frames: pyav.Decodes = Groups(path, sizes, device_number(device))
        else:
            self._fall_back(reason)

    def close(self) -> None:
        """Close the file, and free what decodes it."""
        self._frames.close()

    def clips(self, window: Sequence[int], before: Sequence[Clip]) -> tuple[Clip, ...]:
        """Read a window in all sizes, taking from the clips before what they have of it."""
        from pose_core.video.groups import InexactError

        try:
            return pyav.read_window(self._frames, self._draws, window, before)
        except InexactError as error:
            self._frames.close()
            self._fall_back(str(error))
            return pyav.read_window(self._frames, self._draws, window, before)

    def _fall_back(self, reason: str) -> None:
        """Go on with the CPU reader."""
        from pose_core.video.decoding import Decoder
        from pose_core.video.index import index_of

        tell(self._path, reason)
        self._frames = Decoder(self._path, index_of(self._path))
        self._draws = [pyav.Converter(size) for size in self.sizes]


class Copier:
    """Puts a frame that DALI has resized into a clip.

    Args:
        size: height and width of the clip.
        place: of that size among those of the frame.
    """

    def __init__(self, size: tuple[int, int], place: int) -> None:
        self.size = size
        self._place = place

    def draw(self, frame: Sequence[np.ndarray], image: np.ndarray) -> None:
        """Copy a frame, uint8 (height, width, 3) in each size."""
        image[:] = frame[self._place]


def device_number(device: str) -> int | None:
    """Give the number of a GPU, by "cuda:1" or the process's place among others; None on a CPU."""
    if not device.startswith("cuda"):
        return None
    _, _, number = device.partition(":")
    return int(number or os.environ.get("LOCAL_RANK", "0"))


def refusal(path: Path, backend: str) -> str | None:
    """Say why DALI is not asked to decode a file; None where it is.

    Raises:
        VideoError: if it cannot be read as a video at all.
    """
    from pose_core.video.exactness import why_inexact

    if backend == "gpu" and multiprocessing.parent_process() is not None:
        return "a data-loading process cannot use the GPU"
    return why_inexact(path, backend)


def tell(path: Path, reason: str) -> None:
    """Say once that the CPU reader reads a file; processes that load data are silent."""
    if path not in told and multiprocessing.parent_process() is None:
        told.add(path)
        logger.warning("%s: read by pyav in place of dali: %s", path, reason)
