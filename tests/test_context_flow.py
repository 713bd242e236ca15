"""The temporal context head in everything that the baseline does, by the `pose` command."""

import csv
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import pose_io_dlc
from pose_core.cli import main
from pose_core.model.network import BackboneHead
from pose_core.synthetic import SyntheticProject, write_project
from pose_core.training.module import PoseModule

FRAMES = 20
TINY = [
    "model.head=context",
    "model.head_options.offsets=[-4,-1,0,1,4]",
    "model.backbone=resnet10t",
    "model.backbone_options.level=-3",
    "model.pretrained=false",
    "data.size=[64,64]",
    "data.batch_size=6",
    "training.epochs=2",
    "training.check_every=1",
    "training.checkpoint_seconds=0",
]
SEMI = [
    "losses={temporal: {epsilon: 1.0}}",
    "losses.pca_multiview={}",
    "unlabeled.length=6",
    "unlabeled.begin=0",
    "unlabeled.full=0",
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> SyntheticProject:
    folder = tmp_path_factory.mktemp("drawn")
    return write_project(
        folder, sessions=3, frames_per_video=FRAMES, labels_per_video=6, size=(96, 96)
    )


@pytest.fixture(scope="module")
def trained(drawn: SyntheticProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model trained with unlabeled clips, and what was said."""
    output = tmp_path_factory.mktemp("trained") / "model"
    said = StringIO()
    with redirect_stdout(said):
        assert main(["train", str(drawn.root), f"output={output}", *TINY, *SEMI]) == 0
    return output, said.getvalue()


def read_table(path: Path) -> np.ndarray:
    table = pose_io_dlc.read_predictions(path)
    return np.concatenate([table.keypoints, table.confidence[..., None]], axis=-1)


def test_neighbours_of_labeled_frames_come_from_the_videos_and_are_counted(
    trained: tuple[Path, str],
) -> None:
    (line,) = [line for line in trained[1].splitlines() if line.startswith("context:")]
    assert "all 4 neighbours" in line
    assert ", 0 none (" in line
    assert " 0 in videos" not in line


def test_unsupervised_losses_are_trained(trained: tuple[Path, str]) -> None:
    rows = list(csv.DictReader((trained[0] / "metrics.csv").read_text().splitlines()))
    for name in ("train_temporal", "train_pca_multiview"):
        assert np.isfinite([float(row[name]) for row in rows]).all()


def test_labeled_frames_are_predicted_as_they_are_in_their_video(
    drawn: SyntheticProject, trained: tuple[Path, str]
) -> None:
    model, _ = trained
    assert main(["evaluate", str(model)]) == 0
    video = drawn.videos[0]
    assert main(["predict", str(model), str(video), "--overwrite"]) == 0
    streamed = read_table(model / "predictions" / f"{video.stem}.csv")
    lines = list(csv.reader((model / "predictions.csv").read_text().splitlines()))[3:]
    rows = {line[0]: np.array(line[1:-1], float).reshape(-1, 3) for line in lines}
    found = {Path(name): row for name, row in rows.items() if Path(name).parent.name == video.stem}
    assert len(found) == 6
    numbers = [int(path.stem[3:]) for path in found]
    away = np.linalg.norm(streamed[numbers, :, :2] - np.stack([*found.values()])[..., :2], axis=-1)
    assert np.median(away) < 1.0  # the video's codec alone lies between


def test_an_ensemble_of_context_models_is_smoothed(
    drawn: SyntheticProject, trained: tuple[Path, str], tmp_path: Path
) -> None:
    video = str(drawn.held_out[0])
    other = tmp_path / "other"
    assert main(["train", str(drawn.root), f"output={other}", *TINY, "seed=1"]) == 0
    tables = []
    for number, model in enumerate((trained[0], other)):
        assert main(["predict", str(model), video, "--output", str(tmp_path / str(number))]) == 0
        tables.append(str(tmp_path / str(number) / f"{drawn.held_out[0].stem}.csv"))
    assert main(["smooth", *tables, "--output", str(tmp_path / "smoothed.csv")]) == 0
    smoothed = pose_io_dlc.read_predictions(tmp_path / "smoothed.csv")
    assert smoothed.keypoints.shape == (FRAMES, 14, 2)
    assert np.isfinite(smoothed.keypoints).all()


def test_a_folder_of_frames_is_predicted_as_the_video_it_is(
    drawn: SyntheticProject,
    trained: tuple[Path, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from pose_core.video import pyav

    folder, video = tmp_path / "frames", drawn.held_out[0]
    folder.mkdir()
    for clip in pyav.read(video, [range(FRAMES)]):
        for number, image in enumerate(clip.images):
            Image.fromarray(image).save(folder / f"img{number}.png")
    for path in (folder, video):
        assert main(["predict", str(trained[0]), str(path), "--output", str(tmp_path)]) == 0
    assert "20 images are 1 sequences" in capsys.readouterr().out
    still, moving = read_table(tmp_path / "frames.csv"), read_table(tmp_path / f"{video.stem}.csv")
    # images are resized by another library than frames: up to a grey level apart
    assert np.median(np.linalg.norm((still - moving)[..., :2], axis=-1)) < 0.5


def test_images_that_do_not_follow_each_other_are_predicted_alone(
    drawn: SyntheticProject,
    trained: tuple[Path, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "stills"
    folder.mkdir()
    for place, image in enumerate(sorted(drawn.root.rglob("*.png"))[:2]):
        shutil.copy(image, folder / f"mouse{10 * place}.png")
    assert main(["predict", str(trained[0]), str(folder), "--output", str(tmp_path)]) == 0
    assert "2 that stand alone" in capsys.readouterr().out
    assert read_table(tmp_path / "stills.csv").shape == (2, 14, 3)


def interrupting(after: int) -> Callable[..., Any]:
    """Give a training step that is stopped by hand after some steps."""
    steps, original = iter(range(10_000)), PoseModule.training_step

    def step(self: PoseModule, batch: Any, number: int) -> Any:
        if next(steps) == after:
            raise KeyboardInterrupt
        return original(self, batch, number)

    return step


def test_a_run_that_was_stopped_goes_on_and_ends_bit_equal(
    drawn: SyntheticProject,
    trained: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from safetensors.torch import load_file

    stopped = ["train", str(drawn.root), f"output={tmp_path / 'run'}", *TINY, *SEMI]
    monkeypatch.setattr(PoseModule, "training_step", interrupting(3))
    assert main(stopped) == 130
    monkeypatch.undo()
    assert main([*stopped, "resume=true"]) == 0
    one, other = (load_file(run / "model.safetensors") for run in (trained[0], tmp_path / "run"))
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each call of the backbone got."""
    counts: list[int] = []
    original = BackboneHead.encode

    def counting(self: BackboneHead, images: torch.Tensor) -> torch.Tensor:
        counts.append(len(images))
        return original(self, images)

    monkeypatch.setattr(BackboneHead, "encode", counting)
    return counts


def test_a_video_runs_the_backbone_once_per_frame(
    drawn: SyntheticProject, trained: tuple[Path, str], tmp_path: Path, encoded: list[int]
) -> None:
    tables = []
    for batch in ("1", "7", "64"):
        encoded.clear()
        output = tmp_path / batch
        arguments = ["predict", str(trained[0]), str(drawn.held_out[0]), "--output", str(output)]
        assert main([*arguments, "--batch-size", batch]) == 0
        assert sum(encoded) == FRAMES
        tables.append(read_table(output / f"{drawn.held_out[0].stem}.csv"))
    assert tables[0].shape == (FRAMES, 14, 3)
    np.testing.assert_allclose(tables[1], tables[0], atol=1e-3)  # tables have three digits
    np.testing.assert_allclose(tables[2], tables[0], atol=1e-3)
