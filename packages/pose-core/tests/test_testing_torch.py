"""Faults of components that compute with torch, each of which the suites must catch."""

import contextlib
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from pose_core import testing
from pose_core.errors import ConfigError
from pose_core.heatmaps import soft_argmax, spatial_softmax
from pose_core.hookspecs import Backbone, Decoder, Head, Loss, Network
from pose_core.model.network import PoseNetwork


def suite(conformance, component, **attributes):
    """Give a suite that tests a component as it stands, installed or not."""
    return type("Tested", (conformance,), {"component": component, "name": "mine", **attributes})()


def passes(tested):
    """Run every standard test that needs neither fixtures nor an installed plugin module."""
    registration = {name for name in dir(testing.suite.Conformance) if name.startswith("test_")}
    for name in dir(tested):
        if name.startswith("test_") and name not in registration and "torch" not in name:
            with contextlib.suppress(pytest.skip.Exception):
                getattr(tested, name)()


# Backbones, heads, networks


@dataclass(frozen=True)
class Size:
    """Options.

    Attributes:
        size: of the convolution.
    """

    size: int = 8


class Convolved(nn.Module):
    """A right backbone; faults override its parts."""

    def __init__(self, channels=8):
        super().__init__()
        self.layer = nn.Conv2d(3, channels, 16, stride=16)
        self.channels, self.stride = channels, 16

    def forward(self, images):
        return self.layer(2 * images - 1)


class SaysOtherStride(Convolved):
    def __init__(self):
        super().__init__()
        self.stride = 8


class HasUnusedLayer(Convolved):
    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(2, 2)


class KeepsStateAside(Convolved):
    def __init__(self):
        super().__init__()
        self.shift = torch.rand(1)

    def forward(self, images):
        return super().forward(images) + self.shift


class LooksAtTheBatch(Convolved):
    def forward(self, images):
        return super().forward(images - images.mean())


class WritesIntoImages(Convolved):
    def forward(self, images):
        return self.layer(images.mul_(2).sub_(1))


def backbone(cls=Convolved, models=None, ignores_files=False):
    def build(options, pretrained):
        if pretrained is not False and not ignores_files:
            raise ConfigError(f"model.pretrained: {pretrained} holds no weights")
        return cls()

    made = Backbone(name="mine", build=build, options=Size, models=models)
    return suite(testing.BackboneConformance, made)


def test_a_right_backbone_passes(tmp_path):
    tested = backbone()
    for name in ("test_a_missing_file_of_weights_is_refused_by_name",):
        getattr(tested, name)(tmp_path)
    tested.test_features_have_the_promised_channels_and_stride()
    tested.test_gradients_reach_every_parameter()
    tested.test_weights_survive_a_file()
    tested.test_a_seed_settles_the_weights()
    tested.test_each_image_is_treated_alone_in_evaluation()
    tested.test_the_images_are_not_altered()


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (SaysOtherStride, "test_features_have_the_promised_channels_and_stride"),
        (HasUnusedLayer, "test_gradients_reach_every_parameter"),
        (KeepsStateAside, "test_weights_survive_a_file"),
        (LooksAtTheBatch, "test_each_image_is_treated_alone_in_evaluation"),
        (WritesIntoImages, "test_the_images_are_not_altered"),
    ],
)
def test_a_faulty_backbone_is_caught(fault, test):
    with pytest.raises(AssertionError):
        getattr(backbone(fault), test)()


def test_a_backbone_that_ignores_the_file_of_weights_is_caught(tmp_path):
    tested = backbone(ignores_files=True)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        tested.test_a_missing_file_of_weights_is_refused_by_name(tmp_path)


def test_a_family_whose_models_no_option_names_is_caught():
    with pytest.raises(AssertionError, match="have a field `model`"):
        backbone(models=lambda: ["a"]).test_a_family_lists_its_models_once_each()


class OneByOne(nn.Module):
    """A right head of two branches, each looking at one frame; faults override its parts."""

    combine, offsets = "last", (0,)

    def __init__(self, channels, stride, keypoints):
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, keypoints, 1) for _ in range(2))
        self.stride = stride

    def forward(self, features):
        centre = features[:, self.offsets.index(0)]
        return torch.stack([spatial_softmax(one(centre)) for one in (self.first, self.second)], 1)


class Sigmoid(OneByOne):
    def forward(self, features):
        return self.first(features[:, 0]).sigmoid()[:, None]


class BlindBranch(OneByOne):
    def forward(self, features):
        return torch.stack(
            [super().forward(features)[:, 0], super().forward(features.detach())[:, 1]], 1
        )


class Backwards(OneByOne):
    offsets = (1, 0)


class Undecided(OneByOne):
    combine = "best"


class EncodesOtherwise(OneByOne):
    def encode(self, features):
        return 2 * features

    heatmaps = OneByOne.forward


class HalfTheStride(OneByOne):
    def __init__(self, channels, stride, keypoints):
        super().__init__(channels, stride // 2, keypoints)


def head(cls=OneByOne):
    made = Head(name="mine", build=lambda options, *given: cls(*given))
    return suite(testing.HeadConformance, made)


def test_a_right_head_passes():
    passes(head())


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (Sigmoid, "test_heatmaps_are_probability_maps_of_the_promised_stride"),
        (HalfTheStride, "test_heatmaps_are_probability_maps_of_the_promised_stride"),
        (BlindBranch, "test_every_branch_sends_a_gradient_to_the_frame_wanted"),
        (Backwards, "test_the_frame_wanted_is_among_the_offsets"),
        (Undecided, "test_branches_become_one_prediction_in_a_known_way"),
        (EncodesOtherwise, "test_what_is_encoded_frame_by_frame_gives_the_same_heatmaps"),
    ],
)
def test_a_faulty_head_is_caught(fault, test):
    with pytest.raises(AssertionError):
        getattr(head(fault), test)()


class Whole(PoseNetwork):
    """A right network; faults override its parts."""

    stride, multiple = 16, 16

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 16, stride=16)

    def heatmaps(self, features):
        return spatial_softmax(self.layer(features[:, 0]))[:, None]


class EncodesByPosition(Whole):
    offsets = (-1, 0)

    def encode(self, images):
        return images * torch.arange(len(images)).view(-1, 1, 1, 1)


class FreezesAll(Whole):
    def frozen_parts(self):
        return [self.layer]


def network(cls=Whole, decoder="argmax"):
    made = Network(name="mine", build=lambda *given: cls(), decoder=decoder)
    return suite(testing.NetworkConformance, made)


def test_a_right_network_passes():
    passes(network())


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (EncodesByPosition, "test_encoding_each_frame_once_gives_the_same_heatmaps"),
        (FreezesAll, "test_frozen_parts_belong_to_the_network_and_leave_something_to_train"),
    ],
)
def test_a_faulty_network_is_caught(fault, test):
    with pytest.raises(AssertionError):
        getattr(network(fault), test)()


def test_a_network_whose_decoder_is_nowhere_is_caught():
    with pytest.raises(ConfigError, match="unknown decoder 'nowhere'"):
        network(decoder="nowhere").test_its_decoder_exists_and_reads_every_branch()


# Decoders


def decoder(decode, **attributes):
    made = Decoder(name="mine", build=lambda options: decode)
    return suite(testing.DecoderConformance, made, **attributes)


def off_by_half_a_pixel(heatmaps, stride):
    points, confidence = soft_argmax(heatmaps, stride)
    return points + 0.5 * (stride - 1), confidence


def row_then_column(heatmaps, stride):
    points, confidence = soft_argmax(heatmaps, stride)
    return points.flip(-1), confidence


def very_sure(heatmaps, stride):
    points, confidence = soft_argmax(heatmaps, stride)
    return points, 1 + confidence


def sharpens_in_place(heatmaps, stride):
    return soft_argmax(heatmaps.pow_(2), stride)


def lost_on_flat_maps(heatmaps, stride):
    points, confidence = soft_argmax(heatmaps, stride)
    spread = heatmaps.amax((-2, -1)) - heatmaps.amin((-2, -1))
    return points * (spread / spread)[..., None], confidence


def cut_off(heatmaps, stride):
    points, confidence = soft_argmax(heatmaps, stride)
    return points.detach().requires_grad_(), confidence


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (off_by_half_a_pixel, "test_a_drawn_point_comes_back"),
        (row_then_column, "test_a_drawn_point_comes_back"),
        (very_sure, "test_confidence_lies_between_0_and_1"),
        (sharpens_in_place, "test_the_maps_are_not_altered"),
        (lost_on_flat_maps, "test_odd_maps_give_finite_points_inside_the_image"),
        (cut_off, "test_points_have_a_gradient_where_promised"),
    ],
)
def test_a_faulty_decoder_is_caught(fault, test):
    passing = decoder(soft_argmax)
    getattr(passing, test)()
    with pytest.raises(AssertionError):
        getattr(decoder(fault), test)()


# Losses


def loss(compute, kind="supervised", needs=("heatmaps", "targets")):
    made = Loss(name="mine", kind=kind, needs=frozenset(needs), build=lambda *given: compute)
    return suite(testing.LossConformance, made)


def squared(predicted):
    return (predicted.heatmaps - predicted.targets).square().sum((-2, -1))


def cross_entropy(predicted):  # a divergence without its constant: not zero where all is right
    return -(predicted.targets * (predicted.heatmaps + 1e-9).log()).sum((-2, -1))


def step_length(predicted):
    return (predicted.keypoints[1:] - predicted.keypoints[:-1]).norm(dim=-1)


def step_length_by_root(predicted):  # the gradient of a root at 0 is infinite
    return (predicted.keypoints[1:] - predicted.keypoints[:-1]).square().sum(-1).sqrt()


def step_length_times_confidence(predicted):
    return step_length(predicted) * predicted.confidence[1:]


def weighs_if_it_can(predicted):
    weights = 1 if predicted.confidence is None else predicted.confidence[1:]
    return step_length(predicted) * weights


def test_right_losses_pass():
    passes(loss(squared))
    clip = loss(
        lambda predicted: step_length(
            replace(predicted, keypoints=predicted.keypoints.nan_to_num(0.0))
        ),
        "unsupervised",
        ("keypoints",),
    )
    passes(clip)


@pytest.mark.parametrize(
    ("compute", "test"),
    [
        (lambda predicted: squared(predicted).mean(), "test_it_is_not_reduced"),
        (lambda predicted: squared(predicted)[0], "test_it_is_not_reduced"),
        (lambda predicted: -squared(predicted), "test_it_is_not_negative_and_nowhere_infinite"),
        (
            lambda predicted: 1 / (0 * squared(predicted)),
            "test_it_is_not_negative_and_nowhere_infinite",
        ),
        (cross_entropy, "test_perfect_predictions_cost_nothing"),
        (
            lambda predicted: squared(predicted) / predicted.targets.sum((-2, -1)),
            "test_a_missing_label_stays_finite",
        ),
        (lambda predicted: squared(predicted).detach(), "test_the_gradient_reaches_what_is_needed"),
    ],
)
def test_a_faulty_supervised_loss_is_caught(compute, test):
    with pytest.raises((AssertionError, RuntimeError)):
        getattr(loss(compute), test)()


@pytest.mark.parametrize(
    ("compute", "test"),
    [
        (step_length, "test_points_that_left_the_image_raise_no_error_and_spoil_no_gradient"),
        (step_length_by_root, "test_points_that_coincide_spoil_no_gradient"),
        (weighs_if_it_can, "test_it_makes_nothing_of_what_it_does_not_need"),
        (step_length_times_confidence, "test_what_it_needs_is_enough"),
    ],
)
def test_a_faulty_unsupervised_loss_is_caught(compute, test):
    tested = loss(compute, "unsupervised", ("keypoints",))
    with pytest.raises((AssertionError, TypeError)):
        getattr(tested, test)()


def test_a_loss_that_needs_what_no_clip_has_is_caught():
    with pytest.raises(AssertionError, match="clips have no targets"):
        loss(squared, "unsupervised").test_it_says_what_it_is()
