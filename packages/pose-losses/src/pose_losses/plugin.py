"""What pose-losses adds to pose-core. Loads torch only when a loss is built."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from pose_core.hookspecs import Loss, Metric, NoOptions, Predicted, hookimpl
from pose_core.labels import Labels
from pose_losses.metrics import temporal_norm
from pose_losses.options import PcaMultiviewOptions, PcaSingleviewOptions, TemporalOptions

if TYPE_CHECKING:
    from torch import Tensor

LossFunction = Callable[[Predicted], "Tensor"]

# Published runs set log_weight = 5 (the paper's code, 2023). A weight was 1 / (2 exp(log_weight)),
# and it was applied twice: (exp(-5) / 2) ** 2 for these losses, (1 / 2) ** 2 for the heatmap loss,
# whose log_weight is 0. What counts is the one relative to the other: exp(-10) = 4.5e-5 a pixel,
# since `heatmap_mse` has the weight 1 here. Today's code, which applies weights once, needs
# log_weight = 10 for the same.
AS_PUBLISHED = math.exp(-10)

HEATMAPS = frozenset({"heatmaps", "targets"})


@hookimpl
def pose_losses() -> Iterable[Loss]:
    """Yield divergences of heatmaps, and losses of unlabeled clips."""
    yield Loss(name="heatmap_kl", kind="supervised", needs=HEATMAPS, build=build_kl, unit="nat")
    yield Loss(name="heatmap_js", kind="supervised", needs=HEATMAPS, build=build_js, unit="nat")
    yield Loss(
        name="temporal",
        kind="unsupervised",
        needs=frozenset({"keypoints", "confidence"}),
        build=build_temporal,
        options=TemporalOptions,
        weight=AS_PUBLISHED,
        epsilon=20.0,
        unit="px",
    )
    yield Loss(
        name="pca_singleview",
        kind="unsupervised",
        needs=frozenset({"keypoints"}),
        build=build_singleview,
        options=PcaSingleviewOptions,
        weight=AS_PUBLISHED,
        unit="px",
    )
    yield Loss(
        name="pca_multiview",
        kind="unsupervised",
        needs=frozenset({"keypoints"}),
        build=build_multiview,
        options=PcaMultiviewOptions,
        weight=AS_PUBLISHED,
        unit="px",
    )


@hookimpl
def pose_metrics() -> Iterable[Metric]:
    """Yield what needs no labels."""
    yield Metric(name="temporal_norm", unit="px", compute=temporal_norm, needs=frozenset())


def build_kl(options: NoOptions, labels: Labels) -> LossFunction:
    """Give the Kullback-Leibler divergence."""
    from pose_losses.heatmap import heatmap_kl

    return heatmap_kl


def build_js(options: NoOptions, labels: Labels) -> LossFunction:
    """Give the Jensen-Shannon divergence."""
    from pose_losses.heatmap import heatmap_js

    return heatmap_js


def build_temporal(options: TemporalOptions, labels: Labels) -> LossFunction:
    """Give the lengths of steps."""
    from pose_losses.temporal import temporal

    return partial(temporal, options=options)


def build_singleview(options: PcaSingleviewOptions, labels: Labels) -> LossFunction:
    """Fit the poses of the labels."""
    from pose_losses.subspaces import build_pca_singleview

    return build_pca_singleview(options, labels)


def build_multiview(options: PcaMultiviewOptions, labels: Labels) -> LossFunction:
    """Fit the views of the labels."""
    from pose_losses.subspaces import build_pca_multiview

    return build_pca_multiview(options, labels)
