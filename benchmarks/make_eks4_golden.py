"""Write golden files of `compat="eks4"`: what ensemble-kalman-smoother 4.6.2 makes of made data.

    uv venv peer && uv pip install --python peer ensemble-kalman-smoother==4.6.2
    peer/bin/python benchmarks/make_eks4_golden.py

Each file of packages/pose-eks/tests/golden has the input (`keypoints`: views, members, frames,
keypoints, 2; `confidence`), what else the case needs, and for every setting the peer's output:
`<setting>_keypoints` and `<setting>_variance`, (views, frames, keypoints, 2). The peer computes in
single precision; so do the files.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[1] / "packages" / "pose-eks" / "tests" / "golden"
FRAMES, MEMBERS = 70, 3
NAMES = ["nose", "paw", "tail"]
PUPIL = ["pupil_top_r", "pupil_bottom_r", "pupil_right_r", "pupil_left_r"]
PAWS = ["paw_l", "paw_r"]
S = [0.3, 2.0, 20.0]
S_VIEWS = [0.5, 3.0, 12.0]
DISTORTIONS = ([-0.2, 0.05, 0.001, -0.002, 0.01], [0.1] * 2 + [0.0] * 2 + [0.02] * 4, [0.0] * 5)


def main() -> None:
    """Make all files."""
    FOLDER.mkdir(exist_ok=True)
    for make in (singlecam, lone_member, two_views, three_views, mirrored, calibrated, pupil, paw):
        with tempfile.TemporaryDirectory() as folder:
            arrays = make(np.random.default_rng(7), Path(folder))
        kept = {
            name: np.asarray(values).astype(precision(values)) for name, values in arrays.items()
        }
        np.savez_compressed(FOLDER / f"eks4_{make.__name__}.npz", **kept)
        print(make.__name__, sorted(kept))


def precision(values: Any) -> type:
    """Give single precision for what the peer has in single precision, else what it was."""
    return np.float32 if np.asarray(values).size > 100 else np.float64


def predicted(
    rng: np.random.Generator, truth: np.ndarray, members: int = MEMBERS
) -> tuple[np.ndarray, np.ndarray]:
    """Let members predict (views, frames, keypoints, 2): scattered, at times far off or unsure."""
    shape = (len(truth), members, *truth.shape[1:])
    off = rng.normal(size=shape) + rng.normal(size=truth.shape)[:, None] * 0.5
    lost = rng.random(shape[:1] + shape[2:-1]) < 0.06
    off = off + lost[:, None, ..., None] * rng.normal(scale=9.0, size=shape)
    confidence = np.clip(rng.beta(20, 1, size=shape[:-1]) - 0.5 * lost[:, None], 0.02, 1)
    keypoints = truth[:, None] + off
    return keypoints.astype(np.float32), confidence.astype(np.float32)


def walk(rng: np.random.Generator, keypoints: int, latent: int, frames: int = FRAMES) -> np.ndarray:
    """Draw (frames, keypoints, latent)."""
    return np.cumsum(rng.normal(scale=2.0, size=(frames, keypoints, latent)), axis=0)


def write(path: Path, names: list[str], keypoints: np.ndarray, confidence: np.ndarray) -> str:
    """Write one member's file, exact to single precision."""
    columns = [("made", name, field) for name in names for field in ("x", "y", "likelihood")]
    values = np.concatenate([keypoints, confidence[..., None]], axis=-1).reshape(len(keypoints), -1)
    header = pd.MultiIndex.from_tuples(columns, names=["scorer", "bodyparts", "coords"])
    pd.DataFrame(values, columns=header).to_csv(path, float_format="%.9g")
    return str(path)


def write_all(
    folder: Path, names: list[str], keypoints: np.ndarray, confidence: np.ndarray
) -> list[str]:
    """Write one file per view and member."""
    return [
        write(folder / f"cam{v}.rng{m}.csv", names, keypoints[v, m], confidence[v, m])
        for v in range(len(keypoints))
        for m in range(keypoints.shape[1])
    ]


def output(setting: str, tables: list[pd.DataFrame]) -> dict[str, np.ndarray]:
    """Give what is kept of the peer's tables."""
    found = {}
    for name, middle in (("keypoints", ""), ("variance", "_posterior_var"), ("spread", "_ens_var")):
        parts = [[t.xs(f"{a}{middle}", axis=1, level=-1).to_numpy() for a in "xy"] for t in tables]
        found[f"{setting}_{name}"] = np.moveaxis(np.array(parts, dtype=float), 1, -1)
    return found


def singlecam(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """One camera: default, and mean with plain variance."""
    import eks

    keypoints, confidence = predicted(rng, 100 + walk(rng, 3, 2)[None])
    files = write_all(folder, NAMES, keypoints, confidence)
    save = str(folder / "out" / "smoothed.csv")
    usual = eks.fit_eks_singlecam(files, save, smooth_param=S)[0]
    plain = eks.fit_eks_singlecam(files, save, smooth_param=S, avg_mode="mean", var_mode="var")[0]
    given = {"keypoints": keypoints, "confidence": confidence, "s": S}
    return given | output("default", [usual]) | output("plain", [plain])


def lone_member(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """One camera, one member."""
    import eks

    keypoints, confidence = predicted(rng, 100 + walk(rng, 3, 2)[None], members=1)
    files = write_all(folder, NAMES, keypoints, confidence)
    save = str(folder / "out" / "smoothed.csv")
    found = eks.fit_eks_singlecam(files, save, smooth_param=S)[0]
    given = {"keypoints": keypoints, "confidence": confidence, "s": S}
    return given | output("default", [found])


def several_views(rng: np.random.Generator, views: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw predictions of linear projections."""
    points = walk(rng, 3, 3)
    axes = rng.normal(size=(views, 2, 3))
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    return predicted(rng, 100 + np.einsum("tkd,vxd->vtkx", points, axes))


def linear(rng: np.random.Generator, folder: Path, views: int) -> dict[str, Any]:
    """Several cameras: the API's defaults, the command's, and mean with plain variance."""
    import eks

    keypoints, confidence = several_views(rng, views)
    files = write_all(folder, NAMES, keypoints, confidence)
    arrays: dict[str, Any] = {"keypoints": keypoints, "confidence": confidence, "s": S_VIEWS}
    for setting, options in {
        "api": {},
        "command": {"quantile_keep_pca": 95.0, "inflate_vars": True},
        "plain": {"quantile_keep_pca": 80.0, "avg_mode": "mean", "var_mode": "var"},
    }.items():
        cameras = [f"cam{v}" for v in range(views)]
        tables = eks.fit_eks_multicam(
            files, str(folder / "out"), smooth_param=S_VIEWS, camera_names=cameras, **options
        )[0]
        arrays |= output(setting, tables)
    return arrays


def two_views(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """Two cameras."""
    return linear(rng, folder, 2)


def three_views(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """Three cameras."""
    return linear(rng, folder, 3)


def mirrored(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """Two views of one file."""
    import eks

    keypoints, confidence = several_views(rng, 2)
    names = [f"{name}_{view}" for view in ("top", "bot") for name in NAMES]
    files = []
    for m in range(MEMBERS):
        both = np.concatenate(list(keypoints[:, m]), axis=1)
        sure = np.concatenate(list(confidence[:, m]), axis=1)
        files.append(write(folder / f"rng{m}.csv", names, both, sure))
    save = str(folder / "out" / "smoothed.csv")
    found = eks.fit_eks_mirrored_multicam(
        files, save, smooth_param=S_VIEWS, camera_names=["top", "bot"], inflate_vars=True
    )[0]
    arrays = output("inflated", [found])
    split = {name: np.stack(np.split(values[0], 2, axis=1)) for name, values in arrays.items()}
    return {"keypoints": keypoints, "confidence": confidence, "s": S_VIEWS} | split


def calibrated(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """Three calibrated cameras: with and without inflation, and the points of the world."""
    import cv2
    import eks

    points = 1.5 * walk(rng, 3, 3)
    matrix = np.array([[900.0, 0, 320], [0, 880, 240], [0, 0, 1]])
    turns = np.array([[0.1, 0.2, 0.0], [0.0, 1.2, 0.1], [-0.9, 0.1, 0.05]])
    shift = np.array([0.0, 0.0, 250.0])
    truth = np.stack(
        [
            cv2.projectPoints(points.reshape(-1, 3), turn, shift, matrix, np.array(bend))[0]
            for turn, bend in zip(turns, DISTORTIONS, strict=True)
        ]
    ).reshape(3, FRAMES, 3, 2)
    keypoints, confidence = predicted(rng, truth)
    files = write_all(folder, NAMES, keypoints, confidence)
    lines = []
    for v, (turn, bend) in enumerate(zip(turns, DISTORTIONS, strict=True)):
        lines += [f"[cam_{v}]", f'name = "cam{v}"', "size = [640, 480]"]
        lines += [f"matrix = {matrix.tolist()}", f"distortions = {list(bend)}"]
        lines += [f"rotation = {turn.tolist()}", f"translation = {shift.tolist()}", ""]
    (folder / "calibration.toml").write_text("\n".join(lines))
    bends = np.array([[*bend, *[0.0] * (8 - len(bend))] for bend in DISTORTIONS])
    rotations = np.stack([cv2.Rodrigues(turn)[0] for turn in turns])
    arrays: dict[str, Any] = {"keypoints": keypoints, "confidence": confidence, "s": S_VIEWS}
    arrays |= {"matrix": matrix, "rotations": rotations, "shift": shift, "distortions": bends}
    for setting, inflate in (("default", False), ("inflated", True)):
        found = eks.fit_eks_multicam(
            files,
            str(folder / "out"),
            smooth_param=S_VIEWS,
            calibration=str(folder / "calibration.toml"),
            inflate_vars=inflate,
        )
        arrays |= output(setting, found[0])
        arrays[f"{setting}_points"] = np.stack(
            [found[4].xs(axis, axis=1, level=-1).to_numpy() for axis in "xyz"], axis=-1
        )
    return arrays


def pupil(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """A pupil, its columns as the peer names them."""
    import eks

    directions = np.array([[0, -0.5], [0, 0.5], [0.5, 0], [-0.5, 0]])
    diameter = 30 + 0.3 * walk(rng, 1, 1)
    keypoints, confidence = predicted(rng, (60 + walk(rng, 1, 2) + diameter * directions)[None])
    files = write_all(folder, PUPIL, keypoints, confidence)
    arrays: dict[str, Any] = {"keypoints": keypoints, "confidence": confidence}
    for setting, pair in (("loose", [0.9, 0.95]), ("clipped", [0.9999, 0.98])):
        save = str(folder / "out" / "smoothed.csv")
        found = eks.fit_eks_pupil(files, save, smooth_params=pair)[0]
        arrays |= {f"{setting}_s": pair} | output(setting, [found])
    return arrays


def paw(rng: np.random.Generator, folder: Path) -> dict[str, Any]:
    """Paws of two cameras that are not synchronous."""
    import eks

    left_times, right_times = np.arange(70) / 60.0, 0.1 + np.arange(120) / 150.0
    points = walk(rng, 2, 3, 300)
    axes = np.array([[[1, 0, 0.2], [0, 1, 0.1]], [[-0.8, 0.1, 0.4], [0.1, 0.9, 0.3]]])
    frames = [np.searchsorted(np.arange(300) / 250.0, t) for t in (left_times, right_times)]
    sides = [
        predicted(rng, 60 + np.einsum("tkd,xd->tkx", points[at], view)[None])
        for at, view in zip(frames, axes, strict=True)
    ]
    (folder / "in").mkdir()
    for side, (keypoints, confidence) in zip(("left", "right"), sides, strict=True):
        for m in range(MEMBERS):
            path = folder / "in" / f"a.{side}.rng={m}.csv"
            write(path, PAWS, keypoints[0, m], confidence[0, m])
    np.save(folder / "in" / "a.timestamps.left.npy", left_times)
    np.save(folder / "in" / "a.timestamps.right.npy", right_times)
    arrays: dict[str, Any] = {"left": sides[0][0][0], "right": sides[1][0][0], "s": S_VIEWS[:2]}
    arrays |= {"left_times": left_times, "right_clock": [0.1, 1 / 150.0]}
    for setting, inflate in (("default", False), ("inflated", True)):
        tables = eks.fit_eks_multicam_ibl_paw(
            str(folder / "in"),
            str(folder / "out"),
            smooth_param=S_VIEWS[:2],
            quantile_keep_pca=95.0,
            var_mode="var",
            inflate_vars=inflate,
        )[0]
        arrays |= output(setting, tables)
    return arrays


if __name__ == "__main__":
    main()
