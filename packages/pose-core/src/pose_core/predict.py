"""Network and video, images or labeled frames to predictions on disk."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pose_core.batches.beside import sequences
from pose_core.batches.images import read_image
from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.loader import plain_loader
from pose_core.errors import FormatError, VideoError
from pose_core.files import write_predictions, write_text
from pose_core.hookspecs import Clip, VideoInfo, VideoReader
from pose_core.model.folder import TrainedModel
from pose_core.model.memory import memory_explained
from pose_core.model.network import PoseNetwork
from pose_core.model.streaming import ContextStream
from pose_core.partial import Origin, PartialRows, record_of
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.run_folder import WEIGHTS
from pose_core.video.prefetch import prefetch
from pose_core.video.windows import consecutive

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
ADVICE = "set a smaller --batch-size"


@dataclass(frozen=True)
class VideoResult:
    """What became of one video.

    Attributes:
        path: the file of predictions.
        frames: rows in it.
        predicted: how many of them in this run; the others were there from one that was stopped.
        missing: frames that the video should have: not decoded, or lost with the end of the file.
        cut_off: how many of these were lost with the end, and so have no row.
        seconds: it took.
    """

    path: Path
    frames: int
    predicted: int
    missing: int
    cut_off: int
    seconds: float


def default_batch_size(device: torch.device) -> int:
    """Give a batch size that is fast on a device: on a CPU larger ones are slower."""
    return 4 if device.type == "cpu" else 32


def predict_video(
    model: TrainedModel,
    video: Path,
    output: Path,
    reader: VideoReader,
    plugins: Plugins,
    batch_size: int | None = None,
    progress: bool = True,
) -> VideoResult:
    """Predict every frame of a video, streaming, and write the table: one row per frame.

    Rows go to a folder `.<name>.partial` beside the output while it runs; a run that was killed
    goes on from there. What has all its frames becomes `output`. Of a damaged video, or one whose
    end is lost, what decodes becomes `<name>.incomplete<suffix>`; its other rows are NaN.

    Args:
        model: the trained network.
        video: file.
        output: file to write; its suffix says the format.
        reader: decodes the video.
        plugins: for the format.
        batch_size: frames per step; None chooses by device.
        progress: whether to show a bar.

    Raises:
        VideoError: if nothing decodes.
        PoseError: if memory or disk is full.
    """
    began = time.monotonic()
    batch_size = batch_size or default_batch_size(model.device)
    info = reader.probe(video)
    origin = Origin.of(video, model.folder / WEIGHTS, model.config)
    with PartialRows(output, len(model.skeleton), origin) as rows:
        before = rows.done
        with (
            memory_explained(batch_size, ADVICE),
            bar(info.frames, before, progress, video) as shown,
        ):
            for points, decoded in stream(model, info, reader, batch_size, before):
                rows.append(points, decoded)
                shown.update(len(points))
        path, missing = finish(rows, model, info, output, plugins, origin)
    seconds = time.monotonic() - began
    predicted = info.frames - before
    return VideoResult(path, info.frames, predicted, missing, info.cut_off, seconds)


def bar(total: int, initial: int, progress: bool, source: Path, unit: str = "frame") -> tqdm:
    """Make a progress bar: frames per second, and time left."""
    return tqdm(
        total=total, initial=initial, unit=unit, desc=source.name, disable=not progress,
        dynamic_ncols=True, mininterval=0.5,
    )  # fmt: skip


def stream(
    model: TrainedModel, info: VideoInfo, reader: VideoReader, batch_size: int, start: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield points (batch, keypoints, 3) and whether frames decoded (batch,), from `start` on.

    Points are NaN where a frame did not decode; a network with context sees it black.
    """
    if start >= info.frames:
        return
    context = ContextStream(model.network, info.frames, start)
    windows = consecutive(info.frames, batch_size, context.begin)
    clips = prefetch(reader.read(info.path, windows, model.size, model.device.type), depth=4)
    row, damaged = start, set[int]()
    with closing(clips), torch.inference_mode():
        for clip in clips:
            damaged |= set(clip.numbers[~clip.decoded].tolist())
            for points in decoded_points(model, context, clip, info.size):
                numbers = range(row, row + len(points))
                decoded = np.array([number not in damaged for number in numbers])
                points[~decoded] = np.nan
                damaged.difference_update(numbers)
                row = numbers.stop
                yield points, decoded


def decoded_points(
    model: TrainedModel, context: ContextStream, clip: Clip, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Run the network on a clip, and decode the frames whose context is complete."""
    images = torch.from_numpy(clip.images).to(model.device).permute(0, 3, 1, 2).float() / 255
    for heatmaps in context.add(images):
        sizes = torch.tensor(size, dtype=torch.float32, device=model.device)
        yield model.points(heatmaps, sizes.expand(len(heatmaps), 2)).cpu().numpy()


def finish(
    rows: PartialRows,
    model: TrainedModel,
    info: VideoInfo,
    output: Path,
    plugins: Plugins,
    origin: Origin,
) -> tuple[Path, int]:
    """Write the table of all rows under the name it deserves; count the frames it misses."""
    points, decoded = rows.read()
    if not decoded.any():
        rows.remove()
        raise VideoError(f"{info.path}: none of its frames can be decoded; copy it again")
    missing = int((~decoded).sum()) + info.cut_off
    path = incomplete(output) if missing else output
    record_of(path).unlink(missing_ok=True)  # until the new table is there it would be wrong
    write_predictions(path, predictions_of(model, points), plugins)
    write_text(record_of(path), json.dumps(asdict(origin)) + "\n")
    if not missing:  # of an earlier copy of the video
        incomplete(output).unlink(missing_ok=True)
        record_of(incomplete(output)).unlink(missing_ok=True)
    rows.remove()
    return path, missing


def incomplete(output: Path) -> Path:
    """Name the table of a video that is not whole."""
    return output.with_name(f"{output.stem}.incomplete{output.suffix}")


def predictions_of(
    model: TrainedModel, points: np.ndarray, frames: Sequence[str] | None = None
) -> Predictions:
    """Make predictions of points (frames, keypoints, 3), and of the images' names if any."""
    return Predictions(
        keypoints=points[..., :2],
        confidence=points[..., 2],
        skeleton=model.skeleton,
        frames=None if frames is None else tuple(frames),
        scorer=f"pose_{model.folder.resolve().name}",
    )


def predict_frames(
    model: TrainedModel,
    project: Project,
    rows: Sequence[int],
    batch_size: int | None = None,
    progress: bool = False,
) -> Predictions:
    """Predict labeled frames of a project, with their neighbours where the network wants them.

    Raises:
        FormatError: if an image cannot be read.
        PoseError: if memory is full.
    """
    batch_size = batch_size or default_batch_size(model.device)
    frames = LabeledFrames(project, rows, model.size, model.network.offsets)
    batches = plain_loader(frames, batch_size)
    parts = [np.zeros((0, len(model.skeleton), 3), np.float32)]
    with memory_explained(batch_size, ADVICE), bar(len(rows), 0, progress, project.root) as shown:
        for batch in batches:
            parts.append(points_of(model, batch.images, batch.sizes))
            shown.update(len(batch.images))
    names = [project.labels.frames[row] for row in rows]
    return predictions_of(model, np.concatenate(parts), names)


def points_of(model: TrainedModel, images: Tensor, sizes: Tensor) -> np.ndarray:
    """Predict images, uint8 (batch, offsets, 3, height, width), of frames of some sizes."""
    with torch.inference_mode():
        heatmaps = model.network(images.to(model.device).float() / 255)
        return model.points(heatmaps, sizes.to(model.device)).cpu().numpy()


def predict_images(
    model: TrainedModel,
    images: Sequence[Path],
    root: Path,
    batch_size: int | None = None,
    progress: bool = False,
) -> Predictions:
    """Predict image files; a network with context takes those of following numbers for a video.

    Raises:
        FormatError: if there are none, or one cannot be read.
        PoseError: if memory is full.
    """
    if not images:
        known = ", ".join(sorted(IMAGE_SUFFIXES))
        raise FormatError(f"{root}: no images in it; known kinds: {known}")
    batch_size = batch_size or default_batch_size(model.device)
    found: dict[Path, np.ndarray] = {}
    total = len(images)
    with memory_explained(batch_size, ADVICE), bar(total, 0, progress, root, "image") as shown:
        for sequence in sequences_for(model.network, images):
            for paths, points in stream_images(model, sequence, batch_size):
                found |= zip(paths, points, strict=True)
                shown.update(len(paths))
    names = [path.relative_to(root).as_posix() for path in images]
    return predictions_of(model, np.stack([found[path] for path in images]), names)


def sequences_for(network: PoseNetwork, images: Sequence[Path]) -> list[list[Path]]:
    """Part images into what a network sees as videos; one without context sees each alone."""
    return [list(images)] if network.offsets == (0,) else sequences(images)


def about_images(network: PoseNetwork, images: Sequence[Path]) -> list[str]:
    """Say what a network with context takes for a video."""
    if network.offsets == (0,):
        return []
    found = sequences_for(network, images)
    alone = sum(len(one) == 1 for one in found)
    return [
        f"context: {len(images)} images are {len(found) - alone} sequences by the numbers in their "
        f"names, and {alone} that stand alone and are their own context"
    ]


def stream_images(
    model: TrainedModel, sequence: Sequence[Path], batch_size: int
) -> Iterator[tuple[Sequence[Path], np.ndarray]]:
    """Yield paths of a sequence, in order, with their points (batch, keypoints, 3)."""
    context = ContextStream(model.network, len(sequence))
    sizes: dict[int, tuple[int, int]] = {}
    with torch.inference_mode():
        for window in consecutive(len(sequence), batch_size):
            stack, there = zip(*(read_image(sequence[i], model.size) for i in window), strict=True)
            sizes |= zip(window, there, strict=True)
            images = torch.from_numpy(np.stack(stack)).to(model.device).permute(0, 3, 1, 2)
            row = context.next
            for heatmaps in context.add(images.float() / 255):
                rows = range(row, row + len(heatmaps))
                own = torch.tensor([sizes.pop(i) for i in rows], dtype=torch.float32)
                points = model.points(heatmaps, own.to(model.device)).cpu().numpy()
                yield sequence[row : rows.stop], points
                row = rows.stop


def find_images(folder: Path) -> list[Path]:
    """List the images of a folder, by the numbers in their names; hidden ones are left out."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted((path for path in found if not path.name.startswith(".")), key=natural)


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that counts: img2 comes before img10."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
