"""Machine code on disk, from one run to the next.

A file holds what `pose_eks.core.native` makes of one kernel for one kind of arguments, behind a
checksum. It lies in a folder named for all that it depends on but the processor: this package's
kernels, Python, numpy, numba and llvmlite. The folder is beside the modules, or where the install
cannot be written in the user's cache folder, or in NUMBA_CACHE_DIR, as numba does it.

Code is taken from no folder that others could have written: it must belong to this user, to root,
or to the owner of this module, and nobody else may write in it.

When something new is kept, folders of other versions that nobody has used for a month go.
"""

import hashlib
import os
import re
import stat
import sys
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
WRITTEN_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
KNOWN = ((0, 60), (0, 69))
"""The numba releases, from the first to before the second, whose machine code `exported` knows;
any other runs its kernels itself."""
NAME = re.compile(r"kernels-[\w.-]+-[0-9a-f]{16}")
"""Of a folder."""
DAY = 86_400.0
UNUSED = 30 * DAY
"""Seconds after which a folder that nobody has used is of no use."""


def begun() -> bool:
    """Say whether something is kept already."""
    return any(trusted(folder) for folder in folders())


def found(name: str) -> bytes | None:
    """Give what is kept under a name; None where there is nothing, or it is damaged."""
    for folder in filter(trusted, folders()):
        with suppress(OSError):
            content = unsealed(folder / name)
            if content is not None:
                note_use(folder)
                return content
    return None


def unsealed(path: Path) -> bytes | None:
    """Give what is in a file; None where its checksum is wrong."""
    sealed = path.read_bytes()
    seal, content = sealed[:32], sealed[32:]
    return content if hashlib.sha256(content).digest() == seal else None


def keep(name: str, content: bytes) -> None:
    """Keep something in the first folder that takes it, or nowhere."""
    for folder in folders():
        with suppress(OSError):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            if trusted(folder):
                write(folder / name, hashlib.sha256(content).digest() + content)
                prune_beside(folder)
                return


def note_use(folder: Path) -> None:
    """Leave a mark that a folder is in use: when it was changed, to a day."""
    with suppress(OSError):  # it is another's
        if time.time() - folder.stat().st_mtime > DAY:
            os.utime(folder)


def prune_beside(folder: Path) -> None:
    """Remove the folders beside one that are of other versions, and of no use any more."""
    for other in folder.parent.glob("kernels-*"):
        with suppress(OSError):
            if other != folder and is_abandoned(other):
                for path in other.iterdir():
                    path.unlink()
                other.rmdir()


def is_abandoned(folder: Path) -> bool:
    """Say whether a folder is this user's, nobody has used it for long, and all in it is ours."""
    own = folder.lstat()
    if not (NAME.fullmatch(folder.name) and stat.S_ISDIR(own.st_mode)):
        return False
    if own.st_uid != os.geteuid() or own.st_mode & WRITTEN_BY_OTHERS:
        return False
    return time.time() - own.st_mtime > UNUSED and all(map(is_ours, folder.iterdir()))


def is_ours(path: Path) -> bool:
    """Say whether a file was kept here, or is what `write` left when it was interrupted."""
    plain = stat.S_ISREG(path.lstat().st_mode)
    return plain and (path.name.startswith(".") or unsealed(path) is not None)


def write(path: Path, content: bytes) -> None:
    """Write a file at once."""
    from tempfile import mkstemp

    handle, temporary = mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def trusted(folder: Path) -> bool:
    """Say whether a folder is there, and nobody else could have put something into it."""
    try:
        own = folder.stat()
        owners = {os.geteuid(), 0, HERE.stat().st_uid}
    except (OSError, AttributeError):
        return False
    return own.st_uid in owners and not own.st_mode & WRITTEN_BY_OTHERS


def folders() -> list[Path]:
    """Give the folders that may hold what this process can use, the preferred one first."""
    name = folder_name()
    if name is None:
        return []
    asked = os.environ.get("NUMBA_CACHE_DIR")
    if asked:
        return [Path(asked) / name]
    user = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return [HERE / "__pycache__" / name, Path(user) / "pose-eks" / name]


@cache
def folder_name() -> str | None:
    """Name all that the code depends on; None where that is not known."""
    try:
        numba = version("numba")
        if not KNOWN[0] <= tuple(map(int, numba.split(".")[:2])) < KNOWN[1]:
            return None
        parts = [numba, version("llvmlite"), version("numpy")]
        sources = [digest(path.read_bytes()) for path in sorted(HERE.glob("*.py"))]
    except (OSError, ValueError, PackageNotFoundError):
        return None
    python = sys.implementation.cache_tag
    return f"kernels-{python}-{digest(repr([sys.version, *parts, *sources]).encode())}"


def digest(content: bytes) -> str:
    """Give a short name of a content."""
    return hashlib.sha256(content).hexdigest()[:16]
