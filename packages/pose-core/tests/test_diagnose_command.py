"""The commands that diagnose, choose and split: what they print and write."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from pose_core import cli
from pose_core.diagnostics.tables import read_measured
from pose_core.files import write_predictions
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.splits import read_split

Make = Callable[..., Path]
Pose = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pose(plugins: Plugins, capsys: pytest.CaptureFixture[str]) -> Pose:
    """Run the command; gives its status, what it printed, and its errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with patch.object(Plugins, "load", lambda self: plugins):
            status = cli.main([str(one) for one in arguments])
        return status, *capsys.readouterr()

    return call


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_is_diagnosed(
    make_run: Make, tiny_project: Path, plugins: Plugins, pose: Pose
) -> None:
    runs = [make_run(name, tiny_project, error) for name, error in (("a", 1.0), ("b", 5.0))]
    given = Predictions(
        np.zeros((4, 3, 2)), np.full((4, 3), 0.5), Skeleton(("nose", "left", "right"))
    )
    for run in runs:
        write_predictions(run / "predictions" / "clip.npz", given, plugins)
    sweep = runs[0].parent
    status, out, error = pose(
        "diagnose", sweep, "--threshold", "pixel_error=3", "--reference", "nose,left"
    )
    assert (status, error) == (0, "")
    assert out.splitlines()[-1] == f"next: pose report {sweep}"
    labels = [line.split() for line in out.splitlines() if line.startswith(("a ", "b "))]
    assert labels[0] == ["a", "1.00", "0.0%", "1.00", "0.0%", "1.00", "0.0%"]
    assert labels[1] == ["b", "5.00", "100.0%", "5.00", "100.0%", "5.00", "100.0%"]
    assert "100.0%" in next(line for line in out.splitlines() if line.startswith("clip   a"))
    folder = sweep / "diagnostics"
    errors = read_measured(folder / "labels" / "b.csv").values["pixel_error"]
    np.testing.assert_allclose(errors, 5.0, atol=1e-3)
    assert len(read_measured(folder / "clip" / "a.csv")) == 4
    written = {path.name for path in folder.glob("*.csv")}
    assert written == {
        "summary.csv", "outliers.csv", "calibration.csv", "reliability.csv", "groups.csv",
        "curves.csv",
    }  # fmt: skip
    every = [r for r in rows_of(folder / "summary.csv") if r["measure"] == "pixel_error"]
    assert {(r["source"], r["set"]) for r in every} == {
        (source, name) for source in "ab" for name in ("train", "validation", "test")
    }


def test_groups_are_those_of_the_file(
    make_run: Make, tiny_project: Path, pose: Pose, tmp_path: Path
) -> None:
    run = make_run("a", tiny_project)
    frames = np.load(tiny_project / "tiny.npz")["frames"].tolist()
    groups = tmp_path / "groups.csv"
    rows = [f"{frame},{'old' if n < 6 else 'new'}" for n, frame in enumerate(frames)]
    groups.write_text("\n".join(["frame,horse", *rows]))
    output = tmp_path / "out"
    assert pose("diagnose", run, "--groups", groups, "-o", output)[0] == 0
    found = {(r["set"], r["group"]): r["domain"] for r in rows_of(output / "groups.csv")}
    assert found["test", "old"] == "out"
    assert found["train", "new"] == "in"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--threshold", "pixel_error"], "is not MEASURE=VALUE"),
        (["--threshold", "speed=3"], "unknown measure 'speed'"),
        (["--reference", "nose"], "is not two keypoints"),
        (["--reference", "nose,ear"], "no keypoint 'ear'"),
        (["--group-by", "horse"], "give its file too"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    make_run: Make, tiny_project: Path, pose: Pose, arguments: list[str], line: str
) -> None:
    status, _, error = pose("diagnose", make_run("a", tiny_project), *arguments)
    assert status == 1
    assert line in error
    assert error.count("\n") == 1


def test_a_run_of_which_nothing_is_predicted_is_refused(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    run = make_run("a", tiny_project)
    (run / "predictions.csv").unlink()
    status, out, error = pose("diagnose", run)
    assert status == 1
    assert f"run pose evaluate {run}" in out
    assert "nothing is predicted" in error


def test_an_empty_sweep_is_refused(tmp_path: Path, pose: Pose) -> None:
    (tmp_path / "sweep").mkdir()
    for command in ("diagnose", "select", "report", "predict"):
        video = [tmp_path / "new.mp4"] if command == "predict" else []
        status, _, error = pose(command, tmp_path / "sweep", *video)
        assert status == 1
        assert "sweep: holds no run; give a run or a folder of runs (a sweep)" in error
        assert error.count("\n") == 1
    (tmp_path / "sweep" / "a").mkdir()
    (tmp_path / "sweep" / "a" / "log.txt").touch()
    assert "holds no finished run, and 1 begun one; give" in pose("diagnose", tmp_path / "sweep")[2]


def test_what_is_left_out_is_said_once_more_at_the_end(
    make_run: Make, tiny_project: Path, pose: Pose, tmp_path: Path
) -> None:
    first, second, other = (make_run(name, tiny_project) for name in "abc")
    names = json.loads((other / "skeleton.json").read_text())
    names["names"][0] = "ear"
    (other / "skeleton.json").write_text(json.dumps(names))
    (tmp_path / "empty").mkdir()
    given = first, second, other, tmp_path / "empty"
    for command, further in (
        ("diagnose", ()),
        ("select", ()),
        ("report", ("-o", tmp_path / "r.html")),
    ):
        status, out, _ = pose(command, *given, *further)
        assert status == 0
        last = [line for line in out.splitlines() if line.startswith("left out: ")]
        assert last == [f"left out: {tmp_path / 'empty'}, {other}; why is said above"]
    assert "left out: " not in pose("diagnose", first, second)[1]


def test_the_run_to_use_is_named_and_the_table_written(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    runs = [make_run(f"s{n}", tiny_project, 3.0 - n, {"seed": n}) for n in range(3)]
    status, out, error = pose("select", *runs)
    assert (status, error) == (0, "")
    assert "best: s2" in out
    assert out.splitlines()[-1] == f"next: pose predict {runs[2]} VIDEO"
    rows = rows_of(runs[0].parent / "selection.csv")
    assert [row["run"] for row in rows] == ["s2", "s1", "s0"]
    assert [float(row["pixel_error (px)"]) for row in rows] == pytest.approx([1, 2, 3], abs=1e-3)


def test_a_table_of_something_else_is_not_replaced(
    make_run: Make, tiny_project: Path, pose: Pose, tmp_path: Path
) -> None:
    runs = [make_run(f"s{n}", tiny_project, 3.0 - n, {"seed": n}) for n in range(2)]
    labels = tmp_path / "CollectedData.csv"
    labels.write_text("scorer,me,me\n")
    status, _, error = pose("select", *runs, "-o", labels)
    assert (status, labels.read_text()) == (1, "scorer,me,me\n")
    assert "is there, and no table of pose select" in error
    for _ in range(2):  # one of its own is
        assert pose("select", *runs, "-o", tmp_path / "mine.csv")[0] == 0


def test_splits_are_written_as_training_reads_them(
    tiny_project: Path, plugins: Plugins, pose: Pose, tmp_path: Path
) -> None:
    output = tmp_path / "splits"
    arguments = ["--in-domain", 2, "--fractions", 0.25, 0.5, "--shuffles", 2, "--validation", 0.1]
    status, out, _ = pose("split", tiny_project, "-o", output, *arguments)
    assert status == 0
    assert out.splitlines()[-1].startswith(f"next: pose train {tiny_project} -m split=")
    assert sorted(path.name for path in output.iterdir()) == [
        f"shuffle{seed}-{percent}.csv" for seed in (0, 1) for percent in (25, 50)
    ]
    labels = plugins.find("format", "tiny").open_project(tiny_project).labels
    few, many = (read_split(output / f"shuffle0-{n}.csv", labels) for n in (25, 50))
    assert (len(few.train), len(many.train), len(few.validation)) == (2, 4, 1)
    assert set(few.train) < set(many.train)
    assert pose("split", tiny_project, "-o", output, "--shuffles", 0)[0] == 1
