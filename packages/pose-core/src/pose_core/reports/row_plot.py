"""Values of many named things, one row for each: what keypoints, videos or options differ in."""

from collections.abc import Mapping, Sequence

import numpy as np

from pose_core.reports.axes import (
    BOTTOM,
    LETTER,
    RIGHT,
    WIDTH,
    Scale,
    escaped,
    number,
    scale_for,
    svg,
    tick_text,
)
from pose_core.reports.palette import OKABE_ITO, series_colour
from pose_core.reports.plots import dots, legend

ROW, APART = 21.0, 5.0
"""Pixels of a row at least, and between dots that would lie on each other."""
WIDEST = 0.38
"""Part of the width that names may take; longer ones are cut."""
RING = "fill:none;stroke:{};stroke-width:1.5"


def row_plot(
    rows: Sequence[str],
    series: Mapping[str, Sequence[float]],
    title: str,
    label: str,
    colours: Mapping[str, int],
    width: float = WIDTH,
) -> str:
    """Draw one row of dots per name, a dot for each series, and a line from the least to the most.

    Series whose colour has been taken before are rings.

    Args:
        rows: names, from top to bottom.
        series: name to one value per row, NaN for none.
        title: what is shown.
        label: of the values, with unit.
        colours: number of the colour of each series.
        width: pixels; `axes.WIDE` is as wide as a page.
    """
    rings = {name: "hollow" for name in series if colours[name] // len(OKABE_ITO) % 2}
    top, keys = legend({name: series_colour(colours[name]) for name in series}, width, rings)
    values = np.array([list(own) for own in series.values()], float).reshape(-1, len(rows))
    row = max(ROW, APART * len(series) + 9)
    bottom = top + row * max(len(rows), 1)
    left = min(20 + LETTER * max(map(len, rows), default=1), WIDEST * width)
    x = scale_for([values], left, width - RIGHT, include=0.0, count=round((width - left) / 80))
    middles = top + row * (np.arange(len(rows)) + 0.5)
    parts = [
        f'<text class="title" x="14" y="18">{escaped(title)}</text>',
        *_grid(x, top, bottom, label),
        *(_row(name, values[:, n], x, float(middles[n])) for n, name in enumerate(rows)),
    ]
    for place, (name, own) in enumerate(zip(series, values, strict=True)):
        radius, style = (3.0, RING) if name in rings else (3.7, "fill:{}")
        path = dots(x(own), middles + APART * (place - (len(series) - 1) / 2), radius)
        style = style.format(series_colour(colours[name]))
        parts.append(f'<path fill-opacity=".88" style="{style}" d="{path}"/>')
    return svg("".join(parts) + keys, width, bottom + BOTTOM, title)


def _grid(x: Scale, top: float, bottom: float, label: str) -> list[str]:
    """Draw the axis below the rows, and its lines through them."""
    parts = []
    for tick in x.ticks:
        at = number(float(x(tick)))
        parts += [
            f'<path class="grid" d="M{at} {number(top)}V{number(bottom)}"/>',
            f'<text class="tick" x="{at}" y="{number(bottom + 17)}" text-anchor="middle">'
            f"{tick_text(tick)}</text>",
        ]
    middle = number((x.start + x.stop) / 2)
    return [
        *parts,
        f'<path class="axis" d="M{number(x.start)} {number(bottom)}H{number(x.stop)}"/>',
        f'<text class="label" x="{middle}" y="{number(bottom + 36)}" text-anchor="middle">'
        f"{escaped(label)}</text>",
    ]


def _row(name: str, values: np.ndarray, x: Scale, middle: float) -> str:
    """Write the name of a row, cut to its room, and draw how far its values are apart."""
    room = max(int((x.start - 14) / LETTER), 2)
    text = name if len(name) <= room else f"{name[: room - 1]}…"
    at = number(middle)
    known = values[np.isfinite(values)]
    stretch = ""
    if len(known) > 1:
        ends = x(np.array([known.min(), known.max()]))
        stretch = f'<path class="grid" d="M{number(ends[0])} {at}H{number(ends[1])}"/>'
    return (
        f'<text class="tick" x="{number(x.start - 8)}" y="{at}" dy=".35em" text-anchor="end">'
        f"{escaped(text)}<title>{escaped(name)}</title></text>{stretch}"
    )
