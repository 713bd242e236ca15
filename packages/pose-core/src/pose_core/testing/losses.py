"""The contract of losses: what they read, what shape they give, what their gradient reaches."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from pose_core.hookspecs import Predicted
from pose_core.labels import Labels
from pose_core.testing import modules
from pose_core.testing.samples import sample_labels, sample_track
from pose_core.testing.suite import OptionsConformance

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = 12
STRIDE = 8  # frame pixels per cell of the heatmaps below: 256 pixels are 32 cells
FIELDS = frozenset(field.name for field in fields(Predicted))
OF_CLIPS = frozenset({"decoded", "follows", "cells", "sigma", "gate", "noise"})
TRAINED = ("heatmaps", "keypoints", "decoded")  # fields that a gradient flows back from


def copied(field: "Tensor | None") -> "Tensor":
    """Copy a field that `LossConformance.predicted` fills."""
    assert field is not None, "an overridden `predicted` must fill every field"
    return field.clone()


class LossConformance(OptionsConformance):
    """Builds the loss on labels of a small animal in two views, and gives it predictions.

    Override `labels` or `predicted` for a loss that needs a richer scene.
    """

    kind = "loss"

    def labels(self) -> Labels:
        """Give the labels of the training frames; a few points are missing."""
        return sample_labels()

    def predicted(self, frames: int = FRAMES, wrong: float = 6.0) -> Predicted:
        """Give what a network says of a clip, or of as many labeled images.

        Args:
            frames: how many.
            wrong: how far predictions are off, in pixels (standard deviation).
        """
        import torch

        from pose_core.heatmaps import render_heatmaps

        truth = torch.as_tensor(sample_track(FRAMES)[:frames], dtype=torch.float32)
        keypoints = truth + wrong * (modules.noise(*truth.shape) - 0.5) * 12**0.5
        maps = render_heatmaps(keypoints, (32, 32), STRIDE) + 1e-6
        offset = 0.5 / STRIDE - 0.5
        cells = torch.tensor([[1 / STRIDE, 0.0, offset], [0.0, 1 / STRIDE, offset]])
        return Predicted(
            heatmaps=maps / maps.sum((-2, -1), keepdim=True),
            targets=render_heatmaps(truth, (32, 32), STRIDE),
            keypoints=keypoints,
            confidence=0.9 + 0.1 * modules.noise(*truth.shape[:2]),
            decoded=keypoints.clone(),
            follows=torch.arange(len(truth)) > 0,
            cells=cells.expand(*truth.shape[:2], 2, 3).clone(),
            sigma=torch.tensor(1.25),
            gate=torch.tensor(0.95),
            noise=torch.tensor(0.4),
        )

    def only_needed(self, predicted: Predicted) -> Predicted:
        """Leave out what the loss does not need, and ask for gradients of the rest."""
        kept = {name: getattr(predicted, name) for name in self.component.needs}
        for name in kept.keys() & set(TRAINED):
            kept[name] = kept[name].detach().clone().requires_grad_()
        return Predicted(**kept)

    def compute(self, predicted: Predicted) -> "Tensor":
        """Build the loss and run it."""
        return self.component.build(self.filled, self.labels())(predicted)

    def test_it_says_what_it_is(self) -> None:
        loss = self.component
        assert loss.kind in ("supervised", "unsupervised")
        assert loss.needs
        assert loss.needs <= FIELDS, f"needs {set(loss.needs)}; fields are {set(FIELDS)}"
        assert ("targets" in loss.needs) <= (loss.kind == "supervised"), "clips have no targets"
        assert not loss.needs & OF_CLIPS or loss.kind == "unsupervised", f"of clips: {OF_CLIPS}"
        assert loss.weight >= 0
        assert loss.epsilon >= 0

    def test_what_it_needs_is_enough(self) -> None:
        self.compute(self.only_needed(self.predicted()))

    def test_it_makes_nothing_of_what_it_does_not_need(self) -> None:
        import torch

        predicted = self.predicted()
        all_given, needed = self.compute(predicted), self.compute(self.only_needed(predicted))
        torch.testing.assert_close(all_given, needed.detach(), rtol=0, atol=0, equal_nan=True)

    def test_it_is_not_reduced(self) -> None:
        values = self.compute(self.predicted())
        if self.component.kind == "supervised":
            assert tuple(values.shape) == (FRAMES, len(self.labels().skeleton))
        else:
            assert values.ndim > 0, (
                "a loss of a clip says where it is high; its mean is not its own"
            )

    def test_it_is_not_negative_and_nowhere_infinite(self) -> None:
        import torch

        values = self.compute(self.predicted())
        known = values[~torch.isnan(values)]
        assert known.numel(), "says nothing about an ordinary clip"
        assert bool(torch.isfinite(known).all())
        assert float(known.min()) >= -1e-5
        if self.component.kind == "supervised":
            assert known.numel() == values.numel(), "a supervised loss is finite everywhere"

    def test_perfect_predictions_cost_nothing(self) -> None:
        import torch

        if self.component.kind != "supervised":
            pytest.skip("unsupervised: does not know what is perfect")
        wrong = self.predicted()
        perfect = replace(self.predicted(wrong=0.0), heatmaps=wrong.targets)
        values = self.compute(perfect)
        torch.testing.assert_close(values, torch.zeros_like(values), rtol=0, atol=1e-4)
        assert bool((self.compute(wrong) > values.max()).all()), "wrong predictions cost no more"

    def test_a_missing_label_stays_finite(self) -> None:
        import torch

        if "targets" not in self.component.needs:
            pytest.skip("reads no targets")
        predicted = self.predicted()
        targets = copied(predicted.targets)
        targets[0] = 0
        given = self.only_needed(replace(predicted, targets=targets))
        values = self.compute(given)
        assert bool(torch.isfinite(values).all())
        values[1:].sum().backward()  # the objective leaves the missing ones out
        self.assert_gradients_are_finite(given)

    def test_the_gradient_reaches_what_is_needed(self) -> None:
        import torch

        given = self.only_needed(self.predicted())
        values = self.compute(given)
        values[torch.isfinite(values)].sum().backward()
        trained = [name for name in TRAINED if name in self.component.needs]
        reached = [name for name in trained if getattr(given, name).grad is not None]
        assert any(bool(getattr(given, name).grad.any()) for name in reached), (
            f"no gradient reaches any of {trained}"
        )
        self.assert_gradients_are_finite(given)

    def test_points_that_left_the_image_raise_no_error_and_spoil_no_gradient(self) -> None:
        import torch

        if "keypoints" not in self.component.needs:
            pytest.skip("reads no keypoints")
        predicted = self.predicted()
        keypoints = copied(predicted.keypoints)
        keypoints[0, 0] = keypoints[FRAMES // 2, :4] = torch.nan
        given = self.only_needed(replace(predicted, keypoints=keypoints))
        values = self.compute(given)
        kept = torch.isfinite(values)
        assert bool(kept.any()), "a few missing points silence the whole clip"
        torch.where(kept, values, torch.zeros_like(values)).sum().backward()
        self.assert_gradients_are_finite(given)

    def test_points_that_coincide_spoil_no_gradient(self) -> None:
        import torch

        if "keypoints" not in self.component.needs:
            pytest.skip("reads no keypoints")
        predicted = self.predicted()
        same = torch.full_like(copied(predicted.keypoints), 100.0)
        given = self.only_needed(replace(predicted, keypoints=same))
        values = self.compute(given)
        if values.requires_grad:
            torch.where(torch.isfinite(values), values, torch.zeros_like(values)).sum().backward()
            self.assert_gradients_are_finite(given)

    def test_one_frame_is_enough_to_run(self) -> None:
        import torch

        values = self.compute(self.only_needed(self.predicted(frames=1)))
        assert not bool(torch.isinf(values).any())

    def test_predictions_are_not_altered(self) -> None:
        import torch

        given, untouched = self.predicted(), self.predicted()
        self.compute(given)
        for name in FIELDS:
            assert torch.equal(getattr(given, name), getattr(untouched, name)), name

    def test_a_gpu_gives_the_same(self) -> None:
        import torch

        modules.skip_without_gpu()
        given = self.predicted()
        there = Predicted(**{name: getattr(given, name).cuda() for name in FIELDS})
        found, expected = self.compute(there).cpu(), self.compute(given)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4, equal_nan=True)

    def assert_gradients_are_finite(self, given: Predicted) -> None:
        """Check the gradients of every field that has one."""
        import torch

        for name in TRAINED:
            gradient = getattr(getattr(given, name), "grad", None)
            if gradient is not None:
                assert bool(torch.isfinite(gradient).all()), f"the gradient of {name} is not finite"
