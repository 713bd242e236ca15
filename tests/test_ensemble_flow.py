"""An ensemble by the command: sweeps in parallel, several models on a video, cameras, smoothing."""

import csv
from pathlib import Path

import pytest

from pose_core.cli import main
from pose_core.commands.sweep import LOG
from pose_core.synthetic import SyntheticProject, write_project

LAUNCHERS = {
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit": ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=10"],
}
SMALL = [
    "model.backbone=resnet10t",
    "model.backbone_options.level=-3",
    "model.pretrained=false",
    "data.size=[64,64]",
    "data.batch_size=6",
    "training.epochs=1",
    "training.check_every=1",
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SyntheticProject:
    """A Lightning Pose folder of two sessions."""
    folder = tmp_path_factory.mktemp("drawn")
    return write_project(folder, sessions=2, frames_per_video=24, labels_per_video=8, size=(96, 96))


def sets_of(run: Path) -> dict[str, set[str]]:
    """Read which labeled frames a run trained on, validated on, and so on."""
    rows = list(csv.DictReader((run / "split.csv").read_text().splitlines()))
    names = {row["set"] for row in rows}
    return {name: {row["frame"] for row in rows if row["set"] == name} for name in names}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_members_trained_at_once_end_as_those_one_by_one(
    drawn: SyntheticProject, tmp_path: Path, capsys: pytest.CaptureFixture[str], launcher: str
) -> None:
    module = {"joblib": "hydra_joblib_launcher", "submitit": "hydra_submitit_launcher"}[launcher]
    pytest.importorskip(f"hydra_plugins.{module}", reason="needs pose-core[sweep]")
    sweep = ["train", str(drawn.root), f"output={tmp_path}", *SMALL, "-m", "data.fraction=0.5"]
    begun_with_other_options(tmp_path / "seed=2")
    assert main([*sweep, "seed=0,1,2", *LAUNCHERS[launcher]]) == 1
    printed = capsys.readouterr()
    (line,) = errors(printed.err)
    assert line.startswith(f"pose train: {tmp_path}/seed=2: resume: ")
    assert line.endswith(f"(log: {tmp_path}/seed=2/log.txt)")
    assert "best: seed=" in printed.out
    rows = csv.DictReader((tmp_path / "comparison.csv").read_text().splitlines())
    assert {row["run"] for row in rows} == {"seed=0", "seed=1"}
    first, second = (sets_of(tmp_path / name) for name in ("seed=0", "seed=1"))
    assert first["validation"] == second["validation"]
    assert first["test"] == second["test"]
    assert len(first["train"]) == len(second["train"]) == len(first["unused"])
    assert first["train"] != second["train"]
    assert "training on cpu" in (tmp_path / "seed=0" / LOG).read_text()
    assert main([*sweep, "seed=0,1", *LAUNCHERS[launcher]]) == 0
    assert "already finished" in (tmp_path / "seed=0" / LOG).read_text()


def begun_with_other_options(run: Path) -> None:
    """Leave what a run that was stopped does, of other options: it cannot be gone on with."""
    run.mkdir()
    (run / "last.ckpt").touch()
    (run / "config.yaml").write_text("model: {}\ndata: {}\n")


def errors(said: str) -> list[str]:
    """Give the lines of the command's own errors."""
    return [line for line in said.splitlines() if line.startswith("pose train: ")]
