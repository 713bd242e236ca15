"""Things that come and go are told from points that are hidden now and then."""

import numpy as np
import pytest

from pose_core.labels import Labels
from pose_core.skeleton import Skeleton
from pose_losses.gaussian import fit_labels
from pose_losses.options import TemporalOptions
from pose_losses.plugin import build_multiview, build_singleview, build_temporal
from pose_losses.presence import absent_points, untold
from pose_losses.subspaces import PcaMultiviewOptions, PcaSingleviewOptions

FRAMES = 120
NAMES = ("a_top", "b_top", "c_top", "post_top", "a_bot", "b_bot", "c_bot", "post_bot")
SKELETON = Skeleton(NAMES, views={"top": NAMES[:4], "bot": NAMES[4:]})


def labels(gone: float = 0.4, hidden: float = 0.2, frames: int = FRAMES) -> Labels:
    """Three points of an animal that walks about, and a post; x is the same in both views."""
    rng = np.random.default_rng(8)
    middle = rng.uniform(60, 200, (frames, 1, 3))
    body = np.array([[-30, 0, 0], [0, 4, 6], [30, 0, 9]])
    animal = middle + body + rng.normal(size=(frames, 3, 3))
    space = np.concatenate([animal, rng.uniform(20, 240, (frames, 1, 3))], axis=1)
    points = np.concatenate([space[..., [0, 1]], space[..., [0, 2]]], axis=1)
    points += rng.normal(size=points.shape) * 0.5
    points[rng.random(points.shape[:2]) < hidden * np.isin(np.arange(8), [0, 5])] = np.nan
    points[rng.random(frames) < gone, 3::4] = np.nan
    return Labels.of([f"{n}.png" for n in range(frames)], points, SKELETON)


def test_a_post_that_comes_and_goes_may_be_absent_and_hidden_points_may_not() -> None:
    assert absent_points(labels()) == ("post_top", "post_bot")


def test_a_post_that_is_always_there_is_not_absent() -> None:
    assert absent_points(labels(gone=0.0)) == ()


def test_what_is_untold_of_a_point_on_its_own_is_the_share_of_frames_without_it() -> None:
    given = labels()
    missing = np.isnan(given.keypoints[:, 3, 0]).mean()
    left = dict(zip(NAMES, untold(given, fit_labels(given)), strict=True))
    assert left["post_top"] == pytest.approx(missing, rel=0.15)
    assert left["a_top"] < 0.02
    assert left["c_top"] == 0.0


def test_too_few_labels_tell_of_no_absence() -> None:
    assert absent_points(labels(frames=8)) == ()


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (build_temporal, TemporalOptions()),
        (build_singleview, PcaSingleviewOptions()),
        (build_multiview, PcaMultiviewOptions()),
    ],
)
def test_every_loss_says_what_it_does_not_teach(build, options) -> None:
    assert "absent: post_top, post_bot" in build(options, labels()).about(5.0)
    assert "absent" not in build(options, labels(gone=0.0)).about(5.0)
