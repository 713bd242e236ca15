"""Recordings that commands smooth some frames at a time."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pose_eks.__main__ import main
from pose_eks.cameras.projection import project
from pose_eks.cameras.rig import Rig
from pose_io_dlc import PredictionTable, read_predictions, write_predictions

FRAMES = 150
QUICK = ("--dynamics", "walk")


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def seen(seed: int, points: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    space = np.cumsum(np.random.default_rng(0).normal(size=(FRAMES, points, 3)), axis=0)
    return 200 + space @ rng.normal(size=(3, 2))


def write(path: Path, keypoints: np.ndarray, names: tuple[str, ...]) -> Path:
    rng = np.random.default_rng(len(path.name))
    noisy = keypoints + rng.normal(size=keypoints.shape)
    noisy[rng.random(noisy.shape[:2]) < 0.05] = np.nan
    table = PredictionTable(names, noisy, np.full(noisy.shape[:2], 0.9))
    write_predictions(path, table)
    return path


@pytest.fixture
def cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three networks in two cameras, which see one point together and one each."""
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    monkeypatch.setattr("pose_eks.files.long.ROWS", 40)
    names = {"left": ("paw", "ear"), "right": ("tail", "paw")}
    order = {"left": [0, 1], "right": [2, 0]}
    return [
        write(tmp_path / f"{camera}.net{n * 'x'}.csv", seen(c, 3)[:, order[camera]], names[camera])
        for c, camera in enumerate(names)
        for n in range(3)
    ]


def same(one: Path, other: Path) -> None:
    """Compare tables and the summaries' parameters."""
    a, b = read_predictions(one), read_predictions(other)
    np.testing.assert_allclose(a.keypoints, b.keypoints, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(a.numbered, b.numbered)
    assert a.names == b.names
    for name, column in a.extra.items():
        np.testing.assert_allclose(b.extra[name], column, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("likelihood", ["gaussian", "student"])
def test_cameras_in_chunks_are_written_as_in_one_pass(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], likelihood: str
) -> None:
    tables = []
    for name, more in (("whole", ()), ("parts", ("--chunk", 60))):
        how = (*QUICK, "--likelihood", likelihood, *more)
        assert run("multicam", *cameras, "--output", tmp_path / name, *how) == 0
        tables.append(capsys.readouterr().out.partition("keypoint  s")[2].partition("wrote")[0])
    assert tables[0] == tables[1]  # parameters, errors and flagged frames of every view
    for camera in ("left", "right"):
        same(tmp_path / "whole" / f"{camera}.csv", tmp_path / "parts" / f"{camera}.csv")
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == [
        "left.csv",
        "right.csv",
        "summary.json",
    ]
    assert not list(tmp_path.glob(".pose-eks-*"))


def test_mirrored_views_in_chunks_are_written_as_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    names = ("paw_top", "paw_bot", "ear_bot", "ear_top", "nose_bot")
    both = np.concatenate([seen(0, 3), seen(1, 3)], axis=1)[:, [0, 3, 4, 1, 5]]
    paths = [write(tmp_path / f"net{n * 'x'}.csv", both, names) for n in range(3)]
    for name, more in (("whole.csv", ()), ("parts.csv", ("--chunk", 60))):
        assert run("mirrored", *paths, "--output", tmp_path / name, *QUICK, *more) == 0
    same(tmp_path / "whole.csv", tmp_path / "parts.csv")
    read = [json.loads((tmp_path / name).read_text()) for name in ("whole.json", "parts.json")]
    assert read[0]["views"] == read[1]["views"]


def both_ways(folder: Path, output: str, *command: object) -> tuple[Path, Path]:
    """Run a mode in one pass and in chunks; give both outputs."""
    outputs = folder / f"whole{output}", folder / f"parts{output}"
    for path, more in zip(outputs, ((), ("--chunk", 60)), strict=True):
        assert run(*command, "--output", path, *more) == 0
    assert not list(folder.glob(".pose-eks-*"))
    return outputs


def rows_of(path: Path, skip: int = 1) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", skiprows=skip)


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pose_eks.files.long.SHORT", 0)
    monkeypatch.setattr("pose_eks.files.long.ROWS", 40)


@pytest.mark.usefixtures("_short")
def test_a_pupil_in_chunks_is_written_as_in_one_pass(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sides = np.array([(0.0, -0.5), (0.0, 0.5), (-0.5, 0.0), (0.5, 0.0)])
    center, diameter = 50 + rng.normal(size=(FRAMES, 1, 2)), 20 + rng.normal(size=(FRAMES, 1, 1))
    names = ("top", "bottom", "left", "right")
    paths = [write(tmp_path / f"n{k}.csv", center + diameter * sides, names) for k in range(2)]
    whole, parts = both_ways(tmp_path, ".csv", "pupil", *paths)
    same(whole, parts)
    signals = [rows_of(path.with_name(f"{path.stem}_signals.csv")) for path in (whole, parts)]
    np.testing.assert_allclose(signals[0], signals[1], rtol=0, atol=2e-6)


@pytest.mark.usefixtures("_short")
def test_poses_in_chunks_are_written_as_in_one_pass(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"n{k}.csv", seen(0, 4), tuple("abcd")) for k in range(2)]
    same(*both_ways(tmp_path, ".csv", "pose-pca", *paths, "--latent", 3))


@pytest.mark.usefixtures("_short")
def test_asynchronous_cameras_in_chunks_are_written_as_in_one_pass(
    cameras: list[Path], tmp_path: Path
) -> None:
    stamps = []
    for n, name in enumerate(("left", "right")):
        np.save(tmp_path / f"{name}.npy", np.arange(FRAMES) + 0.3 * n)
        stamps += ["--timestamps", f"{name}={tmp_path / name}.npy"]
    (tmp_path / "asked.txt").write_text("10.1\n20\n60.9\n")
    asked = ("--times", tmp_path / "asked.txt")
    whole, parts = both_ways(tmp_path, "", "asynchronous", *cameras, *QUICK, *stamps, *asked)
    for name in ("left", "right", "left_at_times", "right_at_times"):
        same(whole / f"{name}.csv", parts / f"{name}.csv")


@pytest.mark.usefixtures("_short")
def test_calibrated_cameras_in_chunks_are_written_as_in_one_pass(
    tmp_path: Path, circle_rig: Callable[..., Rig]
) -> None:
    rig, text, paths = circle_rig(2), "", []
    space = np.random.default_rng(0).normal(size=(FRAMES, 2, 3)).cumsum(axis=0) / 10
    for number, camera in enumerate(rig.cameras):
        turned = Rotation.from_matrix(camera.rotation).as_rotvec().tolist()
        text += f'[cam_{number}]\nname = "{camera.name}"\nsize = [640, 480]\n'
        text += f"matrix = {camera.matrix.tolist()}\ndistortions = {camera.distortions.tolist()}\n"
        text += f"rotation = {turned}\ntranslation = {camera.translation.tolist()}\n"
        pixels = project(camera, space)[0]
        names = [tmp_path / f"{camera.name}.n{k}.csv" for k in range(2)]
        paths += [write(path, pixels, ("a", "b")) for path in names]
    (tmp_path / "rig.toml").write_text(text)
    how = ("--calibration", tmp_path / "rig.toml", "--likelihood", "gaussian")
    whole, parts = both_ways(tmp_path, "", "calibrated", *paths, *how)
    for name in rig.names:
        same(whole / f"{name}.csv", parts / f"{name}.csv")
    positions = [rows_of(path / "positions3d.csv", 3) for path in (whole, parts)]
    np.testing.assert_allclose(positions[0], positions[1], rtol=0, atol=2e-6)
    options = ("--chunk", 60, "--limbs", "a,b")
    assert run("calibrated", *paths, *how, "--output", tmp_path / "o", *options) == 1


@pytest.mark.parametrize("option", [("--inflate",), ("--compat", "eks4", "--s", "1")])
def test_an_option_that_needs_all_frames_is_refused_with_chunk_alone(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    assert run("multicam", *cameras, "--output", out, "--chunk", 60, *option) == 1
    error = capsys.readouterr().err
    assert f"{option[0]}: needs all frames at once; leave it out, or leave --chunk out" in error
    assert not out.exists()


def test_a_camera_that_is_short_is_named_and_nothing_is_left(
    cameras: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = cameras[-1].read_text().splitlines(keepends=True)
    cameras[-1].write_text("".join(lines[:-20]))
    out = tmp_path / "out"
    assert run("multicam", *cameras, "--output", out, "--chunk", 60) == 1
    assert f"{cameras[-1]}: has 130 frames" in capsys.readouterr().err
    assert not out.exists()
    assert not list(tmp_path.glob(".pose-eks-*"))


def test_a_full_disk_is_said_before_the_work(
    cameras: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pose_eks.commands.chunks.ROOM", 1e15)
    assert run("multicam", *cameras, "--output", tmp_path / "out", "--chunk", 60) == 1
    assert "GB; make room, or raise --chunk" in capsys.readouterr().err


MEMORY = """
import resource, tempfile
from pathlib import Path
import numpy as np
from pose_eks import Ensemble, MultiCameraOptions
from pose_eks.models.long_sights import LongView
from pose_eks.models.long_views import smooth_long_views
from pose_eks.models import sights
from pose_eks.models.shelf import Shelf

sights.MOST, PART = 5_000, 5_000

def chunks(frames, seed):
    for start in range(0, frames, PART):
        rng = np.random.default_rng((seed, start))
        walk = np.cumsum(rng.normal(size=(PART, 3, 2)), axis=0)
        yield Ensemble(walk + rng.normal(size=(4, *walk.shape)))

def peak(frames):
    options = MultiCameraOptions(dynamics="walk", s=1.0, b=0.5)
    with tempfile.TemporaryDirectory() as name:
        own = [Path(name) / str(n) for n in range(2)]
        shelves = [Shelf.fill(lambda n=n: chunks(frames, n), own[n], options) for n in range(2)]
        views = [LongView(shelf, np.arange(3)) for shelf in shelves]
        found = smooth_long_views(views, Path(name), options, size=PART)
        for shelf in found.shelves:
            for part in shelf.chunks():
                pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

small, large = peak(10_000), peak(60_000)
print((large - small) * 1024 / 50_000)
"""


def test_memory_does_not_grow_as_ensembles_and_results_would() -> None:
    pytest.importorskip("resource", reason="memory is asked of Unix")
    said = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    # bytes per frame: times and a few rows, where ensembles are 384 and results, weights and
    # paths of all points 1400
    assert float(said.stdout) < 400
