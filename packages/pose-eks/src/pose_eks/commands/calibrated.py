"""`pose-eks calibrated`: several calibrated cameras, positions in space."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import add_cameras, add_files, add_options, options_of
from pose_eks.options import CalibratedOptions

if TYPE_CHECKING:
    from pose_eks.commands.several import Several
    from pose_eks.smoothed import SmoothedViews

NAME = "calibrated"


def add_to(modes: "argparse._SubParsersAction[Any]") -> None:
    """Describe the command line."""
    mode = modes.add_parser(
        NAME,
        help="several calibrated cameras: positions in space",
        description="Smooth the positions in space that several synchronous, calibrated cameras "
        "see: one file per camera and network, and a calibration as Anipose writes it. Writes a "
        "table per camera, and positions3d with x, y and z in the calibration's unit.",
        epilog="example: pose-eks calibrated predictions/*.csv --calibration calibration.toml "
        "--output smoothed/",
    )
    add_files(mode, "a folder for one smoothed table per camera, and the positions")
    add_cameras(mode)
    mode.add_argument(
        "--calibration", required=True, type=Path, metavar="FILE", help="Anipose's .toml"
    )
    add_options(mode, CalibratedOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, CalibratedOptions)
    from pose_eks.cameras.calibration import read_calibration
    from pose_eks.commands.finishing import Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.models.calibrated import smooth_calibrated

    rig = read_calibration(given.calibration)
    several = Several.read(found_cameras(given, rig.names), given)
    work = Work(NAME, given, options, several.files, unit="moves²/frame")
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_calibrated(rig, ensembles, options, several.common_times(), several.labels)
    outputs = several.outputs(given, found.views)
    positions = write_positions(given, several, found)
    more = {"calibration": str(given.calibration)}
    table = views_table(work, several.labels, found.views)
    finish(work, outputs, given.output / "summary.json", more, table, [positions])
    return 0


def write_positions(given: argparse.Namespace, several: "Several", found: "SmoothedViews") -> Path:
    """Write x, y and z of every keypoint, with variances and covariances; give the file.

    Raises:
        EksError: if it cannot be written.
    """
    import numpy as np

    from pose_eks.errors import EksError
    from pose_io_dlc import FormatError, Table3D, write_points3d

    covariance = found.covariance
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    extra = {f"{'xyz'[i]}{'xyz'[j]}_cov": covariance[..., i, j] for i, j in pairs}
    path = given.output / f"positions3d.{'h5' if given.format == 'h5' else 'csv'}"
    table = Table3D(
        names=tuple(several.labels),
        points=found.positions,
        numbers=np.asarray(next(iter(several.members.values())).rows.numbered),
        scorer="eks_calibrated",
        extra={} if given.plain else extra,
    )
    try:
        write_points3d(path, table, decimals=6)
    except FormatError as error:
        raise EksError(str(error)) from error
    return path
