import pytest
import yaml

from pose_io_dlc.__main__ import main


def new(tmp_path, *options):
    (tmp_path / "mouse.mp4").write_bytes(b"film")
    given = ["new", "reach", "--scorer", "ann", "--into", str(tmp_path), *options]
    return main([*given, "--videos", str(tmp_path / "mouse.mp4")])


def test_new_makes_a_project_and_says_where(tmp_path, capsys):
    assert new(tmp_path, "--keypoints", "nose, left-ear,tail", "--bones", "nose-left-ear") == 0
    shown = capsys.readouterr().out.splitlines()
    (root,) = tmp_path.glob("reach-ann-*")
    assert shown[0] == f"{root}: made, with 1 of 1 videos"
    assert shown[-1].startswith("next: extract and label frames in DeepLabCut")
    config = yaml.safe_load((root / "config.yaml").read_text())
    assert config["bodyparts"] == ["nose", "left-ear", "tail"]
    assert config["skeleton"] == [["nose", "left-ear"]]
    assert (root / "videos/mouse.mp4").read_bytes() == b"film"


def test_a_new_project_passes_its_check(tmp_path, capsys):
    assert new(tmp_path, "--keypoints", "nose") == 0
    (root,) = tmp_path.glob("reach-ann-*")
    assert main(["check", str(root)]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_several_animals_have_their_own_lists(tmp_path):
    assert new(tmp_path, "--keypoints", "nose", "--individuals", "a,b", "--unique", "food") == 0
    (root,) = tmp_path.glob("reach-ann-*")
    config = yaml.safe_load((root / "config.yaml").read_text())
    assert (config["individuals"], config["uniquebodyparts"]) == (["a", "b"], ["food"])


def test_videos_may_be_linked(tmp_path):
    assert new(tmp_path, "--keypoints", "nose", "--link") == 0
    (video,) = tmp_path.glob("reach-ann-*/videos/mouse.mp4")
    assert video.is_symlink()


def test_a_project_that_is_there_is_not_touched(tmp_path, capsys):
    assert new(tmp_path, "--keypoints", "nose") == 0
    assert new(tmp_path, "--keypoints", "tail") == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("bone", ["nose", "nose-paw", "-nose"])
def test_a_bone_of_no_two_keypoints_is_refused(tmp_path, capsys, bone):
    with pytest.raises(SystemExit, match="2"):
        new(tmp_path, "--keypoints", "nose,tail", f"--bones={bone}")
    assert f"--bones: '{bone}' is not two keypoints joined by '-'" in capsys.readouterr().err
    assert not list(tmp_path.glob("reach-*"))
