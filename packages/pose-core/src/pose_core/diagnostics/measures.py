"""What can be measured of tracks: per frame and keypoint, in pixels where not said otherwise."""

from collections.abc import Mapping

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.notices import Say, warn
from pose_core.diagnostics.tracks import Family, Tracks
from pose_core.errors import FormatError, PoseError
from pose_core.hookspecs import Metric
from pose_core.labels import Labels
from pose_core.metrics import pixel_error
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.smoothing import ensemble_mean

ERROR, CONFIDENCE, SPREAD = "pixel_error", "confidence", "ensemble_spread"
DEVIATION, DIFFERENCE = "posterior_deviation", "smoothed_difference"
OF_VIDEOS = frozenset({"temporal_norm"})
"""Metrics of frames in a row, which labeled images are not, whatever their numbers."""
VARIANCES = ("x_posterior_var", "y_posterior_var")
"""Columns in which a smoother says how sure it is of each coordinate, in squared pixels."""


def units_of_measures(plugins: Plugins) -> dict[str, str]:
    """Give the unit of everything that may be measured, by its name; "" for a confidence."""
    metrics = {one.component.name: one.component.unit for one in plugins.components("metric")}
    return {CONFIDENCE: "", **metrics, **dict.fromkeys((SPREAD, DEVIATION, DIFFERENCE), "px")}


def measure(
    tracks: Tracks, plugins: Plugins, training: Labels | None, say: Say = warn
) -> list[Measured]:
    """Measure all that can be said of each source's predictions.

    - `pixel_error`: distance to the truth;
    - `confidence`: the source's own, a number without unit;
    - each registered metric, such as `temporal_norm` and `pca_multiview_error`; one that
      compares with labels or other views is not asked where there are none, one that refuses is
      left out;
    - `ensemble_spread`: how far the members of a source's ensemble are apart, see
      `ensemble_spread`; of a smoother too;
    - `posterior_deviation`: how far off a smoother takes itself to be;
    - `smoothed_difference`: of a smoother from the mean of its ensemble's members, of a member from
      the first smoother of its ensemble.

    Args:
        tracks: predictions of one subject, all of the same keypoints and frames.
        plugins: where metrics are.
        training: labels that metrics are fitted to; None where there are none.
        say: hears why a metric is left out.

    Returns:
        What is measured, in the order of the sources.
    """
    together, units = of_ensembles(tracks), units_of_measures(plugins)
    found = []
    for name, predictions in tracks.sources.items():
        values = {CONFIDENCE: predictions.confidence}
        values |= by_metrics(predictions, tracks, plugins, training, say) | together[name]
        found.append(
            Measured(
                source=name,
                subject=tracks.subject,
                keypoints=predictions.skeleton.names,
                values=values,
                units={name: units[name] for name in values},
                frames=predictions.frames,
                sets=tracks.own_sets.get(name, tracks.sets),
            )
        )
    return found


def by_metrics(
    predictions: Predictions, tracks: Tracks, plugins: Plugins, training: Labels | None, say: Say
) -> dict[str, np.ndarray]:
    """Measure by every registered metric that has what it needs."""
    found = {}
    unfit = OF_VIDEOS if predictions.frames is not None else frozenset()
    for name in sorted(set(plugins.names("metric")) - unfit):
        try:
            metric: Metric = plugins.find("metric", name)
            if has_what_it_needs(metric, predictions, tracks.truth):
                found[name] = computed(metric, predictions, tracks.truth, training)
        except PoseError as error:
            say(f"{name} is left out: {str(error).removeprefix(f'{name}: ')}")
    return found


def has_what_it_needs(metric: Metric, predictions: Predictions, truth: Labels | None) -> bool:
    """Say whether there is what a metric compares with; where there is none, nothing is odd."""
    views = len(predictions.skeleton.views)
    return ("labels" not in metric.needs or truth is not None) and (
        "views" not in metric.needs or views > 1
    )


def computed(
    metric: Metric, predictions: Predictions, truth: Labels | None, training: Labels | None
) -> np.ndarray:
    """Compute a metric with the labels that it asks for.

    Raises:
        FormatError: if there are none to fit it to, it refuses, or it gives no number per point.
    """
    labels = truth if "labels" in metric.needs else None
    if "training" in metric.needs:
        if training is None or not len(training):
            raise FormatError("it is fitted to labels, and there are none of frames to train on")
        labels = training
    values = np.asarray(metric.compute(predictions, labels), float)
    if values.shape != predictions.confidence.shape:
        raise FormatError(f"gives {values.shape}, not one number per frame and keypoint")
    return values


def of_ensembles(tracks: Tracks) -> dict[str, dict[str, np.ndarray]]:
    """Measure sources by those of their own ensemble: by source, then by name of measure."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for family in tracks.families.values():
        found |= of_family(family, tracks.sources)
    return found


def of_family(
    family: Family, sources: Mapping[str, Predictions]
) -> dict[str, dict[str, np.ndarray]]:
    """Measure the sources of one ensemble by one another, as `of_ensembles`."""
    found: dict[str, dict[str, np.ndarray]] = {
        name: {} for name in (*family.members, *family.smoothed)
    }
    for name in family.smoothed:
        if set(VARIANCES) <= set(sources[name].extra):
            found[name][DEVIATION] = posterior_deviation(sources[name].extra)
    if not family.members:
        return found
    ensemble = Ensemble.of([sources[name] for name in family.members])
    if len(family.members) > 1:
        spread = ensemble_spread(ensemble.keypoints)
        found = {name: {SPREAD: spread, **own} for name, own in found.items()}
    centre = ensemble_mean(ensemble).keypoints
    for name in family.smoothed:
        found[name][DIFFERENCE] = pixel_error(sources[name].keypoints, centre)
    for first in family.smoothed[:1]:
        for name in family.members:
            raw = sources[name].keypoints
            found[name][DIFFERENCE] = pixel_error(raw, sources[first].keypoints)
    return found


def ensemble_spread(keypoints: np.ndarray) -> np.ndarray:
    """Give the root mean square distance of members to their mean.

    That is the root of the variances of x and y over the members, summed, the number of members
    being the divisor.

    Args:
        keypoints: (members, frames, keypoints, 2), NaN where a member sees nothing.

    Returns:
        (frames, keypoints), NaN where less than two members see the point.
    """
    seen = np.isfinite(keypoints).all(-1)
    count = seen.sum(0)
    divisor = np.where(count > 1, count, np.nan)
    points = np.where(seen[..., None], keypoints, 0.0)
    mean = points.sum(0) / divisor[..., None]
    squares = ((points - mean) ** 2).sum(-1)
    return np.sqrt(np.where(seen, squares, 0.0).sum(0) / divisor)


def posterior_deviation(extra: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the root of the expected squared distance to the true point, (frames, keypoints).

    Args:
        extra: columns of a smoother's predictions, `VARIANCES` among them.
    """
    total = sum(np.asarray(extra[name], float) for name in VARIANCES)
    return np.sqrt(np.maximum(total, 0.0))
