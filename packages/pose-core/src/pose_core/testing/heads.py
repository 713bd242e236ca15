"""The contract of heads: features of a frame and its neighbours to probability maps."""

from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pose_core.hookspecs import Combine
from pose_core.testing import modules
from pose_core.testing.suite import OptionsConformance

if TYPE_CHECKING:
    from torch import Tensor, nn

KEYPOINTS = 3


def run(module: "nn.Module", features: "Tensor") -> "Tensor":
    """Compute the heatmaps."""
    return module(features)


class HeadConformance(OptionsConformance):
    """Builds the head on features of several channels and strides.

    Attributes:
        backbones: (channels, stride) of the features to try.
        sizes: heights and widths of the features, in cells.
    """

    kind = "head"
    backbones: ClassVar[tuple[tuple[int, int], ...]] = ((64, 32), (32, 16))
    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((2, 3), (4, 2))

    def build(self) -> Any:
        """Build the head on the first of `backbones`."""
        channels, stride = self.backbones[0]
        return self.component.build(self.filled, channels, stride, KEYPOINTS)

    def features(self, module: Any, batch: int = 2) -> "Tensor":
        """Draw features for the head that `build` gives."""
        return modules.noise(batch, len(module.offsets), self.backbones[0][0], *self.sizes[0])

    def test_heatmaps_are_probability_maps_of_the_promised_stride(self) -> None:
        import torch

        for channels, stride in self.backbones:
            module = self.component.build(self.filled, channels, stride, KEYPOINTS).eval()
            for height, width in self.sizes:
                with torch.no_grad():
                    maps = module(modules.noise(2, len(module.offsets), channels, height, width))
                cells = (height * stride // module.stride, width * stride // module.stride)
                assert maps.ndim == 5, "heatmaps are (batch, branches, keypoints, height, width)"
                assert (maps.shape[0], *maps.shape[2:]) == (2, KEYPOINTS, *cells)
                modules.assert_probability_maps(maps)

    def test_the_frame_wanted_is_among_the_offsets(self) -> None:
        offsets = self.build().offsets
        assert isinstance(offsets, tuple)
        assert 0 in offsets
        assert list(offsets) == sorted(set(offsets)), f"{offsets}: in order, each once"

    def test_branches_become_one_prediction_in_a_known_way(self) -> None:
        assert self.build().combine in get_args(Combine)

    def test_gradients_reach_every_parameter(self) -> None:
        module = self.build()
        modules.assert_gradients_reach_every_parameter(module, run, self.features(module))

    def test_every_branch_sends_a_gradient_to_the_frame_wanted(self) -> None:
        module = self.build()
        features = self.features(module, batch=1).requires_grad_()
        for branch in module(features).unbind(1):
            (branch * modules.noise(*branch.shape, seed=7)).sum().backward(retain_graph=True)
            assert features.grad is not None
            assert bool(features.grad[:, module.offsets.index(0)].any()), "a branch sees no frame"
            features.grad = None

    def test_what_is_encoded_frame_by_frame_gives_the_same_heatmaps(self) -> None:
        import torch

        module = self.build().eval()
        if not hasattr(module, "encode"):
            return  # it promises nothing
        features = self.features(module)
        with torch.no_grad():
            encoded = torch.stack([module.encode(frame) for frame in features.unbind(1)], dim=1)
            maps = module.heatmaps(encoded)
            torch.testing.assert_close(maps, module(features), rtol=1e-3, atol=1e-5)

    def test_weights_survive_a_file(self) -> None:
        modules.assert_weights_survive_a_file(self.build, run, self.features(self.build(), batch=1))

    def test_a_seed_settles_the_weights(self) -> None:
        modules.assert_a_seed_settles_the_weights(self.build)

    def test_each_frame_is_treated_alone_in_evaluation(self) -> None:
        module = self.build()
        modules.assert_each_sample_is_treated_alone(module, run, self.features(module))

    def test_one_keypoint_is_enough(self) -> None:
        channels, stride = self.backbones[0]
        module = self.component.build(self.filled, channels, stride, 1).eval()
        assert module(self.features(module)).shape[2] == 1

    def test_a_gpu_gives_the_same(self) -> None:
        import torch

        modules.skip_without_gpu()
        module = self.build().eval()
        features = self.features(module)
        with torch.no_grad():
            expected = module(features)
            found = module.cuda()(features.cuda()).cpu()
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-4)
