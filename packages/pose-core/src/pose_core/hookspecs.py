"""The contract with plugins: what a component is, and the hooks that yield them.

Every hook takes nothing and yields components of one kind; a component is frozen data and one
callable or a few. The order of plugins never matters. A plugin names itself in its
`pyproject.toml` under the entry-point group `pose.v1`, which is the version of this contract:

    [project.entry-points."pose.v1"]
    my-plugin = "my_package.plugin"

`plugin.py` is imported to list what is there, so it must not import torch: import inside `build`.
Points, sizes and pixels are as in `pose_core.labels`. `name` is what a config writes to choose a
component, `options` a frozen dataclass whose fields all have defaults and are named in its
docstring; `pose_core.options` fills it from a config. `pose_core.testing` has a suite of tests for
every kind of component.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pluggy

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from pose_core.labeling import NewFrames, Placed, Survey
    from pose_core.labels import Labels
    from pose_core.plugins import Plugins
    from pose_core.predictions import Ensemble, Predictions
    from pose_core.project import Project

GROUP = "pose.v1"
Combine = Literal["last", "confident", "mean"]
"""How branches become one prediction: the last one, the surest per keypoint, or all alike."""
hookspec = pluggy.HookspecMarker("pose")
hookimpl = pluggy.HookimplMarker("pose")


@dataclass(frozen=True)
class NoOptions:
    """For components that have nothing to set."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A family of files: projects, labels, predictions. Any callable may be missing.

    `detect(path)` says whether a folder or file is of this format, cheaply and without raising.
    The others raise FormatError with one line: `open_project(path)` gives a Project,
    `read_labels(path)` Labels, `read_predictions(path)` Predictions; `write_labels(path, labels)`
    and `write_predictions(path, predictions)` write atomically what these read back.
    `survey(path)` gives a Survey of a project, labeled or not; `place_frames(path, frames)` says
    for some NewFrames, as Placed, where their images are to lie and which files are to name them
    with what networks say of them; of several cameras the frames of each view, recording by
    recording, the same numbers in all views. It writes nothing. Those files must be such that
    nothing reads them as labels before a person has corrected them.
    """

    name: str  # what a config or a command names
    detect: "Callable[[Path], bool]"
    open_project: "Callable[[Path], Project] | None" = None
    read_labels: "Callable[[Path], Labels] | None" = None
    write_labels: "Callable[[Path, Labels], None] | None" = None
    read_predictions: "Callable[[Path], Predictions] | None" = None
    write_predictions: "Callable[[Path, Predictions], None] | None" = None
    survey: "Callable[[Path], Survey] | None" = None
    place_frames: "Callable[[Path, Sequence[NewFrames]], Placed] | None" = None
    suffixes: tuple[str, ...] = ()  # of prediction files it writes, such as ".csv"
    signs: str = ""  # what `detect` looks for, in words, for whom it finds nothing


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What a reader knows of a video before decoding it."""

    path: Path  # the one that was probed
    frames: int  # that the file holds, by its packets, not by what its header claims
    size: tuple[int, int]  # height and width as shown, after rotation
    fps: float  # frames per second, on average
    cut_off: int = 0  # frames that its header promises beyond those, where the end of it is lost


@dataclass(frozen=True, eq=False)
class Clip:
    """Some frames of a video, as asked for by one window.

    Attributes:
        numbers: int (frames,), their numbers in the video.
        images: uint8 (frames, height, width, 3), RGB; zero where a frame did not decode.
        decoded: bool (frames,), False where the file is damaged.
    """

    numbers: "np.ndarray"
    images: "np.ndarray"
    decoded: "np.ndarray"


@dataclass(frozen=True, kw_only=True)
class VideoReader:
    """Decodes videos.

    `unavailable()` gives the reason why it cannot run on this machine, or None.
    `probe(path)` gives a VideoInfo. `read(path, windows, size, device)` yields one Clip per window
    (a sequence of frame numbers, in any order), resized to `size` by an antialiased triangle filter
    (None: as they are). Frames are exact: number n is the n-th shown. Both raise VideoError.
    `advice()` says whether to choose it where none is named, and why; without it, it is chosen.
    `read_sizes(path, windows, sizes, device)` yields a tuple per window, its clip in each size,
    each frame decoded once; without it, `read` runs once for every size.
    """

    name: str  # what a config or a command names
    unavailable: "Callable[[], str | None]"
    probe: "Callable[[Path], VideoInfo]"
    read: "Callable[[Path, Iterable[Sequence[int]], tuple[int, int] | None, str], Iterator[Clip]]"
    priority: int = 0  # the highest available one is chosen
    advice: "Callable[[], tuple[bool, str]] | None" = None
    read_sizes: "Callable[..., Iterator[tuple[Clip, ...]]] | None" = None


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Images to features.

    `build(options, pretrained)` gives a module: float (batch, 3, height, width) in 0..1 to
    (batch, channels, height / stride, width / stride), with attributes `channels` and `stride`;
    it normalises the images itself. `pretrained` is True, False or the path of a local file.
    A component may stand for a family: `models()` then lists names, which a config may give in
    place of the component's own, and `options` has a field `model` for the one chosen.
    """

    name: str  # what `model.backbone` names
    build: "Callable[[Any, bool | Path], nn.Module]"
    options: type = NoOptions  # what `model.backbone_options` fills
    models: Callable[[], Sequence[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Head:
    """Features of a frame, and of its neighbours, to heatmaps.

    `build(options, channels, stride, keypoints)` gives a module: features (batch, offsets,
    channels, h, w) to heatmaps (batch, branches, keypoints, h', w') that are probability maps
    (not negative, sum 1), with attributes `stride` (image pixels per heatmap cell), `offsets`
    (tuple of frame numbers relative to the frame wanted, such as (0,)) and `combine`: "last",
    "confident" or "mean", how branches become one prediction.

    The module may besides have `encode`, features of frames (batch, channels, h, w) to what it
    computes of each of them alone (batch, ...), and `heatmaps`, windows of those (batch, offsets,
    ...) to what the module itself gives: in videos that runs once per frame.
    """

    name: str  # what `model.head` names
    build: "Callable[[Any, int, int, int], nn.Module]"
    options: type = NoOptions  # what `model.head_options` fills


@dataclass(frozen=True, kw_only=True)
class Network:
    """A whole architecture, images to heatmaps.

    `build(options, keypoints, pretrained, plugins)` gives a `pose_core.model.network.PoseNetwork`.
    `decoder` names the decoder it wants where the config names none.
    """

    name: str  # what `model.network` names
    build: "Callable[[Any, int, bool | Path, Plugins], nn.Module]"
    options: type = NoOptions  # what `model.network_options` fills
    decoder: str = "soft_argmax"


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """Heatmaps to points.

    `build(options)` gives a function of heatmaps (..., keypoints, h, w) and stride, differentiable
    where `differentiable` says so, to points (..., keypoints, 2) in pixels of the network's input
    and confidence (..., keypoints) between 0 and 1.
    """

    name: str  # what `model.decoder` names
    build: "Callable[[Any], Callable[[Tensor, int], tuple[Tensor, Tensor]]]"
    options: type = NoOptions  # what `model.decoder_options` fills
    differentiable: bool = True


@dataclass(frozen=True)
class Predicted:
    """What losses read: of labeled images (batch, ...), or of one clip in the order of its frames.

    A clip of several cameras has the keypoints of all views side by side, as the labels have that
    its losses are built with: the views say which show one point. Each is in pixels of its own
    view; NaN too where that view has no such frame.

    Attributes:
        heatmaps: (batch, keypoints, h, w), probability maps of one branch.
        targets: like heatmaps, drawn from the labels; labeled images only. All zero where a
            keypoint is missing.
        keypoints: (batch, keypoints, 2) decoded, in pixels of the frame on disk, whatever resizing
            and augmentation the network saw; NaN where the point left the augmented image.
        confidence: (batch, keypoints), between 0 and 1.
        decoded: like keypoints, but also near the border of the augmented image, where a point
            that left it is decoded wrongly; clips only.
        follows: bool (batch,), whether a frame shows the moment after the one before it in the
            batch: False for the first frame of a clip; clips only.
        cells: (batch, keypoints, 2, 3), maps from pixels of the frame to cells of the heatmaps,
            through all resizing and augmentation; clips only.
        sigma: (), standard deviation of a target Gaussian, in cells; clips only.
        gate: (), confidence below which a point is in doubt, fitted to the validation frames after
            each validation; clips only.
        noise: (), standard deviation of a coordinate of a sound prediction's error, in those of the
            target Gaussian, fitted likewise; clips only.
    """

    heatmaps: "Tensor | None" = None
    targets: "Tensor | None" = None
    keypoints: "Tensor | None" = None
    confidence: "Tensor | None" = None
    decoded: "Tensor | None" = None
    follows: "Tensor | None" = None
    cells: "Tensor | None" = None
    sigma: "Tensor | None" = None
    gate: "Tensor | None" = None
    noise: "Tensor | None" = None


@dataclass(frozen=True, kw_only=True)
class BuiltLoss:
    """A loss built for labels that says more of itself than a plain function can.

    Attributes:
        compute: Predicted to an unreduced loss, as `Loss.build` says.
        weight: default weight with these options; None leaves the component's.
        unit: of its values with these options; None leaves the component's.
        in_nats: whether its values are those of a divergence of heatmaps in nats: d**2 / 2 for a
            point d standard deviations off. The objective then multiplies them by what a nat costs
            in the supervised losses, so that a weight of 1 is right beside any of them.
        about: gives what was fitted, in a few words for the start of a run, for a standard
            deviation of the target Gaussians in pixels of the frame.
    """

    compute: "Callable[[Predicted], Tensor]"
    weight: float | None = None
    unit: str | None = None
    in_nats: bool = False
    about: Callable[[float], str] | None = None

    def __call__(self, predicted: Predicted) -> "Tensor":
        """Compute the loss."""
        return self.compute(predicted)


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A training loss that a config can name.

    `build(options, labels)` sees the labels of the training frames and gives a function of
    Predicted (or a BuiltLoss) to an unreduced loss: (batch, keypoints) for a supervised one; any
    shape, NaN where nothing can be said, for an unsupervised one, whose Predicted is one clip.
    Missing labels, epsilon, weight, annealing, mean and logging belong to the objective: a config
    sets `weight` and `epsilon` beside the loss's own options, and the fields here are their
    defaults. A loss whose options have a field `epsilon` takes it off itself.
    """

    name: str  # what `losses` names
    kind: Literal["supervised", "unsupervised"]  # of labeled frames, or of clips without labels
    needs: frozenset[str]  # fields of Predicted that it reads
    build: "Callable[[Any, Labels], Callable[[Predicted], Tensor]]"
    options: type = NoOptions  # what `losses.<name>` fills
    weight: float = 1.0  # factor of its mean in the objective
    epsilon: float = 0.0  # what costs nothing, in `unit`
    unit: str = ""  # of the unreduced loss, such as "px", for logs and plots


@dataclass(frozen=True, kw_only=True)
class Smoother:
    """An ensemble to one prediction, in numpy, without torch: `smooth(ensemble, options)`.

    It takes one member or more, and points that some or all of them miss (NaN); keypoints and
    frames of what it gives are those of the ensemble, in their order.
    """

    name: str  # what a config or a command names
    smooth: "Callable[[Ensemble, Any], Predictions]"
    options: type = NoOptions  # of the smoothing


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number per frame and keypoint: `compute(predictions, labels)` to (frames, keypoints).

    NaN where it cannot be said. `needs` is {"labels"} for the labels of the same frames;
    {"training"} for labels of any frames, which the metric is fitted to; empty for a metric that
    works without labels, which are then None. One that compares views needs {"views"} as well: it
    is asked of skeletons that have two or more.
    """

    name: str  # what tables and files call it
    unit: str  # of the number, such as "px"
    compute: "Callable[[Predictions, Labels | None], np.ndarray]"
    needs: frozenset[str] = frozenset({"labels"})


@dataclass(frozen=True, kw_only=True)
class Command:
    """A subcommand of `pose`: `run(arguments, plugins)` gives the exit status.

    `add_arguments(parser)` runs for every `pose --help` and must cost nothing; import inside `run`.
    """

    name: str  # what stands after `pose`
    help: str  # one line on what it is for
    add_arguments: Callable[[ArgumentParser], None]
    run: "Callable[[Namespace, Plugins], int]"
    epilog: str = field(default="")  # examples, below the help


@hookspec
def pose_formats() -> "Iterable[Format]":
    """Formats of files this plugin opens."""


@hookspec
def pose_video_readers() -> "Iterable[VideoReader]":
    """Video readers this plugin adds."""


@hookspec
def pose_backbones() -> "Iterable[Backbone]":
    """Backbones this plugin adds."""


@hookspec
def pose_heads() -> "Iterable[Head]":
    """Heads this plugin adds."""


@hookspec
def pose_networks() -> "Iterable[Network]":
    """Whole networks this plugin adds."""


@hookspec
def pose_decoders() -> "Iterable[Decoder]":
    """Decoders this plugin adds."""


@hookspec
def pose_losses() -> "Iterable[Loss]":
    """Losses this plugin adds."""


@hookspec
def pose_smoothers() -> "Iterable[Smoother]":
    """Smoothers this plugin adds."""


@hookspec
def pose_metrics() -> "Iterable[Metric]":
    """Metrics this plugin adds."""


@hookspec
def pose_commands() -> "Iterable[Command]":
    """Subcommands of `pose` this plugin adds."""
