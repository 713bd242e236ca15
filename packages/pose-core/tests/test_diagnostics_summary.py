"""Thresholds, summaries and outliers, against counting by hand."""

import numpy as np
import pytest

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.outliers import detect_outliers
from pose_core.diagnostics.summary import summarise
from pose_core.diagnostics.thresholds import (
    LEAST_CONFIDENCE,
    SHARE,
    body_length,
    choose_thresholds,
    length_of,
    violation_rate,
)
from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import ConfigError
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton

UNITS = {"confidence": "", "pixel_error": "px"}


def measured(sets: tuple[str, ...] | None = None, **values: list[list[float]]) -> Measured:
    """One keypoint, or two."""
    arrays = {name: np.array(value, float) for name, value in values.items()}
    rows, points = next(iter(arrays.values())).shape
    frames = None if sets is None else tuple(f"{n}.png" for n in range(rows))
    return Measured("run", "it", ("nose", "tail")[:points], arrays, UNITS, frames, sets)


def test_the_length_of_a_body_is_the_diagonal_of_the_box_about_it() -> None:
    points = np.array([[[0.0, 0.0], [3.0, 1.0], [1.0, 4.0]]] * 3)
    points[2] *= 100  # the median does not mind
    assert body_length(points, Skeleton(("a", "b", "c"))) == 5.0


def test_each_mirrored_view_has_a_box_of_its_own() -> None:
    points = np.array([[[0.0, 0.0], [3.0, 4.0], [100.0, 100.0], [106.0, 108.0]]])
    views = {"top": ("a", "b"), "side": ("c", "d")}
    assert body_length(points, Skeleton(("a", "b", "c", "d"), views=views)) == 7.5


def test_a_frame_that_shows_little_of_the_body_does_not_shorten_it() -> None:
    points = np.array([[[0.0, 0.0], [1.0, 1.0], [3.0, 4.0]]] * 5)
    points[:4, 2] = np.nan
    assert body_length(points, Skeleton(("a", "b", "c"))) == 5.0


def test_an_animal_that_is_never_seen_has_no_length() -> None:
    skeleton = Skeleton(("a", "b"))
    assert np.isnan(body_length(np.full((3, 2, 2), np.nan), skeleton))
    assert np.isnan(body_length(np.zeros((0, 2, 2)), skeleton))
    assert np.isnan(length_of([]))


def test_without_labels_the_length_is_that_of_what_is_predicted() -> None:
    points = np.array([[[0.0, 0.0], [3.0, 4.0]]])
    given = Predictions(points, np.ones((1, 2)), Skeleton(("a", "b")))
    told: list[str] = []
    assert length_of([Tracks("clip", {"run": given}, ("run",))], told.append) == 5.0
    (line,) = told  # 5 px, of which a twentieth is 0.25
    assert "taken to be 5 px long, as run predicts it in clip" in line
    assert "violated above 0.25 px" in line


def test_thresholds_follow_the_body_unless_they_are_given() -> None:
    found = choose_thresholds({**UNITS, "angle": "°"}, 100.0, {"angle": 30.0})
    assert found == {"pixel_error": 100 * SHARE, "confidence": LEAST_CONFIDENCE, "angle": 30.0}
    assert choose_thresholds(UNITS, float("nan"), {}) == {"confidence": LEAST_CONFIDENCE}


def test_a_threshold_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"unknown measure 'pixel_eror'.*'pixel_error'"):
        choose_thresholds(UNITS, 100.0, {"pixel_eror": 5.0})


def test_a_confidence_violates_below_and_a_distance_above() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    above, below = (violation_rate(name, values, 2.0) for name in ("pixel_error", "confidence"))
    np.testing.assert_allclose(above, [1 / 3, np.nan])
    np.testing.assert_allclose(below, [1 / 3, np.nan])


def test_each_set_is_summed_up_by_itself() -> None:
    given = measured(("train", "test", "test"), pixel_error=[[9.0, 9.0], [1.0, np.nan], [3.0, 8.0]])
    rows = {(row.set, row.keypoint): row for row in summarise(given, {"pixel_error": 2.0})}
    assert list(rows) == [(s, k) for s in ("train", "test") for k in ("nose", "tail", "all")]
    nose, everything = rows["test", "nose"], rows["test", "all"]
    assert (nose.count, nose.mean, nose.median, nose.violation_rate) == (2, 2.0, 2.0, 0.5)
    assert (nose.p90, nose.p95) == pytest.approx((2.8, 2.9))
    assert (everything.count, everything.mean) == (3, 4.0)
    assert everything.violation_rate == pytest.approx(2 / 3)


def test_a_video_has_one_set_and_nothing_known_has_no_mean() -> None:
    (nose, _) = summarise(measured(confidence=[[np.nan], [np.nan]]), {})
    assert (nose.set, nose.count) == ("", 0)
    assert np.isnan([nose.mean, nose.p95, nose.threshold, nose.violation_rate]).all()


def test_outliers_are_found_as_often_as_pairs_are_in_order() -> None:
    errors, step, sure = [1.0, 2.0, 30.0, 40.0, 50.0], [3.0, 5.0, 4.0, 9.0, 5.0], [9, 8, 7, 1, 2]
    given = measured(
        ("validation",) * 5,
        pixel_error=[[e] for e in errors],
        step=[[s] for s in step],
        confidence=[[s / 10] for s in sure],
    )
    nose = {row.measure: row for row in detect_outliers(given, 10.0) if row.keypoint == "nose"}
    pairs = [(wrong, right) for wrong in step[2:] for right in step[:2]]
    by_hand = sum((w > r) + 0.5 * (w == r) for w, r in pairs) / len(pairs)
    assert nose["step"].auroc == pytest.approx(by_hand)
    assert nose["confidence"].auroc == 1.0
    assert (nose["step"].points, nose["step"].outliers) == (5, 3)


def test_frames_that_were_trained_on_do_not_say_how_well_outliers_are_found() -> None:
    given = measured(("train", "test"), pixel_error=[[50.0], [1.0]], step=[[0.0], [1.0]])
    nose, _ = detect_outliers(given, 10.0)
    assert (nose.points, nose.outliers) == (1, 0)
    assert np.isnan(nose.auroc)


def test_without_a_truth_or_a_threshold_there_are_no_outliers() -> None:
    assert detect_outliers(measured(step=[[1.0]]), 10.0) == []
    assert detect_outliers(measured(("test",), pixel_error=[[1.0]]), float("nan")) == []
