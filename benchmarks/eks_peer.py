"""Run the peer, ensemble-kalman-smoother, on files: a script for an environment that has it.

    <peer's python> benchmarks/eks_peer.py jobs.json

Jobs are a list of objects: `mode` (singlecam, multicam, pupil, or calibrated, by the
`calibration.toml` beside the files), `views` (files of each view), `settings` (for the peer's
function), `output` (an .npz file with `keypoints` and `variance`, (views, frames, keypoints, 2)). A
job whose output exists is not run again. The pupil's columns come under their right names, and
`as_written` as the peer names them.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Run the jobs of a file, one after another."""
    for job in json.loads(Path(sys.argv[1]).read_text()):
        output = Path(job["output"])
        if not output.exists():
            partial = output.with_suffix(".partial.npz")
            np.savez(partial, **run(job["mode"], job["views"], job["settings"]))
            partial.replace(output)
            print("ran", output.name, flush=True)


def run(mode: str, views: list[list[str]], settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Give the arrays of one job."""
    import eks

    with tempfile.TemporaryDirectory() as folder:
        if mode == "calibrated":
            lenses = str(Path(views[0][0]).with_name("calibration.toml"))
            files = [file for view in views for file in view]
            tables = eks.fit_eks_multicam(files, folder, calibration=lenses, **settings)[0]
        elif mode == "multicam":
            names = [f"view{number}" for number in range(len(views))]
            files = [file for view in views for file in view]
            tables = eks.fit_eks_multicam(files, folder, camera_names=names, **settings)[0]
        else:
            fit = eks.fit_eks_pupil if mode == "pupil" else eks.fit_eks_singlecam
            tables = [fit(views[0], f"{folder}/smoothed.csv", **settings)[0]]
    keypoints = columns(tables, "x", "y")
    variance = columns(tables, "x_posterior_var", "y_posterior_var")
    if mode != "pupil":
        return {"keypoints": keypoints, "variance": variance}
    straight = [0, 2, 1, 3]  # its second column is the right point, its third the bottom
    return {
        "keypoints": keypoints[:, :, straight],
        "variance": variance[:, :, straight],
        "as_written": keypoints,
    }


def columns(tables: list[Any], *fields: str) -> np.ndarray:
    """Give columns of each table as (views, frames, keypoints, fields)."""
    found = [[table.xs(field, axis=1, level=-1).to_numpy() for field in fields] for table in tables]
    return np.moveaxis(np.array(found, dtype=float), 1, -1)


if __name__ == "__main__":
    main()
