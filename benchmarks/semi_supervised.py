"""What unlabeled clips and their losses change, beside the control with the same clips, weight 0.

    python benchmarks/semi_supervised.py OUTPUT [--labels 20 75] [--seeds 3] [--runs control ...]

Animals in two mirrored views with known truth, many glints that look like paws, posts and straps
that hide points, dim recordings; the videos scored show animals of another colour, light and size,
and no frame of them is labeled. The clips come from all videos, the scored ones too, as a lab has
them. All runs of a seed share labels, weights at the start and number of steps; `longer` is the
control's supervised twin at the time of the most expensive run. What is finished is kept in OUTPUT:
a benchmark that was stopped goes on, and more runs can be added later.

`repaired` rows are the same predictions after `pose predict --repair all`, `smoothed` ones those
smoothed by pose-eks as well (`pose smooth`, one member). Errors are Euclidean, in
pixels of 192 x 192 frames; a gross one is above a tenth of the body's length. The last
columns say how a loss, as a metric on the scored videos, tells errors: Spearman's correlation with
the pixel error, and AUROC for gross errors, beside one minus the confidence.
"""

import argparse
import csv
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import small_unet
import torch
from hard_scene import draw

from pose_core.batches.options import AugmentOptions, DataOptions, UnlabeledOptions
from pose_core.errors import ConfigError
from pose_core.evaluation import evaluate
from pose_core.files import open_project, read_predictions, write_predictions
from pose_core.labels import OCCLUDED, VISIBLE, Labels
from pose_core.metrics import auroc, pixel_error
from pose_core.model.folder import load_model
from pose_core.model.options import ModelOptions
from pose_core.plugins import Plugins
from pose_core.predict import predict_video
from pose_core.predictions import Predictions
from pose_core.smoothing import smooth
from pose_core.splits import draw_split
from pose_core.synthetic import read_truth
from pose_core.training.fit import train
from pose_core.training.options import RunOptions, TrainingOptions
from pose_core.video.readers import choose

BATCH = 8
KINDS = {"": "", ", repaired": "repaired", ", smoothed": "smoothed"}
"""What is scored of a run, and the folder of its tables."""
IMPROVED = {"temporal": {"epsilon": 10.0}, "pca_singleview": {}, "pca_multiview": {}}
PUBLISHED = {name: {"form": "published", **of} for name, of in IMPROVED.items()}
RUNS: Mapping[str, Mapping[str, Any]] = {
    "supervised": {},
    "longer": {},
    "control": IMPROVED,
    **{name: {name: of} for name, of in IMPROVED.items()},
    "unimodal": {"unimodal": {}},
    "published": PUBLISHED,
    "improved": IMPROVED,
}
SIGNALS = ("temporal_norm", "pca_multiview_error", "pca_singleview_error")


@dataclass(frozen=True)
class Scale:
    """How large a benchmark is.

    Attributes:
        steps: of training.
        length: frames of a clip.
        size: height and width that the network sees.
        longer: how many times the steps of the others `longer` has.
    """

    steps: int
    length: int
    size: int
    longer: float


def options_of(project: Path, run: str, output: Path, seed: int, scale: Scale) -> RunOptions:
    """Give the options of a run: the demo's network, and the default augmentation."""
    labels = open_project(project / "project", Plugins().load()).labels
    data = DataOptions(size=(scale.size, scale.size), test=0.0, batch_size=BATCH)
    split = draw_split(labels, data.validation, data.test, seed, data.group_by)
    steps = scale.steps * (scale.longer if run == "longer" else 1)
    epochs = round(steps / -(-len(split.train) // BATCH))
    return RunOptions(
        project=str(project / "project"),
        output=str(output),
        seed=seed,
        resume=True,
        data=data,
        augment=AugmentOptions(rotation=10.0),
        model=ModelOptions(backbone="small_unet", pretrained=False),
        losses={"heatmap_mse": {}, **RUNS[run]},
        unlabeled=UnlabeledOptions(
            videos=(str(project / "project" / "videos"), str(project / "held-out")),
            length=scale.length,
            weight=0.0 if run == "control" else 1.0,
            validation_clips=0,
        ),
        training=TrainingOptions(
            epochs=epochs, learning_rate=3e-3, check_every=max(1, epochs // 8)
        ),
        trainer={"accelerator": "cpu"},
    )


def perform(folder: Path, labels: int, seed: int, run: str, scale: Scale) -> list[dict[str, Any]]:
    """Train and predict, where that is not done, and score the predictions, also bettered."""
    project, output = folder / f"{labels}-{seed}", folder / "runs" / f"{labels}-{seed}-{run}"
    draw(project, labels, seed)
    plugins = Plugins().load()
    plugins.add(small_unet)
    done = output / "seconds.json"
    if not done.exists():
        torch.set_num_threads(1)
        began = time.process_time()
        train_once(options_of(project, run, output, seed, scale), plugins)
        done.write_text(json.dumps(round(time.process_time() - began, 1)))
        evaluate(output, plugins)
    for video in scored(project):
        predict_once(video, output, plugins)
    rows = []
    for kind, folder_of in KINDS.items():
        found = {"labels": labels, "seed": seed, "run": run + kind}
        found |= {"cpu_s": json.loads(done.read_text())}
        rows.append(found | score(project, output / folder_of, plugins))
    return rows


def train_once(options: RunOptions, plugins: Plugins) -> None:
    """Train, without the pose loss if its published form wants more complete poses.

    Raises:
        KeyboardInterrupt: if training was stopped, so that nothing half trained is scored.
    """
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    with (output / "log.txt").open("a") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            trained = train(options, plugins)
        except ConfigError as refusal:
            if "pca_singleview" not in str(refusal):
                raise
            kept = {name: of for name, of in options.losses.items() if name != "pca_singleview"}
            trained = train(replace(options, losses=kept), plugins)
    if trained.interrupted:
        raise KeyboardInterrupt


def predict_once(video: Path, output: Path, plugins: Plugins) -> None:
    """Predict a video, repair and smooth the predictions, as far as that is not done."""
    plain, repaired, smoothed = (output / of / f"{video.stem}.csv" for of in KINDS.values())
    if not plain.exists():
        model, (reader, _) = load_model(output, plugins), choose(plugins)
        predict_video(model, video, plain, reader, plugins, progress=False)
    repair = {"model": str(output), "points": "all"}
    steps = ((plain, repaired, "pose_repair", repair), (repaired, smoothed, "eks_singlecam", {}))
    for before, after, smoother, options in steps:
        if not after.exists():
            better = smooth([read_predictions(before, plugins)], smoother, options, plugins)
            write_predictions(after, better, plugins)


def scored(project: Path) -> list[Path]:
    """List the videos without labels."""
    return sorted((project / "held-out").glob("*.mp4"))


def score(project: Path, tables: Path, plugins: Plugins) -> dict[str, float]:
    """Compare the predictions of all scored videos, in a folder, with the truth."""
    labels = open_project(project / "project", plugins).labels
    metrics = {name: plugins.find("metric", name) for name in SIGNALS}
    rows: dict[str, list[np.ndarray]] = {}
    for video in scored(project):
        truth = read_truth(project / "truth" / f"{video.stem}.npz")
        read = read_predictions(tables / f"{video.stem}.csv", plugins)
        predictions = replace(read, skeleton=truth.skeleton)
        training = replace(labels, skeleton=truth.skeleton)
        for name, values in columns(predictions, truth, training, metrics):
            rows.setdefault(name, []).append(values.ravel())
    joined = {name: np.concatenate(parts) for name, parts in rows.items()}
    return {**figures(joined), **signals(joined)}


def columns(
    predictions: Predictions, truth: Labels, training: Labels, metrics: Mapping[str, Any]
) -> Iterator[tuple[str, np.ndarray]]:
    """Give numbers per frame and keypoint (frames, keypoints)."""
    names = truth.skeleton.names
    ends = [truth.keypoints[:, names.index(name)] for name in ("nose_bot", "tailBase_bot")]
    length = float(np.nanmedian(np.linalg.norm(ends[0] - ends[1], axis=-1)))
    error = pixel_error(predictions.keypoints, truth.keypoints)
    yield "error", error
    yield "gross", np.where(np.isfinite(error), error > length / 10, np.nan)
    yield "visibility", truth.visibility
    yield "doubt", 1 - predictions.confidence
    for name, metric in metrics.items():
        try:
            yield name, metric.compute(predictions, training if metric.needs else None)
        except ConfigError:  # too few labels to fit a subspace to
            yield name, np.full(error.shape, np.nan)


def figures(table: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Sum up the errors of visible and occluded points."""
    found: dict[str, float] = {}
    kinds = {"all": (VISIBLE, OCCLUDED), "visible": (VISIBLE,), "occluded": (OCCLUDED,)}
    for kind, values in kinds.items():
        of_kind = np.isin(table["visibility"], values) & np.isfinite(table["error"])
        errors, gross = table["error"][of_kind], table["gross"][of_kind]
        found |= {f"{kind}_mean": errors.mean(), f"{kind}_median": np.median(errors)}
        found |= {f"{kind}_p95": np.quantile(errors, 0.95), f"{kind}_gross": 100 * gross.mean()}
    return {name: round(float(value), 4) for name, value in found.items()}


def signals(table: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Say how well numbers known without truth tell errors."""
    from scipy.stats import spearmanr

    found = {}
    for name in ("doubt", *SIGNALS):
        known = np.isfinite(table["error"]) & np.isfinite(table[name])
        if not known.any():
            continue
        found[f"{name}_rho"] = spearmanr(table[name][known], table["error"][known]).statistic
        found[f"{name}_auroc"] = auroc(table[name][known], table["gross"][known] > 0)
    return {name: round(float(value), 3) for name, value in found.items()}


SHOWN = {
    "all_mean": "mean", "visible_mean": "visible", "visible_median": "median",
    "occluded_mean": "occluded", "occluded_median": "median", "occluded_p95": "95 %",
    "all_gross": "gross %", "occluded_gross": "occluded gross %", "cpu_s": "CPU s",
}  # fmt: skip


def report(found: list[dict[str, Any]], output: Path) -> None:
    """Print the means over the seeds, and ratios to the control; write every row."""
    from pose_core.reports.tables import Table, table_text

    with (output / "scores.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in found for key in row)))
        writer.writeheader()
        writer.writerows(found)
    for labels in sorted({row["labels"] for row in found}):
        some = [row for row in found if row["labels"] == labels]
        names = [name for run in RUNS for name in (run + kind for kind in KINDS)]
        runs = [name for name in names if any(row["run"] == name for row in some)]
        means = {
            run: {k: np.mean([row[k] for row in some if row["run"] == run]) for k in SHOWN}
            for run in runs
        }
        seeds = len({row["seed"] for row in some})
        lines: list[list[str | float]] = [
            [run, *(float(values[k]) for k in SHOWN)] for run, values in means.items()
        ]
        print(f"\n{labels} labels, {seeds} seeds; errors in pixels")
        print(table_text(Table.of(["run", *SHOWN.values()], lines)))
        if control := means.get("control"):
            ratios: list[list[str | float]] = [
                [run, *(float(values[k] / control[k]) for k in SHOWN)]
                for run, values in means.items()
            ]
            print("as ratios to the control")
            print(table_text(Table.of(["run", *SHOWN.values()], ratios)))
        told_by = [k for k in some[0] if k.endswith(("_rho", "_auroc"))]
        told = [
            [
                run,
                *(
                    float(np.mean([r[k] for r in some if r["run"] == run and k in r]))
                    for k in told_by
                ),
            ]
            for run in runs
            if run in ("control", "improved")
        ]
        print("what tells errors: Spearman's correlation with the pixel error, AUROC of gross ones")
        print(table_text(Table.of(["run", *told_by], told)))


def main() -> None:
    """Draw, train, predict, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--labels", type=int, nargs="+", default=[20, 75])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--length", type=int, default=8, help="frames of a clip")
    parser.add_argument("--size", type=int, default=128, help="that networks see")
    parser.add_argument("--longer", type=float, default=2.4, help="steps of `longer` beside others")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    scale = Scale(given.steps, given.length, given.size, given.longer)
    work = [
        (given.output, labels, seed, run, scale)
        for run in given.runs
        for seed in range(given.seeds)
        for labels in given.labels
    ]
    for labels in given.labels:
        for seed in range(given.seeds):
            draw(given.output / f"{labels}-{seed}", labels, seed)
    found = []
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        for rows in pool.map(perform, *zip(*work, strict=True)):
            for row in rows:
                print({k: row[k] for k in ("labels", "seed", "run", *SHOWN)}, flush=True)
            found += rows
    report(found, given.output)


if __name__ == "__main__":
    main()
