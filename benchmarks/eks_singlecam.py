"""Speed of pose-eks on one camera, as ratios to two plain ways of doing the same in one run.

    python benchmarks/eks_singlecam.py [--frames 10000 100000] [--keypoints 17]

One pass (likelihood) and one smoothing are compared with given noise, as the others cannot fit:
numpy goes frame by frame over all lanes at once, as a textbook filter does; LAPACK factorises every
lane's tridiagonal precision. The last lines time whole jobs, arrays to arrays with the fit. Times
are CPU seconds, so that other work on the machine counts little.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg.lapack import dpttrf, dpttrs

from pose_eks import SingleCameraOptions, smooth
from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.lanes import Lanes, Noise

Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # log-likelihoods, means, variances


def drawn(frames: int, keypoints: int, members: int = 5, seed: int = 0) -> np.ndarray:
    """Draw an ensemble (members, frames, keypoints, 2) about smooth tracks, 2 % of it scattered."""
    rng = np.random.default_rng(seed)
    shape = (frames, keypoints, 2)
    track = np.cumsum(np.cumsum(rng.normal(scale=0.05, size=shape), axis=0), axis=0)
    scatter = np.where(rng.random(shape[:2]) < 0.02, 10.0, 1.0)[..., None]
    return track + scatter * rng.normal(size=(members, *shape))


def lanes_of(ensemble: np.ndarray) -> Lanes:
    """Lay an ensemble out as `pose_eks.models.singlecam` does, with the same prior for all."""
    frames, count = ensemble.shape[1], 2 * ensemble.shape[2]
    observed = np.ascontiguousarray(np.median(ensemble, axis=0).reshape(frames, count).T)
    spread = np.ascontiguousarray(ensemble.var(axis=0).reshape(frames, count).T)
    gaps = np.r_[0.0, np.ones(frames - 1)]
    centred = observed - observed.mean(axis=1, keepdims=True)
    return Lanes(centred, spread, gaps, centred.var(axis=1), np.ones(count))


def by_pose_eks(lanes: Lanes, s: float, b: float) -> Found:
    """Run the compiled kernels; the likelihood comes with its derivatives."""
    ones = np.ones(len(lanes.observed))
    noise = Noise(s * ones, ones, b * ones, 0 * ones, b * ones)
    walk = DYNAMICS["walk"]
    return walk.likelihood(lanes, noise)[:, 0], *walk.smooth(lanes, noise)


def by_numpy(lanes: Lanes, s: float, b: float) -> Found:
    """Filter and smooth frame by frame, all lanes in one array operation."""
    y, noise = lanes.observed.T, lanes.spread.T + b
    m, p, total = np.zeros(len(y[0])), lanes.position_variance, np.zeros(len(y[0]))
    means, variances = np.empty_like(y), np.empty_like(y)
    for t in range(len(y)):
        p = p + s * lanes.gaps[t]
        e, total_variance = y[t] - m, p + noise[t]
        total -= 0.5 * (np.log(2 * np.pi * total_variance) + e * e / total_variance)
        m, p = m + p / total_variance * e, p * noise[t] / total_variance
        means[t], variances[t] = m, p
    for t in range(len(y) - 2, -1, -1):
        gain = variances[t] / (variances[t] + s)
        means[t] += gain * (means[t + 1] - means[t])
        variances[t] = gain * (s + gain * variances[t + 1])
    return total, means.T, variances.T


def by_lapack(lanes: Lanes, s: float, b: float) -> Found:
    """Solve every lane's tridiagonal posterior precision, factorised from both ends."""
    rows = [
        one_by_lapack(y, v + b, p, s)
        for y, v, p in zip(lanes.observed, lanes.spread, lanes.position_variance, strict=True)
    ]
    likelihoods, means, variances = zip(*rows, strict=True)
    return np.array(likelihoods), np.array(means), np.array(variances)


def one_by_lapack(
    y: np.ndarray, noise: np.ndarray, p: float, s: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Give log-likelihood, posterior means and variances of one lane."""
    prior = np.full(len(y), 2 / s)
    prior[0], prior[-1] = 1 / p + 1 / s, 1 / s
    aside = np.full(len(y) - 1, -1 / s)
    ahead, lower, _ = dpttrf(prior + 1 / noise, aside)
    back, _, _ = dpttrf((prior + 1 / noise)[::-1], aside)
    mean, _ = dpttrs(ahead, lower, y / noise)
    variance = 1 / (ahead + back[::-1] - prior - 1 / noise)
    log_prior = -np.log(p) - (len(y) - 1) * np.log(s)  # log det of the prior precision
    misfit = (y * y / noise).sum() - (y / noise * mean).sum()
    logs = np.log(ahead).sum() - log_prior + np.log(2 * np.pi * noise).sum()
    return -0.5 * (misfit + logs), mean, variance


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Give the shortest of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def compare(frames: int, keypoints: int) -> None:
    """Print one table."""
    ensemble = drawn(frames, keypoints)
    lanes = lanes_of(ensemble)
    print(
        f"\n{frames} frames, {keypoints} keypoints: likelihood, means and variances, s and b given"
    )
    ours, reference = seconds(lambda: by_pose_eks(lanes, 0.5, 0.2)), by_pose_eks(lanes, 0.5, 0.2)
    print(f"  {'pose-eks (with derivatives)':30s} {ours:8.3f} s")
    for name, way in (("numpy, frame by frame", by_numpy), ("LAPACK, lane by lane", by_lapack)):
        took = seconds(lambda way=way: way(lanes, 0.5, 0.2), repeats=1)
        off = max(
            float(np.abs(a - b).max() / np.abs(b).max())
            for a, b in zip(way(lanes, 0.5, 0.2), reference, strict=True)
        )
        print(f"  {name:30s} {took:8.3f} s  = {took / ours:6.1f} x pose-eks; differs by {off:.0e}")
    print("  whole job, 5 members, s and b fitted:")
    for dynamics in DYNAMICS:
        options = SingleCameraOptions(dynamics=dynamics)
        took = seconds(lambda options=options: smooth(ensemble, options=options), repeats=1)
        passes = smooth(ensemble, options=options).fit.passes.max()
        print(f"    {dynamics:28s} {took:8.3f} s  = {took / ours:6.1f} x one pass; {passes} passes")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--keypoints", type=int, default=17)
    given = parser.parse_args()
    for dynamics in DYNAMICS:  # compile, or load what was compiled
        smooth(drawn(50, 1), options=SingleCameraOptions(dynamics=dynamics))
    for frames in given.frames:
        compare(frames, given.keypoints)


if __name__ == "__main__":
    main()
