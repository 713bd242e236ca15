"""Time our tables against pandas', in one run on one table; prints ratios and peak memory.

python benchmarks/io_tables.py [--frames 100000] [--keypoints 17] [--repeats 5] [--long 400000]

`taskset -c 0 python benchmarks/io_tables.py` shows the same with one core.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pose_io_dlc import PredictionTable, read_predictions, write_predictions

MEMORY = """
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pose_io_dlc import PredictionWriter, read_chunks, read_predictions

path, frames, keypoints = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
if path.suffix != ".csv":
    import tables, pyarrow.parquet
rng = np.random.default_rng(0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.argv[1] == "write":
    with PredictionWriter(path, [f"k{number}" for number in range(keypoints)]) as writer:
        for _ in range(frames // 1000):
            writer.write(rng.uniform(0, 640, (1000, keypoints, 2)), rng.random((1000, keypoints)))
elif sys.argv[1] == "chunks":
    assert sum(len(chunk) for chunk in read_chunks(path, 10_000)) == frames
elif sys.argv[1] == "whole":
    read_predictions(path)
else:
    values = pd.read_csv(path, header=[0, 1, 2], index_col=0).to_numpy()
    values = values.reshape(len(values), -1, 3)
    points, confidence = values[..., :2].copy(), values[..., 2].copy()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{(peak - before) / 1024:7.0f}")
"""


def main() -> None:
    """Write and read one table in every way."""
    parser = argparse.ArgumentParser(description="Time our tables against pandas'")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--keypoints", type=int, default=17)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--long", type=int, default=400_000, help="frames of the memory test; 0 leaves it out"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # first, as a process is charged with the peak of the one that started it
        if given.long:
            show_memory(given.long, given.keypoints, Path(folder))
        table = draw(given.frames, given.keypoints)
        compare_writing(table, Path(folder))
        compare_reading(table, Path(folder), given.repeats)
        compare_formats(table, Path(folder))


def compare_writing(table: PredictionTable, folder: Path) -> None:
    """Write a CSV, rounded, exact, and exact from the float32 of a network."""
    frame, single = as_frame(table), in_single(table)
    theirs, ours = folder / "theirs.csv", folder / "ours.csv"
    pandas = {
        "pandas, 6 decimals": lambda: frame.to_csv(theirs, float_format="%.6f"),
        "pandas, exact": lambda: frame.to_csv(theirs),
    }
    show("write CSV, 6 decimals", lambda: write_predictions(ours, table), pandas, 2)
    show("write CSV, exact", lambda: write_predictions(ours, table, None), pandas, 2)
    halved = as_frame(single)
    pandas = {"pandas, exact": lambda: halved.to_csv(theirs)}
    show("write CSV, exact float32", lambda: write_predictions(ours, single, None), pandas, 2)


def compare_reading(table: PredictionTable, folder: Path, repeats: int) -> None:
    """Read a CSV to arrays, against each engine of pandas."""
    path = folder / "ours.csv"
    write_predictions(path, table)
    pandas = {
        "pandas, c": lambda: arrays_of(pd.read_csv(path, header=[0, 1, 2], index_col=0)),
        "pandas, c, no header": lambda: arrays_of(
            pd.read_csv(path, header=None, skiprows=3, index_col=0)
        ),
        "pandas, pyarrow": lambda: arrays_of(
            pd.read_csv(path, header=None, skiprows=3, index_col=0, engine="pyarrow")
        ),
    }
    show("read CSV to arrays", lambda: read_predictions(path), pandas, repeats)


def compare_formats(table: PredictionTable, folder: Path) -> None:
    """Write and read the other formats, against our own CSV."""
    csv = folder / "ours.csv"
    for suffix in (".h5", ".parquet"):
        path = folder / f"ours{suffix}"
        write, read = {"our CSV": lambda: write_predictions(csv, table)}, {}
        read["our CSV"] = lambda: read_predictions(csv)
        show(f"write {suffix}", lambda p=path: write_predictions(p, table), write, 2)
        show(f"read {suffix}", lambda p=path: read_predictions(p), read, 2)
        print(f"{'':26}{path.stat().st_size / csv.stat().st_size:.2f} times the bytes of the CSV")


def show_memory(frames: int, keypoints: int, folder: Path) -> None:
    """Print how much more memory than before each way takes, for tables of two lengths."""
    print(f"peak memory above that of the imports, in MB, for {frames // 4} and {frames} frames")
    for suffix in (".csv", ".h5", ".parquet"):
        for what in ("write", "chunks", "whole", "pandas")[: 4 if suffix == ".csv" else 3]:
            peaks = [
                subprocess.run(
                    [
                        sys.executable,
                        "-c",
                        MEMORY,
                        what,
                        f"{folder}/{n}{suffix}",
                        str(n),
                        str(keypoints),
                    ],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout.strip()
                for n in (frames // 4, frames)
            ]
            print(f"  {suffix:9} {what:8} {peaks[0]:>7} {peaks[1]:>7}")


def draw(frames: int, keypoints: int) -> PredictionTable:
    """Make points and confidence, as a network gives them."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 640, (frames, keypoints, 2))
    names = tuple(f"keypoint{number}" for number in range(keypoints))
    return PredictionTable(names, points, rng.uniform(0, 1, (frames, keypoints)))


def in_single(table: PredictionTable) -> PredictionTable:
    """Give the same table in float32."""
    points, confidence = table.keypoints.astype(np.float32), table.confidence.astype(np.float32)
    return PredictionTable(table.names, points, confidence)


def as_frame(table: PredictionTable) -> pd.DataFrame:
    """Make the same table for pandas."""
    levels = [[table.scorer], table.names, ["x", "y", "likelihood"]]
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    values = np.concatenate([table.keypoints, table.confidence[..., None]], axis=-1)
    return pd.DataFrame(values.reshape(len(table), -1), columns=columns)


def arrays_of(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Make points and confidence of pandas' table."""
    values = frame.to_numpy()
    values = values.reshape(len(values), -1, 3)
    return values[..., :2].copy(), values[..., 2].copy()


def show(
    what: str, ours: Callable[[], object], others: dict[str, Callable[[], object]], repeats: int
) -> None:
    """Print the best times of all, taken in turns, and the ratios to ours.

    Beside the time that passed stands that of the processors, all threads together, in which other
    programs on the machine show less.
    """
    runs = {"ours": ours, **others}
    best: dict[str, tuple[float, float]] = {}
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter(), time.process_time()
            run()
            taken = time.perf_counter() - start[0], time.process_time() - start[1]
            wall, cpu = best.get(name, taken)
            best[name] = min(wall, taken[0]), min(cpu, taken[1])
    our_wall, our_cpu = best["ours"]
    print(f"{what:26}{'ours':21} {our_wall:7.3f} s{'':13} cpu {our_cpu:7.3f} s")
    for name in others:
        wall, cpu = best[name]
        ratios = (
            f"{wall:7.3f} s {wall / our_wall:5.1f} times  cpu {cpu:7.3f} s {cpu / our_cpu:5.1f}"
        )
        print(f"{'':26}{name:21} {ratios} times")


if __name__ == "__main__":
    main()
