"""Real predictions; POSE_DATA_DIR names the folder they lie in."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = os.environ.get("POSE_DATA_DIR")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(DATA is None, reason="POSE_DATA_DIR is not set: no real recordings"),
]
EKS = Path(DATA or ".") / "eks"


def test_the_pupil_of_five_networks_is_told_better_than_that_of_one(tmp_path, done):
    nets = sorted((EKS / "ibl-pupil").glob("*.csv"))
    quality = []
    for name, files in (("one", nets[:1]), ("five", nets)):
        done("pupil", *files, "--rate", 60, "-o", tmp_path / name)
        quality.append(json.loads((tmp_path / name / "summary.json").read_text())["quality"])
    assert 0.6 < quality[0]["correlation"] < 0.95
    assert quality[1]["signal_to_noise"] > quality[0]["signal_to_noise"]


def test_the_cameras_of_the_paws_agree_but_for_a_few_frames(tmp_path, done):
    files = sorted((EKS / "ibl-paw").glob("*.rng=0.csv"))
    times = sorted((EKS / "ibl-paw").glob("*.npy"))
    pairs = ["--pair", "paw_l,paw_r", "--pair", "paw_r,paw_l"]
    done("correlation", *files, "--timestamps", *times, *pairs, "-o", tmp_path / "paws")
    table = pd.read_csv(tmp_path / "paws" / "correlations.csv")
    assert (table["correlation"] > 0.9).all()
    assert table["outliers"].between(1, 50).all()


def test_the_speed_of_a_filtered_paw_is_aligned_by_its_time_stamps(tmp_path, done):
    right = sorted((EKS / "ibl-paw").glob("*right*.csv"))
    (clock,) = (EKS / "ibl-paw").glob("*right.npy")
    filtered, events = tmp_path / "right.csv", tmp_path / "events.txt"
    done("filter", *right, "-o", filtered, "--window", 13, "--min-confidence", 0.9)
    times = np.load(clock)
    events.write_text("\n".join(map(str, times[200:-300:250])))
    given = ["--signal", "paw_l.speed", "--timestamps", clock, "--events", events]
    done("trials", filtered, *given, "-o", tmp_path / "trials")
    told = json.loads((tmp_path / "trials" / "summary.json").read_text())
    assert told["trials"] == 8
    assert 0 < told["consistency"] < 2
