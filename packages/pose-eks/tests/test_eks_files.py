"""Members from files, and the smoothed file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_eks import EksError, smooth
from pose_eks.files.members import read_members
from pose_eks.files.outputs import (
    Flags,
    check_output,
    flagged,
    ranges_of,
    summary_of,
    write_smoothed,
)
from pose_io_dlc.predictions import read_predictions, write_predictions
from pose_io_dlc.tables import PredictionTable


def table(seed: int = 0, frames: int = 20) -> PredictionTable:
    rng = np.random.default_rng(seed)
    keypoints = rng.normal(100, 1, size=(frames, 2, 2)).round(3)
    return PredictionTable(("nose", "tail"), keypoints, np.full((frames, 2), 0.9))


def written(folder: Path, *tables: PredictionTable) -> list[Path]:
    paths = [folder / f"member{number}.csv" for number in range(len(tables))]
    for path, one in zip(paths, tables, strict=True):
        write_predictions(path, one)
    return paths


def test_members_are_stacked_in_the_first_files_order(tmp_path: Path) -> None:
    first, second = table(0), table(1)
    turned = replace(second, names=("tail", "nose"), keypoints=second.keypoints[:, ::-1])
    members = read_members(written(tmp_path, first, turned))
    np.testing.assert_allclose(members.keypoints, [first.keypoints, second.keypoints])
    assert members.labels == ["nose", "tail"]


def test_the_smoothed_file_is_read_back_with_its_variances(tmp_path: Path) -> None:
    numbers = np.r_[3:13, 20:30]  # frames left out stay left out, and their numbers are kept
    members = read_members(
        written(tmp_path, *(replace(table(seed), numbers=numbers) for seed in range(3)))
    )
    np.testing.assert_array_equal(members.times, numbers)
    found = smooth(members.keypoints, members.confidence, times=members.times)
    write_smoothed(tmp_path / "smoothed.csv", members.rows, found, "eks")
    back = read_predictions(tmp_path / "smoothed.csv")
    np.testing.assert_allclose(back.keypoints, found.keypoints, atol=1e-6)
    np.testing.assert_array_equal(back.numbers, numbers)
    assert list(back.extra) == list(found.columns())
    np.testing.assert_allclose(
        back.extra["y_posterior_var"], found.posterior_variance[..., 1], atol=1e-6
    )


def test_a_plain_file_has_three_columns_per_keypoint(tmp_path: Path) -> None:
    members = read_members(written(tmp_path, table()))
    found = smooth(members.keypoints, members.confidence)
    write_smoothed(tmp_path / "smoothed.csv", members.rows, found, "eks", plain=True)
    assert not read_predictions(tmp_path / "smoothed.csv").extra


def test_smoothing_a_smoothed_file_reads_its_points_alone(tmp_path: Path) -> None:
    members = read_members(written(tmp_path, table()))
    found = smooth(members.keypoints, members.confidence)
    write_smoothed(tmp_path / "a.csv", members.rows, found, "eks")
    again = read_members([tmp_path / "a.csv"])
    assert again.keypoints.shape == (1, 20, 2, 2)
    assert not again.rows.extra


def test_a_file_of_another_length_is_named_with_both_lengths(tmp_path: Path) -> None:
    paths = written(tmp_path, table(), table(frames=19))
    with pytest.raises(EksError, match=r"member1\.csv: has 19 frames, .*member0\.csv has 20"):
        read_members(paths)


@pytest.mark.parametrize("short", [0, 1])
def test_a_file_without_one_of_the_keypoints_is_named(tmp_path: Path, short: int) -> None:
    whole = table()
    part = PredictionTable(("nose",), whole.keypoints[:, :1], whole.confidence[:, :1])
    tables = [whole, whole]
    tables[short] = part
    with pytest.raises(EksError, match=rf"member{short}\.csv: has no keypoint 'tail', which"):
        read_members(written(tmp_path, *tables))


def test_files_that_number_other_frames_are_refused(tmp_path: Path) -> None:
    paths = written(tmp_path, table(), replace(table(), numbers=np.arange(5, 25)))
    with pytest.raises(EksError, match=r"member1\.csv: names other frames than"):
        read_members(paths)


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    (path,) = written(tmp_path, table())
    with pytest.raises(EksError, match=r"member0\.csv: is given twice"):
        read_members([path, path])


def test_files_without_a_single_prediction_are_refused(tmp_path: Path) -> None:
    empty = replace(table(), keypoints=np.full((20, 2, 2), np.nan))
    with pytest.raises(EksError, match="all predictions are missing"):
        read_members(written(tmp_path, empty))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("smoothed.txt", r"unknown suffix '\.txt'; end the output's name in \.csv or \.h5"),
        ("nowhere/smoothed.csv", r"folder '.*nowhere' does not exist; make it first"),
        ("member0.csv", "is among the inputs; choose another --output"),
        ("folder.csv", "cannot be written; choose another --output"),
        ("there.csv", "is there already; choose another --output, or add --overwrite"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, name: str, message: str
) -> None:
    inputs = written(tmp_path, table())
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(EksError, match=message):
        check_output(tmp_path / name, inputs)


def test_a_jump_that_all_members_make_is_flagged_and_summed_up(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    truth = np.cumsum(rng.normal(scale=0.1, size=(200, 1, 2)), axis=0)
    keypoints = truth + rng.normal(scale=0.3, size=(4, 200, 1, 2))
    keypoints[:, 80:82] += 40
    keypoints[:, 150:160] = np.nan
    found = smooth(keypoints)
    assert flagged(found)[80:82].all()
    summary = summary_of(["nose"], found.fit, Flags.of(found))["nose"]
    assert summary["missing_frames"] == 10
    assert any(first <= 80 and last >= 82 for first, last in summary["flagged"])
    assert summary["flagged_frames"] == int(flagged(found).sum())


def test_ranges_are_first_and_after_the_last() -> None:
    assert ranges_of(np.array([1, 1, 0, 0, 1], bool)) == [[0, 2], [4, 5]]
    assert ranges_of(np.zeros(3, bool)) == []
