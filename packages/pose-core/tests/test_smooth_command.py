"""`pose smooth` of the tables that are named, and `pose evaluate`."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pose_core.hookspecs import Smoother
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
        path.parent.mkdir(exist_ok=True)
        write_predictions(path, made, plugins)
        return path

    return write


def test_members_are_smoothed_into_one_table(pose, mean, table, tmp_path):
    members = table("a.npz", 1), table("b.npz", 3)
    given = ("--smoother", "mean", "--output", tmp_path / "s.npz")
    status, out, error = pose("smooth", *members, *given)
    assert (status, error) == (0, "")
    assert out == f"2 members, 5 frames, smoothed by mean: {tmp_path / 's.npz'}\n"
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
