import subprocess
import sys

import numpy as np
import pytest

pose_core = pytest.importorskip("pose_core", reason="pose-core is not installed")
from pose_core.files import open_project  # noqa: E402
from pose_core.plugins import Plugins  # noqa: E402
from pose_io_dlc.plugin import pose_formats  # noqa: E402

FORMATS = {one.name: one for one in pose_formats()}
HEAD = "scorer,a,a,a\nbodyparts,left_paw,left_paw,left_paw\ncoords,x,y,likelihood\n"


def test_the_package_and_its_plugin_load_without_torch_and_pandas():
    heavy = "{'torch', 'pandas', 'yaml', 'h5py', 'tables'}"
    code = f"import pose_io_dlc.plugin, sys; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_works_where_pose_core_is_not_installed():
    code = "import sys; sys.modules['pose_core'] = None; import pose_io_dlc.commands.check"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("suffix", FORMATS["deeplabcut"].suffixes)
def test_predictions_go_out_and_come_back(tmp_path, suffix):
    points = np.random.default_rng(0).uniform(1, 600, (7, 2, 2))
    points[3] = np.nan
    skeleton = pose_core.Skeleton(("left_paw", "right_paw"))
    given = pose_core.Predictions(
        points, points[..., 0] / 600, skeleton, None, "net", {"v": points[..., 1]}
    )
    FORMATS["deeplabcut"].write_predictions(tmp_path / f"a{suffix}", given)
    back = FORMATS["deeplabcut"].read_predictions(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(back.keypoints, points, atol=1e-6)
    np.testing.assert_allclose(back.confidence, given.confidence, atol=1e-6)
    np.testing.assert_allclose(back.extra["v"], points[..., 1], atol=1e-6)
    assert (back.scorer, back.frames, back.skeleton.names) == ("net", None, skeleton.names)
    assert back.skeleton.symmetric == (("left_paw", "right_paw"),)


def test_predictions_of_images_name_them_below_the_project(save):
    path = save("a.csv", HEAD + "/lab/p/labeled-data/v/1.png,1,2,0.5\n")
    assert FORMATS["deeplabcut"].read_predictions(path).frames == ("labeled-data/v/1.png",)


@pytest.mark.parametrize("name", list(FORMATS))
def test_labels_go_out_and_come_back(tmp_path, name):
    points = np.array([[[1.5, 2.5], [np.nan, np.nan]]])
    given = pose_core.Labels.of(["labeled-data/v/1.png"], points, pose_core.Skeleton(("a", "b")))
    FORMATS[name].write_labels(tmp_path / "a.csv", given)
    back = FORMATS[name].read_labels(tmp_path / "a.csv")
    assert back.frames == given.frames
    np.testing.assert_array_equal(back.keypoints, points)
    np.testing.assert_array_equal(back.visibility, given.visibility)
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert rows[0].startswith("scorer,,," if name == "deeplabcut" else "scorer,l")


def test_several_animals_are_refused_with_one_line(save):
    head = "scorer,a,a,a,a,a,a\nindividuals,m,m,m,k,k,k\nbodyparts,n,n,n,n,n,n\n"
    text = head + "coords,x,y,likelihood,x,y,likelihood\n0,1,2,.5,1,2,.5\n"
    with pytest.raises(
        pose_core.FormatError, match=r"2 animals \(m, k\); only files and projects of one"
    ):
        FORMATS["deeplabcut"].read_predictions(save("a.csv", text))


def test_faults_become_errors_of_the_house(tmp_path):
    with pytest.raises(pose_core.FormatError, match="no such file"):
        FORMATS["deeplabcut"].read_predictions(tmp_path / "a.csv")


def test_files_of_other_families_are_not_claimed(save):
    for path in (save("a.csv", "frame,x,y\n"), save("b.h5", "text"), save("c.txt", HEAD)):
        assert not any(one.detect(path) for one in FORMATS.values())
    assert FORMATS["deeplabcut"].detect(save("d.csv", HEAD))


def test_two_cameras_open_as_one_project_that_can_be_trained_on(save, png):
    head = "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n"
    for view in ("top", "side"):
        png(f"labeled-data/{view}/img1.png")
        save(f"CollectedData_{view}.csv", f"{head}labeled-data/{view}/img1.png,1,2\n")
    folder = save("project.yaml", "view_names: [top, side]\n").parent
    project = open_project(folder, Plugins().load())
    assert project.labels.frames == ("labeled-data/top/img1.png", "labeled-data/side/img1.png")
    assert project.skeleton.names == ("nose",)


def test_a_folder_of_both_kinds_is_reported_with_the_way_to_choose(save):
    save("CollectedData.csv", HEAD)
    folder = save("config.yaml", "Task: t\n").parent
    with pytest.raises(
        pose_core.FormatError,
        match="can be opened as deeplabcut or lightning_pose; choose by format=deeplabcut",
    ):
        open_project(folder, Plugins().load())


def test_what_was_odd_in_a_file_of_predictions_is_passed_on(save):
    read = FORMATS["deeplabcut"].read_predictions(save("a.csv", HEAD + "0,1,2,0.5\n2,3,4,0.5\n"))
    assert len(read) == 3
    assert "a.csv" in read.warnings[0]


@pytest.mark.parametrize("frame", ["labeled-data/v/1.png", "1.png"])
def test_hidden_points_are_no_column_in_a_file_for_deeplabcut(tmp_path, frame):
    given = pose_core.Labels(
        (frame,), np.ones((1, 1, 2)), np.ones((1, 1), np.uint8), pose_core.Skeleton(("a",))
    )
    FORMATS["deeplabcut"].write_labels(tmp_path / "a.csv", given)
    assert "visible" not in (tmp_path / "a.csv").read_text()
