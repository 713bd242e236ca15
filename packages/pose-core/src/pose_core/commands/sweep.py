"""The members of a sweep: each with a log, those that fail leave the others, all are compared."""

import io
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from pose_core.errors import PoseError

LOG = "log.txt"
STOPPED = 130  # the exit status of what Ctrl-C ended


@dataclass
class Sweep:
    """What becomes of the members of a sweep.

    Attributes:
        folder: of the sweep, once a member has begun.
        failed: folders and reasons.
        stopped: whether it was stopped by hand.
    """

    folder: Path | None = None
    failed: list[tuple[Path, str]] = field(default_factory=list)
    stopped: bool = False

    def train(self, sweep: Path, folder: Path, train: Callable[[], int]) -> None:
        """Train a member; what it says goes to its log too.

        Raises:
            KeyboardInterrupt: if it was stopped by hand, so that no other is begun.
        """
        self.folder = sweep
        path, status = folder / LOG, 0
        with path.open("a", encoding="utf-8", buffering=1) as log, redirect_stdout(Twice(log)):
            try:
                status = train()
            except PoseError as error:
                log.write(f"{error}\n")
                self.failed.append((folder, str(error)))
            except Exception as error:  # whatever it is, the others do not share it
                log.write(traceback.format_exc())
                self.failed.append((folder, f"{type(error).__name__}: {error}"))
        if status == STOPPED:
            raise KeyboardInterrupt

    def end(self, shown: Callable[[Path], str]) -> int:
        """Compare the members, name those that failed; gives the exit status.

        Args:
            shown: gives a path as people read it.
        """
        from pose_core.commands.comparison import compare

        for line in compare(self.folder) if self.folder else ():
            print(line)
        for folder, reason in self.failed:
            where = f"{shown(folder)}: {' '.join(reason.split())}"
            print(f"pose train: {where} (log: {shown(folder / LOG)})", file=sys.stderr)
        if self.folder and (self.failed or self.stopped):
            print(f"next: the same command with output={shown(self.folder)} goes on")
        return STOPPED if self.stopped else int(bool(self.failed))


class Twice(io.TextIOBase):
    """Writes to a file what is written to standard output, beside it.

    Args:
        file: open for writing.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.screen = sys.stdout

    def write(self, text: str) -> int:
        """Write to both."""
        self.file.write(text)
        return self.screen.write(text)

    def flush(self) -> None:
        """Flush both."""
        self.file.flush()
        self.screen.flush()

    def isatty(self) -> bool:
        """Say whether a person is watching."""
        return self.screen.isatty()
