"""Rows predicted so far, kept on disk: memory stays constant, and a killed run goes on.

Beside a table of a video lies a small hidden file that tells what the table was made from, so
that a table of another video of the same name, or of another model, is not taken for finished.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from pose_core.errors import PoseError
from pose_core.files import unwritable, write_text

EDGE = 1 << 20  # bytes at both ends of a video that tell it from another of the same length
STATE, ROWS = "state.json", "rows.f32"
INCOMPLETE = ".incomplete"
"""Ends the names of tables of videos that are damaged."""


@dataclass(frozen=True)
class Origin:
    """What predictions are made from; equal by content, wherever the files lie.

    Attributes:
        video: path, to tell a person.
        model: path, to tell a person.
        video_digest: of the video's bytes.
        model_digest: of the weights and of what the config says about network and images.
    """

    video: str
    model: str
    video_digest: str
    model_digest: str

    @classmethod
    def of(cls, video: Path, weights: Path, config: Mapping[str, Any]) -> "Origin":
        """Read what tells a video and a model from others.

        Args:
            video: file.
            weights: file of the model.
            config: of the model.

        Raises:
            PoseError: if a file cannot be read.
        """
        seen = json.dumps({name: config.get(name) for name in ("model", "data")}, default=str)
        model = hashlib.blake2b(seen.encode() + digest(weights).encode(), digest_size=16)
        where = str(video.resolve()), str(weights.parent.resolve())
        return cls(*where, digest(video, EDGE), model.hexdigest())

    def same_as(self, other: "Origin") -> bool:
        """Say whether the contents are the same."""
        return self.differs_from(other) is None

    def differs_from(self, other: "Origin") -> str | None:
        """Say which video or model the other one was made from, if not the same."""
        if other.video_digest != self.video_digest:
            if other.video == self.video:
                return f"{other.video} before that changed"
            return f"another video, {other.video}"
        if other.model_digest != self.model_digest:
            return f"another model, {other.model} as it was then"
        return None


def digest(path: Path, edge: int | None = None) -> str:
    """Give a digest of a file: of all of it, or of its size and both ends.

    Raises:
        PoseError: if it cannot be read.
    """
    try:
        there = path.stat()
        return read_digest(path, edge, (there.st_ino, there.st_size, there.st_mtime_ns))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PoseError(f"{path}: cannot be read, {reason}; check the file") from error


@lru_cache(maxsize=64)
def read_digest(path: Path, edge: int | None, _: tuple[int, ...]) -> str:
    """Read a file for its digest, once for as long as what tells its state stays the same."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = hashlib.blake2b(str(size).encode(), digest_size=16)
        if edge is not None and size > 2 * edge:
            found.update(file.read(edge))
            file.seek(-edge, os.SEEK_END)
        while block := file.read(EDGE):
            found.update(block)
    return found.hexdigest()


def record_of(table: Path) -> Path:
    """Name the file that tells what a table was made from."""
    return table.with_name(f".{table.name}.made-from.json")


def incomplete(table: Path) -> Path:
    """Name the table of a video that is not whole."""
    return table.with_name(f"{table.stem}{INCOMPLETE}{table.suffix}")


def read_origin(path: Path) -> Origin | None:
    """Read what predictions were made from; None where that is not known."""
    try:
        return Origin(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class PartialRows:
    """The rows of one video so far, in a folder `.<table>.partial` beside the table.

    A row is float32: x, y and confidence of each keypoint, then 1 where the frame was decoded and
    0 where not. One run at a time holds the folder.

    Attributes:
        done: rows on disk.
    """

    def __init__(self, table: Path, keypoints: int, origin: Origin) -> None:
        """Open the folder, and go on with its rows if they are of the same origin.

        Raises:
            PoseError: if it cannot be written, or another run is at it.
        """
        self.folder = table.with_name(f".{table.name}.partial")
        self.keypoints = keypoints
        self._columns = 3 * keypoints + 1
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = locked(self.folder)
            self._open(origin)
        except OSError as error:
            raise unwritable(table, error) from error

    def _open(self, origin: Origin) -> None:
        marker, self._path = self.folder / STATE, self.folder / ROWS
        before = read_origin(marker)
        if before is None or not origin.same_as(
            before
        ):  # rows of another model, or of another video
            self._path.unlink(missing_ok=True)
            write_text(marker, json.dumps(asdict(origin)))
        self._file = self._path.open("ab")
        self.done = self._path.stat().st_size // (4 * self._columns)
        self._file.truncate(4 * self.done * self._columns)  # a row cut short by the kill

    def __enter__(self) -> "PartialRows":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, points: np.ndarray, decoded: np.ndarray) -> None:
        """Add rows: points (frames, keypoints, 3), and whether their frames decoded (frames,).

        Raises:
            PoseError: if the disk is full.
        """
        flat = points.reshape(len(points), -1)
        rows = np.concatenate([flat, decoded[:, None]], axis=1).astype(np.float32)
        try:
            self._file.write(rows.tobytes())
            self._file.flush()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        self.done += len(points)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Give all rows: points (frames, keypoints, 3), mapped from disk, and decoded (frames,)."""
        shape = (self.done, self._columns)
        rows = np.memmap(self._path, np.float32, "r", shape=shape) if self.done else np.zeros(shape)
        points = rows[:, :-1].reshape(self.done, self.keypoints, 3)
        return points, np.array(rows[:, -1] > 0)

    def close(self) -> None:
        """Let go of the folder; the rows stay."""
        with suppress(OSError):  # of a full disk, which was said already
            self._file.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Forget the rows, once the table is written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def locked(folder: Path) -> int | None:
    """Lock a folder against other runs until the number given is closed.

    None where the system cannot lock folders; the kernel lets go when a process is killed.

    Raises:
        PoseError: if another run holds it.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        return None
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(number)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise PoseError(
                f"{folder}: another run is at it; wait for it, or choose another --output"
            ) from error
        return None  # some network disks know no locks
    return number
