"""Configs of 3-D projects."""

import pytest

from pose_io_dlc import FormatError, open_project
from pose_io_dlc.projects.three_d import read_three_d

TEXT = """\
Task: reach
scorer: ann
date: Nov21
project_path: C:\\lab\\reach-ann-2026-11-21-3d
skeleton: # pairs
- - nose
  - ear
num_cameras: 2
camera_names:
- camera-1
- camera-2
scorername_3d: DLC_3D # end of the names of files
config_file_camera-1: C:\\lab\\left-ann-2026-11-21\\config.yaml
config_file_camera-2: /home/ann/right-ann-2026-11-21/config.yaml
shuffle_camera-1: 1
"""


@pytest.fixture
def rig(save):
    """A 3-D project, one 2-D project in it and one beside."""
    save("reach-3d/left-ann-2026-11-21/config.yaml", "Task: left")
    save("right-ann-2026-11-21/config.yaml", "Task: right")
    return save("reach-3d/config.yaml", TEXT)


def test_the_projects_of_its_cameras_are_found_by_their_folders(rig, tmp_path):
    project = read_three_d(rig)
    assert project == read_three_d(rig.parent)
    assert (project.name, project.scorer, project.scorer_3d) == ("reach", "ann", "DLC_3D")
    assert project.cameras == ("camera-1", "camera-2")
    assert {camera: path.parent.name for camera, path in project.projects.items()} == {
        "camera-1": "left-ann-2026-11-21",
        "camera-2": "right-ann-2026-11-21",
    }
    assert project.skeleton == (("nose", "ear"),)
    assert project.warnings == ()


@pytest.mark.parametrize("given", ["/etc/..", "..", "/", "", "/elsewhere/other-ann/config.yaml"])
def test_no_path_is_followed_out(rig, given):
    rig.write_text(TEXT.replace("/home/ann/right-ann-2026-11-21/config.yaml", given))
    project = read_three_d(rig)
    assert list(project.projects) == ["camera-1"]
    assert (
        "project of camera 'camera-2' is neither in this folder nor beside" in project.warnings[0]
    )


def test_a_link_that_leads_away_is_no_project_of_a_camera(rig, tmp_path, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    (away / "config.yaml").write_text("Task: away")
    (rig.parent / "left-ann-2026-11-21" / "config.yaml").unlink()
    (rig.parent / "left-ann-2026-11-21").rmdir()
    (rig.parent / "left-ann-2026-11-21").symlink_to(away)
    assert list(read_three_d(rig).projects) == ["camera-2"]


def test_a_wrong_count_of_cameras_is_said(rig):
    rig.write_text(TEXT.replace("num_cameras: 2", "num_cameras: 3"))
    assert "num_cameras is 3, but 2 are named" in read_three_d(rig).warnings[0]


def test_it_is_not_opened_as_a_project_of_labels(rig):
    with pytest.raises(FormatError, match="is a 3-D project, .*give .*left-ann.* or .*right-ann"):
        open_project(rig.parent)


def test_another_config_is_not_taken_for_one(save):
    with pytest.raises(FormatError, match="has no num_cameras; it is not the config of a 3-D"):
        read_three_d(save("config.yaml", "Task: a\nbodyparts: []"))


def test_cameras_that_are_no_names_are_refused(rig):
    rig.write_text(TEXT.replace("camera_names:\n- camera-1\n- camera-2", "camera_names: [[a]]"))
    with pytest.raises(FormatError, match="camera_names is .*, not a list of names"):
        read_three_d(rig)
