"""Parameters of chains by exact maximum likelihood, every group of chains by its own steps.

Stretches first: a grid and a search on few frames, so that a second, lower maximum is not taken;
then on a longer crop, then on all frames, each beginning where the one before ended and with its
curvature. Evaluations of all groups run together, in threads.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from pose_eks.core.chain import Chain
from pose_eks.core.climbing import Climb, Found, Search, Slope, climb
from pose_eks.core.inference import Evaluation, evaluate_all
from pose_eks.core.nonlinear import Nonlinear

Stretches = Mapping[str, Sequence[Chain]]
"""The chains of one group, cut to each stretch there is: "grid", "crop" and "all"."""


def fit(
    chains: Sequence[Chain],
    groups: Sequence[int] | None = None,
    search: Search | None = None,
    ranges: Sequence[tuple[int, int]] | None = None,
    starts: Sequence[Found] | None = None,
) -> list[Found]:
    """Fit the parameters of chains.

    Args:
        chains: what is fitted.
        groups: (chains,), numbers; chains of one number share all parameters, whose scales and
            given values are those of its first chain. None: each chain has its own.
        search: how; None for the defaults.
        ranges: half-open ranges of frames to fit on, each of which begins from the prior; None
            for all frames.
        starts: for every chain, what was found for much the same data; saves most of the search.

    Returns:
        What was found, for every chain.
    """
    search = search or Search()
    names = list(range(len(chains))) if groups is None else list(groups)
    members = {name: [c for c, g in zip(chains, names, strict=True) if g == name] for name in names}
    stretches = {name: stretched(group, ranges, search) for name, group in members.items()}
    begin = dict(zip(names, starts, strict=True)) if starts else {}
    climbs = {
        name: climb(group[0].parameters, lengths(stretches[name]), search, begin.get(name))
        for name, group in members.items()
    }
    found = together(climbs, stretches, search.workers)
    return [found[name] for name in names]


def stretched(
    chains: Sequence[Chain], ranges: Sequence[tuple[int, int]] | None, search: Search
) -> Stretches:
    """Give the chains to evaluate on each stretch, the shortest first."""
    if ranges is not None:
        chains = [chain.cut(slice(*one)) for chain in chains for one in ranges]
    longest = max(chain.frames for chain in chains)
    lengths = {"grid": search.grid_frames, "crop": search.crop_frames}
    pieces = {
        name: [middle(chain, frames) for chain in chains]
        for name, frames in lengths.items()
        if longest > 2 * frames
    }
    return {**pieces, "all": list(chains)}


M = TypeVar("M", Chain, Nonlinear, "Chain | Nonlinear")


def middle(chain: M, frames: int) -> M:
    """Give at most so many frames, from the middle."""
    first = max(0, (chain.frames - frames) // 2)
    return chain.cut(slice(first, first + frames))


def together(
    climbs: Mapping[int, Climb], stretches: Mapping[int, Stretches], workers: int | None
) -> dict[int, Found]:
    """Run all searches, what they ask for in threads."""
    found: dict[int, Found] = {}
    asked = {name: next(one) for name, one in climbs.items()}
    while asked:
        work = [
            (name, (chain, values))
            for name, (stretch, values) in asked.items()
            for chain in stretches[name][stretch]
        ]
        parts: dict[int, list[Evaluation]] = {name: [] for name in asked}
        done = evaluate_all([item for _, item in work], workers)
        for (name, _), part in zip(work, done, strict=True):
            parts[name].append(part)
        asked = {}
        for name, mine in parts.items():
            try:
                asked[name] = climbs[name].send(total(mine))
            except StopIteration as end:
                found[name] = end.value
    return found


def total(parts: Sequence[Evaluation]) -> Slope:
    """Add up evaluations of chains that share their parameters."""
    return Slope(sum(part.value for part in parts), np.sum([p.gradient for p in parts], axis=0))


def lengths(stretches: Stretches) -> dict[str, int]:
    """Give the number of frames of each stretch."""
    return {name: sum(chain.frames for chain in chains) for name, chains in stretches.items()}
