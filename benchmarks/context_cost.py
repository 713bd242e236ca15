"""What the head `context` costs beside the baseline: time of prediction, memory of training.

    python benchmarks/context_cost.py [--backbone resnet50 --size 256] [--frames 64] [--threads 1]

Prediction is timed in processor seconds, the networks in turn, so that what else the machine does
is the same for all; a ratio is the median over the rounds. What is decoded are peaks as trained
networks give them: the flat maps of random weights cost the decoder ten times more. The memory is
what autograd keeps of a training step of 8 labeled frames with their neighbours.
"""

import argparse
import time
from collections.abc import Mapping
from statistics import median

import torch
from context import BATCH, RUNS, our_plugins
from torch import Tensor

from pose_core.heatmaps import render_heatmaps, soft_argmax
from pose_core.model.network import PoseNetwork, build_network
from pose_core.model.options import ModelOptions
from pose_core.model.streaming import ContextStream
from pose_core.reports.tables import Table, table_text

ROUNDS = 7
KEYPOINTS = 14


def networks(backbone: str) -> dict[str, PoseNetwork]:
    """Build the baseline and the context networks, by name of run."""
    found = {}
    for run in ("baseline", "context", "spaced"):
        variant = RUNS[run]
        options = ModelOptions(
            backbone=backbone,
            pretrained=False,
            head=variant.head,
            head_options=variant.options or {},
        )
        found[run] = build_network(options, KEYPOINTS, our_plugins()).eval()
    return found


def seconds(network: PoseNetwork, frames: Tensor) -> float:
    """Time the prediction of a video, by streaming, in processor seconds."""
    maps = peaks(len(frames), frames.shape[-1], network.stride)[:, None]
    stream, began = ContextStream(network, len(frames)), time.process_time()
    with torch.inference_mode():
        for images in frames.split(BATCH):
            for heatmaps in stream.add(images):
                count, branches = heatmaps.shape[:2]
                soft_argmax(maps[:count].expand(-1, branches, -1, -1, -1), network.stride)
    return time.process_time() - began


def peaks(count: int, size: int, stride: int) -> Tensor:
    """Draw heatmaps (count, keypoints, h, w) of points anywhere in the image."""
    cells = (size // stride, size // stride)
    return render_heatmaps(torch.rand(count, KEYPOINTS, 2) * size, cells, stride)


def timed(models: Mapping[str, PoseNetwork], frames: Tensor) -> dict[str, list[float]]:
    """Time all networks in turn; the first round, which warms up, does not count."""
    rounds = [{name: seconds(one, frames) for name, one in models.items()} for _ in range(ROUNDS)]
    return {name: [times[name] for times in rounds[1:]] for name in models}


def kept(network: PoseNetwork, size: int) -> int:
    """Count the bytes that autograd keeps for the backward pass of a training step."""
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    images = torch.rand(BATCH, len(network.offsets), 3, size, size)
    targets = peaks(BATCH, size, network.stride)
    network.train()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = (network(images) - targets[:, None]).square().sum()
    loss.backward()
    network.eval()
    return sum(storages.values())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="small_unet")
    parser.add_argument("--size", type=int, default=96, help="that networks see")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    models = networks(given.backbone)
    times = timed(models, torch.rand(given.frames, 3, given.size, given.size))
    memory = {name: kept(one, given.size) for name, one in models.items()}
    rows = []
    for name, own in times.items():
        pairs = zip(times["baseline"], own, strict=True)
        rows.append(
            [
                name,
                given.frames / median(own),
                median(first / one for first, one in pairs),
                memory[name] / 1e6,
                memory[name] / memory["baseline"],
            ]
        )
    columns = ["network", "frames/s", "of baseline", "MB a step", "of baseline"]
    shape = f"{given.size} x {given.size}, {given.threads} threads"
    print(table_text(Table.of(columns, rows, f"{given.backbone}, {shape}")))


if __name__ == "__main__":
    main()
