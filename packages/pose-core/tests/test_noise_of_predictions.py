"""How far off sound predictions are, as validation frames say it."""

import numpy as np
import pytest

from pose_core.training.doubt import NOISE, fit_noise


@pytest.mark.parametrize("truth", [0.2, 0.4, 1.5])
def test_the_noise_of_many_labels_is_that_of_the_sound_ones(truth: float) -> None:
    rng = np.random.default_rng(0)
    errors = np.linalg.norm(rng.normal(scale=truth, size=(400, 10, 2)), axis=-1)
    errors[rng.uniform(size=errors.shape) < 0.05] = 40.0
    errors[0] = np.nan
    assert fit_noise(errors) == pytest.approx(truth, rel=0.1)


def test_without_labels_it_is_what_is_believed_and_few_move_it_little() -> None:
    assert fit_noise(np.zeros((0, 3))) == pytest.approx(NOISE)
    assert fit_noise(np.full((2, 3), np.nan)) == pytest.approx(NOISE)
    assert fit_noise(np.array([30.0, 40.0])) == pytest.approx(NOISE)
