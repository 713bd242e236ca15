"""Recordings that are smoothed some frames at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pose_eks import EksError, Ensemble, SingleCameraOptions, smooth
from pose_eks.models.long_singlecam import smooth_long
from pose_eks.smoothed import LongSmoothed


def ensemble(seed: int, members: int = 3, frames: int = 700) -> tuple[np.ndarray, np.ndarray]:
    """Draw members with gaps of every kind, and their confidences."""
    rng = np.random.default_rng(seed)
    track = np.cumsum(rng.normal(size=(frames, 4, 2)), axis=0) + 300
    keypoints = track + rng.normal(size=(members, *track.shape))
    keypoints[rng.random(keypoints.shape[:3]) < 0.1] = np.nan
    keypoints[:, 240:270, 1] = np.nan
    keypoints[:, :, 3] = np.nan
    return keypoints, rng.uniform(0.2, 1, keypoints.shape[:3])


def in_chunks(
    keypoints: np.ndarray, confidence: np.ndarray | None, size: int
) -> Iterator[Ensemble]:
    for start in range(0, keypoints.shape[1], size):
        part = np.s_[:, start : start + size]
        yield Ensemble(keypoints[part], None if confidence is None else confidence[part])


def whole(found: LongSmoothed, name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in found.chunks()])


@pytest.mark.parametrize("dynamics", ["walk", "velocity"])
@pytest.mark.parametrize("members", [1, 3])
def test_chunks_give_what_one_pass_does(tmp_path: Path, dynamics: str, members: int) -> None:
    keypoints, confidence = ensemble(0, members)
    options = SingleCameraOptions(dynamics=dynamics)  # type: ignore[arg-type]
    expected = smooth(keypoints, confidence, options)
    found = smooth_long(lambda: in_chunks(keypoints, confidence, 90), tmp_path, options, size=128)
    assert found.frames == keypoints.shape[1]
    for name in ("keypoints", "confidence", "posterior_variance", "predictive_variance"):
        np.testing.assert_allclose(
            whole(found, name), getattr(expected, name), atol=1e-6, rtol=1e-6
        )
    for name in ("center", "spread"):
        np.testing.assert_allclose(whole(found, name), getattr(expected, name), atol=1e-9)
    np.testing.assert_allclose(found.fit.s[:3], expected.fit.s[:3], rtol=1e-6)


def test_confidences_that_are_nowhere_above_zero_are_unknown(tmp_path: Path) -> None:
    keypoints, _ = ensemble(1)
    nothing = np.zeros(keypoints.shape[:3])
    found = smooth_long(lambda: in_chunks(keypoints, nothing, 200), tmp_path)
    expected = smooth(keypoints, nothing)
    np.testing.assert_allclose(whole(found, "keypoints"), expected.keypoints, atol=1e-6)


def test_a_chunk_without_confidence_is_not_a_recording_without(tmp_path: Path) -> None:
    keypoints, confidence = ensemble(2)
    confidence[:, 200:400] = 0.0  # nobody sees anything for two chunks
    found = smooth_long(lambda: in_chunks(keypoints, confidence, 100), tmp_path)
    expected = smooth(keypoints, confidence)
    np.testing.assert_allclose(whole(found, "keypoints"), expected.keypoints, atol=1e-6)
    np.testing.assert_array_equal(whole(found, "center"), expected.center)


def test_times_may_be_uneven(tmp_path: Path) -> None:
    keypoints, confidence = ensemble(3)
    times = np.cumsum(np.random.default_rng(0).uniform(0.5, 2, keypoints.shape[1]))
    found = smooth_long(
        lambda: in_chunks(keypoints, confidence, 300), tmp_path, None, times, size=64
    )
    expected = smooth(keypoints, confidence, times=times)
    np.testing.assert_allclose(whole(found, "keypoints"), expected.keypoints, atol=1e-6)


def test_what_needs_all_frames_is_refused(tmp_path: Path) -> None:
    keypoints, confidence = ensemble(4)
    for options in (
        SingleCameraOptions(likelihood="student"),
        SingleCameraOptions(compat="eks4", s=1.0),
    ):
        with pytest.raises(EksError, match="can only have the plain gaussian model; raise --chunk"):
            smooth_long(lambda: in_chunks(keypoints, confidence, 100), tmp_path, options)
    with pytest.raises(EksError, match="no frames; give at least one"):
        smooth_long(lambda: iter(()), tmp_path)
