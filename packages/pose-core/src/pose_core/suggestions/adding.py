"""Write images, and the files that name them, into a project: all of them or none."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

from pose_core.errors import FormatError, PoseError, VideoError
from pose_core.files import current_umask, unwritable
from pose_core.hookspecs import VideoReader

STAGE = ".pose-suggest"
"""Folder of a project in which files wait until all are written; there is one at a time."""


class Addition:
    """Files that come into a folder together, in a `with` block, or not at all.

    Everything is written beside the project's files first. At the end new files are linked to their
    names, which fails where one is there, then files are replaced; a failure, or Ctrl-C, takes back
    what was done. A computer that stops in that moment leaves at most images nothing names.

        with Addition(root) as addition:
            addition.new("labeled-data/v/img012.png", write)  # write(path) writes it
            addition.replace("suggestions.csv", write)
    """

    def __init__(self, root: Path) -> None:
        """Prepare; nothing is written yet."""
        self.root = root
        self._stage = root / STAGE
        self._new: dict[Path, Path] = {}
        self._replaced: dict[Path, Path] = {}
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> "Addition":
        """Begin.

        Raises:
            PoseError: if another one is at it, or the folder cannot be written.
        """
        try:
            self._stage.mkdir()
        except FileExistsError:
            raise PoseError(
                f"{self._stage}: is there already; frames are being added, or that was cut off: "
                "remove it if no other pose suggest runs"
            ) from None
        except OSError as error:
            raise unwritable(self._stage, error) from error
        return self

    def new(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file that is not to be there yet, by its path below the root."""
        self._new[self.root / name] = self._staged(name, write)

    def replace(self, name: str, write: Callable[[Path], None]) -> None:
        """Write a file that takes the place of one, if there is one."""
        self._replaced[self.root / name] = self._staged(name, write)

    def _staged(self, name: str, write: Callable[[Path], None]) -> Path:
        """Write a file where it waits; its name keeps the suffix, by which writers go."""
        path = self._stage / f"{len(self._new) + len(self._replaced)}{Path(name).suffix}"
        with refused(self.root / name):
            write(path)
            path.chmod(0o666 & ~current_umask())
        return path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put all files in their places, unless something went wrong.

        Raises:
            FormatError: if a file that was to be new is there by now.
            PoseError: if the system cannot write.
        """
        try:
            if kind is None:
                self._commit()
        finally:
            shutil.rmtree(self._stage, ignore_errors=True)

    def _commit(self) -> None:
        """Put all files in their places, or take back what was done."""
        try:
            for path, staged in self._new.items():
                with refused(path):
                    self._make_folder(path.parent)
                    put_new(staged, path)
                    self._undo.append(path.unlink)
            for path, staged in self._replaced.items():
                with refused(path):
                    self._put(staged, path)
        except BaseException:
            for undo in reversed(self._undo):
                with suppress(OSError):
                    undo()
            raise

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir()
            self._undo.append(folder.rmdir)

    def _put(self, staged: Path, path: Path) -> None:
        """Put a file in the place of another, which can come back."""
        self._make_folder(path.parent)
        if path.exists():
            former = staged.with_name(f"{staged.name}.former")
            shutil.copy2(path, former)
            self._undo.append(lambda: os.replace(former, path))
        else:
            self._undo.append(path.unlink)
        os.replace(staged, path)


def put_new(staged: Path, path: Path) -> None:
    """Give a file its name, unless something has it.

    Raises:
        FileExistsError: if something has.
    """
    try:
        os.link(staged, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("xb") as file, staged.open("rb") as source:
            shutil.copyfileobj(source, file)


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Say in one line why a file could not be written.

    Raises:
        FormatError: if it is there already.
        PoseError: if the system cannot write.
    """
    try:
        yield
    except FileExistsError as error:
        raise FormatError(
            f"{path}: is there already and stays as it is; run pose suggest again"
        ) from error
    except OSError as error:
        raise unwritable(path, error) from error


def write_images(
    addition: Addition, video: Path, images: Mapping[int, str], reader: VideoReader
) -> None:
    """Read frames of a video and write them as PNG, pixel by pixel as they were decoded.

    Args:
        addition: what they come in with.
        video: the file.
        images: number of a frame to its path below the root.
        reader: of videos.

    Raises:
        VideoError: if a frame cannot be decoded.
    """
    numbers = sorted(images)
    for clip in reader.read(video, ([number] for number in numbers), None, "cpu"):
        number = int(clip.numbers[0])
        if not clip.decoded[0]:
            raise VideoError(f"{video}: frame {number} cannot be decoded; mend the video")
        addition.new(images[number], png(clip.images[0]))


def png(image: np.ndarray) -> Callable[[Path], None]:
    """Give what writes a uint8 (height, width, 3) picture."""
    return lambda path: Image.fromarray(image).save(path, "PNG")
