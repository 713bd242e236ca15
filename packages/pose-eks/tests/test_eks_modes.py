"""The modes of several views, from files to files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pose_eks.__main__ import main
from pose_io_dlc import PredictionTable, read_points3d, read_predictions, write_predictions

FRAMES = 120
QUICK = ("--likelihood", "gaussian", "--dynamics", "walk")


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def scene(seed: int = 0, cameras: int = 2, points: int = 2) -> np.ndarray:
    """Draw what cameras see of points in space: (cameras, frames, points, 2)."""
    rng = np.random.default_rng(seed)
    space = np.cumsum(rng.normal(size=(FRAMES, points, 3)), axis=0)
    return 200 + np.einsum("cad,tkd->ctka", rng.normal(size=(cameras, 2, 3)), space)


def written(folder: Path, name: str, keypoints: np.ndarray, names: tuple[str, ...]) -> Path:
    table = PredictionTable(names, keypoints, np.full(keypoints.shape[:2], 0.9))
    write_predictions(folder / name, table)
    return folder / name


@pytest.fixture
def cameras(tmp_path: Path) -> list[Path]:
    """Two cameras and three networks; the right one does not see the tail."""
    rng = np.random.default_rng(1)
    seen = scene()
    names = {"left": ("paw_l", "paw_r"), "right": ("paw_l", "paw_r")}
    return [
        written(tmp_path, f"m.{camera}.net{n}.csv", seen[c] + rng.normal(size=seen[c].shape), own)
        for c, (camera, own) in enumerate(names.items())
        for n in range(3)
    ]


def test_one_table_per_camera_and_a_summary(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("multicam", *cameras, "--output", out, *QUICK) == 0
    assert sorted(path.name for path in out.iterdir()) == ["left.csv", "right.csv", "summary.json"]
    for c, camera in enumerate(("left", "right")):
        found = read_predictions(out / f"{camera}.csv")
        assert np.abs(found.keypoints - scene()[c]).mean() < 0.6
        assert "x_predictive_var" in found.extra
    summary = json.loads((out / "summary.json").read_text())
    assert summary["mode"] == "multicam"
    assert list(summary["views"]) == ["left", "right"]
    text = capsys.readouterr().out
    assert text.splitlines()[0].split() == ["camera", "file", "frames", "keypoints", "missing"]
    assert "error left (px)  error right (px)" in text


def test_cameras_said_by_hand_and_other_formats(cameras: list[Path], tmp_path: Path) -> None:
    said = [f"--camera=a={','.join(map(str, cameras[:3]))}", f"--camera=b={cameras[3]}"]
    assert run("multicam", *said, "--output", tmp_path / "o", "--format", "h5", *QUICK) == 0
    assert len(read_predictions(tmp_path / "o" / "a.h5")) == FRAMES


def test_a_swapped_camera_keeps_its_own_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    seen = scene(3)
    for n in range(3):
        written(
            tmp_path, f"left{n}.csv", seen[0] + rng.normal(size=seen[0].shape), ("paw_l", "paw_r")
        )
        other = seen[1][:, ::-1] + rng.normal(size=seen[1].shape)  # its left is the other's right
        written(tmp_path, f"right{n}.csv", other, ("paw_l", "paw_r"))
    groups = [
        f"--camera={c}={','.join(str(tmp_path / f'{c}{n}.csv') for n in range(3))}"
        for c in ("left", "right")
    ]
    assert run("multicam", *groups, "--swap", "right", "--output", tmp_path / "o", *QUICK) == 0
    right = read_predictions(tmp_path / "o" / "right.csv")
    assert right.names == ("paw_l", "paw_r")
    assert np.abs(right.keypoints - seen[1][:, ::-1]).mean() < 0.6


def test_a_camera_may_have_keypoints_of_its_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    seen = scene(5, points=3)
    files = [
        written(
            tmp_path, f"{c}.net{n}.csv", seen[k][:, :p] + rng.normal(size=(FRAMES, p, 2)), names
        )
        for k, (c, p, names) in enumerate((("top", 3, ("a", "b", "c")), ("side", 2, ("a", "b"))))
        for n in range(2)
    ]
    assert run("multicam", *files, "--output", tmp_path / "o", *QUICK) == 0
    assert read_predictions(tmp_path / "o" / "top.csv").names == ("a", "b", "c")
    assert read_predictions(tmp_path / "o" / "side.csv").names == ("a", "b")


@pytest.mark.parametrize("view", [(), ("--view", "up=_top", "--view", "down=_bot")])
def test_mirrored_views_come_back_in_the_files_order(tmp_path: Path, view: tuple[str, ...]) -> None:
    rng = np.random.default_rng(6)
    seen = scene(7)
    flat = np.stack([seen[0][:, 0], seen[1][:, 0], seen[1][:, 1], seen[0][:, 1]], axis=1)
    names = ("paw_top", "paw_bot", "nose_bot", "nose_top")
    files = [
        written(tmp_path, f"{n}.csv", flat + rng.normal(size=flat.shape), names) for n in range(3)
    ]
    assert run("mirrored", *files, "--output", tmp_path / "o.csv", *view, *QUICK) == 0
    found = read_predictions(tmp_path / "o.csv")
    assert found.names == names
    assert np.abs(found.keypoints - flat).mean() < 0.6


def test_a_pupil_has_a_file_of_its_diameter(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    sides = {"top_r": (0, -0.5), "bottom_r": (0, 0.5), "left_r": (-0.5, 0), "right_r": (0.5, 0)}
    diameter = 30 + 4 * np.sin(np.arange(FRAMES) / 20)
    points = 60 + diameter[:, None, None] * np.array(list(sides.values()))
    files = [
        written(tmp_path, f"{n}.csv", points + rng.normal(size=points.shape), tuple(sides))
        for n in range(3)
    ]
    assert run("pupil", *files, "--output", tmp_path / "o.csv") == 0
    rows = np.genfromtxt(tmp_path / "o_signals.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(rows["frame"], np.arange(FRAMES))
    assert np.abs(rows["diameter"] - diameter).mean() < 0.6
    assert json.loads((tmp_path / "o.json").read_text())["parameters"]["tau diameter"] > 1


def test_asynchronous_cameras_keep_their_frames_and_answer_at_other_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    seen = scene(10)
    times = {"left": np.arange(0, FRAMES, 2.0), "right": np.arange(0, FRAMES, 3.0) + 1}
    files = []
    for c, (camera, own) in enumerate(times.items()):
        np.save(tmp_path / f"{camera}.npy", own)
        part = seen[c][own.astype(int)]
        files += [
            written(
                tmp_path, f"{camera}.net{n}.csv", part + rng.normal(size=part.shape), ("a", "b")
            )
            for n in range(3)
        ]
    (tmp_path / "at.txt").write_text("10.5\n20\n30.25\n")
    stamps = [f"--timestamps={c}={tmp_path / c}.npy" for c in times]
    asked = ["--times", tmp_path / "at.txt", "--output", tmp_path / "o"]
    assert run("asynchronous", *files, *stamps, *asked, *QUICK) == 0
    for camera, own in times.items():
        assert len(read_predictions(tmp_path / "o" / f"{camera}.csv")) == len(own)
    at = read_predictions(tmp_path / "o" / "left_at_times.csv")
    assert len(at) == 3
    assert np.abs(at.keypoints[1] - seen[0][20]).max() < 3


def test_pose_pca_writes_how_far_a_pose_is_from_usual_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    poses = scene(12, cameras=1, points=4)[0]
    files = [
        written(tmp_path, f"{n}.csv", poses + rng.normal(size=poses.shape), ("a", "b", "c", "d"))
        for n in range(3)
    ]
    assert run("pose-pca", *files, "--output", tmp_path / "o.csv") == 0
    residual = read_predictions(tmp_path / "o.csv").extra["pose_residual"]
    assert np.isfinite(residual).all()


def fly() -> Path:
    if not os.environ.get("POSE_DATA_DIR"):
        pytest.skip("POSE_DATA_DIR is not set: no real recordings")
    return Path(os.environ["POSE_DATA_DIR"], "eks", "fly")


def test_a_real_fly_in_space(tmp_path: Path) -> None:
    files = sorted(fly().glob("*.csv"))
    calibration = fly() / "calibration.toml"
    out = tmp_path / "o"
    assert run("calibrated", *files, "--calibration", calibration, "--output", out) == 0
    found = read_points3d(out / "positions3d.csv")
    assert found.points.shape == (500, 12, 3)
    assert np.isfinite(found.points).all()
    for camera in ("Cam-A", "Cam-B", "Cam-C"):
        table = read_predictions(out / f"{camera}.csv")
        off = table.keypoints[..., 0] - table.extra["x_ens_mean"]
        assert np.nanmedian(np.abs(off)) < 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["multicam", "m.left.net0.csv", "m.left.net1.csv"], "do not tell the cameras"),
        (["multicam"], "no files; give predictions of every camera"),
        (["multicam", "--camera", "a=m.left.net0.csv"], "all files are of one camera, 'a'"),
        (["multicam", "x.csv", "--camera", "a=m.left.net0.csv"], "not both"),
        (["multicam", "*", "--swap", "top"], "--swap top: no such camera; there are left, right"),
        (["multicam", "*", "--output", "."], "holds the inputs; choose another folder"),
        (["multicam", "*", "--output", "full"], "full: has files in it; choose another --output"),
        (["multicam", "*", "--output", "file"], "file: is a file, not a folder; choose another"),
        (["mirrored", "m.left.net0.csv", "--output", "o.csv"], "do not tell the views; say them"),
        (
            ["mirrored", "m.left.net0.csv", "--view", "t=_top", "--output", "o.csv"],
            "--view t=_top: no keypoint ends so; there are paw_l, paw_r",
        ),
        (["pupil", "m.left.net0.csv", "--output", "o.csv"], "do not tell one point each of top"),
        (["asynchronous", "*"], "times: none for 'left'"),
        (["asynchronous", "*", "--timestamps", "left=no.npy"], "no.npy: no such file"),
        (["asynchronous", "*", "--timestamps", "left=m.left.net0.csv"], "is not a list of times"),
        (["calibrated", "*", "--calibration", "no.toml"], "no.toml: cannot be read"),
        (["multicam", "*", "short.right.net9.csv"], "has 119 frames"),
        (["multicam", "*", "--latent", "0"], "latent: 0 is less than 1"),
        (["multicam", "*", "--quantile", "2"], "quantile: 2.0 is not above 0 and at most 1"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    cameras: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full", "mine.txt").write_text("mine")
    Path("file").write_text("mine")
    written(tmp_path, "m.right.net9.csv", scene()[1][:-1], ("paw_l", "paw_r"))
    names = [path.name for path in cameras]
    if "short.right.net9.csv" in arguments:
        names.append("m.right.net9.csv")
        arguments.remove("short.right.net9.csv")
    given = [one for word in arguments for one in (names if word == "*" else [word])]
    output = [] if "--output" in given else ["--output", "new"]
    assert main([*given, *output]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("new").exists()
