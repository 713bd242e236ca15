"""Members of one camera that stray are outvoted."""

import numpy as np
import pytest

from pose_eks import SingleCameraOptions, smooth, summarize
from pose_eks.models.outvoting import equal_votes, voted

PLAIN = SingleCameraOptions(center="median")
ROBUST = SingleCameraOptions(likelihood="student", center="median")


def tracked(seed: int, frames: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Five members of a smooth movement; in one frame of twelve, two of them are elsewhere."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(0.3 * rng.normal(size=(frames, 2, 2)), axis=0)
    truth = 150 + drift + 10 * np.sin(np.arange(frames)[:, None, None] / 9)
    members = truth + rng.normal(size=truth.shape) + rng.normal(size=(5, *truth.shape))
    for number in range(2):
        stray = rng.random((frames, 2)) < 1 / 12
        members[number, stray] += 30
    return truth, members


def error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((found - truth) ** 2).sum(axis=-1).mean()))


@pytest.mark.parametrize("seed", range(2))
def test_members_that_stray_are_outvoted(seed: int) -> None:
    truth, members = tracked(seed)
    plain, robust = smooth(members, options=PLAIN), smooth(members, options=ROBUST)
    assert error(robust.keypoints, truth) < 0.98 * error(plain.keypoints, truth)
    inside = np.abs(robust.keypoints - truth) < 1.96 * np.sqrt(robust.posterior_variance)
    assert 0.90 < inside.mean() < 0.98
    assert robust.weight is not None
    strays = (np.abs(members - truth) > 15).any(axis=(0, 3))
    assert robust.weight[strays].mean() < robust.weight[~strays].mean()
    np.testing.assert_array_equal(robust.center, plain.center)


def test_without_strays_robust_is_as_good() -> None:
    rng = np.random.default_rng(0)
    truth = 100 + np.cumsum(rng.normal(size=(1500, 2, 2)), axis=0)
    members = truth + rng.normal(size=truth.shape) + rng.normal(size=(4, *truth.shape))
    plain, robust = smooth(members, options=PLAIN), smooth(members, options=ROBUST)
    assert error(robust.keypoints, truth) < 1.02 * error(plain.keypoints, truth)


def test_the_order_of_members_does_not_matter() -> None:
    _, members = tracked(0, 300)
    one, other = (smooth(m, options=ROBUST) for m in (members, members[::-1]))
    np.testing.assert_allclose(one.keypoints, other.keypoints, atol=1e-6)


def test_missing_members_frames_and_keypoints_stay_finite() -> None:
    _, members = tracked(0, 300)
    members[1:, :, 1] = np.nan  # one member alone sees this keypoint
    members[:, 100:120] = np.nan
    members[2:, 200:220] = np.nan
    found = smooth(members, options=ROBUST)
    assert np.isfinite(found.keypoints).all()
    assert np.isfinite(found.posterior_variance).all()
    one = smooth(members[:1], options=ROBUST)
    np.testing.assert_array_equal(one.keypoints, smooth(members[:1]).keypoints)


def test_equal_members_keep_their_place() -> None:
    _, members = tracked(0, 200)
    same = np.repeat(members[:1], 3, axis=0)
    found = smooth(same, options=ROBUST)
    assert np.isfinite(found.keypoints).all()


def test_equal_weights_give_mean_and_variance() -> None:
    _, members = tracked(0, 50)
    votes = equal_votes(members, None, summarize(members))
    np.testing.assert_allclose(votes.variance, members.var(axis=0), rtol=1e-10)
    mild = voted(votes, members.mean(axis=0), np.ones(2), 1e9)
    np.testing.assert_allclose(mild.center, members.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(mild.weight, 1, atol=1e-5)
