"""`pose suggest` from the command line, on a Lightning Pose project of two cameras."""

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

VIEWS, NAMES, LENGTH = ("top", "side"), ("nose", "tail"), 40
HEAD = "scorer,a,a,a,a\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
GLITCHES = {"s_top": (13,), "s_side": (31,), "t_top": (), "t_side": (22,)}
"""Frames in which a point is far off, by video."""


@pytest.fixture(scope="module")
def plugins():
    return Plugins().load()


@pytest.fixture
def project(tmp_path):
    """Two sessions, of which the first has one labeled instant."""
    root = tmp_path / "project"
    (root / "videos").mkdir(parents=True)
    (root / "project.yaml").write_text("view_names: [top, side]\nkeypoint_names: [nose, tail]\n")
    for view in VIEWS:
        image = f"labeled-data/s_{view}/img00000005.png"
        (root / image).parent.mkdir(parents=True)
        Image.new("RGB", (64, 48)).save(root / image)
        (root / f"CollectedData_{view}.csv").write_text(f"{HEAD}{image},20,20,30,20\n")
    for video in GLITCHES:
        write_video(root / "videos" / f"{video}.mp4", LENGTH)
    return root


def write_video(path, length):
    with VideoWriter(path, 30) as writer:
        for number in range(length):
            image = np.full((48, 64, 3), 60, np.uint8)
            image[10:30, number // 2 : number // 2 + 20] = 200
            writer.write(image)


@pytest.fixture
def tables(tmp_path, plugins):
    """Predictions that follow the square, but for some frames."""
    for video, frames in GLITCHES.items():
        points = np.zeros((LENGTH, 2, 2))
        points[..., 0] = np.arange(LENGTH)[:, None] / 2 + (0, 20)
        points[..., 1] = 20 + 5 * video.endswith("side")
        points[list(frames), 1] = (60, 45)
        confidence = np.full((LENGTH, 2), 0.95)
        confidence[list(frames), 1] = 0.2
        predictions = Predictions(points, confidence, Skeleton(NAMES), scorer="net")
        write_predictions(tmp_path / "net" / f"{video}.csv", predictions, plugins)
    return tmp_path / "net"


def suggest(*arguments):
    return main(["suggest", *map(str, arguments)])


def queues(project):
    """Read the queue of each view."""
    paths = [project / f"CollectedData_{view}.unlabeled.jsonl" for view in VIEWS]
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_instant_in_doubt_in_one_view_is_added_in_all(project, tables, plugins, capsys):
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 3) == 0
    rows = read_rows(project)
    assert {(row.video, row.frame) for row in rows} == {
        (f"{session}_{view}.mp4", frame)
        for session, frame in (("s", "13"), ("s", "31"), ("t", "22"))
        for view in VIEWS
    }
    assert len(rows) == 6
    worst = {"13": "tail_top", "31": "tail_side", "22": "tail_side"}
    assert all(worst[row.frame] in row.reason for row in rows)
    reader, _ = choose(plugins)
    for row in rows:
        (clip,) = reader.read(project / "videos" / row.video, [[int(row.frame)]], None, "cpu")
        np.testing.assert_array_equal(np.asarray(Image.open(project / row.image)), clip.images[0])
    told = capsys.readouterr().out
    assert "3 frames of 2 views added in" in told
    assert "CollectedData_top.unlabeled.jsonl" in told.splitlines()[-1]
    assert "CollectedData_side.unlabeled.jsonl" in told.splitlines()[-1]


def test_each_queue_has_the_points_of_its_view_line_by_line_of_one_instant(
    project, tables, plugins
):
    before = open_project(project, plugins).labels
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 3) == 0
    top, side = queues(project)
    assert len(top) == 3
    for one, other in zip(top, side, strict=True):
        assert one["frame_path"].replace("_top", "") == other["frame_path"].replace("_side", "")
        assert [each["predictions"]["predictions"][0]["y"] for each in (one, other)] == [20, 25]
    after = open_project(project, plugins)
    assert after.labels.frames == before.frames
    assert set(after.cameras) == set(VIEWS)


@pytest.mark.parametrize("method", ["violations", "motion", "random"])
def test_no_instant_is_suggested_twice(project, tables, method):
    arguments = (project, "--predictions", tables, "--method", method, "--frames", 2, "--gap", 2)
    for count in (1, 2):
        assert suggest(*arguments, "--seed", 1) in (0, 1)
        rows = read_rows(project)
        assert len({(row.video, row.frame) for row in rows}) == len(rows)
        assert {row.frame for row in rows if row.video.startswith("s_")}.isdisjoint({"4", "5", "6"})
        top, side = queues(project)
        assert len(top) == len(side) == len(rows) / 2 <= 2 * count


def test_labels_saved_by_the_app_open_as_instants_of_all_views(project, tables, plugins):
    """As its `save_mvframe` does: a row below the labels of each view, a line less in its queue."""
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 3) == 0
    for view, entries in zip(VIEWS, queues(project), strict=True):
        with (project / f"CollectedData_{view}.csv").open("a") as file:
            for one in entries:
                points = one["predictions"]["predictions"]
                cells = [str(point[axis]) for point in points for axis in "xy"]
                file.write(",".join([one["frame_path"], *cells]) + "\n")
    opened = open_project(project, plugins)
    assert opened.warnings == ()
    assert [rows.tolist() for rows in opened.cameras.values()] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_dry_run_writes_nothing(project, tables, capsys):
    before = contents(project)
    assert suggest(project, "--predictions", tables, "--dry-run") == 0
    assert contents(project) == before
    assert "recording  frame  score" in capsys.readouterr().out


def test_a_failure_leaves_every_view_as_it_was(project, tables, monkeypatch, capsys):
    from pose_core.suggestions import adding

    replace, calls, before = adding.os.replace, [], contents(project)

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:  # after the queue of the first view
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(adding.os, "replace", full)
    assert suggest(project, "--predictions", tables, "--frames", 3) == 1
    assert len(calls) >= 2
    assert "free some space" in capsys.readouterr().err
    assert contents(project) == before


def test_one_view_named_brings_the_others(project, tables):
    video = project / "videos" / "t_side.mp4"
    assert suggest(project, video, "--predictions", tables, "--frames", 3) == 0
    assert {row.video for row in read_rows(project)} == {"t_top.mp4", "t_side.mp4"}


def without_a_video(project, tables):
    (project / "videos" / "s_side.mp4").unlink()
    return "s_top.mp4: its recording has no video of side; it is left out"


def with_a_damaged_video(project, tables):
    (project / "videos" / "s_side.mp4").write_text("no video")
    return "s_side.mp4: cannot be read as a video"


def with_a_video_predicted_before(project, tables):
    write_video(project / "videos" / "s_side.mp4", LENGTH - 4)
    return "s_side.mp4: has 36 frames, its predictions 40; its recording is left out"


def with_a_video_of_no_view(project, tables):
    shutil.move(project / "videos" / "s_side.mp4", project / "videos" / "room.mp4")
    shutil.move(tables / "s_side.csv", tables / "room.csv")
    return "room.mp4: none of the views top, side in its name; it is left out"


@pytest.mark.parametrize(
    "spoil",
    [without_a_video, with_a_damaged_video, with_a_video_predicted_before, with_a_video_of_no_view],
)
def test_a_recording_that_is_not_whole_is_said_and_the_others_go_on(project, tables, spoil, capsys):
    message = spoil(project, tables)
    assert suggest(project, "--predictions", tables, "--frames", 3, "--gap", 3) == 0
    told = capsys.readouterr().err
    assert message in told
    assert {row.video for row in read_rows(project)} == {"t_top.mp4", "t_side.mp4"}


def test_predictions_of_one_view_alone_are_said_and_used(project, tables, capsys):
    (tables / "s_side.csv").unlink()
    assert suggest(project, "--predictions", tables, "--frames", 2, "--gap", 3) == 0
    told = capsys.readouterr().err
    assert "s_side.mp4: nothing is predicted of it; run pose predict on it first; other" in told
    assert {(row.video, row.frame) for row in read_rows(project)} >= {("s_side.mp4", "13")}
    _, side = queues(project)
    assert [one["predictions"] for one in side if "s_side" in one["frame_path"]] == [None]


def test_a_view_without_labels_is_said_and_its_frames_are_added(project, tables, capsys):
    (project / "CollectedData_side.csv").unlink()
    assert suggest(project, "--predictions", tables, "--frames", 2, "--gap", 3) == 0
    assert "view 'side' has no CollectedData_side.csv" in capsys.readouterr().err
    assert [len(one) for one in queues(project)] == [2, 2]


def test_queues_that_do_not_line_up_are_refused_before_anything_is_written(project, tables, capsys):
    line = '{"frame_path": "labeled-data/t_top/img00000001.png", "predictions": null}\n'
    (project / "CollectedData_top.unlabeled.jsonl").write_text(line)
    before = contents(project)
    for further in ((), ("--dry-run",)):
        assert suggest(project, "--predictions", tables, *further) == 1
        assert "have different numbers of frames" in capsys.readouterr().err
    assert contents(project) == before


def test_videos_of_one_recording_that_differ_in_length_are_used_as_far_as_both_go(
    project, tables, capsys
):
    for view in VIEWS:
        (project / "videos" / f"t_{view}.mp4").unlink()
    write_video(project / "videos" / "s_side.mp4", 20)
    assert suggest(project, "--method", "random", "--frames", 9, "--gap", 2) == 0
    assert "differ in length (s_top.mp4 40, s_side.mp4 20 frames)" in capsys.readouterr().err
    frames = [int(row.frame) for row in read_rows(project)]
    assert max(frames) < 20


def test_a_folder_of_videos_is_taken_and_a_video_that_is_not_there_is_said(
    project, tables, tmp_path, capsys
):
    for name in ("nothere.mp4", "nothere_top.mp4"):  # of no view, or without its other one
        assert suggest(project, tmp_path / name) == 1
        told = capsys.readouterr().err
        assert f"{tmp_path / name}: is not there" in told
        assert "view" not in told.partition(name)[2]
    assert suggest(project, project / "videos", "--frames", 2, "--dry-run") == 0
    assert "nothing is written (--dry-run)" in capsys.readouterr().out


def test_the_gap_is_said_whether_it_was_given_or_not(project, tables, capsys):
    """80 frames of two recordings and 3 wanted beside 1 labeled: 80 / (4 * 4) are 5."""
    for given, gap in (((), 5), (("--gap", 7), 7)):
        assert suggest(project, "--frames", 3, "--method", "random", "--dry-run", *given) == 0
        assert f"at least {gap} frames apart (--gap)" in capsys.readouterr().out


def test_suggesting_again_brings_no_images_beside(project, capsys):
    for frames in (6, 4):
        assert suggest(project, "--frames", frames, "--gap", 1) == 0
        told = capsys.readouterr().out
        assert f"{frames} frames of 2 views added in" in told
        assert "beside" not in told
