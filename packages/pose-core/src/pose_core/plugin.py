"""Core's own components, through the same hooks as everyone's. Nothing heavy is imported here."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pose_core import hookspecs as h
from pose_core.commands import (
    demo,
    diagnose,
    draw,
    evaluate,
    plugins,
    predict,
    report,
    select,
    smooth,
    split,
    suggest,
    train,
)
from pose_core.hookspecs import hookimpl
from pose_core.model.decoder_options import ArgmaxOptions, SoftArgmaxFullOptions, SoftArgmaxOptions
from pose_core.model.options import BackboneHeadOptions, HeatmapHeadOptions, TimmOptions
from pose_core.video import dali, pyav


@hookimpl
def pose_video_readers() -> Iterable[h.VideoReader]:
    """PyAV, which decodes whatever FFmpeg does, and DALI, which is faster where there is a GPU."""
    yield h.VideoReader(
        name="pyav",
        unavailable=pyav.unavailable,
        probe=pyav.probe,
        read=pyav.read,
        read_sizes=pyav.read_sizes,
    )
    yield h.VideoReader(
        name="dali",
        unavailable=dali.unavailable,
        probe=dali.probe,
        read=dali.read,
        read_sizes=dali.read_sizes,
        priority=10,
        advice=dali.advice,
    )


@hookimpl
def pose_backbones() -> Iterable[h.Backbone]:
    """The models of timm that give feature maps."""
    yield h.Backbone(name="timm", build=build_timm, options=TimmOptions, models=timm_models)


def build_timm(options: TimmOptions, pretrained: bool | Path) -> Any:
    """Build a timm backbone."""
    from pose_core.model import backbones

    return backbones.build_timm(options, pretrained)


def timm_models() -> Sequence[str]:
    """List timm's models."""
    from pose_core.model import backbones

    return backbones.timm_models()


@hookimpl
def pose_heads() -> Iterable[h.Head]:
    """The baseline head of the Lightning Pose paper."""
    yield h.Head(name="heatmap", build=build_heatmap_head, options=HeatmapHeadOptions)


def build_heatmap_head(
    options: HeatmapHeadOptions, channels: int, stride: int, keypoints: int
) -> Any:
    """Build the baseline head."""
    from pose_core.model import heads

    return heads.build_heatmap_head(options, channels, stride, keypoints)


@hookimpl
def pose_networks() -> Iterable[h.Network]:
    """A backbone with a head."""
    yield h.Network(name="backbone_head", build=build_backbone_head, options=BackboneHeadOptions)


def build_backbone_head(
    options: BackboneHeadOptions, keypoints: int, pretrained: bool | Path, plugins: Any
) -> Any:
    """Build a backbone with a head."""
    from pose_core.model import network

    return network.build_backbone_head(options, keypoints, pretrained, plugins)


@hookimpl
def pose_decoders() -> Iterable[h.Decoder]:
    """Soft-argmax, fast and whole, and plain maxima."""
    yield h.Decoder(name="soft_argmax", build=build_soft_argmax, options=SoftArgmaxOptions)
    yield h.Decoder(
        name="soft_argmax_full", build=build_soft_argmax_full, options=SoftArgmaxFullOptions
    )
    yield h.Decoder(name="argmax", build=build_argmax, options=ArgmaxOptions, differentiable=False)


def build_soft_argmax(options: SoftArgmaxOptions) -> Any:
    """Build the default decoder."""
    from pose_core.model import decoders

    return decoders.build_soft_argmax(options)


def build_soft_argmax_full(options: SoftArgmaxFullOptions) -> Any:
    """Build the exact decoder."""
    from pose_core.model import decoders

    return decoders.build_soft_argmax_full(options)


def build_argmax(options: ArgmaxOptions) -> Any:
    """Build the decoder of plain maxima."""
    from pose_core.model import decoders

    return decoders.build_argmax(options)


@hookimpl
def pose_losses() -> Iterable[h.Loss]:
    """The squared error of heatmaps."""
    yield h.Loss(
        name="heatmap_mse",
        kind="supervised",
        needs=frozenset({"heatmaps", "targets"}),
        build=build_heatmap_mse,
    )


def build_heatmap_mse(options: h.NoOptions, labels: Any) -> Any:
    """Build the squared error."""
    from pose_core.training.losses import heatmap_mse

    return heatmap_mse


@hookimpl
def pose_metrics() -> Iterable[h.Metric]:
    """The distance to the labels."""
    yield h.Metric(name="pixel_error", unit="px", compute=compute_pixel_error)


def compute_pixel_error(predictions: Any, labels: Any) -> Any:
    """Give the pixel error of each point."""
    from pose_core.metrics import error_of

    return error_of(predictions, labels)


@hookimpl
def pose_commands() -> Iterable[h.Command]:
    """The subcommands."""
    for name, command in COMMANDS.items():
        yield h.Command(
            name=name,
            help=command.HELP,
            epilog=command.EPILOG,
            add_arguments=command.add_arguments,
            run=command.run,
        )


COMMANDS: dict[str, Any] = {
    "demo": demo,
    "train": train,
    "predict": predict,
    "evaluate": evaluate,
    "diagnose": diagnose,
    "select": select,
    "split": split,
    "smooth": smooth,
    "report": report,
    "draw": draw,
    "suggest": suggest,
    "plugins": plugins,
}
"""Modules of the subcommands, by name."""
