"""Counted things in messages: "1 frame", "2 frames"."""


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
