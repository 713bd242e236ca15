"""What labels and predictions look like in the wild, each case made anew as tiny as it goes.

Where pandas or PyTables do something surprising to a file, they do it here too.
"""

import warnings

import numpy as np
import pandas as pd
import pytest

from pose_io_dlc import (
    FormatError,
    LabelTable,
    kind_of,
    open_project,
    read_labels,
    read_points3d,
    read_predictions,
    read_sheet,
    read_skeleton,
    write_labels,
    write_predictions,
)
from pose_io_dlc.tables import OCCLUDED, VISIBLE, PredictionTable

ONE = "scorer,a,a\nbodyparts,n,n\ncoords,x,y\n"
THREE = "scorer,,,a,a\nbodyparts,,,n,n\ncoords,,,x,y\n"
LIKELY = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n"


def columns(*levels, names=("scorer", "bodyparts", "coords")):
    return pd.MultiIndex.from_product(levels, names=names)


def labels_of(*rows, names=None):
    """What DeepLabCut keeps of images since 2.2.0.6: three levels of rows."""
    index = pd.MultiIndex.from_tuples([tuple(row.split("/")) for row in rows], names=names)
    values = np.arange(2.0 * len(rows)).reshape(-1, 2) + 1
    return pd.DataFrame(values, index=index, columns=columns(["a"], ["n"], ["x", "y"]))


def converted(path):
    """Do to a CSV what DeepLabCut does to make an H5 of it: both are then as pandas read it."""
    frame = pd.read_csv(path, header=[0, 1, 2], index_col=[0, 1, 2])
    with warnings.catch_warnings():  # PyTables minds a level that is named as an image is
        warnings.simplefilter("ignore")
        frame.to_hdf(path.with_suffix(".h5"), key="df_with_missing", mode="w")
    frame.to_csv(path)


@pytest.fixture
def h5():
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    return pytest.importorskip("h5py", reason="the extra [h5] is not installed")


# first rows, rows of several columns, names of folders


@pytest.mark.parametrize("head", [ONE, THREE])
def test_a_first_row_without_labels_stays_a_frame(save, head):
    slash = "/" if head == ONE else ","
    rows = "labeled-data/v/1.png".replace("/", slash) + ",,\n"
    rows += "labeled-data/v/2.png".replace("/", slash) + ",3,4\n"
    table = read_labels(save("a.csv", head + rows))
    assert table.frames == ("labeled-data/v/1.png", "labeled-data/v/2.png")
    np.testing.assert_array_equal(table.keypoints[:, 0], [[np.nan, np.nan], [3, 4]])
    assert table.warnings == ()


def test_a_first_frame_without_predictions_stays_a_frame(save):
    table = read_predictions(save("a.csv", LIKELY + "0,,,\n1,1,2,.5\n"))
    assert table.numbers.tolist() == [0, 1]
    assert np.isnan(table.keypoints[0]).all()


@pytest.mark.parametrize("names", ["frame,,", "folder,video,image,,"])
def test_names_of_the_index_are_no_frame(save, names):
    wide = names.startswith("folder")
    row = "labeled-data,v,1.png,1,2\n" if wide else "labeled-data/v/1.png,1,2\n"
    table = read_labels(save("a.csv", (THREE if wide else ONE) + names + "\n" + row))
    assert table.frames == ("labeled-data/v/1.png",)


def test_three_columns_of_the_index_are_seen_in_a_file_of_one_frame(save):
    path = save("a.csv", THREE + "labeled-data,v,1.png,1,2\n")
    assert read_sheet(path).index_width == 3
    assert read_labels(path).frames == ("labeled-data/v/1.png",)


@pytest.mark.parametrize("row", ["labeled-data/0012/1.png,1,2", r"labeled-data\0012\1.png,1,2"])
def test_a_folder_named_by_digits_stays_text(save, row):
    assert read_labels(save("a.csv", ONE + row + "\n")).frames == ("labeled-data/0012/1.png",)


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_a_folder_that_pandas_took_for_a_number_gets_its_name_back(save, suffix, h5):
    rows = "labeled-data,0012,1.png,1,2\nlabeled-data,0012,2.png,3,4\n"
    path = save("labeled-data/0012/CollectedData_a.csv", THREE + rows)
    converted(path)
    assert "labeled-data,12,1.png" in path.read_text()
    table = read_labels(path.with_suffix(suffix))
    assert table.frames == ("labeled-data/0012/1.png", "labeled-data/0012/2.png")
    assert "2 frames name their folder by a number, as 'labeled-data/12/1.png'" in table.warnings[0]


def test_a_frame_that_conversion_lost_is_named_and_stays_in_the_csv(save, h5):
    rows = "labeled-data,v,1.png,,\nlabeled-data,v,2.png,3,4\n"
    path = save("labeled-data/v/CollectedData_a.csv", THREE + rows)
    converted(path)
    assert path.read_text().splitlines()[3] == "labeled-data,v,1.png,,"
    assert read_labels(path).frames == ("labeled-data/v/1.png", "labeled-data/v/2.png")
    table = read_labels(path.with_suffix(".h5"))
    assert table.frames == ("labeled-data/v/2.png",)
    assert "'labeled-data/v/1.png', without labels, was lost" in table.warnings[0]


# individuals


MULTI = (
    "scorer,a,a,a,a,a,a\nindividuals,m1,m1,m2,m2,single,single\n"
    "bodyparts,n,n,n,n,food,food\ncoords,x,y,x,y,x,y\n"
)


def test_parts_of_no_animal_are_a_union_not_a_rectangle(save):
    table = read_labels(save("a.csv", MULTI + "1.png,1,2,3,4,5,6\n"))
    assert table.points == (("m1", "n"), ("m2", "n"), ("single", "food"))
    assert table.animals == ("m1", "m2")
    assert table.keypoints.tolist() == [[[1, 2], [3, 4], [5, 6]]]


def test_four_levels_of_one_individual_are_one_animal(tmp_path, h5):
    levels = (["net"], ["individual_1"], ["n", "m"], ["x", "y", "likelihood"])
    names = ["scorer", "individuals", "bodyparts", "coords"]
    rows = ["/lab/p/labeled-data/v/img7.png", "/lab/p/labeled-data/v/img3.png"]
    frame = pd.DataFrame(np.ones((2, 6), np.float32), rows, columns(*levels, names=names))
    frame.to_hdf(tmp_path / "image_predictions_net.h5", key="predictions")
    table = read_predictions(tmp_path / "image_predictions_net.h5")
    assert table.animals == ("individual_1",)
    assert (table.frames, table.video) == (tuple(rows), "")  # in the order of the file
    assert kind_of(tmp_path / "image_predictions_net.h5") == "predictions"


def test_an_absent_animal_is_missing(save):
    head = "scorer,a,a,a,a,a,a\nindividuals,m1,m1,m1,m2,m2,m2\nbodyparts,n,n,n,n,n,n\n"
    rows = "coords,x,y,likelihood,x,y,likelihood\n0,1.0,2.0,0.5,-1.0,-1.0,-1.0\n1,,,,3.0,4.0,0.5\n"
    table = read_predictions(save("a.csv", head + rows))
    assert np.isnan(table.keypoints).all(-1).tolist() == [[False, True], [True, False]]
    assert np.isnan(table.confidence).tolist() == [[False, True], [True, False]]


def test_a_leading_gap_of_filtered_tracks_is_missing(save):
    rows = "0,0.0,0.0,\n1,0.0,0.0,\n2,0.0,0.0,0.9\n3,5.0,6.0,0.9\n"
    table = read_predictions(save("a_el_filtered.csv", LIKELY + rows))
    assert np.isnan(table.keypoints[:, 0, 0]).tolist() == [True, True, False, False]


# what is in labels that should not be


@pytest.mark.parametrize(("cells", "warned"), [(("", ""), 0), (("0.5", "1.0"), 1)])
def test_stray_likelihoods_of_labels_are_dropped_and_counted(save, cells, warned):
    rows = "".join(f"labeled-data/v/{i}.png,1,2,{cell}\n" for i, cell in enumerate(cells))
    path = save("CollectedData_a.csv", LIKELY + rows)
    table = read_labels(path)
    assert kind_of(path) == "labels"
    assert len(table.warnings) == warned
    assert all("they hold 2 numbers" in warning for warning in table.warnings)


def test_invented_rows_with_an_empty_likelihood_are_labels(save):
    path = save("dlc.csv", LIKELY + "labeled-data/video/img0000.png,1.5,2.5,\n")
    assert kind_of(path) == "labels"
    assert read_labels(path).warnings == ()


def test_labels_of_a_network_keep_their_likelihood_as_predictions(save):
    path = save("machinelabels.csv", LIKELY + "labeled-data/v/1.png,1,2,.5\n")
    assert kind_of(path) == "predictions"
    assert read_predictions(path).confidence.tolist() == [[0.5]]


def test_deeplabcut_gets_no_column_of_visibility(tmp_path):
    frames, points = ("labeled-data/v/1.png",), np.ones((1, 2, 2))
    seen = np.array([[OCCLUDED, VISIBLE]], np.uint8)
    table = LabelTable(frames, ("n", "m"), points, seen)
    write_labels(tmp_path / "dlc.csv", table)
    write_labels(tmp_path / "lp.csv", table, index_width=1)
    assert read_sheet(tmp_path / "dlc.csv").columns.coords() == ("x", "y")
    assert read_labels(tmp_path / "dlc.csv").keypoints.tolist() == points.tolist()
    assert read_labels(tmp_path / "lp.csv").visibility.tolist() == seen.tolist()


def test_two_scorers_are_never_joined(save):
    text = "scorer,a,a,b,b\nbodyparts,n,n,n,n\ncoords,x,y,x,y\n1.png,1,2,,\n2.png,,,3,4\n"
    with pytest.raises(FormatError, match="has two scorers, 'a' and 'b'"):
        read_labels(save("a.csv", text))


@pytest.mark.parametrize("again", ["/old/lab/labeled-data/v/1.png", r"C:\p\labeled-data\v\1.png"])
def test_an_image_given_again_with_the_same_labels_is_kept_once(save, again):
    rows = f"labeled-data/v/1.png,1,\nlabeled-data/v/2.png,3,4\n{again},1,\n"
    table = read_labels(save("a.csv", ONE + rows))
    assert table.frames == ("labeled-data/v/1.png", "labeled-data/v/2.png")
    assert "1 rows repeat an image with the same labels; left out" in table.warnings[0]


@pytest.mark.parametrize("cells", ["1,3", ","])
def test_an_image_given_again_with_other_labels_is_refused(save, cells):
    rows = f"labeled-data/v/1.png,1,2\nlabeled-data/v/1.png,{cells}\n"
    with pytest.raises(FormatError, match=r"twice, as frame 1 and 2, and they differ; remove one"):
        read_labels(save("a.csv", ONE + rows))


# projects


@pytest.fixture
def lab(save, png):
    save("config.yaml", "Task: t\nscorer: a\nbodyparts: [n, m]\nvideo_sets: {}\n")
    head = "scorer,,,a,a,a,a\nbodyparts,,,{0},{0},{1},{1}\ncoords,,,x,y,x,y\n"
    for folder, names in (("v", "nm"), ("w", "mn")):
        png(f"labeled-data/{folder}/1.png")
        rows = f"labeled-data,{folder},1.png,1,2,3,4\n"
        path = save(f"labeled-data/{folder}/CollectedData_a.csv", head.format(*names) + rows)
    return path.parents[2]


def test_files_are_put_together_by_the_names_of_parts(lab):
    labels = open_project(lab).labels
    assert labels.names == ("n", "m")
    assert labels.keypoints.tolist() == [[[1, 2], [3, 4]], [[3, 4], [1, 2]]]


def test_labels_at_or_beyond_the_border_are_missing_and_counted(lab):
    path = lab / "labeled-data" / "v" / "CollectedData_a.csv"
    path.write_text(path.read_text().replace("1,2,3,4", "0,2,900,4"))
    project = open_project(lab)
    assert np.isnan(project.labels.keypoints[0]).all()
    assert any("2 labels" in warning for warning in project.warnings)


def test_drawings_of_labels_are_no_folder_of_images(lab, png):
    png("labeled-data/v_labeled/1_bodypart.png")
    project = open_project(lab)
    assert len(project.labels) == 2
    assert not any("v_labeled" in warning for warning in project.warnings)


def test_labels_of_another_scorer_are_left_out_and_named(lab, save):
    save("labeled-data/v/CollectedData_eve.csv", ONE + "labeled-data/v/1.png,9,9\n")
    project = open_project(lab)
    assert len(project.labels) == 2
    assert any("eve" in warning for warning in project.warnings)


# what pandas and PyTables do to H5


def test_a_table_of_pandas_3_without_its_version_is_read(tmp_path, h5):
    frame = pd.DataFrame(np.ones((3, 3)), columns=columns(["a"], ["n"], ["x", "y", "likelihood"]))
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table")
    with h5.File(tmp_path / "a.h5", "a") as file:
        file["df_with_missing"].attrs.pop("pandas_version", None)
    assert len(read_predictions(tmp_path / "a.h5")) == 3


def test_a_fixed_file_as_napari_writes_it_keeps_its_digits(tmp_path, h5):
    labels_of("labeled-data/0012/1.png").to_hdf(tmp_path / "a.h5", key="df_with_missing")
    with h5.File(tmp_path / "a.h5", "a") as file:
        file["df_with_missing"].attrs.pop("pandas_version", None)
    assert read_labels(tmp_path / "a.h5").frames == ("labeled-data/0012/1.png",)


def test_old_tables_of_paths_are_labels(tmp_path, h5):
    frame = labels_of("labeled-data/v/1.png", "labeled-data/v/2.png")
    frame.index = [r"labeled-data\v\1.png", r"labeled-data\v\2.png"]
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table")
    assert read_labels(tmp_path / "a.h5").frames == ("labeled-data/v/1.png", "labeled-data/v/2.png")
    assert kind_of(tmp_path / "a.h5") == "labels"


def test_what_a_failed_to_hdf_leaves_is_called_empty(tmp_path, h5):
    with pytest.raises((TypeError, ValueError)):
        labels_of("labeled-data/v/1.png").to_hdf(
            tmp_path / "a.h5", key="df_with_missing", format="table"
        )
    with pytest.raises(FormatError, match="df_with_missing is empty; a writer failed half-way"):
        read_labels(tmp_path / "a.h5")
    assert kind_of(tmp_path / "a.h5") == "unknown"


def test_columns_of_several_dtypes_are_told_apart(tmp_path, h5):
    frame = labels_of("labeled-data/v/1.png", "labeled-data/v/2.png")
    frame[("a", "n", "x")] = frame[("a", "n", "x")].astype(np.float32)
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="fixed")
    assert read_labels(tmp_path / "a.h5").keypoints[:, 0].tolist() == [[1, 2], [3, 4]]


def test_a_thousand_parts_which_no_table_holds_are_written(tmp_path, h5):
    names = tuple(f"n{number}" for number in range(1000))
    table = PredictionTable(names, np.ones((2, 1000, 2)), np.ones((2, 1000)))
    write_predictions(tmp_path / "a.h5", table)
    assert read_predictions(tmp_path / "a.h5").names == names
    assert len(pd.read_hdf(tmp_path / "a.h5").columns) == 3000


def test_single_precision_of_h5_and_eight_digits_of_csv_agree(tmp_path, h5):
    values = np.float32([[1 / 3, 200 / 3, 1 / 7]])
    frame = pd.DataFrame(values, columns=columns(["a"], ["n"], ["x", "y", "likelihood"]))
    frame.to_hdf(tmp_path / "a.h5", key="df_with_missing", format="table")
    frame.to_csv(tmp_path / "a.csv")
    first, second = (read_predictions(tmp_path / name).keypoints for name in ("a.csv", "a.h5"))
    np.testing.assert_allclose(first, second, rtol=6e-8)


def test_tracks_have_their_own_key_and_start_with_nothing(tmp_path, h5):
    names = ["scorer", "individuals", "bodyparts", "coords"]
    levels = columns(["a"], ["m1", "single"], ["n"], ["x", "y", "likelihood"], names=names)
    frame = pd.DataFrame(np.ones((3, 6)), columns=levels)
    frame.iloc[:2, :3] = np.nan
    path = tmp_path / "vDLC_resnet50_tJan1shuffle1_1_el.h5"
    frame.to_hdf(path, key="tracks", format="table")
    table = read_predictions(path)
    assert kind_of(path) == "tracks"
    assert table.numbers.tolist() == [0, 1, 2]
    assert np.isnan(table.keypoints[:, 0, 0]).tolist() == [True, True, False]
    assert table.video == "v"


# gaps, and readers that send each other their files


def test_frames_left_out_are_counted(save):
    table = read_predictions(save("a.csv", LIKELY + "2,1,2,.5\n3,1,2,.5\n9,1,2,.5\n"))
    assert table.numbers.tolist() == [2, 3, 9]
    assert "begins at frame 2; 2 frames before it" in table.warnings[0]
    assert "5 frames between its first and its last" in table.warnings[1]
    assert len(table.without_gaps()) == 10


def test_points_with_one_coordinate_are_missing_and_counted(save):
    table = read_predictions(save("a.csv", LIKELY + "0,1,,.5\n1,,2,.5\n2,,,\n"))
    assert np.isnan(table.keypoints).all()
    assert "2 points have only x or only y; taken as missing" in table.warnings[0]


SPACE = "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,z\n0,1,2,3\n"
BONES = ",n_m,n_m,n_m\n,length,orientation,likelihood\n0,5,90,.5\n"
VIDEO = LIKELY + "0,1,2,.5\n"


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_predictions, SPACE, "in space .* use read_points3d"),
        (read_labels, SPACE, "in space .* use read_points3d"),
        (read_skeleton, SPACE, "of keypoints; use read_points3d"),
        (read_predictions, BONES, "use read_skeleton"),
        (read_labels, BONES, "use read_skeleton"),
        (read_points3d, BONES, "use read_skeleton"),
        (read_predictions, ONE + "1.png,1,2\n", "use read_labels"),
        (read_labels, VIDEO, "use read_predictions"),
        (read_points3d, VIDEO, "use read_predictions"),
        (read_skeleton, VIDEO, "use read_predictions"),
    ],
)
def test_a_reader_names_the_one_that_reads_the_file(save, read, text, message):
    with pytest.raises(FormatError, match=message) as caught:
        read(save("a.csv", text))
    assert "\n" not in str(caught.value)
