"""A report in a real browser: offline, quiet, quick to use with mouse and keyboard, in the dark."""

import io
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_core.diagnostics.measures import measure
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.reports.compared import Comparison, RunFiles, Subject
from pose_core.reports.page import write_page
from pose_core.reports.run_page import run_report
from pose_core.reports.worst_frames import WorstFrame
from pose_core.skeleton import Skeleton

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
NAMES, FRAMES = ("nose", "tail"), 600
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two runs: labeled frames, two videos, and a picture of one of them."""
    plugins = Plugins().add("pose_core.plugin")
    subjects = tuple(
        Subject.of(tracks, measure(tracks, plugins, None))
        for tracks in (labeled(), video("day1", FRAMES), video("day2", 50))
    )
    curves = {"epoch": np.arange(9.0), "train_loss": 1 / np.arange(1, 10.0)}
    runs = tuple(RunFiles(name, {"seed": n}, curves) for n, name in enumerate(("first", "second")))
    picture = np.zeros((60, 80, 3), np.uint8)
    worst = [WorstFrame("day1", "300", 300, "tail", picture, "day1, frame 300, tail: far off")]
    limits = {"ensemble_spread": 5.0}
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_page(path, run_report(Comparison(runs, subjects, limits), worst).page)
    return path


def sources(points: np.ndarray, frames: tuple[str, ...] | None = None) -> dict[str, Predictions]:
    generator = np.random.default_rng(0)
    return {
        name: Predictions(
            points + generator.normal(0, noise, points.shape),
            generator.uniform(0.5, 1, points.shape[:2]),
            Skeleton(NAMES),
            frames,
        )
        for name, noise in (("first", 1.0), ("second", 3.0))
    }


def labeled() -> Tracks:
    frames = tuple(f"labeled-data/day1/{n}.png" for n in range(40))
    points = np.random.default_rng(1).uniform(0, 100, (40, 2, 2))
    truth, sets = Labels.of(frames, points, Skeleton(NAMES)), ("train",) * 10 + ("test",) * 30
    return Tracks(LABELS, sources(points, frames), ("first", "second"), truth=truth, sets=sets)


def video(name: str, frames: int) -> Tracks:
    angle = np.linspace(0, 20, frames)[:, None] + [0, 2]
    points = 100 + 50 * np.stack([np.cos(angle), np.sin(angle)], -1)
    return Tracks(name, sources(points), ("first", "second"))


@pytest.fixture(scope="module")
def sweeps_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two sweeps of three networks and a smoother each."""
    plugins, generator = Plugins().add("pose_core.plugin"), np.random.default_rng(2)
    points, tracked, ensembles = np.zeros((FRAMES, 2, 2)), {}, {}
    for sweep, noise in (("supervised", 4.0), ("semi-supervised", 1.0)):
        variances = np.full(points.shape[:2], noise)
        extra = {"x_posterior_var": variances, "y_posterior_var": variances}
        for name in (*(f"seed={n}" for n in range(3)), "eks"):
            drawn = points + generator.normal(0, noise, points.shape)
            own = extra if name == "eks" else {}
            ensembles[f"{sweep}/{name}"] = sweep
            tracked[f"{sweep}/{name}"] = Predictions(
                drawn, variances / 5, Skeleton(NAMES), extra=own
            )
    members = tuple(name for name in tracked if "seed" in name)
    tracks = Tracks("day1", tracked, members, ensembles=ensembles)
    runs = tuple(
        RunFiles(
            name,
            {
                "seed": n,
                "data.fraction": n / 6,
                "losses.temporal.epsilon": n,
                "losses.temporal.weight": n,
            },
            {},
        )
        for n, name in enumerate(members)
    )
    path = tmp_path_factory.mktemp("sweeps") / "report.html"
    compared = Comparison(runs, (Subject.of(tracks, measure(tracks, plugins, None)),), {})
    write_page(path, run_report(compared, []).page)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = os.environ.get("POSE_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium here; install one, or name it by POSE_BROWSER")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Any]:
    """The page in a browser without a network; what it complains of fails the test."""
    yield from without_complaint(browser, page_file)


@pytest.fixture
def opened_sweeps(browser: Any, sweeps_file: Path) -> Iterator[Any]:
    """The page of two sweeps, as `opened`."""
    yield from without_complaint(browser, sweeps_file)


def without_complaint(browser: Any, file: Path) -> Iterator[Any]:
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 900})
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert complaints == []


def shown(page: Any) -> tuple[int, int]:
    """Give the frames that traces show."""
    first, last = re.findall(r"\d+", page.inner_text(".shown"))[:2]
    return int(first), int(last)


def drawn(page: Any, panel: int = 0) -> str:
    """Give what is drawn in a panel."""
    return str(page.locator(".panels canvas").nth(panel).evaluate("one => one.toDataURL()"))


def first_panel(page: Any) -> dict[str, float]:
    """Give the place of the first panel in the window, after scrolling there."""
    panel = page.locator(".panels .u-over").first
    panel.scroll_into_view_if_needed()
    box: dict[str, float] = panel.bounding_box()
    return box


def drag(page: Any, start: float, stop: float) -> None:
    """Drag over a part of the first panel."""
    box = first_panel(page)
    page.mouse.move(box["x"] + start * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + stop * box["width"], box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()


def test_the_page_asks_for_nothing_but_itself(browser: Any, page_file: Path) -> None:
    context = browser.new_context(offline=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    start = time.perf_counter()
    page.goto(page_file.as_uri())
    page.wait_for_selector(".panels canvas")
    size = page_file.stat().st_size / 1e6
    print(f"{size:.1f} MB, open in {time.perf_counter() - start:.1f} s")  # noqa: T201
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    context.close()


def test_a_stretch_that_is_dragged_over_fills_all_panels(opened: Any) -> None:
    assert shown(opened) == (0, FRAMES - 1)
    before = drawn(opened, 3)
    drag(opened, 0.25, 0.5)
    first, last = shown(opened)
    assert first == pytest.approx(FRAMES / 4, abs=5)
    assert last == pytest.approx(FRAMES / 2, abs=5)
    assert drawn(opened, 3) != before
    opened.locator(".panels .u-over").first.dblclick()
    assert shown(opened) == (0, FRAMES - 1)


def test_the_keyboard_zooms_and_moves(opened: Any) -> None:
    opened.locator(".panels").focus()
    for key in ("+", "+", "ArrowRight"):
        opened.keyboard.press(key)
    first, last = shown(opened)
    assert last - first == pytest.approx(FRAMES / 4, abs=3)
    assert (first + last) / 2 == pytest.approx(FRAMES / 2 + FRAMES / 16, abs=3)
    opened.keyboard.press("0")
    assert shown(opened) == (0, FRAMES - 1)


def test_another_keypoint_and_another_video_are_chosen_by_name(opened: Any) -> None:
    before = drawn(opened)
    opened.select_option(".keypoint", "tail")
    assert drawn(opened) != before
    assert opened.inner_text(".readout caption").startswith("tail in day1")
    opened.select_option(".video", label="day2")
    assert shown(opened) == (0, 49)
    assert opened.inner_text(".readout caption").startswith("tail in day2")


def test_the_place_under_the_mouse_is_read_in_all_panels(opened: Any) -> None:
    box = first_panel(opened)
    opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expected = video("day1", FRAMES).sources["first"]
    opened.wait_for_function("!document.querySelector('caption').textContent.includes('middle')")
    frame = int(re.findall(r"frame (\d+)", opened.inner_text(".readout caption"))[0])
    assert frame == pytest.approx(FRAMES / 2, abs=2)
    cells = opened.locator(".readout tbody tr").first.locator("td").all_inner_texts()
    numbers = [float(cell.split()[0]) for cell in cells[1:4]]
    truth = [*expected.keypoints[frame, 0], expected.confidence[frame, 0]]
    np.testing.assert_allclose(numbers, truth, atol=0.06)


def test_a_line_is_hidden_by_its_tick(opened: Any) -> None:
    before = drawn(opened)
    opened.get_by_label("second", exact=True).uncheck()
    hidden = drawn(opened)
    opened.get_by_label("second", exact=True).check()
    assert hidden != before == drawn(opened)


def test_a_worst_frame_leads_to_its_place_in_the_traces(opened: Any) -> None:
    opened.get_by_role("button", name="show in the traces").click()
    assert shown(opened) == (200, 400)
    assert opened.inner_text(".readout caption").startswith("tail in day1: frame 300")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_paper_follow_the_scheme_when_it_changes(opened: Any, scheme: str) -> None:
    opened.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    opened.emulate_media(color_scheme=scheme)
    paper = brightness(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
    text = brightness(opened.evaluate("getComputedStyle(document.body).color"))
    assert (paper > 200, text < 100) == ((scheme == "light"),) * 2
    first = opened.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--series-0')"
    )
    rgb = [int(first.strip()[n : n + 2], 16) for n in (1, 3, 5)]
    assert tuple(rgb) in {tuple(colour) for colour in colours(opened)}


def brightness(colour: str) -> float:
    """Give the mean of red, green and blue of a CSS colour."""
    return float(np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]]))


def colours(page: Any) -> list[list[int]]:
    """List the colours of opaque pixels of the first panel."""
    program = """canvas => {
        const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const found = new Set();
        for (let n = 0; n < all.length; n += 4)
            if (all[n + 3] === 255) found.add(`${all[n]} ${all[n + 1]} ${all[n + 2]}`);
        return [...found].map((text) => text.split(' ').map(Number));
    }"""
    found: list[list[int]] = page.locator(".panels canvas").first.evaluate(program)
    return found


def test_nothing_is_wider_than_a_telephone(opened: Any) -> None:
    opened.set_viewport_size({"width": 400, "height": 800})
    opened.wait_for_function("document.querySelector('.uplot').clientWidth < 400")
    assert opened.evaluate("document.documentElement.scrollWidth") == 400


def test_without_scripts_all_but_the_traces_is_there(browser: Any, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("noscript p").is_visible()
    assert not page.locator(".live").is_visible()
    assert not page.get_by_text("show in the traces").is_visible()
    assert page.locator("svg.plot").count() > 4
    context.close()


def test_pictures_and_plots_say_what_they_show(opened: Any) -> None:
    assert opened.locator("img:not([alt]), img[alt='']").count() == 0
    assert opened.locator("svg.plot:not([aria-label])").count() == 0


def test_panels_say_what_is_drawn_of_members_and_of_smoothers(opened_sweeps: Any) -> None:
    titles = opened_sweeps.locator(".panel h3").all_inner_texts()
    assert titles[3:] == ["spread of members (px)", "posterior deviation of smoothers (px)"]
    rows = opened_sweeps.locator(".readout tbody tr").all()
    told = {
        row.locator("td").first.inner_text(): [
            bool(cell) for cell in row.locator("td").all_inner_texts()[4:]
        ]
        for row in rows
    }
    spread = {name for name, (of_members, _) in told.items() if of_members}
    own = {name for name, (_, of_smoother) in told.items() if of_smoother}
    assert spread == {"supervised (ensemble)", "semi-supervised (ensemble)"}
    assert own == {"supervised/eks", "semi-supervised/eks"}


def test_every_ensemble_has_its_own_spread(opened_sweeps: Any) -> None:
    rows = opened_sweeps.locator(".readout tbody tr")
    values = {}
    for name in ("supervised (ensemble)", "semi-supervised (ensemble)"):
        opened_sweeps.locator(".panels").focus()
        found = rows.filter(has=opened_sweeps.get_by_label(name, exact=True))
        values[name] = float(found.locator("td").nth(4).inner_text().split()[0])
    first, second = values.values()
    assert first > 2 * second


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_goes_on_is_shaded_there_and_scrolls_by_keyboard(
    opened_sweeps: Any, scheme: str
) -> None:
    opened_sweeps.emulate_media(color_scheme=scheme)
    opened_sweeps.set_viewport_size({"width": 400, "height": 800})
    table = opened_sweeps.get_by_role("region", name="Where runs differ")
    assert table.evaluate("one => one.scrollWidth > one.clientWidth")
    assert shaded(table) == [False, True]
    table.focus()
    for _ in range(100):
        opened_sweeps.keyboard.press("ArrowRight")
        opened_sweeps.wait_for_timeout(20)
        if table.evaluate("one => one.scrollLeft + one.clientWidth >= one.scrollWidth - 1"):
            break
    assert shaded(table) == [True, False]


def shaded(table: Any) -> list[bool]:
    """Say whether the left and the right edge of a table are shaded, most of the way down."""
    image = np.asarray(Image.open(io.BytesIO(table.screenshot(animations="disabled"))), float)
    grey = image[..., :3].mean(-1)
    paper = np.median(grey)  # words and lines cover less than half of any column
    return [bool(abs(np.median(grey[:, edge]) - paper) > 25) for edge in (3, -4)]


def test_no_name_covers_numbers_on_a_telephone(opened_sweeps: Any) -> None:
    opened_sweeps.set_viewport_size({"width": 400, "height": 800})
    program = """rows => rows.every((row) => {
        const [name, number] = row.querySelectorAll("td");
        const range = document.createRange();
        range.selectNodeContents(name);
        return range.getBoundingClientRect().right <= number.getBoundingClientRect().right - 40;
    })"""
    assert opened_sweeps.locator(".readout tbody tr").evaluate_all(program)
    assert opened_sweeps.evaluate("document.documentElement.scrollWidth") == 400
