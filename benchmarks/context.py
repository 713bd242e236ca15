"""What frames before and after tell of hidden points: the head `context` beside the baseline.

    python benchmarks/context.py OUTPUT [--seeds 3] [--runs baseline context ...] [--steps 800]
    python benchmarks/context.py OUTPUT --seeds 1 --steps 300 --labels 40          # to try it

Animals in two mirrored views with known truth, posts, straps and legs that hide points: half of
the hidden points are seen again within 2 frames, 85 % within 8. Hidden points have no label. All
runs of a seed share labels, weights at the start, number of steps and of labeled frames; these find
their neighbours in the videos. `known` are the other frames of the recordings that have labels,
`new` recordings that look like none of them. Rows go to OUTPUT/rows.csv as they come; what is there
is not done again, so the benchmark can be stopped at any time and more runs added later. What the
head costs is in benchmarks/context_cost.py.

Errors are Euclidean in pixels of 192 x 192 frames. Branches: static, context; `mean` is that of
both, `confident` takes per keypoint the more confident one, `peak` that of the higher heatmap,
`best` the better one, which nobody can know. `interpolated` joins the static branch's points of the
frames in which a hidden one is known to be visible: what context could give at that quality of
single frames. `context share` says how often the confident one is the context branch, and `right`
how often it is the better one.
"""

import argparse
import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import small_unet
import torch
from hard_scene import draw
from torch import Tensor

from pose_core.batches.geometry import invert, move, resizing
from pose_core.batches.options import AugmentOptions, DataOptions, UnlabeledOptions
from pose_core.files import open_project
from pose_core.labels import OCCLUDED, VISIBLE
from pose_core.model.folder import TrainedModel, load_model
from pose_core.model.options import ModelOptions
from pose_core.model.streaming import ContextStream
from pose_core.plugins import Plugins
from pose_core.splits import draw_split
from pose_core.synthetic import read_truth
from pose_core.training.fit import train
from pose_core.training.options import RunOptions, TrainingOptions
from pose_core.video.readers import choose
from pose_core.video.windows import consecutive

BATCH = 8
SEMI = {"temporal": {}, "pca_singleview": {}, "pca_multiview": {}}
REACH = 8  # frames
SPACED = (-8, -4, -2, 0, 2, 4, 8)
ROWS = "rows.csv"


@dataclass(frozen=True)
class Variant:
    """A run.

    Attributes:
        head: its name.
        options: of the head.
        hide: as `augment.hide`, the chance that labeled points are covered in their own frame.
        losses: unsupervised ones.
    """

    head: str = "context"
    options: Mapping[str, Any] | None = None
    hide: float | None = None
    losses: Mapping[str, Any] | None = None


RUNS: Mapping[str, Variant] = {
    "baseline": Variant("heatmap"),
    "baseline, hiding": Variant("heatmap", hide=0.5),
    "context": Variant(),
    "context, hiding": Variant(hide=0.5),
    "spaced": Variant(options={"offsets": SPACED}),
    "spaced, hiding": Variant(options={"offsets": SPACED}, hide=0.5),
    "baseline, semi": Variant("heatmap", losses=SEMI),
    "context, semi": Variant(losses=SEMI),
}
"""By name; `context` has the head's own defaults."""


def options_of(given: argparse.Namespace, project: Path, run: str, seed: int) -> RunOptions:
    """Give the options of a run."""
    variant = RUNS[run]
    data = DataOptions(size=(given.size, given.size), test=0.0, batch_size=BATCH)
    labels = open_project(project / "project", Plugins().load()).labels
    split = draw_split(labels, data.validation, data.test, seed, data.group_by)
    epochs = max(1, round(given.steps / -(-len(split.train) // BATCH)))
    return RunOptions(
        project=str(project / "project"),
        output=str(given.output / "models" / f"{given.labels}-{seed}-{run.replace(', ', '-')}"),
        seed=seed,
        resume=True,
        data=data,
        augment=AugmentOptions(rotation=10.0, hide=variant.hide),
        model=ModelOptions(
            backbone=given.backbone,
            pretrained=False,
            head=variant.head,
            head_options=variant.options or {},
        ),
        losses={"heatmap_mse": {}, **(variant.losses or {})},
        unlabeled=UnlabeledOptions(
            videos=(str(project / "project" / "videos"), str(project / "held-out")), length=8
        ),
        training=TrainingOptions(
            epochs=epochs, learning_rate=3e-3, check_every=max(1, epochs // 4)
        ),
        trainer={"accelerator": "cpu"},
    )


def perform(given: argparse.Namespace, run: str, seed: int) -> dict[str, Any]:
    """Train, predict and score."""
    project = given.output / f"{given.labels}-{seed}"
    draw(project, given.labels, seed)
    options, plugins = options_of(given, project, run, seed), our_plugins()
    began = time.process_time()
    with (
        (given.output / "log.txt").open("a", encoding="utf-8") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        if train(options, plugins).interrupted:
            raise KeyboardInterrupt
    spent = time.process_time() - began
    model = load_model(Path(options.output), plugins)
    row = {"run": run, "seed": seed, "labels": given.labels, "steps": given.steps}
    row |= {"size": given.size, "backbone": given.backbone, "train_cpu_s": round(spent, 1)}
    taken = taken_frames(project / "project", plugins)
    for kind, folder in (("known", "project/videos"), ("new", "held-out")):
        found = score(model, sorted((project / folder).glob("*.mp4")), project / "truth", taken)
        row |= {f"{kind}_{name}": value for name, value in found.items()}
    return row


def taken_frames(project: Path, plugins: Plugins) -> dict[str, list[int]]:
    """List the labeled frames of every video, which are not scored."""
    taken: dict[str, list[int]] = {}
    for frame in map(Path, open_project(project, plugins).labels.frames):
        taken.setdefault(frame.parent.name, []).append(int(frame.stem[3:]))
    return taken


def our_plugins() -> Plugins:
    """Give the components that are installed, and the benchmarks' own backbone."""
    plugins = Plugins().load()
    plugins.add(small_unet)
    return plugins


def branches_of(model: TrainedModel, video: Path) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield points in pixels of the frame, confidence and heights, (batch, branches, keypoints)."""
    reader, _ = choose(Plugins().load(), "pyav")
    info = reader.probe(video)
    stream = ContextStream(model.network, info.frames)
    back = invert(resizing(torch.tensor([info.size], dtype=torch.float32), model.size))
    with torch.inference_mode():
        for clip in reader.read(video, consecutive(info.frames, 16), model.size, "cpu"):
            images = torch.from_numpy(clip.images).permute(0, 3, 1, 2).float() / 255
            for heatmaps in stream.add(images):
                points, confidence = model.decode(heatmaps, model.network.stride)
                yield move(back, points), confidence, heatmaps.amax((-2, -1))


def score(
    model: TrainedModel, videos: Sequence[Path], truth: Path, taken: Mapping[str, Sequence[int]]
) -> dict[str, float]:
    """Compare all branches, and what can be chosen of them, with the truth, but for some frames."""
    errors, confidence, heights, visibility = [], [], [], []
    for video in videos:
        known = read_truth(truth / f"{video.stem}.npz")
        parts = [torch.cat(one).numpy() for one in zip(*branches_of(model, video), strict=True)]
        rows = np.delete(np.arange(len(known)), taken.get(video.stem, []))
        guesses = interpolated(parts[0][:, 0], known.visibility == VISIBLE)
        mean = parts[0].mean(1, keepdims=True)
        points = np.concatenate([parts[0], mean, guesses[:, None]], axis=1)
        errors.append(np.linalg.norm(points - known.keypoints[:, None], axis=-1)[rows])
        confidence.append(parts[1][rows])
        heights.append(parts[2][rows])
        visibility.append(known.visibility[rows])
    return figures(*map(np.concatenate, (errors, confidence, heights, visibility)))


def interpolated(points: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Join the nearest visible points before and after, up to `REACH` frames away, by a line."""
    frames = np.arange(len(points))
    found = points.copy()
    for frame, keypoint in zip(*np.nonzero(~visible), strict=True):
        near = frames[visible[:, keypoint] & (np.abs(frames - frame) <= REACH)]
        ends = [*near[near < frame][-1:], *near[near > frame][:1]]
        if ends:
            found[frame, keypoint] = [
                np.interp(frame, ends, points[ends, keypoint, axis]) for axis in (0, 1)
            ]
    return found


def figures(
    errors: np.ndarray, confidence: np.ndarray, heights: np.ndarray, visibility: np.ndarray
) -> dict[str, float]:
    """Sum up errors for hidden and for visible points.

    Args:
        errors: (frames, branches + 2, keypoints), the mean and what is interpolated last.
        confidence: (frames, branches, keypoints).
        heights: likewise, of the maxima of the heatmaps.
        visibility: (frames, keypoints).
    """
    mean, between = errors[:, -2], errors[:, -1]
    errors = errors[:, :-2]
    chosen = {
        "mean": mean,
        "confident": choose_by(confidence, errors),
        "peak": choose_by(heights, errors),
        "best": errors.min(1),
        "static": errors[:, 0],
        "context": errors[:, -1],
        "interpolated": between,
    }
    found: dict[str, float] = {}
    for kind, value in (("occluded", OCCLUDED), ("visible", VISIBLE)):
        of_kind = (visibility == value) & np.isfinite(errors).all(1)
        found |= {f"{kind}_{name}": float(one[of_kind].mean()) for name, one in chosen.items()}
        found |= {f"{kind}_median": float(np.median(mean[of_kind]))}
        context = confidence.argmax(1)[of_kind] > 0
        found[f"{kind}_context_share"] = 100 * float(context.mean())
        for name, by in (("right", confidence), ("peak_right", heights)):
            right = choose_by(by, errors) <= errors.min(1)
            found[f"{kind}_{name}"] = 100 * float(right[of_kind].mean())
    return {name: round(value, 3) for name, value in found.items()}


def choose_by(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Take (frames, keypoints) from the branch of the largest weight."""
    return np.take_along_axis(values, weights.argmax(1)[:, None], 1)[:, 0]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows that are done."""
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def is_done(
    rows: Sequence[Mapping[str, str]], given: argparse.Namespace, run: str, seed: int
) -> bool:
    """Say whether a row is there."""
    wanted = {"run": run, "seed": seed, "labels": given.labels, "steps": given.steps}
    wanted |= {"size": given.size, "backbone": given.backbone}
    return any(all(row[name] == str(value) for name, value in wanted.items()) for row in rows)


def add_row(path: Path, row: Mapping[str, Any]) -> None:
    """Append a row, with the names of the columns before the first."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


KINDS = ("known", "new")
COLUMNS = ("mean", "confident", "static", "context", "peak", "best", "context_share", "right")
SHOWN = (
    *(f"{seen}_{name}" for seen in ("occluded", "visible") for name in COLUMNS),
    "occluded_interpolated",
)


def report(rows: Sequence[Mapping[str, str]]) -> None:
    """Print the mean of every run over its seeds, and the errors as ratios to the baseline's."""
    from pose_core.reports.tables import Table, table_text

    runs = [run for run in RUNS if any(row["run"] == run for row in rows)]
    seeds = [{row["seed"] for row in rows if row["run"] == run} for run in runs]
    shared = set.intersection(*seeds)
    print(f"\n{len(shared)} seeds that all runs have; errors in pixels, shares in %")
    for kind in KINDS:
        names = [f"{kind}_{name}" for name in SHOWN]
        means = {run: mean_of(rows, run, shared, names) for run in runs}
        header = [kind, *(name.replace("_", " ") for name in SHOWN)]
        print(table_text(Table.of(header, [[run, *one.values()] for run, one in means.items()])))
        for run in runs:
            reference = "baseline, semi" if run.endswith("semi") else "baseline"
            if reference in means and not run.startswith("baseline"):
                gains = [
                    means[run][f"{kind}_{seen}_mean"] / means[reference][f"{kind}_{seen}_mean"] - 1
                    for seen in ("occluded", "visible")
                ]
                print(f"{run}: occluded {gains[0]:+.1%}, visible {gains[1]:+.1%} ({reference})")


def mean_of(
    rows: Sequence[Mapping[str, str]], run: str, seeds: set[str], names: Sequence[str]
) -> dict[str, float]:
    """Give the means of a run over some seeds."""
    mine = [row for row in rows if row["run"] == run and row["seed"] in seeds]
    return {name: float(np.mean([float(row[name]) for row in mine])) for name in names}


def main() -> None:
    """Draw, train, predict, score and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path)
    parser.add_argument("--labels", type=int, default=75)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--size", type=int, default=96, help="that networks see")
    parser.add_argument("--backbone", default="small_unet")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.output.mkdir(parents=True, exist_ok=True)
    path = given.output / ROWS
    for seed, run in product(range(given.seeds), given.runs):
        if not is_done(read_rows(path), given, run, seed):
            row = perform(given, run, seed)
            add_row(path, row)
            print(
                {k: v for k, v in row.items() if k.endswith("_mean") or k in ("run", "seed")},
                flush=True,
            )
    report(read_rows(path))


if __name__ == "__main__":
    main()
