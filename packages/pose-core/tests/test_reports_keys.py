"""Series that share a colour are told apart, in a plot and in its key."""

import re

import numpy as np

from pose_core.reports.palette import OKABE_ITO
from pose_core.reports.plots import Trace, line_plot
from pose_core.reports.row_plot import row_plot

COLOURS = {"first": 0, "again": len(OKABE_ITO)}


def test_a_row_plot_draws_rings_where_a_colour_has_been_taken() -> None:
    svg = row_plot(["paw"], {name: [1.0] for name in COLOURS}, "t", "px", COLOURS)
    dots = re.findall(r'fill-opacity=".88" style="([a-z]+):([^;"]+)', svg)
    assert [paint for paint, _ in dots] == ["fill", "fill"]
    assert [colour == "none" for _, colour in dots] == [False, True]
    assert svg.count("<rect") == 2
    assert len(re.findall(r'<rect [^>]*style="fill:none', svg)) == 1


def test_a_dashed_line_has_a_broken_key() -> None:
    x = np.arange(3.0)
    traces = [Trace("first", x, x), Trace("again", x, x + 1, colour=0, dash=1)]
    svg = line_plot(traces, "t", ("x", "y"))
    assert svg.count("<rect") == 1 + 2
