"""What `pose-io-dlc check` finds in labels, predictions, configs and folders."""

import json
import re

import pytest

from pose_io_dlc.__main__ import main
from pose_io_dlc.commands.checks.finding import find_problems

HEAD = "scorer,,,ann,ann,ann,ann\nbodyparts,,,nose,nose,tail,tail\ncoords,,,x,y,x,y\n"
ROW = "labeled-data,{folder},img{n}.png,1.5,2.25,3,4\n"
PREDICTED = "scorer,s,s,s,s,s,s\nbodyparts,nose,nose,nose,tail,tail,tail\n"
PREDICTED += "coords,x,y,likelihood,x,y,likelihood\n"


def texts(path):
    return [str(problem) for problem in find_problems(path)]


def test_a_sound_project_has_no_problems(lab, labels, capsys, with_twin):
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
def test_check_finds_what_is_wrong_with_labels(lab, labels, old, new, expected, spoil):
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
def test_check_finds_what_is_wrong_with_a_config(lab, old, new, expected, spoil):
    spoil(lab / "config.yaml", old, new)
    assert re.search(expected, "\n".join(texts(lab)))


def test_check_minds_the_lists_of_several_animals(lab, spoil):
    spoil(
        lab / "config.yaml", "Task", "multianimalproject: true\nuniquebodyparts: [nose, nose]\nTask"
    )
    found = "\n".join(texts(lab))
    assert "bodyparts is ['nose', 'tail'] in a project of several animals" in found
    assert "individuals is empty in a project of several animals" in found
    assert "uniquebodyparts lists 'nose' 2 times" in found


def test_check_finds_all_problems_and_not_only_the_first(lab, labels, capsys, spoil):
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
def test_check_compares_csv_and_h5(lab, labels, old, new, expected, spoil, with_twin):
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


def test_a_folder_whose_zeros_were_lost_is_named_as_its_video(lab, spoil):
    spoil(lab / "config.yaml", "/gone/videos/w.avi", "/gone/videos/0012.avi")
    (lab / "labeled-data" / "w").rename(lab / "labeled-data" / "12")
    found = "\n".join(texts(lab))
    assert "folder '12' belongs to no video of video_sets; name it '0012'" in found


def test_other_tables_in_a_folder_are_passed_over_and_broken_ones_are_not(save):
    save("times.csv", "frame,seconds\n0,0.01\n")
    save("a.csv", PREDICTED + "0,1,2,x,1,2,.5\n")
    root = save("vDLC_net_1.csv", "").parent
    found = "\n".join(texts(root))
    assert "note: " in found
    assert "times.csv: is no table of labels or predictions, and is not looked at" in found
    assert "a.csv: row 4: 'x' is not a number (nose, likelihood)" in found
    assert "vDLC_net_1.csv: is empty" in found
