"""Videos by a network with context: every frame its row, as from windows cut one by one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from pose_core.heatmaps import soft_argmax
from pose_core.model.folder import TrainedModel
from pose_core.model.network import BackboneHead
from pose_core.plugins import Plugins
from pose_core.predict.videos import stream
from pose_core.skeleton import Skeleton
from pose_core.video.readers import choose
from pose_core.video.windows import reflected
from pose_core.video.writing import VideoWriter
from pose_tcn.head import build_context_head
from pose_tcn.options import ContextOptions

SIZE, FRAME = (64, 96), (80, 120)
SPACED = (-8, -4, -2, 0, 2, 4, 8)
WINDOWS = [{"offsets": offsets} for offsets in ((-2, -1, 0, 1, 2), SPACED)]


class Backbone(nn.Conv2d):
    """One convolution that counts the images it saw."""

    seen, multiple = 0, 32

    def __init__(self) -> None:
        super().__init__(3, 16, 32, stride=32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return super().forward(images)


def model_of(options: ContextOptions) -> TrainedModel:
    """Build a network whose points depend on every frame of the window."""
    torch.manual_seed(0)
    head = build_context_head(options, 16, 32, 3)
    for parameter in head.parameters():
        nn.init.normal_(parameter, std=0.1)  # larger ones make rounding visible in points
    network = BackboneHead(Backbone(), head).eval().requires_grad_(False)
    return TrainedModel(Path("none"), network, soft_argmax, Skeleton(("a", "b", "c")), SIZE, {})


def write(path: Path, frames: int) -> Path:
    rng = np.random.default_rng(frames)
    with VideoWriter(path, 30) as writer:
        for _ in range(frames):
            small = rng.integers(0, 255, (5, 8, 3), np.uint8)
            writer.write(small.repeat(16, 0).repeat(15, 1))
    return path


@pytest.mark.parametrize("given", WINDOWS)
@pytest.mark.parametrize("frames", [*range(1, 11), 23])
def test_every_frame_has_its_row_and_is_encoded_once(
    tmp_path: Path, given: dict, frames: int
) -> None:
    model = model_of(ContextOptions(**given))
    reader, _ = choose(Plugins().load(), "pyav")
    info = reader.probe(write(tmp_path / "video.mp4", frames))
    assert info.frames == frames
    (clip,) = reader.read(info.path, [range(frames)], SIZE, "cpu")
    images = torch.from_numpy(clip.images).permute(0, 3, 1, 2).float() / 255
    sizes = torch.tensor([FRAME], dtype=torch.float32)
    offsets = model.network.offsets
    expected = np.concatenate(
        [
            model.points(model.network(images[list(reflected(n, offsets, frames))][None]), sizes)
            for n in range(frames)
        ]
    )
    for batch in (1, 4, 32):
        model.network.backbone.seen = 0
        found = [points for _, points, _ in stream([model], info, reader, batch, [0])]
        np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-4)
        assert model.network.backbone.seen == frames
