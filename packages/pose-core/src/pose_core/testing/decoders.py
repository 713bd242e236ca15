"""The contract of decoders: probability maps to points and confidence."""

from typing import TYPE_CHECKING, ClassVar

import pytest

from pose_core.testing import modules
from pose_core.testing.suite import OptionsConformance

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

SIZE = (24, 32)  # of the heatmaps, in cells
MARGIN = 4  # cells between a drawn point and the border, where every decoder may be less exact


class DecoderConformance(OptionsConformance):
    """Draws points as training targets are drawn, and asks for them back.

    Attributes:
        tolerance: how far off a decoded point may be, in cells; sqrt(0.5) for whole cells.
        strides: image pixels per cell to try.
    """

    kind = "decoder"
    tolerance: ClassVar[float] = 0.05
    strides: ClassVar[tuple[int, ...]] = (2, 4, 8)

    def decode(self, heatmaps: "Tensor", stride: int) -> "tuple[Tensor, Tensor]":
        """Run the decoder."""
        return self.build()(heatmaps, stride)

    def build(self) -> "Callable[[Tensor, int], tuple[Tensor, Tensor]]":
        """Build the decoder."""
        return self.component.build(self.filled)

    def drawn(self, stride: int) -> "tuple[Tensor, Tensor]":
        """Give points (2, 5, 2) in pixels, and their heatmaps."""
        from pose_core.heatmaps import render_heatmaps, to_pixels

        room = (SIZE[1] - 1 - 2 * MARGIN, SIZE[0] - 1 - 2 * MARGIN)
        cells = modules.noise(2, 5, 2) * modules.noise(1).new_tensor(room) + MARGIN
        points = to_pixels(cells, stride)
        return points, render_heatmaps(points, SIZE, stride)

    def odd_maps(self) -> "Tensor":
        """Give maps (4, 2, h, w): flat, noisy, all in one corner cell, two equal peaks."""
        import torch

        flat = torch.ones(2, *SIZE)
        noisy = modules.noise(2, *SIZE)
        corner, two = torch.zeros(2, *SIZE), torch.zeros(2, *SIZE)
        corner[:, 0, -1] = 1
        two[:, 5, 5] = two[:, -5, -5] = 1
        maps = torch.stack([flat, noisy, corner, two])
        return maps / maps.sum(dim=(-2, -1), keepdim=True)

    def test_a_drawn_point_comes_back(self) -> None:
        for stride in self.strides:
            points, maps = self.drawn(stride)
            found, _ = self.decode(maps, stride)
            distance = (found - points).norm(dim=-1) / stride
            assert float(distance.max()) <= self.tolerance, f"stride {stride}, in cells"

    def test_any_leading_axes_are_kept(self) -> None:
        _, maps = self.drawn(4)
        for given in (maps[0], maps, maps[None]):
            points, confidence = self.decode(given, 4)
            assert tuple(points.shape) == (*given.shape[:-2], 2)
            assert tuple(confidence.shape) == tuple(given.shape[:-2])

    def test_maps_are_decoded_independently(self) -> None:
        import torch

        maps = torch.cat([self.drawn(4)[1].flatten(0, 1), self.odd_maps().flatten(0, 1)])
        together = self.decode(maps, 4)
        alone = [self.decode(one[None], 4) for one in maps]
        for index, values in enumerate(together):
            expected = torch.cat([parts[index] for parts in alone])
            torch.testing.assert_close(values, expected, rtol=1e-4, atol=1e-3)

    def test_odd_maps_give_finite_points_inside_the_image(self) -> None:
        import torch

        points, _ = self.decode(self.odd_maps(), 4)
        assert bool(torch.isfinite(points).all())
        sides = torch.tensor((SIZE[1] * 4.0, SIZE[0] * 4.0))
        assert bool(((points > -4) & (points < sides + 3)).all()), "a point is off the image"

    def test_confidence_lies_between_0_and_1(self) -> None:
        for maps in (self.drawn(4)[1], self.odd_maps()):
            _, confidence = self.decode(maps, 4)
            assert float(confidence.min()) >= 0
            assert float(confidence.max()) <= 1

    def test_a_drawn_point_is_surer_than_a_flat_map(self) -> None:
        _, sure = self.decode(self.drawn(4)[1], 4)
        _, unsure = self.decode(self.odd_maps()[:1], 4)
        assert float(sure.min()) > float(unsure.max())

    def test_the_maps_are_not_altered(self) -> None:
        import torch

        given = self.drawn(4)[1]
        before = given.clone()
        self.decode(given, 4)
        assert torch.equal(given, before)

    def test_points_have_a_gradient_where_promised(self) -> None:
        import torch

        if not self.component.differentiable:
            pytest.skip("says that it is not differentiable")
        drawn = self.drawn(4)[1].requires_grad_()
        self.decode(drawn, 4)[0].sum().backward()
        assert drawn.grad is not None
        assert bool(drawn.grad.any()), "no gradient reaches the maps"
        odd = self.odd_maps().requires_grad_()
        self.decode(odd, 4)[0].sum().backward()
        assert odd.grad is not None
        for gradient in (drawn.grad, odd.grad):
            assert bool(torch.isfinite(gradient).all()), "a gradient is not finite"

    def test_a_gpu_gives_the_same(self) -> None:
        import torch

        modules.skip_without_gpu()
        _, maps = self.drawn(4)
        for expected, found in zip(self.decode(maps, 4), self.decode(maps.cuda(), 4), strict=True):
            torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-2)
