"""Guess from names which keypoints are left and right of one another, and check such pairs."""

import re
from collections.abc import Iterator, Sequence
from reprlib import repr as shortened

from pose_io_dlc.errors import FormatError

Pairs = tuple[tuple[str, str], ...]
"""(left, right) names."""

SIDE = re.compile(
    r"left|Left|LEFT"  # leftear, ear_left, EarLeft
    r"|(?<![A-Za-z])l(?![A-Za-z])"  # paw_l, l_paw
    r"|(?<![A-Z])L(?![a-z])"  # paw_L, pawL, L1A, paw1LH_top
)
"""A word, or a letter standing alone or before capitals and digits, that says left."""

OTHER = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "l": "r", "L": "R"}


def propose_pairs(names: Sequence[str]) -> Pairs:
    """Guess (left, right) pairs from names; what is ambiguous is left out.

    `leftear` and `rightear`, `paw_l` and `paw_r`, `L1A` and `R1A` are pairs. What then is left may
    also differ in digits, as `paw1LH` and `paw4RH` do, if it is the only one on either side.
    """
    pairs = unambiguous(names, [(a, b) for a in names for b in mirrored(a) if b in names])
    rest = [name for name in names if name not in {one for pair in pairs for one in pair}]
    loose = {name: re.sub(r"\d", "", name) for name in rest}
    more = [
        (a, b) for a in rest for b in rest if a != b and loose[b] in set(mirrored(loose[a]))
    ]  # fmt: skip
    return (*pairs, *unambiguous(rest, more))


def mirrored(name: str) -> Iterator[str]:
    """Give the right names that a left name may belong to: one side swapped, or all."""
    found = list(SIDE.finditer(name))
    for match in found:
        yield name[: match.start()] + OTHER[match.group()] + name[match.end() :]
    if len(found) > 1:
        yield SIDE.sub(lambda match: OTHER[match.group()], name)


def unambiguous(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Pairs:
    """Keep pairs whose names are in no other pair, in the order of the names."""
    pairs = list(dict.fromkeys(pairs))
    times = {name: sum(name in pair for pair in pairs) for name in names}
    return tuple(pair for pair in pairs if times[pair[0]] == times[pair[1]] == 1)


def check_pairs(names: Sequence[str], pairs: Sequence[Sequence[str]], where: str) -> Pairs:
    """Check that swapping the pairs twice gives every keypoint back.

    Raises:
        FormatError: if a name is unknown, or in two pairs, or paired with itself.
    """
    partner: dict[str, str] = {}
    for pair in pairs:
        if len(pair) != 2 or pair[0] == pair[1]:
            raise FormatError(f"{where}: {list(pair)!r} is not a pair of two keypoints")
        for name, other in (pair, pair[::-1]):
            if name not in names:
                raise FormatError(f"{where}: unknown keypoint {name!r}; known: {', '.join(names)}")
            if partner.setdefault(name, other) != other:
                raise FormatError(
                    f"{where}: keypoint {name!r} is paired with {partner[name]!r} and {other!r}; "
                    "keep one"
                )
    return tuple(dict.fromkeys((pair[0], pair[1]) for pair in pairs))


def pairs_of(given: object, names: Sequence[str], where: str) -> Pairs:
    """Give the pairs that a config lists as `symmetric`, or the guess where it lists none.

    Raises:
        FormatError: if they are no pairs of these keypoints, or swapping twice changes something.
    """
    if given in (None, "", []):
        return propose_pairs(names)
    if not isinstance(given, list) or not all(isinstance(pair, list) for pair in given):
        raise FormatError(f"{where}: symmetric is {shortened(given)}; list pairs, [[left, right]]")
    return check_pairs(names, [tuple(map(str, pair)) for pair in given], f"{where}: symmetric")
