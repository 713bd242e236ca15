"""What a real project's own video, unlabeled, changes: mirror-mouse-example, at equal steps.

    POSE_DATA_DIR=... python benchmarks/unlabeled_video.py OUTPUT [--seeds 3] [--steps 600]
        [--runs control pca_singleview all]

The control sees the same clips, their losses at weight 0; `pca_singleview` is the loss that helps
most in benchmarks/semi_supervised.py, `all` has the other two besides. Of the video: the mean step
from frame to frame, and the distances to what both views and the labels' poses allow; of frames
kept out of training: the pixel error. All in pixels of the frame. What is finished is kept in
OUTPUT.
"""

import argparse
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import small_unet

from pose_core.batches.options import AugmentOptions, DataOptions, UnlabeledOptions
from pose_core.evaluation import evaluate
from pose_core.files import open_project, read_predictions, write_predictions
from pose_core.model.folder import load_model
from pose_core.model.options import ModelOptions
from pose_core.plugins import Plugins
from pose_core.predict import predict_video
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.reports.tables import Table, table_text
from pose_core.smoothing import smooth
from pose_core.training.fit import train
from pose_core.training.options import RunOptions, TrainingOptions
from pose_core.video.readers import choose

ALL = ("temporal", "pca_singleview", "pca_multiview")
RUNS = {"control": ALL, "pca_singleview": ("pca_singleview",), "all": ALL}
"""The losses of clips of each."""
METRICS = ("temporal_norm", "pca_multiview_error", "pca_singleview_error")


def options_of(project: Project, name: str, output: Path, given: Any) -> RunOptions:
    """Give the options of a run."""
    batch, weight = 8, 0.0 if name == "control" else 1.0
    return RunOptions(
        project=str(project.root),
        output=str(output),
        seed=given.seed,
        resume=True,
        data=DataOptions(size=(given.size, given.size), validation=0.1, test=0.2, batch_size=batch),
        augment=AugmentOptions(rotation=10.0),
        model=ModelOptions(backbone="small_unet", pretrained=False),
        losses={"heatmap_mse": {}, **{loss: {} for loss in RUNS[name]}},
        unlabeled=UnlabeledOptions(length=8, weight=weight, validation_clips=0),
        training=TrainingOptions(
            epochs=round(given.steps / -(-0.7 * len(project.labels) // batch)),
            learning_rate=3e-3,
            check_every=10,
        ),
        trainer={"accelerator": "cpu"},
    )


def perform(project: Project, name: str, output: Path, given: Any) -> list[list[str | float]]:
    """Train and predict, where that is not done, and measure, plain and repaired."""
    plugins = Plugins().load()
    plugins.add(small_unet)
    output.mkdir(parents=True, exist_ok=True)
    (video,) = project.videos
    tables = {name: output / "video.csv", f"{name}, repaired": output / "repaired.csv"}
    if not tables[f"{name}, repaired"].exists():
        with (output / "log.txt").open("a") as log, redirect_stdout(log), redirect_stderr(log):
            if train(options_of(project, name, output, given), plugins).interrupted:
                raise KeyboardInterrupt
        reader, _ = choose(plugins)
        plain = tables[name]
        predict_video(load_model(output, plugins), video, plain, reader, plugins, progress=False)
        evaluate(output, plugins)
        repair = {"model": str(output), "points": "all"}
        better = smooth([read_predictions(plain, plugins)], "pose_repair", repair, plugins)
        write_predictions(tables[f"{name}, repaired"], better, plugins)
    tested = evaluate(output, plugins).summaries["test"]
    errors: list[float] = [float(tested.mean[-1]), float(tested.median[-1])]
    rows: list[list[str | float]] = []
    for shown, table in tables.items():
        found = read_predictions(table, plugins)
        of_frames = errors if table.stem == "video" else [float("nan")] * 2
        rows.append([shown, *measured(found, project, plugins), *of_frames])
    return rows


def measured(found: Predictions, project: Project, plugins: Plugins) -> list[float]:
    """Give the mean of each metric over a video."""
    metrics = [plugins.find("metric", name) for name in METRICS]
    values = [m.compute(found, project.labels if m.needs else None) for m in metrics]
    return [float(np.nanmean(value)) for value in values]


def main() -> None:
    """Train them, and print what the video shows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--size", type=int, default=192, help="that networks see")
    given = parser.parse_args()
    folder = Path(os.environ["POSE_DATA_DIR"]) / "mirror-mouse-example"
    project = open_project(folder, Plugins().load())
    found: dict[str, list[list[float]]] = {}
    for seed in range(given.seeds):
        given.seed = seed
        for name in given.runs:
            for shown, *values in perform(project, name, given.output / f"{seed}-{name}", given):
                print(seed, shown, values, flush=True)
                found.setdefault(str(shown), []).append([float(value) for value in values])
    rows: list[list[str | float]] = [
        [name, *np.mean(values, axis=0).tolist()] for name, values in found.items()
    ]
    print(table_text(Table.of(["run", *METRICS, "test mean px", "median"], rows)))


if __name__ == "__main__":
    main()
