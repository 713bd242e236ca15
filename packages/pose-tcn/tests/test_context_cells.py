"""The cells of the context branch that are our own."""

import pytest
import torch
from torch import nn

from pose_tcn.fusion import Fusion
from pose_tcn.head import ContextHead, build_context_head
from pose_tcn.interpolation import Interpolation
from pose_tcn.options import ContextOptions

CELLS = ["fusion", "interpolation"]


def head(cell: str, **options: object) -> ContextHead:
    torch.manual_seed(0)
    built = build_context_head(ContextOptions(cell=cell, **options), 16, 32, 3)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.3)  # heads start so flat that nothing would differ
    return built


def features(frames: int = 5, batch: int = 2) -> torch.Tensor:
    return torch.rand(batch, frames, 16, 4, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("cell", CELLS)
def test_both_branches_see_the_frame_wanted_and_one_its_neighbours(cell: str) -> None:
    context = head(cell)
    x = features()
    changed = x.clone()
    changed[:, 0] += 1
    before, after = context(x), context(changed)
    torch.testing.assert_close(before[:, 0], after[:, 0])
    assert not torch.allclose(before[:, 1], after[:, 1])


@pytest.mark.parametrize("cell", CELLS)
def test_every_offset_has_weights_of_its_own(cell: str) -> None:
    context = head(cell, offsets=(-8, -2, 0, 2, 8))
    x = features()
    for other in (x[:, [1, 0, 2, 3, 4]], x[:, [4, 3, 2, 1, 0]]):
        assert not torch.allclose(context(x)[:, 1], context(other)[:, 1])


def test_interpolation_is_one_network_for_all_keypoints() -> None:
    torch.manual_seed(0)
    cell = Interpolation(5)
    logits = torch.randn(2, 5, 3, 16, 20, generator=torch.Generator().manual_seed(2))
    swapped = logits[:, :, [2, 0, 1]]
    torch.testing.assert_close(cell(swapped), cell(logits)[:, [2, 0, 1]])


def test_interpolation_can_learn_that_a_hidden_point_is_between_where_it_was_and_will_be() -> None:
    torch.manual_seed(0)
    cell, size = Interpolation(3), 24
    grid = torch.arange(size, dtype=torch.float32)

    def logits(points: torch.Tensor) -> torch.Tensor:
        away = (grid[None, :, None] - points[:, 1, None, None]) ** 2
        away = away + (grid[None, None, :] - points[:, 0, None, None]) ** 2
        return -away / 3

    optimizer = torch.optim.Adam(cell.parameters(), 1e-2)
    for step in range(150):
        generator = torch.Generator().manual_seed(step)
        middle = torch.rand(16, 2, generator=generator) * 12 + 6
        moved = torch.randn(16, 2, generator=generator)
        window = [logits(middle - moved), torch.zeros(16, size, size), logits(middle + moved)]
        found = cell(torch.stack(window, 1)[:, :, None])[:, 0]
        wanted = logits(middle).flatten(1).softmax(1)
        loss = -(wanted * found.flatten(1).log_softmax(1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mass = found.detach().flatten(1).softmax(1).view(16, size, size)
    points = torch.stack([(mass.sum(1) * grid).sum(1), (mass.sum(2) * grid).sum(1)], 1)
    assert float((points - middle).norm(dim=1).mean()) < 1.0  # a guess is 5 cells off


def test_what_a_shut_gate_lets_in_is_nothing() -> None:
    torch.manual_seed(0)
    cell, x = Fusion(16, 32, 3, (-1, 0, 1)), features(3)
    nn.init.zeros_(cell.gate.weight)
    nn.init.constant_(cell.gate.bias, -100.0)
    torch.testing.assert_close(cell(x), cell.head.logits(x[:, 1]))
