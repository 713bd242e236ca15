"""A whole pose in the space of its usual poses."""

import numpy as np
import pytest

from pose_eks import EksError, Ensemble
from pose_eks.models.pose_pca import smooth_pose
from pose_eks.options import PosePcaOptions

FRAMES, KEYPOINTS = 300, 6
QUICK = PosePcaOptions(likelihood="gaussian")


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw poses of three degrees of freedom (frames, keypoints, 2), and four members."""
    rng = np.random.default_rng(seed)
    state = np.cumsum(rng.normal(size=(FRAMES, 3)), axis=0)
    truth = (state @ rng.normal(size=(3, 2 * KEYPOINTS)) + 100).reshape(FRAMES, KEYPOINTS, 2)
    return truth, truth + rng.normal(size=(4, *truth.shape))


def test_as_many_axes_as_the_variance_needs() -> None:
    truth, members = scene()
    found = smooth_pose(Ensemble(members), PosePcaOptions(likelihood="gaussian", variance=0.995))
    raw = np.median(members, axis=0) - truth
    assert np.sqrt(((found.keypoints - truth) ** 2).mean()) < 0.7 * np.sqrt((raw**2).mean())
    centred = found.keypoints.reshape(FRAMES, -1)
    rank = np.linalg.matrix_rank(centred - centred.mean(axis=0), tol=1e-6 * FRAMES)
    assert rank <= 3


def test_a_pose_that_cannot_be_stands_out() -> None:
    _, members = scene(1)
    members[:, 120:123, 4] += 30.0
    found = smooth_pose(Ensemble(members), PosePcaOptions(latent=3))
    residual = found.diagnostics["pose_residual"]
    assert residual.shape == (FRAMES, KEYPOINTS)
    assert residual[120:123, 4].min() > 3 * np.quantile(residual, 0.99)
    assert "pose_residual" in found.columns()


def test_a_point_that_is_missing_is_told_by_the_pose() -> None:
    truth, members = scene(2)
    members[:, 100:140, 0] = np.nan
    found = smooth_pose(Ensemble(members), PosePcaOptions(likelihood="gaussian", latent=3))
    assert np.abs(found.keypoints[100:140, 0] - truth[100:140, 0]).max() < 3.0
    assert np.isnan(found.diagnostics["pose_residual"][100:140, 0]).all()


def test_a_keypoint_that_nobody_ever_sees_stays_empty() -> None:
    _, members = scene(3)
    members[:, :, 2] = np.nan
    found = smooth_pose(Ensemble(members), QUICK)
    assert np.isnan(found.keypoints[:, 2]).all()
    assert np.isfinite(np.delete(found.keypoints, 2, axis=1)).all()


def test_too_few_poses_are_refused() -> None:
    _, members = scene(4)
    with pytest.raises(EksError, match="10 frames show at least half of the pose well; the axes"):
        smooth_pose(Ensemble(members[:, :20]), QUICK)
