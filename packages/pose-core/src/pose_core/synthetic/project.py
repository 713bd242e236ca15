"""Synthetic recordings on disk: a folder as Lightning Pose users have it, and the truth beside it.

project/CollectedData.csv                 three header rows, then a row per labeled frame
project/labeled-data/<video>/img0012.png
project/videos/<video>.mp4                to train on, and unlabeled
held-out/<video>.mp4                      out of distribution, not part of the project
truth/<video>.npz                         keypoints and visibility of every frame of a video
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from pose_core.errors import ConfigError, FormatError
from pose_core.files import atomic, write_text
from pose_core.labels import VISIBLE, Labels
from pose_core.skeleton import Skeleton
from pose_core.synthetic.body import skeleton
from pose_core.synthetic.scene import Scene
from pose_core.synthetic.session import Session, draw_sessions

SCORER = "truth"
LABEL_NOISE = 0.3  # pixels by which a careful person misses


@dataclass(frozen=True)
class SyntheticProject:
    """Where `write_project` put things.

    Attributes:
        root: of the project to open and train on.
        videos: of the sessions that have labels.
        held_out: videos of the sessions that have none and look like none of the others.
        truth: the folder with the truth of every video.
        sessions: how they all look, those held out last.
    """

    root: Path
    videos: tuple[Path, ...]
    held_out: tuple[Path, ...]
    truth: Path
    sessions: tuple[Session, ...]

    @property
    def skeleton(self) -> Skeleton:
        """The keypoints, with edges, symmetric pairs and views, which the CSV cannot say."""
        return skeleton()


def write_project(
    folder: Path,
    *,
    sessions: int | Sequence[Session] = 4,
    frames_per_video: int = 300,
    labels_per_video: int = 12,
    size: tuple[int, int] = (256, 256),
    seed: int = 0,
    hold_out: int = 1,
    held_out_frames: int | None = None,
) -> SyntheticProject:
    """Draw recordings of several sessions, label a few frames of them, and keep the truth.

    Args:
        folder: what is written into; files of the same name are replaced.
        sessions: how many recordings, of different light, colour and size, those held out included;
            or how each of them looks, those held out last.
        frames_per_video: length of every recording.
        labels_per_video: of the sessions not held out; the frames are spread over the recording.
        size: height and width of most sessions' frames.
        seed: of everything random.
        hold_out: sessions that get no labels, are out of distribution and outside the project.
        held_out_frames: length of their recordings; None for that of the others.

    Raises:
        ConfigError: for counts that leave nothing to write.
    """
    if not 0 < labels_per_video <= frames_per_video:
        raise ConfigError(f"labels_per_video: {labels_per_video} of {frames_per_video} frames")
    drawn = draw_sessions(sessions, size, seed, hold_out) if isinstance(sessions, int) else sessions
    root, away, truth = folder / "project", folder / "held-out", folder / "truth"
    for place in (root / "videos", away, truth):
        place.mkdir(parents=True, exist_ok=True)
    labeled: list[tuple[str, np.ndarray]] = []
    videos: list[Path] = []
    held_out: list[Path] = []
    for number, session in enumerate(drawn):
        known = number < len(drawn) - hold_out
        frames = frames_per_video if known or held_out_frames is None else held_out_frames
        scene = Scene(session, frames)
        wanted = spread(labels_per_video if known else 0, frames_per_video, session.seed)
        video = (root / "videos" if known else away) / f"{session.name}.mp4"
        _record(scene, video, wanted, root / "labeled-data" / session.name)
        write_truth(truth / f"{session.name}.npz", scene)
        labeled += _label(scene, wanted)
        (videos if known else held_out).append(video)
    _write_labels(root / "CollectedData.csv", labeled, skeleton().names)
    return SyntheticProject(root, tuple(videos), tuple(held_out), truth, tuple(drawn))


def spread(count: int, frames: int, seed: int) -> list[int]:
    """Choose frames to label: one at random in each of `count` equal stretches."""
    edges = np.linspace(0, frames, count + 1).astype(int)
    rng = np.random.default_rng([seed, 4])
    return [int(rng.integers(a, b)) for a, b in pairwise(edges)]


def write_truth(path: Path, scene: Scene) -> None:
    """Write the keypoints and visibility of every frame of a recording as `.npz`."""
    names = np.array(scene.skeleton.names)
    with atomic(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, keypoints=scene.keypoints, visibility=scene.visibility, names=names
        )


def read_truth(path: Path) -> Labels:
    """Read what `write_truth` wrote: a label for every frame, hidden points too.

    Raises:
        FormatError: if it is not there or not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            keypoints, visibility, names = (
                file[key] for key in ("keypoints", "visibility", "names")
            )
    except (OSError, KeyError, ValueError) as error:
        raise FormatError(f"{path}: no truth of a synthetic video: {error}") from error
    if tuple(names.tolist()) != skeleton().names:
        raise FormatError(f"{path}: keypoints {names.tolist()} are not those of the scene")
    frames = tuple(f"{path.stem}/img{number:04d}.png" for number in range(len(keypoints)))
    return Labels(frames, keypoints, visibility, skeleton())


def _record(scene: Scene, video: Path, wanted: Sequence[int], folder: Path) -> None:
    """Write all frames as a video, and the wanted ones as pictures too."""
    from pose_core.video.writing import VideoWriter

    with VideoWriter(video, scene.session.fps) as writer:
        for number, image in enumerate(scene.images()):
            writer.write(image)
            if number in wanted:
                folder.mkdir(parents=True, exist_ok=True)
                with atomic(folder / f"img{number:04d}.png") as temporary:
                    Image.fromarray(image).save(temporary, "PNG")


def _label(scene: Scene, wanted: Sequence[int]) -> list[tuple[str, np.ndarray]]:
    """Label frames as a person would: hidden points left out, the others almost right."""
    rng = np.random.default_rng([scene.session.seed, 5])
    missed = rng.normal(0, LABEL_NOISE, scene.keypoints.shape)[wanted]
    seen = (scene.visibility[wanted] == VISIBLE)[..., None]
    points = np.where(seen, scene.keypoints[wanted] + missed, np.nan)
    names = [f"labeled-data/{scene.session.name}/img{number:04d}.png" for number in wanted]
    return list(zip(names, points, strict=True))


def _write_labels(
    path: Path, labeled: Sequence[tuple[str, np.ndarray]], names: Sequence[str]
) -> None:
    """Write a CollectedData.csv with three header rows; missing points are empty cells."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["scorer", *[SCORER] * 2 * len(names)])
    table.writerow(["bodyparts", *(name for name in names for _ in "xy")])
    table.writerow(["coords", *["x", "y"] * len(names)])
    for frame, points in labeled:
        table.writerow([frame, *("" if np.isnan(v) else f"{v:.3f}" for v in points.ravel())])
    write_text(path, text.getvalue())
