import json
import re
import sys
import warnings

import numpy as np
import pytest

from pose_io_dlc import FormatError, read_labels, read_sheet
from pose_io_dlc.__main__ import main
from pose_io_dlc.commands.checks.finding import find_problems

CONFIG = """Task: reach
scorer: ann
date: Oct30
video_sets:
  /gone/videos/v.avi: {crop: "0, 64, 0, 48"}
  /gone/videos/w.avi: {crop: "0, 64, 0, 48"}
bodyparts: [nose, tail]
TrainingFraction: [0.95]
"""
HEAD = "scorer,,,ann,ann,ann,ann\nbodyparts,,,nose,nose,tail,tail\ncoords,,,x,y,x,y\n"
ROW = "labeled-data,{folder},img{n}.png,1.5,2.25,3,4\n"
PREDICTED = "scorer,s,s,s,s,s,s\nbodyparts,nose,nose,nose,tail,tail,tail\n"
PREDICTED += "coords,x,y,likelihood,x,y,likelihood\n"


@pytest.fixture
def lab(save, png):
    """A sound project of two videos with two labeled images each."""
    save("config.yaml", CONFIG)
    for folder in "vw":
        rows = "".join(ROW.format(folder=folder, n=n) for n in range(2))
        save(f"labeled-data/{folder}/CollectedData_ann.csv", HEAD + rows)
        save(f"videos/{folder}.avi", "")
        for n in range(2):
            png(f"labeled-data/{folder}/img{n}.png")
    return save("videos/v.avi", "").parents[1]


@pytest.fixture
def labels(lab):
    return lab / "labeled-data" / "v" / "CollectedData_ann.csv"


def spoil(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def with_twin(labels):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    assert main(["convert", str(labels), str(labels.with_suffix(".h5"))]) == 0
    return labels.with_suffix(".h5")


def texts(path):
    return [str(problem) for problem in find_problems(path)]


def test_a_sound_project_has_no_problems(lab, labels, capsys):
    with_twin(labels)
    assert main(["check", str(lab)]) == 0
    shown = capsys.readouterr().out
    assert f"{lab}: 0 errors, 0 warnings, 0 notes\n" in shown


LABELS = [
    ("img1.png,1.5,2.25,3,4", "img1.png,1.5,2.25,3", "row 5: has 6 cells where the header has 7"),
    ("img1.png,1.5", "img1.png,one", "row 5: 'one' is not a number (nose, x)"),
    ("labeled-data,v,img1.png", ",,", "row 5: has numbers but names no frame"),
    ("img1.png", "img1.txt", "row 5: 'labeled-data/v/img1.txt' is not an image"),
    ("img1.png", "img7.png", "row 5: labeled image is missing: labeled-data/v/img7.png"),
    ("img1.png", "img0.png", "row 5: is labeled twice, alike (first in row 4)"),
    (
        "img1.png,1.5",
        "img0.png,9",
        "row 5: is labeled twice, differently (first in row 4)",
    ),
    ("img1.png,1.5,", "img1.png,,", "row 5: 'nose' has y but no x in labeled-data/v/img1.png"),
    ("img1.png,1.5,2.25", "img1.png,inf,2.25", "row 5: 'nose' is at infinity"),
    (
        "img1.png,1.5",
        "img1.png,64",
        "row 5: 'nose' at (64, 2.25) is outside labeled-data/v/img1.png (64 x 48)",
    ),
    (
        "img1.png,1.5",
        "img1.png,0",
        "row 5: 'nose' at (0, 2.25) is outside labeled-data/v/img1.png (64 x 48)",
    ),
    ("data,v,img1", "data\\v,,img1", "row 5: 1 row with backslashes in paths; write /"),
    ("labeled-data,v,img1", "..,v,img1", "row 5: image '../v/img1.png' leads out of the project"),
    ("ann,ann,ann,ann", "bob,bob,bob,bob", "scorer is 'bob', in the config 'ann'"),
    ("ann,ann,ann,ann", "ann,ann,bob,bob", "has 2 scorers: 'ann', 'bob'; keep the columns of one"),
    ("tail,tail", "nose,nose", "column 'x' of keypoint 'nose' is given 2 times; remove all but"),
    ("nose,nose", "nose,", "column 5 has no bodyparts; mend the header"),
    ("tail,tail", "tip,tip", "lacks 'tail', which config.yaml has; add empty columns"),
    ("tail,tail", "tip,tip", "has 'tip', which config.yaml lacks; add it there, or rename it"),
    ("nose,nose,tail,tail", "tail,tail,nose,nose", "in another order than in config.yaml: tail"),
    ("coords,,,x,y,x,y", "coords,,,x,y,x,likelihood", "'tail' has no column 'y'; mend the header"),
    ("labeled-data,v,img1.png", "labeled-data,w,img1.png", "is labeled in"),
    ("1.5,2.25,3,4", "1.5,2.25,,", "never labeled here: 'tail'"),
]


@pytest.mark.parametrize(("old", "new", "expected"), LABELS)
def test_check_finds_what_is_wrong_with_labels(lab, labels, old, new, expected):
    spoil(labels, old, new)
    if new.startswith("labeled-data,w"):
        (labels.parent / "img1.png").unlink()
    assert expected in "\n".join(texts(lab))


CONFIGS = [
    ("Task: reach\n", "", "error: .*Task is missing; add Task"),
    ("bodyparts: [nose, tail]", "bodyparts: nose", "bodyparts is 'nose', not a list of names"),
    ("[nose, tail]", "[nose, tail, tail]", "bodyparts lists 'tail' 2 times"),
    ("[nose, tail]", "[nose, tail, 3]", "bodyparts holds 3, which is no text"),
    ("[nose, tail]", "[nose, tail, {a: b}]", "bodyparts holds {'a': 'b'}, not a name"),
    ("[nose, tail]", "MULTI!", "bodyparts is 'MULTI!' and multianimalproject is not true"),
    ("Task", "skeleton: [[nose, paw]]\nTask", "bone nose-paw names 'paw', no body part"),
    ("Task", "skeleton: [[nose, nose]]\nTask", "bone nose-nose joins a part to itself"),
    ("Task", "skeleton: [nose]\nTask", "skeleton holds 'nose', not a pair of names"),
    ("Task", "skeleton: [[nose, tail], [tail, nose]]\nTask", "bone tail-nose is given twice"),
    ("[0.95]", "[95]", r"TrainingFraction holds 95, not between 0 and 1; write 0\.95"),
    ("[0.95]", "0.95", "TrainingFraction is 0.95, not a list"),
    ("/gone/videos/w.avi", "C:\\gone\\u.avi", r"video 'u\.avi' is not in .*videos"),
    ("/gone/videos/w.avi", "/other/v.avi", "video_sets lists video 'v' 2 times"),
    ("/gone/videos/w.avi", "/other/v.avi", "'w' belongs to no video of video_sets; add its"),
    (
        'w.avi: {crop: "0, 64',
        'w.avi: {crop: "64, 64',
        "crop of 'w.avi' is '64, 64, 0, 48', an empty",
    ),
    ('w.avi: {crop: "0, 64', 'w.avi: {crop: "a, 64', "crop of 'w.avi' is .*not four numbers"),
    (
        "Task",
        "project_path: /gone\nTask",
        "note: .*project_path is '/gone', and the project is here",
    ),
    ("Task", "pcutoff: 60\nTask", "pcutoff is 60; write 0 to 1"),
    ("Task", "start: 0.9\nstop: 0.1\nTask", r"start is 0\.9, not below stop, 0\.1"),
    ("Task", "iteration: one\nTask", "iteration is 'one', not a number; write 0 or more"),
    ("Task", "engine: jax\nTask", "engine is 'jax'; write pytorch or tensorflow"),
    ("Task", "cropping: true\nx1: 9\nx2: 3\nTask", "x1 is 9, not below x2, 3"),
    ("Task", "multianimalproject: maybe\nTask", "multianimalproject is 'maybe', neither true nor"),
    ("Task", "Task: [", r"config\.yaml: is not YAML"),
]


@pytest.mark.parametrize(("old", "new", "expected"), CONFIGS)
def test_check_finds_what_is_wrong_with_a_config(lab, old, new, expected):
    spoil(lab / "config.yaml", old, new)
    assert re.search(expected, "\n".join(texts(lab)))


def test_check_minds_the_lists_of_several_animals(lab):
    spoil(
        lab / "config.yaml", "Task", "multianimalproject: true\nuniquebodyparts: [nose, nose]\nTask"
    )
    found = "\n".join(texts(lab))
    assert "bodyparts is ['nose', 'tail'] in a project of several animals" in found
    assert "individuals is empty in a project of several animals" in found
    assert "uniquebodyparts lists 'nose' 2 times" in found


def test_check_finds_all_problems_and_not_only_the_first(lab, labels, capsys):
    rows = [
        "labeled-data,v,img0.png,x,2,3,4",
        "labeled-data,v,img1.png,99,2,3,",
        "labeled-data,v,img2.png,1,2,3,4,5",
        "labeled-data,v,img3.png,1,z,3,4",
    ]
    labels.write_text(HEAD + "\n".join(rows) + "\n")
    spoil(lab / "config.yaml", "[0.95]", "[95]")
    assert main(["check", str(lab), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {(problem["row"], problem["kind"]) for problem in found} == {
        (None, "config"),
        (4, "number"),
        (5, "outside"),
        (5, "half"),
        (6, "cells"),
        (7, "number"),
        (7, "image"),
    }


def test_many_problems_of_one_kind_are_counted_unless_all_are_asked_for(lab, labels, capsys):
    labels.write_text(HEAD + "".join(ROW.format(folder="v", n=n) for n in range(2, 30)))
    assert main(["check", str(lab)]) == 1
    shown = capsys.readouterr().out
    assert shown.count("labeled image is missing") == 5
    assert "23 more of this kind (image); --all lists them" in shown
    assert main(["check", str(lab), "--all"]) == 1
    assert capsys.readouterr().out.count("labeled image is missing") == 28


def test_images_of_several_sizes_are_a_note(lab, png):
    png("labeled-data/v/img1.png", height=60, width=80)
    assert any("note" in text and "1 of 64 x 48, 1 of 80 x 60" in text for text in texts(lab))


def test_folders_of_numbers_and_of_drawings_are_noted(lab, png):
    (lab / "labeled-data" / "v").rename(lab / "labeled-data" / "0012")
    png("labeled-data/0012_labeled/img0.png")
    found = "\n".join(texts(lab))
    assert "folder is named by a number" in found
    assert "folders of drawings are skipped: 0012_labeled" in found
    assert "labeled-data/v/img0.png lies beside this file, in '0012'" in found


def test_labels_of_other_scorers_are_named(lab, labels):
    labels.rename(labels.with_name("CollectedData_bob.csv"))
    found = "\n".join(texts(lab))
    assert "labels of other scorers are not used: bob; rename file and scorer to 'ann'" in found
    assert "has no CollectedData_ann.csv or .h5 for 2 images" in found


TWINS = [
    (
        "img1.png,1.5",
        "img1.png,9.5",
        "row 5: differs from .* in 1 numbers, the first is x of 'nose'",
    ),
    ("img1.png", "img9.png", r"row 5: frame 'labeled-data/v/img9\.png' is not in .*h5"),
    ("img1.png", "img9.png", r"frame 'labeled-data/v/img1\.png' is in .*h5 only"),
    ("tail,tail", "paw,paw", r"differs from .*h5 in its columns \('paw', 'tail'\)"),
    ("ann,ann,ann,ann", "bob,bob,bob,bob", "scorer is 'bob', in CollectedData_ann.h5 'ann'"),
    ("2.25", "2e307", "row 4: differs from .* in 1 numbers, the first is y of 'nose'"),
    ("2.25", "2.2", "warning: .*has the same numbers with more digits"),
]


@pytest.mark.parametrize(("old", "new", "expected"), TWINS)
def test_check_compares_csv_and_h5(lab, labels, old, new, expected):
    with_twin(labels)
    spoil(labels, old, new)
    assert re.search(expected, "\n".join(texts(lab)))


PREDICTIONS = [
    ("0,1,2,.5,1,2,.5\n1,1,2,.5,1,2,.5\n", ""),
    ("0,1,2,.5,1,2,.5\n4,1,2,.5,1,2,.5\n9,1,2,.5,1,2,.5\n", "7 frames left out: 1-3, 5-8"),
    ("1,1,2,.5,1,2,.5\n1,1,2,.5,1,2,.5\n", "error: .*frame 1 is given 2 times"),
    ("1,1,2,.5,1,2,.5\n0,1,2,.5,1,2,.5\n", "frame 0 comes after frame 1; sort the rows"),
    ("-1,1,2,.5,1,2,.5\n0,1,2,.5,1,2,.5\n", "frame number -1 is not one of a video"),
    ("0,1,2,1.5,1,2,-.25\n", r"2 likelihoods outside 0 to 1 \(-0.25 to 1.5\); the first is 'nose'"),
    ("0,1,2,,1,2,.5\n", "1 point without likelihood; the first is 'nose' in frame 0"),
    ("0,1,,.5,1,2,.5\n", "1 point with some coordinates and not all; the first is 'nose'"),
    ("0,1,2,.5,,,\n", "never found in any frame: 'tail'"),
    ("0,inf,2,.5,1,2,.5\n", "1 point at infinity"),
    ("", "has no frames"),
]


@pytest.mark.parametrize(("rows", "expected"), PREDICTIONS)
def test_check_finds_what_is_wrong_with_predictions(save, rows, expected):
    found = "\n".join(texts(save("a.csv", PREDICTED + rows)))
    assert re.search(expected, found) if expected else not found


def test_an_animal_that_is_absent_is_no_odd_likelihood(save):
    path = save("a.csv", PREDICTED + "0,1,2,.5,1,2,.5\n1,-1,-1,-1,1,2,.5\n")
    assert texts(path) == []


def test_a_folder_without_files_of_this_family_is_said(tmp_path, capsys):
    assert main(["check", str(tmp_path)]) == 1
    assert "is no project of DeepLabCut or Lightning Pose" in capsys.readouterr().err


def test_a_lightning_pose_config_is_held_against_its_folder(save, png):
    save(
        "CollectedData.csv", "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/i.png,1,2\n"
    )
    root = png("labeled-data/i.png").parents[1]
    save("videos/v.mp4", "")
    assert texts(root) == []
    save(
        "config.yaml",
        "data:\n  csv_file: [CollectedData.csv, gone.csv]\n  num_keypoints: 2\n"
        "  keypoint_names: [nose]\n  columns_for_singleview_pca: [0, 4]\n"
        "  mirrored_column_matches: [[0], [0]]\n",
    )
    found = "\n".join(texts(root))
    assert "csv_file 'gone.csv' is not here" in found
    assert "num_keypoints is 2, and there are 1 keypoint_names" in found
    assert "columns_for_singleview_pca holds 4, and there are 1 keypoints" in found
    assert "mirrored_column_matches holds a position twice" in found


FIXED = [
    ("img1.png,1.5", "img0.png,1.5", "1 double row removed"),
    ("img1.png,1.5", "img1.png,64", "1 point outside the image marked as missing"),
    ("labeled-data,v,img1", "/home/me/labeled-data,v,img1", "paths of 1 image put right"),
    ("labeled-data,v,img1", "labeled-data\\v,,img1", "backslashes in paths made /"),
    ("labeled-data,v,img", "labeled-data,7,img", "paths of 2 images put right"),
]


@pytest.mark.parametrize(("old", "new", "said"), FIXED)
def test_fix_mends_labels_keeps_the_former_file_and_leaves_nothing(
    lab, labels, capsys, old, new, said
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


def test_fix_never_writes_over_an_older_backup(lab, labels):
    older = labels.with_name(f"{labels.name}.bak")
    older.write_text("older")
    spoil(labels, "img1.png,1.5", "img1.png,64")
    assert main(["check", str(lab), "--fix"]) == 0
    assert older.read_text() == "older"
    assert labels.with_name(f"{labels.name}.bak1").is_file()


def test_fix_writes_the_broken_one_of_two_anew(lab, labels, capsys):
    h5 = with_twin(labels)
    h5.write_bytes(b"\x89HDF\r\n\x1a\n")
    assert main(["check", str(lab), "--fix"]) == 0
    assert "written anew from CollectedData_ann.csv" in capsys.readouterr().out
    spoil(labels, "coords", "cords")
    assert main(["check", str(lab), "--fix"]) == 0
    assert "written anew from CollectedData_ann.h5" in capsys.readouterr().out
    np.testing.assert_array_equal(read_sheet(labels).values, read_sheet(h5).values)


@pytest.mark.parametrize("rounded", ["csv", "h5"])
def test_fix_gives_both_files_the_digits_that_only_one_has(lab, labels, rounded):
    if rounded == "h5":
        spoil(labels, "2.25", "2.2")
    h5 = with_twin(labels)
    spoil(labels, *(("2.25", "2.2") if rounded == "csv" else ("2.2", "2.25")))
    assert main(["check", str(lab), "--fix"]) == 0
    for file in (labels, h5):
        assert read_labels(file).keypoints[0, 0].tolist() == [1.5, 2.25]


def test_fix_leaves_files_that_differ_to_a_person(lab, labels, capsys):
    h5 = with_twin(labels)
    spoil(labels, "img1.png,1.5", "img1.png,9.5")
    former = labels.read_bytes(), h5.read_bytes()
    assert main(["check", str(lab), "--fix"]) == 1
    assert (
        "differs from CollectedData_ann.h5 in its numbers; keep the right"
        in capsys.readouterr().out
    )
    assert (labels.read_bytes(), h5.read_bytes()) == former


def test_fix_puts_back_the_frame_that_a_conversion_lost(lab, labels):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    labels.write_text(HEAD + "labeled-data,v,img0.png,,,,\n" + ROW.format(folder="v", n=1))
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


def test_a_folder_whose_zeros_were_lost_is_named_as_its_video(lab):
    spoil(lab / "config.yaml", "/gone/videos/w.avi", "/gone/videos/0012.avi")
    (lab / "labeled-data" / "w").rename(lab / "labeled-data" / "12")
    found = "\n".join(texts(lab))
    assert "folder '12' belongs to no video of video_sets; name it '0012'" in found


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


def test_other_tables_in_a_folder_are_passed_over_and_broken_ones_are_not(save):
    save("times.csv", "frame,seconds\n0,0.01\n")
    save("a.csv", PREDICTED + "0,1,2,x,1,2,.5\n")
    root = save("vDLC_net_1.csv", "").parent
    found = "\n".join(texts(root))
    assert "note: " in found
    assert "times.csv: is no table of labels or predictions, and is not looked at" in found
    assert "a.csv: row 4: 'x' is not a number (nose, likelihood)" in found
    assert "vDLC_net_1.csv: is empty" in found


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
