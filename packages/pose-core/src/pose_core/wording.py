"""Counted and listed things in messages: "1 frame", "2 frames"; "a, b and c"."""

from collections.abc import Sequence


def count_of(count: int, noun: str, plural: str = "") -> str:
    """Write a number and what it counts, in the singular where it is one.

    Args:
        count: how many.
        noun: one of them; words may stand before it, as in "labeled frame".
        plural: several of them, where that is not the noun with an s.

    >>> count_of(1, "frame"), count_of(0, "frame"), count_of(2, "other")
    ('1 frame', '0 frames', '2 others')
    """
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def enumerated(names: Sequence[str]) -> str:
    """List names with commas, and an "and" before the last.

    >>> enumerated(["a", "b", "c"]), enumerated(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
