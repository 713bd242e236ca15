"""An ensemble to one prediction: through a named smoother, or by the plain mean or median."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pose_core.errors import PluginError
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions


def smooth(
    members: Sequence[Predictions], name: str, options: Mapping[str, Any], plugins: Plugins
) -> Predictions:
    """Make one prediction of several networks' predictions for the same frames.

    Args:
        members: one or more, of the same keypoints and frames.
        name: of the smoother, such as "eks_singlecam".
        options: the smoother's own, as a config has them.
        plugins: where the smoother is looked up.

    Raises:
        FormatError: if members do not fit together, or the smoother refuses them.
        ConfigError: if there is no such smoother or option.
        PluginError: if the smoother gives something else than predictions of the same frames.
    """
    where = f"smoother.{name}"
    smoother = plugins.find("smoother", name, where)
    chosen = fill(smoother.options, options, where)
    ensemble = Ensemble.of(members)
    found = smoother.smooth(ensemble, chosen)
    if not isinstance(found, Predictions):
        raise PluginError(f"{where}: gives {type(found).__name__}; it must give Predictions")
    if found.keypoints.shape != ensemble.keypoints.shape[1:]:
        raise PluginError(
            f"{where}: gives keypoints {found.keypoints.shape} for an ensemble of "
            f"{ensemble.keypoints.shape[1:]}; it must keep every frame and keypoint"
        )
    return found


def ensemble_mean(ensemble: Ensemble) -> Predictions:
    """Average the members that see a point; NaN where none does."""
    return pooled(ensemble, np.nanmean, "ensemble_mean")


def ensemble_median(ensemble: Ensemble) -> Predictions:
    """Take the median of the members that see a point, x and y apart; NaN where none does."""
    return pooled(ensemble, np.nanmedian, "ensemble_median")


def pooled(ensemble: Ensemble, pool: Callable[..., np.ndarray], scorer: str) -> Predictions:
    """Reduce the members by a function that passes over NaN; the confidence is their mean.

    A point counts where both x and y are there, so that both come from the same members.
    """
    seen = np.isfinite(ensemble.keypoints).all(axis=-1)
    points = np.where(seen[..., None], ensemble.keypoints, np.nan)
    return Predictions(
        keypoints=reduced(points, pool),
        confidence=reduced(ensemble.confidence, np.nanmean),
        skeleton=ensemble.skeleton,
        frames=ensemble.frames,
        scorer=scorer,
    )


def reduced(values: np.ndarray, pool: Callable[..., np.ndarray]) -> np.ndarray:
    """Reduce the first axis, NaN without a warning where all of it is NaN."""
    nothing = np.isnan(values).all(axis=0)
    return np.where(nothing, np.nan, pool(np.where(nothing, 0.0, values), axis=0))
