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
    assert out.splitlines()[-1] == f"next: pose report {sweep} --threshold pixel_error=3"
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
        "curves.csv", "runs.csv",
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
        (["--threshold", "confidence=2"], "confidence=2 cannot be; give from 0 to 1"),
        (["--threshold", "pixel_error=-1"], "pixel_error=-1 cannot be; give a number, 0 or more"),
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
        assert status == 1  # as something that was asked for is missing
        last = [line for line in out.splitlines() if line.startswith("left out: ")]
        assert last == [f"left out: {tmp_path / 'empty'}, {other}; why is said above"]
    out = pose("diagnose", *given)[1]
    assert out.splitlines()[-1] == f"next: pose report {first} {second} {other}"
    assert "left out: " not in pose("diagnose", first, second, "--overwrite")[1]


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


def sweep_of(make_run: Make, project: Path, name: str, error: float, **options: object) -> Path:
    """Make a sweep of two seeds, the first of which errs by twice the error, the second by it."""
    for seed in range(2):
        run = make_run(f"{name}/seed={seed}", project, (2 - seed) * error)
        config = json.loads((run / "config.yaml").read_text()) | options | {"seed": seed}
        (run / "config.yaml").write_text(json.dumps(config))
    return run.parent


def test_a_winner_that_is_a_whole_sweep_is_called_by_it(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    a = sweep_of(make_run, tiny_project, "sup", 1.0)
    b = sweep_of(make_run, tiny_project, "semi", 3.0, losses={"p": {}, "t": {"epsilon": 10.0}})
    status, out, _ = pose("select", a, b)
    lines = out.splitlines()
    assert status == 0
    assert "best: sup" in lines  # errs by 1.5 px on average, semi by 4.5
    assert "its 2 seeds make an ensemble; of one alone, take sup/seed=1" in lines
    assert lines[-1] == f"next: pose predict {a} VIDEO --smooth"
    rows = rows_of(a.parent / "selection.csv")
    assert [row["run"] for row in rows] == [
        "sup/seed=0", "sup/seed=1", "semi/seed=0", "semi/seed=1",
    ]  # fmt: skip
    assert [row["folder"] for row in rows] == [row["run"] for row in rows]
    some = a / "seed=1", *b.glob("seed=*")  # not all of sup
    _, out, _ = pose("select", *some, "-o", a.parent / "some.csv")
    assert "best: sup/seed=1" in out.splitlines()


def test_settings_that_are_best_in_as_many_are_said_to_tie(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    for name, weight, loss in (("a", 1, 2.0), ("b", 2, 1.0)):
        config = {"losses": {"temporal": {"weight": weight}}}
        make_run(name, tiny_project, float(weight), config, validation_temporal=loss)
    uneven = np.tile([0.5, 2.5], 6)  # 1.5 px, which chance may turn into less than 1 px
    make_run("c", tiny_project, uneven, {"losses": {}}, validation_temporal=1.5)
    folder = tiny_project.parent / "runs"
    out = pose("select", folder / "a", folder / "c")[1]
    assert "a tie with c; its pixel error is the smaller one" in out.splitlines()


def test_a_run_whose_configuration_is_empty_is_left_out(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    runs = [make_run(f"s{n}", tiny_project, 3.0 - n, {"seed": n}) for n in range(3)]
    (runs[2] / "config.yaml").write_text("")
    status, out, error = pose("select", runs[0].parent)
    assert (status, error) == (1, "")
    assert f"{runs[2] / 'config.yaml'}: holds no names and values; restore it" in out
    assert "best: s1" in out
    assert f"left out: {runs[2]}; why is said above" in out


def test_results_of_other_runs_are_not_replaced(
    make_run: Make, tiny_project: Path, pose: Pose
) -> None:
    runs = [make_run(f"s{n}", tiny_project, 3.0 - n, {"seed": n}) for n in range(4)]
    home = runs[0].parent
    for command, written in (("select", "selection.csv"), ("diagnose", "diagnostics")):
        for _ in range(2):  # those of the same runs are
            assert pose(command, *runs[:2])[0] == 0
        status, _, error = pose(command, *runs[2:])
        assert status == 1
        assert f"{home / written}: is there already, of other runs, such as {home}/s" in error
        assert error.endswith("choose another --output, or add --overwrite\n")
        assert pose(command, *runs)[0] == 0  # of the same and more
        assert pose(command, *runs[2:], "--overwrite")[0] == 0
    tables = {path.name for path in (home / "diagnostics" / "labels").glob("*")}
    assert tables == {"s2.csv", "s3.csv"}
    assert [row["folder"] for row in rows_of(home / "diagnostics" / "runs.csv")] == [
        "../s2", "../s3",
    ]  # fmt: skip


def test_diagnostics_of_nobody_knows_which_runs_are_not_replaced(
    make_run: Make, tiny_project: Path, pose: Pose, tmp_path: Path
) -> None:
    run = make_run("a", tiny_project)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.csv").write_text("animal,weight\nmouse,20\n")
    for further, line in (((), "of which runs is not known"), (["--overwrite"], "is none of pose")):
        status, _, error = pose("diagnose", run, "-o", tmp_path / "out", *further)
        assert status == 1
        assert line in error
    assert (tmp_path / "out" / "summary.csv").read_text() == "animal,weight\nmouse,20\n"


def test_the_next_step_has_what_was_given(
    make_run: Make, tiny_project: Path, plugins: Plugins, pose: Pose, tmp_path: Path
) -> None:
    run, given = make_run("a", tiny_project), tmp_path / "my tracks"
    points = Predictions(np.zeros((1, 3, 2)), np.ones((1, 3)), Skeleton(("nose", "left", "right")))
    write_predictions(given / "clip" / "a.npz", points, plugins)
    further = ("--predictions", given, "--threshold", "pixel_error=3", "--project", tiny_project)
    status, out, _ = pose("diagnose", run, *further, "-o", tmp_path / "out")
    assert status == 0
    assert out.splitlines()[-1] == (
        f"next: pose report {run} --predictions '{given}' --project {tiny_project} "
        "--threshold pixel_error=3"
    )
    assert "nan%" not in out  # a step needs two frames
    assert pose("report", run, *further, "-o", tmp_path / "r.html")[0] == 0


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
