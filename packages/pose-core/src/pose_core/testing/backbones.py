"""The contract of backbones: images to features of the promised channels and stride."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from pose_core.errors import PoseError
from pose_core.testing import modules
from pose_core.testing.suite import OptionsConformance

if TYPE_CHECKING:
    from torch import Tensor, nn


def run(module: "nn.Module", images: "Tensor") -> "Tensor":
    """Compute the features."""
    return module(images)


class BackboneConformance(OptionsConformance):
    """Builds the backbone from random weights and looks at its features.

    Attributes:
        sizes: heights and widths to try, in pixels, multiples of the stride.
    """

    kind = "backbone"
    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((64, 96), (128, 64))

    def build(self) -> Any:
        """Build the backbone from random weights."""
        return self.component.build(self.filled, False)

    def test_features_have_the_promised_channels_and_stride(self) -> None:
        import torch

        module = self.build().eval()
        for height, width in self.sizes:
            with torch.no_grad():
                features = module(modules.noise(2, 3, height, width))
            expected = (2, module.channels, height // module.stride, width // module.stride)
            assert tuple(features.shape) == expected, f"images of {height} x {width}"
            assert features.dtype == torch.float32
            assert bool(torch.isfinite(features).all())

    def test_gradients_reach_every_parameter(self) -> None:
        images = modules.noise(2, 3, *self.sizes[0])
        modules.assert_gradients_reach_every_parameter(self.build(), run, images)

    def test_weights_survive_a_file(self) -> None:
        modules.assert_weights_survive_a_file(self.build, run, modules.noise(1, 3, *self.sizes[0]))

    def test_a_seed_settles_the_weights(self) -> None:
        modules.assert_a_seed_settles_the_weights(self.build)

    def test_each_image_is_treated_alone_in_evaluation(self) -> None:
        images = modules.noise(2, 3, *self.sizes[0])
        modules.assert_each_sample_is_treated_alone(self.build(), run, images)

    def test_the_images_are_not_altered(self) -> None:
        import torch

        images = modules.noise(1, 3, *self.sizes[0])
        self.build().eval()(images)
        assert torch.equal(images, modules.noise(1, 3, *self.sizes[0]))

    def test_a_missing_file_of_weights_is_refused_by_name(self, tmp_path: Path) -> None:
        missing = tmp_path / "not_there.safetensors"
        with pytest.raises(PoseError, match=r"not_there\.safetensors"):
            self.component.build(self.filled, missing)

    def test_a_file_that_holds_no_weights_is_refused_by_name(self, tmp_path: Path) -> None:
        text = tmp_path / "text.safetensors"
        text.write_text("these are no weights")
        with pytest.raises(PoseError, match=r"text\.safetensors"):
            self.component.build(self.filled, text)

    def test_a_family_lists_its_models_once_each(self) -> None:
        if self.component.models is None:
            pytest.skip("stands for itself, not for a family")
        names = list(self.component.models())
        assert names
        assert len(set(names)) == len(names)
        assert hasattr(self.filled, "model"), "options of a family have a field `model`"
        assert self.filled.model in names
