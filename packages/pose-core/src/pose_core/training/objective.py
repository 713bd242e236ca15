"""What is minimised: losses masked, made insensitive below epsilon, averaged, weighted, named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pose_core.hookspecs import Loss, Predicted
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.training.losses_chosen import check_losses


@dataclass(frozen=True)
class Term:
    """One loss of the objective, built."""

    loss: Loss
    weight: float
    epsilon: float
    compute: Callable[[Predicted], Tensor]

    def __call__(self, predicted: Predicted, counted: Tensor | None = None) -> Tensor:
        """Average the loss over what counts; 0 (with a gradient of 0) where nothing does.

        Args:
            predicted: what the loss reads.
            counted: (batch, keypoints) mask for a supervised loss.
        """
        values = (
            (self.compute(predicted) - self.epsilon).clamp(min=0)
            if self.epsilon
            else self.compute(predicted)
        )
        counted = torch.isfinite(values) if counted is None else counted & torch.isfinite(values)
        # where, not multiplication: a NaN that does not count must not reach the gradient
        kept = torch.where(counted, values, torch.zeros_like(values))
        return kept.sum() / counted.sum().clamp(min=1)


@dataclass(frozen=True)
class Objective:
    """The sum of all terms.

    Attributes:
        supervised: applied to every branch of the heatmaps of labeled frames.
        unsupervised: applied to the combined prediction of a clip.
    """

    supervised: tuple[Term, ...]
    unsupervised: tuple[Term, ...]

    @property
    def decodes_clips(self) -> bool:
        """Whether clips need their keypoints decoded."""
        return any(term.loss.needs & {"keypoints", "confidence"} for term in self.unsupervised)

    def on_labeled(self, heatmaps: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Compute the supervised terms, each averaged over the branches.

        Args:
            heatmaps: (batch, branches, keypoints, h, w).
            targets: (batch, keypoints, h, w), all zero where there is no label.
        """
        labeled = targets.flatten(-2).sum(-1) > 0.5
        branches = [Predicted(heatmaps=branch, targets=targets) for branch in heatmaps.unbind(1)]
        return {
            term.loss.name: torch.stack([term(branch, labeled) for branch in branches]).mean()
            for term in self.supervised
        }

    def on_clip(self, predicted: Predicted) -> dict[str, Tensor]:
        """Compute the unsupervised terms of one clip."""
        return {term.loss.name: term(predicted) for term in self.unsupervised}

    def total(self, values: Mapping[str, Tensor], ramp: float) -> Tensor:
        """Weigh the terms and add them up; unsupervised ones times `ramp`."""
        parts = [
            term.weight * values[term.loss.name]
            for term in self.supervised
            if term.loss.name in values
        ]
        parts += [
            ramp * term.weight * values[term.loss.name]
            for term in self.unsupervised
            if term.loss.name in values
        ]
        return torch.stack(parts).sum()


def build_objective(losses: Mapping[str, Any], labels: Labels, plugins: Plugins) -> Objective:
    """Build the losses of a config for the labels of the training frames."""
    terms = [
        Term(loss, weight, epsilon, loss.build(options, labels))
        for loss, options, weight, epsilon in check_losses(losses, plugins)
    ]
    return Objective(
        supervised=tuple(term for term in terms if term.loss.kind == "supervised"),
        unsupervised=tuple(term for term in terms if term.loss.kind == "unsupervised"),
    )
