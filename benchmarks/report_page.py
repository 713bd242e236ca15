"""How long a report of a long recording takes to write, and a browser to open.

    python benchmarks/report_page.py [--frames 100000] [--keypoints 17] [--members 5] [--sweeps 1]

Tracks are random walks. The page is opened in a headless Chromium (playwright; named by
POSE_BROWSER or on the PATH) without a network, several times; the time is from the address to the
first traces on the screen, by the clock and by the processors of all processes of the browser. The
page's own budget (`pose_core.reports.traces.BUDGET`) keeps it below 15 MB.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from pose_core.diagnostics.measures import measure
from pose_core.diagnostics.tracks import Tracks
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.reports.compared import Comparison, RunFiles, Subject
from pose_core.reports.page import write_page
from pose_core.reports.run_page import run_report
from pose_core.skeleton import Skeleton

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def compared(frames: int, keypoints: int, members: int, sweeps: int) -> Comparison:
    """Make up what networks say of one recording."""
    generator = np.random.default_rng(0)
    skeleton = Skeleton(tuple(f"point{k}" for k in range(keypoints)))
    walk = 200 + generator.normal(0, 1, (frames, keypoints, 2)).cumsum(0) % 150
    names = {f"sweep{s}/seed={m}": f"sweep{s}" for s in range(sweeps) for m in range(members)}
    sources = {
        name: Predictions(
            walk + generator.normal(0, 2, walk.shape),
            generator.uniform(0.3, 1, walk.shape[:2]),
            skeleton,
        )
        for name in names
    }
    tracks = Tracks("long", sources, tuple(sources), ensembles=names)
    measured = measure(tracks, Plugins().load(), None, say=lambda _: None)
    curves = {"epoch": np.arange(300.0), "train_loss": 1 / np.arange(1, 301.0)}
    runs = tuple(RunFiles(name, {"seed": n}, curves) for n, name in enumerate(names))
    return Comparison(runs, (Subject.of(tracks, measured),), {})


def open_once(browser: Browser, page_file: Path) -> tuple[float, float]:
    """Give the seconds until traces are seen: by the clock, and of the processors."""
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 900})
    page = context.new_page()
    page.goto("about:blank")
    time.sleep(1)  # what a browser does after it starts is not the page's
    used, start = processor_time(), time.perf_counter()
    page.goto(page_file.as_uri())
    page.wait_for_selector(".panels canvas")
    page.evaluate(PAINTED)
    passed = time.perf_counter() - start
    spent = processor_time() - used
    context.close()
    return passed, spent


def processor_time() -> float:
    """Give the seconds of processors that all processes below this one have had."""
    children: dict[int, list[tuple[int, float]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        ticks = sum(map(int, fields[11:15]))
        parent, seconds = int(fields[1]), ticks / os.sysconf("SC_CLK_TCK")
        children.setdefault(parent, []).append((int(stat.parent.name), seconds))
    total, ahead = 0.0, [os.getpid()]
    while ahead:
        below = children.get(ahead.pop(), [])
        total += sum(seconds for _, seconds in below)
        ahead += [process for process, _ in below]
    return total


def main() -> None:
    """Write the page, open it, and print the best of all times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--keypoints", type=int, default=17)
    parser.add_argument("--members", type=int, default=5, help="of each sweep")
    parser.add_argument("--sweeps", type=int, default=1)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    found = compared(given.frames, given.keypoints, given.members, given.sweeps)
    browser_file = os.environ.get("POSE_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        start, page_file = time.perf_counter(), Path(folder) / "report.html"
        report = run_report(found, [])
        write_page(page_file, report.page)
        written, size = time.perf_counter() - start, page_file.stat().st_size / 1e6
        print("\n".join(report.notes))
        print(f"{size:.1f} MB, written in {written:.1f} s")
        browser = driver.chromium.launch(executable_path=browser_file)
        times = [open_once(browser, page_file) for _ in range(given.times)]
        browser.close()
    for passed, spent in times:
        print(f"open in {passed:.2f} s, {spent:.2f} s of processors")
    clock, processors = map(min, zip(*times, strict=True))
    print(f"best: {clock:.2f} s, {processors:.2f} s of processors")


if __name__ == "__main__":
    main()
