"""What the command writes and says, from the files of one recording to a decoded signal."""

import json

import numpy as np
import pandas as pd
import pytest

from pose_analysis import __version__
from pose_analysis.__main__ import main
from pose_io_dlc import PredictionTable, read_predictions, write_predictions

COMMANDS = ("filter", "pupil", "correlation", "trials", "decode")


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


@pytest.fixture
def pupil(folder, done):
    """The signals of the pupil, as `pupil` writes them."""
    out = folder / "pupil"
    done("pupil", folder / "net0.csv", folder / "net1.csv", "--rate", 60, "-o", out)
    return out / "pupil.csv"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_of_its_own_command(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert f"  pose-analysis {name} " in capsys.readouterr().out


def test_a_mistyped_command_is_one_line(capsys):
    with pytest.raises(SystemExit):
        main(["pupill"])
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_filtered_tables_are_read_back(suffix, folder, done):
    out = folder / f"filtered{suffix}"
    said = done("filter", folder / "net0.csv", folder / "net1.csv", "-o", out, "--window", 13)
    table, raw = read_predictions(out), read_predictions(folder / "net0.csv")
    assert table.names == raw.names
    steps = [np.nanstd(np.diff(one.keypoints[:, :4], n=2, axis=0)) for one in (raw, table)]
    assert steps[1] < 0.2 * steps[0]
    assert "2 tables, 6000 frames, 5 keypoints" in said
    assert "paw: 3 frames missing, 3 bridged" in said
    assert said.splitlines()[-1].startswith("next: pose-analysis trials ")
    told = json.loads(out.with_suffix(".json").read_text())
    assert told["version"] == __version__
    assert told["keypoints"]["paw"]["missing_frames"] == 3
    assert told["asked"]["window"] == 13


def test_the_median_leaves_long_gaps_where_it_is_told_to(folder, done):
    out = folder / "filtered.csv"
    said = done("filter", folder / "net0.csv", "-o", out, "--filter", "median", "--max-gap", 2)
    assert said.startswith("1 table, 6000 frames, 5 keypoints")
    assert np.isnan(read_predictions(out).keypoints[200:203, 4]).all()


def test_a_pupil_is_measured_with_its_quality(pupil, done):
    table, told = pd.read_csv(pupil), summary(pupil.parent)
    assert list(table)[:3] == ["frame", "time", "horizontal"]
    assert table["time"].iloc[60] == pytest.approx(1.0)
    assert told["quality"]["correlation"] > 0.9
    assert table["smoothed"].std() > 1


def test_trials_are_aligned_to_events(pupil, folder, done):
    out = folder / "trials"
    given = ["--signal", "smoothed", "--events", folder / "events.csv", "--window", -0.5, 1.5]
    said = done("trials", pupil, *given, "-o", out)
    told, mean = summary(out), pd.read_csv(out / "average.csv")
    assert told["trials"] == 18
    assert told["consistency"] > 2 > 10 * told["consistency_by_chance"]
    assert mean["time"][mean["mean"].idxmax()] == pytest.approx(0.4, abs=0.06)
    assert len(pd.read_csv(out / "trials.csv")) == 18 * 100
    assert "18 trials of 100 bins; consistency" in said


def test_events_whose_window_leaves_the_recording_are_counted(pupil, folder, done):
    (folder / "more.txt").write_text("-3\n10\n20\n\n99.9\n500\n")
    given = ["--signal", "diameter", "--events", folder / "more.txt"]
    said = done("trials", pupil, *given, "-o", folder / "trials")
    assert "3 of 5 events left out: their window leaves the recording" in said


def test_the_speed_of_a_keypoint_is_a_signal(folder, done):
    given = ["--signal", "paw.speed", "--rate", 60, "--events", folder / "events.csv"]
    done("trials", folder / "net0.csv", *given, "-o", folder / "trials")
    values = pd.read_csv(folder / "trials" / "trials.csv")["value"]
    assert 20 < values.median() < 60  # px/s: steps of 0.5 px and noise of 0.4 px, at 60 Hz


@pytest.mark.parametrize(
    "source", [["--spikes", "spikes.csv"], ["--predictors", "wheel.csv"]], ids=["spikes", "signals"]
)
def test_trials_are_decoded(source, pupil, folder, done):
    out = folder / "decoded"
    said = done(
        "decode", pupil, "--signal", "smoothed", source[0], folder / source[1], "--shifts", 3,
        "--events", folder / "events.csv", "--penalties", 0.1, 10, 1000, "-o", out,
    )  # fmt: skip
    told, predicted = summary(out), pd.read_csv(out / "predicted.csv")
    assert told["r2"] > (0.2 if source[0] == "--spikes" else 0.8)
    assert told["trials"] == 18
    assert len(told["r2_shifted"]) == 3
    assert len(predicted) == 18 * 60
    assert pd.read_csv(out / "folds.csv")["penalty"].isin([0.1, 10, 1000]).all()
    assert "moved in time: R²" in said


def test_a_whole_recording_is_decoded_in_blocks(pupil, folder, done):
    out = folder / "decoded"
    done(
        "decode", pupil, "--signal", "smoothed", "--predictors", folder / "wheel.csv",
        "--bin", 0.1, "--shifts", 2, "-o", out,
    )  # fmt: skip
    told = summary(out)
    assert told["trials"] is None
    assert told["r2"] > 0.8 > 0.5 > max(told["r2_shifted"])
    fold = pd.read_csv(out / "predicted.csv")["fold"]
    assert fold.is_monotonic_increasing


def test_views_in_one_picture_are_told_by_the_last_words_of_names(folder, done):
    rng = np.random.default_rng(0)
    space = np.cumsum(rng.normal(size=(300, 2, 3)), axis=0)
    seen = np.einsum("cad,tkd->tcka", rng.normal(size=(2, 2, 3)), space).reshape(300, 4, 2)
    seen[100:104, 2] += [80, -80]
    names = ("paw_top", "nose_top", "paw_bot", "nose_bot")
    write_table(folder / "mouse.csv", names, seen)
    out = folder / "agreement"
    said = done("correlation", folder / "mouse.csv", "--views", "top,bot", "-o", out)
    table = pd.read_csv(out / "correlations.csv").set_index("keypoint")
    assert table.loc["nose", "correlation"] == pytest.approx(1)
    assert table.loc["paw", "correlation"] < 0.999
    assert "nose: views correlate by 1; 0 of 300 frames differ" in said
    assert set(range(100, 104)) <= set(summary(out)["keypoints"]["paw"]["outliers"])


def write_table(path, names, points):
    write_predictions(path, PredictionTable(names, points, np.full(points.shape[:2], 0.9)))


def test_cameras_out_of_step_are_put_on_one_clock(folder, done):
    times = np.arange(600) / 60, np.arange(1500) / 150 + 0.003
    for name, clock, scale in zip(("left", "right"), times, (1, -2), strict=True):
        path = np.column_stack([scale * np.sin(clock), np.cos(3 * clock)])
        write_table(folder / f"{name}.csv", ("paw",), path[:, None])
        np.save(folder / f"{name}.npy", clock)
    files = [
        [folder / f"{name}{suffix}" for name in ("left", "right")] for suffix in (".csv", ".npy")
    ]
    out = folder / "agreement"
    done("correlation", *files[0], "--timestamps", *files[1], "-o", out)
    table = pd.read_csv(out / "correlations.csv")
    assert table["correlation"][0] == pytest.approx(1, abs=1e-4)


def test_sets_of_signals_are_correlated_with_all_their_components(pupil, folder, done):
    rows = pd.read_csv(folder / "wheel.csv")
    out = folder / "together"
    said = done("correlation", pupil, folder / "wheel.csv", "-o", out, "--ridge", 0.01)
    told = summary(out)
    assert told["correlations"][0] > 0.8
    assert set(told["second_weights"]) == {"turn", "noise"}
    assert len(pd.read_csv(out / "projected.csv")) == len(rows)
    assert "2 components" in said


def test_every_command_draws(pupil, folder, done):
    net, spikes = folder / "net0.csv", ["--spikes", folder / "spikes.csv"]
    events = ["--events", folder / "events.csv"]
    asked = {
        "filter": [net, "-o", folder / "f.csv"],
        "pupil": [net, "-o", folder / "p"],
        "correlation": [net, folder / "net1.csv", "-o", folder / "c"],
        "trials": [pupil, "--signal", "smoothed", *events, "-o", folder / "t"],
        "decode": [
            pupil,
            "--signal",
            "smoothed",
            *events,
            *spikes,
            "--shifts",
            2,
            "-o",
            folder / "d",
        ],
    }
    for name, given in asked.items():
        path = folder / f"{name}{'.svg' if name == 'trials' else '.png'}"
        assert f"\nwritten: {path}\nnext: " in done(name, *given, "--plot", path)
        assert path.stat().st_size > 10_000


def test_folders_of_outputs_are_made(folder, done):
    table, picture = folder / "new" / "one" / "f.csv", folder / "pictures" / "f.png"
    done("filter", folder / "net0.csv", "-o", table, "--plot", picture)
    assert table.is_file() and picture.is_file()


def test_an_output_is_replaced_with_overwrite_alone(folder, done, refused):
    given = ["pupil", folder / "net0.csv", "-o", folder / "pupil"]
    done(*given)
    before = (folder / "pupil" / "pupil.csv").read_bytes()
    assert "pupil.csv: is there already; choose another, or add --overwrite" in refused(*given)
    assert (folder / "pupil" / "pupil.csv").read_bytes() == before
    done(*given, "--overwrite", "--min-confidence", 0)
