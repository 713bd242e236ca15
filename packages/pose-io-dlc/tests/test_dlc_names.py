import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.symmetry import check_pairs, propose_pairs
from pose_io_dlc.projects.views import propose_views, views_from_matches


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["snout", "leftear", "rightear"], [("leftear", "rightear")]),
        (["paw_r", "paw_l"], [("paw_l", "paw_r")]),
        (["L1A", "R1A", "L1B", "R1B"], [("L1A", "R1A"), ("L1B", "R1B")]),
        (["Ear_Left", "Ear_Right"], [("Ear_Left", "Ear_Right")]),
        (["EarL", "EarR", "Leg", "Reg"], [("EarL", "EarR")]),
        (["pupil_left_r", "pupil_right_r", "pupil_top_r"], [("pupil_left_r", "pupil_right_r")]),
        (["left_paw_left", "right_paw_right"], [("left_paw_left", "right_paw_right")]),
        (["paw1LH", "paw2LF", "paw3RF", "paw4RH"], [("paw1LH", "paw4RH"), ("paw2LF", "paw3RF")]),
        (["paw1L", "paw2L", "paw3R"], []),
        (["bright", "tail", "nose"], []),
    ],
)
def test_left_and_right_are_told_by_their_names(names, pairs):
    assert sorted(propose_pairs(names)) == sorted(pairs)


@given(st.lists(st.text("lrLR_12eftigh", min_size=1, max_size=6), unique=True, max_size=8))
def test_swapping_proposed_pairs_twice_changes_nothing(names):
    pairs = propose_pairs(names)
    assert check_pairs(names, pairs, "here") == pairs
    partner = dict(pairs) | {right: left for left, right in pairs}
    assert len(partner) == 2 * len(pairs)
    assert all(partner[partner[name]] == name for name in partner)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "x")], "unknown keypoint 'x'; known: a, b, c"),
        ([("a", "b"), ("b", "c")], "keypoint 'b' is paired with 'a' and 'c'; keep one"),
        ([("a", "a")], "is not a pair of two keypoints"),
        ([("a", "b", "c")], "is not a pair of two keypoints"),
    ],
)
def test_pairs_that_are_no_involution_are_refused(pairs, message):
    with pytest.raises(FormatError, match=message):
        check_pairs(["a", "b", "c"], pairs, "here")


def test_points_seen_in_one_view_only_are_filled_with_none():
    names = ["paw_top", "nose_top", "obs_top", "paw_bot", "nose_bot", "obsHigh_bot"]
    assert propose_views(names) == {
        "top": ("paw_top", "nose_top", "obs_top", None),
        "bot": ("paw_bot", "nose_bot", None, "obsHigh_bot"),
    }


@pytest.mark.parametrize(
    "names",
    [
        ["paw_l", "nose_l", "paw_r", "nose_r"],  # sides, not views
        ["ear_base", "tail_base", "ear_tip", "tail_tip"],  # parts
        ["paw_top", "nose_top", "paw_bot", "tail"],  # one names no view
        ["a_top", "b_top", "c_bot", "d_bot"],  # nothing is in both
        ["pupil_top", "pupil_bottom"],  # one point
        ["a_top", "b_top"],  # one view
    ],
)
def test_names_that_do_not_pair_up_cleanly_give_no_views(names):
    assert propose_views(names) == {}


def test_views_of_a_config_are_named_by_the_keypoints():
    assert views_from_matches(["a_top", "a_bot", "b_bot", "b_top"], [[0, 3], [1, 2]]) == {
        "top": ("a_top", "b_top"),
        "bot": ("a_bot", "b_bot"),
    }
    assert list(views_from_matches(["a", "b"], [[0], [1]])) == ["view0", "view1"]


@pytest.mark.parametrize("matches", [[[0, 1]], [[0], [1, 2]], [[0], [9]], [[0], [0]], [["a"], [1]]])
def test_views_that_do_not_fit_the_names_are_none(matches):
    assert views_from_matches(["a", "b", "c"], matches) == {}
