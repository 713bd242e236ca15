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
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import small_unet
import torch
from hard_scene import draw
from semi_supervised import Scale, columns, figures, options_of, train_once

from pose_core.cli import build_parser, parse
from pose_core.diagnostics.gathering import gather_videos
from pose_core.diagnostics.measures import DEVIATION, SPREAD, ensemble_spread, measure
from pose_core.diagnostics.tracks import Tracks
from pose_core.evaluation import evaluate
from pose_core.files import open_project
from pose_core.metrics import auroc, midranks
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble
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
OF_ALL = (MEAN, MEDIAN, ONE_VIEW, BOTH_VIEWS)
"""What is made of all members."""
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
TOGETHER = "spread over both kinds"
Points = dict[tuple[str, str], dict[str, np.ndarray]]
"""By kind and source, then by name: (points,), the same points in the same order everywhere."""


def found_plugins() -> Plugins:
    """Find all plugins, and the network of the benchmarks."""
    plugins = Plugins().load()
    plugins.add(small_unet)
    return plugins


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


def pose(plugins: Plugins, *words: str | Path) -> None:
    """Run a command as the command line does."""
    given = parse(build_parser(plugins), [str(word) for word in words])
    if plugins.find("command", given.command).run(given, plugins):
        raise SystemExit(f"pose {given.command} failed; see above")


def track(scene: Path, sweep: Path, plugins: Plugins) -> list[Tracks]:
    """Predict and smooth the scored recordings, write the page, and give all tracks by name."""
    tables, alone = sweep / TRACKS, sweep / ONE_VIEW
    with (sweep / "log.txt").open("a") as log, redirect_stdout(log):
        pose(plugins, "predict", sweep, scene / "held-out", "--smooth")
        pose(plugins, "smooth", tables, "--smoother", ONE_VIEW, "--output", alone / "smoothed")
        page = sweep.with_name(f"{sweep.name}.html")
        pose(plugins, "report", sweep, "--predictions", alone, "--output", page)
    return [with_pools(one) for one in gather_videos(runs_below(sweep), plugins, [tables, alone])]


def with_pools(tracks: Tracks) -> Tracks:
    """Add mean and median of the members, and put the sources in the order that tables have."""
    members = Ensemble.of([tracks.sources[name] for name in tracks.members])
    found = {**tracks.sources, MEAN: ensemble_mean(members), MEDIAN: ensemble_median(members)}
    return replace(tracks, sources={name: found[name] for name in (*tracks.members, *OF_ALL)})


def points_of(shown: Iterable[tuple[Path, Mapping[str, Tracks]]], plugins: Plugins) -> Points:
    """Hold what networks of each kind say of recordings, given with their scene, against truth."""
    parts: dict[tuple[str, str], dict[str, list[np.ndarray]]] = {}
    for scene, kinds in shown:
        training = open_project(scene / "project", plugins).labels
        members = [one.sources[name] for one in kinds.values() for name in one.members]
        together = ensemble_spread(np.stack([one.keypoints for one in members]))
        for kind, tracks in kinds.items():
            truth = read_truth(scene / "truth" / f"{tracks.subject}.npz")
            measured = {one.source: one.values for one in measure(tracks, plugins, training)}
            deviations = {f"{of} {DEVIATION}": measured[of][DEVIATION] for of in OF_ALL[2:]}
            for name, predictions in tracks.sources.items():
                found = {**measured[name], **deviations, TOGETHER: together}
                found |= dict(columns(predictions, truth, training, {}))
                for what, values in found.items():
                    own = parts.setdefault((kind, name), {})
                    own.setdefault(what, []).append(values.ravel())
    return {
        source: {what: np.concatenate(values) for what, values in own.items()}
        for source, own in parts.items()
    }


def known(points: Points, kind: str, wanted: str, what: str) -> list[tuple[np.ndarray, ...]]:
    """Give a quantity, errors and which are gross, of a source or of every member."""
    members = [name for of, name in points if of == kind and name not in OF_ALL]
    found = []
    for name in members if wanted == MEMBER else [wanted]:
        own = points[kind, name]
        there = np.isfinite(own["error"]) & np.isfinite(own[what])
        found.append((own[what][there], own["error"][there], own["gross"][there] > 0))
    return found


def error_table(points: Points, kind: str) -> Table:
    """Tell the errors of all sources of a kind."""
    summed = {name: figures(own) for (of, name), own in points.items() if of == kind}
    rows = [[name, *(own[key] for key in SHOWN)] for name, own in summed.items()]
    return Table.of(["px", *SHOWN.values()], rows, f"{kind}: error", best="low")


def tails(points: Points, kind: str, wanted: str, shares: Sequence[float]) -> np.ndarray:
    """Give thresholds of the spread and mean errors above them, (2, shares)."""
    found = []
    for spread, error, _ in known(points, kind, wanted, TOGETHER):
        order = np.argsort(-spread, kind="stable")
        counts = [max(1, round(len(order) * share / 100)) for share in shares]
        means = [error[order[:count]].mean() for count in counts]
        found.append([spread[order[np.array(counts) - 1]], means])
    return np.mean(found, axis=0)


def tail_table(points: Points) -> Table:
    """Tell mean errors above thresholds of the spread."""
    sources = [(kind, name) for name in (MEMBER, MEAN, BOTH_VIEWS) for kind in KINDS]
    found = [tails(points, *source, LEFT) for source in sources]
    columns = np.stack([found[0][0], *(own[1] for own in found)], axis=1)
    rows = [[share, *row] for share, row in zip(LEFT, columns.tolist(), strict=True)]
    heads = ["points left %", "spread px", *(f"{name}, {kind}" for kind, name in sources)]
    return Table.of(heads, rows, "mean error (px) of the points of at least a spread")


def told_table(points: Points, kind: str) -> Table:
    """Tell how well what is known without truth tells errors, for each sort of source."""
    wanted = (MEMBER, MEAN, BOTH_VIEWS)
    rows = [
        [shown, *(number for name in wanted for number in told(known(points, kind, name, what)))]
        for shown, what in TELLS.items()
    ]
    heads = [f"{name}: {what}" for name in wanted for what in ("rho", "AUROC")]
    title = f"{kind}: Spearman's correlation with the error, AUROC of gross errors"
    return Table.of(["what tells", *heads], rows, title, best="high")


def told(sources: Sequence[tuple[np.ndarray, ...]]) -> list[float]:
    """Give Spearman's correlation and AUROC; of several sources the means."""
    found = [
        (np.corrcoef(midranks(signal), midranks(error))[0, 1], auroc(signal, gross))
        for signal, error, gross in sources
    ]
    return [float(value) for value in np.mean(found, axis=0)]


def drawing(points: Points) -> str:
    """Draw mean errors above thresholds of the spread."""
    shares = np.geomspace(LEFT[0], LEFT[-1], 60)
    traces = [
        Trace(f"{name}, {kind}", *tails(points, kind, name, shares), colour=colour, dash=dash)
        for colour, name in enumerate((MEMBER, MEAN, BOTH_VIEWS))
        for dash, kind in enumerate(KINDS)
    ]
    labels = ("spread over all networks is at least (px)", "mean error of these points (px)")
    return line_plot(traces, "Error against spread", labels, size=(420, 900), zero=True)


def sentence(tables: Sequence[Table]) -> str:
    """Say the mean errors of each kind in one sentence."""
    parts = []
    for kind, one in zip(KINDS, tables, strict=True):
        *members, mean, median, _, smoothed = [float(row[1] or 0) for row in one.rows]
        alone = f"networks {min(members):.2f} to {max(members):.2f} px"
        both = f"their mean {mean:.2f} and median {median:.2f}"
        parts.append(f"{kind}: {alone}, {both}, smoothed {smoothed:.2f}")
    return f"Mean errors, {'; '.join(parts)}."


def report(points: Points, output: Path) -> None:
    """Print the tables, and write them and a page."""
    tables = [error_table(points, kind) for kind in KINDS]
    tables += [tail_table(points), *(told_table(points, kind) for kind in KINDS)]
    for number, one in enumerate(tables, start=1):
        print(table_text(one) + "\n")
        write_csv(output / f"table-{number}.csv", one)
    dashes = "Supervised networks are drawn through, semi-supervised ones dashed."
    blocks = [html.plot(drawing(points), dashes), *map(html.table, tables)]
    content = html.page("What an ensemble is worth", sentence(tables[: len(KINDS)]), [("", blocks)])
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
    scale, work = Scale(given.steps, length=8, size=given.size, longer=1.0), []
    scenes = [given.output / str(seed) / "scene" for seed in range(given.seeds)]
    for seed, scene in enumerate(scenes):
        draw(scene, given.labels, seed)
        runs = [(kind, member) for kind in KINDS for member in range(given.members)]
        work += [(scene, scene.with_name(k) / f"seed={m}", k, seed, m, scale) for k, m in runs]
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        list(pool.map(train_member, *zip(*work, strict=True)))
    torch.set_num_threads(1)
    plugins, shown = found_plugins(), []
    for scene in scenes:
        found = [track(scene, scene.with_name(kind), plugins) for kind in KINDS]
        shown += [(scene, dict(zip(KINDS, pair, strict=True))) for pair in zip(*found, strict=True)]
    report(points_of(shown, plugins), given.output)


if __name__ == "__main__":
    main()
