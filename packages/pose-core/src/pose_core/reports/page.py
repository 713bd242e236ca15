"""One self-contained page of HTML: numbers, plots, pictures and a video, readable offline.

Blocks are made by the functions here and put together by `page`. Every text given to them is
escaped; a page asks for nothing from anywhere.
"""

import base64
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NewType

import numpy as np
from PIL import Image

from pose_core.errors import FormatError
from pose_core.files import write_text
from pose_core.reports.axes import escaped
from pose_core.reports.palette import OKABE_ITO, ON_DARK
from pose_core.reports.tables import Table, shown_as

Html = NewType("Html", str)

_NOTHING_ELSE = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)
"""What a browser may load: what stands on the page."""
_STYLE = """
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--text:#22262b;--soft:#646b75;
--rule:#e3e4e1;--mark:#e7f3ec;--link:#0072b2;--shade:rgba(25,30,36,.34);@LIGHT@}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1d2024;--text:#e4e6e8;
--soft:#9aa2ac;--rule:#33383e;--mark:#1d3a2e;--link:#7cc4f5;
--shade:rgba(236,240,244,.34);@DARK@}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1080px;padding:2.2rem clamp(1rem,4vw,2.4rem) 4rem;
background:var(--paper);color:var(--text);font:16px/1.55 system-ui,sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .6rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.6rem 0 .7rem;padding-top:1.1rem;border-top:1px solid var(--rule)}
p{margin:.5rem 0;max-width:74ch}
.summary{font-size:1.13rem}
nav{margin:1rem 0 0;font-size:.92rem;color:var(--soft)}nav a{color:var(--link);margin-right:1.1em;
text-decoration:none;white-space:nowrap}nav a:hover{text-decoration:underline}
figure{margin:1rem 0;background:var(--card);border:1px solid var(--rule);border-radius:8px;
padding:.8rem}
figure svg,figure img,figure video{display:block;width:100%;height:auto;border-radius:4px}
figure video{width:auto;max-width:100%;height:min(34rem,72vw);margin:0 auto}
details{margin:1rem 0}summary{cursor:pointer;color:var(--link)}
ul{margin:.6rem 0;padding-left:1.2em;max-width:74ch}li{margin:.25rem 0;overflow-wrap:anywhere}
figcaption{overflow-wrap:anywhere}
figcaption,.note{color:var(--soft);font-size:.88rem;margin:.55rem 0 0}
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,var(--least)),1fr))}
.grid>figure{margin:0}
.wide{overflow-x:auto;background:
linear-gradient(to right,var(--card) 45%,transparent) 0 0/3rem 100%,
linear-gradient(to left,var(--card) 45%,transparent) 100% 0/3rem 100%,
linear-gradient(to right,var(--shade),transparent) 0 0/1.1rem 100%,
linear-gradient(to left,var(--shade),transparent) 100% 0/1.1rem 100%;background-repeat:no-repeat;
background-attachment:local,local,scroll,scroll}
.wide:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93rem}
caption{text-align:left;font-weight:600;padding:0 0 .45rem}
th,td{padding:.3rem .8rem .3rem 0;text-align:left;white-space:nowrap}
th{color:var(--soft);font-weight:500;border-bottom:1px solid var(--text);vertical-align:bottom}
td{border-bottom:1px solid var(--rule)}
thead th{white-space:normal;min-width:4.5rem;max-width:9rem}th:first-child{max-width:none}
td:not(.number):nth-child(n+2){white-space:normal;min-width:9rem;max-width:20rem;
overflow-wrap:anywhere;vertical-align:top}
.number{text-align:right;padding-left:.8rem}
.best{font-weight:650;background:var(--mark)}
.tiles{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.3rem 0 0}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:.65rem 1rem;
min-width:9.5rem;flex:1}
.tile b{display:block;font-size:1.5rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.86rem}
td wbr{display:none}
@media (max-width:600px){td wbr{display:inline}
td:first-child{white-space:normal;overflow-wrap:break-word;min-width:6.5rem;max-width:9.5rem}}
@media print{body{max-width:none;padding:0}figure,.tile{break-inside:avoid}}
"""


def page(title: str, summary: str, sections: Sequence[tuple[str, Iterable[Html]]]) -> Html:
    """Put a whole page together.

    Args:
        title: of the page, also in the browser's tab.
        summary: the sentence to read when reading nothing else.
        sections: headings and what stands below them; an empty heading continues the top.
    """
    named = [(f"s{number}", heading) for number, (heading, _) in enumerate(sections) if heading]
    links = " ".join(f'<a href="#{key}">{escaped(heading)}</a>' for key, heading in named)
    body = [f"<header><h1>{escaped(title)}</h1>", f'<p class="summary">{escaped(summary)}</p>']
    body += [f"<nav>{links}</nav>" if len(named) > 2 else "", "</header>"]
    for number, (heading, blocks) in enumerate(sections):
        above = f"<h2>{escaped(heading)}</h2>" if heading else ""
        body.append(f'<section id="s{number}">{above}{"".join(blocks)}</section>')
    whole = "\n".join(body)
    return Html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_ELSE}">'
        f'<link rel="icon" href="data:,"><title>{escaped(title)}</title>'
        f"<style>{_style()}</style></head>\n<body>{whole}</body></html>\n"
    )


def _style() -> str:
    """Fill the colours of series into the style, for light and for dark paper."""
    light, dark = (
        "".join(f"--series-{n}:{colour};" for n, colour in enumerate(colours))
        for colours in (OKABE_ITO, ON_DARK)
    )
    return _STYLE.replace("@LIGHT@", light).replace("@DARK@", dark)


def write_page(path: Path, content: Html) -> None:
    """Write a page, whole or not at all."""
    write_text(path, content)


def paragraph(text: str, note: bool = False) -> Html:
    """Give a paragraph, small and pale if it is a note."""
    kind = ' class="note"' if note else ""
    return Html(f"<p{kind}>{escaped(text)}</p>")


def tiles(numbers: Sequence[tuple[str, str]]) -> Html:
    """Give a row of numbers to see at a glance: (number with unit, what it is)."""
    each = (
        f'<div class="tile"><b>{escaped(value)}</b><span>{escaped(meaning)}</span></div>'
        for value, meaning in numbers
    )
    return Html(f'<div class="tiles">{"".join(each)}</div>')


def table(content: Table, note: str = "") -> Html:
    """Give a table: numbers to the right, the best of a column marked where it asks for it.

    One that is wider than its place scrolls, by keyboard too, and is shaded where it goes on.
    """
    columns = range(len(content.columns))
    right = [content.is_number(column) for column in columns]
    best = [content.best_rows(column) for column in columns]
    heads = "".join(
        f"<th{_kind(right[c], False)}>{breakable(content.columns[c])}</th>" for c in columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_kind(right[c], number in best[c])}>"
            f"{(escaped if c or right[c] else breakable)(shown_as(row[c], content.digits))}</td>"
            for c in columns
        )
        + "</tr>"
        for number, row in enumerate(content.rows)
    )
    caption = f"<caption>{escaped(content.title)}</caption>" if content.title else ""
    below = paragraph(note, note=True) if note else ""
    label = escaped(content.title or content.columns[0] or "table")
    return Html(
        f'<figure><div class="wide" tabindex="0" role="region" aria-label="{label}">'
        f"<table>{caption}<thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{below}</figure>"
    )


def breakable(text: str) -> str:
    """Make a name safe for a page, which may break it after a mark between its parts."""
    return re.sub(r"([./_=])(?=[^\W\d_])", r"\1<wbr>", escaped(text))


def _kind(number: bool, best: bool) -> str:
    """Give the class attribute of a cell."""
    classes = " ".join(["number"] * number + ["best"] * best)
    return f' class="{classes}"' if classes else ""


def plot(drawing: str, caption: str = "") -> Html:
    """Give a plot made by `plots`, with a caption."""
    return _figure(drawing, caption)


def picture(
    image: np.ndarray, caption: str = "", quality: int | None = 85, more: Html = Html("")
) -> Html:
    """Embed a picture.

    Args:
        image: uint8 (height, width, 3), RGB, or (height, width), grey.
        caption: below it.
        quality: of the JPEG, up to 95; None for a PNG, exact and larger.
        more: after the caption, such as a button.
    """
    buffer = io.BytesIO()
    kind = "png" if quality is None else "jpeg"
    options = {} if quality is None else {"quality": quality, "subsampling": 0}
    Image.fromarray(image).save(buffer, kind, **options)
    source = f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return _figure(f'<img alt="{escaped(caption)}" src="{source}">', caption, more)


def film(path: Path, caption: str = "") -> Html:
    """Embed an MP4 video; a page holds a few megabytes well.

    Raises:
        FormatError: if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read for the page: {error.strerror}") from error
    source = f"data:video/mp4;base64,{base64.b64encode(content).decode()}"
    return _figure(f'<video controls muted loop playsinline src="{source}"></video>', caption)


def grid(blocks: Iterable[Html], least: int = 340) -> Html:
    """Set blocks side by side, each at least so many pixels wide, fewer on a small screen."""
    return Html(f'<div class="grid" style="--least:{least}px">{"".join(blocks)}</div>')


def folded(heading: str, blocks: Iterable[Html]) -> Html:
    """Give blocks that are seen when their heading is opened."""
    return Html(f"<details><summary>{escaped(heading)}</summary>{''.join(blocks)}</details>")


def listed(lines: Iterable[str]) -> Html:
    """Give lines as a list."""
    return Html(f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in lines)}</ul>")


def _figure(content: str, caption: str, more: str = "") -> Html:
    """Frame something, with a caption where there is one."""
    below = f"<figcaption>{escaped(caption)}{more}</figcaption>" if caption or more else ""
    return Html(f"<figure>{content}{below}</figure>")
