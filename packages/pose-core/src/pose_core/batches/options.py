"""What a config can say about data and augmentation. No torch here: a command checks it first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pose_core.batches.operations import OPERATIONS
from pose_core.batches.pipelines import Pipeline, build_pipeline


@dataclass(frozen=True)
class DataOptions:
    """How labeled frames become batches.

    Attributes:
        size: height and width that the network sees; every image is stretched to it.
        sigma: standard deviation of a target Gaussian, in heatmap cells.
        batch_size: labeled frames per step, in each of the processes that train together.
        validation: fraction of the labeled frames to validate on; 0 for none.
        test: fraction of the labeled frames kept out of training altogether.
        fraction: of the frames to train on that this run does, drawn by `seed`: members of an
            ensemble with other seeds see other frames. The others are "unused" in its split.
        split_seed: of the split; null takes `seed`. A sweep over seeds has 0 here unless it is
            told, so that its members can be compared.
        group_by: "video" keeps all frames of a video on one side of the split, and with them those
            of the videos that show the same instants in other views.
        workers: processes that load images and clips; 0 loads in the training process, clips in a
            thread ahead of their step.
        cache_mb: images are kept in memory, resized, up to this many megabytes.
    """

    size: tuple[int, int] = (256, 256)
    sigma: float = 1.25
    batch_size: int = 8
    validation: float = 0.1
    test: float = 0.1
    fraction: float = 1.0
    split_seed: int | None = None
    group_by: Literal["video"] | None = None
    workers: int = 0
    cache_mb: int = 2000


@dataclass(frozen=True)
class UnlabeledOptions:
    """Which clips the unsupervised losses see, and when they begin to count.

    Attributes:
        videos: files or folders; none given means the videos of the project.
        length: frames per clip; one clip per step and process. One with a frame that does not
            decode is left out.
        begin: fraction of the run before which unsupervised losses count nothing.
        full: fraction of the run from which they count in full; in between linearly.
        weight: of the sum of the unsupervised losses, each with its own weight. 0 sees the clips
            and learns nothing of them: the control to compare with, as batch norm alone adapts to
            them.
        reader: name of the video reader; null chooses.
        validation_clips: kept out of training, spread over the videos, for the unsupervised losses
            to be evaluated on at each validation; at most a tenth of all clips, 0 for none.
        watch: losses that are evaluated on those clips and not trained, name to options as in
            `losses`: so a supervised run is compared with one that learns from clips.
    """

    videos: tuple[str, ...] = ()
    length: int = 16
    begin: float = 0.2
    full: float = 0.5
    weight: float = 1.0
    reader: str | None = None
    validation_clips: int = 8
    watch: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AugmentOptions:
    """How images are varied: a preset, and what to change of it.

    Each operation takes a number (its strength, the first field in `operations`), a mapping of its
    options, true for its defaults, false to leave it out, and null to have it as the preset does:
    `augment.rotation=10 augment.flip=0.5 augment.blur=false augment.noise={deviation: 0.1}`.

    Attributes:
        preset: "default"; "topdown", of any rotation; "dlc", as published; or "none".
        pipeline: operations in place of the preset's, in their order: names, or mappings of one
            name, as in `[{rotation: 10}, {blur: {chance: 0.5}}, equalize]`.
        flip: chance of a mirror image, with symmetric keypoints swapped.
        crop: fraction of the size by which each border moves in or out.
        shear: degrees.
        stretch: factor by which one axis grows and the other shrinks.
        scale: smallest and largest factor.
        rotation: degrees.
        translation: fraction of the size.
        elastic: bend of labeled frames, as a fraction of the shorter side.
        boxes: how many plain boxes are drawn, at most.
        hide: chance that a labeled point is covered in its own frame, and not in its neighbours,
            for networks that look at these. No preset has it.
        dropout: fraction made black, in small squares.
        gamma: factor of the exponent.
        contrast: factor on the distance to the mean.
        color: factor on single colours.
        gain: factor on all pixels.
        brightness: added to pixels in 0..1.
        equalize: chance that the histogram is spread evenly.
        clahe: chance of the same in tiles, with limited contrast.
        emboss: share of a relief that is blended in.
        blur: chance of a motion blur.
        noise: standard deviation of Gaussian noise, for pixels in 0..1.
        salt_pepper: fraction made black or white.

    Raises:
        ConfigError: for an operation, option or value that cannot be.
    """

    preset: Literal["default", "dlc", "topdown", "none"] = "default"
    pipeline: tuple[Any, ...] | None = None
    flip: Any = None
    crop: Any = None
    shear: Any = None
    stretch: Any = None
    scale: Any = None
    rotation: Any = None
    translation: Any = None
    elastic: Any = None
    boxes: Any = None
    hide: Any = None
    dropout: Any = None
    gamma: Any = None
    contrast: Any = None
    color: Any = None
    gain: Any = None
    brightness: Any = None
    equalize: Any = None
    clahe: Any = None
    emboss: Any = None
    blur: Any = None
    noise: Any = None
    salt_pepper: Any = None

    def __post_init__(self) -> None:
        self.operations()  # refuses what cannot be, before anything is loaded

    def operations(self) -> Pipeline:
        """Give the operations in their order."""
        changes = {name: getattr(self, name) for name in OPERATIONS}
        return build_pipeline(self.preset, self.pipeline, changes)
