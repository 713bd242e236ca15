"""Pages: whole, safe and asking for nothing from outside."""

import base64
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_core.errors import FormatError
from pose_core.reports import page as p
from pose_core.reports.plots import Trace, line_plot
from pose_core.reports.tables import Table

NASTY = "<script>alert('x')</script>&\""
VOID = {"meta", "link", "img", "path", "rect", "br", "wbr"}


class Checker(HTMLParser):
    """Collects tags and what does not close."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def sample(text: str, film: Path) -> str:
    table = Table.of((text, "n"), [[text, 1.0], ["b", 2.0]], title=text, best="low")
    drawing = line_plot([Trace(text, np.arange(3.0), np.arange(3.0))], text, (text, text))
    blocks = [
        p.paragraph(text),
        p.tiles([(text, text)]),
        p.table(table, text),
        p.grid([p.plot(drawing, text), p.picture(np.zeros((4, 6, 3), np.uint8), text)]),
        p.film(film, text),
    ]
    return p.page(text, text, [("", blocks), (text, blocks), (text, []), ("end", [])])


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"not really a film")
    return path


def test_every_text_is_escaped_and_every_tag_closed(film: Path) -> None:
    checked = Checker(sample(NASTY, film))
    assert checked.open == []
    assert "script" not in [tag for tag, _ in checked.tags]
    assert checked.text.count(NASTY) > 10


def test_a_page_asks_for_nothing_from_outside(film: Path) -> None:
    content = sample("text", film)
    addresses = [
        value
        for _, attributes in Checker(content).tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "poster")
    ]
    assert addresses
    assert all(str(value).startswith(("data:", "#")) for value in addresses)
    assert "@import" not in content
    assert "url(" not in content


def test_a_page_follows_the_readers_dark_mode(film: Path) -> None:
    content = sample("text", film)
    assert "prefers-color-scheme:dark" in content
    assert 'name="viewport"' in content
    assert "@LIGHT@" not in content
    assert "@DARK@" not in content


def test_headings_are_listed_with_links_to_their_sections(film: Path) -> None:
    tags = Checker(sample("text", film)).tags
    links = [a["href"] for tag, a in tags if tag == "a"]
    sections = ["#" + str(a["id"]) for tag, a in tags if tag == "section"]
    assert links == sections[1:]


def test_the_best_cell_is_marked() -> None:
    html = p.table(Table.of(("a",), [[2.0], [1.0]], best="low"))
    assert re.findall(r'<td class="number( best)?">([\d.]+)', html) == [
        ("", "2.00"),
        (" best", "1.00"),
    ]


def test_a_table_is_a_place_to_scroll_that_has_a_name() -> None:
    named = p.table(Table.of(["run/seed"], [["a/b.c"]], title="Errors & more"))
    assert 'tabindex="0" role="region" aria-label="Errors &amp; more"' in named
    assert 'aria-label="run/seed"' in p.table(Table.of(["run/seed"], []))
    assert 'aria-label="table"' in p.table(Table.of([""], []))


def test_names_may_break_after_their_marks_and_nowhere_else() -> None:
    assert p.breakable("losses.pca_multi") == "losses.<wbr>pca_<wbr>multi"
    assert p.breakable("a/seed=-1 > 2.5") == "a/<wbr>seed=-1 &gt; 2.5"


def test_an_exact_picture_comes_back_unchanged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    html = p.picture(image, quality=None)
    content = re.search(r"base64,([^\"]+)", html)
    assert content is not None
    with Image.open(BytesIO(base64.b64decode(content[1]))) as found:
        np.testing.assert_array_equal(np.asarray(found), image)


def test_a_film_is_embedded_as_it_is(film: Path) -> None:
    content = re.search(r"base64,([^\"]+)", p.film(film))
    assert content is not None
    assert base64.b64decode(content[1]) == b"not really a film"


def test_a_missing_film_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none.mp4: cannot be read for the page"):
        p.film(tmp_path / "none.mp4")


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    p.write_page(tmp_path / "page.html", p.page("größe", "sum", []))
    assert "größe" in (tmp_path / "page.html").read_text(encoding="utf-8")
