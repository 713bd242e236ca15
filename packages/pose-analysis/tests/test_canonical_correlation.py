"""Canonical correlation against scikit-learn and a generalised eigenproblem; views of one point."""

import numpy as np
import pytest
from scipy.linalg import eigh
from sklearn.cross_decomposition import CCA

from pose_analysis.correlation import canonical_correlation, pearson
from pose_analysis.errors import AnalysisError
from pose_analysis.views import compare_views


def related(rows=300, first=4, second=3, seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 2))
    sets = [hidden @ rng.normal(size=(2, n)) + rng.normal(size=(rows, n)) for n in (first, second)]
    return sets[0] + 5, 100 * sets[1]


def test_it_finds_what_scikit_learn_finds():
    first, second = related()
    found = canonical_correlation(first, second)
    model = CCA(3, max_iter=5000, tol=1e-12).fit(first, second)
    theirs = model.transform(first, second)
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in zip(*(t.T for t in theirs), strict=True)]
    np.testing.assert_allclose(found.correlations, correlations, atol=1e-6)
    ours = found.project(first, second)
    for mine, other in zip(ours, theirs, strict=True):
        for k in range(2):  # the third is noise, whose direction is hardly told
            assert abs(np.corrcoef(mine[:, k], other[:, k])[0, 1]) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_it_solves_the_generalised_eigenproblem(ridge):
    first, second = related()
    found = canonical_correlation(first, second, ridge)
    joint = np.cov(np.hstack([first, second]).T, bias=True)
    p = first.shape[1]
    own = joint[:p, :p], joint[p:, p:]
    added = [c + ridge * np.trace(c) / len(c) * np.eye(len(c)) for c in own]
    cross = joint[:p, p:]
    values, vectors = eigh(cross @ np.linalg.solve(added[1], cross.T), added[0])
    direction = vectors[:, -1] / np.sqrt(vectors[:, -1] @ own[0] @ vectors[:, -1])
    mine = found.first_weights[:, 0]
    np.testing.assert_allclose(mine, direction * np.sign(direction @ mine), atol=1e-8)
    if not ridge:
        np.testing.assert_allclose(found.correlations[0], np.sqrt(values[-1]))


def test_projections_have_unit_variance_and_components_are_uncorrelated():
    first, second = related()
    found = canonical_correlation(first, second)
    for one in found.project(first, second):
        np.testing.assert_allclose(np.cov(one.T, bias=True), np.eye(3), atol=1e-10)


def test_two_single_signals_have_pearsons_correlation():
    first, second = related(first=1, second=1)
    found = canonical_correlation(first[:, 0], second[:, 0])
    assert found.correlations[0] == pytest.approx(abs(np.corrcoef(first.T, second.T)[0, 1]))
    assert pearson(first[:, 0], second[:, 0]) == pytest.approx(np.corrcoef(first.T, second.T)[0, 1])


def test_rows_with_something_missing_are_left_out():
    first, second = related()
    gappy = first.copy()
    gappy[:40, 2] = np.nan
    found = canonical_correlation(gappy, second)
    whole = canonical_correlation(first[40:], second[40:])
    np.testing.assert_allclose(found.correlations, whole.correlations)
    assert found.rows == 260
    assert np.isnan(found.project(gappy, second)[0][:40]).all()


def test_a_copy_and_a_constant_column_add_nothing():
    first, second = related()
    more = np.column_stack([first, first[:, 0], np.full(len(first), 3.0)])
    found = canonical_correlation(more, second)
    np.testing.assert_allclose(
        found.correlations, canonical_correlation(first, second).correlations, atol=1e-10
    )


def test_with_more_features_than_rows_a_ridge_is_asked_for_and_helps():
    fresh = related(rows=2000, first=30, second=20)
    first, second = (one[:40] for one in fresh)
    with pytest.raises(AnalysisError, match="40 rows for 50 directions.*; give a ridge"):
        canonical_correlation(first, second)
    found = canonical_correlation(first, second, ridge=1.0)
    a, b = found.project(*fresh)
    assert np.corrcoef(a[:, 0], b[:, 0])[0, 1] > 0.8


@pytest.mark.parametrize(
    ("first", "second", "ridge", "message"),
    [
        (np.zeros((9, 2)), np.zeros((8, 2)), 0, r"\(9, 2\) and \(8, 2\) are not"),
        (np.ones((9, 2)), np.eye(9)[:, :2], 0, "the first signals do not vary"),
        (np.full((9, 2), np.nan), np.eye(9)[:, :2], 0, "0 rows of 9 have no missing value"),
        (np.eye(9)[:, :2], np.eye(9)[:, :2], -1, "ridge: -1 is not a finite number"),
    ],
)
def test_what_cannot_be_correlated_is_refused(first, second, ridge, message):
    with pytest.raises(AnalysisError, match=message):
        canonical_correlation(first, second, ridge)


def two_views(frames=500, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    space = np.cumsum(rng.normal(size=(frames, 3)), axis=0)
    views = [space @ rng.normal(size=(3, 2)) + 100 for _ in range(2)]
    return [one + rng.normal(scale=noise, size=one.shape) for one in views]


def test_two_views_of_one_point_share_one_direction_exactly():
    found = compare_views(*two_views())
    assert found.correlation == pytest.approx(1)
    assert not found.outliers.any()
    np.testing.assert_allclose(found.difference, 0, atol=1e-9)


def test_a_jump_in_one_view_is_where_they_differ():
    views = two_views()
    reference = tuple(one.copy() for one in views)
    views[0] = views[0] + np.random.default_rng(1).normal(scale=0.2, size=views[0].shape)
    views[1][200:210] += 60
    found = compare_views(*views, reference)
    assert set(range(200, 210)) == set(np.flatnonzero(found.outliers))
    assert found.correlation < 0.995


def test_a_frame_that_a_view_misses_does_not_differ():
    views = two_views()
    views[0][10:20] = np.nan
    found = compare_views(*views)
    assert np.isnan(found.projected[10:20, 0]).all()
    assert not found.outliers[10:20].any()


def test_a_threshold_that_cannot_be_is_refused():
    with pytest.raises(AnalysisError, match="threshold: 0 is not above 0"):
        compare_views(*two_views(), threshold=0)
