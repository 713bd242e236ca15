"""What is minimised: losses masked, made insensitive below epsilon, averaged, weighted, named."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pose_core.heatmaps import render_heatmaps
from pose_core.hookspecs import BuiltLoss, Loss, Predicted
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.training.losses_chosen import ChosenLoss, check_losses, check_watched

DECODED = frozenset({"keypoints", "confidence", "decoded"})
"""Fields of Predicted that come from decoding."""
APART = 0.1
"""Standard deviations between two Gaussians, to learn what a nat costs."""


@dataclass(frozen=True)
class Term:
    """One loss of the objective, built.

    Attributes:
        loss: the component.
        weight: in the objective.
        epsilon: taken off its values; 0 where the loss does it itself.
        compute: Predicted to values.
        worth: what one unit of its values counts beside the supervised losses, at weight 1.
        built: what the loss says of itself.
        is_auto: whether the weight is to be measured; it is then what it would be otherwise.
    """

    loss: Loss
    weight: float
    epsilon: float
    compute: Callable[[Predicted], Tensor]
    worth: float = 1.0
    built: BuiltLoss | None = None
    is_auto: bool = False

    def __call__(self, predicted: Predicted, counted: Tensor | None = None) -> Tensor:
        """Average the loss over what counts; 0 (with a gradient of 0) where nothing does.

        NaN where a supervised loss is no number for a label that counts, and infinite where an
        unsupervised one is: neither may be taken for a loss of 0.

        Args:
            predicted: what the loss reads.
            counted: (batch, keypoints) mask for a supervised loss.
        """
        values = self.compute(predicted)
        if self.epsilon:
            values = (values - self.epsilon).clamp(min=0)
        counted = ~torch.isnan(values) if counted is None else counted
        # where, not multiplication: a NaN that does not count must not reach the gradient
        kept = torch.where(counted, values, torch.zeros_like(values))
        return kept.sum() / counted.sum().clamp(min=1)

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return (self.built and self.built.unit) or self.loss.unit

    def about(self, sigma: float) -> str:
        """Say in one line what counts, and how much.

        Args:
            sigma: standard deviation of a target Gaussian in pixels of the frame.
        """
        unit = self.unit
        line = f"losses.{self.loss.name}: weight "
        line += "auto" if self.is_auto else f"{self.weight:.3g}"
        line += f" per {unit}" if unit else ""
        line += f" (times {self.worth:.3g}, which a nat costs)" if self.worth != 1 else ""
        line += f", epsilon {self.epsilon:g} {unit}".rstrip() if self.epsilon else ""
        more = self.built.about(sigma) if self.built and self.built.about else ""
        return f"{line}; {more}" if more else line


@dataclass(frozen=True)
class Objective:
    """The sum of all terms.

    Attributes:
        supervised: applied to every branch of the heatmaps of labeled frames.
        unsupervised: applied to the combined prediction of a clip.
        watched: applied to clips in validation alone.
    """

    supervised: tuple[Term, ...]
    unsupervised: tuple[Term, ...]
    watched: tuple[Term, ...] = ()

    @property
    def of_clips(self) -> tuple[Term, ...]:
        """All terms of clips, trained or watched."""
        return (*self.unsupervised, *self.watched)

    @property
    def learns_from_points(self) -> bool:
        """Whether a gradient flows back from the decoded keypoints of clips."""
        return any(term.loss.needs & DECODED for term in self.unsupervised)

    @property
    def decodes_clips(self) -> bool:
        """Whether clips need their keypoints decoded."""
        return any(term.loss.needs & DECODED for term in self.of_clips)

    @property
    def needs_errors(self) -> bool:
        """Whether a loss asks how far off predictions are, so that validation must say it."""
        return any(term.loss.needs & {"gate", "noise"} for term in self.unsupervised)

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
        """Compute the unsupervised terms of one clip; NaN where the network says NaN."""
        return values_of(self.unsupervised, predicted)

    def in_validation(self, predicted: Predicted) -> dict[str, Tensor]:
        """Compute all terms of one clip; NaN where the network says NaN."""
        return values_of(self.of_clips, predicted)

    def total(
        self, values: Mapping[str, Tensor], ramp: float, measured: Mapping[str, float] | None = None
    ) -> Tensor:
        """Weigh the terms and add them up; unsupervised ones times `ramp`.

        Args:
            values: of terms, by name; those not given count nothing.
            ramp: between 0 and 1.
            measured: weights by name, of the terms whose weights are.
        """
        factors = {term.loss.name: term.weight for term in self.supervised}
        for term in self.unsupervised:
            weight = (measured or {}).get(term.loss.name, term.weight)
            factors[term.loss.name] = ramp * weight * term.worth
        parts = [factor * values[name] for name, factor in factors.items() if name in values]
        return torch.stack(parts).sum()

    def about(self, sigma: float) -> list[str]:
        """Say what counts, one line for each term; see `Term.about`."""
        lines = [term.about(sigma) for term in (*self.supervised, *self.unsupervised)]
        return [*lines, *(f"watched, not trained: {term.about(sigma)}" for term in self.watched)]


def values_of(terms: Iterable[Term], predicted: Predicted) -> dict[str, Tensor]:
    """Compute terms of one clip; NaN where the network says NaN."""
    values = {term.loss.name: term(predicted) for term in terms}
    if predicted.heatmaps is None:
        return values
    # points of such maps would be NaN, which says nothing, and cost 0
    sound = torch.isfinite(predicted.heatmaps.detach().sum())
    return {name: torch.where(sound, value, torch.nan) for name, value in values.items()}


def build_objective(
    losses: Mapping[str, Any],
    labels: Labels,
    plugins: Plugins,
    sigma: float = 1.25,
    watch: Mapping[str, Any] | None = None,
    joined: Labels | None = None,
) -> Objective:
    """Build the losses of a config.

    Args:
        losses: names to options, as a config has them.
        labels: of the training frames.
        plugins: where the losses are looked up.
        sigma: standard deviation of a target Gaussian, in cells.
        watch: names to options of losses to evaluate only; those that are trained are evaluated.
        joined: the labels as clips show them, where these show several cameras' views side by side.

    Raises:
        ConfigError: for a loss or option that does not exist, or a loss that these labels are not
            enough for.
    """
    of_clips = labels if joined is None else joined
    terms = [
        build_term(chosen, labels if chosen.loss.kind == "supervised" else of_clips)
        for chosen in check_losses(losses, plugins)
    ]
    supervised = tuple(term for term in terms if term.loss.kind == "supervised")
    unsupervised = [term for term in terms if term.loss.kind == "unsupervised"]
    others = (c for c in check_watched(watch or {}, plugins) if c.loss.name not in losses)
    watched = [build_term(chosen, of_clips) for chosen in others]
    if any(is_in_nats(term) for term in (*unsupervised, *watched)):
        nat = cost_of_a_nat(supervised, sigma, len(labels.skeleton))
        unsupervised, watched = (
            [replace(term, worth=nat) if is_in_nats(term) else term for term in some]
            for some in (unsupervised, watched)
        )
    return Objective(supervised, tuple(unsupervised), tuple(watched))


def is_in_nats(term: Term) -> bool:
    """Say whether a term gives divergences, which count alike beside any supervised loss."""
    return term.built is not None and term.built.in_nats


def build_term(chosen: ChosenLoss, labels: Labels) -> Term:
    """Build one loss, its weight the config's, or what it takes for right itself."""
    compute = chosen.loss.build(chosen.options, labels)
    built = compute if isinstance(compute, BuiltLoss) else None
    default = chosen.loss.weight if built is None or built.weight is None else built.weight
    weight = default if chosen.weight is None else chosen.weight
    return Term(chosen.loss, weight, chosen.epsilon, compute, built=built, is_auto=chosen.is_auto)


def cost_of_a_nat(supervised: tuple[Term, ...], sigma: float, keypoints: int) -> float:
    """Measure what supervised losses make of a divergence of one nat, near the optimum.

    Two Gaussians some way apart diverge by (d / sigma)**2 / 2 nats; KL says that, the squared error
    1 / (4 pi sigma**2) of it, JS a quarter. 1 where no supervised loss reads heatmaps.
    """
    points = torch.full((1, keypoints, 2), 31.5, dtype=torch.float64)
    moved = points + torch.tensor([APART * sigma, 0.0])
    maps = [render_heatmaps(one, (64, 64), 1, sigma) for one in (points, moved)]
    apart = Predicted(targets=maps[0], heatmaps=maps[1])
    readers = [t for t in supervised if t.loss.needs <= {"heatmaps", "targets"}]
    cost = sum(term.weight * float(term.compute(apart).mean()) for term in readers)
    return cost / (APART**2 / 2) if cost > 0 else 1.0
