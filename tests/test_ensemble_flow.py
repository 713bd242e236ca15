"""An ensemble by the command: a sweep in parallel, all of its members on a video, smoothed."""

import csv
import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import pose_io_dlc
from pose_core.cli import main
from pose_core.commands.sweep import LOG
from pose_core.synthetic import SyntheticProject, write_project

LAUNCHERS = {
    "hydra_joblib_launcher": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "hydra_submitit_launcher": ["hydra/launcher=submitit_local"],
}
SMALL = [
    "model.backbone=resnet10t",
    "model.backbone_options.level=-3",
    "model.pretrained=false",
    "data.size=[64,64]",
    "data.fraction=0.5",
    "training.epochs=1",
]


class Sweep(NamedTuple):
    """A sweep of which one member failed, and what was said."""

    folder: Path
    command: list[str]
    status: int
    out: str
    errors: list[str]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SyntheticProject:
    """A Lightning Pose folder of two sessions, and one kept apart."""
    folder = tmp_path_factory.mktemp("drawn")
    return write_project(folder, sessions=2, frames_per_video=24, labels_per_video=8, size=(96, 96))


@pytest.fixture(scope="module", params=LAUNCHERS)
def sweep(
    request: pytest.FixtureRequest,
    drawn: SyntheticProject,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sweep:
    """Three members trained at once, by each launcher; the third one cannot be."""
    reason = "needs pose-core[sweep]"
    pytest.importorskip(f"hydra_plugins.{request.param}", reason=reason)
    folder = tmp_path_factory.mktemp("sweep")
    begun_with_other_options(folder / "seed=2")
    launcher = LAUNCHERS[request.param]
    command = ["train", str(drawn.root), f"output={folder}", *SMALL, *launcher, "-m"]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*command, "seed=0,1,2"])
    errors = [line for line in err.getvalue().splitlines() if line.startswith("pose ")]
    return Sweep(folder, command, status, out.getvalue(), errors)


def begun_with_other_options(run: Path) -> None:
    """Leave what a run that was stopped does, of other options: it cannot be gone on with."""
    run.mkdir()
    (run / "last.ckpt").touch()
    (run / "config.yaml").write_text("model: {}\ndata: {}\n")


def sets_of(run: Path) -> dict[str, set[str]]:
    """Read which labeled frames a run trained on, validated on, and so on."""
    rows = list(csv.DictReader((run / "split.csv").read_text().splitlines()))
    names = {row["set"] for row in rows}
    return {name: {row["frame"] for row in rows if row["set"] == name} for name in names}


def test_a_member_that_fails_leaves_the_others_and_is_named_with_its_log(sweep: Sweep) -> None:
    assert sweep.status == 1
    (line,) = sweep.errors
    assert line.startswith(f"pose train: {sweep.folder}/seed=2: resume: ")
    assert line.endswith(f"(log: {sweep.folder}/seed=2/{LOG})")
    assert "training on " in (sweep.folder / "seed=0" / LOG).read_text()
    assert "training on " not in sweep.out, "at once, members do not speak over each other"


def test_members_see_frames_of_their_own_and_are_compared_on_the_same(sweep: Sweep) -> None:
    first, second = (sets_of(sweep.folder / name) for name in ("seed=0", "seed=1"))
    assert (first["validation"], first["test"]) == (second["validation"], second["test"])
    assert abs(len(first["train"]) - len(first["unused"])) <= 1
    assert first["train"] != second["train"]
    assert "best: seed=" in sweep.out and "different frames" not in sweep.out
    rows = csv.DictReader((sweep.folder / "comparison.csv").read_text().splitlines())
    assert {row["run"] for row in rows} == {"seed=0", "seed=1"}


def test_members_that_are_done_are_passed_over(sweep: Sweep) -> None:
    before = (sweep.folder / "seed=0" / "model.safetensors").stat().st_mtime_ns
    assert main([*sweep.command, "seed=0,1"]) == 0, "the one that failed is not asked for"
    assert "already finished" in (sweep.folder / "seed=0" / LOG).read_text()
    assert (sweep.folder / "seed=0" / "model.safetensors").stat().st_mtime_ns == before


def test_all_members_see_a_video_and_are_smoothed(
    sweep: Sweep, drawn: SyntheticProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = drawn.held_out[0]
    assert main(["predict", str(sweep.folder), str(video), "--smooth"]) == 0
    said = capsys.readouterr().out
    assert f"warning: {sweep.folder}/seed=2: its training is not finished" in said
    assert "2 members, 24 frames, smoothed by eks_mirrored: " in said, "its views are told by names"
    place = sweep.folder / "predictions"
    tables = sorted((place / video.stem).glob("*.csv"))
    assert [path.name for path in tables] == ["seed=0.csv", "seed=1.csv"]
    smoothed = pose_io_dlc.read_predictions(place / "smoothed" / f"{video.stem}.csv")
    assert smoothed.keypoints.shape == (24, 14, 2)
    assert np.isfinite(smoothed.keypoints).all()
    alone = ["predict", str(sweep.folder / "seed=1"), str(video), "--output", str(tmp_path)]
    assert main(alone) == 0
    assert (tmp_path / f"{video.stem}.csv").read_bytes() == tables[1].read_bytes()
    assert main(["smooth", str(place), "--overwrite", "--smoother", "eks_singlecam"]) == 0
    assert "smoothed by eks_singlecam: " in capsys.readouterr().out


def test_a_video_too_short_for_its_views_is_one_line_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{name}_{view}" for view in ("top", "bot") for name in ("nose", "paw", "tail")]
    walk = np.random.default_rng(0).normal(size=(60, 3, 2)).cumsum(0) + 40
    for video, frames in (("long", 60), ("short", 1)):
        for member in "ab":
            points = np.concatenate([walk, walk + 3], 1)[:frames]
            table = pose_io_dlc.PredictionTable(names, points, np.full((frames, 6), 0.9))
            path = tmp_path / video / f"{member}.csv"
            path.parent.mkdir(exist_ok=True)
            pose_io_dlc.write_predictions(path, table)
    assert main(["smooth", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "2 members, 60 frames, smoothed by eks_mirrored: " in printed.out
    assert printed.err.splitlines() == [
        "pose smooth: short: smoother.eks_mirrored: 1 frame is too few to learn how the views "
        "relate; give --smoother eks_singlecam, which smooths each view by itself",
        "pose smooth: 1 of 2 videos could not be smoothed",
    ]
    assert main(["smooth", str(tmp_path / "short"), "--smoother", "eks_singlecam"]) == 0
    assert "2 members, 1 frame, smoothed by eks_singlecam: " in capsys.readouterr().out
