import json

import pytest

from pose_core.errors import FormatError
from pose_core.skeleton import Skeleton

NAMES = ("nose", "ear_left", "ear_right", "tail", "nose_side")
FULL = Skeleton(
    names=NAMES,
    edges=(("nose", "tail"),),
    symmetric=(("ear_left", "ear_right"),),
    views={"top": ("nose", "tail"), "side": ("nose_side", None)},
)


def test_a_skeleton_counts_its_keypoints():
    assert len(FULL) == 5
    assert FULL.index("tail") == 3


def test_swapping_exchanges_partners_and_leaves_the_rest():
    assert FULL.swapped() == (0, 2, 1, 3, 4)


def test_swapping_twice_changes_nothing():
    swapped = FULL.swapped()
    assert [swapped[swapped[i]] for i in range(len(FULL))] == list(range(len(FULL)))


def test_a_skeleton_survives_json():
    assert Skeleton.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL


def test_a_skeleton_of_names_alone_survives_json():
    assert Skeleton.from_dict({"names": ["a", "b"]}) == Skeleton(("a", "b"))


def test_a_skeleton_cannot_be_changed():
    with pytest.raises(AttributeError, match="names"):
        FULL.names = ("other",)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"names": ("a", "b", "a")}, r"keypoint 'a' is given twice; names must be unique"),
        ({"edges": (("nose", "paw"),)}, r"unknown keypoint 'paw'; known: .*nose"),
        ({"symmetric": (("nose", "paw"),)}, r"unknown keypoint 'paw'"),
        ({"views": {"top": ("paw",)}}, r"unknown keypoint 'paw'"),
        (
            {"symmetric": (("nose", "tail"), ("tail", "ear_left"))},
            r"symmetric keypoint 'tail' is given twice",
        ),
        ({"symmetric": (("nose", "nose"),)}, r"symmetric keypoint 'nose' is given twice"),
        (
            {"views": {"top": ("nose",), "side": ("nose",)}},
            r"keypoint of the views 'nose' is given twice",
        ),
        (
            {"views": {"top": ("nose", "tail"), "side": ("nose_side",)}},
            r"skeleton\.views: all views need the same length; fill gaps with null",
        ),
    ],
)
def test_a_skeleton_that_contradicts_itself_is_refused(parts, message):
    with pytest.raises(FormatError, match=message):
        Skeleton(**{"names": NAMES, **parts})


def test_gaps_in_views_are_no_keypoints():
    views = {"top": ("nose", None, "tail"), "side": (None, None, "nose_side")}
    assert Skeleton(NAMES, views=views).views == views
