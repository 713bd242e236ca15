"""Traces of keypoints over time, to zoom and pan in: one block of a page, with its data and script.

Every point is on the page, as far as the budget goes (`packing`). The plots are uPlot's; everything
is inlined, so that the page works offline and for good.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from pose_core.reports.axes import escaped
from pose_core.reports.packing import PER_NUMBER, blocks_for, envelope, pack
from pose_core.reports.page import Html
from pose_core.reports.palette import INK, OKABE_ITO
from pose_core.reports.plots import DASHES

BUDGET = 8_000_000
"""Characters that the numbers of all traces may take; a page of 15 MB has room for the rest."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One plot of a recording: what several lines show of the same keypoints.

    Attributes:
        name: of the quantity.
        unit: of the quantity, "" for none.
        lines: by name of the line, (frames, keypoints); NaN where missing. A keypoint that a line
            does not have is NaN throughout.
        limits: of the axis; None to fit what is seen.
    """

    name: str
    unit: str
    lines: Mapping[str, np.ndarray]
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Recording:
    """What is traced of one video.

    Attributes:
        name: of the video.
        frames: how many it has.
        keypoints: names, in the order of the arrays.
        panels: plots from top to bottom, of one time axis.
    """

    name: str
    frames: int
    keypoints: tuple[str, ...]
    panels: tuple[Panel, ...]

    @property
    def columns(self) -> int:
        """Rows of numbers that its panels have, those of NaN alone left out."""
        return sum(1 for panel in self.panels for v in panel.lines.values() for _ in _known(v))


def _known(values: np.ndarray) -> Iterable[int]:
    """List the keypoints of which anything is known."""
    return np.flatnonzero(np.isfinite(values).any(0)).tolist()


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces as a block of a page.

    Attributes:
        block: of HTML.
        notes: one line for each recording that is not shown in every frame.
    """

    block: Html
    notes: tuple[str, ...]


def traces(
    recordings: Sequence[Recording], colours: Mapping[str, int], budget: int = BUDGET
) -> Traces:
    """Make the traces of recordings, of which one keypoint of one is seen at a time.

    Args:
        recordings: at least one, each of at least one frame and keypoint.
        colours: number of the series' colour by the name of the line, or `palette.INK`; in the
            order in which lines are listed.
        budget: characters that the numbers may take.
    """
    columns = [one.columns for one in recordings]
    blocks = blocks_for([r.frames for r in recordings], columns, int(budget / PER_NUMBER))
    data = "".join(
        f'<script type="application/json" class="recording">{_json(_packed(one, block))}</script>'
        for one, block in zip(recordings, blocks, strict=True)
    )
    notes = tuple(_thinned(one, b) for one, b in zip(recordings, blocks, strict=True) if b > 1)
    lines = [{"name": name, **_look(number)} for name, number in colours.items()]
    return Traces(
        Html(
            f"<style>{asset('uplot/uPlot.min.css')}{asset('traces.css')}</style>"
            f'<figure class="traces" id="traces">{_controls(recordings)}'
            f'<script type="application/json" class="lines">{_json(lines)}</script>{data}</figure>'
            f"<script>{asset('uplot/uPlot.iife.min.js')}</script>"
            f"<script>{asset('traces.js')}</script>"
        ),
        notes,
    )


def _thinned(recording: Recording, block: int) -> str:
    """Say what of a recording is not seen."""
    return (
        f"{recording.name}: {recording.frames} frames are too many to show each: traces give the "
        f"least and the greatest of every {block} frames, and no gap shorter than that; fewer "
        "keypoints (--keypoints) leave room for more"
    )


def _look(number: int) -> dict[str, Any]:
    """Give colour and dashes of a line: dashes tell apart what shares a colour."""
    is_ink = number <= INK
    dash = DASHES[(INK - number if is_ink else number // len(OKABE_ITO)) % len(DASHES)]
    colour = "--text" if is_ink else f"--series-{number % len(OKABE_ITO)}"
    return {"colour": colour, "dash": [int(n) for n in dash.split()]}


def _packed(recording: Recording, block: int) -> dict[str, Any]:
    """Give a recording as the script reads it."""
    panels = [
        {
            "name": panel.name,
            "unit": panel.unit,
            "limits": panel.limits,
            "lines": {name: _columns(values, block) for name, values in panel.lines.items()},
        }
        for panel in recording.panels
    ]
    return {
        "name": recording.name,
        "frames": recording.frames,
        "block": block,
        "keypoints": recording.keypoints,
        "panels": panels,
    }


def _columns(values: np.ndarray, block: int) -> list[list[Any] | None]:
    """Pack every keypoint of a line; None for one that it does not have."""
    known = set(_known(values))
    packed = [pack(envelope(v, block)) if k in known else None for k, v in enumerate(values.T)]
    return [None if p is None else [p.low, p.step, p.text] for p in packed]


def _json(data: Any) -> str:
    """Write data so that nothing in it can end the element it stands in."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


@cache
def asset(name: str) -> str:
    """Read a file that comes with this package."""
    return files("pose_core.reports").joinpath("assets", *name.split("/")).read_text("utf-8")


def _controls(recordings: Sequence[Recording]) -> str:
    """Give what is chosen by and read from; the script fills in the rest."""
    videos = "".join(
        f'<option value="{n}">{escaped(one.name)}</option>' for n, one in enumerate(recordings)
    )
    return _CONTROLS.replace("@VIDEOS@", videos)


_CONTROLS = """
<noscript><p class="note">The traces are drawn by a script, which this browser does not run;
everything else on this page is shown without one.</p></noscript>
<div class="live" hidden>
<div class="controls">
<label>Video <select class="video">@VIDEOS@</select></label>
<label>Keypoint <select class="keypoint"></select></label>
<span role="group" aria-label="Part of the video that is shown">
<button type="button" data-do="left" aria-label="earlier">&#9664;</button>
<button type="button" data-do="right" aria-label="later">&#9654;</button>
<button type="button" data-do="in" aria-label="zoom in">+</button>
<button type="button" data-do="out" aria-label="zoom out">&#8722;</button>
<button type="button" data-do="all">whole video</button></span>
<output class="shown"></output>
</div>
<div class="panels" tabindex="0" role="group"
aria-label="Traces. Arrow keys move along, plus and minus zoom, 0 shows the whole video."></div>
<div class="wide" tabindex="0" role="region" aria-label="What the lines say at one place">
<table class="readout"><caption></caption><thead></thead><tbody></tbody></table></div>
<p class="note">Drag over a stretch to zoom in, with Shift to move along; Ctrl and the wheel zoom;
a double click shows the whole video. On the keyboard: arrows, + and &#8722;, 0. The ticks show and
hide lines.</p>
</div>
"""
