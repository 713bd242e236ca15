"""What is tracked: keypoint names, edges between them, symmetric pairs and views."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pose_core.errors import FormatError


@dataclass(frozen=True)
class Skeleton:
    """The keypoints of one animal, in the order every array of the house has them.

    Attributes:
        names: keypoint names, unique.
        edges: pairs of names to draw as limbs.
        symmetric: (left, right) pairs of names that a mirror image swaps; a name is in at most one.
        views: view name to keypoint names; the i-th entries of all views show one point of the
            animal, None where a view does not see it. Empty for one camera.

    Raises:
        FormatError: if a name is given twice, is unknown, or is in two symmetric pairs.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    symmetric: tuple[tuple[str, str], ...] = ()
    views: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        refuse_twice(self.names, "keypoint")
        refuse_twice((name for pair in self.symmetric for name in pair), "symmetric keypoint")
        in_views = [name for view in self.views.values() for name in view if name is not None]
        refuse_twice(in_views, "keypoint of the views")
        pairs = [name for pair in (*self.edges, *self.symmetric) for name in pair]
        if unknown := sorted(set(pairs + in_views) - set(self.names)):
            raise FormatError(f"skeleton: unknown keypoint {unknown[0]!r}; known: {self.names}")
        if len({len(view) for view in self.views.values()}) > 1:
            raise FormatError("skeleton.views: all views need the same length; fill gaps with null")

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Give the position of a keypoint in every array."""
        return self.names.index(name)

    def swapped(self) -> tuple[int, ...]:
        """Give for each keypoint the one a mirror image puts in its place (an involution)."""
        partner = dict(self.symmetric) | {right: left for left, right in self.symmetric}
        return tuple(self.names.index(partner.get(name, name)) for name in self.names)

    def to_dict(self) -> dict[str, Any]:
        """Give a plain mapping for `skeleton.json`; `from_dict` reads it back."""
        return {
            "names": list(self.names),
            "edges": [list(pair) for pair in self.edges],
            "symmetric": [list(pair) for pair in self.symmetric],
            "views": {view: list(names) for view, names in self.views.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Skeleton":
        """Rebuild a skeleton from `to_dict`."""
        return cls(
            names=tuple(plain["names"]),
            edges=tuple((a, b) for a, b in plain.get("edges", ())),
            symmetric=tuple((a, b) for a, b in plain.get("symmetric", ())),
            views={view: tuple(names) for view, names in plain.get("views", {}).items()},
        )


def refuse_twice(names: Iterable[str], what: str) -> None:
    """Raise FormatError if a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise FormatError(f"skeleton: {what} {name!r} is given twice; names must be unique")
        seen.add(name)
