"""Streaming heatmaps of a video, against windows cut one by one."""

import pytest
import torch
from torch import Tensor, nn

from pose_core.model.network import PoseNetwork
from pose_core.model.streaming import ContextStream, heatmaps_of_clip
from pose_core.video.windows import reflected

OFFSETS = [(0,), (-1, 0, 1), (-2, -1, 0, 1, 2), (-8, -4, -2, 0, 2, 4, 8), (-3, 0), (0, 5), (0, 1)]


class Counting(PoseNetwork):
    """A network whose answer depends on every frame of the window, in order; counts images."""

    stride = 8

    def __init__(self, offsets: tuple[int, ...]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.offsets = offsets
        self.backbone = nn.Conv2d(3, 4, 8, stride=8)
        self.head = nn.Conv2d(4 * len(offsets), 2, 1)
        self.encoded = 0
        self.largest = 0

    def encode(self, images: Tensor) -> Tensor:
        self.encoded += len(images)
        return self.backbone(images)

    def heatmaps(self, features: Tensor) -> Tensor:
        self.largest = max(self.largest, len(features))
        return self.head(features.flatten(1, 2)).flatten(2).softmax(-1).view(-1, 1, 2, 2, 3)


def video(frames: int) -> Tensor:
    return torch.rand(frames, 3, 16, 24, generator=torch.Generator().manual_seed(1))


def one_by_one(network: PoseNetwork, images: Tensor) -> Tensor:
    windows = [reflected(frame, network.offsets, len(images)) for frame in range(len(images))]
    return torch.cat([network(images[list(window)][None]) for window in windows])


def streamed(network: PoseNetwork, images: Tensor, batch: int, start: int = 0) -> Tensor:
    stream = ContextStream(network, len(images), start)
    parts = images[stream.begin :].split(batch)
    return torch.cat([heatmaps for part in parts for heatmaps in stream.add(part)])


@pytest.mark.parametrize("offsets", OFFSETS)
@pytest.mark.parametrize("frames", [*range(1, 11), 23])
@torch.no_grad()
def test_streaming_equals_windows_cut_one_by_one(offsets, frames):
    network = Counting(offsets)
    expected = one_by_one(network, video(frames))
    for batch in (1, 2, 3, 7, 32):
        network.encoded = network.largest = 0
        torch.testing.assert_close(streamed(network, video(frames), batch), expected)
        assert network.encoded == frames
        assert network.largest <= batch


@pytest.mark.parametrize("offsets", OFFSETS)
@torch.no_grad()
def test_a_clip_equals_windows_cut_one_by_one(offsets):
    for frames in (1, 2, 5, 12):
        network = Counting(offsets)
        expected = one_by_one(network, video(frames))
        network.encoded = 0
        torch.testing.assert_close(heatmaps_of_clip(network, video(frames)), expected)
        assert network.encoded == frames


@pytest.mark.parametrize("offsets", OFFSETS)
@torch.no_grad()
def test_a_stream_that_goes_on_later_gives_the_same_rows(offsets):
    network = Counting(offsets)
    expected = one_by_one(network, video(23))
    for start in range(23):
        found = streamed(network, video(23), 4, start)
        torch.testing.assert_close(found, expected[start:])


def test_a_clip_sends_gradients_to_every_frame():
    images = video(5).requires_grad_()
    weights = torch.rand(5, 1, 2, 2, 3)
    (heatmaps_of_clip(Counting((-1, 0, 1)), images) * weights).sum().backward()
    assert images.grad.flatten(1).abs().sum(1).all()


@torch.no_grad()
def test_the_buffer_does_not_grow_with_the_video():
    network = Counting((-2, -1, 0, 1, 2))
    stream = ContextStream(network, 400)
    sizes = []
    for part in video(400).split(8):
        list(stream.add(part))
        sizes.append(stream._features.untyped_storage().nbytes() / (4 * 2 * 3 * 4))
    assert max(sizes) <= 4
    assert stream.next == 400


@torch.no_grad()
def test_frames_come_as_early_as_their_neighbours_allow():
    stream = ContextStream(Counting((-2, -1, 0, 1, 2)), 10)
    counts = [sum(map(len, stream.add(part))) for part in video(10).split(3)]
    assert counts == [1, 3, 3, 3]


def test_no_frames_give_no_heatmaps():
    assert not list(ContextStream(Counting((0,)), 4).add(torch.zeros(0, 3, 16, 24)))
