import json
import pickle

import numpy as np
import pytest

from pose_io_dlc import PredictionTable, write_predictions
from pose_io_dlc.__main__ import main

LABELS = "scorer,,,ann,ann\nbodyparts,,,nose,nose\ncoords,,,x,y\nlabeled-data,v,img0.png,{x},2\n"
PREDICTIONS = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.25,2,0.5\n2,,,\n"


@pytest.fixture
def lab(save, png):
    sets = "video_sets:\n  C:\\gone\\v.avi: {crop: '0, 64, 0, 48'}\n"
    save("config.yaml", f"Task: reach\nscorer: ann\nbodyparts: [nose]\n{sets}")
    png("labeled-data/v/img0.png")
    return save("labeled-data/v/CollectedData_ann.csv", LABELS.format(x=1)).parents[2]


def shown(capsys, *arguments):
    assert main(["info", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def fields(text):
    return {
        line.split("  ")[1].strip(): line.split("  ", 2)[2].strip()
        for line in text.splitlines()
        if line.startswith("  ") and line.count("  ") > 1
    }


def test_info_of_a_project_says_what_it_holds(lab, capsys):
    text = shown(capsys, lab)
    assert text.startswith(f"{lab}: DeepLabCut project 'reach'\n")
    found = fields(text)
    assert found["scorer"] == "ann"
    assert found["images"] == "1 of 1 found; width x height 64 x 48"
    assert found["videos"] == "0 found; 1 of video_sets not found (v)"
    assert [line.split() for line in text.splitlines() if line.startswith("  v  ")] == [
        ["v", "1", "1", "1", "0", "CSV"]
    ]
    assert text.endswith(f"next: pose-io-dlc check {lab}\n")


def test_info_counts_labels_outside_their_images(lab, save, capsys):
    path = save("labeled-data/v/CollectedData_ann.csv", LABELS.format(x=99))
    assert fields(shown(capsys, path))["coordinates"].endswith("; 1 outside their images")


def test_info_of_predictions_counts_gaps_and_missing_points(save, capsys):
    text = shown(
        capsys,
        save("vDLC_net_9.csv", PREDICTIONS.replace("s,s,s", "DLC_net_9,DLC_net_9,DLC_net_9")),
    )
    found = fields(text)
    assert found["video"] == "v"
    assert found["frames"] == "2, 1 with points, numbered 0 to 2"
    assert found["left out"] == "1 frame: 1"
    nose = next(line for line in text.splitlines() if line.startswith("  nose"))
    assert nose.split() == ["nose", "1", "1", "1.2", "1.2", "2.0", "2.0", "0.500", "0.500", "0.500"]


def test_columns_are_aligned(save, capsys):
    lines = shown(capsys, save("a.csv", PREDICTIONS)).splitlines()
    head, row = lines[lines.index("") + 1 : lines.index("") + 3]
    assert head.index("known") + len("known") == row.index("1") + 1
    assert len(head) == len(row)


def test_five_animals_of_45_keypoints_fit_a_page(tmp_path, capsys):
    names = tuple(f"keypoint{n}" for n in range(45)) * 5
    animals = tuple(f"mouse{n // 45}" for n in range(225))
    points = np.ones((3, 225, 2))
    table = PredictionTable(names, points, points[..., 0], individuals=animals)
    write_predictions(tmp_path / "a.csv", table)
    lines = shown(capsys, tmp_path / "a.csv").splitlines()
    assert len(lines) < 60
    assert max(map(len, lines[1:-1])) < 100
    row = next(line for line in lines if line.startswith("  keypoint44"))
    assert row.split() == ["keypoint44", *["3"] * 5]


def test_json_has_every_number(save, capsys):
    facts = json.loads(shown(capsys, save("a.csv", PREDICTIONS), "--json"))
    assert (facts["kind"], facts["frames"], facts["gaps"]) == ("predictions", 2, [[1, 1]])
    assert facts["keypoints"][0]["x"] == [1.25, 1.25]


def test_a_project_without_labels_is_told_by_its_config(lab, capsys):
    (lab / "labeled-data" / "v" / "CollectedData_ann.csv").unlink()
    text = shown(capsys, lab)
    assert "keypoints  nose" in text
    assert "note: " in text


def test_a_folder_of_files_gets_a_line_for_each(save, capsys):
    save("b.csv", PREDICTIONS)
    root = save("a.csv", LABELS.format(x=1)).parent
    save("notes.txt", "")
    rows = [line.split() for line in shown(capsys, root).splitlines() if ".csv" in line]
    assert rows == [["a.csv", "labels", "1", "1"], ["b.csv", "predictions", "2", "1"]]


def test_a_3d_project_lists_its_cameras(save, capsys):
    text = "Task: t\nscorer: a\nnum_cameras: 2\ncamera_names: [left, right]\n"
    text += "scorername_3d: a3d\nconfig_file_left: C:\\l\\config.yaml\nconfig_file_right: r.yaml\n"
    found = shown(capsys, save("config.yaml", text).parent)
    assert "cameras" in found
    assert "left, right" in found
    assert "camera left   its project is not found" in found


def test_points_in_space_have_three_ranges(save, capsys):
    text = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,z\n0,1,2,3\n1,,,\n"
    lines = shown(capsys, save("v_DLC_3D.csv", text)).splitlines()
    head = next(line for line in lines if line.startswith("  keypoint"))
    assert head.split("  ")[-2:] == ["min z", "max z"]


def test_bones_have_lengths(save, capsys):
    text = ",a_b,a_b,a_b\n,length,orientation,likelihood\n0,3,90,.5\n1,5,90,.5\n"
    text = shown(capsys, save("v_skeleton.csv", text))
    assert "lengths and directions of bones" in text
    row = next(line for line in text.splitlines() if line.startswith("  a_b"))
    assert row.split() == ["a_b", "2", "3.1", "4.0", "4.9", "0.500"]


def test_a_pickle_that_asks_for_code_is_refused_in_one_line(tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return print, ("ran",)

    path = tmp_path / "v_meta.pickle"
    path.write_bytes(pickle.dumps({"data": Evil()}))
    assert main(["info", str(path)]) == 1
    said = capsys.readouterr()
    assert "ran" not in said.out
    assert "is not read, for safety" in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    "name",
    [
        "openfield-Pranav-2018-10-30",
        "mirror-mouse-example",
        "dlc-made/solo-project",
        "dlc-made/duo-project",
        "dlc-made/predictions",
        "eks/fly",
        "eks/ibl-pupil",
    ],
)
def test_real_data_is_described_and_passes_its_check(data, capsys, name):
    text = shown(capsys, data / name)
    assert text.endswith(f"next: pose-io-dlc check {data / name}\n")
    assert main(["check", str(data / name)]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_every_real_file_is_described(data, capsys):
    files = [one for end in ("csv", "h5", "pickle") for one in data.glob(f"dlc-made/**/*.{end}")]
    kinds = {}
    for file in files:
        if main(["info", str(file), "--json"]) == 0:
            kinds[file.name] = json.loads(capsys.readouterr().out)["kind"]
        else:
            said = capsys.readouterr().err
            assert len(said.splitlines()) == 1
            assert {"results", "Documentation"} & set(
                file.name.replace(".", "-").replace("_", "-").split("-")
            )
    assert set(kinds.values()) == {"labels", "predictions", "tracks", "skeleton", "meta", "full"}


def test_predictions_are_held_against_the_video_beside_them(save, tmp_path, capsys, data):
    film = (data / "dlc-made" / "solo-project" / "videos" / "mouse.avi").read_bytes()
    (tmp_path / "mouse.avi").write_bytes(film)
    text = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1,2,0.5\n1,64,2,0.5\n"
    found = fields(shown(capsys, save("mouse.csv", text)))
    assert found["video"] == "64 x 48"
    assert found["coordinates"].endswith("; 1 point outside the frame")


def test_a_broken_file_in_a_folder_is_listed_as_such(save, capsys):
    save("a.csv", PREDICTIONS)
    root = save("b.csv", PREDICTIONS + "3,x,1,1\n").parent
    rows = [line.split() for line in shown(capsys, root).splitlines() if ".csv" in line]
    assert rows == [["a.csv", "predictions", "2", "1"], ["b.csv", "unreadable"]]
