"""The diameter of a pupil, of circles that are known."""

import numpy as np
import pytest

from pose_analysis.errors import AnalysisError
from pose_analysis.options import PupilOptions
from pose_analysis.pupil import measure_pupil, sides_of

NAMES = ("pupil_top_r", "pupil_right_r", "pupil_bottom_r", "pupil_left_r")
SIDES = np.array([[0, -0.5], [0.5, 0], [0, 0.5], [-0.5, 0]])


def circles(frames=200, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    diameter = 30 + 5 * np.sin(np.arange(frames) / 40)
    center = 60 + np.cumsum(rng.normal(size=(frames, 2)), axis=0)
    points = center[:, None] + diameter[:, None, None] * SIDES
    return points + rng.normal(scale=noise, size=points.shape), diameter, center


def test_a_circle_has_its_diameter_by_every_estimate():
    points, diameter, center = circles()
    pupil = measure_pupil(points, NAMES)
    for one in (pupil.diameter, pupil.horizontal, pupil.vertical):
        np.testing.assert_allclose(one, diameter)
    np.testing.assert_allclose(pupil.center, center)
    assert pupil.quality.correlation == pytest.approx(1)
    assert pupil.quality.disagreement == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("missing", [(0,), (0, 1), (1, 3), (3,)])
def test_two_points_are_enough(missing):
    points, diameter, _ = circles()
    points[:, list(missing)] = np.nan
    np.testing.assert_allclose(measure_pupil(points, NAMES).diameter, diameter)


def test_one_point_is_not_and_the_frame_is_bridged():
    points, diameter, _ = circles()
    points[50, 1:] = np.nan
    pupil = measure_pupil(points, NAMES)
    assert np.isnan(pupil.diameter[50])
    assert pupil.smoothed[50] == pytest.approx(diameter[50], abs=0.05)
    assert pupil.quality.missing == 1


def test_noise_takes_vertical_and_horizontal_apart():
    clean = measure_pupil(circles(2000, 0.3)[0], NAMES).quality
    noisy = measure_pupil(circles(2000, 3.0)[0], NAMES).quality
    # either diameter has the noise of two points
    expected = 12.5 / (12.5 + 2 * 3.0**2)
    assert noisy.correlation == pytest.approx(expected, abs=0.06)
    assert clean.correlation > 0.97
    assert clean.signal_to_noise > 20 * noisy.signal_to_noise


def test_left_may_be_the_animals_left():
    points, diameter, _ = circles()
    mirrored = measure_pupil(points * [-1, 1], NAMES)
    np.testing.assert_allclose(mirrored.horizontal, diameter)


def test_points_of_low_confidence_are_as_missing():
    points, diameter, _ = circles()
    confidence = np.full(points.shape[:2], 0.99)
    points[10:20, 0] += 50
    confidence[10:20, 0] = 0.5
    np.testing.assert_allclose(measure_pupil(points, NAMES, confidence).diameter, diameter)
    lax = measure_pupil(points, NAMES, confidence, PupilOptions(min_confidence=0.3))
    assert np.abs(lax.diameter - diameter)[10:20].min() > 1


def test_a_constant_pupil_has_no_correlation_and_a_missing_one_nothing():
    still = np.broadcast_to(60 + 30 * SIDES, (20, 4, 2))
    assert np.isnan(measure_pupil(still, NAMES).quality.correlation)
    gone = measure_pupil(np.full((20, 4, 2), np.nan), NAMES).quality
    assert gone.missing == 20
    assert np.isnan([gone.correlation, gone.disagreement, gone.signal_to_noise]).all()


def test_further_keypoints_do_not_matter():
    assert sides_of(["nose", "pupilTop", "LEFT", "pupil bottom", "right_2"]) == {
        "top": 1,
        "bottom": 3,
        "left": 2,
        "right": 4,
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("top", "bottom", "left"), "0 keypoints of top, bottom, left have the word 'right'"),
        (("top", "a_top", "bottom", "left", "right"), "2 keypoints of .* have the word 'top'"),
    ],
)
def test_names_that_do_not_tell_the_sides_are_refused(names, message):
    with pytest.raises(AnalysisError, match=message):
        sides_of(names)
