"""`.slp`, the project file of SLEAP, through sleap-io.

Its objects are made here, one by one: reading a file of DeepLabCut, sleap-io sorts the keypoints.
Both tools put (0, 0) at the centre of the first pixel.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pose_io_dlc.atomic import atomic
from pose_io_dlc.bridges.grid import NOTE, Grid, Table, grid_of, lost, note_of
from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.symmetry import Pairs, propose_pairs
from pose_io_dlc.tables import VISIBLE, LabelTable


def import_sleap_io(path: Path) -> Any:
    """Import sleap-io, which is optional.

    Raises:
        FormatError: if it is not installed; says how.
    """
    try:
        import sleap_io
    except ImportError as error:
        message = f'{path}: .slp files need sleap-io; pip install "pose-io-dlc[convert]"'
        raise FormatError(message) from error
    return sleap_io


def write_slp(
    path: Path | str,
    table: Table,
    video: str = "",
    edges: Sequence[tuple[str, str]] = (),
    symmetric: Pairs | None = None,
) -> list[str]:
    """Write labels or predictions for SLEAP.

    Individuals become tracks, `single` too: its keypoints are missing in the others. Every frame of
    the table is in the file, also one without points.

    Args:
        path: the file.
        table: labels, or predictions.
        video: the video that predictions are of, by default named as the file. What is of images
            names them, those of a folder together.
        edges: pairs of keypoint names to draw as limbs.
        symmetric: (left, right) pairs of keypoint names; by default guessed.

    Returns:
        What could not be kept, one line each.

    Raises:
        FormatError: if it cannot be written, or sleap-io is not installed.
    """
    path = Path(path)
    sio = import_sleap_io(path)
    grid = grid_of(table)
    pairs = propose_pairs(grid.names) if symmetric is None else symmetric
    try:
        skeleton = sio.Skeleton(list(grid.names), edges=list(edges), symmetries=list(pairs))
    except ValueError as error:
        raise FormatError(f"{path}: skeleton: {error}") from error
    videos, places = places_of(sio, table, video or f"{path.stem}.mp4")
    tracks = [sio.Track(one) if one else None for one in grid.individuals]
    frames = [
        sio.LabeledFrame(video=place, frame_idx=number, instances=instances)
        for (place, number), instances in zip(
            places, instances_of(sio, table, grid, skeleton, tracks), strict=True
        )
    ]
    labels = sio.Labels(
        labeled_frames=frames,
        videos=videos,
        skeletons=[skeleton],
        tracks=[track for track in tracks if track],
        provenance={NOTE: str(note_of(table))},
    )
    with atomic(path) as temporary:
        sio.save_slp(labels, str(temporary), embed=False, verbose=False)
    return lost(table, "SLEAP", hidden=True)


def places_of(sio: Any, table: Table, video: str) -> tuple[list[Any], list[tuple[Any, int]]]:
    """Give the videos, and the video and number of each row; a folder of images is one video."""
    if table.frames is None:
        numbers = range(len(table)) if table.numbers is None else table.numbers.tolist()
        whole = sio.Video(filename=video, open_backend=False)
        return [whole], [(whole, number) for number in numbers]
    folders: dict[str, list[str]] = {}
    rows = []
    for frame in table.frames:
        images = folders.setdefault(str(PurePosixPath(frame).parent), [])
        rows.append((str(PurePosixPath(frame).parent), len(images)))
        images.append(frame)
    videos = {folder: video_of_images(sio, images) for folder, images in folders.items()}
    return [*videos.values()], [(videos[folder], number) for folder, number in rows]


def video_of_images(sio: Any, images: list[str]) -> Any:
    """Make a video of images, whether or not they are on this disk."""
    kept = {"type": "ImageVideo", "filename": images[0], "filenames": images}
    return sio.Video(filename=images, backend_metadata=kept, open_backend=False)


def instances_of(
    sio: Any, table: Table, grid: Grid, skeleton: Any, tracks: Sequence[Any]
) -> list[list[Any]]:
    """Make the instances of each row: one for each individual of whom anything is known."""
    points = grid.spread(np.asarray(table.keypoints, float))
    if isinstance(table, LabelTable):
        seen = grid.spread(table.visibility)
        known = np.isfinite(points).all(-1)
        rows = np.concatenate(
            [points, (known & (seen == VISIBLE))[..., None], known[..., None]], axis=-1
        )
        make = sio.Instance.from_numpy
    else:
        confidence = grid.spread(np.asarray(table.confidence, float))
        known = np.isfinite(points).all(-1) | np.isfinite(confidence)
        rows = np.concatenate([points, confidence[..., None]], axis=-1)
        make = predicted_by(sio)
    return [
        [
            make(rows[row, one], skeleton=skeleton, track=tracks[one])
            for one in np.flatnonzero(present).tolist()
        ]
        for row, present in enumerate(known.any(axis=-1))
    ]


def predicted_by(sio: Any) -> Any:
    """Give a function that makes one predicted instance; its score is the mean of its points'."""

    def make(row: np.ndarray, skeleton: Any, track: Any) -> Any:
        finite = row[np.isfinite(row[:, 2]), 2]
        score = float(finite.mean()) if len(finite) else 0.0
        return sio.PredictedInstance.from_numpy(row, skeleton=skeleton, track=track, score=score)

    return make


def load_slp(path: Path) -> Any:
    """Read a file of SLEAP as sleap-io gives it; videos are not opened.

    Raises:
        FormatError: if it cannot be read, or sleap-io is not installed.
    """
    sio = import_sleap_io(path)
    if not path.is_file():
        raise FormatError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    try:
        return sio.load_slp(str(path), open_videos=False)
    except Exception as error:  # whatever a damaged file does to sleap-io and h5py
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: is damaged or no file of SLEAP ({reason})") from error
