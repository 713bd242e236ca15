"""Members of a sweep in processes of their own: what they say, how they fail and are ended."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pose_core import cli
from pose_core.commands import apart
from pose_core.commands.sweep import LOG, STOPPED
from pose_core.errors import ConfigError
from pose_core.plugins import Plugins

FOLLOW = "import sys\nfrom pose_core.commands.apart import follow\nfollow(sys.argv[1:])"
"""Follows a command in a process that can be ended."""


def python(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(lines)]


def test_what_a_process_says_is_said_and_its_own_line_is_the_reason(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = python(
        "import sys",
        "print('ü', flush=True)",
        r"sys.stderr.write('50%\rpose train: seed: is odd\n100%\r')",
        "sys.exit(3)",
    )
    assert apart.follow(said) == (3, "seed: is odd")
    assert capfd.readouterr() == ("ü\n", "50%\rpose train: seed: is odd\n100%\r")


def test_without_a_line_of_ours_the_reason_is_the_last_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    status, reason = apart.follow(python("raise RuntimeError('the card melted')"))
    assert (status, reason) == (1, "RuntimeError: the card melted")
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_what_a_member_started_ends_with_it() -> None:
    """A process that holds the output open would otherwise be waited for."""
    child = "import time; time.sleep(600)"
    assert apart.follow(
        python("import subprocess, sys", f"subprocess.Popen([sys.executable, '-c', {child!r}])")
    ) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_ended_ends_its_member(number: signal.Signals, tmp_path: Path) -> None:
    begun, told = tmp_path / "begun", tmp_path / "told"
    member = python(
        "import signal, sys, time",
        "from pathlib import Path",
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "try:",
        f"    Path({str(begun)!r}).touch()",
        "    time.sleep(600)",
        "except KeyboardInterrupt:",
        f"    Path({str(told)!r}).touch()",
    )
    ignoring = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    sweep = subprocess.Popen([sys.executable, "-c", ignoring + FOLLOW, *member])
    while not begun.exists():
        time.sleep(0.01)
    sweep.send_signal(number)
    assert sweep.wait(60) == (0 if number == signal.SIGINT else 128 + number)
    assert told.exists() == (number == signal.SIGINT), "stopped by hand it keeps what it has"


@pytest.fixture
def commands(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that members would run; those of seed 3 fail, and seed 4 is stopped by hand."""
    given: list[list[str]] = []

    def follow(command: list[str]) -> tuple[int, str]:
        given.append(command)
        status = 1 if "seed=3" in command else STOPPED if "seed=4" in command else 0
        return status, "seed: 3 is unlucky"

    monkeypatch.setattr(apart, "follow", follow)
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)
    return given


def test_members_on_several_devices_run_apart_with_their_own_options(
    tiny_project: Path,
    tmp_path: Path,
    commands: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "it's a sweep"
    sweep = ["train", str(tiny_project), "-m", "seed=2,3,4,5", "trainer.devices=2"]
    assert cli.main([*sweep, f"""output="{folder}" """.strip()]) == STOPPED
    first, *others = commands
    assert first[: len(apart.COMMAND)] == list(apart.COMMAND)
    output = str(folder / "seed=2").replace("'", "\\'")
    own = [
        "seed=2",
        "++trainer.devices=2",
        "data.split_seed=0",
        f"output='{output}'",
        "resume=true",
    ]
    assert first[len(apart.COMMAND) :] == ["train", str(tiny_project), *own]
    assert len(others) == 2, "none is begun after one that was stopped by hand"
    assert "seed=3: seed: 3 is unlucky (log: " in capsys.readouterr().err
    assert (folder / "seed=3" / LOG).read_text() == "failed: seed: 3 is unlucky\n"


@pytest.mark.parametrize(
    ("trainer", "several"),
    [({}, False), ({"devices": 1}, False), ({"devices": 2}, True), ({"devices": "auto"}, True),
     ({"num_nodes": 2}, True), ({"devices": -1}, True)],
)  # fmt: skip
def test_several_processes_are_told_by_the_options(trainer: dict[str, Any], several: bool) -> None:
    assert apart.asks_for_several(trainer) == several


def test_a_sweep_in_each_of_several_processes_is_refused(
    tiny_project: Path,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert cli.main(["train", str(tiny_project), "-m", "seed=1,2"]) == 1
    assert "(LOCAL_RANK=1); start the sweep once" in capsys.readouterr().err
    assert commands == []
    with pytest.raises(ConfigError, match="one of several processes"):
        apart.refuse_inside({"LOCAL_RANK": "0"})
