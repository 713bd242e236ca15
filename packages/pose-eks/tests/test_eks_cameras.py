"""Which file is of which camera."""

from pathlib import Path

import pytest

from pose_eks import EksError
from pose_eks.__main__ import main
from pose_eks.files.cameras import given_cameras, tell_cameras

FLY = "05272019_fly4_0_R1C24_Cam-{}_rot-ccw-0.06_sec.rng={}.csv"
PAW = "3f859b5c-e73a-4044-b49e-34bb81e96715.{}.rng={}.csv"


def paths(pattern: str, cameras: list[str], networks: int) -> list[Path]:
    return [Path("p") / pattern.format(c, n) for n in range(networks) for c in cameras]


@pytest.mark.parametrize(
    ("pattern", "cameras"),
    [
        (FLY, ["A", "B", "C"]),
        (PAW, ["left", "right"]),
        ("{}_{}.csv", ["top", "bot"]),
        ("model{1}/{0}.csv", ["front", "side"]),
        ("{0}/seed{1}.csv", ["camA", "camB"]),
        ("mouse-{}-{}.csv", ["left", "right"]),
        ("{}DLC_resnet50_reachJan5shuffle{}_2000.csv", ["camera1", "camera2"]),
        ("mouse.{}.net{}.csv", ["north", "south"]),  # no word we know, but not a network's either
    ],
)
def test_cameras_are_told_from_names(pattern: str, cameras: list[str]) -> None:
    told = tell_cameras(paths(pattern, cameras, 3))
    assert [len(files) for files in told.values()] == [3] * len(cameras)
    assert all(any(c in name for c in cameras) for name in told)
    for place in range(3):  # files of one network stand at one place
        numbers = {
            file.as_posix().replace(name, "")
            for name, files in told.items()
            for file in [files[place]]
        }
        assert len(numbers) == 1


def test_one_network_and_two_cameras() -> None:
    told = tell_cameras(paths("session.{}.csv", ["left", "right"], 1))
    assert told == {"left": [Path("p/session.left.csv")], "right": [Path("p/session.right.csv")]}


def test_a_camera_may_lack_a_network() -> None:
    told = tell_cameras(paths(PAW, ["left", "right"], 3)[:-1])
    assert [len(files) for files in told.values()] == [3, 2]


@pytest.mark.parametrize(
    "names", [["a.csv", "b_c.csv"], ["m0.csv", "m1.csv"], ["x_left_top.csv", "x_right_bot.csv"]]
)
def test_names_that_do_not_tell_are_refused(names: list[str]) -> None:
    with pytest.raises(EksError, match="do not tell the cameras.*--camera left="):
        tell_cameras([Path(name) for name in names])


def test_names_of_a_calibration_are_whole_words() -> None:
    files = paths(FLY, ["A", "B"], 2)
    told = tell_cameras(files, ["Cam-A", "Cam-B", "Cam-C"])
    assert {name: len(found) for name, found in told.items()} == {"Cam-A": 2, "Cam-B": 2}
    with pytest.raises(EksError, match=r"stopped\.csv: names no camera \('top'"):
        tell_cameras([Path("stopped.csv")], ["top"])
    with pytest.raises(EksError, match="names several cameras"):
        tell_cameras([Path("a_left_right.csv")], ["left", "right"])


def test_the_longer_of_two_names_counts() -> None:
    assert tell_cameras([Path("s_top-left_1.csv")], ["top", "top-left"]) == {
        "top-left": [Path("s_top-left_1.csv")]
    }


def test_cameras_as_a_user_says_them() -> None:
    with pytest.raises(SystemExit):
        main(["multicam", "--camera", "left", "--output", "o"])
    with pytest.raises(EksError, match=r"a\.csv: is given to camera 'l' and to 'r'"):
        given_cameras([("l", [Path("a.csv")]), ("r", [Path("a.csv")])])
