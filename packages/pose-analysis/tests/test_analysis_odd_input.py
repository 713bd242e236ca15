"""Mistakes a person makes: each is one line, and nothing is written."""

import numpy as np
import pytest

from pose_io_dlc import LabelTable, PredictionTable, write_labels, write_predictions


def write_table(path, points, names=("paw",), confidence=0.9):
    write_predictions(path, PredictionTable(names, points, np.full(points.shape[:2], confidence)))
    return path


def write_text(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def signals(tmp_path):
    """A table of signals over 20 s: one that varies, one that does not, one that is missing."""
    times = np.arange(1000) / 50
    rows = [f"{t},{np.sin(3 * t)},4," for t in times]
    return write_text(tmp_path / "signals.csv", "\n".join(["time,wave,flat,gone", *rows]))


@pytest.fixture
def events(tmp_path):
    return write_text(tmp_path / "events.txt", "\n".join(map(str, range(2, 18))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--window", "8"], "filter: window: 8 is not an odd number of frames"),
        (["--order", "9"], "order: 9 is not between 0 and the window of 7"),
        (["--filter", "median", "--order", "2"], "--order: a median filter has none"),
        (["--min-confidence", "2"], "min_confidence: 2.0 is not between 0 and 1"),
        (["--max-gap", "-1"], "max_gap: -1 is below 0"),
        (["--plot", "x.gif"], "x.gif: unknown suffix; end it in .png or .svg"),
    ],
)
def test_options_of_a_filter(arguments, message, tmp_path, refused):
    table = write_table(tmp_path / "a.csv", np.zeros((40, 1, 2)))
    out = tmp_path / "out.csv"
    assert message in refused("filter", table, "-o", out, *arguments)
    assert not out.exists()


def test_tables_that_do_not_belong_together(tmp_path, refused):
    one = write_table(tmp_path / "a.csv", np.zeros((40, 1, 2)))
    short = write_table(tmp_path / "b.csv", np.zeros((30, 1, 2)))
    other = write_table(tmp_path / "c.csv", np.zeros((40, 1, 2)), ("nose",))
    out = ["-o", tmp_path / "out.csv"]
    assert "b.csv: has 30 frames, " in refused("filter", one, short, *out)
    assert "only one of them has 'nose'" in refused("filter", one, other, *out)
    assert "a.csv: is given twice" in refused("filter", one, one, *out)


def test_files_that_are_no_predictions_of_a_video(tmp_path, refused):
    labels = tmp_path / "CollectedData_x.csv"
    frames = ("labeled-data/a/img1.png",)
    write_labels(
        labels, LabelTable(frames, ("paw",), np.zeros((1, 1, 2)), np.full((1, 1), 2, np.uint8))
    )
    images = tmp_path / "images.csv"
    table = PredictionTable(("paw",), np.ones((1, 1, 2)), np.ones((1, 1)), frames=frames)
    write_predictions(images, table)
    out = ["-o", tmp_path / "out.csv"]
    for path, message in (
        (labels, "give predictions"),
        (images, "images.csv: is of images such as 'labeled-data/a/img1.png', not of a video"),
        (tmp_path, "is a folder; give its files"),
        (tmp_path / "none.csv", "none.csv: "),
        (write_text(tmp_path / "empty.csv", ""), "empty.csv: "),
    ):
        assert message in refused("filter", path, *out)


def test_outputs_that_cannot_be_written(tmp_path, refused):
    table = write_table(tmp_path / "a.csv", np.zeros((40, 1, 2)))
    assert "out.txt: unknown suffix" in refused("filter", table, "-o", tmp_path / "out.txt")
    assert "is among the inputs" in refused("filter", table, "-o", table, "--overwrite")
    below = refused("filter", table, "-o", table / "no" / "out.csv")
    assert "a.csv/no' cannot be written to; choose another" in below
    assert "cannot be written to" in refused("pupil", table, "-o", table / "folder")


def test_a_file_without_times_is_named(tmp_path, signals, refused):
    np.save(tmp_path / "none.npy", np.zeros(0))
    for path in (
        write_text(tmp_path / "none.csv", "time\n"),
        write_text(tmp_path / "sides.csv", "time,side\n"),
        tmp_path / "none.npy",
    ):
        given = ["trials", signals, "--signal", "wave", "--events", path, "-o", tmp_path / "t"]
        assert f"{path}: holds no times; give one per row" in refused(*given)


def test_a_keypoint_that_is_never_seen_is_named_and_stays_missing(tmp_path, done):
    points = np.random.default_rng(0).normal(size=(5, 2, 2))
    points[:, 1] = np.nan
    table = write_table(tmp_path / "a.csv", points, ("paw", "nose"))
    said = done("filter", table, "-o", tmp_path / "out.csv")
    assert "warning: nose: is missing in every frame, and stays so" in said


def test_a_pupil_that_cannot_be_told(tmp_path, refused, done):
    table = write_table(tmp_path / "paw.csv", np.zeros((40, 1, 2)))
    assert "0 keypoints of paw have the word 'top'" in refused("pupil", table, "-o", tmp_path / "p")
    sides = ("top", "bottom", "left", "right")
    still = write_table(tmp_path / "still.csv", np.ones((40, 4, 2)), sides)
    said = done("pupil", still, "-o", tmp_path / "p1")
    assert "does not vary: no correlation" in said
    unsure = write_table(tmp_path / "unsure.csv", np.ones((40, 4, 2)), sides, 0.1)
    said = done("pupil", unsure, "-o", tmp_path / "p2")
    assert "warning: no diameter can be told; lower --min-confidence?" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--signal", "wav"], "has no signal 'wav'; did you mean 'wave'?"),
        (["--signal", "gone"], "signal 'gone' is missing in all frames"),
        (["--signal", "flat"], "consistency: the signal does not vary in any trial"),
        (["--signal", "wave", "--rate", "0"], "--rate: 0 frames/s is not above 0"),
        (["--signal", "wave", "--window", "1", "0"], "window: 1 to 0 s at 50 bins/s holds no bin"),
        (["--signal", "wave", "--bin", "0.7"], "window: -0.2 to 1 s is 1.71429 bins of 0.7 s"),
        (["--signal", "wave", "--rate", "6000"], "none of 16 has its window of -0.2 to 1 s inside"),
    ],
)
def test_trials_that_cannot_be(arguments, message, signals, events, tmp_path, refused):
    out = tmp_path / "out"
    assert message in refused("trials", signals, "--events", events, *arguments, "-o", out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3.0", "consistency: 1 trial; it is told of two or more"),
        ("500\n600", "none of 2 has its window"),
        ("a,b\n1,2", "has no column 'time' among a, b; give --column"),
        ("time\nsoon", "column 'time': row 1 has 'soon', not a number"),
        ("", "is not a table"),
    ],
)
def test_events_that_cannot_be(text, message, signals, tmp_path, refused):
    path = write_text(tmp_path / "odd.csv", text)
    given = ["--signal", "wave", "--events", path, "-o", tmp_path / "out"]
    assert message in refused("trials", signals, *given)


def test_times_that_do_not_fit(tmp_path, events, refused):
    table = write_table(tmp_path / "a.csv", np.random.default_rng(0).normal(size=(900, 1, 2)))
    given = ["trials", table, "--signal", "paw.x", "--events", events, "-o", tmp_path / "out"]
    assert "does not say when its frames were; give --rate" in refused(*given)
    np.save(tmp_path / "t.npy", np.arange(800) / 60)
    assert "has 800 times for the 900 frames" in refused(*given, "--timestamps", tmp_path / "t.npy")
    np.save(tmp_path / "t.npy", np.zeros(900))
    assert "times: do not rise" in refused(*given, "--timestamps", tmp_path / "t.npy")
    np.save(tmp_path / "t.npy", np.array(["a"]))
    assert "is not a list of times" in refused(*given, "--timestamps", tmp_path / "t.npy")
    assert "t2.npy: no such file" in refused(*given, "--timestamps", tmp_path / "t2.npy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,4", "its first row is numbers; name the columns there"),
        ("time,wave\n", "has no rows below its names"),
        ("time\n1", "has no column beside time"),
        ("frame,a\n0,1\n1,2", "has no column 'time'"),
        ("time,a\n2,1\n1,2", "times: do not rise"),
        ("time,wave\n1,inf", "column 'wave': has an infinite value"),
    ],
)
def test_tables_that_hold_no_signals(text, message, signals, tmp_path, refused):
    assert message in decode_by(signals, "--predictors", text, tmp_path, refused)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,neuron\n1,2", "has no column 'unit'"),
        ("time,unit\n1,\n2,1", "column 'unit' has empty cells"),
        ("time,unit\n500,1\n600,2", "overlap by 0 bins; are both on one clock?"),
    ],
)
def test_spikes_that_cannot_be(text, message, signals, tmp_path, refused):
    assert message in decode_by(signals, "--spikes", text, tmp_path, refused)


def decode_by(signals, option, text, folder, refused):
    path = write_text(folder / "odd.csv", text)
    return refused("decode", signals, "--signal", "wave", option, path, "-o", folder / "out")


def test_decoding_that_cannot_be(signals, events, tmp_path, refused):
    given = ["decode", signals, "--signal", "wave", "--predictors", signals, "-o", tmp_path / "o"]
    few = write_text(tmp_path / "few.txt", "4\n7\n9")
    assert "3 trials or bins cannot be cut into 5" in refused(*given, "--events", few)
    assert "lags: 0 is below 1" in refused(*given, "--lags", 0)
    given[3] = "flat"
    assert "the target does not vary" in refused(*given, "--events", events)


def test_views_that_cannot_be_compared(tmp_path, refused):
    rng = np.random.default_rng(0)
    one = write_table(tmp_path / "a.csv", rng.normal(size=(40, 1, 2)))
    short = write_table(tmp_path / "b.csv", rng.normal(size=(30, 1, 2)))
    other = write_table(tmp_path / "c.csv", rng.normal(size=(40, 1, 2)), ("nose",))
    still = write_table(tmp_path / "d.csv", np.ones((40, 1, 2)))
    out = ["-o", tmp_path / "out"]
    for given, message in (
        ([one], "1 files given; give two files, or one and --views"),
        ([one, other, "--views", "a,b"], "2 files given; give one file"),
        ([one, short], "b.csv: has 30 frames, "),
        ([one, other], "c.csv: has no keypoint of "),
        ([one, other, "--pair", "paw,nos"], "has no keypoint 'nos'; did you mean 'nose'?"),
        ([one, still], "paw: correlation: the second signals do not vary"),
        ([one, one, "--reference", one], "1 files given; give two files"),
        ([one, still, "--ridge", "-1"], "ridge: -1.0 is not a finite number"),
    ):
        assert message in refused("correlation", *given, *out)
    assert not (tmp_path / "out").exists()


def test_one_keypoint_that_cannot_be_compared_does_not_stop_the_others(tmp_path, done):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 2, 2))
    points[:, 1] = np.nan
    one = write_table(tmp_path / "a.csv", points, ("paw", "nose"))
    said = done("correlation", one, write_table(tmp_path / "b.csv", points, ("paw", "nose")),
                "-o", tmp_path / "out")  # fmt: skip
    assert "warning: nose: correlation: 0 rows of 60 have no missing value" in said
    assert "paw: views correlate by 1" in said
