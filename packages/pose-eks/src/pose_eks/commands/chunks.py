"""What commands do with recordings that are smoothed some frames at a time."""

import argparse
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from pose_eks.commands.arguments import CHUNK
from pose_eks.errors import EksError
from pose_eks.files.long import LongMembers, is_long
from pose_eks.files.members import all_missing
from pose_eks.files.outputs import existing
from pose_eks.models.shelf import Chunks, Shelf
from pose_eks.options import ObservationOptions, SingleCameraOptions

ROOM = 300
"""Bytes on the disk per frame and keypoint of a camera, the most at a time."""


def in_chunks(given: argparse.Namespace, options: ObservationOptions, *paths: Path) -> bool:
    """Say whether a recording is to be smoothed some frames at a time.

    Args:
        given: the command line.
        options: of the model.
        paths: a file of each camera.

    Raises:
        EksError: if it is asked for and cannot be, or the first file cannot be read.
    """
    if given.chunk is not None and given.chunk < 1:
        raise EksError(f"--chunk: {given.chunk} is less than 1 frame; the default is {CHUNK}")
    whole = needing_all(given, options)
    if given.chunk is None and whole:
        return False
    long = any(is_long(path, given.chunk or CHUNK) for path in paths)
    if long and whole:
        raise EksError(f"{whole[0]}: needs all frames at once; leave it out, or leave --chunk out")
    return long


def needing_all(given: argparse.Namespace, options: ObservationOptions) -> list[str]:
    """Give the options that were given and need all frames at once."""
    votes = isinstance(options, SingleCameraOptions) and options.likelihood == "student"
    asked = {
        "--plot": given.plot is not None,
        "--compat": options.compat is not None,
        "--inflate": getattr(options, "inflate", False),
        "--limbs": bool(getattr(options, "limbs", ())),
        "--likelihood student": votes,  # of single networks
    }
    return [name for name, there in asked.items() if there]


@contextmanager
def room_beside(output: Path, members: Collection[LongMembers]) -> Iterator[Path]:
    """Give a folder for arrays beside an output, which is removed at the end.

    Raises:
        EksError: if the disk has no room for them.
    """
    beside = existing(output.absolute().parent)
    rows = [one.frames * len(one.labels) for one in members]
    needed = ROOM * sum(rows)
    if (free := shutil.disk_usage(beside).free) < needed:
        raise EksError(
            f"{beside}: {free / 1e9:.1f} GB are free, smoothing in chunks needs {needed / 1e9:.1f} "
            "GB; make room, or raise --chunk above the number of frames"
        )
    with TemporaryDirectory(prefix=".pose-eks-", dir=beside) as folder:
        yield Path(folder)


def chunks_of(members: LongMembers) -> Chunks:
    """Give what reads predictions, and says how far it is."""
    total = len(members.paths) * members.frames
    return lambda: members.chunks(counter(f"read {members.paths[0].name}", total))


def shelved(members: LongMembers, folder: Path, options: ObservationOptions) -> Shelf:
    """Gather what the members of one camera say, on a shelf in a folder."""
    return Shelf.fill(chunks_of(members), Path(mkdtemp(dir=folder)), options)


@contextmanager
def shelf_beside(
    given: argparse.Namespace, members: LongMembers, options: ObservationOptions
) -> Iterator[tuple[Shelf, Path]]:
    """Gather what the members of the only camera say, beside an output; give the folder too.

    Raises:
        EksError: if the disk has no room, the files cannot be read, or all is missing.
    """
    with room_beside(given.output, [members]) as folder:
        shelf = shelved(members, folder, options)
        if shelf.never.all():
            raise all_missing(members.paths)
        yield shelf, folder


def counter(what: str, total: int) -> Callable[[int], None]:
    """Give what is called with how much more is done; says so, where somebody looks on."""
    done = 0

    def step(more: int) -> None:
        nonlocal done
        done += more
        if sys.stderr.isatty():
            end = "\n" if done >= total else ""
            print(f"\r{what}: {100 * done // total} %", end=end, file=sys.stderr, flush=True)

    return step
