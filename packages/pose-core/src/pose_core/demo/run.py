"""The demo from the first drawing to the page.

demo.json                    its options, and what every step took
project/ held-out/ truth/    what is drawn: `pose_core.synthetic`
networks/1 networks/2 ...    trained models, as `pose train` leaves them
predictions/                 of the kept-out video: networks, mean, median, smoothed
labeled.mp4 report.html      to look at
methods.csv keypoints.csv    the tables
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pose_core.demo.members import Job, train_all
from pose_core.demo.options import DemoOptions, run_options
from pose_core.errors import ConfigError
from pose_core.files import open_project, read_predictions, write_json, write_predictions
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.reports.demo_page import DemoReport, demo_report
from pose_core.reports.demo_results import DemoResults
from pose_core.reports.labeled_video import DrawingOptions, label_video
from pose_core.reports.page import write_page
from pose_core.reports.tables import write_csv
from pose_core.run_folder import METRICS, SPLIT
from pose_core.smoothing import ensemble_mean, ensemble_median, smooth
from pose_core.splits import read_split
from pose_core.synthetic import Scene, draw_sessions, read_truth, skeleton, write_project
from pose_core.video.readers import choose
from pose_core.wording import count_of

MARKER, VIDEO, PAGE = "demo.json", "labeled.mp4", "report.html"
FOLDERS = ("project", "held-out", "truth", "networks", "predictions")
OURS = (*FOLDERS, VIDEO, PAGE, "methods.csv", "keypoints.csv", MARKER)
SMOOTHER = "eks_singlecam"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What a demo left.

    Attributes:
        folder: of everything.
        report: summary and tables.
        page: the page.
        video: the labeled video.
        seconds: what the steps took, over all runs that it needed.
    """

    folder: Path
    report: DemoReport
    page: Path
    video: Path
    seconds: Mapping[str, float]


@dataclass
class Clock:
    """Seconds that each step took, kept on disk so that a demo that goes on adds up."""

    marker: Path
    options: Mapping[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        """Add the time a block takes to a step, also where it is stopped."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - began
            write_json(self.marker, {"options": self.options, "seconds": self.seconds})


def run_demo(
    folder: Path,
    options: DemoOptions,
    plugins: Plugins,
    overwrite: bool = False,
    say: Say = print,
    progress: bool = True,
) -> Demo:
    """Draw, train, predict, smooth, score and report; go on where a former run was stopped.

    Args:
        folder: of everything that is written.
        options: how large.
        plugins: where the format and the smoother are.
        overwrite: whether to begin again where there is a demo already.
        say: takes one line about what is going on.
        progress: whether to show a bar.

    Raises:
        ConfigError: if a package is missing, or the folder holds something else.
        PoseError: if a step fails.
    """
    check_plugins(plugins)
    clock = prepare(folder, options, overwrite)
    with clock.time("draw"):
        held_out = draw(folder, options, say)
    jobs = jobs_of(folder, options, held_out)
    done = sum(job.is_done() for job in jobs)
    say(
        f"training {count_of(options.networks, 'network')} of random weights "
        f"for {count_of(options.epochs, 'epoch')}" + (f"; {done} are done already" if done else "")
    )
    with clock.time("train and predict"):
        train_all(jobs, progress)
    with clock.time("smooth"):
        say(f"smoothing the ensemble by {SMOOTHER}")
        networks, combined = combine(folder, jobs, held_out.stem, plugins)
    with clock.time("draw the labeled video"):
        film(folder, held_out, combined["smoothed"], networks["network 1"], plugins)
    results = DemoResults(
        truth=read_truth(folder / "truth" / f"{held_out.stem}.npz"),
        networks=networks,
        combined=combined,
        fps=choose(plugins)[0].probe(held_out).fps,
        labeled=count_labeled(jobs[0], plugins),
        curves={f"network {n}": job.folder / METRICS for n, job in enumerate(jobs, start=1)},
        video=folder / VIDEO,
        seconds=clock.seconds,
    )
    with clock.time("write the page"):
        report = report_on(folder, results, options)
    return Demo(folder, report, folder / PAGE, folder / VIDEO, clock.seconds)


def check_plugins(plugins: Plugins) -> None:
    """Refuse to begin without the packages whose parts are needed.

    Raises:
        ConfigError: saying what to install.
    """
    needed = (
        ("pose-io-dlc", any(name.startswith("lightning") for name in plugins.names("format"))),
        ("pose-eks", SMOOTHER in plugins.names("smoother")),
    )
    if absent := [name for name, is_there in needed if not is_there]:
        broken = "".join(f" (not loaded: {one})" for one in plugins.broken)
        raise ConfigError(
            f"the demo needs {' and '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} "
            f"not installed{broken}; install by: pip install {' '.join(absent)}"
        )


def prepare(folder: Path, options: DemoOptions, overwrite: bool) -> Clock:
    """Make the folder, or see whether the demo in it can go on.

    Raises:
        ConfigError: if it holds something else, or a demo of other options.
    """
    marker, given = folder / MARKER, options.to_dict()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: is a file; choose another --output")
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise ConfigError(f"{folder}: holds something else than a demo; choose another --output")
    if marker.exists() and overwrite:
        clear(folder)
    held = read_marker(marker)
    if held and held["options"] != given:
        raise ConfigError(
            f"{folder}: holds a demo of other options; give --overwrite to replace it, "
            "or another --output"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be made ({error.strerror}); choose another --output"
        ) from None
    clock = Clock(marker, given, dict(held["seconds"]) if held else {})
    with clock.time("draw"):  # writes the marker before anything else
        return clock


def read_marker(marker: Path) -> dict[str, Any]:
    """Read what a former demo left, nothing if there was none.

    Raises:
        ConfigError: if it cannot be read.
    """
    if not marker.exists():
        return {}
    try:
        held = json.loads(marker.read_text(encoding="utf-8"))
        return {"options": held["options"], "seconds": held["seconds"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{marker}: damaged; give --overwrite to begin again") from None


def clear(folder: Path) -> None:
    """Remove what a demo wrote, and nothing else."""
    for name in OURS:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def draw(folder: Path, options: DemoOptions, say: Say) -> Path:
    """Draw the recordings unless they are there; give the video that is kept out."""
    if not (folder / "project" / "CollectedData.csv").exists():  # written last
        known = options.sessions - 1
        labeled = count_of(options.labels, "labeled frame")
        say(
            f"drawing {options.sessions} recordings of a mouse seen from the side and from below: "
            f"{known} with {labeled} each, one of another look kept out"
        )
        write_project(
            folder,
            sessions=options.sessions,
            frames_per_video=options.frames,
            labels_per_video=options.labels,
            size=options.size,
            seed=options.seed,
            held_out_frames=options.held_out_frames,
        )
    return next((folder / "held-out").glob("*.mp4"))


def jobs_of(folder: Path, options: DemoOptions, video: Path) -> list[Job]:
    """List what is to be trained and predicted."""
    return [
        Job(
            run_options(options, n, folder / "project", folder / "networks" / str(n)),
            video,
            folder / "predictions" / f"{video.stem}_network{n}.csv",
        )
        for n in range(1, options.networks + 1)
    ]


def combine(
    folder: Path, jobs: list[Job], video: str, plugins: Plugins
) -> tuple[dict[str, Predictions], dict[str, Predictions]]:
    """Read the networks' predictions; make and write the mean, the median and the smoothed.

    The median of two networks is their mean, and left out.
    """
    members = [read_predictions(job.table, plugins) for job in jobs]
    ensemble = Ensemble.of(members)
    combined = {"ensemble mean": ensemble_mean(ensemble)}
    if len(members) > 2:
        combined["ensemble median"] = ensemble_median(ensemble)
    combined["smoothed"] = smooth(members, SMOOTHER, {}, plugins)
    for name, one in combined.items():
        path = folder / "predictions" / f"{video}_{name.replace(' ', '_')}.csv"
        write_predictions(path, one, plugins)
    return {f"network {n}": one for n, one in enumerate(members, start=1)}, combined


def film(
    folder: Path, video: Path, smoothed: Predictions, network: Predictions, plugins: Plugins
) -> None:
    """Draw the smoothed points as discs and one network's as rings on the video."""
    reader, _ = choose(plugins)
    label_video(
        video, [smoothed, network], folder / VIDEO, reader, DrawingOptions(trail=8), skeleton()
    )


def count_labeled(job: Job, plugins: Plugins) -> int:
    """Count the frames a network was trained on."""
    labels = open_project(job.options.project, plugins).labels
    return len(read_split(job.folder / SPLIT, labels, validate=False).train)


def report_on(folder: Path, results: DemoResults, options: DemoOptions) -> DemoReport:
    """Write the page and the tables."""
    session = draw_sessions(options.sessions, options.size, options.seed)[-1]
    scene = Scene(session, options.held_out_frames)
    report = demo_report(results, scene.draw)
    write_page(folder / PAGE, report.page)
    write_csv(folder / "methods.csv", report.methods)
    write_csv(folder / "keypoints.csv", report.keypoints)
    return report
