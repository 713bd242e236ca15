"""Plots: well-formed SVG whose marks are where the numbers say."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest

from pose_core.reports.axes import HEIGHT, round_step, scale_for, tick_text
from pose_core.reports.plots import (
    Trace,
    bar_plot,
    dots,
    histogram,
    line_path,
    line_plot,
    scatter_plot,
    thin,
)

SVG = "{http://www.w3.org/2000/svg}"
X = np.arange(50.0)
NASTY = 'a<b & "c"'


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


PLOTS: list[Callable[[str], str]] = [
    lambda name: line_plot([Trace(name, X, X), Trace("b", X, -X)], name, (name, name)),
    lambda name: bar_plot([name, "g"], {name: [1, 2], "b": [3, np.nan]}, name, (name, name)),
    lambda name: scatter_plot([Trace(name, X, X**2), Trace("b", X, X)], name, (name, name)),
    lambda name: histogram({name: X, "b": X / 2}, name, name),
]


@pytest.mark.parametrize("draw", PLOTS)
def test_plots_are_well_formed_whatever_they_are_called(draw: Callable[[str], str]) -> None:
    svg = draw(NASTY)
    assert NASTY in texts(svg)
    assert ET.fromstring(svg).get("viewBox") == "0 0 490 270"


@pytest.mark.parametrize("draw", PLOTS)
def test_plots_ask_for_nothing_from_outside(draw: Callable[[str], str]) -> None:
    addresses = re.findall(r"(?:href|src|url)\s*[=(]", draw("plain"))
    assert addresses == []


@pytest.mark.parametrize("values", [np.empty(0), np.full(3, np.nan), np.full(3, 2.0)])
def test_nothing_to_show_is_an_empty_plot(values: np.ndarray) -> None:
    x = np.arange(len(values), dtype=float)
    ET.fromstring(line_plot([Trace("a", x, values)], "t", ("x", "y")))
    ET.fromstring(line_plot([Trace("a", x, values)], "t", ("x", "y"), logarithmic=True))
    ET.fromstring(scatter_plot([Trace("a", x, values)], "t", ("x", "y")))
    ET.fromstring(histogram({"a": values}, "t", "x"))


@pytest.mark.parametrize("logarithmic", [False, True])
def test_all_numbers_lie_within_round_ends(logarithmic: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = rng.lognormal(rng.uniform(-8, 8), rng.uniform(0, 2), 20)
        scale = scale_for([values], 200.0, 20.0, logarithmic)
        assert scale.low <= values.min() * (1 + 1e-6)
        assert values.max() <= scale.high * (1 + 1e-6)
        assert 2 <= len(scale.ticks) <= 10
        places = scale(np.array(scale.ticks))
        assert (np.diff(places) < 0).all()
        assert places[0] == pytest.approx(200)
        assert places[-1] == pytest.approx(20)


def test_a_linear_axis_is_linear_and_a_logarithmic_one_logarithmic() -> None:
    linear = scale_for([np.array([0.0, 10])], 0, 100)
    np.testing.assert_allclose(linear(np.array([0, 2.5, 10])), [0, 25, 100])
    log = scale_for([np.array([1.0, 100])], 0, 100, logarithmic=True)
    np.testing.assert_allclose(log(np.array([1, 10, 100, -1])), [0, 50, 100, np.nan])


@pytest.mark.parametrize(("least", "step"), [(0.9, 1), (1.1, 2), (2.1, 2.5), (3, 5), (7, 10)])
def test_steps_are_round(least: float, step: float) -> None:
    assert round_step(least) == step
    assert round_step(least / 1000) == pytest.approx(step / 1000)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.25, "0.25"), (-3.0, "\u22123"), (20000.0, "20\u202f000"), (2e-5, "2e-5")],
)
def test_ticks_are_short(value: float, text: str) -> None:
    assert tick_text(value) == text


def test_a_gap_lifts_the_pen_and_a_lone_point_is_a_dot() -> None:
    y = np.array([1.0, 2, np.nan, 4, np.nan, 6, 7])
    path = line_path(np.arange(7.0), y)
    assert path == "M0 1h0L1 2M3 4h0M5 6h0L6 7"


def test_thinning_keeps_every_peak_and_gap() -> None:
    rng = np.random.default_rng(0)
    x, y = np.arange(100_000.0), rng.normal(size=100_000)
    y[70_000] = 99
    y[20_000] = -99
    y[50_000:50_500] = np.nan
    a, b = thin(x, y, 400)
    assert len(a) <= 3 * 400
    assert {99, -99} <= set(b.tolist())
    assert np.isnan(b).any()
    assert (np.diff(a) > 0).all()


def test_missing_points_are_not_drawn() -> None:
    assert dots(np.array([1.0, np.nan, 3]), np.array([1.0, 2, np.nan]), 2).count("M") == 1


def test_bars_are_as_high_as_their_values() -> None:
    svg = bar_plot(["a", "b"], {"s": [1.0, 4.0], "t": [2.0, np.nan]}, "t", ("x", "y"))
    bars = [r for r in ET.fromstring(svg).iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    heights = {bar.find(f"{SVG}title").text: float(bar.get("height", 0)) for bar in bars}
    assert heights["b, s: 4"] == pytest.approx(4 * heights["a, s: 1"], rel=0.01)
    assert heights["a, t: 2"] == pytest.approx(2 * heights["a, s: 1"], rel=0.01)
    assert len(bars) == 3


def test_histograms_count_shares_and_put_the_rest_in_the_last_column() -> None:
    svg = histogram({"a": np.array([0.5] * 3 + [99.0])}, "t", "x", bins=2, most=2)
    tops = [float(v) for v in re.findall(r"L[\d.]+ ([\d.]+)", svg.split('class="line"')[1])]
    scale = scale_for([np.array([75.0, 25])], 270 - 44, 34, include=0.0)
    assert min(tops) == pytest.approx(float(scale(75.0)), abs=0.1)
    assert tops[-1] == pytest.approx(float(scale(25.0)), abs=0.1)


def test_one_trace_needs_no_legend() -> None:
    assert "alone" not in texts(line_plot([Trace("alone", X, X)], "t", ("x", "y")))


def test_many_names_take_several_rows() -> None:
    traces = [Trace(f"a rather long name {n}", X, X) for n in range(8)]
    svg = line_plot(traces, "t", ("x", "y"))
    rows = {e.get("y") for e in ET.fromstring(svg).iter(f"{SVG}text") if e.get("class") == "key"}
    assert len(rows) > 2


def test_hundred_thousand_points_stay_small() -> None:
    x = np.arange(100_000.0)
    assert len(line_plot([Trace("a", x, np.sin(x))], "t", ("x", "y"))) < 40_000


def test_an_axis_of_zeros_alone_begins_at_zero() -> None:
    for values in ([0.0, 0.0], [0.0]):
        assert scale_for([np.array(values)], 0, 100, include=0.0).ticks[0] == 0
        assert scale_for([np.array(values)], 0, 100).low == 0
    same = scale_for([np.array([-4.0, -4.0])], 0, 100)
    assert same.low < -4 < same.high


def test_numbers_that_differ_by_rounding_alone_are_shown_as_one() -> None:
    value = 8**0.5
    scale = scale_for([np.array([value, np.nextafter(value, 3)])], 0, 100)
    assert np.isfinite(scale(value))
    assert scale.low < value < scale.high


def test_many_names_make_a_plot_higher_and_leave_its_curves_their_room() -> None:
    def height(count: int) -> float:
        names = [f"semi-supervised/seed={n}" for n in range(count)]
        drawn = line_plot([Trace(name, X, X) for name in names], "t", ("x", "y"))
        return float(ET.fromstring(drawn).attrib["viewBox"].split()[-1])

    assert height(2) == height(4) == HEIGHT
    assert height(20) > HEIGHT + 100
