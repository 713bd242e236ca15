"""The pickles that DeepLabCut leaves beside its predictions, read without running what they hold.

`_meta` says how a video was analyzed, `_full` has every detection before animals were made of them,
`_assemblies` and the tracklets (`_el`, `_bx`, `_sk`, `_tr`, `_ctd`) have the steps between.
See `pickle_machine` for why none of them can do harm.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.pickle_machine import KEYS, Machine, RefusedPickleError
from pose_io_dlc.pickle_standins import KNOWN

LARGEST = 1 << 28
"""Bytes above which a pickle, which must be in memory as a whole, is not read."""

DEEPEST = 64
"""Levels of lists in lists; genuine files have ten."""

LEAVES = KEYS | {np.ndarray, PurePosixPath, PureWindowsPath}
"""Types that hold nothing further."""

Detections = tuple[np.ndarray, ...]
"""One array per keypoint: (detections, 2) of points, or (detections,) of confidences."""


@dataclass(frozen=True, eq=False)
class Meta:
    """How a video was analyzed: `_meta.pickle`.

    Attributes:
        scorer: what the network is called in the predictions.
        start: when the analysis began, in seconds since 1970.
        stop: when it ended.
        fps: frames per second of the video.
        frame_dimensions: as in the file: (width, height) from DeepLabCut 3 with PyTorch,
            (height, width) from TensorFlow; see `size`.
        nframes: frames that were analyzed.
        cropping: x1, x2, y1, y2 of the part that was analyzed; None for all of it.
        individuals: the animals; empty where the file does not list them.
        bodyparts: the keypoints each animal has; empty where the file does not list them.
        unique_bodyparts: the keypoints of no animal.
        batch_size: images at a time.
        iteration: of active learning.
        training_fraction: of the labeled images.
        config: of the network, as the file has it.
    """

    scorer: str
    start: float
    stop: float
    fps: float
    frame_dimensions: tuple[int, int]
    nframes: int
    cropping: tuple[int, int, int, int] | None = None
    individuals: tuple[str, ...] = ()
    bodyparts: tuple[str, ...] = ()
    unique_bodyparts: tuple[str, ...] = ()
    batch_size: int | None = None
    iteration: int | None = None
    training_fraction: float | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    is_width_first: bool = True

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the frames that were analyzed."""
        first, second = self.frame_dimensions
        return (second, first) if self.is_width_first else (first, second)


@dataclass(frozen=True, eq=False)
class FullDetections:
    """Everything that was detected, before animals were made of it: `_full.pickle`.

    Attributes:
        names: keypoint names, in the order of each frame.
        numbers: int64 (frames,): the number of each frame that the file has.
        points: for each frame, for each keypoint: float (detections, 2), x and y in pixels. Parts
            of no animal follow the others, in some files without a name.
        confidence: for each frame, for each keypoint: float (detections,).
        nframes: frames of the video, those without detections included.
    """

    names: tuple[str, ...]
    numbers: np.ndarray
    points: tuple[Detections, ...]
    confidence: tuple[Detections, ...]
    nframes: int

    def __len__(self) -> int:
        return len(self.numbers)


def read_pickle(path: Path | str) -> Any:
    """Read any pickle of DeepLabCut as plain dicts, lists, tuples, arrays, numbers and text.

    Arrays are read-only. Paths are pure, choices their values, a pandas index the dict it is made
    of. Reading takes about a second for 3,000 frames with 17 detections each.

    Raises:
        FormatError: if it is no pickle, damaged, or asks for anything that is not known.
    """
    path = Path(path)
    return unpickled(bytes_of(path), str(path))


def unpickled(pickled: bytes, where: str) -> Any:
    """Read a pickle from memory.

    Raises:
        FormatError: if it is damaged, asks for anything that is not known, or nests too deep.
    """
    try:
        value = Machine(pickled, KNOWN).run()
        refuse_depths(value, 10 * len(pickled))
    except RefusedPickleError as error:
        raise FormatError(f"{where}: {error}; this pickle is not read, for safety") from error
    return value


def bytes_of(path: Path) -> bytes:
    """Read a file that begins as a pickle does.

    Raises:
        FormatError: if it does not, is too large, or cannot be read.
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise FormatError(f"{path}: is a pickle of {size / 1e6:.0f} MB; at most 268 are read")
        pickled = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if not pickled.startswith(b"\x80"):
        raise FormatError(f"{path}: is not a pickle of protocol 2 or later")
    return pickled


def refuse_depths(value: Any, most: int) -> None:
    """Refuse what is nested too deep to be looked at, or grows without end when it is.

    Raises:
        RefusedPickleError: for more levels than any genuine file has, a list within itself, lists
            that share others so that printing them would not end, or unfinished content.
    """
    layer, times, total = {id(value): value}, Counter({id(value): 1}), 0
    for _ in range(DEEPEST):
        below: dict[int, Any] = {}
        counts: Counter[int] = Counter()
        for place, held in layer.items():
            for child in contents(held):
                below[id(child)] = child
                counts[id(child)] += times[place]
        total += counts.total()
        if not below:
            return
        if total > most:
            raise RefusedPickleError("shares its lists so often that it has no end")
        layer, times = below, counts
    raise RefusedPickleError(f"is nested more than {DEEPEST} levels deep")


def contents(held: Any) -> Iterable[Any]:
    """Give what a list, tuple or dict holds that may hold more."""
    if type(held) in LEAVES:
        return ()
    if type(held) not in (dict, list, tuple):
        raise RefusedPickleError(f"has an unfinished {type(held).__name__}")
    values = held.values() if type(held) is dict else held
    return [child for child in values if type(child) not in LEAVES]


def read_meta(path: Path | str) -> Meta:
    """Read `_meta.pickle`: how a video was analyzed.

    Raises:
        FormatError: if it is no such file, or cannot be read.
    """
    path = Path(path)
    whole = read_pickle(path)
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(data, dict) or "Scorer" not in data:
        raise FormatError(f"{path}: has no 'data' with a 'Scorer'; it is not a _meta.pickle")
    try:
        return meta_of(data)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise FormatError(f"{path}: is no _meta.pickle of DeepLabCut: {reason}") from error


def meta_of(data: Mapping[Any, Any]) -> Meta:
    """Give names to what the file has."""
    first, second = map(int, data["frame_dimensions"])
    parts = data.get("cropping_parameters") if data.get("cropping") else None
    x1, x2, y1, y2 = map(int, parts or (0, 0, 0, 0))
    configs = ("pytorch-config", "DLC-model-config file", "config file")
    config: dict[str, Any] = next(
        (data[key] for key in configs if isinstance(data.get(key), dict)), {}
    )
    return Meta(
        scorer=str(data["Scorer"]),
        start=float(data["start"]),
        stop=float(data["stop"]),
        fps=float(data["fps"]),
        frame_dimensions=(first, second),
        nframes=int(data["nframes"]),
        cropping=(x1, x2, y1, y2) if parts else None,
        individuals=names_of(data.get("individuals")),
        bodyparts=names_of(data.get("bodyparts")),
        unique_bodyparts=names_of(data.get("unique_bodyparts")),
        batch_size=data.get("batch_size"),
        iteration=data.get("iteration (active-learning)"),
        training_fraction=data.get("training set fraction"),
        config=config,
        is_width_first="pytorch-config" in data,
    )


def names_of(listed: Any) -> tuple[str, ...]:
    """Read names, of which there may be none."""
    return tuple(map(str, listed or ()))


def read_full(path: Path | str) -> FullDetections:
    """Read `_full.pickle`: all detections of every frame.

    Raises:
        FormatError: if it is no such file, or cannot be read.
    """
    path = Path(path)
    whole = read_pickle(path)
    about = whole.get("metadata") if isinstance(whole, dict) else None
    if not isinstance(about, dict) or "all_joints_names" not in about:
        raise FormatError(f"{path}: has no 'metadata' with names; it is not a _full.pickle")
    names = names_of(about["all_joints_names"])
    frames = sorted((number_of(key, path), key) for key in whole if key != "metadata")
    found = [detections(whole[key], len(names), f"{path}: {key}") for _, key in frames]
    numbers = np.array([number for number, _ in frames], dtype=np.int64)
    last = int(numbers.max()) + 1 if len(numbers) else 0
    return FullDetections(
        names=names,
        numbers=numbers,
        points=tuple(points for points, _ in found),
        confidence=tuple(confidence for _, confidence in found),
        nframes=about["nframes"] if type(about.get("nframes")) is int else last,
    )


def number_of(key: Any, path: Path) -> int:
    """Read the number of `frame012`, whose digits depend on the length of the video.

    Raises:
        FormatError: if it is no such name.
    """
    named = isinstance(key, str) and key.startswith("frame")
    digits = key.removeprefix("frame") if named else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise FormatError(f"{path}: {str(key)[:40]!r} is not the name of a frame")
    return int(digits)


def detections(frame: Any, count: int, where: str) -> tuple[Detections, Detections]:
    """Give the points and confidences of a frame, which may have none at all.

    Raises:
        FormatError: if they do not fit the names, or each other.
    """
    if isinstance(frame, list | tuple) and not frame:
        return (np.empty((0, 2)),) * count, (np.empty(0),) * count
    try:
        points = [shaped(part, (-1, 2)) for part in frame["coordinates"][0]]
        confidence = [shaped(part, (-1,)) for part in frame["confidence"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FormatError(f"{where}: has no coordinates and confidence as arrays") from error
    lengths = [(len(p), len(c)) for p, c in zip(points, confidence, strict=False)]
    # parts of no animal follow the others, which alone have names in some files
    if len(points) != len(confidence) or len(points) < count or any(p != c for p, c in lengths):
        raise FormatError(
            f"{where}: {len(points)} keypoints with {len(confidence)} confidences do not fit "
            f"{count} names"
        )
    return tuple(points), tuple(confidence)


def shaped(part: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Give numbers their shape; an empty list is an array without rows."""
    numbers = np.asarray(part if isinstance(part, np.ndarray) else list(part), dtype=float)
    return numbers.reshape(shape if numbers.size else (0, *shape[1:]))
