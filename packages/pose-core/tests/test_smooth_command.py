"""`pose smooth` of the tables that are named, and `pose evaluate`."""

import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pose_core.commands.smooth import tables_in
from pose_core.hookspecs import Format, Smoother, hookimpl
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions


@pytest.fixture
def refused(pose):
    """Run what is refused; give the one line that says why."""

    def run(*arguments: object) -> str:
        status, _, error = pose(*arguments)
        assert status == 1
        assert error.startswith(f"pose {arguments[0]}: ") and "\n" not in error.strip(), error
        return error

    return run


@pytest.fixture
def mean(add):
    """A smoother that takes the mean of the members."""

    def smooth(ensemble: Ensemble, options: object) -> Predictions:
        points, confidence = ensemble.keypoints.mean(0), ensemble.confidence.mean(0)
        return Predictions(points, confidence, ensemble.skeleton, ensemble.frames)

    add(pose_smoothers=[Smoother(name="mean", smooth=smooth)])


@pytest.fixture
def table(plugins, tmp_path):
    """Write a table of predictions, all points at one place."""
    from pose_core import Skeleton
    from pose_core.files import write_predictions

    def write(name, value, frames=5, names=("nose", "tail")):
        points = np.full((frames, len(names), 2), float(value))
        made = Predictions(points, np.ones((frames, len(names))), Skeleton(names))
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_predictions(path, made, plugins)
        return path

    return write


def test_members_are_smoothed_into_one_table(pose, mean, table, tmp_path):
    members = table("a.npz", 1), table("b.npz", 3)
    given = ("--smoother", "mean", "--output", tmp_path / "s.npz")
    status, out, error = pose("smooth", *members, *given)
    assert (status, error) == (0, "")
    said, following = out.splitlines()
    assert said == f"2 members, 5 frames, smoothed by mean: {tmp_path / 's.npz'}"
    assert following == f"next: pose draw VIDEO {tmp_path / 's.npz'}"
    np.testing.assert_allclose(np.load(tmp_path / "s.npz")["keypoints"], 2.0)


def test_a_folder_stands_for_its_tables_but_not_for_the_output(
    pose, refused, mean, table, tmp_path
):
    for name, value in (("a", 1), ("b", 3), ("c", 8)):
        table(f"tables/{name}.npz", value)
    output = tmp_path / "tables" / "smoothed.npz"
    given = ("smooth", tmp_path / "tables", "--smoother", "mean", "--output", output)
    for _ in range(2):  # the second time the output lies among them
        status, out, _ = pose(*given, "--overwrite")
        assert status == 0
        assert out.startswith("3 members")
        np.testing.assert_allclose(np.load(output)["keypoints"], 4.0)
    assert "is there already; give --overwrite" in refused(*given)


def test_tables_that_do_not_fit_are_refused_by_name(refused, mean, table, tmp_path):
    first = table("a.npz", 1)
    given = ("--smoother", "mean", "--output", tmp_path / "s.npz")
    said = refused("smooth", first, table("b.npz", 1, frames=4), *given)
    assert f"b.npz: has 4 rows, not the 5 of {first}; predict the same" in said
    said = refused("smooth", first, table("c.npz", 1, names=("nose", "ear")), *given)
    assert "c.npz: has other keypoints than" in said
    assert not (tmp_path / "s.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--smoother", "meen"], "--smoother: unknown smoother 'meen'; did you mean 'mean'?"),
        (["--smoother", "mean", "--set", "s"], "--set: 's' is not OPTION=VALUE"),
        (["--smoother", "mean", "--set", "s=[1"], "--set: '[1' of 's' is no value"),
        (["--smoother", "mean", "--set", "s=1"], "smoother.mean: unknown option 's'"),
    ],
)
def test_a_wrong_option_of_a_smoother_is_one_line(refused, mean, table, tmp_path, arguments, said):
    assert said in refused("smooth", table("a.npz", 1), "-o", tmp_path / "s.npz", *arguments)


@pytest.fixture
def sweep(tmp_path):
    """A folder of two finished runs, by their files; they have predicted no video."""
    folder = tmp_path / "sweep"
    for run in ("seed=0", "seed=1"):
        (folder / run).mkdir(parents=True)
        for name in ("status.json", "model.safetensors", "config.yaml"):
            (folder / run / name).touch()
    return folder


def test_what_is_not_there_is_said_first(refused, mean, table, tmp_path):
    for given in ([tmp_path / "gone"], [table("a.npz", 1), tmp_path / "gone"]):
        assert f"{tmp_path / 'gone'}: no such file or folder" in refused("smooth", *given)
    how = ("--smoother", "mean")
    one, two = table("a.npz", 1), table("b.npz", 1)
    assert "--output: 1 input needs a table to be smoothed to" in refused("smooth", one, *how)
    assert "--output: 2 inputs need a table to be smoothed to" in refused("smooth", one, two, *how)


def test_a_sweep_stands_for_its_predictions(pose, refused, mean, table, sweep, tmp_path):
    given = ("smooth", sweep, "--smoother", "mean")
    assert f"{sweep}: has no predictions of videos yet; run pose predict" in refused(*given)
    for name, value in (("seed=0", 1), ("seed=1", 5)):
        table(f"sweep/predictions/v/{name}.npz", value)
    status, out, _ = pose(*given)
    output = sweep / "predictions" / "smoothed" / "v.npz"
    assert status == 0
    np.testing.assert_allclose(np.load(output)["keypoints"], 3.0)
    tables = sweep / "predictions"
    assert out.splitlines()[-1] == f"next: pose diagnose {sweep} --predictions {tables}"


def test_tables_about_runs_are_no_predictions(tmp_path):
    csv = Format(name="csv", detect=lambda path: True, suffixes=(".csv",))
    module = ModuleType("csv_plugin")
    module.pose_formats = hookimpl(lambda: [csv])
    for name in ("a", "comparison", "selection", "evaluation", "metrics", "split"):
        (tmp_path / f"{name}.csv").touch()
    assert tables_in(tmp_path, Plugins().add(module)) == [tmp_path / "a.csv"]


def test_a_damaged_video_is_said_of_its_smoothed_table(pose, mean, table, tmp_path):
    members = table("a.incomplete.npz", 1), table("b.npz", 3)
    status, out, _ = pose("smooth", *members, "--smoother", "mean", "-o", tmp_path / "s.npz")
    assert status == 0
    assert f"warning: {members[0]}: of a video that is damaged; " in out
    assert "b.npz" not in out


def test_a_sweep_is_evaluated_run_by_run(refused, sweep):
    said = refused("evaluate", sweep)
    assert f"{sweep}: is a sweep of 2 runs; give one of them, such as {sweep / 'seed=0'}" in said


def test_a_folder_without_tables_is_one_line(refused, mean, tmp_path):
    (tmp_path / "empty").mkdir()
    given = ("smooth", tmp_path / "empty", "--smoother", "mean", "-o", tmp_path / "s.npz")
    assert "holds no tables of predictions; name them" in refused(*given)


def test_evaluation_is_printed_and_written(pose, tiny_model, tiny_project, tmp_path):
    copied = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    status, out, _ = pose("evaluate", copied, "--project", tiny_project)
    assert status == 0
    assert "nose" in out
    assert (copied / "evaluation.csv").exists()
    assert out.splitlines()[-1].startswith("written: ")


def test_evaluation_refuses_no_model_in_one_line(refused, tmp_path):
    assert f"{tmp_path / 'gone'}: no such folder" in refused("evaluate", tmp_path / "gone")
