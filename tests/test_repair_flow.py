"""`pose predict --repair` end to end: fitted to what a training run leaves, beside plain tables."""

import csv
from pathlib import Path

import numpy as np
import pytest

import pose_io_dlc
from pose_core.cli import main
from pose_core.synthetic import SyntheticProject, write_project

TINY = [
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
    folder = tmp_path_factory.mktemp("drawn")
    return write_project(
        folder, sessions=3, frames_per_video=30, labels_per_video=24, size=(96, 96), hold_out=1
    )


@pytest.fixture(scope="module")
def model(drawn: SyntheticProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a model that finds nothing; the tests below put better predictions in its place."""
    output = tmp_path_factory.mktemp("trained") / "model"
    assert main(["train", str(drawn.root), f"output={output}", "data.validation=0.3", *TINY]) == 0
    return output


def hide(truth: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give points near the truth, of which some are hidden: far off, and not confident."""
    rng = np.random.default_rng(seed)
    hidden = rng.random(truth.shape[:-1]) < 0.2
    noise = rng.normal(size=truth.shape) * np.where(hidden, 10.0, 0.5)[..., None]
    return truth + noise, np.where(hidden, 0.2, 0.95)


def write_evaluated(model: Path, drawn: SyntheticProject) -> None:
    """Write better predictions of the labeled frames where `pose evaluate` writes its own."""
    labels = pose_io_dlc.read_labels(drawn.root / "CollectedData.csv")
    table = model / "predictions.csv"
    lines = list(csv.reader(table.read_text().splitlines()))
    rows = dict(zip(labels.frames, labels.keypoints, strict=True))
    truth = np.array([rows[line[0]] for line in lines[3:]])
    points, confidence = hide(truth, seed=1)
    values = np.concatenate([points, confidence[..., None]], axis=-1).reshape(len(truth), -1)
    for line, value in zip(lines[3:], values, strict=True):
        line[1:-1] = [f"{number:.4f}" for number in value]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(lines)


def test_predictions_are_repaired_beside_the_plain_ones(
    drawn: SyntheticProject, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = drawn.videos[0]
    predict = ["predict", str(model), str(video), "--repair"]
    assert main(predict) == 0
    plain = model / "predictions" / f"{video.stem}.csv"
    repaired = plain.parent / "repaired" / plain.name
    assert repaired.is_file() and (model / "repair.json").is_file()
    # the same once more, with predictions that are right but for hidden points
    truth = np.load(drawn.truth / f"{video.stem}.npz")["keypoints"]
    before = pose_io_dlc.read_predictions(plain)
    points, confidence = hide(truth, seed=2)
    table = pose_io_dlc.PredictionTable(before.names, points, confidence, scorer=before.scorer)
    pose_io_dlc.write_predictions(plain, table)
    write_evaluated(model, drawn)
    kept = plain.read_bytes()
    capsys.readouterr()
    assert main(predict) == 0
    said = capsys.readouterr().out
    assert "finished already" in said
    assert "points: those below confidence 0.95 (fitted on 14 validation frames" in said
    assert plain.read_bytes() == kept
    given, found = pose_io_dlc.read_predictions(plain), pose_io_dlc.read_predictions(repaired)
    chosen = found.extra["repaired"] == 1
    assert f"repaired {chosen.sum()} of {chosen.size} points" in said
    assert not chosen[confidence > 0.5].any() and chosen.mean() > 0.1
    np.testing.assert_array_equal(found.keypoints[~chosen], given.keypoints[~chosen])
    np.testing.assert_array_equal(found.confidence[~chosen], given.confidence[~chosen])
    errors = [
        np.linalg.norm(one.keypoints - truth, axis=-1)[chosen].mean() for one in (given, found)
    ]
    assert errors[1] < 0.7 * errors[0]


def test_the_smoother_takes_the_same_model_folder(
    drawn: SyntheticProject, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = drawn.held_out[0]
    assert main(["predict", str(model), str(video)]) == 0
    table, output = model / "predictions" / f"{video.stem}.csv", tmp_path / "repaired.csv"
    smooth = ["smooth", str(table), "-o", str(output), "--smoother", "pose_repair"]
    assert main([*smooth, "--set", f"model={model}", "--set", "gate=0.5"]) == 0
    assert "(gate given)" in capsys.readouterr().out
    assert "repaired" in pose_io_dlc.read_predictions(output).extra
    assert main([*smooth, "--overwrite"]) == 1
    assert "no model; give model=FOLDER" in capsys.readouterr().err


def test_what_repair_lacks_is_said_before_anything_is_predicted(
    drawn: SyntheticProject, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.yaml", "skeleton.json", "model.safetensors"):
        (bare / name).write_bytes((model / name).read_bytes())
    assert main(["predict", str(bare), str(drawn.videos[1]), "--repair"]) == 1
    said = capsys.readouterr().err
    assert "predictions.csv: no such file, and repair is fitted to it; run 'pose evaluate" in said
    assert len(said.splitlines()) == 1
    assert not (bare / "predictions").exists()
    lines = (model / "predictions.csv").read_text().splitlines(keepends=True)
    (bare / "predictions.csv").write_text("".join(lines[:9]))
    assert main(["predict", str(bare), str(drawn.videos[1]), "--repair"]) == 1
    said = capsys.readouterr().err
    assert "keypoints have 10 labels or more" in said and len(said.splitlines()) == 1
