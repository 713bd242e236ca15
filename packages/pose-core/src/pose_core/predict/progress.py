"""How much of something is predicted at a time, and the bar that shows how far it is."""

from pathlib import Path

import torch
from tqdm import tqdm

ADVICE = "set a smaller --batch-size"


def default_batch_size(device: torch.device) -> int:
    """Give a batch size that is fast on a device: on a CPU larger ones are slower."""
    return 4 if device.type == "cpu" else 32


def bar(total: int, initial: int, progress: bool, source: Path, unit: str = "frame") -> tqdm:
    """Make a progress bar: frames per second, and time left."""
    return tqdm(
        total=total, initial=initial, unit=unit, desc=source.name, disable=not progress,
        dynamic_ncols=True, mininterval=0.5,
    )  # fmt: skip
