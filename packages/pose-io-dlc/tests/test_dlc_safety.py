"""What leads out of a project is refused, by name or by link; telling kinds apart never fails."""

import pytest

from pose_io_dlc import FormatError, open_project
from pose_io_dlc.projects.opening import kinds_of
from pose_io_dlc.projects.safety import refuse_escapes, refuse_links

HEAD = "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n"


@pytest.fixture
def lab(save, png):
    """A DeepLabCut project of one image."""
    save("lab/config.yaml", "Task: t\nscorer: a\nbodyparts: [nose]\n")
    save("lab/labeled-data/v/CollectedData_a.csv", HEAD + "labeled-data/v/i.png,1,2\n")
    png("lab/labeled-data/v/i.png")
    png("away/i.png")
    return save("lab/videos/v.avi", "").parent.parent


@pytest.fixture
def rig(save, png):
    """A Lightning Pose folder of one image."""
    save("rig/CollectedData.csv", HEAD + "labeled-data/i.png,1,2\n")
    png("away/i.png")
    return png("rig/labeled-data/i.png").parent.parent


def move_away(path):
    """Put a file or folder outside and a link in its place."""
    away = next(one for one in path.parents if one.name in ("lab", "rig")).parent / "outside"
    path.rename(away)
    path.symlink_to(away)


@pytest.mark.parametrize(
    "name",
    [
        "labeled-data/v/i.png",
        "labeled-data/v/CollectedData_a.csv",
        "labeled-data/v",
        "labeled-data",
    ],
)
def test_links_out_of_a_deeplabcut_project_are_refused(lab, name):
    move_away(lab / name)
    with pytest.raises(FormatError, match="is a link out of the project, to .*outside") as caught:
        open_project(lab)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["labeled-data/i.png", "CollectedData.csv", "labeled-data"])
def test_links_out_of_a_lightning_pose_folder_are_refused(rig, name):
    move_away(rig / name)
    with pytest.raises(FormatError, match="is a link out of the project, to .*outside"):
        open_project(rig)


def test_links_within_a_project_and_to_a_project_are_fine(lab, tmp_path):
    (lab / "labeled-data" / "v" / "i.png").rename(lab / "store.png")
    (lab / "labeled-data" / "v" / "i.png").symlink_to(lab / "store.png")
    (tmp_path / "link").symlink_to(lab)
    assert open_project(tmp_path / "link").missing_images() == []


def test_a_linked_video_is_as_deeplabcut_makes_it(lab):
    move_away(lab / "videos" / "v.avi")
    assert [video.name for video in open_project(lab).videos] == ["v.avi"]


def test_a_folder_with_a_longer_name_is_outside(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab2").mkdir()
    (tmp_path / "lab2" / "i.png").touch()
    (tmp_path / "lab" / "i.png").symlink_to(tmp_path / "lab2" / "i.png")
    with pytest.raises(FormatError, match="is a link out"):
        refuse_links([tmp_path / "lab" / "i.png"], tmp_path / "lab")


@pytest.mark.parametrize(
    "frame",
    ["../i.png", "a/../../i.png", "/etc/i.png", "C:/i.png", "c:i.png", "a\0.png", "a" * 300, "..",
     "é" * 200 + "/i.png", "//server/i.png"],
)  # fmt: skip
def test_images_that_cannot_be_in_a_project_are_refused(tmp_path, frame):
    with pytest.raises(FormatError, match="leads out of the project|is no possible name"):
        refuse_escapes(["fine/i.png", frame], tmp_path)


@pytest.mark.parametrize("frame", ["..i.png", "a/..b/i.png", "a b/é.png", "a/b:c.png"])
def test_odd_names_within_are_fine(tmp_path, frame):
    refuse_escapes([frame], tmp_path)


@pytest.mark.parametrize("name", ["\0", "a" * 300, "", "no/where", "config.yaml/x", "d.yaml"])
def test_telling_a_kind_never_raises(save, name):
    folder = save("config.yaml", "Task: [").parent
    save("d.yaml", "[" * 1000)
    assert kinds_of(folder / name) in ([], ["deeplabcut"])


def test_a_huge_folder_is_told_without_looking_into_its_files(tmp_path, monkeypatch):
    (tmp_path / "labeled-data").mkdir()
    for number in range(300):
        (tmp_path / f"{number}.csv").touch()
    opened = []
    real = type(tmp_path).open
    monkeypatch.setattr(
        type(tmp_path), "open", lambda path, *a, **k: opened.append(path) or real(path, *a, **k)
    )
    assert kinds_of(tmp_path) == []
    assert len(opened) < 5
