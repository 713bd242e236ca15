"""Defects of a known implementation's command, none of which may come back here.

Those of its models are in test_defects_of_others; numbers are of the same list.
"""

from pathlib import Path

import numpy as np
import pytest

from pose_eks.__main__ import main, parser
from pose_eks.commands.arguments import options_of
from pose_eks.files.cameras import tell_cameras
from pose_eks.options import (
    CalibratedOptions,
    MultiCameraOptions,
    PupilOptions,
    SingleCameraOptions,
)
from pose_io_dlc.predictions import read_predictions, write_predictions
from pose_io_dlc.tables import PredictionTable

# 13, 16: names and files


def test_cameras_are_told_by_whole_words(tmp_path: Path) -> None:
    names = ("top.0", "top.1", "stop.0", "stop.1")
    files = [tmp_path / f"mouse.{name}.csv" for name in names]
    found = tell_cameras(files, ("top", "stop"))
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "top": ["mouse.top.0.csv", "mouse.top.1.csv"],
        "stop": ["mouse.stop.0.csv", "mouse.stop.1.csv"],
    }


def tables(folder: Path, lengths: tuple[int, ...], suffix: str = ".csv") -> list[str]:
    rng = np.random.default_rng(0)
    paths = []
    for number, frames in enumerate(lengths):
        paths.append(str(folder / f"member{number}{suffix}"))
        keypoints = 100 + rng.normal(size=(frames, 2, 2))
        confidence = np.full((frames, 2), 0.9)
        names = ("left_ear_top", "left_ear_bottom")
        write_predictions(paths[-1], PredictionTable(names, keypoints, confidence))
    return paths


def test_mirrored_points_may_have_any_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    space = 100 + np.cumsum(rng.normal(size=(60, 2, 3)), axis=0)
    both = np.concatenate([space @ rng.normal(size=(3, 2)) for _ in range(2)], axis=1)
    names = ("left_ear_top", "tail_base_top", "left_ear_bot", "tail_base_bot")
    given = []
    for number, keypoints in enumerate(both + rng.normal(size=(3, *both.shape))):
        given.append(str(tmp_path / f"member{number}.csv"))
        table = PredictionTable(names, keypoints, np.full((60, 4), 0.9))
        write_predictions(given[-1], table)
    output = tmp_path / "smoothed.csv"
    assert main(["mirrored", *given, "--output", str(output)]) == 0
    assert set(read_predictions(output).names) == set(names)


def test_members_of_unequal_length_are_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tables(tmp_path, (30, 30, 29))
    assert main(["singlecam", *given, "--output", str(tmp_path / "out.csv")]) == 1
    said = capsys.readouterr().err
    assert f"{given[2]}: has 29 frames" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_that_is_not_there_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tables(tmp_path, (30, 30))
    assert main(["singlecam", *given, "--output", str(tmp_path / "none" / "out.csv")]) == 1
    said = capsys.readouterr()
    assert "none' does not exist; make it first" in said.err
    assert not said.out


def test_an_output_without_a_folder_is_written_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tables(tmp_path, (30, 30))
    monkeypatch.chdir(tmp_path)
    assert main(["singlecam", *given, "--output", "out.csv"]) == 0
    assert (tmp_path / "out.csv").exists()


def test_h5_files_are_read(tmp_path: Path) -> None:
    given = tables(tmp_path, (30, 30), ".h5")
    assert main(["singlecam", *given, "--output", str(tmp_path / "out.h5")]) == 0


# 15: options


@pytest.mark.parametrize(
    ("mode", "options", "more"),
    [
        ("singlecam", SingleCameraOptions, []),
        ("multicam", MultiCameraOptions, []),
        ("mirrored", MultiCameraOptions, []),
        ("asynchronous", MultiCameraOptions, ["--timestamps", "left=t.npy"]),
        ("pupil", PupilOptions, []),
        ("calibrated", CalibratedOptions, ["--calibration", "c.toml"]),
    ],
)
def test_the_command_has_the_defaults_of_the_library(
    mode: str, options: type, more: list[str]
) -> None:
    given = parser().parse_args([mode, "a.csv", "--output", "b", *more])
    assert options_of(given, options) == options()


def test_an_option_that_a_mode_does_not_have_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["singlecam", "a.csv", "--output", "b.csv", "--latent", "3"])
    assert "--latent" in capsys.readouterr().err
