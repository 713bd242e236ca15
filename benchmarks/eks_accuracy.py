"""How near the truth pose-eks comes, beside its peer on the same files in the same run.

    python benchmarks/eks_accuracy.py [--scenarios view1 ...] [--seeds 3] [--cache FOLDER]
        [--peer-env FOLDER] [--no-peer]

The recordings are those of `eks_scenes.py`. The peer, ensemble-kalman-smoother 4.6.2, is put into
an environment of its own by uv (give `--peer-env` to use one that exists), and what it finds is
kept in the cache, so that only the first run waits for it. Every row pools all seeds: the error is
Euclidean in pixels, over all points and by kind (root mean square); cover is the share of true
coordinates inside the nominal 95 % interval. The last lines give the ratio of pose-eks's default
to the peer's best: for each figure by itself, the setting that is best for the peer. Asynchronous
cameras have no peer but for one pair of paws, so that only their cover has a target.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from eks_scenes import KINDS, SCENARIOS, Scene, draw, write

from pose_eks import SingleCameraOptions, smooth
from pose_eks.files.members import read_members

PEER = "ensemble-kalman-smoother==4.6.2"
PEER_PYTHON = "3.12"  # it needs at least 3.10 and less than 3.13
MEAN = {"avg_mode": "mean", "var_mode": "var"}
INFLATED = {"inflate_vars": True}
PAIRS = ([0.9, 0.9], [0.99, 0.98], [0.99, 0.99], [0.999, 0.98], [0.999, 0.99], [0.999, 0.999])
SEVERAL_VIEWS: dict[str, dict[str, Any]] = {
    "quantile 50": {"quantile_keep_pca": 50},
    "quantile 95": {"quantile_keep_pca": 95},
    "quantile 50, inflated": {"quantile_keep_pca": 50, **INFLATED},
    "quantile 95, inflated": {"quantile_keep_pca": 95, **INFLATED},
    "quantile 50, inflated, mean/var": {"quantile_keep_pca": 50, **INFLATED, **MEAN},
}
PEER_SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "view1": {
        "auto": {},
        "auto, mean/var": MEAN,
        "auto, mean": {"avg_mode": "mean"},
        "auto, var": {"var_mode": "var"},
    },
    "view2": SEVERAL_VIEWS,
    "view3": SEVERAL_VIEWS,
    "pupil": {
        "auto": {},
        "auto, mean/var": MEAN,
        **{f"fixed {d:g}, {c:g}": {"smooth_params": [d, c]} for d, c in PAIRS},
    },
    "calibrated": {"auto": {}, "inflated": INFLATED, "inflated, mean/var": {**INFLATED, **MEAN}},
    "asynchronous": {},
}
PEER_MODES = {"view1": "singlecam", "view2": "multicam", "view3": "multicam"}


@dataclass(frozen=True, eq=False)
class Found:
    """Positions and the variance of their error, both (views, frames, keypoints, 2)."""

    keypoints: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True, eq=False)
class Recording:
    """A scene and its files, view by view."""

    scene: Scene
    files: list[list[Path]]


Method = Callable[[Recording], Found]


def one_camera(**options: Any) -> Method:
    """Give the smoother of single cameras with some options."""

    def run(recording: Recording) -> Found:
        members = read_members(recording.files[0])
        done = smooth(members.keypoints, members.confidence, SingleCameraOptions(**options))
        return Found(done.keypoints[None], done.posterior_variance[None])

    return run


def several_cameras(**options: Any) -> Method:
    """Give the smoother of synchronous views with some options."""

    def run(recording: Recording) -> Found:
        from pose_eks import MultiCameraOptions, smooth_views

        views = {str(n): ensemble(files) for n, files in enumerate(recording.files)}
        return of_views(smooth_views(views, MultiCameraOptions(**options)))

    return run


def around_a_pupil(**options: Any) -> Method:
    """Give the smoother of pupils with some options."""

    def run(recording: Recording) -> Found:
        from pose_eks.models.pupil import smooth_pupil
        from pose_eks.options import PupilOptions

        pupil = ensemble(recording.files[0])
        done = smooth_pupil(pupil, recording.scene.names, PupilOptions(**options))
        return Found(done.keypoints[None], done.posterior_variance[None])

    return run


def by_calibration(**options: Any) -> Method:
    """Give the smoother of calibrated cameras with some options."""

    def run(recording: Recording) -> Found:
        from pose_eks.cameras.calibration import read_calibration
        from pose_eks.models.calibrated import smooth_calibrated
        from pose_eks.options import CalibratedOptions

        rig = read_calibration(recording.files[0][0].with_name("calibration.toml"))
        views = {f"view{n}": ensemble(files) for n, files in enumerate(recording.files)}
        return of_views(smooth_calibrated(rig, views, CalibratedOptions(**options)))

    return run


def out_of_step(**options: Any) -> Method:
    """Give the smoother of asynchronous cameras with some options."""

    def run(recording: Recording) -> Found:
        from pose_eks import MultiCameraOptions
        from pose_eks.models.asynchronous import smooth_asynchronous

        views = {str(n): ensemble(files) for n, files in enumerate(recording.files)}
        frames = np.arange(recording.scene.truth.shape[1])
        times = {name: frames + int(name) / len(views) for name in views}
        return of_views(smooth_asynchronous(views, times, MultiCameraOptions(**options)))

    return run


def of_views(smoothed: Any) -> Found:
    """Stack the views of a result."""
    views = smoothed.views.values()
    return Found(
        np.stack([view.keypoints for view in views]),
        np.stack([view.posterior_variance for view in views]),
    )


def ensemble(files: list[Path]) -> Any:
    """Read the members of one view."""
    from pose_eks import Ensemble

    members = read_members(files)
    return Ensemble(members.keypoints, members.confidence)


VIEWS_TRIED: dict[str, Method] = {
    "default": several_cameras(),
    "centre mean": several_cameras(center="mean"),
    "gaussian": several_cameras(likelihood="gaussian"),
    "walk": several_cameras(dynamics="walk"),
    "2 degrees": several_cameras(degrees=2.0),
}
OURS: dict[str, dict[str, Method]] = {  # the first of each scenario is the default
    "view1": {
        "default": one_camera(),
        "centre mean": one_camera(center="mean"),
        "without confidence": one_camera(divide_by_confidence=False),
        "walk": one_camera(dynamics="walk"),
        "walk, no floor": one_camera(dynamics="walk", b=0.0),
        "no floor": one_camera(b=0.0),
        "student": one_camera(likelihood="student"),
    },
    "view2": VIEWS_TRIED,
    "view3": VIEWS_TRIED,
    "pupil": {
        "default": around_a_pupil(),
        "centre mean": around_a_pupil(center="mean"),
        "gaussian": around_a_pupil(likelihood="gaussian"),
        "2 degrees": around_a_pupil(degrees=2.0),
    },
    "calibrated": {
        "default": by_calibration(),
        "centre mean": by_calibration(center="mean"),
        "gaussian": by_calibration(likelihood="gaussian"),
    },
    "asynchronous": {
        "default": out_of_step(),
        "centre mean": out_of_step(center="mean"),
        "gaussian": out_of_step(likelihood="gaussian"),
    },
}
TARGETS: dict[str, dict[str, float]] = {
    "view1": {"median": 0.92, "p95": 1.0},
    "view2": {"rmse": 0.95},
    "view3": {"rmse": 0.75},
    "pupil": {"rmse": 0.5},
    "calibrated": {"rmse": 0.75},
    "asynchronous": {},
}
COVER = (0.90, 0.98)
FIGURES = ("rmse", "median", "p95", *KINDS, "cover")


def recorded(scenario: str, seed: int, cache: Path) -> Recording:
    """Draw a scene and write its files into a folder named for their content."""
    scene = draw(scenario, seed)
    content = hashlib.sha256(scene.found.tobytes() + scene.confidence.tobytes())
    folder = cache / f"{scenario}-{seed}-{content.hexdigest()[:10]}"
    views, members = len(scene.truth), len(scene.found)
    files = [[folder / f"view{v}.member{m}.csv" for m in range(members)] for v in range(views)]
    if not all(file.exists() for view in files for file in view):
        files = write(scene, folder)
    return Recording(scene, files)


def peer_found(
    python: Path | None, scenario: str, recordings: list[Recording]
) -> dict[str, list[Found]]:
    """Run the peer where it has not run on these files, and give what it found, by setting."""
    folders = [recording.files[0][0].parent for recording in recordings]
    settings = PEER_SETTINGS[scenario]
    outputs = {label: [peer_output(folder, label) for folder in folders] for label in settings}
    jobs = [
        {
            "mode": PEER_MODES.get(scenario, scenario),
            "views": [[str(file) for file in view] for view in recording.files],
            "settings": settings[label],
            "output": str(output),
        }
        for label, files in outputs.items()
        for recording, output in zip(recordings, files, strict=True)
        if not output.exists()
    ]
    if jobs and python is not None:
        listing = folders[0] / "jobs.json"
        listing.write_text(json.dumps(jobs))
        script = Path(__file__).with_name("eks_peer.py")
        subprocess.run([python, script, listing], check=True, stdout=sys.stderr)
    return {
        label: [loaded(file) for file in files]
        for label, files in outputs.items()
        if all(file.exists() for file in files)
    }


def peer_output(folder: Path, label: str) -> Path:
    """Name the file of what the peer finds with a setting."""
    return folder / f"peer {label}.npz".replace(" ", "_").replace(",", "").replace("/", "-")


def loaded(path: Path) -> Found:
    """Read what the peer found."""
    with np.load(path) as arrays:
        return Found(arrays["keypoints"], arrays["variance"])


def figures(found: list[Found], scenes: list[Scene]) -> dict[str, float]:
    """Give FIGURES over all scenes; NaN for a kind that there is none of."""
    off = np.stack([one.keypoints - scene.truth for one, scene in zip(found, scenes, strict=True)])
    kind = np.stack([scene.kind for scene in scenes])
    errors = np.linalg.norm(off, axis=-1)
    width = 1.96 * np.sqrt(np.stack([one.variance for one in found]))
    by_kind = {name: rms(errors[kind == number]) for number, name in enumerate(KINDS)}
    return {
        "rmse": rms(errors),
        "median": float(np.median(errors)),
        "p95": float(np.quantile(errors, 0.95)),
        **by_kind,
        "cover": float((np.abs(off) <= width).mean()) if np.isfinite(width).any() else float("nan"),
    }


def rms(errors: np.ndarray) -> float:
    """Give the root of the mean square, NaN of nothing."""
    return float(np.sqrt((errors**2).mean())) if errors.size else float("nan")


def report(label: str, row: dict[str, float]) -> None:
    """Print one row."""
    print(f"  {label:40s}" + "".join(f"{row[name]:10.3f}" for name in FIGURES), flush=True)


def members_alone(scenes: list[Scene]) -> dict[str, list[Found]]:
    """Give one member, the mean and the median, which have no variance to go with them."""
    ways = {
        "one member": lambda found: found[0],
        "mean of the members": lambda found: found.mean(axis=0),
        "median of the members": lambda found: np.median(found, axis=0),
    }
    unknown = np.full_like(scenes[0].truth, np.nan)
    return {
        name: [Found(way(scene.found), unknown) for scene in scenes] for name, way in ways.items()
    }


def compare(scenario: str, seeds: int, cache: Path, python: Path | None) -> None:
    """Print the table of one scenario, and its ratios with their targets."""
    recordings = [recorded(scenario, seed, cache) for seed in range(seeds)]
    scenes = [recording.scene for recording in recordings]
    print(f"\n{scenario:42s}" + "".join(f"{name:>10s}" for name in FIGURES))
    for label, found in members_alone(scenes).items():
        report(label, figures(found, scenes))
    peer = peer_found(python, scenario, recordings)
    peer_rows = {label: figures(found, scenes) for label, found in peer.items()}
    for label, row in peer_rows.items():
        report(f"peer, {label}", row)
    ours = {
        label: [method(recording) for recording in recordings]
        for label, method in OURS[scenario].items()
    }
    for label, found in ours.items():
        report(f"pose-eks, {label}", figures(found, scenes))
    if ours:
        verdicts(scenario, next(iter(ours.values())), peer, scenes)


def verdicts(
    scenario: str, ours: list[Found], peer: dict[str, list[Found]], scenes: list[Scene]
) -> None:
    """Print every target with what was reached, over all seeds and the range over them.

    Where the peer did not run, only the cover is told.
    """
    for name, target in TARGETS[scenario].items() if peer else ():
        ratio = ratio_to_best(name, ours, peer, scenes)
        alone = [
            ratio_to_best(name, [one], {key: [all_[n]] for key, all_ in peer.items()}, [scene])
            for n, (one, scene) in enumerate(zip(ours, scenes, strict=True))
        ]
        spread = f"{min(alone):.3f} to {max(alone):.3f} over the seeds"
        reached = "reached" if ratio <= target else "NOT reached"
        print(f"  {name} / peer's best: {ratio:.3f} ({spread}); target {target}: {reached}")
    cover = figures(ours, scenes)["cover"]
    reached = "reached" if COVER[0] <= cover <= COVER[1] else "NOT reached"
    print(f"  cover: {cover:.3f}; target {COVER[0]:.2f} to {COVER[1]:.2f}: {reached}")


def ratio_to_best(
    name: str, ours: list[Found], peer: dict[str, list[Found]], scenes: list[Scene]
) -> float:
    """Give a figure of ours over that of the peer's setting where it is least."""
    best = min(figures(found, scenes)[name] for found in peer.values())
    return figures(ours, scenes)[name] / best


def peer_python(folder: Path) -> Path:
    """Give the interpreter of an environment that has the peer, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        own = (3, 10) <= sys.version_info[:2] < (3, 13)
        version = sys.executable if own else PEER_PYTHON
        subprocess.run(["uv", "venv", "--python", version, folder], check=True)
        subprocess.run(["uv", "pip", "install", "--python", python, PEER], check=True)
    return python


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--seeds", type=int, default=3)
    kept = Path(tempfile.gettempdir()) / "pose-eks-benchmarks"
    parser.add_argument("--cache", type=Path, default=kept)
    parser.add_argument("--peer-env", type=Path)
    parser.add_argument("--no-peer", action="store_true", help="use only what is in the cache")
    given = parser.parse_args()
    python = None if given.no_peer else peer_python(given.peer_env or given.cache / "peer")
    for scenario in given.scenarios:
        compare(scenario, given.seeds, given.cache, python)


if __name__ == "__main__":
    main()
