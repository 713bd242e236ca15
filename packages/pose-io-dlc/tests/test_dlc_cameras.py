"""Several cameras with images of their own, opened as one project."""

from pathlib import Path

import numpy as np
import pytest

from pose_io_dlc import FormatError, LabelTable, open_lightning_pose, open_project
from pose_io_dlc.projects.cameras import instant_of, rows_of, videos_by_view

HEAD = "scorer,a,a,a,a\nbodyparts,nose,nose,tail,tail\ncoords,x,y,x,y\n"
SWAPPED = "scorer,a,a,a,a\nbodyparts,tail,tail,nose,nose\ncoords,x,y,x,y\n"


def rows(view, *numbers, x=1):
    return "".join(f"labeled-data/s1_{view}/img{n:04d}.png,{x},{n},3,4\n" for n in numbers)


@pytest.fixture
def rig(save, png):
    """Two cameras and a `project.yaml`; the second has its keypoints in another order."""
    save("project.yaml", "schema_version: 1\nview_names: [top, side]\nkeypoint_names: [nose, tail]")
    save("CollectedData_top.csv", HEAD + rows("top", 3, 7))
    save("CollectedData_side.csv", SWAPPED + rows("side", 3, 7, x=9))
    for video in ("s1_top.mp4", "s1_side.mp4", "stopped_side.mp4"):
        save(f"videos/{video}", "")
    for view in ("top", "side"):
        for number in (3, 7, 9):
            png(f"labeled-data/s1_{view}/img{number:04d}.png")
    return save("notes.txt", "").parent


@pytest.mark.parametrize("given", [".", "project.yaml"])
def test_one_csv_per_view_opens_as_one_project(rig, given):
    project = open_project(rig / given)
    assert project.warnings == ()
    assert list(project.cameras) == ["top", "side"]
    top, side = project.cameras.values()
    assert [top.rows.tolist(), side.rows.tolist()] == [[0, 1], [0, 1]]
    assert top.labels.frames[1] == "labeled-data/s1_top/img0007.png"
    assert side.labels.names == ("tail", "nose")
    assert [video.name for video in top.videos] == ["s1_top.mp4"]
    assert [video.name for video in side.videos] == ["s1_side.mp4", "stopped_side.mp4"]
    assert len(project.videos) == 3


def test_the_labels_of_all_cameras_are_pooled_by_name(rig):
    labels = open_project(rig).labels
    assert labels.names == ("nose", "tail")
    assert labels.frames[2] == "labeled-data/s1_side/img0003.png"
    np.testing.assert_array_equal(labels.keypoints[[0, 2]], [[[1, 3], [3, 4]], [[3, 4], [9, 3]]])
    assert open_project(rig).missing_images() == []


def test_an_old_config_lists_the_files_of_the_views(rig, save):
    (rig / "project.yaml").unlink()
    (rig / "CollectedData_top.csv").rename(rig / "above.csv")
    (rig / "CollectedData_side.csv").rename(rig / "beside.csv")
    text = "data:\n  data_dir: /gone/rig\n  csv_file: [/gone/rig/above.csv, beside.csv]\n"
    config = save("config_rig.yaml", text + "  view_names: [top, side]\n")
    assert list(open_project(config).cameras) == ["top", "side"]
    assert list(open_project(rig).cameras) == ["top", "side"]
    config.write_text(text)
    assert list(open_project(config).cameras) == ["above", "beside"]


def test_one_csv_of_several_opens_alone(rig):
    project = open_project(rig / "CollectedData_top.csv")
    assert (project.cameras, len(project.labels)) == ({}, 2)


def test_a_frame_that_a_view_lacks_is_allowed(rig, save):
    save("CollectedData_side.csv", SWAPPED + rows("side", 7, 9))
    project = open_project(rig)
    top, side = project.cameras.values()
    assert [top.rows.tolist(), side.rows.tolist()] == [[0, 1, -1], [-1, 0, 1]]
    assert (
        "row 1 shows two instants: labeled-data/s1_top/img0003.png in top and "
        "labeled-data/s1_side/img0007.png in side"
    ) in project.warnings[0]


def test_rows_in_another_order_are_put_right_by_their_names(rig, save):
    save("CollectedData_side.csv", SWAPPED + rows("side", 7, 3))
    project = open_project(rig)
    assert project.cameras["side"].rows.tolist() == [1, 0]
    assert "row 1 shows two instants" in project.warnings[0]


def test_names_with_nothing_in_common_are_taken_row_by_row(rig, save):
    save("CollectedData_side.csv", SWAPPED + rows("side", 103, 107))
    project = open_project(rig)
    assert project.cameras["side"].rows.tolist() == [0, 1]
    assert "row 1 shows two instants" in project.warnings[0]


def test_a_view_without_a_file_is_a_warning(rig):
    (rig / "CollectedData_side.csv").unlink()
    project = open_project(rig)
    assert list(project.cameras) == ["top"]
    assert "view 'side' has no CollectedData_side.csv" in project.warnings[0]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CollectedData_side.csv", SWAPPED + rows("side", 103), "different numbers of frames"),
        ("CollectedData_side.csv", SWAPPED + rows("top", 3, 9), "is labeled in .*_top.csv too"),
        (
            "CollectedData_side.csv",
            SWAPPED.replace("tail", "ear") + rows("side", 3, 7),
            "CollectedData_side.csv: has no keypoint 'tail', which .*_top.csv has",
        ),
        ("project.yaml", "view_names: top", "view_names is 'top', not a list of names"),
        ("project.yaml", "view_names: [front, back]", "has no .*_front.csv or .*_back.csv"),
        ("project.yaml", "view_names: [top, top]", "do not pair up; name each view once"),
        (
            "project.yaml",
            "view_names: [top, side]\ncsv_file: [CollectedData_top.csv]",
            "do not pair up",
        ),
    ],
)
def test_cameras_that_do_not_fit_are_refused_in_one_line(rig, save, name, text, message):
    save(name, text)
    with pytest.raises(FormatError, match=message) as caught:
        open_lightning_pose(rig)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "view", "instant"),
    [
        ("labeled-data/s1_top/img0039.png", "top", ("labeled-data/s1_", "39")),
        ("labeled-data/view0/img7.png", "view0", ("labeled-data/", "7")),
        ("labeled-data/s/view0_7.png", "view0", ("labeled-data/s", "7")),
        ("labeled-data/stopped/a7.png", "top", ("labeled-data/stopped", "7")),
        ("labeled-data/Cam-A/last.png", "Cam-A", ("labeled-data/", "last")),
        ("labeled-data/2021_cam1/2021-05-01_0012.png", "cam1", ("labeled-data/2021_", "12")),
    ],
)
def test_an_instant_is_told_without_the_view(frame, view, instant):
    folder, number = instant_of(frame, view)
    assert (folder.rstrip("/"), number) == (instant[0].rstrip("/"), instant[1])


@pytest.mark.parametrize(
    ("views", "name", "view"),
    [
        (["top", "side"], "s_top.mp4", "top"),
        (["top", "side"], "stopped.mp4", None),
        (["cam1", "cam10"], "s_cam10.mp4", "cam10"),
        (["top", "top_left"], "s_top_left.mp4", "top_left"),
        (["top", "side"], "top_run_side.mp4", "side"),
        (["Cam-A", "Cam-B"], "fly_Cam-B_rot.avi", "Cam-B"),
        (["top", "side"], "top.mp4", "top"),
        (["a.b", "c"], "s_axb.mp4", None),
    ],
)
def test_a_video_is_of_the_view_whose_name_stands_in_its_own(views, name, view):
    warnings = []
    found = videos_by_view([Path(name)], views, warnings)
    assert [one for one in views if found[one]] == ([view] if view else [])
    assert bool(warnings) == (view is None)


def test_aligned_rows_show_one_instant_whatever_is_left_out():
    rng = np.random.default_rng(0)
    for _ in range(20):
        tables = {}
        for view in ("u", "v", "w"):
            numbers = [0, *rng.permutation(np.arange(1, 8))[: rng.integers(2, 7)]]
            frames = tuple(f"labeled-data/{view}/i{number}.png" for number in numbers)
            shape = (len(frames), 1)
            tables[view] = LabelTable(frames, ("a",), np.zeros((*shape, 2)), np.ones(shape))
        aligned = rows_of(tables, Path("here"), [])
        for rows in zip(*aligned.values(), strict=True):
            pairs = zip(tables.values(), rows, strict=True)
            assert len({table.frames[row][-5] for table, row in pairs if row >= 0}) == 1
        for view, rows in aligned.items():
            assert sorted(rows[rows >= 0]) == list(range(len(tables[view])))


def test_columns_of_the_single_view_pca_become_names(save, png):
    png("labeled-data/img0.png")
    save("CollectedData.csv", HEAD + "labeled-data/img0.png,1,2,3,4\n")
    config = "data:\n  csv_file: CollectedData.csv\n  keypoint_names: [tail, nose]\n"
    path = save("config.yaml", config + "  columns_for_singleview_pca: [1]\n")
    assert open_project(path).singleview == ("tail",)  # columns of the labels, not of the list
    path.write_text(config + "  columns_for_singleview_pca: [5]\n")
    project = open_project(path)
    assert project.singleview == ()
    assert "columns_for_singleview_pca does not fit the labels' 2 keypoints" in project.warnings[0]


def test_a_data_dir_elsewhere_is_not_followed(save, tmp_path):
    save("other/CollectedData.csv", HEAD + "labeled-data/img0.png,1,2,3,4\n")
    config = save("mine/config.yaml", f"data:\n  csv_file: a.csv\n  data_dir: {tmp_path}/other\n")
    with pytest.raises(FormatError, match="mine: has no CollectedData.csv"):
        open_lightning_pose(config)


def test_a_data_dir_that_holds_the_config_is_found_by_its_name(save, png):
    png("rig/labeled-data/img0.png")
    save("rig/CollectedData.csv", HEAD + "labeled-data/img0.png,1,2,3,4\n")
    config = save("rig/configs/a.yaml", "data: {csv_file: CollectedData.csv, data_dir: D:\\x\\rig}")
    assert len(open_lightning_pose(config).labels) == 1


def test_views_are_guessed_where_the_rows_of_their_files_line_up(rig):
    (rig / "project.yaml").unlink()
    project = open_project(rig)
    assert list(project.cameras) == ["side", "top"]
    assert [camera.rows.tolist() for camera in project.cameras.values()] == [[0, 1], [0, 1]]
    assert "no config names its views; taken from its files: side, top" in project.warnings[0]


@pytest.mark.parametrize(
    ("side", "why"),
    [
        (rows("side", 3), "other counts of rows"),
        (rows("side", 3, 9), "other frames"),
        (rows("top", 3, 7), "the same images, labeled by two people"),
        (rows("side", 3) + "labeled-data/s1_side/img0007.png,1,2\n", "a broken row"),
    ],
)
def test_views_are_not_guessed_where_they_do_not_line_up(rig, save, side, why):
    (rig / "project.yaml").unlink()
    save("CollectedData_side.csv", HEAD + side)
    with pytest.raises(FormatError, match=r"several files of labels \(.*\); give one of them, or"):
        open_project(rig)
