"""The command, from files to a file."""

import json
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
    assert lines[0].split() == ["mode", "file", "frames", "keypoints", "missing"]
    assert lines[1].split() == ["singlecam", "member0.csv", "60", "2", "0.0", "%"]
    assert lines[4].split()[:3] == ["keypoint", "s", "(px²/frame³)"]
    assert [line.split()[0] for line in lines[5:7]] == ["nose", "tail"]
    assert lines[7] == f"wrote {output}"
    assert lines[8] == f"wrote {tmp_path / 'smoothed.json'}"
    assert lines[9].startswith("next: ")


def test_the_summary_holds_what_was_found_and_asked(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("singlecam", *predictions, "--output", tmp_path / "out.csv", "--b", "0.5") == 0
    summary = json.loads((tmp_path / "out.json").read_text())
    assert summary["options"]["b"] == 0.5
    assert summary["files"] == {"singlecam": list(map(str, predictions))}
    assert list(summary["keypoints"]) == ["nose", "tail"]
    assert summary["keypoints"]["nose"]["b"] == pytest.approx(0.5)
    assert summary["keypoints"]["nose"]["converged"]
    assert summary["seconds"] > 0


def test_an_output_that_is_there_is_replaced_only_by_force(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("mine")
    assert run("singlecam", *predictions, "--output", output) == 1
    assert output.read_text() == "mine"
    assert run("singlecam", *predictions, "--output", output, "--overwrite") == 0
    assert len(read_predictions(output)) == 60


def test_a_long_recording_is_smoothed_in_chunks_to_the_same(
    predictions: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short, long = tmp_path / "short.csv", tmp_path / "long.csv"
    assert run("singlecam", *predictions, "--output", short) == 0
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    monkeypatch.setattr("pose_eks.files.long.ROWS", 13)
    assert run("singlecam", *predictions, "--output", long, "--chunk", 25) == 0
    assert "in chunks" in capsys.readouterr().out
    one, other = read_predictions(short), read_predictions(long)
    np.testing.assert_allclose(other.keypoints, one.keypoints, atol=2e-6)
    np.testing.assert_array_equal(other.numbered, one.numbered)
    for name, column in one.extra.items():
        np.testing.assert_allclose(other.extra[name], column, atol=2e-6, err_msg=name)
    read = [
        json.loads(path.with_suffix(".json").read_text())["keypoints"] for path in (short, long)
    ]
    assert read[0]["nose"]["flagged"] == read[1]["nose"]["flagged"]
    assert not list(tmp_path.glob(".pose-eks-*"))


def test_a_long_recording_of_unequal_files_names_the_short_one(
    predictions: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = predictions[1].read_text().splitlines(keepends=True)
    predictions[1].write_text("".join(lines[:-20]))
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    monkeypatch.setattr("pose_eks.files.long.ROWS", 20)
    output = tmp_path / "o.csv"
    assert run("singlecam", *predictions, "--output", output, "--chunk", 30) == 1
    assert "member1.csv: has 40 frames, " in capsys.readouterr().err
    assert not output.exists()
    assert not list(tmp_path.glob(".pose-eks-*"))


def test_every_keypoint_is_drawn(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    plots = tmp_path / "plots"
    assert run("singlecam", *predictions, "--output", tmp_path / "o.csv", "--plot", plots) == 0
    drawn = sorted(path.name for path in plots.iterdir())
    assert drawn == ["nose.png", "tail.png"]
    assert all((plots / name).read_bytes().startswith(b"\x89PNG") for name in drawn)


@pytest.mark.parametrize("words", [["singlecm"], ["singlecam", "a.csv", "--outptu", "x.csv"], []])
def test_a_mistyped_command_is_one_line_and_exits_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--help" in error


def test_given_parameters_are_used(
    predictions: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--s", "0.5", "--b", "0.25", "--dynamics", "walk", "--center", "mean", "--plain"]
    assert run("singlecam", *predictions, "--output", tmp_path / "out.h5", *given) == 0
    assert capsys.readouterr().out.splitlines()[5].split()[1:3] == ["0.5", "0.25"]
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
    assert "note: 1 of 2 keypoints are missing everywhere" in out


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
