"""Real ensembles, where POSE_DATA_DIR says they are."""

import os
from pathlib import Path

import numpy as np
import pytest

from pose_eks import SingleCameraOptions, smooth
from pose_eks.files.members import read_members

DATA = Path(os.environ.get("POSE_DATA_DIR", "/nowhere")) / "eks"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="POSE_DATA_DIR has no folder eks")


@pytest.mark.parametrize("pattern", ["mirror-mouse/*.csv", "ibl-pupil/*.csv", "fly/*Cam-A*.csv"])
def test_a_real_ensemble_is_smoothed_and_its_fit_converges(pattern: str) -> None:
    members = read_members(sorted(DATA.glob(pattern)))
    found = smooth(members.keypoints, members.confidence, times=members.times)
    assert found.fit.converged.all()
    assert found.fit.passes.max() < 40
    assert np.isfinite(found.keypoints).all()
    # where members agree the track passes through them; between them it moves less than they do
    nearness = np.abs(found.keypoints - found.center) / np.sqrt(found.predictive_variance)
    assert np.median(nearness) < 1
    steps = [np.abs(np.diff(track, axis=0)).mean() for track in (found.keypoints, found.center)]
    assert steps[0] < steps[1]


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
def test_frames_hidden_from_a_real_ensemble_are_found_within_their_interval(dynamics: str) -> None:
    members = read_members(sorted(DATA.glob("mirror-mouse/*.csv")))
    hidden = np.arange(50, 1950, 100)
    keypoints = members.keypoints.copy()
    keypoints[:, hidden] = np.nan
    found = smooth(keypoints, members.confidence, SingleCameraOptions(dynamics=dynamics))
    truth = np.median(members.keypoints, axis=0)[hidden]
    score = np.abs(found.keypoints[hidden] - truth) / np.sqrt(found.predictive_variance[hidden])
    assert 0.85 < (score < 1.96).mean() <= 1.0
