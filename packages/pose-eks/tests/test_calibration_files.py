"""Calibrations in Anipose's TOML, good and bad."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pose_eks import EksError
from pose_eks.cameras.calibration import read_calibration, rotation_matrix
from pose_eks.cameras.rig import Camera, Rig

LEFT = """
[cam_0]
name = "left"
size = [ 640, 480,]
matrix = [ [ 900.0, 0.0, 320.0,], [ 0.0, 910.0, 240.0,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.1, 0.0, 0.0, 0.0, 0.0,]
rotation = [ 0.1, -0.2, 0.3,]
translation = [ 1, 2, 30.5,]
"""
RIGHT = LEFT.replace("cam_0", "cam_1").replace('"left"', '"right"')


def written(folder: Path, text: str) -> Path:
    path = folder / "calibration.toml"
    path.write_text(text)
    return path


def test_a_file_gives_its_cameras_in_order(tmp_path: Path) -> None:
    text = LEFT + RIGHT + "\n[metadata]\nerror = 2.1\n[notes]\nby = 'me'\n"
    rig = read_calibration(written(tmp_path, "unit = 'mm'\n" + text))
    left, right = rig.cameras
    assert rig.names == ("left", "right")
    assert left.size == (480, 640)
    assert not left.fisheye
    np.testing.assert_array_equal(left.matrix, [[900, 0, 320], [0, 910, 240], [0, 0, 1]])
    np.testing.assert_array_equal(left.distortions, [-0.1, 0, 0, 0, 0])
    np.testing.assert_array_equal(right.translation, [1, 2, 30.5])
    expected = Rotation.from_rotvec([0.1, -0.2, 0.3]).as_matrix()
    np.testing.assert_allclose(left.rotation, expected, atol=1e-15)


def test_a_fisheye_lens_is_read(tmp_path: Path) -> None:
    text = LEFT.replace("[ -0.1, 0.0, 0.0, 0.0, 0.0,]", "[0.1, 0.2, 0.3, 0.4]\nfisheye = true")
    assert read_calibration(written(tmp_path, text)).cameras[0].fisheye


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 12, 14])
def test_lenses_of_every_length_are_read(tmp_path: Path, count: int) -> None:
    text = LEFT.replace("[ -0.1, 0.0, 0.0, 0.0, 0.0,]", str([0.1] * count))
    assert len(read_calibration(written(tmp_path, text)).cameras[0].distortions) == count


def test_a_calibration_of_real_recordings_is_read() -> None:
    if not os.environ.get("POSE_DATA_DIR"):
        pytest.skip("needs real recordings; set POSE_DATA_DIR")
    rig = read_calibration(Path(os.environ["POSE_DATA_DIR"]) / "eks" / "fly" / "calibration.toml")
    assert rig.names == ("Cam-A", "Cam-B", "Cam-C")
    assert [camera.size for camera in rig.cameras] == [(632, 832)] * 3


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, 3.14, np.pi, 5.0])
def test_rotation_vectors_become_the_matrices_of_scipy(angle: float) -> None:
    axis = np.array([0.6, -0.48, 0.64])
    expected = Rotation.from_rotvec(angle * axis).as_matrix()
    np.testing.assert_allclose(rotation_matrix(angle * axis), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("matrix =", "other =", r"calibration.toml: camera 'left': 'matrix' is missing"),
        ("distortions =", "other =", r"camera 'left': 'distortions' is missing"),
        ("rotation =", "other =", r"camera 'left': 'rotation' is missing"),
        ("translation =", "other =", r"camera 'left': 'translation' is missing"),
        ("name =", "other =", r"\[cam_0\]: name None is not a text"),
        ('name = "left"', "name = 3", r"\[cam_0\]: name 3 is not a text"),
        ("[ 900.0, 0.0, 320.0,]", "[900.0, 0.0]", r"camera 'left': matrix: .* not an array"),
        ("[ 900.0, 0.0, 320.0,],", "", r"camera 'left': matrix: shape \(2, 3\) is not \(3, 3\)"),
        ("900.0", "0.0", r"camera 'left': matrix .* with positive fx and fy"),
        ("[ 0.0, 0.0, 1.0,]", "[ 0.0, 0.1, 1.0,]", r"camera 'left': matrix .* is not \[\[fx"),
        ("900.0", "nan", r"camera 'left': matrix: .*nan.* is not finite"),
        ("900.0", "'wide'", r"camera 'left': matrix: .* is not an array of numbers"),
        ("[ 0.1, -0.2, 0.3,]", "[0.1, 0.2]", r"'left': rotation: shape \(2,\) is not \(3,\)"),
        ("0.3,]", "inf]", r"camera 'left': rotation: .*inf.* is not finite"),
        ("30.5", "nan", r"camera 'left': translation: .* is not finite"),
        ("[ 1, 2, 30.5,]", "[1, 2]", r"'left': translation: shape \(2,\) is not \(3,\)"),
        ("[ -0.1, 0.0, 0.0, 0.0, 0.0,]", "[0.1, 0.2]", r"'left': 2 distortions; a lens has 0, 1,"),
        ("[ -0.1, 0.0, 0.0, 0.0, 0.0,]", "[0.1, nan, 0, 0]", r"'left': distortions: .* not finite"),
        ("[ -0.1, 0.0, 0.0, 0.0, 0.0,]", "[[0.1, 0, 0, 0]]", r"'left': 4 distortions"),
        ("size =", "fisheye = true\nsize =", r"'left': 5 distortions; a fisheye lens has 0, 4"),
        ("size =", "fisheye = 1\nsize =", r"'left': fisheye 1 is neither true nor false"),
        ("[ 640, 480,]", "[640]", r"'left': size: shape \(1,\) is not \(2,\)"),
        ("[ 640, 480,]", "[640, 0]", r"'left': size \[640, 0\] is not positive"),
        ("[cam_0]", "[cam_0", r"calibration.toml: not TOML"),
        ("[cam_0]", "[metadata]", r"calibration.toml: no cameras in it"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in LEFT
    with pytest.raises(EksError, match=message) as caught:
        read_calibration(written(tmp_path, LEFT.replace(old, new, 1)))
    assert "\n" not in str(caught.value)


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EksError, match=r"camera 'left': there are two of this name"):
        read_calibration(written(tmp_path, LEFT + LEFT.replace("cam_0", "cam_1")))


def test_an_empty_file_and_one_that_is_absent_or_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EksError, match="no cameras in it"):
        read_calibration(written(tmp_path, ""))
    with pytest.raises(EksError, match=r"none.toml: cannot be read \(No such file"):
        read_calibration(tmp_path / "none.toml")
    with pytest.raises(EksError, match="cannot be read"):
        read_calibration(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EksError, match=r"binary.toml: not TOML"):
        read_calibration(tmp_path / "binary.toml")


def test_cameras_are_chosen_by_name(tmp_path: Path) -> None:
    rig = read_calibration(written(tmp_path, LEFT + RIGHT))
    assert rig.choose(["right"]).names == ("right",)
    with pytest.raises(EksError, match=r"camera 'top': not in the calibration; it has left, right"):
        rig.choose(["left", "top"])


def test_a_camera_made_by_hand_is_held_to_the_same() -> None:
    good = np.diag([900.0, 900.0, 1.0])
    with pytest.raises(EksError, match=r"camera 'a': rotation is not orthogonal"):
        Camera("a", good, np.zeros(5), 2 * np.eye(3), np.zeros(3))
    with pytest.raises(EksError, match="there are none"):
        Rig(())
