"""Seconds per training step: frozen against whole, decoding against not, and of what it is made.

    python benchmarks/training.py --backbone resnet50 --size 256 --steps 5
    POSE_DATA_DIR=... python benchmarks/training.py --clips --backbone resnet18

A frozen step should cost at most a third of a whole one. Times are of the processor, so that
other programs on the machine change them little. `--clips` trains on mirror-mouse-example with and
without its video: what clips cost, and how long a step waits for its clip (by the clock: under a
tenth is the aim).
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from torch import Tensor

from pose_core.batches.augment import Augmentation
from pose_core.batches.options import AugmentOptions
from pose_core.heatmaps import render_heatmaps, soft_argmax
from pose_core.model.network import PoseNetwork, build_network
from pose_core.model.options import ModelOptions
from pose_core.plugins import Plugins

KEYPOINTS = 17


def step(
    network: PoseNetwork, optimizer: torch.optim.Optimizer, images: Tensor, targets: Tensor
) -> None:
    """Do what a training step does."""
    loss = (network(images[:, None])[:, 0] - targets).square().sum((-2, -1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def freeze(network: PoseNetwork, frozen: bool) -> None:
    """Freeze or thaw, as training does."""
    for part in network.frozen_parts():
        part.requires_grad_(not frozen)
        part.train(not frozen)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Give the median of the processor seconds of a piece of work, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times)


def project_of(given: argparse.Namespace, losses: dict[str, Any]) -> tuple[Any, Any]:
    """Make module and loaders of a run on mirror-mouse-example."""
    from pose_core.bounds import image_sizes
    from pose_core.files import open_project
    from pose_core.options import fill
    from pose_core.training.data import make_loaders, make_split
    from pose_core.training.fit import make_module
    from pose_core.training.objective import build_objective
    from pose_core.training.options import RunOptions

    chosen = {
        "project": str(Path(os.environ["POSE_DATA_DIR"]) / "mirror-mouse-example"),
        "data": {"size": [given.size, given.size], "batch_size": given.batch},
        "model": {"backbone": given.backbone, "pretrained": False},
        "losses": {"heatmap_mse": {}, **losses},
        "unlabeled": {"begin": 0.0, "full": 0.0, "length": given.length, "reader": "pyav"},
    }
    options = fill(RunOptions, chosen, "options")
    plugins = Plugins().load()
    project = open_project(Path(options.project), plugins, None)
    split = make_split(Path("nowhere"), options, project)
    torch.manual_seed(0)
    network = build_network(options.model, len(project.skeleton), plugins)
    objective = build_objective(options.losses, project.labels.select(split.train), plugins)
    module = make_module(network, objective, project, options, plugins)
    sizes = image_sizes(project)
    say = print if losses else lambda _: None
    loaders = make_loaders(network, objective, project, sizes, split, options, plugins, say)
    return module, loaders


def steps_of(loaders: Any, steps: int) -> Iterator[tuple[dict[str, Any], float]]:
    """Give batches, and how long each waited for its clip."""
    epoch = 0
    while steps > 0:
        for name, loader in loaders.train.items():
            (loader.batch_sampler if name == "labeled" else loader).sampler.set_epoch(epoch)
        clips = iter(loaders.train.get("unlabeled", ()))
        for labeled in loaders.train["labeled"]:
            began = time.perf_counter()
            clip = next(clips, None)
            waited = time.perf_counter() - began
            steps -= 1
            yield ({"labeled": labeled} | ({"unlabeled": clip} if clip else {})), waited
            if not steps:
                return
        epoch += 1


def time_steps(module: Any, loaders: Any, steps: int) -> tuple[float, float, float]:
    """Give processor seconds, seconds and the share of waiting of a step; the first is left out."""
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    marks = []
    for batch, waited in steps_of(loaders, steps + 1):
        optimizer.zero_grad()
        module.training_step(batch, 0).backward()
        optimizer.step()
        marks.append((time.process_time(), time.perf_counter(), waited))
    loaders.close()
    (cpu, clock, _), (cpu_end, clock_end, _) = marks[0], marks[-1]
    waiting = mean(waited for *_, waited in marks[1:])
    each = (clock_end - clock) / steps
    return (cpu_end - cpu) / steps, each, waiting / each


def clips_main(given: argparse.Namespace) -> None:
    """Print what clips cost."""
    warnings.filterwarnings("ignore")  # there is no trainer to log to
    losses = {"temporal": {}, "pca_singleview": {}}
    print(
        f"{given.backbone}, {given.size} x {given.size}, batch {given.batch}, {given.length} frames"
    )
    print(f"{'':>24} {'processor s':>12} {'clock s':>8} {'waiting':>8}")
    clips = loaders.clips
    order = iter(range(1, len(clips)))
    reading = seconds(lambda: clips[next(order)], min(given.steps, len(clips) - 2))
    for name, chosen in (("supervised", {}), ("semi-supervised", losses)):
        pair = project_of(given, {}) if not chosen else (module, loaders)
        cpu, clock, waiting = time_steps(*pair, given.steps)
        print(f"{name:>24} {cpu:>12.3f} {clock:>8.3f} {waiting:>8.1%}")
    print(f"{'reading a clip':>24} {reading:>12.3f}")


def main() -> None:
    """Time the steps and print them with their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clips", action="store_true", help="time steps with and without clips")
    parser.add_argument("--length", type=int, default=16, help="frames of a clip")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.clips:
        clips_main(given)
        return
    torch.manual_seed(0)
    options = ModelOptions(backbone=given.backbone, pretrained=False)
    network = build_network(options, KEYPOINTS, Plugins().load())
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    raw = torch.randint(0, 256, (given.batch, 1, 3, given.size, given.size), dtype=torch.uint8)
    images = raw[:, 0].float() / 255
    keypoints = torch.rand(given.batch, KEYPOINTS, 2) * given.size
    cells = given.size // network.stride
    targets = render_heatmaps(keypoints, (cells, cells), network.stride)
    augment = Augmentation(AugmentOptions().operations(), seed=0)
    times = {}
    for name, frozen in (("whole", False), ("frozen", True)):
        freeze(network, frozen)
        times[name] = seconds(lambda: step(network, optimizer, images, targets), given.steps)
    times["augmentation"] = seconds(lambda: augment(raw, list(range(given.batch)), 0), given.steps)
    with torch.no_grad():
        times["decoding of sharp maps"] = seconds(
            lambda: soft_argmax(targets, network.stride), given.steps
        )
    shape = f"{given.size} x {given.size}, batch {given.batch}"
    print(f"{given.backbone}, {shape}, {given.threads} threads")
    for name, value in times.items():
        print(f"{name:>24} {value:8.3f} s   {value / times['whole']:6.3f} of a whole step")


if __name__ == "__main__":
    main()
