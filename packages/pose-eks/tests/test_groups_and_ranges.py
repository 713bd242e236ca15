"""Parameters that keypoints share, and fits on parts of a recording."""

from pathlib import Path

import numpy as np
import pytest

from pose_eks import (
    EksError,
    Ensemble,
    MultiCameraOptions,
    SingleCameraOptions,
    smooth,
    smooth_views,
)
from pose_eks.models.long_singlecam import smooth_long

NAMES = ("nose", "paw_l", "paw_r")


def members(seed: int = 0, frames: int = 400) -> np.ndarray:
    """Draw three members; the paws move alike, the nose less, all calmer in the second half."""
    rng = np.random.default_rng(seed)
    scale = (
        np.array([0.2, 1.0, 1.0])[:, None]
        * np.where(np.arange(frames) < 200, 1.0, 0.1)[:, None, None]
    )
    track = np.cumsum(scale * rng.normal(size=(frames, 3, 2)), axis=0) + 100
    return track + rng.normal(size=(3, *track.shape))


WALK = {"dynamics": "walk"}


def test_keypoints_of_a_group_have_their_parameters_in_common() -> None:
    given = members()
    options = SingleCameraOptions(groups=(("paw_l", "paw_r"),), **WALK)  # type: ignore[arg-type]
    shared = smooth(given, options=options, names=NAMES).fit
    alone = smooth(given, options=SingleCameraOptions(**WALK)).fit  # type: ignore[arg-type]
    assert shared.s[1] == shared.s[2]
    assert min(alone.s[1:]) < shared.s[1] < max(alone.s[1:])
    assert shared.s[0] == pytest.approx(alone.s[0], rel=1e-3)
    both = shared.log_likelihood[1]
    assert (
        both <= alone.log_likelihood[1:].sum() + 1e-6
    )  # the best for both is no better than apart


def test_parameters_come_from_the_ranges_that_are_given() -> None:
    given = members()
    calm = SingleCameraOptions(fit_frames=((200, 400),), **WALK)  # type: ignore[arg-type]
    fast = SingleCameraOptions(fit_frames=((0, 100), (100, 200)), **WALK)  # type: ignore[arg-type]
    found = [smooth(given, options=options).fit.s for options in (calm, fast)]
    assert (found[0] < 0.3 * found[1]).all()
    part = smooth(given[:, 200:], options=SingleCameraOptions(**WALK)).fit.s  # type: ignore[arg-type]
    np.testing.assert_allclose(found[0], part, rtol=0.1)


def test_long_recordings_do_the_same(tmp_path: Path) -> None:
    given = members(1)
    options = SingleCameraOptions(groups=(("paw_l", "paw_r"),), fit_frames=((50, 300),))
    expected = smooth(given, options=options, names=NAMES)
    found = smooth_long(lambda: [Ensemble(given)], tmp_path, options, names=NAMES)
    np.testing.assert_allclose(found.fit.s, expected.fit.s, rtol=1e-6)
    whole = np.concatenate([part.keypoints for part in found.chunks()])
    np.testing.assert_allclose(whole, expected.keypoints, atol=1e-6)


def test_views_share_and_fit_on_ranges_as_well() -> None:
    rng = np.random.default_rng(2)
    space = np.cumsum(rng.normal(size=(200, 3, 3)), axis=0)
    seen = np.einsum("cad,tkd->ctka", rng.normal(size=(2, 2, 3)), space)
    views = {str(c): Ensemble(one + rng.normal(size=(3, *one.shape))) for c, one in enumerate(seen)}
    options = MultiCameraOptions(
        likelihood="gaussian", groups=(("paw_l", "paw_r"),), fit_frames=((0, 150),)
    )
    fit = smooth_views(views, options, names=NAMES).views["0"].fit
    assert fit.s[1] == fit.s[2] != fit.s[0]


def test_groups_and_ranges_that_cannot_be_are_refused() -> None:
    given = members()
    for groups, message in (
        ((("paw_l", "tail"),), "groups: no keypoint 'tail'; there are nose, paw_l, paw_r"),
        ((("paw_l", "nose"), ("paw_r", "nose")), "groups: keypoint 'nose' is named twice"),
    ):
        with pytest.raises(EksError, match=message):
            smooth(given, options=SingleCameraOptions(groups=groups), names=NAMES)
    with pytest.raises(EksError, match="fit_frames: 5:5 is not a range of frames"):
        SingleCameraOptions(fit_frames=((5, 5),))
    with pytest.raises(EksError, match="fit_frames: 0:500 goes beyond the recording's 400 frames"):
        smooth(given, options=SingleCameraOptions(fit_frames=((0, 500),)))
