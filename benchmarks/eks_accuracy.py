"""How near the truth pose-eks comes on one camera, beside the mean and the median of the members.

    python benchmarks/eks_accuracy.py [--members 1 2 5] [--seeds 3]

Animals walk in bouts. Frames are of four kinds: clean; occluded for a dozen frames, where members
scatter and are less sure; switched, where half of the members follow another keypoint; confidently
wrong, all members alike. Members share half of their errors.
"""

import argparse

import numpy as np

from pose_eks import SingleCameraOptions, smooth


def scene(
    seed: int, members: int, frames: int = 3000, keypoints: int = 6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give truth (frames, keypoints, 2), members' keypoints and confidences."""
    rng = np.random.default_rng(seed)
    truth = walks(rng, frames, keypoints)
    occluded, switched, wrong = (
        spells(rng, (frames, keypoints), share, length)
        for share, length in ((0.07, 12), (0.02, 4), (0.008, 3))
    )
    shape = (members, frames, keypoints, 2)
    common = rng.normal(size=shape[1:]) * np.where(occluded, 6.0, 0.7)[..., None]
    found = truth + common + rng.normal(size=shape) * np.where(occluded, 8.0, 0.7)[..., None]
    other = np.roll(truth, 1, axis=1) + np.array([25, 0]) + rng.normal(size=shape)
    follows = switched & (rng.random(shape[:-1]) < 0.5)
    found = np.where(follows[..., None], other, found)
    found = np.where(wrong[..., None], truth + 25 + rng.normal(size=shape), found)
    doubt = 0.6 * occluded * rng.random(shape[:-1]) + 0.3 * switched * rng.random(shape[:-1])
    return truth, found, np.clip(rng.beta(30, 1, size=shape[:-1]) - doubt, 0.02, 1)


def walks(rng: np.random.Generator, frames: int, keypoints: int) -> np.ndarray:
    """Draw slow drift and bouts of a gait of 12 to 20 frames."""
    shape = (frames, keypoints, 2)
    drift = np.cumsum(rng.normal(scale=0.3, size=shape), axis=0)
    bouts = spells(rng, (frames, keypoints), 0.75, 150)[..., None].astype(float)
    window = np.hanning(32)[1:-1] / np.hanning(32).sum()
    envelope = np.apply_along_axis(np.convolve, 0, bouts, window, "same")
    phase = 2 * np.pi * np.arange(frames)[:, None, None] / rng.uniform(12, 20, shape[1:])
    return 150 + drift + 12 * envelope * np.sin(phase)


def spells(
    rng: np.random.Generator, shape: tuple[int, int], share: float, length: int
) -> np.ndarray:
    """Give True for about a share of the frames, so many at a time."""
    begun = rng.random(shape) < -np.log1p(-share) / length
    return np.apply_along_axis(np.convolve, 0, begun, np.ones(length), "same") > 0


def report(name: str, truth: np.ndarray, found: list[np.ndarray], covered: float) -> None:
    """Print one line: errors are Euclidean, in pixels."""
    errors = np.linalg.norm(np.stack(found) - truth, axis=-1)
    figures = [np.sqrt((errors**2).mean()), np.median(errors), np.quantile(errors, 0.95), covered]
    print(f"  {name:34s}" + "".join(f"{figure:8.3f}" for figure in figures))


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, nargs="+", default=[1, 2, 5])
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for members in given.members:
        scenes = [scene(seed, members) for seed in range(given.seeds)]
        truth = np.stack([one[0] for one in scenes])
        print(
            f"\n{members} members: {'':23s}"
            + "".join(f"{n:>8s}" for n in ("rmse", "median", "p95", "cover"))
        )
        for name, pool in (("mean", np.mean), ("median", np.median)):
            report(
                f"{name} of the members", truth, [pool(one[1], axis=0) for one in scenes], np.nan
            )
        for label, options in CHOICES.items():
            done = [smooth(found, sure, options) for _, found, sure in scenes]
            off = np.stack([one.keypoints for one in done]) - truth
            width = 1.96 * np.sqrt(np.stack([one.posterior_variance for one in done]))
            points = [one.keypoints for one in done]
            report(f"pose-eks, {label}", truth, points, float((np.abs(off) < width).mean()))


FIGURES = ("rmse", "median", "p95", "cover")
CHOICES = {
    "velocity (default)": SingleCameraOptions(),
    "velocity, centre mean": SingleCameraOptions(center="mean"),
    "walk": SingleCameraOptions(dynamics="walk"),
    "walk, no floor (b = 0)": SingleCameraOptions(dynamics="walk", b=0.0),
}


if __name__ == "__main__":
    main()
