"""Counted things read as a person would write them."""

import pytest

from pose_core.wording import count_of


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 videos"), (1, "1 video"), (2, "2 videos"), (1000, "1000 videos")]
)
def test_one_thing_is_singular_and_none_or_several_are_plural(count: int, said: str) -> None:
    assert count_of(count, "video") == said


def test_an_odd_plural_is_given() -> None:
    assert count_of(1, "axis", "axes") == "1 axis"
    assert count_of(3, "axis", "axes") == "3 axes"
