"""Weights that are measured: gradients at the scores of heatmaps, as large as the supervised."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pose_core.errors import ConfigError
from pose_core.hookspecs import Loss, hookimpl
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.balance import FARTHEST, Balance, balanced, pull
from pose_core.training.fit import train
from pose_core.training.losses_chosen import check_losses
from pose_core.training.objective import Objective, Term
from pose_core.training.options import RunOptions
from pose_core.training.schedule import Schedule
from pose_core.video.writing import VideoWriter


def test_a_pull_is_the_gradient_at_the_scores() -> None:
    scores = torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    heatmaps = scores.flatten(-2).softmax(-1).unflatten(-1, (5, 4))
    loss = (heatmaps**2 * torch.arange(20.0).view(5, 4)).sum() + heatmaps[0, 0, 1, 1].log()
    (expected,) = torch.autograd.grad(loss, scores, retain_graph=True)
    torch.testing.assert_close(pull(loss, heatmaps), expected.square().sum())


def test_what_does_not_reach_the_heatmaps_pulls_nothing() -> None:
    heatmaps = torch.full((1, 2, 2), 0.25, requires_grad=True)
    assert float(pull(torch.zeros(()), heatmaps)) == 0
    assert float(pull(torch.ones((), requires_grad=True) * 2, heatmaps)) == 0


def term(name: str = "still", weight: float = 0.5, is_auto: bool = True) -> Term:
    loss = Loss(
        name=name,
        kind="unsupervised",
        needs=frozenset({"heatmaps"}),
        build=lambda options, labels: lambda predicted: predicted.heatmaps,
    )
    return Term(loss, weight, 0.0, lambda predicted: predicted.heatmaps, is_auto=is_auto)


@pytest.mark.parametrize(
    ("own", "other", "weight"),
    [
        (9.0, 4.0, 1.5),  # squares of 3 and 2
        (9.0, 0.0, 0.5),
        (0.0, 4.0, 0.5),
        (9.0, float("inf"), 0.5 / FARTHEST),
        (9.0, float("nan"), 0.5),
        (1e12, 1e-6, 0.5 * FARTHEST),
        (1e-6, 1e12, 0.5 / FARTHEST),
    ],
)
def test_a_weight_makes_pulls_equal_within_limits(own: float, other: float, weight: float) -> None:
    assert balanced(term(), own, other) == pytest.approx(weight)


def test_weights_are_nothing_until_measured_and_then_fixed_and_said_once() -> None:
    lines: list[str] = []
    schedule = Schedule(10, 0, (), 1.0, begin=0.25, full=0.5)
    balance = Balance(Objective((), (term(), term("given", 3.0, False))), schedule, lines.append)
    balance.begin(3)
    assert schedule.ramp(3) > 0 == schedule.ramp(2)
    assert balance.weights == {"still": 0.0}
    assert [balance.is_measured_in(epoch) for epoch in (2, 3, 4)] == [False, True, False]
    balance.add(torch.tensor([9.0, 4.0]))
    for epoch in (4, 5):
        balance.begin(epoch)
        assert balance.weights == {"still": pytest.approx(1.5)}
    (line,) = lines
    assert line.startswith("losses.still: weight 1.5 from now on, its gradient at the heatmaps")


def with_losses(plugins: Plugins) -> Plugins:
    """Add `still`, which punishes heatmaps that change, and `strong`, the same five times."""
    module = type(sys)("plugin_of_still_and_strong")

    def changes(factor: float) -> Any:
        def compute(predicted: Any) -> torch.Tensor:
            maps = predicted.heatmaps
            return factor * (maps[1:] - maps[:-1]).abs().sum((-2, -1))

        return compute

    @hookimpl
    def pose_losses() -> list[Loss]:
        needs = frozenset({"heatmaps"})
        return [
            Loss(name=name, kind="unsupervised", needs=needs, build=lambda o, n, f=f: changes(f))
            for name, f in (("still", 0.1), ("strong", 0.5))
        ]

    module.pose_losses = pose_losses  # type: ignore[attr-defined]
    return plugins.add(module)


def test_a_run_measures_in_the_first_epoch_that_counts_and_logs_what_it_found(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    (tiny_project / "videos").mkdir()
    noise = np.random.default_rng(0)
    with VideoWriter(tiny_project / "videos" / "clip.avi", 30) as writer:
        for _ in range(12):
            writer.write(noise.integers(0, 255, (64, 64, 3), np.uint8))
    given = {
        "project": str(tiny_project),
        "output": str(tmp_path / "run"),
        "data": {"size": [32, 32], "batch_size": 6, "validation": 0.0, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "losses": {"heatmap_mse": {}, "still": {"weight": "auto"}, "strong": {"weight": "auto"}},
        "unlabeled": {"length": 3, "begin": 0.25, "full": 0.25},
        "training": {"epochs": 4},
    }
    lines: list[str] = []
    train(fill(RunOptions, given, "options"), with_losses(plugins), lines.append)
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines()))
    weights = [(float(row["weight_still"]), float(row["weight_strong"])) for row in rows]
    assert weights[:2] == [(0, 0), (0, 0)]
    assert weights[2] == weights[3]
    still, strong = weights[2]
    assert still == pytest.approx(5 * strong, rel=1e-4)
    assert any(line.startswith("losses.still: weight auto") for line in lines)
    assert any(line.startswith(f"losses.still: weight {still:.3g} from now on") for line in lines)


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (
            {"still": {"weight": "search"}},
            r"^losses\.still\.weight: 'search' is not a number, or auto; .*"
            r"--multirun losses\.still\.weight=0\.1,1,10",
        ),
        ({"still": {"weight": True}}, r"losses\.still\.weight: True is not a number, or auto"),
        ({"still": {"weight": float("nan")}}, r"losses\.still\.weight: nan is not positive"),
        ({"still": {"weight": -2}}, r"losses\.still\.weight: -2 is not positive"),
        ({"heatmap_mse": {"weight": "auto"}}, r"heatmap_mse\.weight: 'auto' is not a number; to"),
        ({"still": {"epsilon": "much"}}, r"losses\.still\.epsilon: 'much' is not a number"),
    ],
)
def test_a_weight_that_is_none_is_refused(
    plugins: Plugins, losses: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_losses({"heatmap_mse": {}, **losses}, with_losses(plugins))
