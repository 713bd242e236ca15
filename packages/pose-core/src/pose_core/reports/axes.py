"""Numbers to places on paper: ranges, round ticks, and the frame of a plot as SVG."""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, WIDE = 490, 270, 990
"""Pixels of a plot: two beside each other on a page, or one as wide as the page."""
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 34, 44
ROUNDING = 1e-9
"""Numbers that differ by less, relative to themselves, are shown as one."""
LETTER = 6.9  # mean width of a letter at the size plots are set in


@dataclass(frozen=True)
class Scale:
    """One axis: which numbers it shows, and between which places on paper.

    Attributes:
        low, high: the range in numbers; both positive if logarithmic.
        start, stop: the same range on paper.
        logarithmic: whether equal factors are equally far.
        ticks: numbers that are written at it.
    """

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool
    ticks: tuple[float, ...]

    def __call__(self, values: np.ndarray | float) -> np.ndarray:
        """Give the places of numbers; NaN for what a logarithm cannot take."""
        low, high = self.low, self.high
        values = np.asarray(values, float)
        if self.logarithmic:
            values = np.log(np.where(values > 0, values, np.nan))
            low, high = math.log(low), math.log(high)
        return self.start + (values - low) / (high - low) * (self.stop - self.start)


def scale_for(
    values: Iterable[np.ndarray],
    start: float,
    stop: float,
    logarithmic: bool = False,
    include: float | None = None,
    count: int = 5,
) -> Scale:
    """Choose a range with round ends that shows all finite values.

    Args:
        values: what will be drawn.
        start: place of the low end.
        stop: place of the high end.
        logarithmic: equal factors equally far; what is not positive is left out.
        include: a number to show as well, such as 0 for bars.
        count: about how many ticks.
    """
    known = [np.ravel(v)[np.isfinite(np.ravel(v))] for v in values]
    shown = np.concatenate([*known, [] if include is None else [include]])
    if logarithmic:
        return _logarithmic(shown[shown > 0], start, stop)
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    if low == high == 0:  # an axis of 0 begins there
        high = 1.0
    elif high - low <= ROUNDING * max(abs(low), abs(high)):
        low, high = low - abs(low) / 2, high + abs(high) / 2
    step = round_step((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(n * step, 12) for n in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, stop, False, ticks)


def _logarithmic(shown: np.ndarray, start: float, stop: float) -> Scale:
    """Choose a range of 1, 2 or 5 times a power of ten."""
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (1.0, 10.0)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    marks = [m * 10.0**p for p in powers for m in (1, 2, 5)]
    first = max(n for n, mark in enumerate(marks) if mark <= low * (1 + 1e-9))
    last = min(n for n, mark in enumerate(marks) if mark >= high * (1 - 1e-9) and n > first)
    ticks = marks[first : last + 1]
    if len(ticks) > 8:
        ends = marks[first], marks[last]
        inside = [10.0**p for p in powers if 3 * ends[0] < 10.0**p < ends[1] / 3]
        ticks = [ends[0], *inside, ends[1]]
    return Scale(marks[first], marks[last], start, stop, True, tuple(ticks))


def round_step(least: float) -> float:
    """Give the smallest of 1, 2, 2.5 or 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= least * (1 - 1e-9))


def tick_text(value: float) -> str:
    """Write a tick as short as it can be."""
    if value and not 1e-3 <= abs(value) < 1e6:
        mantissa, power = f"{value:.3e}".split("e")
        return f"{float(mantissa):g}e{int(power)}"
    return f"{value:,.10g}".replace(",", "\u202f").replace("-", "\u2212")


def number(value: float) -> str:
    """Write a place on paper, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def escaped(text: str) -> str:
    """Make text safe inside SVG and HTML, attributes too."""
    return html.escape(text, quote=True)


def frame(
    x: Scale, y: Scale, title: str, labels: tuple[str, str], names: Sequence[str] | None = None
) -> str:
    """Draw title, grid, ticks and the labels of both axes.

    Args:
        x: the axis to the right.
        y: the axis upwards.
        title: above the plot.
        labels: of x and y, with units.
        names: below groups of bars, one per whole number from 0, in place of ticks.
    """
    parts = [f'<text class="title" x="{number(x.start)}" y="18">{escaped(title)}</text>']
    for tick in y.ticks:
        at = number(float(y(tick)))
        parts.append(f'<path class="grid" d="M{number(x.start)} {at}H{number(x.stop)}"/>')
        parts.append(
            f'<text class="tick" x="{number(x.start - 7)}" y="{at}" dy=".35em" '
            f'text-anchor="end">{tick_text(tick)}</text>'
        )
    marks = enumerate(map(escaped, names)) if names else ((t, tick_text(t)) for t in x.ticks)
    for tick, text in marks:
        at = number(float(x(tick)))
        if names is None:
            parts.append(f'<path class="axis" d="M{at} {number(y.start)}v4"/>')
        parts.append(
            f'<text class="tick" x="{at}" y="{number(y.start + 17)}" '
            f'text-anchor="middle">{text}</text>'
        )
    across, middle = number((x.start + x.stop) / 2), number((y.start + y.stop) / 2)
    parts += [
        f'<path class="axis" d="M{number(x.start)} {number(y.start)}H{number(x.stop)}"/>',
        f'<text class="label" x="{across}" y="{number(y.start + 36)}" text-anchor="middle">'
        f"{escaped(labels[0])}</text>",
        f'<text class="label" x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escaped(labels[1])}</text>',
    ]
    return "".join(parts)


STYLE = """
.plot{font:12px system-ui,sans-serif;color:var(--text,#222);fill:currentColor}
.plot .title{font-weight:600;font-size:13.5px}.plot .tick,.plot .key{font-size:11.5px}
.plot .tick,.plot .label{opacity:.75}
.plot .grid{stroke:currentColor;stroke-opacity:.13;fill:none}
.plot .axis{stroke:currentColor;stroke-opacity:.55;fill:none}
.plot .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
"""


def svg(parts: str, width: float, height: float, title: str) -> str:
    """Wrap a drawing that fits any page: its own style, text in the page's colour."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" '
        f'viewBox="0 0 {number(width)} {number(height)}" aria-label="{escaped(title)}">'
        f"<style>{STYLE}</style>{parts}</svg>"
    )
