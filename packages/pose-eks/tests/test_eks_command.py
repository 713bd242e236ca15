"""The command, from files to a file."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pose_eks.__main__ import main
from pose_io_dlc.predictions import read_predictions, write_predictions
from pose_io_dlc.tables import PredictionTable


@pytest.fixture
def predictions(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(size=(60, 2, 2)), axis=0) + 100
    paths = [tmp_path / f"member{number}.csv" for number in range(3)]
    for path in paths:
        keypoints = truth + rng.normal(size=truth.shape)
        write_predictions(path, PredictionTable(("nose", "tail"), keypoints, np.full((60, 2), 0.9)))
    return paths


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_files_become_one_smoothed_file_and_a_table(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "smoothed.csv"
    assert run("singlecam", *predictions, "--output", output) == 0
    found = read_predictions(output)
    assert found.keypoints.shape == (60, 2, 2)
    assert "x_posterior_var" in found.extra
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 members, 60 frames, 2 keypoints"
    assert lines[1].split() == ["keypoint", "s", "b", "mean", "spread", "passes"]
    assert [line.split()[0] for line in lines[2:4]] == ["nose", "tail"]
    assert lines[4] == f"wrote {output}"
    assert lines[5].startswith("next: ")


def test_given_parameters_are_used(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--s", "0.5", "--b", "0.25", "--dynamics", "walk", "--center", "mean", "--plain"]
    assert run("singlecam", *predictions, "--output", tmp_path / "out.h5", *given) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[1:3] == ["0.5", "0.25"]
    assert not read_predictions(tmp_path / "out.h5").extra


def test_a_keypoint_that_is_missing_everywhere_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keypoints = np.random.default_rng(0).normal(size=(30, 2, 2))
    keypoints[:, 1] = np.nan
    table = PredictionTable(("nose", "tail"), keypoints, np.full((30, 2), 0.9))
    write_predictions(tmp_path / "one.csv", table)
    assert run("singlecam", tmp_path / "one.csv", "--output", tmp_path / "out.csv") == 0
    out = capsys.readouterr().out
    assert "1 member, 30 frames, 2 keypoints" in out
    assert "note: 1 of 2 keypoints are missing in every frame" in out


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["missing.csv"], "missing.csv: no such file"),
        (["--s", "-1"], "s: -1.0 is not a finite number above 0"),
        (["--b", "nan"], "b: nan is not a finite number of 0 or more"),
        (["--output", "nowhere/out.csv"], "folder 'nowhere' does not exist"),
        (["README.md"], "unknown suffix '.md'"),
    ],
)
def test_mistakes_are_one_line_and_exit_with_1(
    predictions: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    extra: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("no table\n")
    options = [part for part in extra if extra[0].startswith("--")]
    files = [part for part in extra if not extra[0].startswith("--")]
    assert run("singlecam", *predictions, *files, "--output", "out.csv", *options) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("pose-eks: ")
    assert error.count("\n") == 1
    assert not Path("out.csv").exists()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pose_eks.__main__ import parser; parser().format_help();"
        "print([m for m in ('numpy', 'numba', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pose_eks", "singlecam", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pose-eks singlecam predictions/*.csv --output smoothed.csv" in done.stdout
