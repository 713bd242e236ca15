"""Videos to tables, streaming: decoded once, seen by one network or by several, resumable."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pose_core.errors import VideoError
from pose_core.hookspecs import Clip, VideoInfo, VideoReader
from pose_core.model.folder import TrainedModel
from pose_core.model.memory import memory_explained
from pose_core.model.streaming import ContextStream
from pose_core.partial import Origin, PartialRows
from pose_core.plugins import Plugins
from pose_core.predict.progress import ADVICE, bar, default_batch_size
from pose_core.predict.tables import predictions_of, write_table
from pose_core.run_folder import WEIGHTS
from pose_core.video.prefetch import prefetch
from pose_core.video.sizes import read_in_sizes
from pose_core.video.windows import consecutive


@dataclass(frozen=True)
class VideoResult:
    """What became of one video.

    Attributes:
        path: the file of predictions.
        frames: rows in it.
        predicted: how many of them in this run; the others were there from one that was stopped.
        missing: frames that the video should have: not decoded, or lost with the end of the file.
        cut_off: how many of these were lost with the end, and so have no row.
        seconds: it took, with all networks that saw the video together.
    """

    path: Path
    frames: int
    predicted: int
    missing: int
    cut_off: int
    seconds: float


def predict_video(
    model: TrainedModel,
    video: Path,
    output: Path,
    reader: VideoReader,
    plugins: Plugins,
    batch_size: int | None = None,
    progress: bool = True,
) -> VideoResult:
    """Predict every frame of a video by one network, as `predict_together` does by several.

    Raises:
        VideoError: if nothing decodes.
        PoseError: if memory or disk is full.
    """
    (done,) = predict_together({output: model}, video, reader, plugins, batch_size, progress)
    return done


def predict_together(
    models: Mapping[Path, TrainedModel],
    video: Path,
    reader: VideoReader,
    plugins: Plugins,
    batch_size: int | None = None,
    progress: bool = True,
) -> list[VideoResult]:
    """Predict every frame of a video, decoded once, and write a table per network: a row per frame.

    Rows go to a folder `.<name>.partial` beside each table while it runs; a run that was killed
    goes on from there. What has all its frames becomes the table. Of a damaged video, or one whose
    end is lost, what decodes becomes `<name>.incomplete<suffix>`; its other rows are NaN.

    Args:
        models: the trained networks, on one device, by the files to write; their suffixes say the
            format.
        video: file.
        reader: decodes the video.
        plugins: for the format.
        batch_size: frames per step; None chooses by device.
        progress: whether to show a bar.

    Returns:
        What became of the video, per network.

    Raises:
        VideoError: if nothing decodes.
        PoseError: if memory or disk is full.
    """
    began = time.monotonic()
    info = reader.probe(video)
    seeing = list(models.values())
    origins = [Origin.of(video, model.folder / WEIGHTS, model.config) for model in seeing]
    with ExitStack() as opened:
        rows = [
            opened.enter_context(PartialRows(output, len(model.skeleton), origin))
            for (output, model), origin in zip(models.items(), origins, strict=True)
        ]
        before = [one.done for one in rows]
        predict_rows(seeing, rows, info, reader, batch_size, progress)
        refuse_undecoded(rows, video)
        written = [
            finish(one, model, output, info, origin, plugins)
            for one, (output, model), origin in zip(rows, models.items(), origins, strict=True)
        ]
    seconds = time.monotonic() - began
    return [
        VideoResult(path, info.frames, info.frames - done, missing, info.cut_off, seconds)
        for (path, missing), done in zip(written, before, strict=True)
    ]


def predict_rows(
    models: Sequence[TrainedModel],
    rows: Sequence[PartialRows],
    info: VideoInfo,
    reader: VideoReader,
    batch_size: int | None,
    progress: bool,
) -> None:
    """Predict the rows that are not there yet.

    Raises:
        PoseError: if memory or disk is full.
    """
    batch_size = batch_size or default_batch_size(models[0].device)
    done = [one.done for one in rows]
    with (
        memory_explained(batch_size, ADVICE),
        bar(info.frames, min(done), progress, info.path) as shown,
    ):
        for number, points, decoded in stream(models, info, reader, batch_size, done):
            rows[number].append(points, decoded)
            shown.update(min(one.done for one in rows) - shown.n)


def stream(
    models: Sequence[TrainedModel],
    info: VideoInfo,
    reader: VideoReader,
    batch_size: int,
    starts: Sequence[int],
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Predict the frames of a video by each network, from its own start on, in their order.

    Each frame is decoded once, and resized once for all networks that see it in one size.

    Yields:
        The number of a network; points (batch, keypoints, 3) and whether frames decoded (batch,).
        Points are NaN where a frame did not decode; a network with context sees it black.
    """
    members = [Member(model, info, start) for model, start in zip(models, starts, strict=True)]
    device = models[0].device
    windows = consecutive(info.frames, batch_size, min(one.begin for one in members))
    sizes = list(dict.fromkeys(model.size for model in models))
    read = prefetch(read_in_sizes(reader, info.path, windows, sizes, device.type), depth=4)
    with closing(read), torch.inference_mode():
        for clips in read:
            seen = {size: on_device(clip, device) for size, clip in zip(sizes, clips, strict=True)}
            for number, member in enumerate(members):
                for points, decoded in member.see(clips[0], seen[member.model.size]):
                    yield number, points, decoded


def on_device(clip: Clip, device: torch.device) -> Tensor:
    """Give the images of a clip as a network wants them, (frames, 3, height, width), 0 to 1."""
    return torch.from_numpy(clip.images).to(device).permute(0, 3, 1, 2).float() / 255


class Member:
    """A network at work on a video that comes in clips.

    Attributes:
        model: the network.
        begin: number of the first frame that it must see; the number of frames if it is done.
    """

    def __init__(self, model: TrainedModel, info: VideoInfo, start: int) -> None:
        """Prepare for a video.

        Args:
            model: the network.
            info: of the video.
            start: first frame wanted.
        """
        self.model = model
        self._context = ContextStream(model.network, info.frames, start)
        self.begin = self._context.begin if start < info.frames else info.frames
        self._row = start
        self._size = info.size
        self._damaged = set[int]()

    def see(self, clip: Clip, images: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Take the frames that follow; yield points of those whose context is now complete.

        Args:
            clip: following the one before; frames before `begin` are passed over.
            images: of the clip, as this network wants them.
        """
        passed = int((clip.numbers < self.begin).sum())
        self._damaged |= set(clip.numbers[passed:][~clip.decoded[passed:]].tolist())
        for points in decoded_points(self.model, self._context, images[passed:], self._size):
            numbers = range(self._row, self._row + len(points))
            decoded = np.array([number not in self._damaged for number in numbers])
            points[~decoded] = np.nan
            self._damaged.difference_update(numbers)
            self._row = numbers.stop
            yield points, decoded


def decoded_points(
    model: TrainedModel, context: ContextStream, images: Tensor, size: tuple[int, int]
) -> Iterator[np.ndarray]:
    """Run a network on images, and decode the frames whose context is complete."""
    sizes = torch.tensor(size, dtype=torch.float32, device=model.device)
    for heatmaps in context.add(images):
        yield model.points(heatmaps, sizes.expand(len(heatmaps), 2)).cpu().numpy()


def refuse_undecoded(rows: Sequence[PartialRows], video: Path) -> None:
    """Forget the rows of a video of which nothing decodes.

    Raises:
        VideoError: if it is one.
    """
    if any(one.read()[1].any() for one in rows):
        return
    for one in rows:
        one.remove()
    raise VideoError(f"{video}: none of its frames can be decoded; copy it again")


def finish(
    rows: PartialRows,
    model: TrainedModel,
    output: Path,
    info: VideoInfo,
    origin: Origin,
    plugins: Plugins,
) -> tuple[Path, int]:
    """Write the table of all rows under the name it deserves; count the frames it misses."""
    points, decoded = rows.read()
    missing = int((~decoded).sum()) + info.cut_off
    found = predictions_of(model, points)
    path = write_table(output, found, origin, not missing, plugins)
    rows.remove()
    return path, missing
