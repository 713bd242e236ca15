"""How much cheaper the windowed soft-argmax is than the whole one, as ratios.

    python benchmarks/decoding.py [--threads 1] [--seconds 2]

Rows: peaked maps as a trained network gives them, wider peaks, a second peak in one map of ten, and
flat maps, which must be decoded whole. Batch 8, 17 keypoints, 64 x 64 cells, stride 4, no gradient.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pose_core.heatmaps import render_heatmaps, soft_argmax, soft_argmax_full

BATCH, KEYPOINTS, CELLS, STRIDE = 8, 17, 64, 4


def as_published(maps: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Upsample whole maps by interpolation, as the peers do (no confidence)."""
    maps = interpolate(maps, scale_factor=2, mode="bicubic", align_corners=False)
    maps = interpolate(maps, scale_factor=2, mode="bicubic", align_corners=False)
    mass = torch.softmax(1000 * maps.flatten(-2), dim=-1).view(maps.shape)
    y, x = (torch.arange(size, dtype=maps.dtype) for size in maps.shape[-2:])
    points = torch.stack([(mass.sum(-2) * x).sum(-1), (mass.sum(-1) * y).sum(-1)], dim=-1)
    return points, mass.amax((-2, -1))


def cases() -> dict[str, Tensor]:
    """Draw the maps of each row, all with a little noise."""
    generator = torch.Generator().manual_seed(0)
    points = 20 + 216 * torch.rand(BATCH, KEYPOINTS, 2, generator=generator)
    drawn = {s: render_heatmaps(points, (CELLS, CELLS), STRIDE, sigma=s) for s in (1.25, 2.0, 2.5)}
    noise = torch.rand(drawn[1.25].shape, generator=generator) / CELLS**2
    second = (torch.arange(KEYPOINTS) % 10 == 0)[:, None, None] * drawn[1.25].flip(-1)
    maps = {
        "peaked (1.25 cells)": drawn[1.25] + 0.2 * noise,
        "wider (2 cells)": drawn[2.0] + 0.2 * noise,
        "wide (2.5 cells)": drawn[2.5] + 0.2 * noise,
        "a tenth with two peaks": drawn[1.25] + second + 0.2 * noise,
        "flat": noise,
    }
    return {name: one / one.sum((-2, -1), keepdim=True) for name, one in maps.items()}


def milliseconds(run: Callable[[], object], seconds: float) -> float:
    """Give the median time of a call."""
    run()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * sorted(times)[len(times) // 2]


@torch.inference_mode()
def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"{'ms per batch':24}  published  whole  window  whole/window  largest difference, px")
    for name, maps in cases().items():
        difference = (soft_argmax(maps, STRIDE)[0] - soft_argmax_full(maps, STRIDE)[0]).abs().max()
        published, whole, window = (
            milliseconds(partial(decode, maps, STRIDE), arguments.seconds)
            for decode in (as_published, soft_argmax_full, soft_argmax)
        )
        ratio = whole / window
        print(
            f"{name:24}  {published:9.1f}  {whole:5.1f}  {window:6.1f}  {ratio:12.1f}"
            f"  {difference:.5f}"
        )


if __name__ == "__main__":
    main()
