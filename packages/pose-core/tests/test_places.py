"""Where points of clips lie: back in their frames, and in the places of their keypoints."""

import pytest
import torch

from pose_core.training.places import unmirrored


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 2), (3, 4, 5, 6)])
def test_keypoints_of_mirrored_images_change_places_and_no_others(shape: tuple[int, ...]) -> None:
    values = torch.arange(3.0 * 4).reshape(3, 4, *[1] * (len(shape) - 2)).expand(shape)
    swapped = torch.tensor([0, 2, 1, 3])
    found = unmirrored(values, torch.tensor([False, True, False]), swapped)
    torch.testing.assert_close(found[[0, 2]], values[[0, 2]])
    torch.testing.assert_close(found[1], values[1, swapped])
    none = torch.zeros(3, dtype=torch.bool)
    torch.testing.assert_close(unmirrored(values, none, swapped), values)


def test_a_device_is_asked_nothing_and_so_not_waited_for() -> None:
    """The device `meta` has no values to tell."""
    values, flipped, swapped = (
        torch.empty(shape, dtype=kind, device="meta")
        for shape, kind in (((3, 4, 2), torch.float), (3, torch.bool), (4, torch.long))
    )
    assert unmirrored(values, flipped, swapped).shape == values.shape
