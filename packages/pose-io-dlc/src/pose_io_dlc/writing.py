"""Write predictions of any length, some frames at a time, in constant memory."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import final

import numpy as np

from pose_io_dlc.errors import FormatError
from pose_io_dlc.rows import CHUNK
from pose_io_dlc.sheets.columns import Column, Columns
from pose_io_dlc.sheets.files import Rows, appending
from pose_io_dlc.tables import paired, refuse_misfit

COORDS = ("x", "y", "likelihood")


class AbandonedError(Exception):
    """The file is not to be finished, as something else went wrong."""


@final
class PredictionWriter:
    """A file of predictions that grows; it is at its path once it is closed without an error.

    ```python
    with PredictionWriter("mouse.csv", ["nose", "tail"]) as writer:
        for keypoints, confidence in batches:
            writer.write(keypoints, confidence)
    ```

    After an error inside `with`, nothing is left of it, and a former file stays as it was.
    """

    def __init__(
        self,
        path: Path | str,
        names: Sequence[str],
        *,
        individuals: Sequence[str] = (),
        extra: Sequence[str] = (),
        scorer: str = "pose",
        decimals: int | None = 6,
    ) -> None:
        """Say what the file is to hold; it is opened by `with`.

        Args:
            path: the file; its suffix chooses CSV, H5 or Parquet.
            names: keypoint names, in the order of the arrays.
            individuals: whose each keypoint is; empty for a file without that level.
            extra: further columns, which follow each keypoint's likelihood.
            scorer: who says so.
            decimals: digits after the point in a CSV, 1 to 8; None for the shortest exact numbers.
                H5 and Parquet are always exact.

        Raises:
            FormatError: if a keypoint is named twice, or there are not as many individuals.
        """
        self.path = Path(path)
        self.extra = tuple(extra)
        self.decimals = decimals
        self.points = paired(individuals, names)
        refuse_misfit(self.points, (0,), np.empty((0, len(names), 2)), [])
        named = [Column(*point, c) for point in self.points for c in (*COORDS, *self.extra)]
        self.columns = Columns(scorer, tuple(named), bool(individuals))
        self._stack = ExitStack()
        self._waiting: list[Rows] = []
        self._dtype: np.dtype | None = None
        self._is_video = True
        self._next = 0

    def __enter__(self) -> "PredictionWriter":
        """Open a temporary file beside the path.

        Raises:
            FormatError: if it cannot be written, or its suffix is unknown.
        """
        opened = appending(self.path, self.columns, self.decimals)
        self._append = self._stack.enter_context(opened)
        return self

    def write(
        self,
        keypoints: np.ndarray,
        confidence: np.ndarray,
        extra: Mapping[str, np.ndarray] | None = None,
        *,
        numbers: np.ndarray | None = None,
        frames: Sequence[str] | None = None,
    ) -> None:
        """Add some frames.

        Args:
            keypoints: (frames, keypoints, 2), NaN where there is none.
            confidence: (frames, keypoints).
            extra: (frames, keypoints) for each of the extra columns.
            numbers: number of each frame; by default they go on from the last.
            frames: paths of images, in place of numbers.

        Raises:
            FormatError: if the arrays do not fit the columns, or the file cannot be written.
        """
        extra = extra or {}
        if set(extra) != set(self.extra):
            raise FormatError(f"{self.path}: extra is {sorted(extra)}, not {sorted(self.extra)}")
        columns = [confidence, *(extra[name] for name in self.extra)]
        refuse_misfit(self.points, (len(keypoints),), keypoints, columns)
        index = self._index(len(keypoints), numbers, frames)
        flat = np.stack([keypoints[..., 0], keypoints[..., 1], *columns], axis=-1)
        self._waiting.append(
            (index, self._of_one_kind(flat.reshape(len(flat), len(self.columns.columns))))
        )
        if sum(len(values) for _, values in self._waiting) >= CHUNK:
            self._flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file, or remove it after an error.

        Raises:
            FormatError: if it cannot be written.
        """
        if error is None:
            try:
                self._flush()
            except BaseException:
                self._abandon()
                raise
            self._stack.close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        with suppress(AbandonedError):
            self._stack.__exit__(AbandonedError, AbandonedError(), None)

    def _flush(self) -> None:
        """Hand over what waits, as one chunk; a file of no frames gets one without rows."""
        if not self._waiting:
            return
        indices, values = zip(*self._waiting, strict=True)
        self._waiting = []
        if len(values) == 1:
            self._append(indices[0], values[0])
        elif isinstance(indices[0], np.ndarray):
            self._append(np.concatenate(indices), np.concatenate(values))
        else:
            self._append([name for index in indices for name in index], np.concatenate(values))

    def _index(
        self, length: int, numbers: np.ndarray | None, frames: Sequence[str] | None
    ) -> list[str] | np.ndarray:
        """Name the rows.

        Raises:
            FormatError: if there are not as many names, or some rows are images and some not.
        """
        given = frames if frames is not None else numbers
        if given is not None and len(given) != length:
            raise FormatError(f"{self.path}: {len(given)} frames for {length} rows")
        if self._dtype is not None and (frames is None) != self._is_video:
            raise FormatError(f"{self.path}: has images and frames of a video; write two files")
        self._is_video = frames is None
        if frames is not None:
            return list(frames)
        if numbers is None:
            numbers = np.arange(self._next, self._next + length)
        self._next = int(numbers[-1]) + 1 if length else self._next
        return np.asarray(numbers, dtype=np.int64)

    def _of_one_kind(self, values: np.ndarray) -> np.ndarray:
        """Make numbers of the kind of the first ones.

        Raises:
            FormatError: if that would lose digits.
        """
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64)
        self._dtype = self._dtype or values.dtype
        if not np.can_cast(values.dtype, self._dtype, "safe"):
            raise FormatError(
                f"{self.path}: {values.dtype} numbers after {self._dtype} ones; write all as one"
            )
        return values.astype(self._dtype, copy=False)
