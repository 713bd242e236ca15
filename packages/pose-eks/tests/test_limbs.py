"""Limb lengths against known animals, a generic optimiser and closed forms."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from pose_eks import EksError
from pose_eks.cameras.limbs import Limbs, fit_to_lengths, limbs_of, pulls

EDGES = [(0, 1), (1, 2), (1, 3)]
LENGTHS = np.array([4.0, 3.0, 2.0])


def animal(seed: int = 0, frames: int = 300) -> np.ndarray:
    """Four points joined by limbs of fixed lengths that turn as they like."""
    rng = np.random.default_rng(seed)
    points = np.zeros((frames, 4, 3))
    points[:, 0] = np.cumsum(rng.normal(size=(frames, 3)), axis=0)
    for (start, end), length in zip(EDGES, LENGTHS, strict=True):
        u = rng.normal(size=(frames, 3))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        points[:, end] = points[:, start] + length * u
    return points


def blurred(truth: np.ndarray, seed: int = 1, scale: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """The points with errors, and the errors' covariances, of many shapes."""
    rng = np.random.default_rng(seed)
    roots = scale * rng.normal(size=(*truth.shape, 3))
    roots += 0.2 * scale * np.eye(3)
    errors = np.einsum("tkij,tkj->tki", roots, rng.normal(size=truth.shape))
    return truth + errors, np.einsum("tkij,tklj->tkil", roots, roots)


def lengths_of(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(
        points[:, [a for a, _ in EDGES]] - points[:, [b for _, b in EDGES]], axis=-1
    )


def known_limbs(tolerance: float) -> Limbs:
    return Limbs(np.array(EDGES), LENGTHS, tolerance * LENGTHS)


def test_lengths_and_tolerances_are_measured_from_noisy_points() -> None:
    means, covariances = blurred(animal(frames=4000), scale=0.07)
    means[::50] += 5.0 * np.random.default_rng(0).normal(size=means[::50].shape)  # mistakes
    found = limbs_of(EDGES, means, covariances)
    np.testing.assert_allclose(found.lengths, LENGTHS, rtol=0.01)
    assert (found.tolerances < 0.05 * LENGTHS).all()
    assert (found.tolerances >= 0.0099 * LENGTHS).all()


def test_a_limb_that_stretches_gets_a_wide_tolerance() -> None:
    truth = animal(frames=4000)
    away = truth[:, 3] - truth[:, 1]
    stretch = 1 + np.random.default_rng(2).normal(scale=0.2, size=(4000, 1))
    truth[:, 3] = truth[:, 1] + stretch * away
    found = limbs_of(EDGES, *blurred(truth, scale=0.05))
    assert found.tolerances[2] == pytest.approx(0.4, rel=0.1)


def test_poses_get_nearer_the_truth_and_their_limbs_to_length() -> None:
    truth = animal()
    means, covariances = blurred(truth)
    poses, spreads = fit_to_lengths(means, covariances, known_limbs(1e-4))
    assert np.abs(lengths_of(poses) - LENGTHS).max() < 1e-3
    errors = [np.linalg.norm(points - truth, axis=-1) for points in (means, poses)]
    assert np.mean(errors[1]) < 0.9 * np.mean(errors[0])
    inside = np.einsum("tki,tkij,tkj->tk", poses - truth, np.linalg.inv(spreads), poses - truth)
    assert (inside < 7.81).mean() == pytest.approx(0.95, abs=0.02)  # of chi² with 3 degrees


@pytest.mark.parametrize("tolerance", [0.01, 0.3])
def test_the_pose_is_the_one_a_generic_optimiser_finds(tolerance: float) -> None:
    limbs = known_limbs(tolerance)
    means, covariances = blurred(animal(frames=5))
    poses, _ = fit_to_lengths(means, covariances, limbs)
    precision = np.linalg.inv(covariances)

    def energy(flat: np.ndarray, frame: int) -> float:
        points = flat.reshape(1, 4, 3)
        off = points[0] - means[frame]
        squares = ((lengths_of(points)[0] - LENGTHS) / limbs.tolerances) ** 2
        return float(np.einsum("ki,kij,kj->", off, precision[frame], off) + squares.sum())

    for frame in range(5):
        best = minimize(energy, means[frame].ravel(), (frame,), tol=1e-12, method="BFGS")
        assert energy(poses[frame].ravel(), frame) <= best.fun * (1 + 1e-9)
        np.testing.assert_allclose(poses[frame].ravel(), best.x, atol=2e-3)


def test_a_lost_end_is_put_on_the_sphere_about_the_other() -> None:
    means = np.array([[[0.0, 0, 0], [100.0, 0, 0]]])
    covariances = np.array([[np.eye(3) * 1e-6, np.eye(3) * 1e4]])
    limbs = Limbs(np.array([[0, 1]]), np.array([4.0]), np.array([0.04]))
    poses, spreads = fit_to_lengths(means, covariances, limbs)
    np.testing.assert_allclose(poses, [[[0, 0, 0], [4, 0, 0]]], atol=1e-3)
    assert spreads[0, 1, 0, 0] == pytest.approx(0.04**2, rel=1e-3)
    assert spreads[0, 1, 1, 1] == pytest.approx(1e4)


def test_a_limb_from_a_wide_keypoint_leaves_a_sure_one_alone() -> None:
    means, covariances = blurred(animal(frames=20), scale=0.01)
    covariances[:, 3] *= 1e8
    poses, _ = fit_to_lengths(means, covariances, known_limbs(0.01))
    others, _ = fit_to_lengths(
        means, covariances, Limbs(np.array(EDGES[:2]), LENGTHS[:2], 0.01 * LENGTHS[:2])
    )
    np.testing.assert_allclose(poses[:, :3], others[:, :3], atol=1e-3)


def test_missing_keypoints_stay_missing_and_take_their_limbs_with_them() -> None:
    means, covariances = blurred(animal(frames=10))
    means[3, 1], covariances[4, 2] = np.nan, np.nan
    poses, spreads = fit_to_lengths(means, covariances, known_limbs(0.01))
    assert np.isnan(poses[3, 1]).all()
    np.testing.assert_array_equal(poses[3, [0, 2, 3]], means[3, [0, 2, 3]])
    np.testing.assert_array_equal(spreads[3, [0, 2, 3]], covariances[3, [0, 2, 3]])
    np.testing.assert_array_equal(poses[4, 2], means[4, 2])
    assert np.abs(lengths_of(poses)[4, [0, 2]] - LENGTHS[[0, 2]]).max() < 0.1
    assert np.isfinite(np.delete(poses, 3, axis=0)).all()


def test_points_that_coincide_pull_nowhere() -> None:
    means, covariances = np.zeros((2, 2, 3)), np.tile(np.eye(3), (2, 2, 1, 1))
    limbs = Limbs(np.array([[0, 1]]), np.array([1.0]), np.array([0.1]))
    np.testing.assert_array_equal(fit_to_lengths(means, covariances, limbs)[0], means)
    assert np.isnan(pulls(means, limbs)[0].observed).all()


def test_the_unit_and_the_frame_of_the_world_turn_the_result() -> None:
    turn, shift = Rotation.random(random_state=3).as_matrix(), np.array([10.0, -20.0, 5.0])
    means, covariances = blurred(animal())
    limbs = limbs_of(EDGES, means, covariances)
    poses, spreads = fit_to_lengths(means, covariances, limbs)
    moved = 1000 * means @ turn.T + shift
    turned = 1e6 * turn @ covariances @ turn.T
    other = limbs_of(EDGES, moved, turned)
    np.testing.assert_allclose(other.lengths, 1000 * limbs.lengths, rtol=1e-9)
    found = fit_to_lengths(moved, turned, other)
    np.testing.assert_allclose(found[0], 1000 * poses @ turn.T + shift, atol=1e-3)
    np.testing.assert_allclose(found[1], 1e6 * turn @ spreads @ turn.T, rtol=1e-5, atol=1e-2)


def test_long_recordings_are_done_in_pieces_with_the_same_result() -> None:
    means, covariances = blurred(animal(frames=2200))
    whole = fit_to_lengths(means, covariances, known_limbs(0.01))
    part = fit_to_lengths(means[2040:2060], covariances[2040:2060], known_limbs(0.01))
    for found, expected in zip(part, whole, strict=True):
        np.testing.assert_allclose(found, expected[2040:2060], atol=1e-8)


def test_pulls_are_the_slope_of_the_penalty() -> None:
    limbs, points = known_limbs(0.05), blurred(animal(frames=6))[0]

    def penalty(flat: np.ndarray, frame: int) -> float:
        off = lengths_of(flat.reshape(1, 4, 3))[0] - LENGTHS
        return float(0.5 * ((off / limbs.tolerances) ** 2).sum())

    rows = pulls(points, limbs)
    assert [row.observed.shape[1] for row in rows] == [1, 3, 1, 1]
    for frame, keypoint, axis in np.ndindex(6, 4, 3):
        step = 1e-6 * np.eye(12)[3 * keypoint + axis]
        flat = points[frame].ravel()
        slope = (penalty(flat + step, frame) - penalty(flat - step, frame)) / 2e-6
        observed, variance, loading = (part[frame] for part in rows[keypoint])
        off = (loading @ points[frame, keypoint] - observed) / variance
        assert off @ loading[:, axis] == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_limbs_that_cannot_be_are_refused() -> None:
    means, covariances = blurred(animal(frames=5))
    with pytest.raises(EksError, match=r"limb \(0, 4\): is not two of the keypoints 0 to 3"):
        limbs_of([(0, 4)], means, covariances)
    with pytest.raises(EksError, match=r"limb \(2, 2\): is not two"):
        limbs_of([(2, 2)], means, covariances)
    with pytest.raises(EksError, match=r"lengths: \[1.0\] is not a positive number for each limb"):
        limbs_of(EDGES, means, covariances, lengths=[1.0])
    with pytest.raises(EksError, match=r"tolerance: 0.0 is not a finite share"):
        limbs_of(EDGES, means, covariances, tolerance=0.0)


def test_a_limb_that_is_never_seen_is_no_limb() -> None:
    means, covariances = blurred(animal(frames=5))
    means[:, 3] = np.nan
    limbs = limbs_of(EDGES, means, covariances)
    assert np.isnan(limbs.lengths[2])
    poses, _ = fit_to_lengths(means, covariances, limbs)
    assert np.isfinite(poses[:, :3]).all()
