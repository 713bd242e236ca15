"""How branches become one prediction."""

import pytest
import torch

from pose_core.model.branches import merge_branches, weigh_branches

CONFIDENCE = torch.tensor([[[0.9, 0.2], [0.4, 0.3], [0.1, 0.8]]])  # one frame, 3 branches, 2 points
POINTS = torch.arange(12.0).reshape(1, 3, 2, 2)


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("last", [[8.0, 9.0], [10.0, 11.0]]),
        ("confident", [[0.0, 1.0], [10.0, 11.0]]),
        ("mean", [[4.0, 5.0], [6.0, 7.0]]),
    ],
)
def test_branches_merge_as_the_head_says(combine, expected):
    weights = weigh_branches(CONFIDENCE, combine)
    torch.testing.assert_close(merge_branches(POINTS, weights)[0], torch.tensor(expected))


def test_the_mean_of_probability_maps_is_one():
    maps = torch.rand(2, 3, 4, 5, 6).flatten(-2).softmax(-1).unflatten(-1, (5, 6))
    merged = merge_branches(maps, weigh_branches(torch.rand(2, 3, 4), "mean"))
    torch.testing.assert_close(merged.sum((-2, -1)), torch.ones(2, 4))


def test_only_the_branch_that_is_taken_learns():
    points = POINTS.clone().requires_grad_()
    merge_branches(points, weigh_branches(CONFIDENCE, "confident")).sum().backward()
    assert points.grad is not None
    taken = [[[1, 0], [0, 0], [0, 1]]]  # branch by keypoint
    torch.testing.assert_close(points.grad[..., 0], torch.tensor(taken, dtype=torch.float32))
