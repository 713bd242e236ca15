"""A recording of a pupil and a paw, its events and the neurons that tell of it, as files."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pose_analysis.__main__ import main
from pose_io_dlc import PredictionTable, write_predictions

RATE = 60.0
SIDES = np.array([[0, -0.5], [0.5, 0], [0, 0.5], [-0.5, 0]])
NAMES = ("pupil_top_r", "pupil_right_r", "pupil_bottom_r", "pupil_left_r", "paw")


def write_rows(path: Path, names: Sequence[str], rows: np.ndarray) -> Path:
    """Write numbers under a row of names."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *np.asarray(rows).tolist()])
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files: net0.csv and net1.csv, events.csv, spikes.csv, wheel.csv; 100 s at 60 Hz."""
    rng = np.random.default_rng(0)
    times = np.arange(6000) / RATE
    events = np.arange(5.0, 95.0, 5.0)
    bumps = np.exp(-0.5 * ((times[:, None] - events - 0.4) / 0.15) ** 2).sum(axis=1)
    diameter = 30 + 2 * np.sin(times) + 6 * bumps
    points = np.zeros((6000, 5, 2))
    points[:, :4] = 60 + diameter[:, None, None] * SIDES
    points[:, 4] = 100 + np.cumsum(rng.normal(scale=0.5, size=(6000, 2)), axis=0)
    for member in range(2):
        found = points + rng.normal(scale=0.4, size=points.shape)
        confidence = np.full((6000, 5), 0.97)
        found[200:203, 4], confidence[300:304, 0] = np.nan, 0.3
        write_predictions(
            tmp_path / f"net{member}.csv", PredictionTable(NAMES, found, confidence, scorer="net")
        )
    write_rows(tmp_path / "events.csv", ["time", "side"], np.column_stack([events, events % 2]))
    rates = np.column_stack([20 * (diameter - 25), 20 + np.cos(times), np.full(6000, 5.0)]) / RATE
    frames, units = np.nonzero(rng.poisson(rates))
    write_rows(tmp_path / "spikes.csv", ["time", "unit"], np.column_stack([times[frames], units]))
    wheel = np.column_stack([times, diameter + rng.normal(size=6000), rng.normal(size=6000)])
    write_rows(tmp_path / "wheel.csv", ["time", "turn", "noise"], wheel)
    return tmp_path


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that is a mistake; give what it says in its one line."""

    def run(*arguments: object) -> str:
        status = main([str(one) for one in arguments])
        said = capsys.readouterr().err.splitlines()
        assert status == 1
        assert len(said) == 1, said
        return said[0]

    return run


@pytest.fixture
def done(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that works; give what it prints."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        status = main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert status == 0, said.err
        assert not said.err
        return said.out

    return run
