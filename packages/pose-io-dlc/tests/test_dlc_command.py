import numpy as np
import pytest

from pose_io_dlc import read_sheet
from pose_io_dlc.__main__ import main

LABELS = "scorer,,,ann,ann\nbodyparts,,,nose,nose\ncoords,,,x,y\nlabeled-data,v,img0.png,{x},2\n"
PREDICTIONS = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.25,2,0.5\n2,,,\n"


@pytest.fixture
def lab(save, png):
    save("config.yaml", "Task: reach\nscorer: ann\nbodyparts: [nose]\n")
    png("labeled-data/v/img0.png")
    return save("labeled-data/v/CollectedData_ann.csv", LABELS.format(x=1)).parents[2]


def test_info_of_a_project(lab, capsys):
    assert main(["info", str(lab)]) == 0
    shown = capsys.readouterr().out
    assert "deeplabcut project 'reach', labeled by 'ann'" in shown
    assert "images: 1 of 1 found" in shown


def test_info_of_predictions_counts_gaps_and_missing_points(save, capsys):
    assert main(["info", str(save("a.csv", PREDICTIONS))]) == 0
    shown = capsys.readouterr().out
    assert "frame numbers: 0 to 2, 1 left out" in shown
    assert shown.splitlines()[-1].split() == ["nose", "1", "1"]


def test_check_of_a_sound_project_is_quiet(lab, save, capsys):
    save("videos/v.mp4", "")
    assert main(["check", str(lab)]) == 0
    assert capsys.readouterr().out == f"{lab}: 0 errors, 0 warnings\n"


def test_check_lists_all_problems(lab, save, capsys):
    (lab / "labeled-data" / "v" / "img0.png").unlink()
    save("labeled-data/w/CollectedData_ann.csv", "scorer\n")
    assert main(["check", str(lab)]) == 1
    shown = capsys.readouterr().out
    assert "error: " in shown
    assert shown.count("ends before row 2") == 1


def test_check_names_images_that_are_missing(lab, capsys):
    (lab / "labeled-data" / "v" / "img0.png").unlink()
    assert main(["check", str(lab)]) == 1
    assert "img0.png: labeled image is missing" in capsys.readouterr().out


def test_check_finds_a_csv_that_differs_from_its_h5(lab, capsys):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    path = lab / "labeled-data" / "v" / "CollectedData_ann.csv"
    assert main(["convert", str(path), str(path.with_suffix(".h5"))]) == 0
    assert main(["check", str(lab)]) == 0
    path.write_text(LABELS.format(x=1.5))
    assert main(["check", str(lab)]) == 1
    shown = capsys.readouterr().out
    assert "differs from CollectedData_ann.h5 in 1 numbers, the first is x of 'nose' in" in shown


def test_convert_keeps_every_number(save, tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    source = save("a.csv", PREDICTIONS)
    assert main(["convert", str(source), str(tmp_path / "b.h5")]) == 0
    assert main(["convert", str(tmp_path / "b.h5"), str(tmp_path / "c.csv")]) == 0
    first, last = read_sheet(source), read_sheet(tmp_path / "c.csv")
    assert first.columns == last.columns
    np.testing.assert_array_equal(first.index, last.index)
    np.testing.assert_array_equal(first.values, last.values)


@pytest.mark.parametrize("command", [["info"], ["check"], ["convert", "out.csv"]])
def test_a_fault_is_one_line_and_exit_status_1(tmp_path, capsys, command):
    arguments = [command[0], str(tmp_path / "none.csv"), *command[1:]]
    assert main(arguments) == 1
    shown = capsys.readouterr()
    assert "none.csv: no such file" in shown.out + shown.err
    assert len((shown.out + shown.err).splitlines()) == 1 + (command == ["check"])
