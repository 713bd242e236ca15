"""What an ensemble is worth: how near its members, mean, median and smoothed tracks are.

    python benchmarks/ensembles.py OUTPUT [--members 5] [--labels 75] [--steps 500] [--seeds 1]

Networks that differ in their seed, as `pose train --multirun seed=0,1,2,3,4` makes them, once
supervised and once with unlabeled clips, predict recordings of animals of other colour, light and
size than the labeled ones. `pose predict SWEEP VIDEOS --smooth` and `pose smooth` do what a lab
would do; each of their tables is held against the truth. Errors are Euclidean, in pixels of frames
of 192 x 192; a gross one is above a tenth of the body's length.

Error against spread is as in Figure 4 of the Lightning Pose paper (Biderman, Whiteway et al. 2024):
the mean error of the points whose spread, over all networks of both kinds, is above a threshold.

What is finished is kept in OUTPUT: a benchmark that was stopped goes on. It ends with the tables,
with OUTPUT/ensembles.html, and with the page of `pose report` for each kind.
"""

import argparse
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import small_unet
import torch
from hard_scene import draw
from semi_supervised import Scale, columns, figures, options_of, scored, train_once

from pose_core.cli import build_parser, parse
from pose_core.diagnostics.gathering import gather_videos
from pose_core.diagnostics.measures import DEVIATION, SPREAD, ensemble_spread, measure
from pose_core.diagnostics.tracks import Tracks
from pose_core.evaluation import evaluate
from pose_core.files import open_project
from pose_core.metrics import auroc, midranks
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.reports import page as html
from pose_core.reports.plots import Trace, line_plot
from pose_core.reports.tables import Table, table_text, write_csv
from pose_core.run_folder import PREDICTIONS, TRACKS, runs_below
from pose_core.smoothing import ensemble_mean, ensemble_median
from pose_core.synthetic import read_truth

KINDS = {"supervised": "supervised", "semi-supervised": "improved"}
"""Names of sweeps, and of the runs of `semi_supervised` that their members are."""
ONE_VIEW, BOTH_VIEWS = "eks_singlecam", "eks_mirrored"
MEMBER, MEAN, MEDIAN = "a member", "mean", "median"
SHOWN = {
    "all_mean": "mean", "all_median": "median", "all_p95": "95 %", "all_gross": "gross %",
    "visible_mean": "visible", "visible_median": "its median", "visible_gross": "its gross %",
    "occluded_mean": "occluded", "occluded_median": "its median", "occluded_gross": "its gross %",
}  # fmt: skip
TELLS = {
    "one minus its confidence": "doubt",
    "ensemble spread": SPREAD,
    "posterior deviation, one view": f"{ONE_VIEW} {DEVIATION}",
    "posterior deviation, both views": f"{BOTH_VIEWS} {DEVIATION}",
    "its multi-view error": "pca_multiview_error",
    "its pose-PCA error": "pca_singleview_error",
    "its temporal norm": "temporal_norm",
}
LEFT = (100, 50, 25, 10, 5, 2)
"""Shares of the points, per cent, those of the largest spread."""
TOGETHER = "spread of both kinds"

Source = tuple[str, str]
"""A kind, and the name of a member, a pool of them or a smoother."""
Points = dict[Source, dict[str, np.ndarray]]
"""By source, then by name: (points,), the same points in the same order for all sources."""


def train_member(scene: Path, run: Path, kind: str, seed: int, member: int, scale: Scale) -> None:
    """Train and evaluate a member, unless that is done; all of a scene have one split."""
    if (run / PREDICTIONS).is_file():
        return
    torch.set_num_threads(1)
    plugins = found_plugins()
    options = options_of(scene, KINDS[kind], run, seed, scale)
    data = replace(options.data, split_seed=seed)
    train_once(replace(options, seed=100 * seed + member, data=data), plugins)
    evaluate(run, plugins)


def found_plugins() -> Plugins:
    """Find all plugins, and the network of the benchmarks."""
    plugins = Plugins().load()
    plugins.add(small_unet)
    return plugins


def pose(words: Sequence[str | Path], plugins: Plugins) -> None:
    """Run a command as the command line does."""
    given = parse(build_parser(plugins), [str(word) for word in words])
    if plugins.find("command", given.command).run(given, plugins):
        raise SystemExit(f"pose {given.command} failed; see above")


def track(scene: Path, sweep: Path, plugins: Plugins) -> None:
    """Predict and smooth the scored recordings, both ways, and write the page about the runs."""
    tables, alone = sweep / TRACKS, sweep / ONE_VIEW
    with (sweep / "log.txt").open("a") as log, redirect_stdout(log):
        pose(["predict", sweep, scene / "held-out", "--smooth"], plugins)
        pose(["smooth", tables, "--smoother", ONE_VIEW, "--output", alone / "smoothed"], plugins)
        page = sweep.with_name(f"{sweep.name}.html")
        pose(["report", sweep, "--predictions", alone, "--output", page], plugins)


def tracks_of(sweep: Path, plugins: Plugins) -> list[Tracks]:
    """Give what members, their mean and median, and the smoothers say of each recording."""
    found = gather_videos(runs_below(sweep), plugins, [sweep / TRACKS, sweep / ONE_VIEW])
    return [replace(one, sources={**one.sources, **pooled(one)}) for one in found]


def pooled(tracks: Tracks) -> dict[str, Predictions]:
    """Give mean and median of the members."""
    members = Ensemble.of([tracks.sources[name] for name in tracks.members])
    return {MEAN: ensemble_mean(members), MEDIAN: ensemble_median(members)}


def points_of(scene: Path, found: Mapping[str, Sequence[Tracks]], plugins: Plugins) -> Points:
    """Hold all sources of both kinds against the truth of all scored recordings of a scene."""
    training = open_project(scene / "project", plugins).labels
    parts: dict[Source, dict[str, list[np.ndarray]]] = {}
    for number in range(len(scored(scene))):
        shown = {kind: own[number] for kind, own in found.items()}
        members = [one.sources[name] for one in shown.values() for name in one.members]
        together = ensemble_spread(np.stack([one.keypoints for one in members]))
        for kind, tracks in shown.items():
            truth = read_truth(scene / "truth" / f"{tracks.subject}.npz")
            measured = {one.source: one.values for one in measure(tracks, plugins, training)}
            common = {TOGETHER: together} | {
                f"{name} {DEVIATION}": measured[name][DEVIATION] for name in (ONE_VIEW, BOTH_VIEWS)
            }
            for name, predictions in tracks.sources.items():
                values = {**dict(columns(predictions, truth, training, {})), **common}
                for what, value in {**measured[name], **values}.items():
                    parts.setdefault((kind, name), {}).setdefault(what, []).append(value.ravel())
    return {
        source: {what: np.concatenate(values) for what, values in own.items()}
        for source, own in parts.items()
    }


def joined(parts: Sequence[Points]) -> Points:
    """Put the points of several scenes together."""
    return {
        source: {
            what: np.concatenate([part[source][what] for part in parts])
            for what in parts[0][source]
        }
        for source in parts[0]
    }


def sources_of(points: Points, kind: str, wanted: str) -> list[dict[str, np.ndarray]]:
    """List the points of a source, or those of every member."""
    others = (MEAN, MEDIAN, ONE_VIEW, BOTH_VIEWS)
    own = {name: values for (of, name), values in points.items() if of == kind}
    return [v for n, v in own.items() if n == wanted or (wanted == MEMBER and n not in others)]


def error_table(points: Points, kind: str) -> Table:
    """Tell the errors of all sources of a kind."""
    rows = [
        [name, *(figures(values)[of] for of in SHOWN)]
        for (of_kind, name), values in points.items()
        if of_kind == kind
    ]
    return Table.of(["px", *SHOWN.values()], rows, f"{kind}: error", best="low")


def tails(points: Points, kind: str, wanted: str, shares: Sequence[float]) -> np.ndarray:
    """Give thresholds of the spread and mean errors above them, (2, shares); members' means."""
    found = []
    for values in sources_of(points, kind, wanted):
        known = np.isfinite(values["error"]) & np.isfinite(values[TOGETHER])
        order = np.argsort(-values[TOGETHER][known], kind="stable")
        error, spread = values["error"][known][order], values[TOGETHER][known][order]
        counts = [max(1, round(len(order) * share / 100)) for share in shares]
        found.append([[spread[n - 1] for n in counts], [error[:n].mean() for n in counts]])
    return np.mean(found, axis=0)


def tail_table(points: Points) -> Table:
    """Tell mean errors above thresholds of the spread."""
    names = [(kind, name) for name in (MEMBER, MEAN, BOTH_VIEWS) for kind in KINDS]
    found = {source: tails(points, *source, LEFT) for source in names}
    thresholds = found[names[0]][0].tolist()
    rows = [
        [share, threshold, *(float(own[1, n]) for own in found.values())]
        for n, (share, threshold) in enumerate(zip(LEFT, thresholds, strict=True))
    ]
    heads = [f"{name}, {kind}" for kind, name in names]
    title = "mean error of the points whose spread over all networks is at least a threshold"
    return Table.of(["points left %", "spread px", *heads], rows, title)


def told_table(points: Points, kind: str) -> Table:
    """Tell how well what is known without truth tells errors, for each sort of source."""
    wanted = (MEMBER, MEAN, ONE_VIEW, BOTH_VIEWS)
    rows: list[list[str | float]] = []
    for shown, what in TELLS.items():
        cells = [told(own, what) for name in wanted for own in [sources_of(points, kind, name)]]
        rows.append([shown, *(number for pair in cells for number in pair)])
    heads = [f"{name}: {what}" for name in wanted for what in ("rho", "AUROC")]
    title = f"{kind}: Spearman's correlation with the error, AUROC of gross errors"
    return Table.of(["what tells", *heads], rows, title, best="high")


def told(sources: Sequence[Mapping[str, np.ndarray]], what: str) -> tuple[float, float]:
    """Give Spearman's correlation and AUROC, of members the means."""
    found = []
    for values in sources:
        known = np.isfinite(values["error"]) & np.isfinite(values[what])
        error, signal, gross = (values[name][known] for name in ("error", what, "gross"))
        rho = np.corrcoef(midranks(signal), midranks(error))[0, 1]
        found.append((float(rho), auroc(signal, gross > 0)))
    rho, area = np.mean(found, axis=0).tolist()
    return rho, area


def drawing(points: Points) -> str:
    """Draw mean errors above thresholds of the spread, both kinds dashed apart."""
    shares = np.geomspace(100, LEFT[-1], 60)
    traces = [
        Trace(f"{name}, {kind}", *tails(points, kind, name, shares), colour=colour, dash=dash)
        for colour, name in enumerate((MEMBER, MEAN, BOTH_VIEWS))
        for dash, kind in enumerate(KINDS)
    ]
    labels = ("spread over all networks is at least (px)", "mean error of these points (px)")
    return line_plot(traces, "Error against spread", labels, size=(420, 900), zero=True)


def report(points: Points, output: Path) -> None:
    """Print the tables, and write them and a page."""
    tables = [error_table(points, kind) for kind in KINDS]
    tables += [tail_table(points), *(told_table(points, kind) for kind in KINDS)]
    for number, one in enumerate(tables):
        print(table_text(one) + "\n")
        write_csv(output / f"table-{number + 1}.csv", one)
    blocks = [html.plot(drawing(points)), *map(html.table, tables)]
    summary = "Members, their mean and median, and smoothed tracks, against the truth."
    content = html.page("What an ensemble is worth", summary, [("", blocks)])
    html.write_page(output / "ensembles.html", content)


def main() -> None:
    """Draw, train, predict, smooth, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--members", type=int, default=5, help="networks of each kind")
    parser.add_argument("--labels", type=int, default=75)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=1, help="scenes")
    parser.add_argument("--size", type=int, default=128, help="that networks see")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    scale, places = Scale(given.steps, 8, given.size, 1.0), range(given.members)
    scenes = {seed: given.output / str(seed) / "scene" for seed in range(given.seeds)}
    for seed, scene in scenes.items():
        draw(scene, given.labels, seed)
    work = [
        (scene, scene.with_name(kind) / f"seed={member}", kind, seed, member, scale)
        for seed, scene in scenes.items()
        for kind in KINDS
        for member in places
    ]
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        list(pool.map(train_member, *zip(*work, strict=True)))
    torch.set_num_threads(1)
    plugins, parts = found_plugins(), []
    for scene in scenes.values():
        for kind in KINDS:
            track(scene, scene.with_name(kind), plugins)
        found = {kind: tracks_of(scene.with_name(kind), plugins) for kind in KINDS}
        parts.append(points_of(scene, found, plugins))
    report(joined(parts), given.output)


if __name__ == "__main__":
    main()
