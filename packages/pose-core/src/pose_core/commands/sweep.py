"""The members of a sweep: each with a log, those that fail leave the others, all are compared.

Members may be trained in other processes, or on other machines; what became of them is read from
their folders.
"""

import io
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from pose_core.errors import PoseError
from pose_core.run_folder import LOG, STATUS, runs_below

STOPPED = 130  # the exit status of what Ctrl-C ended
FAILED = "failed: "
BEGUN = "multirun.yaml"
"""What Hydra writes into the folder of a sweep before its members begin."""


def train_logged(folder: Path, train: Callable[[], int], aloud: bool) -> None:
    """Train a member; what it says goes to its log, as its last line why it failed if it did.

    Args:
        folder: of the member.
        train: gives the exit status.
        aloud: whether what it says is shown too; of several at once it would mingle.

    Raises:
        KeyboardInterrupt: if it was stopped by hand, so that no other is begun.
    """
    status = 0
    with (folder / LOG).open("a", encoding="utf-8", buffering=1) as log, ExitStack() as said:
        said.enter_context(redirect_stdout(Twice(log) if aloud else log))
        if not aloud:
            said.enter_context(redirect_stderr(log))
        try:
            status = train()
        except PoseError as error:
            log.write(f"{FAILED}{on_one_line(error)}\n")
        except Exception as error:  # whatever it is, the others do not share it
            log.write(traceback.format_exc())
            log.write(f"{FAILED}{type(error).__name__}: {on_one_line(error)}\n")
    if status == STOPPED:
        raise KeyboardInterrupt


def on_one_line(error: Exception) -> str:
    """Give what an error says without line breaks."""
    return " ".join(str(error).split())


def end(sweep: Path, stopped: bool, shown: Callable[[Path], str]) -> int:
    """Compare the members of a sweep, name those that failed; gives the exit status.

    Args:
        sweep: its folder.
        stopped: whether it was stopped by hand.
        shown: gives a path as people read it.
    """
    from pose_core.commands.comparison import compare

    if not (sweep / BEGUN).exists():
        return STOPPED if stopped else 0
    for line in compare(sweep):
        print(line)
    failed = [(member, why) for member, why in failures(sweep) if why or not stopped]
    for member, why in failed:
        reason = why or "ended without a word, maybe it was killed"
        where = f"{shown(member)}: {reason} (log: {shown(member / LOG)})"
        print(f"pose train: {where}", file=sys.stderr)
    if failed or stopped:
        print(f"next: the same command with output={shown(sweep)} goes on")
    elif len(runs_below(sweep)) > 1:
        print(f"next: pose predict {shown(sweep)} VIDEO --smooth   or   pose select {shown(sweep)}")
    else:
        print(f"next: pose predict {shown(sweep)} VIDEO")
    return STOPPED if stopped else int(bool(failed))


def failures(sweep: Path) -> Iterator[tuple[Path, str]]:
    """Give the folders of members that began in the last run and failed, and why if they said."""
    began = (sweep / BEGUN).stat().st_mtime  # by the clock of the disk, as the logs' times are
    for path in sorted(sweep.rglob(LOG)):
        last = (path.read_text(encoding="utf-8").rstrip().splitlines() or [""])[-1]
        is_new = path.stat().st_mtime >= began
        if is_new and last.startswith(FAILED):
            yield path.parent, last.removeprefix(FAILED)
        elif is_new and not (path.parent / STATUS).exists():
            yield path.parent, ""


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
