"""Which run is chosen, why, and when that is open."""

import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pose_core.diagnostics.noise import differences, mean_of
from pose_core.diagnostics.selection import explain, select
from pose_core.diagnostics.unsure import unsure_told
from pose_core.errors import FormatError
from pose_core.files import write_predictions
from pose_core.hookspecs import Metric, hookimpl
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton

Make = Callable[..., Path]


def option(weight: float, seed: int = 0) -> dict[str, object]:
    return {"seed": seed, "losses": {"heatmap_mse": {}, "temporal": {"weight": weight}}}


def with_metric() -> types.ModuleType:
    """Make a plugin whose metric is how far to the right a point is."""
    module = types.ModuleType("to_the_right")

    @hookimpl
    def pose_metrics() -> list[Metric]:
        return [
            Metric(name="x", unit="px", needs=frozenset(), compute=lambda p, _: p.keypoints[..., 0])
        ]

    module.pose_metrics = pose_metrics  # type: ignore[attr-defined]
    return module


def chosen(runs: list[Path], plugins: Plugins) -> list[str]:
    found = select(runs, plugins)
    return list(found.settings[0].runs)


def test_the_smaller_error_on_validation_frames_wins(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    train_only = np.repeat([9.0, 1.0], [6, 6])  # off where it validates and tests, good elsewhere
    runs = [make_run("a", tiny_project, train_only, option(1)), make_run("b", tiny_project, 4.0)]
    found = select(runs, plugins)
    assert [one.runs for one in found.settings] == [("b",), ("a",)]
    assert [one.error for one in found.settings] == pytest.approx([4.0, 9.0], abs=1e-3)
    assert not found.settings[1].eligible
    lines = explain(found)
    assert lines[:2] == ["best: b", "it is best in 1 of 1: pixel_error"]
    assert "smaller than others' by more than chance" in lines[2]
    assert "another seed" in lines[3]


def test_among_errors_that_chance_explains_most_diagnostics_decide(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    uneven = np.array([1.0, 9.0, 2.0, 8.0, *[1.0] * 8])
    swapped = uneven[[1, 0, 3, 2, *range(4, 12)]]
    losses = {"validation_temporal": 3.0, "validation_pca": 3.0}
    better = {"validation_temporal": 1.0, "validation_pca": 2.0}
    runs = [
        make_run("smallest", tiny_project, uneven, option(1), **losses),
        make_run("smooth", tiny_project, swapped + 0.1, option(2), **better),
        make_run("bad", tiny_project, 40.0, option(9), validation_temporal=0.1, validation_pca=0.1),
    ]
    found = select(runs[:2], plugins)
    assert found.settings[0].runs == ("smooth",)
    assert found.settings[0].best_in == ("temporal of clips", "pca of clips")
    assert "4 validation frames cannot tell its pixel error" in " ".join(explain(found))
    third = select(runs, plugins)
    assert [one.runs[0] for one in third.settings] == ["smallest", "smooth", "bad"]
    assert "bad is best in more, 2, but its pixel error, 40.00 px" in " ".join(explain(third))


def test_runs_that_differ_in_their_seed_are_one_setting(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    errors = {(1, 0): 5.0, (1, 1): 1.0, (2, 0): 2.0, (2, 1): 2.2}
    runs = [
        make_run(f"w{weight}s{seed}", tiny_project, error, option(weight, seed))
        for (weight, seed), error in errors.items()
    ]
    found = select(runs, plugins)
    assert {one.name: round(one.error, 3) for one in found.settings} == {
        "losses.temporal.weight=2": 2.1, "losses.temporal.weight=1": 3.0,
    }  # fmt: skip
    assert found.settings[1].eligible  # two seeds that differ so much do not tell
    assert "its 2 seeds make an ensemble; of one alone, take w2s0" in explain(found)


def test_seeds_alone_are_compared_with_one_another(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    runs = [make_run(f"s{n}", tiny_project, 2.0 + n, option(1, n)) for n in range(3)]
    assert chosen(runs, plugins) == ["s0"]


def test_runs_are_compared_on_the_frames_that_all_validate_on(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    said: list[str] = []
    error = np.array([9.0, 1.0, 1.0, 9.0, *[1.0] * 8])
    first = ["validation"] * 3 + ["train"] * 9
    second = ["train"] + ["validation"] * 3 + ["train"] * 8
    runs = [
        make_run("a", tiny_project, error, option(1), first),
        make_run("b", tiny_project, 2.0, option(2), second),
    ]
    found = select(runs, plugins, say=said.append)
    assert [one.error for one in found.settings] == pytest.approx([1.0, 2.0], abs=1e-3)
    assert any("compared on the 2 common frames" in line for line in said)


def test_runs_validated_on_frames_of_their_own_are_not_compared(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    sets = ["validation"] * 3 + ["train"] * 9
    runs = [
        make_run(name, tiny_project, sets=own) for name, own in (("a", sets), ("b", sets[::-1]))
    ]
    with pytest.raises(FormatError, match="shares no validation frame.*one split=PATH"):
        select(runs, plugins)


def test_one_run_or_none_with_evidence_is_refused(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    runs = [make_run(name, tiny_project, sets=["train"] * 12) for name in "ab"]
    with pytest.raises(FormatError, match=r"data\.validation above 0"):
        select(runs, plugins)
    with pytest.raises(FormatError, match="1 run can be compared"):
        select(runs[:1], plugins)


def test_a_run_that_is_not_evaluated_is_said_and_the_others_compared(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    said: list[str] = []
    runs = [make_run(name, tiny_project, n + 1.0) for n, name in enumerate("abc")]
    (runs[0] / "predictions.csv").unlink()
    (runs[1] / "status.json").write_text("{")
    with pytest.raises(FormatError, match="1 run can be compared"):
        select(runs, plugins, say=said.append)
    assert any("run pose evaluate" in line for line in said)
    assert any("status.json: cannot be read" in line for line in said)


def test_a_loss_with_other_options_is_not_compared(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    said: list[str] = []
    runs = [
        make_run(
            name, tiny_project, 1.0,
            {"losses": {"temporal": {"epsilon": epsilon, "weight": epsilon}}},
            validation_temporal=epsilon,
        )
        for name, epsilon in (("a", 5.0), ("b", 20.0))
    ]  # fmt: skip
    found = select(runs, plugins, say=said.append)
    assert list(found.settings[0].diagnostics) == ["pixel_error"]
    assert said == [
        "temporal of held-out clips: runs have different options of it; it is not compared"
    ]


def test_violations_of_videos_count_above_the_tolerance(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    runs = [make_run(name, tiny_project, 1.0, option(n)) for n, name in enumerate("ab")]
    skeleton = Skeleton(("nose", "left", "right"))
    for run, x in zip(runs, (3.0, 5.0), strict=True):
        points = np.full((4, 3, 2), x)
        given = Predictions(points, np.ones((4, 3)), skeleton)
        write_predictions(run / "predictions" / "clip.npz", given, plugins)
    write_predictions(runs[0] / "predictions" / "alone.npz", given, plugins)
    plugins.add(with_metric())
    said: list[str] = []
    found = select(runs, plugins, thresholds={"x": 4.0}, say=said.append)
    assert [one.diagnostics["x of videos"] for one in found.settings] == [0.0, 1.0]
    assert "alone: not all runs have predicted it; it is not compared" in said


def test_a_run_that_is_sure_of_nothing_does_not_win_by_its_videos(
    make_run: Make, tiny_project: Path, plugins: Plugins
) -> None:
    runs = [make_run(name, tiny_project, n + 1.0, option(n)) for n, name in enumerate("ab")]
    skeleton = Skeleton(("nose", "left", "right"))
    for run, x, confidence in zip(runs, (3.0, 0.0), (0.95, 0.001), strict=True):
        given = Predictions(np.full((900, 3, 2), x), np.full((900, 3), confidence), skeleton)
        write_predictions(run / "predictions" / "clip.npz", given, plugins)
    plugins.add(with_metric())
    found = select(runs, plugins, thresholds={"x": 2.0, "pixel_error": 9.0})
    best, collapsed = found.settings
    assert collapsed.diagnostics["x of videos"] < best.diagnostics["x of videos"]
    assert (best.runs, collapsed.best_in) == (("a",), ())
    line = "b: 100 % of its points below 0.9 confidence; it may have learned nothing"
    assert f"warning: {line}" in explain(found)
    low = select(runs, plugins, thresholds={"x": 2.0, "confidence": 0.0005})  # none is unsure
    assert low.settings[1].best_in or low.settings[0].runs == ("b",)
    assert "may have learned nothing" not in " ".join(explain(low))


def test_networks_that_are_equally_unsure_are_told_in_one_line() -> None:
    assert unsure_told({"a": 1.0, "b": 0.96, "c": 0.999}, 0.9) == [
        "a and c: 100 % of their points below 0.9 confidence; they may have learned nothing",
        "b: 96 % of its points below 0.9 confidence; it may have learned nothing",
    ]


def test_the_interval_of_a_difference_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(0)
    one = rng.gamma(2.0, 2.0, (1, 40, 1))
    other = one + rng.normal(1.0, 2.0, one.shape)
    low, high = differences({"one": one, "other": other}, "one")["other"]
    gaps = (other - one).ravel()
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    assert (low + high) / 2 == pytest.approx(gaps.mean(), abs=0.2 * error)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_a_setting_does_not_differ_from_itself() -> None:
    errors = {"a": np.random.default_rng(0).gamma(1.0, 1.0, (1, 5, 3))}
    assert differences(errors, "a") == {"a": (0.0, 0.0)}


def test_a_mean_over_runs_is_that_of_their_means() -> None:
    errors = np.array([[[1.0, 3.0]], [[8.0, np.nan]]])
    assert mean_of(errors) == 5.0
    assert np.isnan(mean_of(np.full((1, 2, 2), np.nan)))
