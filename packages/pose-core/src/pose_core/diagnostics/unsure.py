"""Networks that are sure of nothing: they may have learned nothing, whatever else speaks for them.

One that always says the same place never jumps and has no strange poses.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import CONFIDENCE

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
    """Say of each source that is unsure how much so it is."""
    return [
        f"{name}: {100 * share:.0f} % of its points below {least:.3g} confidence; "
        "it may have learned nothing"
        for name, share in shares.items()
    ]
