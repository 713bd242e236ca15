"""How errors fall with the number of labels: nested splits, and what runs on them found.

Source: Mathis et al., Pretraining boosts out-of-domain robustness for pose estimation (WACV 2021):
the protocol of Horse-10.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from pose_core.diagnostics.groups import GroupRow
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.summary import ALL
from pose_core.errors import ConfigError
from pose_core.options import suggest
from pose_core.splits import Split, link

FRACTIONS = (0.05, 0.1, 0.2, 0.5, 0.9)
"""Of the frames of the groups trained on, as in Horse-10."""
CURVES = "curves.csv"


def choose_groups(
    groups: Sequence[str], wanted: str | int | None, seed: int, instants: np.ndarray | None = None
) -> list[str]:
    """Choose the groups to train on; the others are out of domain.

    Args:
        groups: of each frame.
        wanted: names with commas between them, or how many to draw; None draws a third.
        seed: the same draws the same.
        instants: int (frames,), as `Project.instants`: groups that share one are one.

    Raises:
        ConfigError: if there are no such groups, or not as many.
    """
    names = sorted(set(linked(groups, instants)))
    if isinstance(wanted, str) and not wanted.isdigit():
        chosen = [name.strip() for name in wanted.split(",")]
        if unknown := [name for name in chosen if name not in names]:
            raise ConfigError(f"--in-domain: no group {unknown[0]!r}; {suggest(unknown[0], names)}")
        return chosen
    count = max(1, round(len(names) / 3)) if wanted is None else int(wanted)
    if not 1 <= count <= len(names):
        raise ConfigError(f"--in-domain: {count} of {len(names)} groups cannot be; give 1 or more")
    return sorted(np.random.default_rng(seed).permutation(names)[:count].tolist())


def linked(groups: Sequence[str], instants: np.ndarray | None) -> list[str]:
    """Name groups alike that show one instant in several views."""
    return list(groups) if instants is None else link(groups, instants)


def nested_splits(
    groups: Sequence[str],
    inside: Iterable[str],
    fractions: Sequence[float] = FRACTIONS,
    validation: float = 0.05,
    seed: int = 0,
    instants: np.ndarray | None = None,
) -> dict[float, Split]:
    """Draw splits that train on ever more frames, each with those of the smaller ones.

    All validate on the same frames. Of each group one is among the first to train on, so that the
    smallest fraction, as far as it goes, has seen them all. What is left of the groups trained on
    is the test in the domain, all frames of the other groups the test out of it; which is which,
    the group says.

    Args:
        groups: of each labeled frame.
        inside: the groups to train on, as `choose_groups` names them.
        fractions: of their frames to train on.
        validation: fraction of their frames to validate on; at least one if more than 0.
        seed: the same draws the same.
        instants: int (frames,), as `Project.instants`: frames of one instant stay together.

    Returns:
        By fraction.

    Raises:
        ConfigError: if a fraction cannot be, or leaves too few frames.
    """
    if not fractions or not all(0 < f <= 1 for f in fractions) or not 0 <= validation < 1:
        raise ConfigError(f"--fractions: {list(fractions)} must be above 0, and 1 at most")
    own = np.isin(linked(groups, instants), list(inside))
    moments = np.arange(len(groups)) if instants is None else instants
    order = np.random.default_rng(seed).permutation(np.unique(moments[own]))
    held = max(1, round(validation * len(order))) if validation > 0 else 0
    order = np.concatenate([order[:held], one_of_each_first(order[held:], moments, groups)])
    splits = {}
    for fraction in sorted(fractions):
        train = round(fraction * len(order))
        if train < 1 or train + held > len(order):
            raise ConfigError(
                f"--fractions: {fraction:g} of {len(order)} frames leaves {train} to train on and "
                f"{len(order) - train} for the {held} to validate on; choose others"
            )
        validated = np.isin(moments, order[:held])
        trained = np.isin(moments, order[held : held + train])
        rest = ~(trained | validated)
        splits[fraction] = Split(*map(np.flatnonzero, (trained, validated, rest)))
    return splits


def one_of_each_first(order: np.ndarray, moments: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Put the first moment of each group before all others, which keep their order."""
    group = dict(zip(moments.tolist(), groups, strict=True))
    _, first = np.unique([group[moment] for moment in order.tolist()], return_index=True)
    return np.concatenate([order[np.sort(first)], np.delete(order, first)])


@dataclass(frozen=True)
class CurvePoint:
    """Errors of runs that were trained on one share of the frames.

    Attributes:
        fraction: of the frames of the groups trained on.
        set: "train", "validation", "test" or "unused".
        domain: "in" or "out".
        runs: how many.
        error_px: mean over the runs of their mean error.
        error: the same in units of the groups.
        pck: mean over the runs of the share of points within 0.3 units.
        sources: the runs.
    """

    fraction: float
    set: str
    domain: str
    runs: int
    error_px: float
    error: float
    pck: float
    sources: str


def fraction_of(measured: Measured, groups: Sequence[str]) -> float:
    """Give the share of the frames of the groups trained on that a source trained on.

    Rounded to a hundredth, so that runs on about as many frames are together. NaN without sets.
    """
    sets = measured.sets or ()
    trained = {group for group, one in zip(groups, sets, strict=False) if one == "train"}
    inside = sum(group in trained for group in groups)
    return round(sets.count("train") / inside, 2) if inside else float("nan")


def curves(fractions: dict[str, float], rows: Iterable[GroupRow]) -> list[CurvePoint]:
    """Sum up the errors of runs by the share of frames that they were trained on.

    Args:
        fractions: by source.
        rows: of all sources, as `by_group` gives them.
    """
    together: dict[tuple[float, str, str], list[GroupRow]] = {}
    for row in rows:
        if row.group == ALL and row.points:
            together.setdefault((fractions[row.source], row.set, row.domain), []).append(row)
    return [
        CurvePoint(
            *where,
            len(own),
            mean(row.error_px for row in own),
            mean(row.error for row in own),
            mean(row.pck for row in own),
            " ".join(row.source for row in own),
        )
        for where, own in sorted(together.items())
    ]
