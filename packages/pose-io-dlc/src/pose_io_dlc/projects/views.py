"""Guess from names which keypoints show one point of the animal in several views of a frame."""

import re
from collections.abc import Sequence
from typing import Any

Views = dict[str, tuple[str | None, ...]]
"""View to keypoint names; the i-th of all show one point, None where a view lacks it."""

VIEW = re.compile(
    r"(?P<stem>.+)[_\-.]"
    r"(?P<view>top|bot|bottom|side|under|mirror|dorsal|ventral|lateral"
    r"|(cam|camera|view)[_\-]?\w{1,2})",
    re.IGNORECASE,
)
"""A name that ends with a word for a view; words for parts of a body, as left, are none."""


def propose_views(names: Sequence[str]) -> Views:
    """Guess views from names such as `nose_top` and `nose_bot`; none unless they pair up cleanly.

    That is: every keypoint names a view, there are at least two, and at least half of the points
    (and two) are in all of them.
    """
    matches = [VIEW.fullmatch(name) for name in names]
    if not all(matches):
        return {}
    seen: dict[str, dict[str, str]] = {}
    for match in matches:
        if match:
            seen.setdefault(match["view"], {})[match["stem"]] = match.string
    stems = list(dict.fromkeys(match["stem"] for match in matches if match))
    shared = [stem for stem in stems if all(stem in view for view in seen.values())]
    if len(seen) < 2 or len(shared) < max(2, len(stems) / 2):
        return {}
    return {view: tuple(points.get(stem) for stem in stems) for view, points in seen.items()}


def views_from_matches(names: Sequence[str], matches: Sequence[Sequence[Any]]) -> Views:
    """Make views of Lightning Pose's `mirrored_column_matches`: per view, positions of keypoints.

    Nothing if the positions do not fit the names: the config then belongs to other labels.
    """
    flat = [position for view in matches for position in view]
    if len(matches) < 2 or len({len(view) for view in matches}) > 1 or len(set(flat)) < len(flat):
        return {}
    if not are_positions(flat, names):
        return {}
    views = [tuple(names[position] for position in view) for view in matches]
    return dict(zip(view_names(views), views, strict=True))


def are_positions(given: Sequence[Any], names: Sequence[str]) -> bool:
    """Say whether all are whole numbers that count the names."""
    return all(type(at) is int and 0 <= at < len(names) for at in given)


def view_names(views: Sequence[Sequence[str]]) -> list[str]:
    """Name each view by the word its keypoints end with, or by its number."""
    found = []
    for number, view in enumerate(views):
        words = {match["view"] if (match := VIEW.fullmatch(name)) else "" for name in view}
        found.append(words.pop() if len(words) == 1 and "" not in words else f"view{number}")
    return found if len(set(found)) == len(found) else [f"view{n}" for n in range(len(views))]
