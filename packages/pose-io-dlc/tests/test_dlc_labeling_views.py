"""Frames that wait for labels in all views of a Lightning Pose project: a queue of each view."""

import json
from pathlib import Path

import numpy as np
import pytest

import pose_io_dlc as io

HEAD = "scorer,a,a,a,a\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
SWAPPED = "scorer,a,a,a,a\nbodyparts,tail,tail,nose,nose\ncoords,x,y,x,y\n"
CONFIG = "view_names: [top, side]\nkeypoint_names: [nose, tail]\n"
VIEWS = ("top", "side")


def rows(view, *numbers):
    return "".join(f"labeled-data/s1_{view}/img{n:04d}.png,1,{n},3,4\n" for n in numbers)


@pytest.fixture
def rig(save, png):
    """Two views of one labeled session; the second has its keypoints in another order."""
    root = save("project.yaml", CONFIG).parent
    for view, head in zip(VIEWS, (HEAD, SWAPPED), strict=True):
        save(f"CollectedData_{view}.csv", head + rows(view, 3, 7))
        save(f"videos/s1_{view}.mp4", "")
        for number in (3, 7):
            png(f"labeled-data/s1_{view}/img{number:04d}.png")
    return root


def predicted(view, count):
    """Make points that tell the view and the row."""
    points = np.arange(count)[:, None, None] + np.full((count, 2, 2), 10.0 * VIEWS.index(view))
    return io.PredictionTable(("nose", "tail"), points, np.ones((count, 2)), scorer="net")


def frames(view, numbers, session="s1", table=True, length=200):
    given = predicted(view, len(numbers)) if table else None
    video = Path(f"videos/{session}_{view}.mp4")
    return io.NewFrames(video, length, (48, 64), tuple(numbers), given, view)


def both(*numbers, session="s1"):
    return [frames(view, numbers, session) for view in VIEWS]


def place(root, given):
    """Write what is placed, as one that puts everything in its place."""
    placed = io.place_frames(root, given)
    for name, write in placed.files.items():
        write(root / "staged")
        (root / "staged").replace(root / name)
    return placed


def queue(root, view):
    lines = (root / f"CollectedData_{view}.unlabeled.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_frames_of_all_views_are_taken(rig, save):
    entry = '{"frame_path": "labeled-data/s1_side/img0050.png", "predictions": null}\n'
    save("CollectedData_side.unlabeled.jsonl", entry)
    survey = io.survey(rig)
    assert survey.views == VIEWS
    assert survey.keypoints == ("nose", "tail")
    assert survey.taken == {"s1_top": {3, 7}, "s1_side": {3, 7, 50}}
    assert [video.name for video in survey.videos] == ["s1_side.mp4", "s1_top.mp4"]


def test_each_view_has_a_queue_with_what_is_predicted_of_it(rig):
    placed = place(rig, both(20, 90))
    assert "its label queues" in placed.next_step
    for view in VIEWS:
        entries = queue(rig, view)
        assert [one["frame_path"] for one in entries] == [
            f"labeled-data/s1_{view}/img0020.png",
            f"labeled-data/s1_{view}/img0090.png",
        ]
        x = 10.0 * VIEWS.index(view) + 1
        assert entries[1]["predictions"]["predictions"][0] == {
            "keypoint_name": "nose", "x": x, "y": x,
        }  # fmt: skip


def test_lines_of_all_queues_show_one_instant_whatever_order_views_are_given_in(rig):
    top, side = ([frames(view, (20, 90)), frames(view, (5, 6), "s2")] for view in VIEWS)
    place(rig, [*side, *top])
    place(rig, both(40))
    shown = [
        [one["frame_path"].replace(f"_{view}", "") for one in queue(rig, view)] for view in VIEWS
    ]
    assert shown[0] == shown[1]
    assert len(shown[0]) == 5


def test_images_of_an_instant_are_named_alike_in_all_views(rig, png):
    for number in range(4):
        png(f"labeled-data/s2_side/frame{number:06d}.png")
    placed = io.place_frames(rig, both(20, session="s2"))
    assert {view: placed.images[f"s2_{view}"] for view in VIEWS} == {
        view: {20: f"labeled-data/s2_{view}/frame000020.png"} for view in VIEWS
    }


def test_frames_beside_new_ones_come_along_in_all_views(rig, png):
    for view in VIEWS:
        for number in (2, 4, 6, 8):
            png(f"labeled-data/s1_{view}/img{number:04d}.png")
    placed = io.place_frames(rig, both(50))
    assert {tuple(images) for images in placed.images.values()} == {(48, 49, 50, 51, 52)}


def test_a_view_that_nothing_is_predicted_of_has_lines_without_points(rig):
    place(rig, [frames("top", (20,)), frames("side", (20,), table=False)])
    assert queue(rig, "top")[0]["predictions"]["model_name"] == "net"
    assert queue(rig, "side")[0]["predictions"] is None


def test_frames_that_not_all_views_have_are_refused_and_nothing_is_written(rig):
    before = contents(rig)
    cases = [
        [frames("top", (20,))],
        [frames("top", (20,)), frames("side", (21,))],
        [*both(20), frames("side", (5,), "s2")],
    ]
    for given in cases:
        with pytest.raises(io.FormatError, match=r"views have other frames to label than 'top'"):
            io.place_frames(rig, given)
    with pytest.raises(
        io.FormatError, match=r"s1_\.mp4 is of view ''; its views are 'top', 'side'"
    ):
        io.place_frames(rig, [frames("", (20,), table=False)])
    assert contents(rig) == before


def test_queues_that_do_not_line_up_are_refused(rig):
    place(rig, both(20, 40))
    path = rig / "CollectedData_side.unlabeled.jsonl"
    path.write_text(path.read_text().splitlines()[0])
    message = r"different numbers of frames \(.*top.unlabeled.jsonl 2, .*side.unlabeled.jsonl 1\)"
    with pytest.raises(io.FormatError, match=message):
        io.place_frames(rig, both(60))


def test_queues_of_one_name_in_the_folders_of_their_views_are_told_apart(rig, save):
    save("project.yaml", f"{CONFIG}csv_file: [top/labels.csv, side/labels.csv]\n")
    for view in VIEWS:
        save(f"{view}/labels.csv", HEAD + rows(view, 3))
    assert set(place(rig, both(20)).files) == {f"{view}/labels.unlabeled.jsonl" for view in VIEWS}
    (rig / "side" / "labels.unlabeled.jsonl").write_text("")
    with pytest.raises(io.FormatError, match=r"\(top/.*jsonl 1, side/.*jsonl 0\)"):
        io.place_frames(rig, both(60))


def test_files_of_views_that_would_be_one_are_refused(save, tmp_path):
    """Neither is there yet, and what is not there is looked for by its last name."""
    save("project.yaml", f"{CONFIG}csv_file: [top/labels.csv, side/labels.csv]\n")
    with pytest.raises(io.FormatError, match=r"\(labels.csv, labels.csv\) do not pair up; name"):
        io.place_frames(tmp_path, both(20))


def test_a_view_without_a_file_of_labels_is_told_and_gets_its_queue(rig):
    (rig / "CollectedData_side.csv").unlink()
    survey = io.survey(rig)
    assert survey.warnings == (f"{rig}: view 'side' has no CollectedData_side.csv",)
    assert survey.views == VIEWS
    place(rig, both(20))
    assert len(queue(rig, "side")) == 1


def test_a_project_of_views_can_be_begun_without_labels(save, tmp_path):
    save("project.yaml", CONFIG)
    survey = io.survey(tmp_path)
    assert (survey.views, survey.keypoints, survey.warnings) == (VIEWS, ("nose", "tail"), ())
    placed = io.place_frames(tmp_path, both(20))
    assert set(placed.files) == {f"CollectedData_{view}.unlabeled.jsonl" for view in VIEWS}


def test_views_that_no_config_names_are_told(rig):
    (rig / "project.yaml").unlink()
    survey = io.survey(rig)
    assert set(survey.views) == set(VIEWS)
    assert "no config names its views; taken from its files" in survey.warnings[0]


def test_the_labels_of_one_view_alone_are_refused(rig):
    with pytest.raises(io.FormatError, match=r"has the labels of one view of 2, .*; give "):
        io.survey(rig / "CollectedData_top.csv")
