"""Decoders as the hook hands them out."""

import subprocess
import sys

import pytest
import torch

from pose_core.errors import ConfigError
from pose_core.heatmaps import render_heatmaps, soft_argmax_full
from pose_core.model.decoder_options import ArgmaxOptions, SoftArgmaxFullOptions, SoftArgmaxOptions
from pose_core.model.decoders import build_argmax, build_soft_argmax, build_soft_argmax_full
from pose_core.options import fill

BUILT = {
    "soft_argmax": build_soft_argmax(SoftArgmaxOptions()),
    "soft_argmax_full": build_soft_argmax_full(SoftArgmaxFullOptions()),
    "argmax": build_argmax(ArgmaxOptions()),
}


@pytest.mark.parametrize("name", BUILT)
def test_every_decoder_finds_a_point_on_a_cell_centre(name: str) -> None:
    keypoints = torch.tensor([[[41.5, 33.5], [101.5, 61.5]]])
    maps = render_heatmaps(keypoints, (20, 30), 4)
    points, confidence = BUILT[name](maps, 4)
    torch.testing.assert_close(points, keypoints, atol=1e-3, rtol=0)
    assert ((confidence > 0.9) & (confidence <= 1)).all()


@pytest.mark.parametrize("name", BUILT)
def test_every_decoder_takes_empty_maps_and_leading_axes(name: str) -> None:
    points, confidence = BUILT[name](torch.zeros(2, 1, 3, 9, 7), 4)
    assert points.shape == (2, 1, 3, 2)
    assert torch.isfinite(points).all()
    assert ((confidence >= 0) & (confidence < 0.1)).all()


def test_argmax_says_the_share_of_the_mass_round_the_maximum() -> None:
    maps = torch.zeros(1, 2, 8, 9)
    maps[0, 0, 0, 0], maps[0, 0, 1, 2], maps[0, 0, 3, 0] = 0.5, 0.2, 0.3  # three rows down: outside
    maps[0, 1, 7, 8] = 0.25  # a map need not sum to 1
    points, confidence = BUILT["argmax"](maps, 2)
    torch.testing.assert_close(points, torch.tensor([[[0.5, 0.5], [16.5, 14.5]]]))
    torch.testing.assert_close(confidence, torch.tensor([[0.7, 1.0]]))


def test_argmax_is_sure_of_a_target_as_documented() -> None:
    maps = render_heatmaps(torch.tensor([[[41.5, 33.5]]]), (20, 30), 4)
    assert BUILT["argmax"](maps, 4)[1].item() == pytest.approx(0.9, abs=0.03)


def test_options_reach_the_function() -> None:
    maps = render_heatmaps(torch.tensor([[[41.0, 33.0]]]), (20, 30), 4, sigma=3.0)
    options = SoftArgmaxFullOptions(temperature=50.0, radius=7.0)
    expected = soft_argmax_full(maps, 4, 50.0, 7.0)
    torch.testing.assert_close(build_soft_argmax_full(options)(maps, 4), expected)
    windowed = build_soft_argmax(SoftArgmaxOptions(temperature=50.0, radius=7.0, window=9))
    torch.testing.assert_close(windowed(maps, 4), expected, atol=0.05, rtol=0)


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (SoftArgmaxOptions, {"temperature": 0}, "temperature is 0.0; give a number above 0"),
        (SoftArgmaxOptions, {"window": 2}, "window is 2; a peak needs at least 5 cells"),
        (SoftArgmaxFullOptions, {"radius": -1}, "radius is -1.0; give a number above 0"),
        (ArgmaxOptions, {"reach": -1}, "reach is -1; give 0 or more cells"),
        (ArgmaxOptions, {"reech": 1}, "unknown option 'reech'; did you mean 'reach'"),
    ],
)
def test_options_that_cannot_be_are_refused(options: type, given: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=f"decoder_options.*{message}"):
        fill(options, given, "decoder_options")


def test_the_options_can_be_listed_without_torch() -> None:
    code = "import sys, pose_core.model.decoder_options; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
