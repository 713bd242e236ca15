"""From the files of several cameras, or a file with mirrored views, to arrays, and back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_eks.ensemble import Ensemble
from pose_eks.errors import EksError
from pose_eks.files.long import LongMembers
from pose_eks.files.members import Members
from pose_eks.models.mirrored import Layout, Mirrored, spread_out
from pose_io_dlc import propose_pairs, propose_views

Name = tuple[str, str]
"""(individual, keypoint), as a table's `points`; the individual is "" where there is one animal."""


@dataclass(frozen=True, eq=False)
class Sighted:
    """One view's ensemble over the keypoints that all views together have.

    Attributes:
        ensemble: NaN where the view does not have a keypoint.
        places: (own keypoints,), where each keypoint of the view's own file is among all.
    """

    ensemble: Ensemble
    places: np.ndarray


def aligned(
    cameras: Mapping[str, Members], swapped: Sequence[str] = ()
) -> tuple[list[str], dict[str, Sighted]]:
    """Put the keypoints of all cameras in one order; a camera may lack some; see `places_of`."""
    labels, places = places_of(cameras, swapped)
    return labels, {
        name: Sighted(
            spread_out(members.ensemble, np.arange(len(places[name])), places[name], len(labels)),
            places[name],
        )
        for name, members in cameras.items()
    }


def places_of(
    cameras: Mapping[str, Members | LongMembers], swapped: Sequence[str] = ()
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Give the keypoints of all cameras, and where among them each camera's own are.

    Args:
        cameras: by name.
        swapped: cameras whose left keypoints are the others' right ones, as of an animal that is
            filmed from both sides.

    Raises:
        EksError: if a swapped camera is unknown, or has nothing to swap.
    """
    named = {name: list(members.rows.points) for name, members in cameras.items()}
    for camera in swapped:
        if camera not in named:
            raise EksError(f"--swap {camera}: no such camera; there are {', '.join(named)}")
        named[camera] = mirrored(named[camera], camera)
    everyone = list(dict.fromkeys(name for names in named.values() for name in names))
    labels = [" ".join(name).strip() for name in everyone]
    return labels, {
        camera: np.array([everyone.index(one) for one in names]) for camera, names in named.items()
    }


def mirrored(names: Sequence[Name], camera: str) -> list[Name]:
    """Give every keypoint the name of its partner on the other side.

    Raises:
        EksError: if no two names are left and right of one another.
    """
    pairs = propose_pairs([name for _, name in names])
    partner = dict(pairs) | {right: left for left, right in pairs}
    if not partner:
        known = ", ".join(name for _, name in names)
        raise EksError(f"--swap {camera}: none of {known} are left and right of one another")
    return [(who, partner.get(name, name)) for who, name in names]


def split(members: Members, endings: Mapping[str, str] | None = None) -> Mirrored:
    """Take the views of one file apart; see `layout_of`."""
    return Mirrored.of(members.ensemble, layout_of(members, endings))


def layout_of(members: Members | LongMembers, endings: Mapping[str, str] | None = None) -> Layout:
    """Tell the views of one file from the names of its keypoints.

    Args:
        members: of one file each.
        endings: view to what its keypoints' names end with, as {"top": "_top"}; None to guess. A
            keypoint that ends with none is a point that the first view alone sees.

    Raises:
        EksError: if names do not tell two views.
    """
    if members.rows.individuals:
        raise EksError(f"{members.paths[0]}: has individuals; mirrored views are of one animal")
    names = members.rows.names
    told = ended(names, endings) if endings else guessed(names, members.paths[0])
    try:
        return Layout.of(told)
    except EksError as error:
        raise EksError(f"{members.paths[0]}: {error}") from error


def ended(names: Sequence[str], endings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give view and point of every name, by what it ends with.

    Raises:
        EksError: if nothing ends so.
    """
    for view, ending in endings.items():
        if not any(name.endswith(ending) for name in names):
            raise EksError(
                f"--view {view}={ending}: no keypoint ends so; there are {', '.join(names)}"
            )
    told = []
    for name in names:
        found = [(view, end) for view, end in endings.items() if name.endswith(end)]
        view, end = max(found, key=lambda one: len(one[1])) if found else (next(iter(endings)), "")
        told.append((view, name.removesuffix(end)))
    return told


def guessed(names: Sequence[str], path: Path) -> list[tuple[str, str]]:
    """Give view and point of every name, by the words for views that they end with.

    Raises:
        EksError: if they do not tell.
    """
    proposed = propose_views(names)
    if not proposed:
        few = ", ".join(names[:6])
        raise EksError(
            f"{path}: the names of its keypoints ({few}) do not tell the views; say "
            "them as --view top=_top --view bottom=_bot"
        )
    told = {}
    for view, own in proposed.items():
        for number, name in enumerate(own):
            if name is not None:
                first = next(one for each in proposed.values() if (one := each[number]) is not None)
                told[name] = (view, without_view(first))
    return [told[name] for name in names]


def without_view(name: str) -> str:
    """Cut the last word off a name."""
    return re.sub(r"[_\-.][^_\-.]+$", "", name)
