"""Networks that are sure of nothing: they may have learned nothing, whatever else speaks for them.

One that always says the same place never jumps and has no strange poses.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import CONFIDENCE
from pose_core.wording import enumerated

NEARLY = 0.95
"""Share of a network's points below the least confidence that is nearly all of them."""


def unsure(measured: Iterable[Measured], least: float) -> dict[str, float]:
    """Give the share of points below a confidence of those sources where it is nearly all.

    Args:
        measured: of labeled frames and videos, which all count.
        least: confidence below which a point is in doubt.
    """
    found: dict[str, list[np.ndarray]] = {}
    for one in measured:
        values = one.values.get(CONFIDENCE, np.empty(0))
        found.setdefault(one.source, []).append(values[np.isfinite(values)] < least)
    shares = {name: np.concatenate(each) for name, each in found.items()}
    return {n: float(one.mean()) for n, one in shares.items() if one.size and one.mean() >= NEARLY}


def unsure_told(shares: Mapping[str, float], least: float) -> list[str]:
    """Say of sources that are unsure how much so they are, those together that are it alike."""
    alike: dict[str, list[str]] = {}
    for name, share in shares.items():
        alike.setdefault(f"{100 * share:.0f} %", []).append(name)
    return [
        f"{enumerated(names)}: {share} of {'its' if len(names) == 1 else 'their'} points below "
        f"{least:.3g} confidence; {'it' if len(names) == 1 else 'they'} may have learned nothing"
        for share, names in alike.items()
    ]
