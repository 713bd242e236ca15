"""The contract of whole networks: images to heatmap branches, and a decoder that exists."""

from typing import TYPE_CHECKING, ClassVar, get_args

from pose_core.hookspecs import Combine
from pose_core.testing import modules
from pose_core.testing.suite import OptionsConformance

if TYPE_CHECKING:
    from torch import Tensor, nn

    from pose_core.model.network import PoseNetwork

KEYPOINTS = 3
SMALLEST = 64  # pixels; networks of a smaller `multiple` see images of at least this


def run(module: "nn.Module", images: "Tensor") -> "Tensor":
    """Compute the heatmaps."""
    return module(images)


class NetworkConformance(OptionsConformance):
    """Builds the network from random weights and looks at its heatmaps.

    Attributes:
        shapes: heights and widths to try, in units of the network's `multiple`, or of the first
            multiple of it from 64 pixels on. A network of a fixed size sees that one.
    """

    kind = "network"
    shapes: ClassVar[tuple[tuple[int, int], ...]] = ((1, 2), (2, 1))

    def build(self) -> "PoseNetwork":
        """Build the network from random weights."""
        return self.component.build(self.filled, KEYPOINTS, False, self.plugins)

    def images(self, network: "PoseNetwork", shape: tuple[int, int] = (1, 1)) -> "Tensor":
        """Draw a batch of two samples, each with the frames the network wants."""
        unit = network.multiple * -(-SMALLEST // network.multiple)
        height, width = network.fixed_size or (side * unit for side in shape)
        return modules.noise(2, len(network.offsets), 3, height, width)

    def test_it_is_a_pose_network(self) -> None:
        from pose_core.model.network import PoseNetwork

        network = self.build()
        assert isinstance(network, PoseNetwork)
        assert network.combine in get_args(Combine)
        assert 0 in network.offsets
        assert network.multiple >= 1

    def test_heatmaps_are_probability_maps_of_the_promised_stride(self) -> None:
        import torch

        network = self.build().eval()
        for shape in self.shapes[:1] if network.fixed_size else self.shapes:
            images = self.images(network, shape)
            with torch.no_grad():
                maps = network(images)
            cells = tuple(side // network.stride for side in images.shape[-2:])
            assert maps.ndim == 5, "heatmaps are (batch, branches, keypoints, height, width)"
            assert (maps.shape[0], *maps.shape[2:]) == (2, KEYPOINTS, *cells)
            modules.assert_probability_maps(maps)

    def test_encoding_each_frame_once_gives_the_same_heatmaps(self) -> None:
        import torch

        network = self.build().eval()
        images = self.images(network)
        with torch.no_grad():
            features = torch.stack([network.encode(frame) for frame in images.unbind(1)], dim=1)
            torch.testing.assert_close(
                network.heatmaps(features), network(images), rtol=1e-3, atol=1e-5
            )

    def test_gradients_reach_every_parameter(self) -> None:
        network = self.build()
        modules.assert_gradients_reach_every_parameter(network, run, self.images(network))

    def test_frozen_parts_belong_to_the_network_and_leave_something_to_train(self) -> None:
        network = self.build()
        inside = list(network.modules())
        frozen = {id(one) for part in network.frozen_parts() for one in part.parameters()}
        assert all(any(part is one for one in inside) for part in network.frozen_parts())
        assert any(id(parameter) not in frozen for parameter in network.parameters())

    def test_weights_survive_a_file(self) -> None:
        images = self.images(self.build())[:1]
        modules.assert_weights_survive_a_file(self.build, run, images)

    def test_a_seed_settles_the_weights(self) -> None:
        modules.assert_a_seed_settles_the_weights(self.build)

    def test_each_sample_is_treated_alone_in_evaluation(self) -> None:
        network = self.build()
        modules.assert_each_sample_is_treated_alone(network, run, self.images(network))

    def test_its_decoder_exists_and_reads_every_branch(self) -> None:
        import torch

        decoder = self.plugins.find("decoder", self.component.decoder, where=self.name)
        network = self.build().eval()
        images = self.images(network)
        with torch.no_grad():
            maps = network(images)
            points, confidence = decoder.build(decoder.options())(maps, network.stride)
        assert tuple(points.shape) == (*maps.shape[:3], 2)
        assert tuple(confidence.shape) == tuple(maps.shape[:3])
        sides = torch.tensor(images.shape[:-3:-1])  # width, height
        assert bool(((points > -sides) & (points < 2 * sides)).all()), "points far off the image"
