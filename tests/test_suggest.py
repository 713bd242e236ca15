"""`pose suggest` from the command line, on small projects of both tools."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from pose_core.cli import main
from pose_core.files import open_project, write_predictions
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.suggestions.record import read_rows
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter

LENGTH, NAMES = 60, ("nose", "tail")
GLITCHES = (13, 31, 47)
HEAD = "bodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
ROWS = "labeled-data/v/img05.png,20,20,30,20\n"
SETS = "video_sets:\n  /x/v.mp4:\n    crop: 0, 64, 0, 48\n"
CONFIG = f"Task: t\nscorer: a\n{SETS}bodyparts: [nose, tail]\n"


@pytest.fixture(scope="module")
def plugins():
    return Plugins().load()


@pytest.fixture(params=["deeplabcut", "lightning_pose"])
def project(request, tmp_path):
    root = tmp_path / "project"
    (root / "labeled-data" / "v").mkdir(parents=True)
    Image.new("RGB", (64, 48)).save(root / "labeled-data" / "v" / "img05.png")
    if request.param == "deeplabcut":
        (root / "config.yaml").write_text(CONFIG)
        labels = root / "labeled-data" / "v" / "CollectedData_a.csv"
    else:
        labels = root / "CollectedData.csv"
    labels.write_text(f"scorer,a,a,a,a\n{HEAD}{ROWS}")
    (root / "videos").mkdir()
    with VideoWriter(root / "videos" / "v.mp4", 30) as writer:
        for number in range(LENGTH):
            image = np.full((48, 64, 3), 60, np.uint8)
            image[10:30, number // 2 : number // 2 + 20] = 200
            writer.write(image)
    return root


@pytest.fixture
def tables(tmp_path, plugins):
    """Predictions that follow the square, but for some frames."""
    points = np.zeros((LENGTH, 2, 2))
    points[..., 0] = np.arange(LENGTH)[:, None] / 2 + (0, 20)
    points[..., 1] = 20
    confidence = np.full((LENGTH, 2), 0.95)
    for number in GLITCHES:
        points[number, 1] = (60, 45)
        confidence[number, 1] = 0.2
    write_predictions(
        tmp_path / "tables" / "net" / "v.csv",
        Predictions(points, confidence, Skeleton(NAMES), scorer="net"),
        plugins,
    )
    return tmp_path / "tables" / "net"


def suggest(*arguments):
    return main(["suggest", *map(str, arguments)])


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_frames_in_doubt_are_added_as_they_are_in_the_video(project, tables, plugins, capsys):
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 5) == 0
    rows = read_rows(project)
    assert sorted(int(row.frame) for row in rows) == list(GLITCHES)
    assert all("tail" in row.reason for row in rows)
    reader, _ = choose(plugins)
    for row in rows:
        (clip,) = reader.read(project / "videos" / "v.mp4", [[int(row.frame)]], None, "cpu")
        np.testing.assert_array_equal(np.asarray(Image.open(project / row.image)), clip.images[0])
    told = capsys.readouterr().out
    assert "3 frames added in" in told
    assert told.splitlines()[-1].startswith("next: open ")


def test_what_is_predicted_waits_to_be_corrected_and_is_no_label(project, tables, plugins):
    before = open_project(project, plugins).labels
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 5) == 0
    after = open_project(project, plugins).labels
    assert after.frames == before.frames
    np.testing.assert_array_equal(after.keypoints, before.keypoints)
    queue, machine = project / "CollectedData.unlabeled.jsonl", project / "labeled-data" / "v"
    if queue.exists():
        entry = json.loads(queue.read_text().splitlines()[0])
        assert entry["predictions"]["predictions"][1] == {"keypoint_name": "tail", "x": 60, "y": 45}
    else:
        table = (machine / "machinelabels.csv").read_text().splitlines()
        assert table[3].startswith("labeled-data,v,img13.png,6.5,20")
        assert (machine / "machinelabels-iter0.h5").exists()


def test_the_predictions_of_a_sweep_are_found(project, tables, tmp_path):
    """As `pose predict SWEEP VIDEO` leaves them: beside the runs, a folder for each video."""
    sweep = tmp_path / "sweep"
    shutil.copytree(tables, sweep / "predictions" / "v")
    (table,) = (sweep / "predictions" / "v").glob("*.csv")
    table.rename(table.with_stem("seed=0"))
    finished_run(sweep / "seed=0")
    assert suggest(project, "--runs", sweep, "--frames", 3, "--gap", 5) == 0
    assert sorted(int(row.frame) for row in read_rows(project)) == list(GLITCHES)


def finished_run(folder):
    """Make what is read of a run beside its predictions."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("model: {}\ndata: {}\n")
    (folder / "skeleton.json").write_text(json.dumps(Skeleton(NAMES).to_dict()))
    (folder / "status.json").write_text('{"finished": true}')
    (folder / "model.safetensors").touch()


def test_frames_are_not_suggested_twice_even_if_their_image_was_removed(project, tables):
    arguments = (project, "--predictions", tables, "--frames", 2, "--gap", 1, "--seed", 1)
    assert suggest(*arguments) == 0
    first = read_rows(project)
    (project / first[0].image).unlink()
    assert suggest(*arguments) == 0
    second = read_rows(project)[len(first) :]
    assert second
    assert not {row.frame for row in first} & {row.frame for row in second}
    assert read_rows(project)[: len(first)] == first


def test_a_dry_run_writes_nothing(project, tables, capsys):
    before = contents(project)
    assert suggest(project, "--predictions", tables, "--dry-run") == 0
    assert contents(project) == before
    assert "nothing is written" in capsys.readouterr().out


def test_a_dry_run_refuses_what_could_not_be_written(project, tmp_path, plugins, capsys):
    table = tmp_path / "others" / "v.csv"
    points = np.full((LENGTH, 2, 2), 20.0)
    points[GLITCHES, 1] = (60, 45)
    other = Predictions(points, np.full((LENGTH, 2), 0.3), Skeleton(("nose", "ear")), scorer="net")
    write_predictions(table, other, plugins)
    told = []
    for further in ((), ("--dry-run",)):
        assert suggest(project, "--predictions", table.parent, *further) == 1
        told.append(capsys.readouterr().err.strip().splitlines()[-1])
    assert told[0] == told[1]
    assert "'ear'" in told[0]


def test_without_predictions_frames_that_move_are_added(project):
    assert suggest(project, "--frames", 4, "--gap", 3) == 0
    rows = read_rows(project)
    assert [row.method for row in rows] == ["motion"] * 4
    assert not list(project.rglob("machinelabels*"))


def test_a_project_without_labels_can_be_begun(tmp_path, project):
    for file in project.rglob("CollectedData*"):
        file.unlink()
    if not (project / "config.yaml").exists():
        (project / "project.yaml").write_text("keypoint_names: [nose, tail]\nview_names: []\n")
    assert suggest(project, "--frames", 2) == 0
    assert len(read_rows(project)) == 2


def test_a_project_that_cannot_take_them_is_left_untouched(project, tables, monkeypatch, capsys):
    from pose_core.suggestions import adding

    def full(source, target):
        raise OSError(28, "No space left on device", str(target))

    before = contents(project)
    monkeypatch.setattr(adding.os, "replace", full)
    assert suggest(project, "--predictions", tables, "--frames", 3) == 1
    assert "free some space" in capsys.readouterr().err
    assert contents(project) == before


def test_what_is_wrong_is_said_in_one_line(project, tables, tmp_path, capsys):
    (tables / "w.csv").write_bytes((tables / "v.csv").read_bytes())
    (project / "videos" / "v.mp4").rename(tmp_path / "other.mp4")
    cases = [
        ((project,), "has no videos; name some"),
        ((project, "gone.mp4"), "gone.mp4: is not there"),
        ((project, "--predictions", tables), "no video is left to choose frames from"),
        ((project, "--method", "violations"), "name --runs or --predictions"),
        ((project, "--frames", "0"), "--frames: 0 is below 1"),
        ((project, "--predictions", tmp_path / "none"), "none: is no folder"),
        ((tmp_path / "none",), "no such file or folder"),
        ((tmp_path / "other.mp4",), "is of no known format"),
    ]
    for arguments, message in cases:
        assert suggest(*arguments) == 1
        told = capsys.readouterr().err
        assert message in told, told
        assert "Traceback" not in told


def test_predictions_of_another_length_are_said_and_the_rest_goes_on(
    project, tables, tmp_path, plugins, capsys
):
    with VideoWriter(project / "videos" / "w.mp4", 30) as writer:
        for _ in range(20):
            writer.write(np.full((48, 64, 3), 60, np.uint8))
    (tables / "w.csv").write_bytes((tables / "v.csv").read_bytes())
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 5) == 0
    assert "w.mp4: has 20 frames, its predictions 60; it is left out" in capsys.readouterr().err
    assert {row.video for row in read_rows(project)} == {"v.mp4"}


def test_fewer_frames_than_asked_for_are_said(project, capsys):
    assert suggest(project, "--frames", 50, "--gap", 20, "--method", "random") == 0
    assert "frames found of 50 asked for" in capsys.readouterr().err


def test_predictions_of_other_keypoints_are_refused_before_a_choice_is_shown(
    project, tmp_path, plugins, capsys
):
    points = np.random.default_rng(0).uniform(0, 40, (LENGTH, 1, 2))
    table = Predictions(points, np.full((LENGTH, 1), 0.9), Skeleton(("nose",)), scorer="net")
    write_predictions(tmp_path / "less" / "v.csv", table, plugins)
    before = contents(project)
    assert suggest(project, "--predictions", tmp_path / "less", "--frames", 3) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "tail" in told.err
    assert contents(project) == before
