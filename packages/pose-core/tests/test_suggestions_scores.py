"""Doubt of several kinds, made comparable and told in words."""

import numpy as np
import pytest

from pose_core.diagnostics.measured import Measured
from pose_core.errors import FormatError
from pose_core.suggestions.scores import GROSS, score

NAMES = ("nose", "tail")


def measured(length=40, **values):
    """Make what is measured of a calm source; values are (frame, keypoint, number)."""
    calm = {"temporal_norm": 4.0, "ensemble_spread": 2.0, "confidence": 0.9}
    arrays = {name: np.full((length, 2), calm.get(name, 0.0)) for name in values or calm}
    for name, changes in values.items():
        for frame, point, number in changes:
            arrays[name][frame, point] = number
    return Measured("net", "video", NAMES, arrays, dict.fromkeys(arrays, "px"))


def test_usual_frames_are_in_no_doubt():
    (calm,) = score([[measured()]])
    np.testing.assert_array_equal(calm.total, np.zeros(40))


def test_a_value_of_many_times_the_usual_is_bad_whatever_the_measure():
    jumps, spreads = [(7, 1, 4 * GROSS), (8, 1, 4 * GROSS)], [(20, 0, 2 * GROSS)]
    (found,) = score([[measured(temporal_norm=jumps, ensemble_spread=spreads)]])
    assert found.bad["temporal_norm"][7, 1] == pytest.approx(1)
    assert found.bad["ensemble_spread"][20, 0] == pytest.approx(1)
    assert found.total[7] == pytest.approx(found.total[20])  # 32 px here and 16 px there


def test_no_value_counts_for_more_than_a_gross_one():
    (found,) = score([[measured(ensemble_spread=[(3, 0, 1e9), (4, 0, np.inf)])]])
    assert found.bad["ensemble_spread"][3:5, 0].tolist() == [1, 1]


def test_a_point_that_leaps_and_returns_is_doubted_where_it_was_away():
    (found,) = score([[measured(temporal_norm=[(7, 0, 80.0), (8, 0, 80.0)])]])
    assert np.argmax(found.total) == 7
    assert found.total[6] == pytest.approx(found.total[8])
    assert 0 < found.total[6] < found.total[7]


def test_a_keypoint_that_is_always_quick_is_not_doubted_for_it():
    quick = [(frame, 0, 40.0) for frame in range(40)]
    (found,) = score([[measured(temporal_norm=quick)]])
    assert not found.total.any()


def test_what_is_small_is_no_reason_however_unusual():
    values = [(frame, point, 0.01) for frame in range(40) for point in (0, 1)]
    (found,) = score([[measured(ensemble_spread=[*values, (5, 0, 0.9)])]])
    assert not found.total.any()


def test_what_is_usual_is_told_by_all_videos_together():
    calm = measured(ensemble_spread=[])
    wild = measured(length=4, ensemble_spread=[(f, p, 12.0) for f in range(4) for p in (0, 1)])
    first, second = score([[calm], [wild]])
    assert not first.total.any()
    assert (second.total > 0.5).all()


def test_unknown_values_are_no_doubt():
    (found,) = score([[measured(temporal_norm=[(0, 0, np.nan), (0, 1, np.nan)])]])
    assert np.isfinite(found.total).all()


def test_sources_are_averaged():
    one, other = (measured(ensemble_spread=[(5, 0, n)]) for n in (30.0, 2.0))
    (found,) = score([[one, other]])
    assert found.values["ensemble_spread"][5, 0] == 16


def test_the_reason_names_the_worst_point_and_its_value():
    (found,) = score([[measured(temporal_norm=[(7, 1, 84.0), (8, 1, 80.0)])]])
    assert found.reason(7) == "tail jumps 84 px"
    assert found.reason(20) == ""


@pytest.mark.parametrize(("views", "words"), [(1, "view has"), (2, "view has"), (3, "views have")])
def test_the_reason_tells_whether_one_other_view_or_several_contradict(views, words):
    (found,) = score([[measured(pca_multiview_error=[(7, 0, 30.0)])]], views)
    assert found.reason(7) == f"nose is 30 px off what the other {words}"


def test_a_weak_reason_is_not_told_beside_a_strong_one():
    values = {"confidence": [(9, 0, 0.02)], "ensemble_spread": [(9, 1, 2.2)]}
    (found,) = score([[measured(**values)]])
    assert found.reason(9) == "confidence of nose is 0.02"


def test_a_single_frame_has_a_score():
    (found,) = score([[measured(length=1, temporal_norm=[(0, 0, np.nan)], confidence=[])]])
    assert found.total.shape == (1,)


def test_measures_that_tell_nothing_are_refused():
    values = {"pixel_error": np.ones((3, 2))}
    only_error = Measured("net", "video", NAMES, values, {"pixel_error": "px"})
    with pytest.raises(FormatError, match=r"none of temporal_norm.* can be measured; give tables"):
        score([[only_error]])
