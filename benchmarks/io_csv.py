"""Time our CSV against pandas', in one run on one table; prints ratios.

python benchmarks/io_csv.py [--frames 100000] [--keypoints 17] [--repeats 3]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pose_io_dlc import PredictionTable, read_predictions, write_predictions


def main() -> None:
    """Write and read one table both ways."""
    parser = argparse.ArgumentParser(description="Time our CSV against pandas'")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--keypoints", type=int, default=17)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    table = draw(given.frames, given.keypoints)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.csv", Path(folder) / "theirs.csv"
        frame = as_frame(table)
        compare(
            "write, 6 decimals",
            lambda: write_predictions(ours, table),
            lambda: frame.to_csv(theirs, float_format="%.6f"),
            1,
        )
        compare(
            "write, exact",
            lambda: write_predictions(ours, table, None),
            lambda: frame.to_csv(theirs),
            1,
        )
        write_predictions(ours, table)
        compare(
            "read to arrays", lambda: read_predictions(ours), lambda: arrays_of(ours), given.repeats
        )


def draw(frames: int, keypoints: int) -> PredictionTable:
    """Make points and confidence, as a network gives them."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 640, (frames, keypoints, 2))
    names = tuple(f"keypoint{number}" for number in range(keypoints))
    return PredictionTable(names, points, rng.uniform(0, 1, (frames, keypoints)))


def as_frame(table: PredictionTable) -> pd.DataFrame:
    """Make the same table for pandas."""
    levels = [[table.scorer], table.names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    values = np.concatenate([table.keypoints, table.confidence[..., None]], axis=-1)
    return pd.DataFrame(values.reshape(len(table), -1), columns=columns)


def arrays_of(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read points and confidence by pandas alone."""
    values = pd.read_csv(path, header=[0, 1, 2], index_col=0).to_numpy()
    values = values.reshape(len(values), -1, 3)
    return values[..., :2].copy(), values[..., 2].copy()


def compare(
    what: str, ours: Callable[[], object], theirs: Callable[[], object], repeats: int
) -> None:
    """Print the best times of both, taken in turns, and their ratio."""
    best = [float("inf"), float("inf")]
    for _ in range(repeats):
        for number, run in enumerate((ours, theirs)):
            start = time.perf_counter()
            run()
            best[number] = min(best[number], time.perf_counter() - start)
    print(
        f"{what:20} ours {best[0]:7.3f} s  pandas {best[1]:7.3f} s  {best[1] / best[0]:5.1f} times"
    )


if __name__ == "__main__":
    main()
