"""Files that DeepLabCut, Lightning Pose and their users made."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pose_io_dlc import (
    kind_of,
    open_project,
    read_labels,
    read_predictions,
    read_sheet,
    read_skeleton,
    rewrite_config,
    write_sheet,
)
from pose_io_dlc.commands.checks.finding import find_problems
from pose_io_dlc.projects.movies import video_size

MADE = "dlc-made/predictions/"
SOLO = MADE + "mouseDLC_Resnet50_soloNov21shuffle1_snapshot_best-10"
DUO = MADE + "pairDLC_Resnet50_duoNov21shuffle1_snapshot_best-10"
TWINS = [
    "openfield-Pranav-2018-10-30/labeled-data/m4s1/CollectedData_Pranav",
    "dlc-made/solo-project/labeled-data/0012/CollectedData_ann",
    "dlc-made/solo-project/labeled-data/mouse/CollectedData_ann",
    "dlc-made/duo-project/labeled-data/pair/CollectedData_ann",
    SOLO,
    SOLO + "_filtered",
    DUO,
    DUO + "_el",
    MADE + "image_predictions_DLC_Resnet50_soloNov21shuffle1_snapshot_best-10",
]  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_csv_and_h5_of_one_table_are_equal(data, name):
    pytest.importorskip("h5py", reason="the extra [h5] is not installed")
    csv, h5 = read_sheet(data / f"{name}.csv"), read_sheet(data / f"{name}.h5")
    assert csv.columns == h5.columns
    assert list(csv.index) == list(h5.index)
    np.testing.assert_allclose(csv.values, h5.values, rtol=1e-7, atol=0)


@pytest.mark.parametrize("name", TWINS)
def test_pandas_reads_the_same_h5(data, name):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    frame = pd.read_hdf(data / f"{name}.h5")
    sheet = read_sheet(data / f"{name}.h5")
    np.testing.assert_array_equal(sheet.values, frame.to_numpy())
    rows = ["/".join(row) if isinstance(row, tuple) else str(row) for row in frame.index]
    assert [str(row) for row in sheet.index] == rows


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_what_we_write_again_is_equal(data, tmp_path, name, suffix):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    sheet = read_sheet(data / f"{name}.csv")
    write_sheet(tmp_path / f"again{suffix}", sheet)
    back = read_sheet(tmp_path / f"again{suffix}")
    assert (back.columns, list(back.index), back.index_width) == (
        sheet.columns,
        list(sheet.index),
        sheet.index_width,
    )
    np.testing.assert_array_equal(back.values, sheet.values)


def test_openfield_opens_as_it_lies(data):
    project = open_project(data / "openfield-Pranav-2018-10-30")
    assert project.labels.names == ("snout", "leftear", "rightear", "tailbase")
    assert project.labels.keypoints.shape == (116, 4, 2)
    assert np.isfinite(project.labels.keypoints).all()
    assert [video.name for video in project.videos] == ["m3v1mp4.mp4"]
    assert project.missing_images() == []
    assert project.warnings == ()


def test_mirror_mouse_opens_as_it_lies(data):
    project = open_project(data / "mirror-mouse-example")
    assert project.labels.keypoints.shape == (90, 17, 2)
    frame = pd.read_csv(
        data / "mirror-mouse-example" / "CollectedData.csv", header=[0, 1, 2], index_col=0
    )
    np.testing.assert_array_equal(project.labels.keypoints.reshape(90, 34), frame.to_numpy())
    assert project.views["top"][7:] == ("obs_top", None, None)
    assert project.views["bot"][7:] == (None, "obsHigh_bot", "obsLow_bot")
    assert project.missing_images() == []
    assert project.warnings == ()


@pytest.mark.parametrize(("name", "animals", "frames"), [("solo", 0, 10), ("duo", 2, 5)])
def test_projects_that_deeplabcut_made_open(data, name, animals, frames):
    project = open_project(data / "dlc-made" / f"{name}-project")
    assert (len(project.labels.animals), len(project.labels)) == (animals, frames)
    assert project.warnings == ()
    assert [one for one in find_problems(project.root) if one.level == "error"] == []


def test_every_table_that_deeplabcut_made_opens(data):
    pytest.importorskip("h5py", reason="the extra [h5] is not installed")
    readers = {"labels": read_labels, "predictions": read_predictions, "tracks": read_predictions}
    readers["skeleton"] = read_skeleton
    found = [one for one in (data / "dlc-made").rglob("*") if one.suffix in (".csv", ".h5")]
    tables = [one for one in found if "-results" not in one.name]  # one row per network, no frames
    for path in tables:
        assert len(readers[kind_of(path)](path)) > 0, path
    assert len(tables) == 24
    assert {kind_of(one) for one in found if one not in tables} == {"unknown"}


@pytest.mark.parametrize(
    "name", ["openfield-Pranav-2018-10-30", "dlc-made/solo-project", "dlc-made/duo-project"]
)
def test_a_config_of_deeplabcut_is_changed_in_one_line_only(data, tmp_path, name):
    before = (data / name / "config.yaml").read_text()
    path = tmp_path / "config.yaml"
    path.write_text(before)
    rewrite_config(path, {"pcutoff": 0.25})
    lines = path.read_text().splitlines()
    assert [a for a, b in zip(lines, before.splitlines(), strict=True) if a != b] == [
        "pcutoff: 0.25"
    ]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4", (480, 640)),
        ("mirror-mouse-example/videos/test_vid.mp4", (406, 396)),
        ("awkward-videos/rot90.mp4", (320, 240)),
        ("awkward-videos/odd444.mp4", (241, 321)),
        ("awkward-videos/hevc.mp4", (240, 320)),
        ("awkward-videos/vp9.webm", (240, 320)),
        ("awkward-videos/mjpeg.avi", (240, 320)),
        ("awkward-videos/audio.mp4", None),
        ("dlc-made/solo-project/videos/mouse.avi", (48, 64)),
    ],
)
def test_the_size_of_a_real_video_is_what_opencv_says(data, name, size):
    assert video_size(data / name) == size


def test_absent_animals_are_missing(data):
    table = read_predictions(data / f"{DUO}.csv")
    assert table.points[-1] == ("single", "food")
    absent = np.isnan(table.keypoints).all(-1)
    assert absent.any()
    assert not (table.keypoints == -1).any()
    assert np.isnan(table.confidence[absent]).all()


def test_filtered_tracks_do_not_start_at_the_corner(data):
    pytest.importorskip("h5py", reason="the extra [h5] is not installed")
    table = read_predictions(data / f"{DUO}_el_filtered.h5")
    assert not (table.keypoints == 0).any()


def test_labels_that_a_network_made_are_read_without_likelihood(data):
    table = read_labels(data / "dlc-made/solo-project/labeled-data/mouse/machinelabels.csv")
    assert table.keypoints.shape == (3, 4, 2)
    assert "likelihood columns in labels are not used" in table.warnings[0]


def test_every_ensemble_member_is_read_as_pandas_reads_it(data):
    files = sorted((data / "eks").glob("*/*rng=0.csv"))
    assert files
    for file in files:
        table = read_predictions(file)
        frame = pd.read_csv(file, header=[0, 1, 2], index_col=0)
        ours = np.concatenate([table.keypoints, table.confidence[..., None]], -1)
        np.testing.assert_allclose(ours.reshape(len(frame), -1), frame.to_numpy(), rtol=1e-15)


def test_movement_reads_what_we_write(data, tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    load_poses = pytest.importorskip("movement.io.load_poses", reason="movement is not installed")
    table = read_predictions(data / f"{SOLO}.csv")
    for suffix in (".csv", ".h5"):
        path = Path(tmp_path / f"a{suffix}")
        write_sheet(path, read_sheet(data / f"{SOLO}.csv"))
        poses = load_poses.from_dlc_file(path)
        theirs = poses.position.to_numpy()[..., 0].transpose(0, 2, 1)
        np.testing.assert_allclose(theirs, table.keypoints)
        np.testing.assert_allclose(poses.confidence.to_numpy()[..., 0], table.confidence)
