"""`pose-analysis decode`: a signal told from spikes, or from other signals."""

import argparse
from pathlib import Path

import numpy as np

from pose_analysis.commands.arguments import add_events, add_output, add_signal, positive
from pose_analysis.commands.finishing import Found, check_folder, count_of, finish, shown
from pose_analysis.decoding import Decoded, decode, r2_scores
from pose_analysis.errors import AnalysisError
from pose_analysis.files.columns import COUNTED, read_columns, read_spikes, read_times
from pose_analysis.files.recordings import read_recording
from pose_analysis.options import DecodingOptions
from pose_analysis.plots import draw_decoded
from pose_analysis.predictors import (
    Lined,
    Predictors,
    Signals,
    Spikes,
    line_up_series,
    line_up_trials,
)

NAME, HELP = "decode", "a signal told from spikes or other signals, by ridge regression"
EPILOG = """\
examples:
  {prog} pupil/pupil.csv --signal smoothed --spikes spikes.csv --events rewards.csv -o decoded/
  {prog} filtered.csv --signal paw_l.speed --rate 60 --predictors wheel.csv -o decoded/

Spikes are a CSV with a row each, columns time and unit; predictors one with a column time. With
events, whole trials are dealt into folds at random, as in the paper; without, the recording is cut
into blocks.
"""
TABLES = ("predicted.csv", "folds.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    add_signal(parser)
    add_events(parser, required=False)
    told_from = parser.add_mutually_exclusive_group(required=True)
    told_from.add_argument("--spikes", type=Path, metavar="FILE", help="CSV: time, unit")
    told_from.add_argument(
        "--predictors", type=Path, metavar="FILE", help="CSV: time, and a column per signal"
    )
    add_options(parser, DecodingOptions())
    add_output(parser, f"folder for {', '.join(TABLES)} and summary.json")


def add_options(parser: argparse.ArgumentParser, defaults: DecodingOptions) -> None:
    """Add the options of decoding."""
    for name, text in (
        ("lags", "bins a bin is told from: its own and those before"),
        ("folds", "parts, each predicted by a model of the others"),
        ("inner-folds", "parts of the others, by which the penalty is chosen"),
        ("shifts", "how often it is done with the signal moved in time, to compare"),
        ("seed", "of what is drawn at random"),
    ):
        default = getattr(defaults, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}", type=int, default=default, metavar="N", help=f"{text} [{default}]"
        )
    parser.add_argument(
        "--penalties",
        type=positive,
        nargs="+",
        default=defaults.penalties,
        metavar="X",
        help="to choose from [1e-05 ... 10]",
    )
    parser.add_argument(
        "--choice",
        choices=("folds", "one"),
        default=defaults.choice,
        help="of the penalty: by inner folds, or by leaving one bin out, faster [%(default)s]",
    )


def run(given: argparse.Namespace) -> int:
    """Read, decode, write, and say what was found."""
    names = ("lags", "folds", "inner_folds", "shifts", "seed", "choice")
    options = DecodingOptions(
        **{name: getattr(given, name) for name in names}, penalties=tuple(given.penalties)
    )
    inputs = [given.recording, given.events, given.timestamps, given.spikes, given.predictors]
    check_folder(given, TABLES, inputs)
    lined = lined_up(given, options.lags)
    found = decode(lined.predictors, lined.target, options)
    tables = (predicted_table(lined, found), folds_table(lined, found))
    features = lined.predictors.shape[-1] // options.lags
    done = Found(
        summary={
            "r2": found.r2,
            "r2_shifted": found.shifted,
            "chance": found.chance,
            "features": features,
            "bins": int(np.isfinite(found.predicted).sum()),
            "trials": None if lined.trials is None else len(lined.trials),
            "penalties": found.penalties,
        },
        lines=lines_of(lined, found, features),
        draw=lambda figure: draw_decoded(figure, lined, found, given.signal),
        tables=dict(zip(TABLES, tables, strict=True)),
    )
    finish(given, done, "decode --help        # other lags, penalties or events")
    return 0


def lined_up(given: argparse.Namespace, lags: int) -> Lined:
    """Read the signal and what it is told from, and put them side by side.

    Raises:
        AnalysisError: if something cannot be read, or they have no time in common.
    """
    recording = read_recording(given.recording)
    times = recording.clock(given.rate, given.timestamps)
    signal = (times, recording.signal(given.signal, times))
    predictors = read_predictors(given)
    if given.events is None:
        return line_up_series(signal, predictors, 1 / given.bin, lags)
    events = read_times(given.events, given.column)
    return line_up_trials(signal, predictors, events, tuple(given.window), 1 / given.bin, lags)


def read_predictors(given: argparse.Namespace) -> Predictors:
    """Read what the signal is told from.

    Raises:
        AnalysisError: if it cannot be read, or has no times or signals.
    """
    if given.spikes is not None:
        return Spikes(*read_spikes(given.spikes))
    columns = read_columns(given.predictors)
    if "time" not in columns:
        raise AnalysisError(f"{given.predictors}: has no column 'time'; give it in seconds")
    signals = [one for name, one in columns.items() if name not in COUNTED]
    if not signals:
        raise AnalysisError(f"{given.predictors}: has no column beside {', '.join(columns)}")
    try:
        return Signals(columns["time"], np.column_stack(signals))
    except AnalysisError as error:
        raise AnalysisError(f"{given.predictors}: {error}") from error


def lines_of(lined: Lined, found: Decoded, features: int) -> list[str]:
    """Say how well it was decoded."""
    bins = int(np.isfinite(found.predicted).sum())
    what = "one series" if lined.trials is None else count_of(len(lined.trials), "trial")
    lines = [
        f"{what}, {count_of(bins, 'bin')}, {count_of(features, 'feature')}; R² {shown(found.r2)}"
    ]
    if left := lined.target.size - bins:
        lines.append(
            f"{count_of(left, 'bin')} left out: the signal or a predictor is missing there"
        )
    if len(found.shifted):
        lines.append(
            f"moved in time: R² {shown(float(found.shifted.mean()))} on average of "
            f"{len(found.shifted)}, {shown(float(found.shifted.max()))} at best"
        )
    return lines


def predicted_table(lined: Lined, found: Decoded) -> dict[str, np.ndarray]:
    """Give a table with a row per bin."""
    if lined.trials is None:
        columns = {"time": lined.times}
    else:
        bins = len(lined.times)
        columns = {
            "trial": np.repeat(lined.trials.places, bins),
            "time": np.tile(lined.times, len(lined.trials)),
        }
    per_unit = lined.target.size // len(found.fold)
    return {
        **columns,
        "fold": np.repeat(found.fold, per_unit),
        "target": lined.target.ravel(),
        "predicted": found.predicted.ravel(),
    }


def folds_table(lined: Lined, found: Decoded) -> dict[str, np.ndarray]:
    """Give a table with a row per fold."""
    numbers = np.arange(len(found.penalties))
    parts = [found.fold == number for number in numbers]
    scores = [score_of(lined.target[part], found.predicted[part]) for part in parts]
    return {"fold": numbers, "penalty": found.penalties, "r2": np.array(scores)}


def score_of(target: np.ndarray, predicted: np.ndarray) -> float:
    """Give R² of the bins that are predicted; NaN where there are none."""
    known = np.isfinite(predicted)
    if not known.any():
        return float("nan")
    return float(r2_scores(target[known][:, None], predicted[known][:, None])[0])
