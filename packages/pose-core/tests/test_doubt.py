"""The gate: confidence below which validation frames show large errors."""

import numpy as np
import pytest

from pose_core.training.doubt import GATE, falling, fit_gate


def test_falling_sequences_stay_and_others_become_the_nearest_that_falls() -> None:
    np.testing.assert_allclose(falling(np.array([5.0, 3.0, 1.0])), [5, 3, 1])
    np.testing.assert_allclose(falling(np.array([1.0, 2.0, 6.0])), [3, 3, 3])
    np.testing.assert_allclose(falling(np.array([4.0, 1.0, 3.0, 0.0])), [4, 2, 2, 0])


def test_isotonic_regression_is_that_of_scikit_learn() -> None:
    isotonic = pytest.importorskip("sklearn.isotonic", reason="scikit-learn is not installed")
    values = np.random.default_rng(0).normal(size=200).cumsum()
    model = isotonic.IsotonicRegression(increasing=False)
    np.testing.assert_allclose(falling(values), model.fit_transform(np.arange(200), values))


@pytest.mark.parametrize("truth", [0.3, 0.6, 0.95])
def test_the_gate_is_where_errors_become_large(truth: float) -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0, 1, (40, 10))
    errors = np.where(confidence < truth, 4.0, 0.3) * rng.uniform(0.5, 1.5, confidence.shape)
    assert fit_gate(confidence, errors) == pytest.approx(truth, abs=0.02)


def test_nothing_is_in_doubt_without_evidence_but_what_is_believed() -> None:
    assert fit_gate(np.zeros((0, 3)), np.zeros((0, 3))) == GATE
    assert fit_gate(np.full((2, 3), np.nan), np.ones((2, 3))) == GATE
    assert fit_gate(np.full((9, 3), 0.999), np.full((9, 3), 0.2)) == GATE


def test_everything_is_in_doubt_where_even_sure_points_are_wrong() -> None:
    assert fit_gate(np.linspace(0, 1, 50), np.full(50, 9.0)) == 1


def test_one_lost_point_does_not_outweigh_twenty_good_ones() -> None:
    confidence, errors = np.linspace(0.5, 1, 60), np.full(60, 0.2)
    errors[40] = 500.0
    assert fit_gate(confidence, errors) < 0.7


def test_the_order_of_frames_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    confidence, errors = rng.uniform(size=80).round(1), rng.uniform(0, 3, 80)
    order = rng.permutation(80)
    assert fit_gate(confidence, errors) == fit_gate(confidence[order], errors[order])
