"""Network and video, images or labeled frames to predictions on disk."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from pose_core.batches.labeled import LabeledFrames, read_image
from pose_core.batches.loader import plain_loader
from pose_core.errors import FormatError, PoseError, VideoError
from pose_core.files import write_predictions, write_text
from pose_core.hookspecs import Clip, VideoReader
from pose_core.model.folder import TrainedModel
from pose_core.model.memory import memory_explained
from pose_core.model.streaming import ContextStream
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project
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
        missing: frames that did not decode.
        seconds: it took.
    """

    path: Path
    frames: int
    missing: int
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
    """Predict every frame of a video, streaming, and write the table.

    Rows go to a folder `.<name>.partial` beside the output while it runs; a run that was killed
    goes on from there. What has all its frames becomes `output`; a damaged video's part is kept as
    `<name>.incomplete<suffix>`.

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
    rows = PartialRows(output, model, video, info.frames)
    with closing(rows), memory_explained(batch_size, ADVICE):
        bar = tqdm(
            total=info.frames, initial=rows.done, unit="frame", desc=video.name,
            disable=not progress, dynamic_ncols=True, mininterval=0.5,
        )  # fmt: skip
        with bar:
            for points in stream(model, video, info.frames, info.size, reader, batch_size, rows.done):
                rows.append(points)
                bar.update(len(points))
    return finish(rows, model, video, output, plugins, began)


def stream(
    model: TrainedModel,
    video: Path,
    frames: int,
    size: tuple[int, int],
    reader: VideoReader,
    batch_size: int,
    start: int,
) -> Iterator[np.ndarray]:
    """Yield (batch, keypoints, 3) from frame `start` on; NaN where a frame did not decode."""
    if start >= frames:
        return
    context = ContextStream(model.network, frames, start)
    windows = consecutive(frames, batch_size, context.begin)
    clips = prefetch(reader.read(video, windows, model.size, model.device.type), depth=4)
    row, damaged = start, set[int]()
    with closing(clips), torch.inference_mode():
        for clip in clips:
            damaged |= set(clip.numbers[~clip.decoded].tolist())
            for points in decoded_points(model, context, clip, size):
                numbers = np.arange(row, row + len(points))
                points[np.isin(numbers, list(damaged))] = np.nan
                row += len(points)
                yield points


def decoded_points(
    model: TrainedModel, context: ContextStream, clip: Clip, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Run the network on a clip, and decode the frames whose context is complete."""
    images = torch.from_numpy(clip.images).to(model.device).permute(0, 3, 1, 2).float() / 255
    for heatmaps in context.add(images):
        sizes = torch.tensor(size, dtype=torch.float32, device=model.device).expand(len(heatmaps), 2)
        yield model.points(heatmaps, sizes).cpu().numpy()


class PartialRows:
    """The rows predicted so far, on disk, so that memory stays constant and a killed run goes on."""

    def __init__(self, output: Path, model: TrainedModel, video: Path, frames: int) -> None:
        self.folder = output.with_name(f".{output.name}.partial")
        self.keypoints = len(model.skeleton)
        self._row = 3 * self.keypoints * 4
        stat, weights = video.stat(), (model.folder / "model.safetensors").stat()
        state = {
            "video": [str(video.resolve()), stat.st_size, stat.st_mtime_ns, frames],
            "model": [str(model.folder.resolve()), weights.st_size, weights.st_mtime_ns],
        }
        try:
            self._open(json.dumps(state))
        except OSError as error:
            raise PoseError(f"{output.parent}: cannot be written ({error.strerror}); choose another --output") from None

    def _open(self, state: str) -> None:
        marker = self.folder / "state.json"
        if self.folder.exists() and not (marker.exists() and marker.read_text() == state):
            shutil.rmtree(self.folder)  # rows of another model, or of another video
        self.folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            write_text(marker, state)
        self.path = self.folder / "rows.f32"
        self.path.touch()
        self.done = self.path.stat().st_size // self._row
        os.truncate(self.path, self.done * self._row)  # a row cut short by the kill
        self._file = self.path.open("ab")

    def append(self, points: np.ndarray) -> None:
        """Add rows (frames, keypoints, 3)."""
        try:
            self._file.write(np.ascontiguousarray(points, dtype=np.float32).tobytes())
            self._file.flush()
        except OSError as error:
            raise PoseError(f"{self.folder}: cannot be written ({error.strerror}); free space and run again") from None
        self.done += len(points)

    def read(self) -> np.ndarray:
        """Give all rows (frames, keypoints, 3), mapped from disk."""
        if self.done == 0:
            return np.zeros((0, self.keypoints, 3), np.float32)
        return np.memmap(self.path, np.float32, "r").reshape(-1, self.keypoints, 3)

    def close(self) -> None:
        """Close the file; rows stay."""
        self._file.close()

    def remove(self) -> None:
        """Forget the rows, once the table is written."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def finish(
    rows: PartialRows, model: TrainedModel, video: Path, output: Path, plugins: Plugins, began: float
) -> VideoResult:
    """Write the table of all rows, under the name they deserve."""
    points = rows.read()
    bad = np.isnan(points[:, :, 0]).all(axis=1)
    if bad.all():
        rows.remove()
        raise VideoError(f"{video}: none of its frames can be decoded; check the file")
    missing = int(bad.sum())
    if missing:
        points = points[: len(points) - int(np.argmin(bad[::-1]))]  # rows after the last good frame
        output = output.with_name(f"{output.stem}.incomplete{output.suffix}")
    predictions = Predictions(
        points[..., :2], points[..., 2], model.skeleton, scorer=f"pose_{model.folder.resolve().name}"
    )
    write_predictions(output, predictions, plugins)
    rows.remove()
    return VideoResult(output, len(points), missing, time.monotonic() - began)


def predict_frames(
    model: TrainedModel, project: Project, rows: Sequence[int], batch_size: int | None = None
) -> Predictions:
    """Predict labeled frames of a project, with their neighbours where the network wants them."""
    batch_size = batch_size or default_batch_size(model.device)
    frames = LabeledFrames(project, rows, model.size, model.network.offsets)
    points = np.zeros((0, len(model.skeleton), 3), np.float32)
    with torch.inference_mode(), memory_explained(batch_size, ADVICE):
        parts = []
        for batch in plain_loader(frames, batch_size):
            heatmaps = model.network(batch.images.to(model.device).float() / 255)
            parts.append(model.points(heatmaps, batch.sizes.to(model.device)).cpu().numpy())
        points = np.concatenate([points, *parts])
    return Predictions(
        points[..., :2], points[..., 2], model.skeleton,
        frames=tuple(project.labels.frames[row] for row in rows), scorer=f"pose_{model.folder.resolve().name}",
    )  # fmt: skip


def predict_images(model: TrainedModel, images: Sequence[Path], root: Path) -> Predictions:
    """Predict image files, each alone: a network with context sees the same image all over.

    Raises:
        FormatError: if there are none, or one cannot be read.
    """
    if not images:
        raise FormatError(f"{root}: no images in it; known kinds: {', '.join(sorted(IMAGE_SUFFIXES))}")
    points = []
    with torch.inference_mode():
        for path in tqdm(images, unit="image", desc=root.name, dynamic_ncols=True, mininterval=0.5):
            image, size = read_image(path, model.size)
            tensor = torch.from_numpy(image).to(model.device).permute(2, 0, 1).float() / 255
            seen = tensor.expand(1, len(model.network.offsets), *tensor.shape)
            sizes = torch.tensor([size], dtype=torch.float32, device=model.device)
            points.append(model.points(model.network(seen), sizes).cpu().numpy())
    joined = np.concatenate(points)
    return Predictions(
        joined[..., :2], joined[..., 2], model.skeleton,
        frames=tuple(path.relative_to(root).as_posix() for path in images),
        scorer=f"pose_{model.folder.resolve().name}",
    )  # fmt: skip


def find_images(folder: Path) -> list[Path]:
    """List the images of a folder, by the numbers in their names."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(found, key=natural)


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Sort key that counts: img2 comes before img10."""


    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


