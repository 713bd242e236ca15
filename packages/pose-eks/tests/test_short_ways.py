"""Short ways give what the long ones do: gaps told without sorting, products, threads ahead."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from pose_eks.core.chain import FEW, Chain, Path, seen_through
from pose_eks.core.forms import is_diagonal, is_integrated
from pose_eks.core.motion import Parameter, Velocity, Walk
from pose_eks.core.threads import one_ahead
from pose_eks.models.subspace import patterns_of


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def chain_of(gaps: np.ndarray) -> Chain:
    values = np.zeros((len(gaps), 2))
    motion = Walk(np.zeros(2), np.eye(2))
    return Chain(values, values + 1, np.eye(2), gaps, motion, (Parameter("b"),))


@pytest.mark.parametrize("kind", ["regular", "few", "one odd gap far on", "all different", "none"])
def test_gaps_are_told_apart_as_by_sorting(kind: str, rng: np.random.Generator) -> None:
    gaps = np.concatenate([[0.0], np.ones(5 * FEW)])
    if kind == "few":
        gaps = rng.choice([0.5, 1.0, 7.0], len(gaps))
    elif kind == "one odd gap far on":
        gaps[4 * FEW] = 0.5
    elif kind == "all different":
        gaps = rng.gamma(1.0, size=len(gaps))
    elif kind == "none":
        gaps = gaps[:0]
    distinct, which = chain_of(gaps).steps
    np.testing.assert_array_equal(distinct, np.unique(gaps))
    np.testing.assert_array_equal(distinct[which], gaps)


def test_an_odd_gap_beyond_the_largest_is_found() -> None:
    gaps = np.ones(5 * FEW)
    gaps[-1] = 9.0
    distinct, which = chain_of(gaps).steps
    np.testing.assert_array_equal(distinct, [1.0, 9.0])
    assert which[-1] == 1


@pytest.mark.parametrize("latent", [1, 2, 3, 4])
def test_a_loading_shows_the_same_whether_it_could_change_or_not(
    latent: int, rng: np.random.Generator
) -> None:
    root = rng.normal(size=(30, latent, latent))
    path = Path(rng.normal(size=(30, latent)), root @ root.transpose(0, 2, 1), np.empty((30, 0)))
    H = rng.normal(size=(1, 5, latent))
    for one, other in zip(
        seen_through(H, path), seen_through(np.tile(H, (30, 1, 1)), path), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_motions_are_known_by_their_tables() -> None:
    gaps = np.array([0.0, 1.0, 2.5])
    walk = Walk(np.zeros(3), np.eye(3)).moves(np.ones(1), gaps)[0]
    drift = Velocity(np.zeros(3), np.eye(3), np.eye(3)).moves(np.ones(1), gaps)[0]
    odd = drift.copy()
    odd[1, 0, 4] = 0.1
    assert is_diagonal(walk)
    assert is_integrated(drift)
    assert not is_diagonal(drift)
    assert not is_integrated(odd)


def test_a_velocitys_first_state_has_both_covariances_and_nothing_between() -> None:
    motion = Velocity(np.zeros(2), 2 * np.eye(2), 3 * np.eye(2))
    np.testing.assert_array_equal(motion.first(np.ones(1)), np.diag([2.0, 2.0, 3.0, 3.0]))
    wide = replace(motion, covariance=np.array([[2.0, 1.0], [1.0, 2.0]]))
    assert wide.first(np.ones(1))[0, 1] == 1


@pytest.mark.parametrize("gone", [0.0, 0.3])
def test_patterns_of_gaps_are_the_rows_there_are(gone: float, rng: np.random.Generator) -> None:
    seen = rng.random((50, 4)) >= gone
    patterns, which = patterns_of(seen)
    np.testing.assert_array_equal(patterns[which], seen)
    assert len(np.unique(patterns, axis=0)) == len(patterns)


def test_items_made_ahead_come_in_order_until_one_fails() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number
        raise ValueError("the fourth")

    given = one_ahead(items())
    assert next(given) == 0
    assert next(given) == 1
    assert next(given) == 2
    with pytest.raises(ValueError, match="the fourth"):
        next(given)
    assert made == [0, 1, 2]


def test_nothing_made_ahead_is_nothing() -> None:
    assert list(one_ahead([])) == []
