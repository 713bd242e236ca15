"""Which limbs an animal has, and how long they are in its labels. numpy only."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pose_core.errors import ConfigError
from pose_core.labels import Labels

ENOUGH = 5  # labeled frames in which a pair must be seen before its variation says anything


@dataclass(frozen=True)
class Limbs:
    """Pairs of keypoints and their usual distance.

    Attributes:
        ends: (limbs, 2), positions of the two ends among the keypoints.
        lengths: (limbs,), the median over the labeled frames, in pixels of the frame.
    """

    ends: np.ndarray
    lengths: np.ndarray


def measure_limbs(labels: Labels, count: int) -> Limbs:
    """Find the limbs of a skeleton and their median lengths.

    Args:
        labels: of the training frames.
        count: how many pairs to take where the skeleton has no edges.

    Raises:
        ConfigError: if no limb has both its ends labeled in one frame.
    """
    skeleton = labels.skeleton
    edges = [(skeleton.index(a), skeleton.index(b)) for a, b in skeleton.edges]
    pairs = np.array(edges or list(combinations(range(len(skeleton)), 2)), dtype=int).reshape(-1, 2)
    lengths = pair_lengths(labels.keypoints, pairs)
    seen = np.isfinite(lengths).sum(0) >= (1 if edges else ENOUGH)
    if not seen.any():
        needed = "a frame that shows both ends of an edge" if edges else f"{ENOUGH} of one pair"
        raise ConfigError(
            f"losses.limb_length: {len(labels)} labeled frames show no limb; label {needed}"
        )
    pairs, lengths = pairs[seen], lengths[:, seen]
    chosen = np.arange(len(pairs)) if edges else steadiest(lengths, count)
    return Limbs(pairs[chosen], np.nanmedian(lengths[:, chosen], axis=0))


def pair_lengths(keypoints: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Give (frames, pairs) distances, NaN where an end is missing."""
    return np.linalg.norm(keypoints[:, pairs[:, 0]] - keypoints[:, pairs[:, 1]], axis=-1)


def steadiest(lengths: np.ndarray, count: int) -> np.ndarray:
    """Give the columns whose variation relative to their median is least, the least first."""
    median = np.nanmedian(lengths, axis=0)
    variation = np.nanstd(lengths, axis=0) / np.maximum(median, 1.0)  # 1 px: coinciding points
    return np.argsort(variation, kind="stable")[:count]
