"""What a config can say about data and augmentation. No torch here: a command checks it first."""

from dataclasses import dataclass, fields, replace
from typing import Literal


@dataclass(frozen=True)
class DataOptions:
    """How labeled frames become batches.

    Attributes:
        size: height and width that the network sees; every image is stretched to it.
        sigma: standard deviation of a target Gaussian, in heatmap cells.
        batch_size: labeled frames per step.
        validation: fraction of the labeled frames to validate on; 0 for none.
        test: fraction of the labeled frames kept out of training altogether.
        group_by: "video" keeps all frames of a video on one side of the split.
        workers: processes that load images; 0 loads in the training process.
        cache_mb: images are kept in memory, resized, up to this many megabytes.
    """

    size: tuple[int, int] = (256, 256)
    sigma: float = 1.25
    batch_size: int = 8
    validation: float = 0.1
    test: float = 0.1
    group_by: Literal["video"] | None = None
    workers: int = 0
    cache_mb: int = 2000


@dataclass(frozen=True)
class UnlabeledOptions:
    """Which clips the unsupervised losses see, and when they begin to count.

    Attributes:
        videos: files or folders; none given means the videos of the project.
        length: frames per clip; one clip per step.
        begin: fraction of the run before which unsupervised losses count nothing.
        full: fraction of the run from which they count in full; in between linearly.
        reader: name of the video reader; null chooses.
    """

    videos: tuple[str, ...] = ()
    length: int = 16
    begin: float = 0.2
    full: float = 0.5
    reader: str | None = None


@dataclass(frozen=True)
class Strengths:
    """How strongly images are varied. Every image has its own draw within these bounds.

    Attributes:
        rotation: degrees either way.
        scale: smallest and largest factor.
        stretch: the largest factor by which one axis is scaled more than the other.
        shear: degrees either way.
        translation: fraction of the image's size, either way.
        flip: chance of a left-right mirror image, with symmetric keypoints swapped.
        brightness: added to pixels in 0..1, either way.
        contrast: the largest factor on the distance to the mean; its inverse is the smallest.
        gamma: the largest exponent; its inverse is the smallest.
        color: the largest factor on a single colour channel; its inverse is the smallest.
        noise: largest standard deviation of Gaussian noise, pixels in 0..1.
        salt_pepper: largest fraction of pixels made black or white.
        blur: chance of a motion blur, of up to 9 pixels.
        boxes: largest number of boxes drawn over the image, at most 5.
        box_size: largest side of a box, as a fraction of the image.
    """

    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    stretch: float = 1.0
    shear: float = 0.0
    translation: float = 0.0
    flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 1.0
    gamma: float = 1.0
    color: float = 1.0
    noise: float = 0.0
    salt_pepper: float = 0.0
    blur: float = 0.0
    boxes: int = 0
    box_size: float = 0.0


NONE = Strengths()
DEFAULT = Strengths(
    rotation=25.0,
    scale=(0.8, 1.25),
    stretch=1.1,
    shear=8.0,
    translation=0.1,
    brightness=0.2,
    contrast=1.6,
    gamma=1.5,
    color=1.2,
    noise=0.08,
    salt_pepper=0.02,
    blur=0.3,
    boxes=4,
    box_size=0.2,
)
TOPDOWN = replace(DEFAULT, rotation=180.0)
DLC = Strengths(
    rotation=25.0,
    scale=(0.85, 1.15),
    translation=0.15,
    brightness=0.2,
    contrast=1.6,
    noise=0.05,
    salt_pepper=0.02,
    blur=0.5,
    boxes=4,
    box_size=0.1,
)
PRESETS = {"none": NONE, "default": DEFAULT, "topdown": TOPDOWN, "dlc": DLC}


@dataclass(frozen=True)
class AugmentOptions:
    """A preset of augmentation, and what to change of it.

    Attributes:
        preset: "default"; "dlc", with milder geometry; "topdown", of any rotation; or "none".
        rotation: this and all that follow are as in `Strengths`; null takes the preset's value.
        scale: see `Strengths`.
        stretch: see `Strengths`.
        shear: see `Strengths`.
        translation: see `Strengths`.
        flip: see `Strengths`.
        brightness: see `Strengths`.
        contrast: see `Strengths`.
        gamma: see `Strengths`.
        color: see `Strengths`.
        noise: see `Strengths`.
        salt_pepper: see `Strengths`.
        blur: see `Strengths`.
        boxes: see `Strengths`.
        box_size: see `Strengths`.
    """

    preset: Literal["default", "dlc", "topdown", "none"] = "default"
    rotation: float | None = None
    scale: tuple[float, float] | None = None
    stretch: float | None = None
    shear: float | None = None
    translation: float | None = None
    flip: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    gamma: float | None = None
    color: float | None = None
    noise: float | None = None
    salt_pepper: float | None = None
    blur: float | None = None
    boxes: int | None = None
    box_size: float | None = None

    def strengths(self) -> Strengths:
        """Give the preset with the changes."""
        given = {one.name: getattr(self, one.name) for one in fields(Strengths)}
        changes = {name: value for name, value in given.items() if value is not None}
        return replace(PRESETS[self.preset], **changes)
