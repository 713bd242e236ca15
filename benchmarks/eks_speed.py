"""Speed of pose-eks: whole processes, CSV to CSV with the fit, beside its peer where asked.

    POSE_DATA_DIR=... python benchmarks/eks_speed.py [--rows pupil fly ...] [--peer]
        [--peer-env FOLDER] [--limit SECONDS] [--data FOLDER] [--repeats 2]

Every line is one job: wall and CPU seconds and the largest memory of the process, the least of some
repeats, so that the kernels are compiled, next to the target. CPU seconds are the cleaner number
where other work runs on the machine. Made recordings of two cameras are smoothed with the Gaussian
likelihood, which is the peer's, and with the default one, Student's t, which may take three times
as long; recordings of one camera with their default, the Gaussian one.

The peer, ensemble-kalman-smoother 4.6.2, finds its smoothing parameter too; it is run once, is
stopped at the limit, and is left out of rows that it cannot do. The recordings of the first rows
are found through POSE_DATA_DIR, those of the others are made once and kept in the data folder.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from eks_accuracy import peer_python

from pose_io_dlc.predictions import write_predictions
from pose_io_dlc.tables import PredictionTable

MEMBERS, KEYPOINTS = 5, 17
Command = list[str]
PROGRAM = [sys.executable, "-m", "pose_eks"]


@dataclass(frozen=True)
class Row:
    """One job.

    Attributes:
        work: what is done.
        seconds: the target, of wall time on a calm machine of two cores.
        megabytes: the target of memory, None where there is none.
        files: where its predictions are.
        ours: the arguments of `pose-eks`, given the files; `--output` is added.
        peer: the arguments of `eks`, to which folders are added; None where it does no such thing.
        output: the name of the output.
    """

    work: str
    seconds: float
    megabytes: int | None
    files: Callable[[Path], list[Path]]
    ours: Callable[[list[Path]], Command]
    peer: Command | None
    output: str = "smoothed.csv"


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of wall and CPU time, and megabytes at the most."""

    wall: float
    cpu: float
    memory: float


def recorded(name: str) -> Callable[[Path], list[Path]]:
    """Give the finder of a recording's files."""

    def find(_: Path) -> list[Path]:
        folder = os.environ.get("POSE_DATA_DIR")
        return sorted(Path(folder, "eks", name).glob("*.csv")) if folder else []

    return find


def made(frames: int, views: int) -> Callable[[Path], list[Path]]:
    """Give the maker of predictions."""

    def find(data: Path) -> list[Path]:
        folder = data / f"{frames}x{KEYPOINTS}x{views}"
        files = [folder / f"view{v}.member{m}.csv" for v in range(views) for m in range(MEMBERS)]
        if not all(file.exists() for file in files):
            write(files, frames, views)
        return files

    return find


def write(files: list[Path], frames: int, views: int) -> None:
    """Write members about projections of smooth paths in space, two in a hundred points far off."""
    files[0].parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    names = tuple(f"point{k}" for k in range(KEYPOINTS))
    step = rng.normal(scale=0.5, size=(frames, KEYPOINTS, 3))
    position = np.zeros(step.shape[1:])
    space = np.empty_like(step)
    speed = np.zeros_like(position)
    for t in range(frames):  # drawn to the middle, so that it stays in the picture
        speed = 0.9 * speed + step[t]
        position = 0.99 * position + speed
        space[t] = position
    for view in range(views):
        truth = 300 + space @ rng.normal(scale=0.7, size=(3, 2))
        scatter = np.where(rng.random(truth.shape[:2]) < 0.02, 10.0, 1.0)[..., None]
        for path in files[view * MEMBERS : (view + 1) * MEMBERS]:
            found = truth + scatter * rng.normal(size=truth.shape)
            sure = rng.beta(30, 1, size=truth.shape[:2])
            write_predictions(path, PredictionTable(names, found, sure, scorer="made"))


def plainly(mode: str, *more: str) -> Callable[[list[Path]], Command]:
    """Give the arguments of a mode that takes its files as they are."""
    return lambda files: [mode, *map(str, files), *more]


def calibrated(files: list[Path]) -> Command:
    """Give the arguments of calibrated cameras."""
    calibration = files[0].parent / "calibration.toml"
    return ["calibrated", *map(str, files), "--calibration", str(calibration)]


def asynchronous(files: list[Path]) -> Command:
    """Give the arguments of cameras with time stamps."""
    stamps = sorted(files[0].parent.glob("*.timestamps.*.npy"))
    named = (f"{path.suffixes[-2][1:]}={path}" for path in stamps)
    given = [word for stamp in named for word in ("--timestamps", stamp)]
    return ["asynchronous", *map(str, files), *given]


FOLDER = "smoothed"
TWO_CAMERAS = ["multicam", "--camera-names", "view0", "view1", "--no-inflate-vars"]
ROBUST = 3
"""Times as long as a plain model that a robust one may take."""


def two_cameras(frames: int, seconds: float, megabytes: int | None, likelihood: str) -> Row:
    """Give the job of two cameras with a likelihood; `seconds` are the target of the Gaussian."""
    plain = likelihood == "gaussian"
    return Row(
        f"{frames:,} x {KEYPOINTS}, two cameras, {likelihood}",
        seconds if plain else ROBUST * seconds,
        megabytes,
        made(frames, 2),
        plainly("multicam", "--likelihood", likelihood),
        TWO_CAMERAS if plain else None,
        FOLDER,
    )


ROWS = {
    "singlecam": Row(
        "ibl-pupil as one camera, 2,000 x 4",
        0.8,
        200,
        recorded("ibl-pupil"),
        plainly("singlecam"),
        ["singlecam"],
    ),
    "mirrored": Row(
        "mirror-mouse mirrored, 2,000 x 4 x 2",
        1.0,
        None,
        recorded("mirror-mouse"),
        plainly("mirrored"),
        ["mirrored-multicam", "--camera-names", "top", "bot"],
    ),
    "fly": Row(
        "fly calibrated, 500 x 12 x 3",
        1.5,
        None,
        recorded("fly"),
        calibrated,
        ["multicam", "--calibration", "calibration.toml"],
        FOLDER,
    ),
    "pupil": Row(
        "ibl-pupil as pupil, 2,000",
        1.0,
        None,
        recorded("ibl-pupil"),
        plainly("pupil"),
        ["ibl-pupil"],
    ),
    "paw": Row(
        "ibl-paw asynchronous, 1,000 and 2,500 x 2",
        1.0,
        None,
        recorded("ibl-paw"),
        asynchronous,
        ["ibl-paw"],
        FOLDER,
    ),
    "10k": Row(
        "10,000 x 17, one camera", 1.2, None, made(10_000, 1), plainly("singlecam"), ["singlecam"]
    ),
    "10k2": two_cameras(10_000, 2.0, None, "gaussian"),
    "10k2-student": two_cameras(10_000, 2.0, None, "student"),
    "100k": Row(
        "100,000 x 17, one camera", 4.0, 450, made(100_000, 1), plainly("singlecam"), ["singlecam"]
    ),
    "100k2": two_cameras(100_000, 10.0, 900, "gaussian"),
    "100k2-student": two_cameras(100_000, 10.0, 900, "student"),
    "1000k": Row(
        "1,000,000 x 17, one camera", 45.0, 4000, made(1_000_000, 1), plainly("singlecam"), None
    ),
}


def measured(command: Command, limit: float) -> Cost | str:
    """Run a command; give its cost, or why there is none."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=said, stderr=said, env=environment())
        clock = threading.Timer(limit, child.kill)
        clock.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        clock.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode == 0:
            cpu = usage.ru_utime + usage.ru_stime
            return Cost(wall, cpu, usage.ru_maxrss / 1024)
        said.seek(0)
        last = said.read().decode(errors="replace").strip().splitlines()[-1:]
    return f"not in {limit:g} s" if wall >= limit else f"failed: {' '.join(last)[-90:]}"


def environment() -> dict[str, str]:
    """Let Python keep byte code, as it does for users: without it every import compiles."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def least(command: Command, limit: float, repeats: int, fresh: Callable[[], None]) -> Cost | str:
    """Give the least of some runs."""
    costs = []
    for _ in range(repeats):
        fresh()
        cost = measured(command, limit)
        if isinstance(cost, str):
            return cost
        costs.append(cost)
    return Cost(*(min(getattr(c, name) for c in costs) for name in ("wall", "cpu", "memory")))


def run_ours(row: Row, files: list[Path], limit: float, repeats: int) -> Cost | str:
    """Measure pose-eks."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / row.output
        command = [*PROGRAM, *row.ours(files), "--output", str(output), "--overwrite"]
        return least(command, limit, repeats, lambda: None)


def run_peer(given_to: Command, files: list[Path], python: Path, limit: float) -> Cost | str:
    """Measure the peer, which takes a folder that has nothing but the files."""
    with tempfile.TemporaryDirectory() as folder:
        given, output = Path(folder) / "in", Path(folder) / "out"
        given.mkdir()
        for path in files + sorted(files[0].parent.glob("*.npy")):
            (given / path.name).symlink_to(path)
        at = str(files[0].parent)
        arguments = [f"{at}/{word}" if word == "calibration.toml" else word for word in given_to]
        command = [str(python.with_name("eks")), *arguments, "--input-dir", str(given)]
        return measured([*command, "--save-dir", str(output)], limit)


def shown(cost: Cost | str) -> str:
    """Give wall and CPU seconds and megabytes in columns."""
    if isinstance(cost, str):
        return f"{cost:>24s}"
    return f"{cost.wall:8.2f}{cost.cpu:8.2f}{cost.memory:8.0f}"


def against(row: Row, cost: Cost | str) -> str:
    """Say whether targets are reached."""
    wanted = f"{row.seconds:g} s" + (f", {row.megabytes} MB" if row.megabytes else "")
    if isinstance(cost, str):
        return f"target {wanted}"
    reached = cost.wall <= row.seconds and cost.memory <= (row.megabytes or np.inf)
    return f"target {wanted}: {'reached' if reached else 'NOT reached'}"


def ratio(peer: Cost | str, ours: Cost | str) -> str:
    """Say how many times as much the peer takes."""
    if isinstance(peer, str) or isinstance(ours, str):
        return ""
    return (
        f"  {peer.wall / ours.wall:.1f} x the wall time, {peer.cpu / ours.cpu:.1f} x the CPU time"
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = [name for name in ROWS if name != "1000k"]
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=usual)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds of a run, at most")
    parser.add_argument("--repeats", type=int, default=2)
    kept = Path(tempfile.gettempdir()) / "pose-eks-benchmarks"
    parser.add_argument("--data", type=Path, default=kept)
    parser.add_argument("--peer-env", type=Path)
    given = parser.parse_args()
    python = peer_python(given.peer_env or given.data / "peer") if given.peer else None
    print(f"{'':42s}{'wall s':>8s}{'CPU s':>8s}{'MB':>8s}")
    for row in (ROWS[name] for name in given.rows):
        files = row.files(given.data)
        if not files:
            print(f"{row.work:42s}  skipped: POSE_DATA_DIR is not set")
            continue
        cost = run_ours(row, files, given.limit, given.repeats)
        print(f"{row.work:42s}{shown(cost)}  {against(row, cost)}", flush=True)
        if python is None or row.peer is None:
            continue
        peer = run_peer(row.peer, files, python, given.limit)
        print(f"{'  peer':42s}{shown(peer)}{ratio(peer, cost)}", flush=True)


if __name__ == "__main__":
    main()
