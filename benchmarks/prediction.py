"""Measure prediction of a long video: frames/s, memory against length, and where the time goes.

    python benchmarks/prediction.py [FRAMES]

Makes a video of 64 x 64, predicts it with a small network of random weights (resnet10t on 32 x 32,
3 keypoints), each length in a process of its own, and prints frames/s, peak memory and the shares
of waiting for frames, the network and writing. Memory must not grow with the length.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

SHORT = 10_000


def main() -> None:
    """Run both lengths and print what they took."""
    if len(sys.argv) == 4 and sys.argv[1] == "--one":
        print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))
        return
    longest = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder) / "model")
        for frames in (min(SHORT, longest), longest):
            make_video(Path(folder) / f"{frames}.mp4", frames)
            command = [sys.executable, __file__, "--one", folder, str(frames)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            report(json.loads(ran.stdout.splitlines()[-1]))


def report(found: dict[str, float]) -> None:
    """Print one line."""
    shares = ", ".join(f"{name} {found[name]:.0%}" for name in ("waiting", "network", "writing"))
    print(
        f"{found['frames']:>7.0f} frames: {found['rate']:.0f} frames/s, "
        f"peak memory {found['peak_mb']:.0f} MB ({found['before_mb']:.0f} MB before), {shares}; "
        f"the table took {found['table_s']:.1f} s"
    )


def make_video(path: Path, frames: int) -> None:
    """Write a small video of noise that moves."""
    from pose_core.video.writing import VideoWriter

    texture = np.random.default_rng(0).integers(0, 255, (64, 128, 3), dtype=np.uint8)
    with VideoWriter(path, fps=250) as video:
        for number in range(frames):
            video.write(texture[:, number % 64 : number % 64 + 64])


def make_model(folder: Path) -> None:
    """Write a network with random weights as training would leave it."""
    from pose_core import Skeleton
    from pose_core.model.folder import write_config
    from pose_core.model.network import build_network
    from pose_core.model.options import ModelOptions
    from pose_core.model.weights import save_model
    from pose_core.plugins import Plugins
    from pose_core.run_folder import WEIGHTS

    folder.mkdir()
    options = ModelOptions(backbone="resnet10t", pretrained=False)
    skeleton = Skeleton(("nose", "left", "right"))
    write_config(folder, {"model": asdict(options), "data": {"size": [32, 32]}}, skeleton)
    save_model(build_network(options, 3, Plugins().load()), folder / WEIGHTS)


def measure(folder: Path, frames: int) -> dict[str, float]:
    """Predict one video; give rates, memory and shares of time."""
    import pose_core.predict.videos as predict
    from pose_core.model.folder import load_model
    from pose_core.partial import PartialRows
    from pose_core.plugins import Plugins
    from pose_core.video.readers import choose

    plugins = Plugins().load()
    model, (reader, _) = load_model(folder / "model", plugins), choose(plugins)
    clock: dict[str, float] = {}
    vars(predict).update(
        decoded_points=timed_items(predict.decoded_points, clock, "network"),
        prefetch=timed_items(vars(predict)["prefetch"], clock, "waiting"),
        finish=timed(predict.finish, clock, "table"),
    )
    PartialRows.append = timed(PartialRows.append, clock, "writing")  # type: ignore[method-assign]
    before, table = memory("VmRSS"), folder / f"{frames}.csv"
    done = predict.predict_video(
        model, folder / f"{frames}.mp4", table, reader, plugins, 32, progress=False
    )
    assert done.frames == frames, done
    shares = {name: clock[name] / done.seconds for name in ("waiting", "network")}
    shares["writing"] = (clock["writing"] + clock["table"]) / done.seconds
    peak = memory("VmHWM")
    return {
        "frames": frames, "rate": frames / done.seconds, "peak_mb": peak, "before_mb": before,
        "table_s": clock["table"], **shares,
    }  # fmt: skip


def timed(function: Callable[..., Any], clock: dict[str, float], name: str) -> Any:
    """Wrap a function so that its time is added up."""

    def run(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            clock[name] = clock.get(name, 0.0) + time.perf_counter() - began

    return run


def timed_items(function: Callable[..., Any], clock: dict[str, float], name: str) -> Any:
    """Wrap a generator so that the time until each item is added up."""

    def run(*given: Any, **named: Any) -> Iterator[Any]:
        items = function(*given, **named)
        following = timed(lambda: next(items, None), clock, name)
        while (item := following()) is not None:
            yield item

    return run


def memory(field: str) -> float:
    """Give a line of the kernel's account of this process, in MB: VmRSS now, VmHWM at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise SystemExit("/proc/self/status has no memory; this benchmark needs Linux")


if __name__ == "__main__":
    main()
