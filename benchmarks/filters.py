"""How near the truth pose-eks comes beside the usual filters, on the same predictions.

    python benchmarks/filters.py [--scenarios view1 pupil] [--seeds 3] [--frames 3000]

The recordings are those of `eks_scenes.py`, whose truth is known. Filters take the median of the
networks, with points of a confidence below 0.9 bridged or as they are. Every row pools all seeds:
Euclidean error in pixels, over all points and by kind (root mean square). The last lines give the
ratio of pose-eks to the best setting of each filter, for each figure by itself.
"""

import argparse
from collections.abc import Callable, Mapping

import numpy as np
from eks_scenes import KINDS, Scene, draw

from pose_analysis import MedianFilterOptions, SavitzkyGolayOptions, filter_points
from pose_eks import SingleCameraOptions, smooth
from pose_eks.ensemble import Ensemble
from pose_eks.models.pupil import smooth_pupil

SCENARIOS = ("view1", "pupil")
WINDOWS: Mapping[str, tuple[int, ...]] = {"savitzky-golay": (7, 13, 31), "median": (3, 5, 9)}
GATES = (0.0, 0.9)
FIGURES = ("RMSE", "median", "95 %", *KINDS)

Method = Callable[[Scene], np.ndarray]


def by_mean(scene: Scene) -> np.ndarray:
    """Take the mean of the networks."""
    return np.asarray(scene.found[:, 0].mean(axis=0))


def by_filter(options: MedianFilterOptions) -> Method:
    """Give a filter of the networks' median."""

    def run(scene: Scene) -> np.ndarray:
        found = filter_points(scene.found[:, 0], scene.confidence[:, 0], options)
        known = np.flatnonzero(np.isfinite(found.keypoints).all(axis=(1, 2)))
        ends = np.clip(np.arange(len(found.keypoints)), known[0], known[-1])
        return found.keypoints[ends]  # a filter says nothing of ends that nobody is sure of

    return run


def by_eks(scene: Scene) -> np.ndarray:
    """Smooth by pose-eks: the four points of a pupil together, others by themselves."""
    keypoints, confidence = scene.found[:, 0], scene.confidence[:, 0]
    if scene.names[0].startswith("pupil"):
        return smooth_pupil(Ensemble(keypoints, confidence), scene.names).keypoints
    return smooth(keypoints, confidence, SingleCameraOptions()).keypoints


def methods() -> dict[str, Method]:
    """Name all that are compared, pose-eks last."""
    found: dict[str, Method] = {"mean of the networks": by_mean}
    for name, windows in WINDOWS.items():
        options = SavitzkyGolayOptions if name == "savitzky-golay" else MedianFilterOptions
        for window in windows:
            for gate in GATES:
                chosen = options(window=window, min_confidence=gate)
                found[f"{name} {window}" + f", above {gate}" * (gate > 0)] = by_filter(chosen)
    return found | {"pose-eks": by_eks}


def figures(errors: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Give FIGURES of errors (points,) of kinds (points,); NaN for a kind that does not occur."""
    parts = [errors[kinds == number] for number in range(len(KINDS))]
    by_kind = [np.sqrt(np.mean(part**2)) if len(part) else np.nan for part in parts]
    return np.array(
        [np.sqrt(np.mean(errors**2)), np.median(errors), np.quantile(errors, 0.95), *by_kind]
    )


def compare(scenario: str, seeds: int, frames: int) -> dict[str, np.ndarray]:
    """Give FIGURES of every method over all seeds."""
    scenes = [draw(scenario, seed, frames) for seed in range(seeds)]
    kinds = np.concatenate([scene.kind[0].ravel() for scene in scenes])
    found = {}
    for name, method in methods().items():
        errors = [np.linalg.norm(method(one) - one.truth[0], axis=-1).ravel() for one in scenes]
        found[name] = figures(np.concatenate(errors), kinds)
    return found


def show(scenario: str, found: Mapping[str, np.ndarray]) -> None:
    """Print a table, and the ratios to each filter at its best."""
    print(f"{scenario:30}" + "".join(f"{name:>10}" for name in FIGURES))
    for name, values in found.items():
        print(f"{name:30}" + "".join(f"{value:10.2f}" for value in values))
    for name in WINDOWS:
        best = np.min([values for key, values in found.items() if key.startswith(name)], axis=0)
        ratios = found["pose-eks"] / best
        print(f"pose-eks / best {name:14}" + "".join(f"{value:10.2f}" for value in ratios))
    print()


def main() -> None:
    """Parse the command line, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=3000)
    given = parser.parse_args()
    for scenario in given.scenarios:
        show(scenario, compare(scenario, given.seeds, given.frames))


if __name__ == "__main__":
    main()
