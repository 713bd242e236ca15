"""Labeled frames and folders of images: what is predicted at once, and fits into memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pose_core.batches.beside import sequences
from pose_core.batches.images import IMAGE_SUFFIXES, read_image
from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.loader import plain_loader
from pose_core.errors import FormatError
from pose_core.model.folder import TrainedModel
from pose_core.model.memory import memory_explained
from pose_core.model.network import PoseNetwork
from pose_core.model.streaming import ContextStream
from pose_core.predict.progress import ADVICE, bar, default_batch_size
from pose_core.predict.tables import predictions_of
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.video.windows import consecutive


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
