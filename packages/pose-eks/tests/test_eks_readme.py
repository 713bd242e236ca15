"""The README's commands are commands, and its Python runs."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from pose_eks.__main__ import MODES, parser

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
LINES = sorted(set(re.findall(r"pose-eks (\w[\w-]* [^`\n|]*--output [^`\n|]+)", README)))


@pytest.mark.parametrize("line", LINES)
def test_the_parser_takes_every_command_of_the_readme(line: str) -> None:
    given = parser().parse_args(shlex.split(line))
    assert given.output
    assert given.predictions


def test_the_readme_shows_every_mode() -> None:
    assert {line.split()[0] for line in LINES} == {mode.NAME for mode in MODES}


def test_every_option_that_the_readme_names_is_one() -> None:
    named = set(re.findall(r"`(?:pose-eks )?(--[a-z-]+)", README))
    modes = parser()._subparsers._group_actions[0].choices.values()
    known = {option for mode in modes for option in mode._option_string_actions}
    assert named
    assert named <= known


def test_the_python_of_the_readme_runs() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    rng = np.random.default_rng(0)
    left, right, keypoints = (
        100 + np.cumsum(rng.normal(size=(40, 2, 2)), axis=0) + rng.normal(size=(3, 40, 2, 2))
        for _ in range(3)
    )
    names = {"keypoints": keypoints, "confidence": np.full((3, 40, 2), 0.9)}
    found = names | {"left": left, "right": right}
    exec(compile(code[1], "README.md", "exec"), found)
    assert np.isfinite(found["track"]).all()
    assert np.isfinite(found["left_track"]).all()
