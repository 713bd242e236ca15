"""Small plots as SVG: no other program, no script, readable on light and dark paper.

Every function gives one `<svg>` element. Colours come from `palette`; a page may override them by
CSS variables. Missing values (NaN) are gaps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pose_core.reports.axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    LETTER,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    escaped,
    frame,
    number,
    scale_for,
    svg,
    tick_text,
)
from pose_core.reports.palette import series_colour

DASHES = ("", "7 4", "2 4", "9 3 2 3")
KEYS = TOP + 53.0
"""Where a plot begins below three rows of names; more rows make it higher."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One curve.

    Attributes:
        name: in the legend; empty for none.
        x: places to the right, sorted.
        y: places upwards, NaN for gaps.
        style: a line, a faint line behind the others, separate points, or both.
        colour: number of the series' colour, or `palette.INK`; None for its place among the others.
        dash: number of the pattern of its line.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    style: Literal["line", "faint", "points", "both"] = "line"
    colour: int | None = None
    dash: int = 0


def line_plot(
    traces: Sequence[Trace],
    title: str,
    labels: tuple[str, str],
    logarithmic: bool = False,
    size: tuple[float, float] = (HEIGHT, WIDTH),
    zero: bool = False,
) -> str:
    """Draw curves over a common axis.

    Args:
        traces: what to draw, the first at the back.
        title: what is shown.
        labels: of the x and the y axis, with units.
        logarithmic: whether y is.
        size: height and width; `axes.WIDE` is as wide as a page. Many names make it higher.
        zero: whether y begins at 0.
    """
    height, width = size
    top, keys = legend(_keys(traces), width, {t.name: "broken" for t in traces if t.dash % 4})
    height += max(top - KEYS, 0)
    x = _tight([trace.x for trace in traces], width)
    y = scale_for([t.y for t in traces], height - BOTTOM, top, logarithmic, 0.0 if zero else None)
    curves = "".join(_curve(trace, _colour(trace, n), x, y) for n, trace in enumerate(traces))
    return svg(frame(x, y, title, labels) + curves + keys, width, height, title)


def _colour(trace: Trace, place: int) -> str:
    """Give a trace's colour."""
    return series_colour(place if trace.colour is None else trace.colour)


def _keys(traces: Sequence[Trace]) -> dict[str, str]:
    """Give the colours of the traces that have a name."""
    return {trace.name: _colour(trace, n) for n, trace in enumerate(traces) if trace.name}


def _tight(values: Sequence[np.ndarray], width: float) -> Scale:
    """Give an x axis that ends where the data end, ticks inside."""
    wide = scale_for(values, LEFT, width - RIGHT, count=round(width / 80))
    known = np.concatenate([np.ravel(v) for v in values]) if values else np.empty(0)
    known = known[np.isfinite(known)]
    if not len(known) or known.min() == known.max():
        return wide
    low, high = float(known.min()), float(known.max())
    ticks = tuple(tick for tick in wide.ticks if low - 1e-9 <= tick <= high + 1e-9)
    return Scale(low, high, LEFT, width - RIGHT, False, ticks)


def _curve(trace: Trace, colour: str, x: Scale, y: Scale) -> str:
    """Draw one trace."""
    across, up = x(np.asarray(trace.x, float)), y(np.asarray(trace.y, float))
    parts = []
    if trace.style != "points":
        faint = ' stroke-opacity=".3"' if trace.style == "faint" else ""
        dash = f' stroke-dasharray="{DASHES[trace.dash % 4]}"' if trace.dash % 4 else ""
        path = line_path(*thin(across, up, int(x.stop - x.start)))
        parts.append(f'<path class="line" style="stroke:{colour}"{faint}{dash} d="{path}"/>')
    if trace.style in ("points", "both"):
        parts.append(f'<path style="fill:{colour}" d="{dots(across, up, 2.4)}"/>')
    return "".join(parts)


def thin(x: np.ndarray, y: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Keep the least and the greatest of every column of paper, so that no peak is lost.

    A gap (NaN) of a column is kept as well. Curves of up to four points a column stay whole.
    """
    if len(x) <= 4 * columns:
        return x, y
    stretches = np.array_split(np.arange(len(x)), columns)
    kept = []
    for rows in stretches:
        gap = np.isnan(y[rows])
        known = rows[~gap]
        ends = (
            {int(known[np.argmin(y[known])]), int(known[np.argmax(y[known])])}
            if len(known)
            else set()
        )
        kept += sorted(ends | ({int(rows[gap][0])} if gap.any() else set()))
    return x[kept], y[kept]


def line_path(x: np.ndarray, y: np.ndarray) -> str:
    """Write points as an SVG path that is lifted over gaps; a point between gaps is a dot."""
    path, down = [], False
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if a == a and b == b:
            path.append(f"{'L' if down else 'M'}{number(a)} {number(b)}{'' if down else 'h0'}")
        down = a == a and b == b
    return "".join(path)


def dots(x: np.ndarray, y: np.ndarray, radius: float) -> str:
    """Write points as small discs of one SVG path."""
    r = number(radius)
    disc = f"a{r} {r} 0 1 0 {number(2 * radius)} 0a{r} {r} 0 1 0 -{number(2 * radius)} 0"
    known = np.isfinite(x) & np.isfinite(y)
    return "".join(
        f"M{number(a - radius)} {number(b)}{disc}"
        for a, b in zip(x[known].tolist(), y[known].tolist(), strict=True)
    )


SWATCH: Mapping[str, tuple[tuple[float, float, str], ...]] = {
    "full": ((0, 14, "fill:{}"),),
    "broken": ((0, 6, "fill:{}"), (8, 6, "fill:{}")),
    "hollow": ((0.8, 12.4, "fill:none;stroke:{};stroke-width:1.6"),),
}
"""Keys of series: where each part begins, its width, and its style with room for the colour."""


def legend(
    colours: Mapping[str, str], width: float, kinds: Mapping[str, str] | None = None
) -> tuple[float, str]:
    """Draw names with their colours in rows below the title.

    Args:
        colours: by name.
        width: of the plot.
        kinds: "broken" for names of dashed lines, "hollow" for those of rings.

    Returns:
        Where the plot may begin below them, and the drawing.
    """
    if len(colours) < 2:
        return TOP, ""
    parts, x, y = [], float(LEFT), TOP + 2.0
    for name, colour in colours.items():
        wide = 32 + LETTER * len(name)
        if x + wide > width - RIGHT and x > LEFT:
            x, y = float(LEFT), y + 17
        parts += [
            f'<rect x="{number(x + left)}" y="{number(y - 5)}" width="{number(own)}" height="6" '
            f'rx="2" style="{style.format(colour)}"/>'
            for left, own, style in SWATCH[(kinds or {}).get(name, "full")]
        ]
        parts.append(
            f'<text class="key" x="{number(x + 19)}" y="{number(y + 2)}">{escaped(name)}</text>'
        )
        x += wide
    return y + 16, "".join(parts)


def bar_plot(
    groups: Sequence[str],
    series: Mapping[str, Sequence[float]],
    title: str,
    labels: tuple[str, str],
    size: tuple[float, float] = (HEIGHT, WIDTH),
) -> str:
    """Draw groups of bars side by side, their values written above where there is room.

    Args:
        groups: names below the bars.
        series: name to one value per group; NaN for none.
        title: what is shown.
        labels: of the groups and of the values, with units.
        size: height and width; `axes.WIDE` is as wide as a page.
    """
    height, width = size
    colours = {name: series_colour(place) for place, name in enumerate(series)}
    top, keys = legend(colours, width)
    values = [np.asarray(v, float) for v in series.values()]
    y = scale_for(values, height - BOTTOM, top, include=0.0)
    x = Scale(-0.5, len(groups) - 0.5, LEFT, width - RIGHT, False, ())
    wide = (x.stop - x.start) / max(len(groups), 1) * 0.8 / max(len(series), 1)
    bars = [
        _bar(
            float(x(g)) + wide * (s - len(series) / 2),
            wide,
            y,
            value,
            colours[name],
            f"{group}, {name}",
        )
        for s, (name, row) in enumerate(series.items())
        for g, (group, value) in enumerate(zip(groups, row, strict=True))
    ]
    room = (x.stop - x.start) / max(len(groups), 1) / LETTER
    names = [
        group if len(group) <= room else group[: max(int(room) - 1, 1)] + "…" for group in groups
    ]
    return svg(frame(x, y, title, labels, names) + "".join(bars) + keys, width, height, title)


def _bar(left: float, wide: float, y: Scale, value: float, colour: str, hint: str) -> str:
    """Draw one bar, with its value where it fits."""
    if not np.isfinite(value):
        return ""
    zero, tip = float(y(0.0)), float(y(value))
    bar = (
        f'<rect x="{number(left + 0.5)}" y="{number(min(zero, tip))}" '
        f'width="{number(max(wide - 1, 1))}" height="{number(abs(zero - tip))}" rx="1.5" '
        f'style="fill:{colour}"><title>{escaped(hint)}: {tick_text(round(value, 3))}</title></rect>'
    )
    text = tick_text(float(f"{value:.2g}"))
    if wide < 4 * LETTER:
        return bar
    middle, above = number(left + wide / 2), number(min(zero, tip) - 4)
    return f'{bar}<text class="tick" x="{middle}" y="{above}" text-anchor="middle">{text}</text>'


def scatter_plot(
    traces: Sequence[Trace],
    title: str,
    labels: tuple[str, str],
    logarithmic: bool = False,
    size: tuple[float, float] = (HEIGHT, WIDTH),
) -> str:
    """Draw clouds of points; `logarithmic` is for y. Styles of the traces do not matter."""
    height, width = size
    top, keys = legend(_keys(traces), width)
    x = scale_for([trace.x for trace in traces], LEFT, width - RIGHT, count=round(width / 80))
    y = scale_for([trace.y for trace in traces], height - BOTTOM, top, logarithmic)
    clouds = "".join(
        f'<path fill-opacity=".6" style="fill:{_colour(trace, n)}" '
        f'd="{dots(x(np.asarray(trace.x)), y(np.asarray(trace.y)), 2.2)}"/>'
        for n, trace in enumerate(traces)
    )
    return svg(frame(x, y, title, labels) + clouds + keys, width, height, title)


def histogram(
    samples: Mapping[str, np.ndarray],
    title: str,
    label: str,
    bins: int = 40,
    most: float | None = None,
    size: tuple[float, float] = (HEIGHT, WIDTH),
) -> str:
    """Draw how samples are distributed, as outlines that may overlap.

    Args:
        samples: name to values; NaN is left out.
        title: what is shown.
        label: of the values, with unit.
        bins: columns.
        most: values above it count in the last column; None for the greatest.
        size: height and width; `axes.WIDE` is as wide as a page.
    """
    known = {name: np.ravel(v)[np.isfinite(np.ravel(v))] for name, v in samples.items()}
    everything = np.concatenate(list(known.values())) if known else np.empty(0)
    low = min(float(everything.min(initial=0.0)), 0.0)
    high = float(everything.max(initial=low))
    high = high if most is None else most
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    height, width = size
    top, keys = legend({name: series_colour(n) for n, name in enumerate(known)}, width)
    shares = [
        np.histogram(np.minimum(v, edges[-1]), edges)[0] / max(len(v), 1) * 100
        for v in known.values()
    ]
    x = _tight([edges], width)
    y = scale_for(shares, height - BOTTOM, top, include=0.0)
    steps = "".join(_steps(edges, s, series_colour(n), x, y) for n, s in enumerate(shares))
    return svg(
        frame(x, y, title, (label, "share of points (%)")) + steps + keys, width, height, title
    )


def _steps(edges: np.ndarray, shares: np.ndarray, colour: str, x: Scale, y: Scale) -> str:
    """Draw a histogram's outline, lightly filled."""
    across = np.repeat(x(edges), 2)[1:-1]
    up = np.repeat(y(shares), 2)
    path = line_path(across, up)
    floor = f"V{number(y.start)}H{number(float(across[0]))}Z"
    return (
        f'<path fill-opacity=".15" style="fill:{colour}" d="{path}{floor}"/>'
        f'<path class="line" style="stroke:{colour}" d="{path}"/>'
    )
