"""Seconds per training step: frozen against whole, decoding against not, and of what it is made.

    python benchmarks/training.py --backbone resnet50 --size 256 --steps 5

A frozen step should cost at most a third of a whole one. Times are of the processor, so that
other programs on the machine change them little.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

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
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
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
