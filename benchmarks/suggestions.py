"""What 20 more labels are worth: of frames that `pose suggest` chooses, and of others.

    python benchmarks/suggestions.py OUTPUT [--seeds 3] [--members 2] [--frames 20]
    python benchmarks/suggestions.py OTHER --known 10 --new 1       # what is new is rare

Of a scene of animals in two mirrored views 20 frames of five recordings are labeled. Two recordings
of animals of other colour, light and size have no label. Networks trained on the 20 predict all
seven; then 20 frames of them are chosen, labeled as a person would, and networks are trained anew
on the 40, with as many steps. They are scored on two further recordings of the other kind, of which
nobody labels a frame. Errors are Euclidean, in pixels of frames of about 192 x 192; a gross one is
above a tenth of the body's length.

What is finished is kept in OUTPUT/rows.csv: a benchmark that was stopped goes on.
"""

import argparse
import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import small_unet
import torch
from hard_scene import LABELED, draw
from semi_supervised import Scale, options_of, score, scored, train_once

from pose_core.files import open_project
from pose_core.labels import VISIBLE, Labels, video_of
from pose_core.model.folder import load_model
from pose_core.plugins import Plugins
from pose_core.predict import predict_video
from pose_core.reports.tables import Table, table_text
from pose_core.suggestions.candidates import predicted_candidates
from pose_core.suggestions.choosing import METHODS, Wish
from pose_core.suggestions.record import read_rows
from pose_core.suggestions.writing import add, labels_of, survey_of
from pose_core.synthetic import read_truth
from pose_core.synthetic.project import LABEL_NOISE
from pose_core.video.readers import choose

LABELS, SCORED = 20, 2
START = "start"
SHOWN = {
    "all_mean": "mean", "all_median": "median", "all_p95": "95 %", "visible_mean": "visible",
    "occluded_mean": "occluded", "all_gross": "gross %",
}  # fmt: skip


def draw_scene(folder: Path, seed: int, known: int, new: int) -> None:
    """Draw the recordings of one seed; those that may be labeled are the project's."""
    draw(folder, LABELS, seed, new + SCORED, known)
    for video in scored(folder)[: max(0, len(scored(folder)) - SCORED)]:
        video.rename(folder / "project" / "videos" / video.name)


def chosen_by(
    method: str, scene: Path, runs: Sequence[Path], frames: int, seed: int, plugins: Plugins
) -> Path:
    """Give a copy of a scene in which frames were chosen and labeled, made if it is not there."""
    folder = scene.with_name(f"{scene.name}-{method}-{frames}")
    if (folder / "labeled").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(scene, folder)
    project, (reader, _) = folder / "project", choose(plugins)
    survey, labels = survey_of(project, plugins), labels_of(project, plugins)
    candidates = predicted_candidates(runs, (), (), survey, plugins, reader, labels, print)
    found = METHODS[method](candidates, Wish(frames, seed=seed), reader)
    add(project, candidates, found, method, plugins, reader)
    label(project, folder / "truth", seed, plugins)
    (folder / "labeled").touch()
    return folder


def label(project: Path, truth: Path, seed: int, plugins: Plugins) -> None:
    """Label what was suggested as a person would: visible points, almost right."""
    before = open_project(project, plugins).labels
    rng = np.random.default_rng([seed, 6])
    frames, points = [], []
    for row in read_rows(project):
        known = read_truth(truth / f"{Path(row.video).stem}.npz")
        seen = known.visibility[int(row.frame)] == VISIBLE
        exact = known.keypoints[int(row.frame)]
        frames.append(row.image)
        points.append(np.where(seen[:, None], rng.normal(exact, LABEL_NOISE), np.nan))
    new = Labels.of(frames, np.stack(points), before.skeleton)
    both = replace(
        before,
        frames=before.frames + new.frames,
        keypoints=np.concatenate([before.keypoints, new.keypoints]),
        visibility=np.concatenate([before.visibility, new.visibility]),
    )
    writer = plugins.find("format", "lightning_pose")
    writer.write_labels(project / "CollectedData.csv", both)


def trained(scene: Path, output: Path, seed: int, scale: Scale, plugins: Plugins) -> Path:
    """Train a network on a scene, and predict the scored videos, unless that is done."""
    if not (output / "predicted").exists():
        train_once(options_of(scene, "supervised", output, seed, scale), plugins)
        predict(output, scored(scene), output, plugins)
        (output / "predicted").touch()
    return output


def predict(run: Path, videos: Sequence[Path], tables: Path, plugins: Plugins) -> None:
    """Predict videos that have no table yet."""
    model, (reader, _) = load_model(run, plugins), choose(plugins)
    for video in videos:
        table = tables / f"{video.stem}.csv"
        if not table.exists():
            predict_video(model, video, table, reader, plugins, progress=False)


def added_to(scene: Path, known: int, plugins: Plugins) -> str:
    """Say how many of the labeled frames are of recordings behind those that had labels."""
    new = {video.stem for video in (scene / "project" / "videos").glob("*.mp4")}
    new -= {f"session{number}" for number in range(1, known + 1)}
    labeled = open_project(scene / "project", plugins).labels
    return f"{sum(video_of(frame) in new for frame in labeled.frames)} of {len(labeled)}"


def perform(
    output: Path, seed: int, given: argparse.Namespace, scale: Scale, plugins: Plugins
) -> None:
    """Train what is not trained yet for one seed; each row is written when it is known."""
    scene = output / f"scene-{seed}"
    draw_scene(scene, seed, given.known, given.new)
    runs = []
    for member in range(given.members):
        run = output / "runs" / f"{seed}-{START}-{member}"
        runs.append(trained(scene, run, 100 * seed + member, scale, plugins))
        predict(
            run, sorted((scene / "project" / "videos").glob("*.mp4")), run / "predictions", plugins
        )
        write_row(output, scene, run, given.known, seed, START, member, plugins)
    for method in given.methods:
        labeled = chosen_by(method, scene, runs, given.frames, seed, plugins)
        for member in range(given.members):
            run = output / "runs" / f"{seed}-{method}-{given.frames}-{member}"
            trained(labeled, run, 100 * seed + member, scale, plugins)
            write_row(output, labeled, run, given.known, seed, method, member, plugins)


def write_row(
    output: Path,
    scene: Path,
    run: Path,
    known: int,
    seed: int,
    method: str,
    member: int,
    plugins: Plugins,
) -> None:
    """Score a network and append it to the rows, unless it is there."""
    key = {"seed": str(seed), "chosen": method, "member": str(member)}
    path = output / "rows.csv"
    if any(all(row[name] == value for name, value in key.items()) for row in rows_in(path)):
        return
    row = {**key, "of new recordings": added_to(scene, known, plugins)}
    row |= score(scene, run, plugins)
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)
    print({name: row[name] for name in (*key, "of new recordings", *SHOWN)}, flush=True)


def rows_in(path: Path) -> list[dict[str, str]]:
    """Read the rows that are known."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def report(rows: Sequence[dict[str, Any]]) -> None:
    """Print the means over seeds and members, and the difference to random frames by seed."""
    methods = list(dict.fromkeys(row["chosen"] for row in rows))
    columns = ["chosen", "networks", *SHOWN.values()]
    lines: list[list[str | int | float]] = []
    for method in methods:
        own = [row for row in rows if row["chosen"] == method]
        means = [float(np.mean([float(row[name]) for row in own])) for name in SHOWN]
        lines.append([method, len(own), *means])
    print(table_text(Table.of(columns, lines, "out-of-distribution error (px)", best="low")))
    for seed in sorted({row["seed"] for row in rows}):
        means = {
            method: np.mean(
                [float(r["all_mean"]) for r in rows if r["seed"] == seed and r["chosen"] == method]
            )
            for method in methods
        }
        print(f"seed {seed}: " + ", ".join(f"{name} {mean:.2f} px" for name, mean in means.items()))


def main() -> None:
    """Draw, train, choose, label, train again, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--members", type=int, default=2, help="networks of each kind")
    parser.add_argument("--frames", type=int, default=20, help="that are added")
    parser.add_argument("--known", type=int, default=LABELED, help="recordings with labels")
    parser.add_argument("--new", type=int, default=2, help="recordings of the other kind")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--size", type=int, default=128, help="that networks see")
    given = parser.parse_args()
    torch.set_num_threads(1)
    scale = Scale(given.steps, length=8, size=given.size, longer=1.0)
    plugins = Plugins().load()
    plugins.add(small_unet)
    for seed in range(given.seeds):
        perform(given.output, seed, given, scale, plugins)
    report(rows_in(given.output / "rows.csv"))


if __name__ == "__main__":
    main()
