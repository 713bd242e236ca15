"""The flow by the `pose` command: draw, train, predict, smooth, evaluate, report."""

import csv
from pathlib import Path

import numpy as np
import pytest

import pose_io_dlc
from pose_core.cli import main
from pose_core.synthetic import SyntheticProject, write_project
from pose_core.training.fit import Run

SMALL = [
    "model.backbone=resnet10t",
    "model.backbone_options.level=-3",
    "model.pretrained=false",
    "data.size=[64,64]",
    "data.batch_size=6",
    "training.epochs=2",
    "training.check_every=1",
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SyntheticProject:
    """A Lightning Pose folder of four sessions of several image sizes, and one kept apart."""
    folder = tmp_path_factory.mktemp("drawn")
    return write_project(folder, sessions=4, frames_per_video=24, labels_per_video=6, size=(96, 96))


def train(drawn: SyntheticProject, output: Path, *overrides: str) -> Path:
    assert main(["train", str(drawn.root), f"output={output}", *SMALL, *overrides]) == 0
    return output


def test_an_ensemble_trained_by_multirun_is_smoothed_and_evaluated(
    drawn: SyntheticProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(drawn.root), f"output={tmp_path}", *SMALL, "-m", "seed=0,1"]) == 0
    members = sorted(path for path in tmp_path.iterdir() if (path / "config.yaml").exists())
    assert [member.name for member in members] == ["seed=0", "seed=1"]
    tables = []
    for member in members:
        assert main(["predict", str(member), str(drawn.held_out[0])]) == 0
        tables.append(str(member / "predictions" / f"{drawn.held_out[0].stem}.csv"))
    assert main(["smooth", *tables, "--output", str(tmp_path / "smoothed.h5")]) == 0
    smoothed = pose_io_dlc.read_predictions(tmp_path / "smoothed.h5")
    assert smoothed.keypoints.shape == (24, 14, 2)
    assert np.isfinite(smoothed.keypoints).all()
    assert main(["evaluate", str(members[0])]) == 0
    said = capsys.readouterr().out
    assert "Euclidean distance in the frames' own pixels" in said
    assert "next: pose predict" in said and "next: pose smooth" in said
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "-o", str(page)]) == 0
    said = capsys.readouterr().out
    assert f"written: {page} (" in said and "left out: " not in said
    held_out = drawn.held_out[0].stem
    assert all(name in page.read_text() for name in ("seed=0", "seed=1", held_out))
    rows = list(csv.DictReader((members[0] / "evaluation.csv").read_text().splitlines()))
    assert {row["set"] for row in rows} == {"train", "validation", "test"}
    assert {row["keypoint"] for row in rows} >= {"all", *drawn.skeleton.names}


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.head=context", "model.head_options.n=1"],
        [
            "losses={temporal: {epsilon: 1.0}}",
            "losses.pca_multiview={}",
            "unlabeled.length=6",
            "unlabeled.begin=0",
            "unlabeled.full=0",
        ],
        ["losses.heatmap_mse=null", "losses.heatmap_kl={}", "model.decoder=argmax"],
        ["data.group_by=video", "data.validation=0.3", "data.test=0.3", "augment.flip=0.5"],
        ["trainer.accumulate_grad_batches=2", "trainer.precision=bf16-mixed"],
    ],
    ids=["context", "unsupervised", "divergence", "grouped", "lightning"],
)
def test_what_is_registered_trains_and_predicts(
    drawn: SyntheticProject, tmp_path: Path, overrides: list[str]
) -> None:
    model = train(drawn, tmp_path / "model", *overrides)
    assert main(["predict", str(model), str(drawn.held_out[0])]) == 0
    table = pose_io_dlc.read_predictions(model / "predictions" / f"{drawn.held_out[0].stem}.csv")
    assert table.keypoints.shape == (24, 14, 2)
    assert ((table.confidence >= 0) & (table.confidence <= 1)).all()


def test_a_split_of_one_run_is_taken_by_another(drawn: SyntheticProject, tmp_path: Path) -> None:
    first = train(drawn, tmp_path / "first", "seed=5")
    second = train(drawn, tmp_path / "second", "seed=6", f"split={first / 'split.csv'}")
    assert (first / "split.csv").read_text() == (second / "split.csv").read_text()


def test_a_finished_member_of_a_sweep_is_not_trained_again(
    drawn: SyntheticProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = ["train", str(drawn.root), f"output={tmp_path}", *SMALL]
    sweep += ["resume=true", "-m", "seed=3,4"]
    assert main(sweep) == 0
    member = tmp_path / "seed=3"
    before = (member / "model.safetensors").stat().st_mtime_ns
    assert main(sweep) == 0
    assert (member / "model.safetensors").stat().st_mtime_ns == before
    assert "already finished" in capsys.readouterr().out


def test_a_failing_member_of_a_sweep_leaves_the_others(
    drawn: SyntheticProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = ["train", str(drawn.root), f"output={tmp_path}", *SMALL]
    assert main([*sweep, "-m", "model.head_options.stride=16,4"]) == 1
    assert len(list(tmp_path.rglob("model.safetensors"))) == 1
    assert "stride" in capsys.readouterr().err


def test_a_folder_may_have_letters_of_any_language(drawn: SyntheticProject, tmp_path: Path) -> None:
    assert train(drawn, tmp_path / "Mäuse ß", "training.epochs=1").exists()
    assert (tmp_path / "Mäuse ß" / "model.safetensors").exists()


def test_an_interrupted_run_says_so_in_its_exit_status(
    drawn: SyntheticProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Run(tmp_path / "run", interrupted=True, epochs=1)
    monkeypatch.setattr("pose_core.training.fit.train", lambda options, plugins: stopped)
    assert main(["train", str(drawn.root), f"output={tmp_path / 'run'}", *SMALL]) == 130


@pytest.mark.parametrize(
    "wrong", ["training.epochs=abc", "losses.temporl={}", "trainer.precision=foo", "data.size=64"]
)
def test_a_refused_run_leaves_no_folder(
    drawn: SyntheticProject, tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(drawn.root), f"output={tmp_path / 'run'}", *SMALL, wrong]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
