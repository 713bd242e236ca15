"""What `pose-io-dlc check --fix` mends, what it leaves, and what it keeps of the former file."""

import sys
import warnings

import numpy as np
import pytest

from pose_io_dlc import FormatError, read_labels, read_sheet
from pose_io_dlc.__main__ import main
from pose_io_dlc.commands.checks.finding import find_problems

PREDICTED = "scorer,s,s,s,s,s,s\nbodyparts,nose,nose,nose,tail,tail,tail\n"
PREDICTED += "coords,x,y,likelihood,x,y,likelihood\n"


def texts(path):
    return [str(problem) for problem in find_problems(path)]


FIXED = [
    ("img1.png,1.5", "img0.png,1.5", "1 double row removed"),
    ("img1.png,1.5", "img1.png,64", "1 point outside the image marked as missing"),
    ("labeled-data,v,img1", "/home/me/labeled-data,v,img1", "paths of 1 image put right"),
    ("labeled-data,v,img1", "labeled-data\\v,,img1", "backslashes in paths made /"),
    ("labeled-data,v,img", "labeled-data,7,img", "paths of 2 images put right"),
]


@pytest.mark.parametrize(("old", "new", "said"), FIXED)
def test_fix_mends_labels_keeps_the_former_file_and_leaves_nothing(
    lab, labels, capsys, old, new, said, spoil
):
    if "double" in said:
        (labels.parent / "img1.png").unlink()
    spoil(labels, old, new)
    former = labels.read_bytes()
    before = len(find_problems(labels))
    assert before
    assert main(["check", str(lab), "--fix", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert said in shown
    assert "would change" in shown
    assert labels.read_bytes() == former
    assert main(["check", str(lab), "--fix"]) == 0
    assert said in capsys.readouterr().out
    assert labels.with_name("CollectedData_ann.csv.bak").read_bytes() == former
    assert len(find_problems(labels)) < before
    assert main(["check", str(lab), "--fix"]) == 0
    assert "0 files changed" in capsys.readouterr().out


def test_fix_drops_empty_likelihood_and_names_rows_by_three_columns(lab, labels):
    text = "scorer,ann,ann,ann\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"
    labels.write_text(text + "labeled-data/v/img0.png,1.5,2.25,\n")
    main(["check", str(labels), "--fix"])
    sheet = read_sheet(labels)
    assert (sheet.columns.coords(), sheet.index_width) == (("x", "y"), 3)
    assert sheet.values.tolist() == [[1.5, 2.25]]


def test_fix_never_writes_over_an_older_backup(lab, labels, spoil):
    older = labels.with_name(f"{labels.name}.bak")
    older.write_text("older")
    spoil(labels, "img1.png,1.5", "img1.png,64")
    assert main(["check", str(lab), "--fix"]) == 0
    assert older.read_text() == "older"
    assert labels.with_name(f"{labels.name}.bak1").is_file()


def test_fix_writes_the_broken_one_of_two_anew(lab, labels, capsys, spoil, with_twin):
    h5 = with_twin(labels)
    h5.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert main(["check", str(lab), "--fix"]) == 0
    assert "written anew from CollectedData_ann.csv" in capsys.readouterr().out
    spoil(labels, "coords", "cords")
    assert main(["check", str(lab), "--fix"]) == 0
    assert "written anew from CollectedData_ann.h5" in capsys.readouterr().out
    np.testing.assert_array_equal(read_sheet(labels).values, read_sheet(h5).values)


@pytest.mark.parametrize("rounded", ["csv", "h5"])
def test_fix_gives_both_files_the_digits_that_only_one_has(lab, labels, rounded, spoil, with_twin):
    if rounded == "h5":
        spoil(labels, "2.25", "2.2")
    h5 = with_twin(labels)
    spoil(labels, *(("2.25", "2.2") if rounded == "csv" else ("2.2", "2.25")))
    assert main(["check", str(lab), "--fix"]) == 0
    for file in (labels, h5):
        assert read_labels(file).keypoints[0, 0].tolist() == [1.5, 2.25]


def test_fix_leaves_files_that_differ_to_a_person(lab, labels, capsys, spoil, with_twin):
    h5 = with_twin(labels)
    spoil(labels, "img1.png,1.5", "img1.png,9.5")
    former = labels.read_bytes(), h5.read_bytes()
    assert main(["check", str(lab), "--fix"]) == 1
    assert (
        "differs from CollectedData_ann.h5 in its numbers; keep the right"
        in capsys.readouterr().out
    )
    assert (labels.read_bytes(), h5.read_bytes()) == former


def test_fix_puts_back_the_frame_that_a_conversion_lost(lab, labels, spoil):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    spoil(labels, "img0.png,1.5,2.25,3,4", "img0.png,,,,")
    names = ["labeled-data", "v", "img0.png"]  # where DeepLabCut's csv-to-h5 conversion puts it
    rows = pd.MultiIndex.from_tuples([("labeled-data", "v", "img1.png")], names=names)
    levels = [("ann", part, axis) for part in ("nose", "tail") for axis in "xy"]
    columns = pd.MultiIndex.from_tuples(levels, names=["scorer", "bodyparts", "coords"])
    frame = pd.DataFrame([[1.5, 2.25, 3.0, 4.0]], index=rows, columns=columns)
    with warnings.catch_warnings():  # PyTables does not like such names
        warnings.simplefilter("ignore")
        frame.to_hdf(labels.with_suffix(".h5"), key="df_with_missing", mode="w")
    assert any("without labels, was lost" in text for text in texts(lab))
    main(["check", str(lab), "--fix"])
    assert len(read_sheet(labels.with_suffix(".h5"))) == 2
    assert not any("was lost" in text for text in texts(lab))


def test_fix_adds_the_version_that_pandas_2_looks_for_and_nothing_else(save, tmp_path, capsys):
    h5py = pytest.importorskip("h5py", reason="the extra [h5] is not installed")
    source = save("in/a.csv", PREDICTED + "0,1,2,.5,1,2,.5\n")
    h5 = tmp_path / "a.h5"
    assert main(["convert", str(source), str(h5)]) == 0
    with h5py.File(h5, "r+") as file:
        before = dict(file["df_with_missing"].attrs)
        del file["df_with_missing"].attrs["pandas_version"]
    assert "has no pandas_version" in "\n".join(texts(h5))
    assert main(["check", str(h5), "--fix"]) == 0
    with h5py.File(h5, "r") as file:
        after = dict(file["df_with_missing"].attrs)
    assert before.keys() == after.keys()
    assert after["pandas_version"] in ("0.15.2", b"0.15.2")
    import pandas as pd

    assert pd.read_hdf(h5).shape == (1, 6)


@pytest.mark.parametrize(("second", "rows"), [("train", 1), ("test", 2)])
def test_fix_keeps_columns_of_words(save, second, rows):
    head = "scorer,a,a,set\nbodyparts,nose,nose,\ncoords,x,y,\n"
    text = f"labeled-data/i.png,1,2,train\nlabeled-data/i.png,1,2,{second}\n"
    path = save("CollectedData.csv", head + text)
    main(["check", str(path), "--fix"])
    fixed = read_sheet(path)
    assert fixed.text == {"set": ("train", second)[:rows]}
    assert fixed.values.tolist() == [[1, 2]] * rows


def test_fix_keeps_words_where_the_digits_come_from_an_h5(save):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    head = "scorer,a,a,set\nbodyparts,nose,nose,\ncoords,x,y,\n"
    exact = head + "labeled-data/i.png,1.23456,2,train\nlabeled-data/j.png,3,4,test\n"
    main(["convert", str(save("CollectedData.csv", exact)), str(save("a", "").parent / "b.h5")])
    path = save("CollectedData.csv", exact.replace("1.23456", "1.2"))
    (path.parent / "b.h5").rename(path.with_suffix(".h5"))
    main(["check", str(path), "--fix"])
    assert path.read_text() == exact.replace(",2,", ",2.0,").replace("3,4", "3.0,4.0")


def test_backslashes_in_an_h5_are_found_and_mended(lab, labels):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    levels = [("ann", part, axis) for part in ("nose", "tail") for axis in "xy"]
    columns = pd.MultiIndex.from_tuples(levels, names=["scorer", "bodyparts", "coords"])
    rows = [f"labeled-data\\v\\img{n}.png" for n in range(2)]
    frame = pd.DataFrame([[1.5, 2.25, 3.0, 4.0]] * 2, index=rows, columns=columns)
    h5 = labels.with_suffix(".h5")
    frame.to_hdf(h5, key="df_with_missing", mode="w", format="table")
    assert any("2 rows with backslashes in paths; write /" in text for text in texts(lab))
    assert main(["check", str(lab), "--fix"]) == 0
    assert not any("backslashes" in text for text in texts(lab))
    assert read_sheet(h5).index_width == 3


def test_a_missing_library_is_no_error_of_the_file(lab, monkeypatch, capsys):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    folder = lab / "labeled-data" / "v"
    main(["convert", str(folder / "CollectedData_ann.csv"), str(folder / "CollectedData_ann.h5")])
    before = (folder / "CollectedData_ann.h5").read_bytes()
    monkeypatch.setitem(sys.modules, "h5py", None)
    capsys.readouterr()
    assert main(["check", str(folder / "CollectedData_ann.h5")]) == 0
    assert "not looked at: H5 files need h5py; pip install" in capsys.readouterr().out
    main(["check", str(folder / "CollectedData_ann.csv"), "--fix"])
    assert (folder / "CollectedData_ann.h5").read_bytes() == before


def test_a_fix_that_cannot_be_written_leaves_nothing_behind(save, monkeypatch, capsys):
    text = "scorer,a,a\nbodyparts,n,n\ncoords,x,y\n" + "labeled-data/v/1.png,1,2\n" * 2
    path = save("CollectedData.csv", text)

    def full(*_):
        raise FormatError(f"{path}: cannot be written: the disk is full; free some space")

    monkeypatch.setattr("pose_io_dlc.commands.checks.fixing.write_sheet", full)
    assert main(["check", str(path), "--fix"]) == 1
    assert "the disk is full" in capsys.readouterr().err
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_text() == text
