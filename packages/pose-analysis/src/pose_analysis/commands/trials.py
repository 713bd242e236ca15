"""`pose-analysis trials`: a signal around events, its average, and how alike the trials are."""

import argparse

import numpy as np

from pose_analysis.commands.arguments import add_events, add_output, add_signal
from pose_analysis.commands.finishing import Found, check_folder, count_of, finish, shown
from pose_analysis.files.columns import read_times
from pose_analysis.files.recordings import read_recording
from pose_analysis.plots import draw_trials
from pose_analysis.trials import (
    Average,
    Trials,
    align,
    average,
    consistency,
    consistency_by_chance,
)

NAME, HELP = "trials", "a signal aligned to events: trials, their average and consistency"
EPILOG = """\
examples:
  {prog} pupil/pupil.csv --signal smoothed --events rewards.csv --output trials/
  {prog} filtered.csv --signal paw_l.speed --rate 60 --events moves.csv --window -0.5 1.5 -o trials/
"""
TABLES = ("trials.csv", "average.csv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    add_signal(parser)
    add_events(parser, required=True)
    parser.add_argument(
        "--levels",
        action="store_true",
        help="trials that differ in level are different; else each one's own mean is taken off",
    )
    add_output(parser, f"folder for {', '.join(TABLES)} and summary.json")


def run(given: argparse.Namespace) -> int:
    """Read, align, write, and say what was found."""
    check_folder(given, TABLES, [given.recording, given.events, given.timestamps])
    recording = read_recording(given.recording)
    times = recording.clock(given.rate, given.timestamps)
    signal = recording.signal(given.signal, times)
    events = read_times(given.events, given.column)
    trials = align(signal, times, events, tuple(given.window), 1 / given.bin)
    alike, chance = consistency(trials, given.levels), consistency_by_chance(trials)
    mean = average(trials)
    found = Found(
        summary={
            "trials": len(trials),
            "events_outside": trials.outside,
            "events_unseen": trials.unseen,
            "consistency": alike,
            "consistency_by_chance": chance,
        },
        lines=[
            *lines_of(trials, len(events)),
            f"{count_of(len(trials), 'trial')} of {count_of(len(trials.times), 'bin')}; "
            f"consistency {shown(alike)} ({shown(chance)} if they had nothing in common)",
        ],
        draw=lambda figure: draw_trials(figure, trials, given.signal),
        tables=dict(zip(TABLES, (long_table(trials), short_table(mean)), strict=True)),
    )
    hint = f"decode {given.recording} --signal {given.signal} --events {given.events}"
    finish(given, found, f"{hint} --spikes FILE -o DIR")
    return 0


def lines_of(trials: Trials, events: int) -> list[str]:
    """Say which events were left out."""
    lines = []
    if trials.outside:
        lines.append(
            f"{trials.outside} of {events} events left out: their window leaves the recording"
        )
    if trials.unseen:
        lines.append(f"{trials.unseen} of {events} events left out: the signal is missing there")
    return lines


def long_table(trials: Trials) -> dict[str, np.ndarray]:
    """Give a table with a row per trial and bin."""
    bins = len(trials.times)
    return {
        "trial": np.repeat(trials.places, bins),
        "event": np.repeat(trials.events, bins),
        "time": np.tile(trials.times, len(trials)),
        "value": trials.values.ravel(),
    }


def short_table(mean: Average) -> dict[str, np.ndarray]:
    """Give a table with a row per bin."""
    names = ("mean", "median", "error", "trials")
    return {"time": mean.times, **{name: getattr(mean, name) for name in names}}
