import numpy as np
import pytest

from pose_io_dlc import FormatError, open_deeplabcut, open_lightning_pose, open_project
from pose_io_dlc.projects.images import image_size
from pose_io_dlc.projects.opening import kinds_of
from pose_io_dlc.tables import MISSING

CONFIG = """Task: reach
scorer: ann
date: Oct30
project_path: WILL BE AUTOMATICALLY UPDATED
video_sets:
  C:\\lab\\videos\\v.avi: {crop: "0, 64, 0, 48"}
  WILL BE AUTOMATICALLY UPDATED: {crop: "0, 64, 0, 48"}
bodyparts: [nose, leftear, rightear]
skeleton: ""
"""
HEAD = (
    "scorer,{s},{s},{s},{s},{s},{s}\nbodyparts,nose,nose,leftear,leftear,rightear,rightear\n"
    "coords,x,y,x,y,x,y\n"
)
OTHER = (
    "scorer,ann,ann,ann,ann,ann,ann\nbodyparts,rightear,rightear,nose,nose,leftear,leftear\n"
    "coords,x,y,x,y,x,y\n"
)


@pytest.fixture
def lab(save, png):
    """A DeepLabCut project of two videos, whose files have their keypoints in another order."""
    config = save("config.yaml", CONFIG)
    save(
        "labeled-data/v/CollectedData_ann.csv",
        HEAD.format(s="ann") + "labeled-data/v/img0.png,1,2,3,4,5,6\n",
    )
    save("labeled-data/w/CollectedData_ann.csv", OTHER + "labeled-data\\w\\img0.png,5,6,1,2,,\n")
    for name in ("v/img0.png", "w/img0.png", "v_labeled/img0.png"):
        png(f"labeled-data/{name}")
    save("videos/v.avi", "")
    save("videos/vDLC_resnet50_reachOct30shuffle1_1_labeled.mp4", "")
    return config.parent


@pytest.fixture
def mirrored(save, png):
    """A Lightning Pose folder without a config."""
    save("CollectedData.csv", HEAD.format(s="rick") + "labeled-data/img0.png,1,2,3,4,5,6\n")
    save("videos/v.mp4", "")
    return png("labeled-data/img0.png").parent.parent


def test_files_are_aligned_by_name_in_the_order_of_the_config(lab):
    project = open_deeplabcut(lab)
    assert project.labels.names == ("nose", "leftear", "rightear")
    assert project.labels.frames == ("labeled-data/v/img0.png", "labeled-data/w/img0.png")
    np.testing.assert_array_equal(
        project.labels.keypoints, [[[1, 2], [3, 4], [5, 6]], [[1, 2], [np.nan] * 2, [5, 6]]]
    )
    assert project.symmetric == (("leftear", "rightear"),)


def test_videos_are_found_from_where_the_config_lies(lab):
    project = open_deeplabcut(lab)
    assert [video.name for video in project.videos] == ["v.avi"]
    assert project.warnings == ()


def test_videos_that_are_gone_are_named(lab):
    (lab / "videos" / "v.avi").unlink()
    assert "lacks 1 video of video_sets: v" in open_deeplabcut(lab).warnings[0]


def test_videos_listed_outside_of_the_project_are_not_said_to_lack(lab, save):
    for folder, said in (("/data/vids", 0), ("/home/ann/lab/videos", 1)):
        sets = "".join(f"  {folder}/{name}.avi: {{crop: '0, 1, 0, 2'}}\n" for name in "abcdef")
        text = CONFIG[: CONFIG.index("video_sets")] + f"video_sets:\n{sets}"
        save("config.yaml", f"{text}bodyparts: [nose, leftear, rightear]\n")
        warnings = [line for line in open_deeplabcut(lab).warnings if "video_sets" in line]
        assert len(warnings) == said
        assert all("lacks 6 videos of video_sets: a, b, c, d, e, …" in one for one in warnings)


@pytest.mark.parametrize("given", [".", "config.yaml", "labeled-data/v/CollectedData_ann.csv"])
def test_a_project_opens_by_any_of_its_files(lab, given):
    assert kinds_of(lab / given) == ["deeplabcut"]
    assert open_project(lab / given).root == lab


@pytest.mark.parametrize(
    ("text", "edges", "warnings"),
    [
        ("[[nose, leftear], [leftear, nose]]", 2, 0),
        ("[[nose, tail]]", 0, 1),
        ("", 0, 0),
        ("[]", 0, 0),
    ],
)
def test_a_skeleton_is_pairs_of_names(lab, text, edges, warnings):
    (lab / "config.yaml").write_text(CONFIG.replace('skeleton: ""', f"skeleton: {text}"))
    project = open_deeplabcut(lab)
    assert (len(project.edges), len(project.warnings)) == (edges, warnings)


def test_a_folder_that_a_tool_renamed_to_a_number_is_found_again(lab):
    (lab / "labeled-data" / "v").rename(lab / "labeled-data" / "0012")
    path = lab / "labeled-data" / "0012" / "CollectedData_ann.csv"
    path.write_text(path.read_text().replace("/v/", "/12/"))
    project = open_deeplabcut(lab)
    assert project.missing_images() == []
    assert any(
        "1 frames name their folder by a number, as 'labeled-data/12/" in w
        for w in project.warnings
    )


def test_labels_outside_their_image_are_missing_and_counted(lab):
    path = lab / "labeled-data" / "v" / "CollectedData_ann.csv"
    path.write_text(path.read_text().replace(",1,2,3,4,5,6", ",63.4,2,63.6,4,0,6"))
    project = open_deeplabcut(lab)
    assert project.labels.visibility[0].tolist() == [2, MISSING, MISSING]
    assert "2 labels are outside their images" in project.warnings[0]
    assert "'leftear' at (63.6, 4) in labeled-data/v/img0.png" in project.warnings[0]


def test_the_config_and_the_files_may_disagree_with_a_warning(lab):
    (lab / "config.yaml").write_text(
        CONFIG.replace("[nose, leftear, rightear]", "[tail, rightear, nose]")
    )
    project = open_deeplabcut(lab)
    assert project.labels.names == ("rightear", "nose", "leftear")
    assert "lacks leftear" in project.warnings[0]
    assert "lists tail" in project.warnings[1]


def test_labels_of_another_scorer_are_left_out(lab, save):
    save(
        "labeled-data/v/CollectedData_bob.csv",
        HEAD.format(s="bob") + "labeled-data/v/img0.png,9,9,9,9,9,9\n",
    )
    project = open_deeplabcut(lab)
    assert project.labels.keypoints[0, 0].tolist() == [1, 2]
    assert "other scorers are not used: bob" in project.warnings[0]


def break_config(lab, text):
    (lab / "config.yaml").write_text(text)


def change(lab, old, new):
    for path in lab.glob("labeled-data/*/*.csv"):
        path.write_text(path.read_text().replace(old, new))
    return lab


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lab: break_config(lab, "Task: [unclosed"), "is not YAML"),
        (lambda lab: break_config(lab, "- a list"), "is not a config"),
        (lambda lab: break_config(lab, "scorer: ann"), "has no Task"),
        (lambda lab: break_config(lab, "Task: !!python/object/apply:os.system [ls]"), "not YAML"),
        (
            lambda lab: break_config(lab, CONFIG.replace("[nose,", "{a: b} # ")),
            r"bodyparts is .*, not a list",
        ),
        (
            lambda lab: break_config(lab, CONFIG.replace("ann", "eve")),
            r"_eve\.csv or \.h5; there are labels of 'ann'",
        ),
        (lambda lab: change(lab, "leftear", "ear2"), ""),
        (
            lambda lab: change(lab, "rightear,rightear,n", "tail,tail,n"),
            r"w/C.*has no keypoint 'rightear', which .*v/C",
        ),
        (lambda lab: change(lab, "labeled-data\\w", "labeled-data/v"), r"is labeled in .* too"),
        (lambda lab: change(lab, "labeled-data/v/img0", "../img0"), r"'\.\./img0\.png' leads out"),
        (
            lambda lab: change(lab, "labeled-data/v/img0", "/etc/img0"),
            r"'/etc/img0\.png' leads out",
        ),
        (lambda lab: change(lab, "labeled-data/v/img0", "D:/img0"), r"'D:/img0\.png' leads out"),
        (
            lambda lab: change(change(lab, "1,2,3,4,5,6", ",,,,,"), "5,6,1,2,,", ",,,,,"),
            "no point is labeled in 2",
        ),
    ],
)
def test_a_spoilt_project_gets_one_line(lab, spoil, message):
    for image in lab.glob("labeled-data/*/img0.png"):
        image.unlink()
    spoil(lab)
    if not message:
        assert open_deeplabcut(lab).labels.names[-1] == "ear2"
        return
    with pytest.raises(FormatError, match=message) as caught:
        open_deeplabcut(lab)
    assert "\n" not in str(caught.value)


def test_several_animals_are_read_side_by_side(save):
    save(
        "config.yaml",
        "Task: t\nscorer: a\nmultianimalproject: true\nbodyparts: MULTI!\n"
        "individuals: [m2, m1]\nmultianimalbodyparts: [n]\nuniquebodyparts: [food]\n",
    )
    head = "scorer,,,a,a,a,a,a,a\nindividuals,,,m1,m1,single,single,m2,m2\n"
    head += "bodyparts,,,n,n,food,food,n,n\ncoords,,,x,y,x,y,x,y\n"
    text = head + "labeled-data,v,i.png,1,1,2,2,3,3\n"
    path = save("labeled-data/v/CollectedData_a.csv", text)
    project = open_deeplabcut(path)
    assert project.multi_animal
    assert project.labels.points == (("m2", "n"), ("m1", "n"), ("single", "food"))
    assert project.labels.keypoints[0, :, 0].tolist() == [3, 1, 2]
    assert project.labels.animals == ("m2", "m1")


@pytest.mark.parametrize("given", [".", "CollectedData.csv"])
def test_a_lightning_pose_folder_opens_without_a_config(mirrored, given):
    assert kinds_of(mirrored / given) == ["lightning_pose"]
    project = open_project(mirrored / given)
    assert project.kind == "lightning_pose"
    assert project.labels.frames == ("labeled-data/img0.png",)
    assert [video.name for video in project.videos] == ["v.mp4"]


def test_an_old_config_names_the_file_the_videos_and_the_views(mirrored, save):
    (mirrored / "CollectedData.csv").rename(mirrored / "mine.csv")
    (mirrored / "videos").rename(mirrored / "clips")
    config = save(
        "config_mouse.yaml",
        "data:\n  data_dir: /gone\n  csv_file: mine.csv\n  video_dir: /gone/clips\n"
        "  mirrored_column_matches: [[0], [2]]\n",
    )
    for path in (mirrored, config):
        project = open_project(path)
        assert project.views == {"view0": ("nose",), "view1": ("rightear",)}
        assert [video.name for video in project.videos] == ["v.mp4"]


def test_a_project_yaml_that_names_other_keypoints_is_only_a_warning(mirrored, save):
    save("project.yaml", "schema_version: 1\nview_names: []\nkeypoint_names: [nose, tail]\n")
    assert (
        "names other keypoints than the labels: leftear, rightear, tail"
        in open_lightning_pose(mirrored).warnings[0]
    )


def test_the_usual_file_is_preferred_and_others_are_named(mirrored, save):
    save("CollectedData_new.csv", HEAD.format(s="rick") + "labeled-data/img1.png,1,2,3,4,5,6\n")
    project = open_lightning_pose(mirrored)
    assert len(project.labels) == 1
    assert "labels in CollectedData_new.csv are not used" in project.warnings[0]


def test_a_folder_of_both_kinds_is_not_guessed(lab, save):
    save("CollectedData.csv", HEAD.format(s="ann"))
    (lab / "CollectedData.csv").write_text(
        HEAD.format(s="ann") + "labeled-data/v/img0.png,1,2,3,4,5,6\n"
    )
    with pytest.raises(
        FormatError, match="is a project of deeplabcut and lightning_pose; .*kind='lightning_pose'"
    ):
        open_project(lab)
    assert len(open_project(lab, "lightning_pose").labels) == 1
    assert len(open_project(lab, "deeplabcut").labels) == 2
    with pytest.raises(FormatError, match="unknown kind 'sleap'; known: deeplabcut, lightning"):
        open_project(lab, "sleap")


@pytest.mark.parametrize(
    ("name", "message"), [("none", "no such file or folder"), ("", "is no project of DeepLabCut")]
)
def test_what_is_no_project_gets_one_line(tmp_path, name, message):
    with pytest.raises(FormatError, match=message):
        open_project(tmp_path / name)


def test_a_table_in_no_project_is_not_opened_as_one(save):
    path = save("a.csv", HEAD.format(s="ann"))
    with pytest.raises(FormatError, match="lies in no DeepLabCut project"):
        open_project(path)


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(9), (480, 640)),
        (b"BM" + bytes(16) + b"\x80\x02\0\0\xe0\x01\0\0", (480, 640)),
        (b"GIF89a\x80\x02\xe0\x01" + bytes(20), (480, 640)),
        (b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc0\0\x0b\x08\x01\xe0\x02\x80" + bytes(9), (480, 640)),
        (b"\xff\xd8\xff\xe0\0\x04ab", None),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"no image", None),
    ],
)
def test_the_size_of_an_image_is_in_its_first_bytes(tmp_path, head, size):
    (tmp_path / "i").write_bytes(head)
    assert image_size(tmp_path / "i") == size
