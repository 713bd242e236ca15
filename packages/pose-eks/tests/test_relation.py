"""How views relate, by all keypoints together."""

import numpy as np
import pytest

from pose_eks.models.relation import Relation, refined, related
from pose_eks.models.subspace import Subspace, principal_axes

FRAMES, KEYPOINTS, LATENT = 400, 6, 3


def cameras(views: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give affine maps of positions to the rows of all views: (rows, 3) and (rows,)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2 * views, 3)), rng.uniform(100, 300, 2 * views)


def shown(views: int, seed: int = 0) -> list[np.ndarray]:
    """Draw what the views show of keypoints that move round places of their own."""
    rng = np.random.default_rng(seed)
    maps, offset = cameras(views)
    places = rng.normal(0, 30, (KEYPOINTS, 1, 3))
    positions = places + rng.normal(0, 10, (KEYPOINTS, FRAMES, 3))
    return [one @ maps.T + offset + rng.normal(0, 0.5, (FRAMES, 2 * views)) for one in positions]


def mistaken(rows: np.ndarray, share: float, by: tuple[float, float]) -> np.ndarray:
    """Move what the first view shows in a share of the frames, all alike."""
    rows = rows.copy()
    rows[: int(share * len(rows)), :2] += by
    return rows


def angle(axes: np.ndarray, truth: np.ndarray) -> float:
    """Give the largest angle between two subspaces, in degrees."""
    across = np.linalg.svd(np.linalg.qr(axes)[0].T @ np.linalg.qr(truth)[0])[1]
    return float(np.degrees(np.arccos(np.clip(across.min(), -1, 1))))


def own_of(points: list[np.ndarray], k: int, views: int) -> Subspace:
    relation = related(points, list(range(views)), LATENT)
    assert relation is not None
    return refined(points[k], LATENT, relation)


@pytest.mark.parametrize("views", [2, 3])
def test_the_relation_of_affine_cameras_is_found(views: int) -> None:
    points = shown(views)
    maps, _ = cameras(views)
    for k in range(KEYPOINTS):
        found = own_of(points, k, views)
        assert angle(found.axes, maps) < 1.0
        np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(LATENT), atol=1e-9)
        assert (np.diff(found.variance) <= 0).all()


@pytest.mark.parametrize("views", [2, 3])
def test_a_keypoint_that_one_view_mistakes_is_related_as_the_others_are(views: int) -> None:
    points = shown(views)
    points[0] = mistaken(points[0], 0.3, (40.0, -25.0))
    maps, _ = cameras(views)
    found = own_of(points, 0, views)
    assert angle(found.axes, maps) < 1.5 < 10 < angle(principal_axes(points[0], LATENT).axes, maps)
    right = points[0][int(0.3 * FRAMES) :]
    away = right - found.mean
    away -= away @ found.axes @ found.axes.T
    assert np.sqrt((away**2).mean()) < 0.6  # as what was drawn, about the subspace


def test_mistakes_of_all_keypoints_are_outvoted_by_most_frames() -> None:
    points = [mistaken(one, 0.3, (40.0, -25.0)) for one in shown(2)]
    assert angle(own_of(points, 2, 2).axes, cameras(2)[0]) < 1.5


def test_a_keypoint_with_many_frames_has_a_relation_of_its_own() -> None:
    rng = np.random.default_rng(3)
    other, offset = cameras(2, seed=5)
    maps, _ = cameras(2)
    bent = maps + 0.02 * other  # as of a near camera
    own = rng.normal(0, 10, (20_000, 3)) @ bent.T + offset + rng.normal(0, 0.1, (20_000, 4))
    relation = related(shown(2), [0, 1], LATENT)
    assert relation is not None
    far, few = angle(maps, bent), refined(own[:50], LATENT, relation)
    found = refined(own, LATENT, relation)
    assert angle(found.axes, bent) < 0.1 * far < 0.5 * far < angle(few.axes, bent)


def test_units_shifts_and_the_order_of_views_do_not_matter() -> None:
    points = shown(2)
    found = own_of(points, 1, 2)
    scaled = own_of([7 * one - 300 for one in points], 1, 2)
    np.testing.assert_allclose(scaled.mean, 7 * found.mean - 300, rtol=1e-6)
    assert angle(scaled.axes, found.axes) < 1e-4
    swapped = own_of([one[:, [2, 3, 0, 1]] for one in points], 1, 2)
    assert angle(swapped.axes[[2, 3, 0, 1]], found.axes) < 1e-4


def test_some_of_the_views_have_their_part_of_the_relation() -> None:
    points = shown(3)
    relation = related(points, [0, 2, 5], LATENT)
    assert relation is not None
    some = relation.among([0, 5])
    assert list(some.views) == [0, 5]
    found = refined(points[0][:, [0, 1, 4, 5]], LATENT, some)
    assert angle(found.axes, cameras(3)[0][[0, 1, 4, 5]]) < 1.5


@pytest.mark.parametrize(
    ("points", "latent"),
    [([], 3), ([np.zeros((0, 4))], 3), ([np.ones((7, 4))], 3), (shown(2), 4)],
    ids=["nothing", "no frames", "too few", "views need not agree"],
)
def test_where_nothing_can_be_learned_there_is_no_relation(
    points: list[np.ndarray], latent: int
) -> None:
    assert related(points, [0, 1], latent) is None


def test_frames_that_agree_exactly_are_no_trouble() -> None:
    maps, offset = cameras(2)
    points = [np.random.default_rng(1).normal(size=(50, 3)) @ maps.T + offset]
    relation = related(points, [0, 1], LATENT)
    assert isinstance(relation, Relation)
    assert angle(refined(points[0], LATENT, relation).axes, maps) < 1e-3
