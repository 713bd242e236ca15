"""Frames that wait for labels: where each tool looks for them, and what must stay as it is."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import pose_io_dlc as io

NAMES = ("nose", "tail")
CONFIG = """Task: t  # mine
scorer: ann
video_sets:
  /elsewhere/videos/v.mp4:
    crop: 0, 64, 0, 48
bodyparts:
- nose
- tail
iteration: 2
"""
LABELS = """scorer,,,ann,ann,ann,ann
bodyparts,,,nose,nose,tail,tail
coords,,,x,y,x,y
labeled-data,v,img012.png,1,2,3,4
"""
ROWS = """scorer,ann,ann,ann,ann
bodyparts,nose,nose,tail,tail
coords,x,y,x,y
labeled-data/v/img012.png,1,2,3,4
labeled-data/v/img050.png,1,2,3,4
"""


def predicted(rows, names=NAMES, confidence=0.9):
    points = np.arange(2.0 * rows * len(names)).reshape(rows, len(names), 2)
    sure = np.full((rows, len(names)), confidence)
    return io.PredictionTable(tuple(names), points, sure, scorer="net")


def frames(video="videos/v.mp4", numbers=(3, 70), table=True, length=200):
    given = predicted(len(numbers)) if table is True else table
    return io.NewFrames(Path(video), length, (48, 64), tuple(numbers), given)


def write_all(root, placed):
    for name, write in placed.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(f"staged{path.suffix}")
        write(staged)
        staged.replace(path)


@pytest.fixture
def deeplabcut(save, png, tmp_path):
    save("config.yaml", CONFIG)
    save("labeled-data/v/CollectedData_ann.csv", LABELS)
    png("labeled-data/v/img012.png")
    png("labeled-data/v/img012labeled.png")
    png("labeled-data/v/img099.png")
    save("videos/v.mp4", "")
    return tmp_path


@pytest.fixture
def lightning(save, png, tmp_path):
    save("CollectedData.csv", ROWS)
    png("labeled-data/v/img012.png")
    png("labeled-data/v/img050.png")
    save("videos/v.mp4", "")
    return tmp_path


def test_labels_images_and_machine_labels_are_taken(deeplabcut, save):
    head = "scorer,,,net,net,net\nbodyparts,,,nose,nose,nose\ncoords,,,x,y,likelihood\n"
    save("labeled-data/v/machinelabels.csv", head + "labeled-data,v,img150.png,1,2,0.5\n")
    assert io.survey(deeplabcut).taken == {"v": {12, 99, 150}}


def test_drawings_of_labels_are_no_frames(deeplabcut, png):
    png("labeled-data/v_labeled/img007.png")
    assert set(io.survey(deeplabcut).taken) == {"v"}


def test_a_project_without_labels_can_be_surveyed(deeplabcut):
    shutil.rmtree(deeplabcut / "labeled-data")
    survey = io.survey(deeplabcut)
    assert survey.keypoints == NAMES
    assert survey.taken == {}
    assert [video.name for video in survey.videos] == ["v.mp4"]


def test_new_images_are_named_as_those_of_their_folder(deeplabcut):
    placed = io.place_frames(deeplabcut, [frames(length=50)])
    assert placed.images["v"][3] == "labeled-data/v/img003.png"


def test_images_of_a_new_video_are_named_as_deeplabcut_does(deeplabcut):
    for length, name in ((1000, "img007.png"), (1001, "img0007.png"), (8, "img7.png")):
        placed = io.place_frames(deeplabcut, [frames("new.mp4", (7,), length=length)])
        assert placed.images["new"][7] == f"labeled-data/new/{name}"


def test_machine_labels_are_of_the_iteration_of_the_config(deeplabcut):
    placed = io.place_frames(deeplabcut, [frames()])
    assert "correct the points of the machinelabels" in placed.next_step
    assert set(placed.files) == {
        "labeled-data/v/machinelabels-iter2.h5",
        "labeled-data/v/machinelabels.csv",
    }


def test_machine_labels_are_read_back_beside_those_that_were_there(deeplabcut):
    pytest.importorskip("tables")
    for numbers in ((3, 70), (5, 71)):
        write_all(deeplabcut, io.place_frames(deeplabcut, [frames(numbers=numbers)]))
    for name in ("machinelabels-iter2.h5", "machinelabels.csv"):
        read = io.read_predictions(deeplabcut / "labeled-data" / "v" / name)
        assert read.frames == tuple(f"labeled-data/v/img{n:03d}.png" for n in (3, 70, 5, 71))
        assert read.scorer == "net"
        np.testing.assert_array_equal(read.keypoints[:2], predicted(2).keypoints)
        np.testing.assert_array_equal(read.confidence, np.full((4, 2), 0.9))


def test_pandas_reads_machine_labels_as_it_reads_those_of_deeplabcut(deeplabcut, data):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("tables")
    write_all(deeplabcut, io.place_frames(deeplabcut, [frames()]))
    ours = pd.read_hdf(deeplabcut / "labeled-data/v/machinelabels-iter2.h5", "df_with_missing")
    made = data / "dlc-made/solo-project/labeled-data/mouse/machinelabels-iter0.h5"
    theirs = pd.read_hdf(made, "df_with_missing")
    assert ours.columns.names == theirs.columns.names
    assert ours.index.nlevels == theirs.index.nlevels == 3
    assert ours.index[0] == ("labeled-data", "v", "img003.png")


def test_machine_labels_of_deeplabcut_stay_as_they_are(data, tmp_path):
    pytest.importorskip("tables")
    root = tmp_path / "solo"
    shutil.copytree(data / "dlc-made" / "solo-project", root)
    file = root / "labeled-data/mouse/machinelabels-iter0.h5"
    before, names = io.read_predictions(file), io.survey(root).keypoints
    new = frames("videos/mouse.avi", (1, 9), predicted(2, names), length=40)
    write_all(root, io.place_frames(root, [new]))
    after = io.read_predictions(file)
    assert after.frames[: len(before)] == before.frames
    np.testing.assert_array_equal(after.keypoints[: len(before)], before.keypoints)
    assert after.frames[len(before) :] == (
        "labeled-data/mouse/img01.png",
        "labeled-data/mouse/img09.png",
    )


def test_predictions_are_put_in_the_order_of_the_project(deeplabcut):
    swapped = predicted(2, ("tail", "nose"))
    write_all(deeplabcut, io.place_frames(deeplabcut, [frames(table=swapped)]))
    read = io.read_predictions(deeplabcut / "labeled-data/v/machinelabels.csv")
    assert read.names == NAMES
    np.testing.assert_array_equal(read.keypoints, swapped.keypoints[:, ::-1])


def test_a_video_that_the_config_does_not_list_is_added_to_it(deeplabcut):
    placed = io.place_frames(deeplabcut, [frames("/data/new.mp4")])
    assert placed.notes == (f"{deeplabcut / 'config.yaml'}: video_sets lists new.mp4 now",)
    write_all(deeplabcut, placed)
    text = (deeplabcut / "config.yaml").read_text()
    added = "  /data/new.mp4:\n    crop: 0, 64, 0, 48\n"
    assert text == CONFIG.replace("bodyparts:", added + "bodyparts:")


def test_a_config_that_lists_the_video_stays_as_it_is(deeplabcut):
    placed = io.place_frames(deeplabcut, [frames()])
    assert "config.yaml" not in placed.files
    assert placed.notes == ()


def test_without_predictions_there_are_only_images(deeplabcut):
    placed = io.place_frames(deeplabcut, [frames(table=None)])
    assert placed.files == {}
    assert placed.images["v"] == {n: f"labeled-data/v/img{n:03d}.png" for n in (3, 70)}
    assert "label the points" in placed.next_step


def test_predictions_of_other_keypoints_are_refused(deeplabcut, lightning):
    other = frames(table=predicted(2, ("nose", "ear")))
    for kind in ("deeplabcut", "lightning_pose"):
        with pytest.raises(io.FormatError, match=r"do not both have keypoint 'ear'; give"):
            io.place_frames(deeplabcut, [other], kind)


def test_predictions_are_not_added_for_several_animals(deeplabcut):
    animals = "multianimalproject: true\nindividuals: [a, b]\nmultianimalbodyparts: [nose, tail]\n"
    (deeplabcut / "config.yaml").write_text(CONFIG + animals)
    with pytest.raises(io.FormatError, match=r"has several animals; predicted labels can only"):
        io.place_frames(deeplabcut, [frames()])
    assert io.place_frames(deeplabcut, [frames(table=None)]).images


def test_machine_labels_of_other_columns_are_not_touched(deeplabcut, save):
    head = "scorer,,,net,net,net\nbodyparts,,,ear,ear,ear\ncoords,,,x,y,likelihood\n"
    save("labeled-data/v/machinelabels.csv", head + "labeled-data,v,img150.png,1,2,0.5\n")
    with pytest.raises(io.FormatError, match=r"has other columns than the predictions; move"):
        io.place_frames(deeplabcut, [frames()])


def test_an_iteration_that_is_no_number_is_refused(deeplabcut):
    (deeplabcut / "config.yaml").write_text(CONFIG.replace("iteration: 2", "iteration: two"))
    with pytest.raises(io.FormatError, match=r"iteration is 'two'; it counts refinements"):
        io.place_frames(deeplabcut, [frames()])


def test_a_folder_that_leads_out_of_the_project_is_refused(deeplabcut, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    (deeplabcut / "labeled-data" / "new").symlink_to(away)
    with pytest.raises(io.FormatError, match=r"is a link out of the project"):
        io.place_frames(deeplabcut, [frames("new.mp4")])


def test_the_queue_of_the_app_holds_what_is_predicted(lightning):
    write_all(lightning, io.place_frames(lightning, [frames()]))
    lines = (lightning / "CollectedData.unlabeled.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [one["frame_path"] for one in entries] == [
        "labeled-data/v/img003.png",
        "labeled-data/v/img070.png",
    ]
    assert entries[0]["predictions"]["model_name"] == "net"
    assert entries[1]["predictions"]["predictions"] == [
        {"keypoint_name": "nose", "x": 4.0, "y": 5.0},
        {"keypoint_name": "tail", "x": 6.0, "y": 7.0},
    ]


def test_a_queue_keeps_its_lines_and_its_frames_are_taken(lightning):
    line = '{"frame_path": "labeled-data/v/img111.png",  "predictions": null}'
    queue = lightning / "CollectedData.unlabeled.jsonl"
    queue.write_text(line)  # without a line end
    assert io.survey(lightning).taken == {"v": {12, 50, 111}}
    write_all(lightning, io.place_frames(lightning, [frames(numbers=(3,), table=None)]))
    assert queue.read_text().splitlines() == [
        line,
        '{"frame_path": "labeled-data/v/img003.png", "predictions": null}',
    ]


def test_points_in_doubt_are_left_out_of_the_queue(lightning):
    table = predicted(1)
    table.confidence[0, 0], table.keypoints[0, 1] = 0.05, np.nan
    write_all(lightning, io.place_frames(lightning, [frames(numbers=(3,), table=table)]))
    entry = json.loads((lightning / "CollectedData.unlabeled.jsonl").read_text())
    assert entry["predictions"]["predictions"] == []


def test_frames_beside_new_ones_come_along_where_labeled_ones_have_such(lightning, png):
    assert set(io.place_frames(lightning, [frames()]).images["v"]) == {3, 70}
    for number in (11, 13, 48, 4):
        png(f"labeled-data/v/img{number:03d}.png")
    placed = io.place_frames(lightning, [frames(numbers=(3, 199))])
    assert set(placed.images["v"]) == {1, 2, 3, 5, 197, 198, 199}  # 4 is there, 200 is not


def test_a_folder_with_nothing_but_a_config_is_of_lightning_pose(save, tmp_path):
    save("project.yaml", "keypoint_names: [nose, tail]\nview_names: []\n")
    save("videos/v.mp4", "")
    survey = io.survey(tmp_path)
    assert survey.keypoints == NAMES
    placed = io.place_frames(tmp_path, [frames(numbers=(3,))])
    assert placed.images == {"v": {3: "labeled-data/v/img00000003.png"}}  # as the app names them
    assert list(placed.files) == ["CollectedData.unlabeled.jsonl"]


def test_a_damaged_queue_is_named_by_its_line(lightning):
    for text, line in (("no json\n", 1), ('\n{"path": 3}\n', 2), ("[]\n", 1)):
        (lightning / "CollectedData.unlabeled.jsonl").write_text(text)
        with pytest.raises(io.FormatError, match=rf"line {line} is no entry of a queue"):
            io.survey(lightning)


def test_images_that_were_suggested_are_no_frames_beside_labeled_ones(lightning, png):
    """48 and 51 wait in the queue or did; beside 12 and 50 nothing was taken for a network."""
    for number in (11, 48, 51):
        png(f"labeled-data/v/img{number:03d}.png")
    (lightning / "suggestions.csv").write_text(
        "image,video,frame,method,score,reason\n"
        "labeled-data/v/img011.png,v.mp4,11,random,,drawn at random\n"
        "labeled-data/v/img048.png,v.mp4,48,random,,drawn at random\n"
    )
    line = json.dumps({"frame_path": "labeled-data/v/img051.png", "predictions": None})
    (lightning / "CollectedData.unlabeled.jsonl").write_text(f"{line}\n")
    assert set(io.place_frames(lightning, [frames()]).images["v"]) == {3, 70}


def test_the_next_step_names_all_folders(deeplabcut):
    given = [frames(f"videos/{name}.mp4", (7,)) for name in "vab"]
    told = io.place_frames(deeplabcut, given).next_step
    assert told.startswith(f"open {deeplabcut / 'labeled-data' / 'v'} and config.yaml with")
    folders = ", ".join(str(deeplabcut / "labeled-data" / name) for name in "ab")
    assert told.endswith(f"; then so with {folders}")
