"""What pose-losses adds to pose-core. Loads torch, and fits anything, only when a loss is built."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from pose_core.hookspecs import BuiltLoss, Loss, Metric, NoOptions, Predicted, Smoother, hookimpl
from pose_core.labels import Labels
from pose_core.predictions import Ensemble, Predictions
from pose_losses.options import (
    PcaMultiviewOptions,
    PcaSingleviewOptions,
    TemporalHeatmapOptions,
    TemporalOptions,
    UnimodalOptions,
)
from pose_losses.repair_options import RepairOptions

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

LossFunction = Callable[[Predicted], "Tensor"]

# Published runs set log_weight = 5 (the paper's code, 2023). A weight was 1 / (2 exp(log_weight)),
# and it was applied twice: (exp(-5) / 2) ** 2 for these losses, (1 / 2) ** 2 for the heatmap loss,
# whose log_weight is 0. What counts is the one relative to the other: exp(-10) = 4.5e-5 a pixel,
# since `heatmap_mse` has the weight 1 here. Today's code, which applies weights once, needs
# log_weight = 10 for the same.
AS_PUBLISHED = math.exp(-10)

HEATMAPS = frozenset({"heatmaps", "targets"})
STEPS = frozenset({"keypoints", "confidence", "decoded", "follows", "cells", "sigma"})
MAPS = frozenset({"heatmaps", "keypoints", "confidence", "cells", "sigma"})
POINTS = frozenset({"heatmaps", "keypoints", "confidence", "decoded", "cells", "sigma"})


@hookimpl
def pose_losses() -> Iterable[Loss]:
    """Yield divergences of heatmaps, and losses of unlabeled clips."""
    yield Loss(name="heatmap_kl", kind="supervised", needs=HEATMAPS, build=build_kl, unit="nat")
    yield Loss(name="heatmap_js", kind="supervised", needs=HEATMAPS, build=build_js, unit="nat")
    yield unsupervised("temporal", STEPS | {"heatmaps"}, build_temporal, TemporalOptions)
    maps = STEPS - {"decoded"} | {"heatmaps"}
    for divergence in ("mse", "kl"):
        build = partial(build_temporal_heatmap, divergence)
        yield unsupervised(f"temporal_heatmap_{divergence}", maps, build, TemporalHeatmapOptions)
    yield unsupervised("pca_singleview", POINTS | {"noise"}, build_singleview, PcaSingleviewOptions)
    yield unsupervised("pca_multiview", POINTS | {"gate"}, build_multiview, PcaMultiviewOptions)
    yield unsupervised("unimodal", MAPS, build_unimodal, UnimodalOptions, weight=0.1)


def unsupervised(
    name: str,
    needs: frozenset[str],
    build: Callable[..., BuiltLoss],
    options: type,
    weight: float = 1.0,
) -> Loss:
    """Make the component of a loss of clips; what it builds says more of its unit and weight."""
    return Loss(
        name=name,
        kind="unsupervised",
        needs=needs,
        build=build,
        options=options,
        weight=weight,
        unit="nat",
    )


@hookimpl
def pose_metrics() -> Iterable[Metric]:
    """Yield what needs no labels of the frames it judges."""
    fitted = frozenset({"training"})
    yield Metric(name="temporal_norm", unit="px", compute=compute_temporal, needs=frozenset())
    for name, compute, needs in (
        ("pca_singleview_error", compute_singleview, fitted),
        ("pca_multiview_error", compute_multiview, fitted | {"views"}),
    ):
        yield Metric(name=name, unit="px", compute=compute, needs=needs)


@hookimpl
def pose_smoothers() -> Iterable[Smoother]:
    """Yield what repairs points in doubt."""
    yield Smoother(name="pose_repair", smooth=smooth_repair, options=RepairOptions)


def smooth_repair(ensemble: Ensemble, options: RepairOptions) -> Predictions:
    """Re-estimate points in doubt from the confident ones."""
    from pose_losses import repair_models

    return repair_models.smooth_repair(ensemble, options)


def build_kl(options: NoOptions, labels: Labels) -> LossFunction:
    """Give the Kullback-Leibler divergence."""
    from pose_losses.heatmap import heatmap_kl

    return heatmap_kl


def build_js(options: NoOptions, labels: Labels) -> LossFunction:
    """Give the Jensen-Shannon divergence."""
    from pose_losses.heatmap import heatmap_js

    return heatmap_js


def build_temporal(options: TemporalOptions, labels: Labels) -> BuiltLoss:
    """Give the lengths of steps."""
    from pose_losses import temporal

    return temporal.build_temporal(options, labels, AS_PUBLISHED)


def build_temporal_heatmap(
    divergence: str, options: TemporalHeatmapOptions, labels: Labels
) -> BuiltLoss:
    """Give how much successive maps differ."""
    from pose_losses.temporal import temporal_heatmap

    return BuiltLoss(
        compute=partial(temporal_heatmap, divergence=divergence, options=options),
        in_nats=True,
        about=lambda sigma: f"epsilon {options.epsilon:g} px",
    )


def build_unimodal(options: UnimodalOptions, labels: Labels) -> BuiltLoss:
    """Give how far maps are from one peak."""
    from pose_losses.unimodal import unimodal

    return BuiltLoss(compute=partial(unimodal, options=options), in_nats=True)


def build_singleview(options: PcaSingleviewOptions, labels: Labels) -> BuiltLoss:
    """Fit the poses of the labels."""
    from pose_losses.subspaces import build_pca_singleview

    return build_pca_singleview(options, labels, AS_PUBLISHED)


def build_multiview(options: PcaMultiviewOptions, labels: Labels) -> BuiltLoss:
    """Fit the views of the labels."""
    from pose_losses.subspaces import build_pca_multiview

    return build_pca_multiview(options, labels, AS_PUBLISHED)


def compute_temporal(predictions: Predictions, labels: Labels | None) -> "np.ndarray":
    """Give the steps of finished predictions."""
    from pose_losses.metrics import temporal_norm

    return temporal_norm(predictions)


def compute_singleview(predictions: Predictions, labels: Labels | None) -> "np.ndarray":
    """Give the distances to the labels' poses."""
    from pose_losses.metrics import pca_singleview_error

    return pca_singleview_error(predictions, labels)


def compute_multiview(predictions: Predictions, labels: Labels | None) -> "np.ndarray":
    """Give the distances to what all views could show."""
    from pose_losses.metrics import pca_multiview_error

    return pca_multiview_error(predictions, labels)
