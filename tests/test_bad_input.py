"""Bad input: one clear line on stderr and a non-zero exit, through the real `pose` command.

Projects are written here as DeepLabCut or Lightning Pose have them; each case spoils one thing.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pose_core.predict", reason="needs pose-core with torch")
pytest.importorskip("pose_io_dlc", reason="projects come through pose-io-dlc")

import torch

from pose_core import Skeleton, cli
from pose_core.model.folder import write_config
from pose_core.model.network import build_network
from pose_core.model.options import ModelOptions
from pose_core.model.weights import save_model
from pose_core.plugins import Plugins
from pose_core.run_folder import WEIGHTS
from pose_core.video.writing import VideoWriter

HEADER = ("scorer,s,s,s,s", "bodyparts,nose,nose,tail,tail", "coords,x,y,x,y")
QUICK = (
    "data.size=[32,32]",
    "data.batch_size=2",
    "model.backbone=resnet10t",
    "model.pretrained=false",
    "training.epochs=1",
)
Rows = Callable[[list[str]], list[str]]


@pytest.fixture
def pose(capsys, monkeypatch, tmp_path):
    """Run `pose` in a folder of its own; give exit status, output and errors without bars."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pose"])

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        lines = printed.err.replace("\r", "\n").splitlines()
        return status, printed.out, "\n".join(x for x in lines if x.strip() and "%|" not in x)

    return run


@pytest.fixture
def refused(pose):
    """Run `pose` and check that it refuses in one line that says something."""

    def run(said: str | Sequence[str], *arguments: object) -> str:
        status, _, error = pose(*arguments)
        assert status != 0
        assert error.startswith("pose"), error
        assert "\n" not in error, error
        for part in [said] if isinstance(said, str) else said:
            assert part in error
        return error

    return run


@pytest.fixture
def project(tmp_path):
    """Write a Lightning Pose project of six frames, its table as a case wants it."""

    def write(name: str = "mouse", header: Sequence[str] = HEADER, rows: Rows = list) -> Path:
        root = tmp_path / name
        (root / "labeled-data" / "v").mkdir(parents=True)
        (root / "videos").mkdir()
        lines = []
        for number in range(6):
            frame = f"labeled-data/v/img{number:03d}.png"
            Image.new("RGB", (64, 48), (number * 9, 20, 30)).save(root / frame)
            lines.append(f"{frame},{number + 1}.5,2.0,30.0,{number + 20}.25")
        table = "\n".join([*header, *rows(lines)]) + "\n"
        (root / "CollectedData.csv").write_text(table)
        return root

    return write


@pytest.fixture(scope="session")
def shared_model(tmp_path_factory) -> Path:
    """A network with random weights for `nose` and `tail`."""
    folder = tmp_path_factory.mktemp("models") / "model"
    folder.mkdir()
    options = ModelOptions(backbone="resnet10t", pretrained=False)
    skeleton = Skeleton(("nose", "tail"))
    write_config(folder, {"model": asdict(options), "data": {"size": [32, 32]}}, skeleton)
    torch.manual_seed(0)
    save_model(build_network(options, 2, Plugins().load()), folder / WEIGHTS)
    return folder


@pytest.fixture
def model(shared_model, tmp_path) -> Path:
    return Path(shutil.copytree(shared_model, tmp_path / "model"))


@pytest.fixture
def video(tmp_path) -> Path:
    path = tmp_path / "film.mp4"
    with VideoWriter(path, fps=25) as film:
        for number in range(40):
            noise = np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
            film.write(noise)
    return path


def train(project: Path, *more: str) -> tuple[object, ...]:
    return ("train", project, *QUICK, f"output={project.parent}/run", *more)


# projects


def test_a_project_that_is_missing_unknown_or_of_two_formats(refused, project, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("no project")
    refused("gone: no such file or folder", *train(tmp_path / "gone"))
    formats = ("known: deeplabcut (config.yaml", "lightning_pose (CollectedData*.csv)")
    refused(("notes: is of no known format", *formats), *train(tmp_path / "notes"))
    two = project()
    folder = two / "labeled-data" / "v"
    (two / "config.yaml").write_text(
        "Task: t\nscorer: s\nbodyparts: [nose, tail]\nvideo_sets: {}\n"
    )
    shutil.copy(two / "CollectedData.csv", folder / "CollectedData_s.csv")
    refused(["can be opened as deeplabcut or lightning_pose", "format="], *train(two))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER[:2], "row 3 begins with 'labeled-data/v/img000.png', not 'coords'"),
        ((HEADER[0], "parts,nose,nose,tail,tail", HEADER[2]), "row 2 begins with 'parts'"),
        ((HEADER[0], HEADER[1], "coords,x,y,x"), "has 4 cells where row 1 has 5; mend the header"),
        ((HEADER[0], HEADER[1], "coords,x,y,x,"), "column 5 has no coords; mend the header"),
        ((HEADER[0], HEADER[1], "coords,x,y,x,z"), "is of points in space"),
        ((HEADER[0], HEADER[1], "coords,x,y,x,visible"), "keypoint 'tail' has no column 'y'"),
        (
            tuple(row.rpartition(",")[0] for row in HEADER),
            "row 4 has 5 cells where the header has 4",
        ),
        (
            tuple(",".join(row.split(",")[:3]) for row in HEADER),
            "has 5 cells where the header has 3",
        ),
    ],
)
def test_a_malformed_header(refused, project, header, said):
    refused([said, "CollectedData.csv"], *train(project(header=header)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (lambda rows: [*rows, rows[-1].replace("30.0", "31.0")], "is labeled twice"),
        (
            lambda rows: [*rows, "labeled-data/v/img999.png,1,2,3,4"],
            "1 of 7 labeled images are missing",
        ),
        (lambda rows: [], "no point is labeled"),
        (lambda rows: [f"{row.split(',')[0]},,,," for row in rows], "no point is labeled"),
        (
            lambda rows: [*rows[:5], rows[5].replace("30.0", "three")],
            "row 9: 'three' is not a number",
        ),
        (lambda rows: [*rows[:5], rows[5] + ",7"], "row 9 has 6 cells where the header has 5"),
    ],
)
def test_rows_that_cannot_be_used(refused, project, rows, said):
    refused(said, *train(project(rows=rows)))


def test_a_keypoint_that_one_file_of_several_lacks(refused, tmp_path):
    root = tmp_path / "dlc"
    config = "Task: t\nscorer: s\nbodyparts: [nose, tail]\nvideo_sets: {}\n"
    for folder, columns in (("one", 5), ("two", 3)):
        there = root / "labeled-data" / folder
        there.mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(there / "img0.png")
        rows = [*HEADER, f"labeled-data/{folder}/img0.png,1,2,3,4"]
        text = "\n".join(",".join(row.split(",")[:columns]) for row in rows)
        (there / "CollectedData_s.csv").write_text(text + "\n")
    (root / "config.yaml").write_text(config)
    refused(["two", "has no keypoint 'tail', which", "one"], *train(root))


@pytest.mark.parametrize("kept", [0, 60])
def test_an_image_that_cannot_be_read(refused, project, kept):
    root = project()
    image = root / "labeled-data" / "v" / "img002.png"
    image.write_bytes(image.read_bytes()[:kept])
    refused(["img002.png: cannot be read as an image", "replace it"], *train(root))


def test_a_label_outside_its_image_is_a_warning_with_the_count(pose, project):
    root = project(rows=lambda rows: [*rows[:4], *(row.replace("30.0", "300") for row in rows[4:])])
    status, out, _ = pose(*train(root))
    assert status == 0
    assert "warning: " in out
    assert "2 labels" in out
    assert "taken as missing" in out


# options of training


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("model.backbone=resnet81", "unknown backbone 'resnet81'; did you mean 'resnet18'?"),
        ("losses.tempral.weight=1", "unknown loss 'tempral'"),
        ("losses.heatmap_mse.wieght=1", "'wieght'"),
        ("training.epoch=5", "unknown option 'training.epoch'; did you mean 'training.epochs'?"),
        ("training.epochs=five", "'five' is not a whole number"),
        ("epochs", "'epochs' is not KEY=VALUE"),
        ("model.head=heatmapp", "unknown head 'heatmapp'; did you mean 'heatmap'?"),
        ("trainer.device=2", "unknown option 'device'; did you mean 'devices'?"),
        ("model.pretrained=/gone.pt", "model.pretrained: no file '/gone.pt'"),
        ("split=/gone.csv", "split=/gone.csv: no such file"),
        ("data.test=0.85", "too few to keep 1 for validation"),
        ("format=deeplabct", "unknown format 'deeplabct'; did you mean 'deeplabcut'?"),
        ("data.size=[33,33]", "33 x 33 is not in steps of 32"),
    ],
)
def test_an_option_that_cannot_be(refused, project, option, said):
    refused(said, *train(project(), option))


def test_an_empty_validation_set(refused, project, tmp_path):
    rows = "".join(f"labeled-data/v/img{number:03d}.png,train\n" for number in range(6))
    (tmp_path / "split.csv").write_text("frame,set\n" + rows)
    said = "no frame in the set 'validation'; add some, or set data.validation=0"
    refused(said, *train(project(), f"split={tmp_path}/split.csv"))


def test_weights_that_cannot_be_fetched(refused, project, monkeypatch):
    monkeypatch.setattr("pose_core.model.backbones.is_reachable", lambda *given: False)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given: None)
    said = ["cannot be fetched", "model.pretrained=PATH", "model.pretrained=false"]
    refused(said, *train(project(), "model.backbone=resnet18", "model.pretrained=true"))


def test_an_output_of_training_that_cannot_be_written(refused, project, tmp_path):
    (tmp_path / "file").write_text("")
    refused(f"{tmp_path}/file", *train(project(), f"output={tmp_path}/file/run"))


# videos and models


def test_a_video_that_is_missing_empty_no_video_or_audio(refused, model, tmp_path):
    refused("gone.mp4: no such file or folder", "predict", model, tmp_path / "gone.mp4")
    for name, content, said in (
        ("empty.mp4", b"", "is empty (0 bytes)"),
        ("text.mp4", b"hello" * 100, "cannot be read as a video"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(f"{name}: {said}", "predict", model, tmp_path / name)
    refused("sound.wav: has no video, only audio", "predict", model, sound(tmp_path / "sound.wav"))
    assert not list((tmp_path / "model" / "predictions").glob("*"))


def sound(path: Path) -> Path:
    """Write half a second of silence."""
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    return path


def test_a_truncated_video_keeps_its_part_under_its_own_name(pose, model, video, tmp_path):
    import av

    with (
        av.open(str(video)) as source,
        av.open(str(tmp_path / "cut.mp4"), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    cut = tmp_path / "cut.mp4"
    content = cut.read_bytes()
    cut.write_bytes(content[: len(content) * 2 // 3])
    status, _, error = pose("predict", model, cut)
    table = model / "predictions" / "cut.incomplete.csv"
    assert status == 1
    rows = len(table.read_text().splitlines()) - 3
    assert 20 <= rows < 40
    missing = next(part for part in error.split() if part.isdecimal())
    assert 40 - rows <= int(missing) <= 40 - rows + 2  # a frame that was cut in two is no frame
    assert f"cut.mp4: {missing} of 40 frames are missing or cannot be decoded" in error
    assert str(table) in error
    assert not (model / "predictions" / "cut.csv").exists()


@pytest.mark.parametrize("name", ["config.yaml", "skeleton.json", "model.safetensors"])
def test_an_incomplete_model(refused, model, video, name):
    (model / name).unlink()
    refused(f"model: is no complete model, it has no {name}", "predict", model, video)
    refused(name, "evaluate", model)


def test_a_model_of_other_keypoints_than_the_project(refused, model, project):
    header = (HEADER[0], "bodyparts,nose,nose,ear,ear", HEADER[2])
    root = project(header=header)
    refused(["other keypoints", "'ear'"], "predict", model, root)
    refused(["other keypoints", "'ear'"], "evaluate", model, "--project", root)


def test_an_output_that_cannot_be_written(refused, model, video, tmp_path):
    (tmp_path / "file").write_text("")
    said = "is not a folder that can be written; choose another"
    refused(said, "predict", model, video, "--output", tmp_path / "file")
    refused(said, "predict", model, video, "--output", tmp_path / "file" / "below")


def test_a_disk_that_is_full(refused, model, video, monkeypatch):
    full = Mock(side_effect=OSError(28, os.strerror(28)))
    monkeypatch.setattr(os, "replace", full)
    refused("disk full; free some space", "predict", model, video)
    assert not (model / "predictions" / "film.csv").exists()


def test_no_memory(refused, model, video, monkeypatch):
    full = Mock(side_effect=RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"))
    monkeypatch.setattr("pose_core.predict.videos.decoded_points", full)
    said = "out of memory with batches of 16; set a smaller --batch-size"
    refused(said, "predict", model, video, "--batch-size", 16)


def test_a_device_that_is_not_there(refused, model, video):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    refused("--device: 'cuda' cannot be used here", "predict", model, video, "--device", "cuda")


def test_tables_that_cannot_be_smoothed_together(refused, pose, model, video, project, tmp_path):
    assert pose("predict", model, video)[0] == 0
    table = model / "predictions" / "film.csv"
    lines = table.read_text().splitlines()
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(lines[:-5]) + "\n")
    given = ("--smoother", "eks_singlecam", "--output", tmp_path / "smoothed.csv")
    pytest.importorskip("pose_eks", reason="the smoother comes from pose-eks")
    refused("fewer.csv: has 35 rows, not the 40 of", "smooth", table, fewer, *given)
    other = tmp_path / "other.csv"
    other.write_text(table.read_text().replace("tail", "ear"))
    refused("other.csv: has other keypoints than", "smooth", table, other, *given)
    refused("has no 'likelihood' column", "smooth", project() / "CollectedData.csv", *given)
    assert pose("smooth", table.parent, *given)[0] == 0


def test_h5_holds_what_csv_holds(pose, model, video):
    from pose_io_dlc import read_predictions

    pytest.importorskip("tables", reason="H5 needs pose-io-dlc[h5]")
    assert pose("predict", model, video)[0] == 0
    assert pose("predict", model, video, "--suffix", ".h5")[0] == 0
    tables = [
        read_predictions(model / "predictions" / f"film{suffix}") for suffix in (".csv", ".h5")
    ]
    np.testing.assert_allclose(tables[0].keypoints, tables[1].keypoints, atol=1e-3)
    assert len(tables[1].keypoints) == 40
