"""Which weights become the model: chosen, the last, or the mean of the last."""

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from pose_core.errors import ConfigError, TrainingError
from pose_core.evaluation import evaluate
from pose_core.hookspecs import Loss, hookimpl
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.callbacks import Keeper
from pose_core.training.fit import train
from pose_core.training.keeping import Average, Rule, choose_rule, kept_in_words
from pose_core.training.options import ENOUGH, RunOptions, TrainingOptions


def network(value: float) -> nn.Module:
    """A linear layer and a batch norm, all of one value."""
    layers = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    state = {name: torch.full_like(held, value) for name, held in layers.state_dict().items()}
    layers.load_state_dict(state)
    return layers


def values_of(layers: nn.Module) -> set[float]:
    return {float(v) for held in layers.state_dict().values() for v in held.flatten()}


def test_the_mean_is_of_weights_and_statistics_alike_and_counts_of_steps_are_the_last() -> None:
    average = Average(begin=2)
    for epoch, value in enumerate((9.0, 9.0, 1.0, 2.0, 6.0)):
        average.add(network(value), epoch)
    means = dict(average.mean)
    assert means.pop("1.num_batches_tracked") == 6
    for name, held in means.items():
        torch.testing.assert_close(held, torch.full_like(held, 3.0), msg=name)


def test_a_network_has_the_mean_for_a_while_and_then_its_own_weights_again() -> None:
    average, layers = Average(begin=0), network(5.0)
    average.add(network(3.0), 0)
    with average.put_into(layers):
        assert values_of(layers) == {3.0}
    assert values_of(layers) == {5.0}


def test_before_any_epoch_counts_nothing_is_put_in() -> None:
    layers = network(5.0)
    for average in (Average(begin=7), Average(begin=None)):
        average.add(network(3.0), 6)
        with average.put_into(layers):
            assert values_of(layers) == {5.0}


@pytest.mark.parametrize(
    ("given", "points", "chosen"),
    [
        ({}, 40, "average"),
        ({}, 0, "average"),
        ({}, ENOUGH, "best"),
        ({"patience": 3}, 40, "best"),
        ({"patience": 3}, 0, "average"),
        ({"keep": "best"}, 1, "best"),
        ({"keep": "last"}, ENOUGH, "last"),
        ({"keep": "average"}, ENOUGH, "average"),
        ({"keep": "clips"}, 40, "clips"),
    ],
)
def test_few_labeled_points_are_not_chosen_by_unless_asked_for(
    given: dict[str, Any], points: int, chosen: str
) -> None:
    rule = choose_rule(TrainingOptions(epochs=40, **given), 3, points, clips=2)
    assert (rule.name, rule.begin) == (chosen, 30)
    assert ("fewer than" in rule.why) == (0 < points < ENOUGH)


def test_there_must_be_something_to_choose_by() -> None:
    with pytest.raises(ConfigError, match=r"^training\.keep=best: .* set data\.validation above 0"):
        choose_rule(TrainingOptions(keep="best"), 0, 0, clips=2)
    with pytest.raises(ConfigError, match=r"^training\.keep=clips: .*unlabeled\.validation_clips"):
        choose_rule(TrainingOptions(keep="clips"), 3, 40, clips=0)


def test_what_was_kept_is_said() -> None:
    kept = {"epochs": [45, 59], "validation_error": 2.345}
    assert kept_in_words(Rule("average", 45, ""), kept) == (
        "kept: the mean of the weights of epochs 45 to 59, validation error 2.35 px "
        "(training.keep=average)"
    )
    assert "the weights of epoch 4 (" in kept_in_words(Rule("last", 3, ""), {"epochs": [4, 4]})


def options_of(project: Path, output: Path, **sections: Any) -> RunOptions:
    given = {
        "project": str(project),
        "output": str(output),
        "data": {"size": [32, 32], "batch_size": 5, "validation": 0.2, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "training": {"epochs": 8, "check_every": 4, "checkpoint_seconds": 0.0},
        **sections,
    }
    return fill(RunOptions, given, "options")


def test_the_model_is_the_mean_of_the_last_quarter_and_so_is_what_is_validated(
    tiny_project: Path, tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[dict[str, torch.Tensor]] = []
    own = Keeper.on_train_epoch_end

    def watch(keeper: Keeper, trainer: Any, module: Any) -> None:
        state = module.network.state_dict()
        ends.append({name: value.clone() for name, value in state.items()})
        own(keeper, trainer, module)

    monkeypatch.setattr(Keeper, "on_train_epoch_end", watch)
    lines: list[str] = []
    train(options_of(tiny_project, tmp_path / "run"), plugins, lines.append)
    model = load_file(tmp_path / "run" / "model.safetensors")
    for name, value in model.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (ends[6][name] + ends[7][name]) / 2, msg=name)
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["kept"]["epochs"] == [6, 7]
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines()))
    found = status["kept"]["validation_error"]
    assert found == pytest.approx(float(rows[-1]["validation_error"]), rel=1e-6)
    assert found == pytest.approx(
        evaluate(tmp_path / "run", plugins).summaries["validation"].mean[-1]
    )
    assert any(line.startswith("validation: 2 frames with 6 labeled points, few") for line in lines)
    assert lines[-1].startswith("kept: the mean of the weights of epochs 6 to 7, validation error")


@pytest.mark.parametrize("due", [True, False])
def test_all_processes_write_a_checkpoint_where_the_first_does_whatever_their_own_clocks_say(
    due: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(tmp_path, 1e9 if due else 0.0, None, 0, Rule("last", 0, ""))
    written: list[bool] = []
    monkeypatch.setattr(Keeper, "checkpoint", lambda *_: written.append(True))
    strategy = SimpleNamespace(broadcast=lambda own: not own)
    trainer: Any = SimpleNamespace(
        should_stop=False, current_epoch=3, max_epochs=9, strategy=strategy
    )
    keeper.on_train_epoch_end(trainer, network(1.0))  # type: ignore[arg-type]
    assert written == [True] * due


def test_a_run_that_averages_and_broke_off_ends_bit_equal(
    tiny_project: Path, tmp_path: Path, plugins: Plugins
) -> None:
    calls, breaks_at = [0], [10**9]

    def squares(predicted: Any) -> torch.Tensor:
        calls[0] += torch.is_grad_enabled()
        if calls[0] == breaks_at[0]:
            raise TrainingError("the light went out")
        return (predicted.heatmaps - predicted.targets).square().sum((-2, -1))

    module = type(sys)("plugin_of_squares")
    needs = frozenset({"heatmaps", "targets"})

    @hookimpl
    def pose_losses() -> list[Loss]:
        return [Loss(name="squares", kind="supervised", needs=needs, build=lambda o, n: squares)]

    module.pose_losses = pose_losses  # type: ignore[attr-defined]
    plugins.add(module)
    given = {"losses": {"squares": {}}}
    train(options_of(tiny_project, tmp_path / "whole", **given), plugins, lambda _: None)
    calls[0], breaks_at[0] = 0, 15  # the first step of the last of eight epochs of two
    options = options_of(tiny_project, tmp_path / "broken", **given)
    with pytest.raises(TrainingError, match="the light went out"):
        train(options, plugins, lambda _: None)
    breaks_at[0] = 10**9
    train(replace(options, resume=True), plugins, lambda _: None)
    whole, broken = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "broken"))
    assert all(torch.equal(whole[name], broken[name]) for name in whole)
    for name in ("status.json", "metrics.csv"):
        assert (tmp_path / "whole" / name).read_text() == (tmp_path / "broken" / name).read_text()
