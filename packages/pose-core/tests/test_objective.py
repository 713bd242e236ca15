"""The objective: masks, epsilon, weights, branches; and the schedule of a run."""

from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pytest
import torch

from pose_core import Labels, Skeleton
from pose_core.errors import ConfigError
from pose_core.hookspecs import BuiltLoss, Loss, Predicted, hookimpl
from pose_core.model.options import ModelOptions
from pose_core.plugins import Plugins
from pose_core.training.data import course_of
from pose_core.training.losses import heatmap_mse
from pose_core.training.losses_chosen import check_losses
from pose_core.training.objective import Objective, Term, build_objective
from pose_core.training.options import RunOptions, TrainingOptions
from pose_core.training.schedule import Schedule

LABELS = Labels.of(["a"], np.zeros((1, 2, 2)), Skeleton(("nose", "tail")))


def maps(*shape: int, seed: int = 0) -> torch.Tensor:
    values = torch.rand(*shape, generator=torch.Generator().manual_seed(seed))
    return values / values.sum((-2, -1), keepdim=True)


def term(kind: str, compute, weight: float = 1.0, epsilon: float = 0.0) -> Term:
    loss = Loss(
        name=kind, kind=kind, needs=frozenset({"keypoints"}), build=lambda options, labels: compute
    )
    return Term(loss, weight, epsilon, compute)


def test_a_missing_label_changes_neither_loss_nor_gradient() -> None:
    targets, heatmaps = maps(2, 3, 4, 4), maps(2, 1, 3, 4, 4, seed=1).requires_grad_()
    targets[1, 2] = 0
    objective = Objective((term("supervised", heatmap_mse),), ())
    value = objective.on_labeled(heatmaps, targets)["supervised"]
    known = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    by_hand = torch.stack(
        [(heatmaps[b, 0, k] - targets[b, k]).square().sum() for b, k in known]
    ).mean()
    torch.testing.assert_close(value, by_hand)
    value.backward()
    assert (heatmaps.grad[1, 0, 2] == 0).all() and (heatmaps.grad[0, 0, 0] != 0).any()


def test_a_batch_without_labels_costs_nothing_and_has_a_gradient() -> None:
    heatmaps = maps(2, 1, 3, 4, 4).requires_grad_()
    value = Objective((term("supervised", heatmap_mse),), ()).on_labeled(
        heatmaps, torch.zeros(2, 3, 4, 4)
    )
    value["supervised"].backward()
    assert value["supervised"] == 0 and (heatmaps.grad == 0).all()


def test_supervised_losses_average_over_branches() -> None:
    targets, heatmaps = maps(2, 3, 4, 4), maps(2, 2, 3, 4, 4)
    objective = Objective((term("supervised", heatmap_mse),), ())
    both = objective.on_labeled(heatmaps, targets)["supervised"]
    each = [objective.on_labeled(heatmaps[:, b : b + 1], targets)["supervised"] for b in (0, 1)]
    torch.testing.assert_close(both, torch.stack(each).mean())


def test_epsilon_is_taken_off_each_value_and_nan_does_not_count() -> None:
    values = torch.tensor([[1.0, 5.0], [torch.nan, 9.0]], requires_grad=True)
    loss = term("unsupervised", lambda predicted: predicted.keypoints, epsilon=4.0)
    total = loss(Predicted(keypoints=values))
    torch.testing.assert_close(total, torch.tensor((0.0 + 1 + 5) / 3))
    total.backward()
    assert torch.isfinite(values.grad).all()


def test_the_total_is_weighted_and_unsupervised_terms_ramp() -> None:
    objective = Objective(
        (term("supervised", heatmap_mse, weight=2.0),),
        (term("unsupervised", lambda p: p.keypoints, weight=3.0),),
    )
    values = {"supervised": torch.tensor(1.0), "unsupervised": torch.tensor(10.0)}
    assert objective.total(values, ramp=0.5) == 2 + 15
    assert objective.decodes_clips


def test_misspelt_losses_and_options_are_refused_with_the_right_one(plugins: Plugins) -> None:
    with pytest.raises(ConfigError, match=r"losses\.heatmap_mes: unknown loss.*'heatmap_mse'"):
        check_losses({"heatmap_mes": {}}, plugins)
    with pytest.raises(ConfigError, match=r"losses\.heatmap_mse: unknown option 'wieght'"):
        check_losses({"heatmap_mse": {"wieght": 1}}, plugins)
    with pytest.raises(ConfigError, match=r"unknown option 'wieght'; did you mean 'weight'"):
        check_losses({"heatmap_mse": {"wieght": 1}}, plugins)
    with pytest.raises(ConfigError, match=r"heatmap_mse\.weight: -1\.0 is not positive; give"):
        check_losses({"heatmap_mse": {"weight": -1.0}}, plugins)
    with pytest.raises(ConfigError, match="no supervised loss"):
        check_losses({"heatmap_mse": None}, plugins)
    with pytest.raises(ConfigError, match=r"losses\.heatmap_mse\.weight: 'x' is not a number"):
        check_losses({"heatmap_mse": {"weight": "x"}}, plugins)


def test_a_loss_without_options_has_its_defaults(plugins: Plugins) -> None:
    objective = build_objective({"heatmap_mse": {}}, LABELS, plugins)
    assert [one.weight for one in objective.supervised] == [1.0]
    assert not objective.decodes_clips


def schedule(**training) -> Schedule:
    return Schedule.of(
        RunOptions(training=TrainingOptions(**training), model=ModelOptions(pretrained=True))
    )


def test_learning_rates_follow_the_published_recipe() -> None:
    course = schedule(epochs=300, milestones=(0.5, 2 / 3, 5 / 6), gamma=0.5)
    assert course.frozen_epochs == 20
    assert [course.factor(done) for done in (0, 0.499, 0.5, 0.7, 0.9)] == [1, 1, 0.5, 0.25, 0.125]
    warm = [course.backbone_factor((20 + epoch) / 300) for epoch in range(8)]
    assert warm == pytest.approx([0.1, 0.15, 0.225, 0.3375, 0.50625, 0.759375, 1, 1])


def test_random_weights_are_not_frozen_unless_asked_for() -> None:
    options = RunOptions(model=ModelOptions(pretrained=False))
    assert Schedule.of(options).frozen_epochs == 0
    assert schedule(epochs=10, frozen=0.3).frozen_epochs == 3


def test_unsupervised_losses_begin_late_and_grow() -> None:
    course = Schedule(100, 0, (), 1.0, begin=0.2, full=0.6)
    assert [course.ramp(epoch) for epoch in (0, 20, 40, 60, 99)] == pytest.approx([0, 0, 0.5, 1, 1])


def test_it_is_said_when_unsupervised_losses_count_and_when_they_never_do() -> None:
    assert course_of(Schedule(10, 0, (), 1.0, begin=0.2, full=0.5)) == (
        "unsupervised losses count from epoch 3, in full from epoch 5"
    )
    assert course_of(Schedule(1, 0, (), 1.0, begin=0.2, full=0.5)).startswith("warning: 1 epochs")


@pytest.mark.parametrize("wrong", [{"frozen": 1.5}, {"milestones": (150.0,)}, {"epochs": 0}])
def test_what_is_no_fraction_is_refused(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=r"training\.(frozen|milestones|epochs)"):
        schedule(**wrong)


def test_a_supervised_loss_that_is_no_number_is_not_taken_for_nothing() -> None:
    heatmaps = maps(2, 1, 3, 4, 4)
    heatmaps[0, 0, 1] = torch.nan
    targets = maps(2, 3, 4, 4)
    objective = Objective((term("supervised", heatmap_mse),), ())
    assert objective.on_labeled(heatmaps, targets)["supervised"].isnan()
    targets[0, 1] = 0  # not labeled: does not count
    assert objective.on_labeled(heatmaps, targets)["supervised"].isfinite()


def test_a_clip_whose_heatmaps_are_nan_does_not_cost_nothing() -> None:
    keypoints = torch.full((3, 2, 2), torch.nan)
    objective = Objective((), (term("unsupervised", lambda predicted: predicted.keypoints),))
    assert objective.on_clip(Predicted(keypoints=keypoints))["unsupervised"] == 0
    broken = Predicted(keypoints=keypoints, heatmaps=torch.full((3, 2, 4, 4), torch.nan))
    assert objective.on_clip(broken)["unsupervised"].isnan()


def test_a_loss_may_take_epsilon_off_itself_and_know_its_own_weight() -> None:
    @dataclass(frozen=True)
    class Own:
        """epsilon: of the loss itself."""

        epsilon: float | None = None

    built = BuiltLoss(compute=lambda predicted: predicted.keypoints, weight=0.25, unit="nat")
    loss = Loss(
        name="own",
        kind="unsupervised",
        needs=frozenset({"keypoints"}),
        build=lambda options, labels: built,
        options=Own,
        epsilon=0.0,
    )
    plugins = Plugins().add("pose_core.plugin")
    module = ModuleType("own_plugin")
    module.pose_losses = hookimpl(lambda: [loss], specname="pose_losses")
    plugins.add(module)
    given = {"heatmap_mse": {}, "own": {"epsilon": 3.0}}
    (_, chosen) = check_losses(given, plugins)
    assert (chosen.options.epsilon, chosen.epsilon, chosen.weight) == (3.0, 0.0, None)
    (own,) = build_objective(given, LABELS, plugins).unsupervised
    assert (own.weight, own.epsilon, own.worth) == (0.25, 0.0, 1.0)
    given["own"]["weight"] = 2
    (own,) = build_objective(given, LABELS, plugins).unsupervised
    assert own.weight == 2
    assert own.about(4.0) == "losses.own: weight 2 per nat"


def test_a_ramp_without_a_slope_and_one_that_never_ends_divide_by_nothing() -> None:
    step = Schedule(10, 0, (), 1.0, begin=0.5, full=0.5, weight=0.3)
    assert [step.ramp(epoch) for epoch in (4, 5, 9)] == [0, 0.3, 0.3]
    never = Schedule(10, 0, (), 1.0, begin=1.0, full=1.0)
    assert [never.ramp(epoch) for epoch in (0, 9)] == [0, 0]
    assert course_of(replace(step, weight=0.0)).startswith("unlabeled.weight=0: clips are seen")
