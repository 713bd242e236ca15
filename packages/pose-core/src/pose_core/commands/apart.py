"""Members of a sweep that train on several devices, each in a process of its own.

Such a run starts further processes, and its own stays one of them: no second run could follow it
there, and what ends one member by force would end the sweep.
"""

import os
import signal
import subprocess
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, TextIO

from pose_core.errors import ConfigError, TrainingError

COMMAND = (sys.executable, "-m", "pose_core.cli")
LEFT_OUT = ("project=", "output=", "resume=")
"""Overrides of a whole sweep, which a member is given otherwise."""
OURS = "pose train: "
KEPT = 20_000
"""Characters of what a process said last that its reason is looked for in."""


def asks_for_several(trainer: Mapping[str, Any]) -> bool:
    """Say whether options of Lightning's Trainer may start several processes."""
    return any(trainer.get(name, 1) not in (1, "1") for name in ("devices", "num_nodes"))


def refuse_inside(variables: Mapping[str, str] = os.environ) -> None:
    """Refuse a sweep as one of several processes, each of which would train all members.

    Raises:
        ConfigError: saying how to start it.
    """
    if "LOCAL_RANK" in variables:
        raise ConfigError(
            f"--multirun: this is one of several processes (LOCAL_RANK={variables['LOCAL_RANK']}); "
            "start the sweep once, its members start the processes of trainer.devices themselves"
        )


def train_apart(project: str, overrides: Sequence[str], folder: Path) -> int:
    """Train one member, saying here what it says; gives its exit status.

    Args:
        project: to train on.
        overrides: of the defaults, of the sweep and of the member.
        folder: of the member's run.

    Raises:
        TrainingError: with the reason that it gave, if it failed.
    """
    from pose_core.commands.sweep import STOPPED

    own = [text for text in overrides if not text.startswith(LEFT_OUT)]
    output = str(folder.resolve()).replace("'", "\\'")
    given = ["train", project, *own, f"output='{output}'", "resume=true"]
    status, reason = follow([*COMMAND, *given])
    if status not in (0, STOPPED):
        raise TrainingError(reason or f"its process ended with status {status}")
    return status


def follow(command: Sequence[str]) -> tuple[int, str]:
    """Run a command, saying here what it says; gives its status, and its reason if it failed.

    A session of its own lets what it started end with it, and it alone hears of Ctrl-C.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, bufsize=0, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    threads = [
        Thread(target=forward, args=given, daemon=True)
        for given in ((process.stdout, sys.stdout, []), (process.stderr, sys.stderr, said))
    ]
    for thread in threads:
        thread.start()
    with ended_with(process.pid):
        try:
            status = process.wait()
        except KeyboardInterrupt:  # it keeps what it has, says so, and ends
            process.send_signal(signal.SIGINT)
            status = process.wait()
    for thread in threads:
        thread.join()
    return status, reason_in("".join(said))


def forward(source: IO[bytes], screen: TextIO, said: list[str]) -> None:
    """Write to a screen what comes from a process, as it comes, and keep the end of it."""
    decoder = getincrementaldecoder("utf-8")("replace")
    with source:
        while chunk := os.read(source.fileno(), 4096):
            text = decoder.decode(chunk)
            screen.write(text)
            screen.flush()
            said[:] = ["".join([*said, text])[-KEPT:]]


@contextmanager
def ended_with(number: int) -> Iterator[None]:
    """End by force what is left of a session of processes, also where this one is ended."""
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        with suppress(AttributeError, ProcessLookupError, PermissionError):  # Windows; none left
            os.killpg(number, signal.SIGKILL)


def leave(number: int, _: Any) -> None:
    """End this process in good order."""
    raise SystemExit(128 + number)


def reason_in(said: str) -> str:
    """Find why a run failed: our own line, or the last one."""
    lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
    ours = [line.removeprefix(OURS) for line in lines if line.startswith(OURS)]
    return (ours or lines or [""])[-1]
