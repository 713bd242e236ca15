"""What a stranger may hand the command: it works, or it is one line and nothing is left behind."""

from pathlib import Path

import numpy as np
import pytest

from pose_eks.__main__ import main
from pose_io_dlc import read_predictions
from pose_io_dlc.predictions import write_predictions
from pose_io_dlc.tables import PredictionTable

FRAMES = 60


@pytest.fixture
def cameras(tmp_path: Path) -> list[Path]:
    rng = np.random.default_rng(1)
    truth = np.cumsum(rng.normal(size=(FRAMES, 2, 3)), axis=0)
    paths = []
    for camera in ("left", "right", "top"):
        turned = truth @ rng.normal(size=(3, 2)) + 100
        for network in range(2):
            path = tmp_path / f"mouse.{camera}.rng={network}.csv"
            noisy = turned + 0.1 * rng.normal(size=turned.shape)
            table = PredictionTable(("nose", "tail"), noisy, np.full((FRAMES, 2), 0.9))
            write_predictions(path, table)
            paths.append(path)
    return paths


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def blanked(paths: list[Path]) -> None:
    for path in paths:
        blank = np.full((FRAMES, 2, 2), np.nan)
        write_predictions(path, PredictionTable(("nose", "tail"), blank, blank[..., 0]))


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("mode", ["singlecam", "mirrored", "pupil", "pose-pca", "multicam"])
def test_no_files_is_one_line(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / ("out" if mode == "multicam" else "out.csv")
    assert run(mode, "--output", output) == 1
    assert one_line(capsys).startswith("pose-eks: no files; give predictions")
    assert not output.exists()


def test_a_folder_is_told_how_to_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("singlecam", tmp_path, "--output", tmp_path / "out.csv") == 1
    assert one_line(capsys).endswith("is a folder; give its files, as " + f"{tmp_path}/*.csv")


def test_a_dead_camera_is_no_matter(cameras: list[Path], tmp_path: Path) -> None:
    blanked(cameras[:2])
    output = tmp_path / "out"
    assert run("multicam", *cameras, "--output", output) == 0
    assert np.isnan(read_predictions(output / "left.csv").keypoints).all()
    assert np.isfinite(read_predictions(output / "top.csv").keypoints).all()


def test_cameras_that_are_all_dead_are_refused(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blanked(cameras)
    assert run("multicam", *cameras, "--output", tmp_path / "out") == 1
    assert "all predictions are missing, here and in every other file" in one_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--camera", "left=a.csv", "--camera", "right=b.csv"], "a.csv: no such file"),
        (["--camera", "left=,", "--camera", "right=b.csv"], "'left=,' names no file"),
    ],
)
def test_a_mistake_leaves_no_folder(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = run("multicam", *arguments, "--output", tmp_path / "out")
    except SystemExit as error:
        status = int(error.code or 0)
    assert status in (1, 2)
    assert said in one_line(capsys)
    assert not (tmp_path / "out").exists()


def test_a_clock_of_no_camera_is_refused(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "t.npy", np.arange(FRAMES) / 60)
    clocks = [f"--timestamps={name}={tmp_path / 't.npy'}" for name in ("left", "right", "up")]
    output = tmp_path / "out"
    assert run("asynchronous", *cameras[:4], *clocks, "--output", output) == 1
    assert "times of 'up': no such camera; there are left, right" in one_line(capsys)
    assert not output.exists()


def test_pictures_that_cannot_be_drawn_are_refused_before_the_work(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    output = tmp_path / "out.csv"
    assert run("singlecam", cameras[0], "--output", output, "--plot", tmp_path / "file") == 1
    assert "is a file, not a folder" in one_line(capsys)
    assert not output.exists()


@pytest.mark.parametrize("option", ["--compat=eks4", "--groups=nose,tail"])
def test_whole_poses_refuse_what_they_would_pass_over(
    option: str, cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("pose-pca", *cameras[:2], "--s=1", "--output", tmp_path / "o.csv", option) == 1
    assert "leave" in one_line(capsys)


def test_numbers_stand_under_their_headings(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_predictions(cameras[0])
    keypoints = rows.keypoints.copy()
    keypoints[:, 0] = np.nan
    write_predictions(cameras[0], PredictionTable(rows.names, keypoints, rows.confidence))
    assert run("singlecam", cameras[0], "--passes=1", "--output", tmp_path / "out.csv") == 0
    heading, nose, tail = capsys.readouterr().out.splitlines()[2:5]
    end = heading.index("passes") + len("passes")
    assert nose[end - 1].isdigit()
    assert tail[end - 1].isdigit()
    assert nose.split()[1:4] == ["-", "-", "-"]


def test_pictures_of_a_long_recording_are_refused_before_the_work(
    cameras: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    asked = ["--output", tmp_path / "out.csv", "--chunk", "20", "--plot", tmp_path / "pictures"]
    assert run("singlecam", cameras[0], *asked) == 1
    assert "--plot: needs all frames at once; leave it out" in one_line(capsys)
    assert not (tmp_path / "pictures").exists()


def test_labels_are_refused_without_naming_a_function(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "scorer,me,me\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/a/img01.png,1.0,2.0\n"
    )
    assert run("singlecam", path, "--output", tmp_path / "o.csv") == 1
    error = one_line(capsys)
    assert "is it a file of labels? give predictions, tables with x, y and likelihood" in error
    assert "read_" not in error


@pytest.mark.parametrize(
    ("images", "status"),
    [
        (("a/img03.png", "a/img17.png", "a/img18.png"), 1),
        (("a/img01.png", "b/img02.png", "b/img03.png"), 1),
        (("a/one.png", "a/two.png", "a/three.png"), 1),
        (("a/img09.png", "a/img10.png", "a/img11.png"), 0),
    ],
)
def test_images_that_do_not_follow_one_another_are_not_smoothed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    images: tuple[str, ...],
    status: int,
) -> None:
    rng = np.random.default_rng(0)
    table = PredictionTable(("nose",), rng.normal(size=(3, 1, 2)), np.ones((3, 1)), images)
    write_predictions(tmp_path / "p.csv", table)
    found = run("singlecam", tmp_path / "p.csv", "--output", tmp_path / "o.csv")
    assert found == status
    if status:
        assert "rows are not consecutive frames, so that smoothing over time" in one_line(capsys)
