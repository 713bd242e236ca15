"""Weights that are measured: so that a loss of clips pulls as hard as the supervised losses do.

Losses differ by orders of magnitude, and how much of a loss reaches the network depends on decoder,
sigma and scene. What can be compared are gradients. In the first epoch in which unsupervised losses
would count, those with the weight "auto" count nothing yet; in each of its steps the gradients at
the scores of the heatmaps are measured, of the supervised losses and of each such loss. From the
next epoch on its weight is the one with which its gradient would have been as large as theirs, in
the root of the mean square over the steps; it stays fixed.

Source: the ratio of gradient norms is that of Esser, Rombach and Ommer, Taming Transformers (2021),
equation 7; measured once, it cannot follow a loss that vanishes.
"""

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pose_core.training.objective import Objective, Term
from pose_core.training.schedule import Schedule

FARTHEST = 100.0
"""A weight is at most this factor from what it would be otherwise, either way: a loss that was
nearly satisfied in the epoch of measurement must not be all that counts when it no longer is."""


class Balance(nn.Module):
    """Measures the weights of losses of clips.

    Args:
        objective: whose terms it weighs.
        schedule: says when they begin to count.
        say: takes one line about what is going on.

    Attributes:
        weights: by name, for the present epoch; 0 where still to be measured.
        pulls: (1 + terms,), squared norms of gradients summed over steps: of the supervised losses,
            then of each measured term at weight 1; in checkpoints.
    """

    pulls: Tensor

    def __init__(
        self, objective: Objective, schedule: Schedule, say: Callable[[str], None]
    ) -> None:
        super().__init__()
        self.terms = tuple(term for term in objective.unsupervised if term.is_auto)
        self.epoch = schedule.begins()
        self.say = say
        self.weights: dict[str, float] = {}
        zeros = torch.zeros(1 + len(self.terms), dtype=torch.float32)
        self.register_buffer("pulls", zeros, persistent=bool(self.terms))

    def begin(self, epoch: int) -> None:
        """Set the weights for an epoch, and say them when they are new."""
        if not self.terms or epoch <= self.epoch:
            self.weights = {term.loss.name: 0.0 for term in self.terms}
            return
        own, *others = self.pulls.tolist()
        self.weights = {
            term.loss.name: balanced(term, own, other)
            for term, other in zip(self.terms, others, strict=True)
        }
        if epoch == self.epoch + 1:
            for term, other in zip(self.terms, others, strict=True):
                self.say(about(term, self.weights[term.loss.name], other > 0))

    def is_measured_in(self, epoch: int) -> bool:
        """Say whether steps of an epoch are to be measured."""
        return bool(self.terms) and epoch == self.epoch

    def pulls_of(
        self,
        own: Tensor,
        heatmaps: Tensor,
        of_clip: Mapping[str, Tensor],
        maps: Tensor | None,
    ) -> Float[Tensor, " terms"]:
        """Give the squared norms of a step.

        Args:
            own: the supervised losses, weighed and added up.
            heatmaps: that these read.
            of_clip: losses of the step's clip, by name.
            maps: that these read; None for a clip that is left out, whose step says nothing.
        """
        if maps is None:
            return torch.zeros_like(self.pulls)
        others = [pull(term.worth * of_clip[term.loss.name], maps) for term in self.terms]
        return torch.stack([pull(own, heatmaps), *others]).to(self.pulls)

    def add(self, pulls: Float[Tensor, " terms"]) -> None:
        """Add what a step of all processes showed."""
        self.pulls.add_(pulls)


def pull(loss: Tensor, heatmaps: Tensor) -> Float[Tensor, ""]:
    """Give the squared norm of a loss's gradient at the scores whose softmax the heatmaps are.

    Args:
        loss: a number that was computed from the heatmaps, or has no gradient.
        heatmaps: (..., h, w), each of sum 1.
    """
    if not loss.requires_grad:
        return torch.zeros((), device=heatmaps.device)
    found = torch.autograd.grad(loss, heatmaps, retain_graph=True, materialize_grads=True)
    share, slope = heatmaps.detach().float(), found[0].float()
    return (share * (slope - (share * slope).sum((-2, -1), keepdim=True))).square().sum()


def balanced(term: Term, own: float, other: float) -> float:
    """Give the weight at which a term pulls as hard; its usual one where nothing was felt."""
    if not (own > 0 and other > 0 and math.isfinite(own / other)):
        return term.weight
    factor = math.sqrt(own / other) / term.weight
    return term.weight * min(max(factor, 1 / FARTHEST), FARTHEST)


def about(term: Term, weight: float, was_felt: bool) -> str:
    """Say in one line what a weight has become."""
    line = f"losses.{term.loss.name}: weight {weight:.3g} from now on"
    if not was_felt:
        return f"{line}, the usual one: it had nothing to say in the epoch it was measured in"
    if 1.001 / FARTHEST < weight / term.weight < 0.999 * FARTHEST:
        return f"{line}, its gradient at the heatmaps is then as large as the supervised"
    return f"{line}, as far from the usual {term.weight:.3g} as it may be"
