"""Two cameras with files of their own, from `pose train` to smoothed tables.

The synthetic animal's picture has two views; cut apart they are a Lightning Pose project of two
cameras.
"""

import csv
import io
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pose_io_dlc
from pose_core.cli import main
from pose_core.plugins import Plugins
from pose_core.synthetic import write_project
from pose_core.synthetic.body import POINTS, VIEWS
from pose_core.synthetic.session import draw_sessions
from pose_core.synthetic.stage import camera_of
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter
from pose_eks.__main__ import main as pose_eks

FRAMES, LABELED = 24, 10
TRAIN = [
    "model.backbone=resnet10t",
    "model.backbone_options.level=-3",
    "model.pretrained=false",
    "data.size=[64,64]",
    "data.batch_size=8",
    "data.test=0.2",
    "training.epochs=2",
    "training.check_every=1",
    "losses={temporal: {epsilon: 1.0}}",
    "losses.pca_multiview={}",
    "losses.pca_singleview={}",
    "losses.unimodal={}",
    "unlabeled.length=6",
    "unlabeled.begin=0",
    "unlabeled.full=0",
]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Lightning Pose project of two cameras, two sessions and one image that is not labeled."""
    folder = tmp_path_factory.mktemp("rig")
    drawn = write_project(
        folder / "mirrored", sessions=2, frames_per_video=FRAMES, labels_per_video=LABELED,
        size=(96, 96), hold_out=0,
    )  # fmt: skip
    split = camera_of(drawn.sessions[0]).split
    reader, _ = choose(Plugins().load(), "pyav")
    labels = pose_io_dlc.read_labels(drawn.root / "CollectedData.csv")
    root = folder / "rig"
    (root / "videos").mkdir(parents=True)
    (root / "project.yaml").write_text(f"view_names: [{', '.join(VIEWS)}]\n")
    for place, view in enumerate(VIEWS):
        rows = slice(0, split) if view == "top" else slice(split, None)
        for video in drawn.videos:
            (clip,) = reader.read(video, [range(FRAMES)], None, "cpu")
            with VideoWriter(root / "videos" / f"{video.stem}_{view}.mp4", 60) as writer:
                for image in clip.images[:, rows]:
                    writer.write(np.ascontiguousarray(image))
        names = [name.replace("/img", f"_{view}/img") for name in labels.frames]
        for old, new in zip(labels.frames, names, strict=True):
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.array(Image.open(drawn.root / old))[rows]).save(root / new)
        own = [labels.names.index(f"{point}_{view}") for point in POINTS]
        points = labels.keypoints[:, own] - [0, rows.start or 0]
        kept = slice(place, None)  # the first instant was not labeled in the second view
        table = pose_io_dlc.LabelTable(
            tuple(names[kept]), POINTS, points[kept], labels.visibility[kept][:, own]
        )
        pose_io_dlc.write_labels(root / f"CollectedData_{view}.csv", table, 1)
    return root


@pytest.fixture(scope="module")
def trained(rig: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a model, and what its training said."""
    folder, said = tmp_path_factory.mktemp("trained") / "model", io.StringIO()
    with redirect_stdout(said):
        assert main(["train", str(rig), f"output={folder}", *TRAIN]) == 0
    return folder, said.getvalue()


def test_training_says_what_there_is_of_each_view(trained: tuple[Path, str]) -> None:
    _, said = trained
    assert (
        "views in files of their own: top (20 frames, 0 missing), bot (19 frames, 1 missing); "
        "instants: 20, sessions of videos: 2"
    ) in said
    assert "images of 40 x 96, 56 x 96" in said
    assert "losses.pca_multiview" in said and "points in 2 views" in said


def test_the_losses_of_all_views_are_numbers(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    names = [f"train_{name}" for name in ("temporal", "pca_multiview", "pca_singleview")]
    assert all(np.isfinite(float(row[name])) for row in rows for name in names)


def test_the_views_of_an_instant_are_in_one_set(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    rows = csv.DictReader((folder / "split.csv").read_text().splitlines())
    sets: dict[str, set[str]] = {}
    for row in rows:
        sets.setdefault(row["frame"].replace("_top", "").replace("_bot", ""), set()).add(row["set"])
    assert len(sets) == 20
    assert {len(found) for found in sets.values()} == {1}


def test_errors_and_labeled_frames_are_told_per_view(trained: tuple[Path, str]) -> None:
    folder, said = trained
    assert "pixel error in top" in said and "pixel error in bot" in said
    rows = list(csv.DictReader((folder / "evaluation.csv").read_text().splitlines()))
    assert {row["view"] for row in rows} == {"", "top", "bot"}
    counts = {
        view: sum(int(r["labels"]) for r in rows if r["keypoint"] == "all" and r["view"] == view)
        for view in ("", "top", "bot")
    }
    assert counts[""] == counts["top"] + counts["bot"] > 0
    for view, count in (("top", 20), ("bot", 19)):
        lines = (folder / f"predictions_{view}.csv").read_text().splitlines()
        assert len(lines) == 3 + count
        assert all(f"_{view}/img" in line for line in lines[3:])


def test_each_video_has_a_table_of_its_name_by_which_cameras_are_found(
    rig: Path, trained: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = trained
    videos = sorted((rig / "videos").glob("session1_*.mp4"))
    for member in ("rng0", "rng1"):
        given = ["predict", str(folder), *map(str, videos), "--output", str(tmp_path / member)]
        assert main(given) == 0
    tables = sorted(tmp_path.glob("rng*/*.csv"))
    assert [table.name for table in tables] == ["session1_bot.csv", "session1_top.csv"] * 2
    assert pose_eks(["multicam", *map(str, tables), "--output", str(tmp_path / "smoothed")]) == 0
    smoothed = [path for path in (tmp_path / "smoothed").iterdir() if path.suffix == ".csv"]
    assert {"top" in path.stem for path in smoothed} == {True, False}
    for path in smoothed:
        assert pose_io_dlc.read_predictions(path).keypoints.shape == (FRAMES, len(POINTS), 2)


def test_cameras_are_smoothed_together_as_by_pose_eks(
    rig: Path,
    trained: tuple[Path, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    videos = sorted((rig / "videos").glob("session1_*.mp4"))
    for name in ("rng0", "rng1"):
        run = shutil.copytree(trained[0], tmp_path / "sweep" / name)
        shift_weights(run / "model.safetensors", 0.02 * (name == "rng1"))
    assert main(["predict", str(tmp_path / "sweep"), *map(str, videos), "--smooth"]) == 0
    assert "2 members, 24 frames, smoothed by eks_mirrored of 2 views" in capsys.readouterr().out
    tables = [
        shutil.copy(path, tmp_path / f"{path.parent.name}_{path.name}")
        for path in (tmp_path / "sweep" / "predictions").glob("session1_*/*.csv")
    ]
    assert pose_eks(["multicam", *map(str, tables), "--output", str(tmp_path / "eks")]) == 0
    for view in VIEWS:
        (other,) = (path for path in (tmp_path / "eks").glob("*.csv") if view in path.stem)
        expected = pose_io_dlc.read_predictions(other).keypoints
        path = tmp_path / "sweep" / "predictions" / "smoothed" / f"session1_{view}.csv"
        found = pose_io_dlc.read_predictions(path)
        assert found.names == POINTS
        np.testing.assert_allclose(found.keypoints, expected, atol=1e-3)


def shift_weights(path: Path, by: float) -> None:
    """Make another network of one: a little of each weight is moved."""
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    moved = {n: one * (1 + by) if one.is_floating_point() else one for n, one in weights.items()}
    save_file(moved, path)


def test_the_labeled_frames_of_each_view_have_a_table(
    rig: Path, trained: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = trained
    assert main(["predict", str(folder), str(rig), "--output", str(tmp_path)]) == 0
    counts = {
        path.name: len(pose_io_dlc.read_predictions(path).frames) for path in tmp_path.glob("*.csv")
    }
    assert counts == {"rig.csv": 39, "rig_top.csv": 20, "rig_bot.csv": 19}


def test_hidden_points_of_one_view_are_told_by_the_other(
    rig: Path, trained: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the points of a view are gone in each frame: in the other view they are seen."""
    folder, _ = trained
    model = tmp_path / "model"
    shutil.copytree(folder, model)
    rng = np.random.default_rng(0)
    truth = np.load(rig.parent / "mirrored" / "truth" / "session1.npz")
    names = truth["names"].tolist()
    predict = [
        "predict",
        str(model),
        *map(str, (rig / "videos").glob("session1_*.mp4")),
        "--repair",
    ]
    assert main(predict) == 0
    split = camera_of(draw_sessions(2, (96, 96), 0, 0)[0]).split
    hidden = rng.random((FRAMES, len(POINTS))) < 0.3
    points = {}
    for view in VIEWS:
        own = [names.index(f"{point}_{view}") for point in POINTS]
        points[view] = truth["keypoints"][:, own] - [0, 0 if view == "top" else split]
        path = model / "predictions" / f"session1_{view}.csv"
        before = pose_io_dlc.read_predictions(path)
        gone = hidden & (view == "top")
        given = (
            points[view] + rng.normal(size=points[view].shape) * np.where(gone, 15, 0.3)[..., None]
        )
        table = pose_io_dlc.PredictionTable(
            before.names, given, np.where(gone, 0.1, 0.95), scorer=before.scorer
        )
        pose_io_dlc.write_predictions(path, table)
    capsys.readouterr()
    assert main(predict) == 0
    said = capsys.readouterr().out
    assert (
        "by itself" not in said and "views of" in said and (model / "repair-views.json").is_file()
    )
    found = pose_io_dlc.read_predictions(model / "predictions" / "repaired" / "session1_top.csv")
    errors = np.linalg.norm(found.keypoints - points["top"], axis=-1)
    assert np.median(errors[hidden]) < 5


def test_frames_to_label_are_suggested_where_views_contradict_each_other(
    rig: Path, trained: tuple[Path, str], tmp_path: Path
) -> None:
    """Tables are the truth, but for a point of one view that is carried along for some frames."""
    project, model = tmp_path / "rig", tmp_path / "model"
    shutil.copytree(rig, project)
    shutil.copytree(trained[0], model)
    labeled = pose_io_dlc.survey(project).taken["session1_top"]
    wrong = next(n for n in range(2, FRAMES) if n not in labeled)
    truth = np.load(rig.parent / "mirrored" / "truth" / "session1.npz")
    names = truth["names"].tolist()
    split = camera_of(draw_sessions(2, (96, 96), 0, 0)[0]).split
    for view in VIEWS:
        own = [names.index(f"{point}_{view}") for point in POINTS]
        points = truth["keypoints"][:, own] - [0, 0 if view == "top" else split]
        if view == "bot":
            points[wrong - 1 : wrong + 2, 0, 0] += 25
        table = pose_io_dlc.PredictionTable(POINTS, points, np.full(points.shape[:2], 0.95))
        (model / "predictions").mkdir(exist_ok=True)
        pose_io_dlc.write_predictions(model / "predictions" / f"session1_{view}.csv", table)
    given = ["suggest", str(project), "--runs", str(model), "--frames", "99", "--gap", "1"]
    assert main(given) == 0
    rows = list(csv.DictReader((project / "suggestions.csv").read_text().splitlines()))
    assert [row["video"] for row in rows[:2]] == ["session1_top.mp4", "session1_bot.mp4"]
    assert abs(int(rows[0]["frame"]) - wrong) <= 1
    assert "off what the other view has" in rows[0]["reason"]
    for row in rows:
        view = Path(row["video"]).stem.removeprefix("session1_")
        assert row["image"] in (project / f"CollectedData_{view}.unlabeled.jsonl").read_text()
        height = 40 if view == "top" else 56
        assert np.asarray(Image.open(project / row["image"])).shape == (height, 96, 3)
