"""`pose-eks calibrated`: several calibrated cameras, positions in space."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_eks.commands.arguments import (
    add_cameras,
    add_chunk,
    add_files,
    add_options,
    options_of,
)
from pose_eks.options import CalibratedOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

    from pose_eks.cameras.rig import Rig
    from pose_eks.commands.finishing import Work
    from pose_eks.files.cameras import Cameras

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
    add_chunk(mode)
    add_options(mode, CalibratedOptions)
    mode.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read, smooth, write, and say what was done."""
    options = options_of(given, CalibratedOptions)
    from pose_eks.cameras.calibration import read_calibration
    from pose_eks.commands.chunks import in_chunks
    from pose_eks.commands.finishing import Work, finish, views_table
    from pose_eks.commands.several import Several, found_cameras
    from pose_eks.models.calibrated import smooth_calibrated

    rig = read_calibration(given.calibration)
    files = found_cameras(given, rig.names)
    work = Work(NAME, given, options, files, unit="moves²/frame")
    if in_chunks(given, options, *(paths[0] for paths in files.values())):
        return run_long(work, files, rig)
    several = Several.read(files, given)
    several.say()
    ensembles = {name: view.ensemble for name, view in several.views.items()}
    found = smooth_calibrated(rig, ensembles, options, several.common_times(), several.labels)
    outputs = several.outputs(given, found.views)
    parts = [(slice(0, None), found.positions, upper(found.covariance))]
    positions = write_positions(given, several.labels, outputs[0].members.numbered, parts)
    table = views_table(work, several.labels, found.views)
    finish(work, outputs, given.output / "summary.json", more_of(given), table, [positions])
    return 0


def run_long(work: "Work", files: "Cameras", rig: "Rig") -> int:
    """Do the same with recordings that are in memory some frames at a time."""
    from pose_eks.commands.chunks import counter, room_beside
    from pose_eks.commands.finishing import finish
    from pose_eks.commands.long_several import LongSeveral
    from pose_eks.models.long_calibrated import smooth_long_calibrated

    given, options = work.given, work.options
    several = LongSeveral.open(work, files)
    times, labels = several.common_times(), several.labels
    with room_beside(given.output, several.members.values()) as folder:
        views, done = several.views(folder), counter("smooth", len(labels))
        found = smooth_long_calibrated(rig, views, folder, options, times, labels, done=done)
        outputs, table = several.outputs(found.views), several.table(found.fit)
        numbers = outputs[0].members.numbered
        positions = write_positions(given, labels, numbers, found.positions.chunks())
        finish(work, outputs, given.output / "summary.json", more_of(given), table, [positions])
    return 0


def more_of(given: argparse.Namespace) -> dict[str, str]:
    """Give what this mode's summary says besides."""
    return {"calibration": str(given.calibration)}


def upper(covariance: "np.ndarray") -> "np.ndarray":
    """Give (..., 6), the entries of (..., 3, 3) on and above the diagonal."""
    return covariance[..., [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]


def write_positions(
    given: argparse.Namespace,
    labels: "Sequence[str]",
    numbers: "np.ndarray",
    parts: "Iterable[tuple[slice, np.ndarray, np.ndarray]]",
) -> Path:
    """Write x, y and z of every keypoint, with variances and covariances; give the file.

    Args:
        given: the command line.
        labels: of the keypoints.
        numbers: of the frames.
        parts: frames, with positions (frames, keypoints, 3) and covariances (..., 6).

    Raises:
        EksError: if it cannot be written.
    """
    from pose_eks.errors import EksError
    from pose_io_dlc import FormatError, Table3D, write_points3d

    pairs = () if given.plain else ("xx", "xy", "xz", "yy", "yz", "zz")
    names = [f"{pair}_cov" for pair in pairs]
    path = given.output / f"positions3d.{'h5' if given.format == 'h5' else 'csv'}"
    tables = (
        Table3D(
            names=tuple(labels),
            points=points,
            numbers=numbers[part],
            scorer="eks_calibrated",
            extra={}
            if given.plain
            else dict(zip(names, covariances.T.swapaxes(1, 2), strict=True)),
        )
        for part, points, covariances in parts
    )
    try:
        write_points3d(path, tables, decimals=6)
    except FormatError as error:
        raise EksError(str(error)) from error
    return path
