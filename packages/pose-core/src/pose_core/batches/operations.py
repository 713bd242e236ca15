"""What augmentation can do, one dataclass for each operation. No torch.

The first field of each is its strength, which a config may give in place of a mapping:
`rotation: 10` is `rotation: {degrees: 10}`. `chance` is the share of the samples it happens to.
"""

import math
from dataclasses import dataclass, fields
from typing import Literal


class Operation:
    """One way to vary images. Bounds hold either way; factors are drawn on a log scale.

    Raises:
        ValueError: for a number that is negative or not finite, or a chance above 1.
    """

    chance: float

    def __post_init__(self) -> None:
        for one in fields(self):  # type: ignore[arg-type]  # what derives from this is a dataclass
            value = getattr(self, one.name)
            for number in value if isinstance(value, tuple) else [value]:
                if isinstance(number, float | int) and not 0 <= number < math.inf:
                    raise ValueError(f"{one.name} is {number}; give 0 or more")
        refuse_above(self.chance, 1, "chance")
        if getattr(self, "factor", 1) < 1:
            raise ValueError(f"factor is {self.factor}; give 1 or more")  # type: ignore[attr-defined]


class Geometric(Operation):
    """An affine map of the image about its centre."""


class Pixelwise(Operation):
    """A change of pixel values that leaves points where they are."""


def refuse_above(value: float, limit: float, name: str) -> None:
    """Raise ValueError for a value beyond its limit."""
    if value > limit:
        raise ValueError(f"{name} is {value}; give {limit} at most")


@dataclass(frozen=True)
class Rotation(Geometric):
    """Turn the image, by up to `degrees`."""

    degrees: float = 25.0
    chance: float = 1.0


@dataclass(frozen=True)
class Scale(Geometric):
    """Scale the image, by a factor `between` two."""

    between: tuple[float, float] = (0.8, 1.25)
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.between[0] <= self.between[1]:
            raise ValueError(f"between is {list(self.between)}; give [smallest, largest] above 0")


@dataclass(frozen=True)
class Stretch(Geometric):
    """Scale one axis up by up to `factor` and the other down."""

    factor: float = 1.1
    chance: float = 1.0


@dataclass(frozen=True)
class Shear(Geometric):
    """Slant the image, by up to `degrees`."""

    degrees: float = 8.0
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.degrees, 80, "degrees")


@dataclass(frozen=True)
class Translation(Geometric):
    """Shift the image along each axis, by up to a `fraction` of its size."""

    fraction: float = 0.1
    chance: float = 1.0


@dataclass(frozen=True)
class Flip(Geometric):
    """Mirror the image left to right (`axis` x) or top to bottom (y); symmetric keypoints swap."""

    chance: float = 0.5
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Crop(Geometric):
    """Move each border in or out (padding black) by up to a `fraction`, and stretch to the size."""

    fraction: float = 0.15
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.fraction, 0.45, "fraction")


@dataclass(frozen=True)
class Elastic(Operation):
    """Bend labeled frames (clips stay, for their losses need an affine map).

    Control points of a cubic B-spline, `cells` to a side, move by up to `shift` times the image's
    shorter side. The product of both is limited so that nothing folds: the bend has an inverse.
    """

    shift: float = 0.015
    cells: int = 6
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shift * self.cells > 0.15 + 1e-9:
            raise ValueError(
                f"shift {self.shift} times cells {self.cells} is above 0.15 and could fold the "
                "image; give less of one"
            )


@dataclass(frozen=True)
class Brightness(Pixelwise):
    """Add up to `amount` to pixels in 0..1."""

    amount: float = 0.2
    chance: float = 1.0


@dataclass(frozen=True)
class Gain(Pixelwise):
    """Multiply pixels, by up to `factor` or its inverse."""

    factor: float = 1.3
    chance: float = 1.0


@dataclass(frozen=True)
class Contrast(Pixelwise):
    """Multiply the distance to the sample's mean, by up to `factor` or its inverse."""

    factor: float = 1.6
    chance: float = 1.0


@dataclass(frozen=True)
class Gamma(Pixelwise):
    """Raise pixels in 0..1 to an exponent of up to `factor` or its inverse."""

    factor: float = 1.5
    chance: float = 1.0


@dataclass(frozen=True)
class Color(Pixelwise):
    """Multiply each colour channel by its own factor, of up to `factor` or its inverse."""

    factor: float = 1.2
    chance: float = 1.0


@dataclass(frozen=True)
class Equalize(Pixelwise):
    """Spread the histogram of the brightness evenly; colours keep their distance to grey."""

    chance: float = 0.1


@dataclass(frozen=True)
class Clahe(Pixelwise):
    """Equalise in `tiles` x `tiles` parts, no grey level more than `clip` times its even share."""

    chance: float = 0.1
    clip: float = 4.0
    tiles: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tiles < 1 or self.clip < 1:
            raise ValueError(f"tiles {self.tiles} and clip {self.clip}: give 1 or more")


@dataclass(frozen=True)
class Emboss(Pixelwise):
    """Blend in a relief, up to a share `alpha`, of a strength `between` two."""

    alpha: float = 0.5
    between: tuple[float, float] = (0.5, 1.5)
    chance: float = 0.1


@dataclass(frozen=True)
class Noise(Pixelwise):
    """Add Gaussian noise of up to `deviation`, for pixels in 0..1; each frame its own.

    A share `by_channel` of the samples has colourful noise, the others grey, as cameras without
    colour have.
    """

    deviation: float = 0.08
    by_channel: float = 0.5
    chance: float = 1.0


@dataclass(frozen=True)
class SaltPepper(Pixelwise):
    """Make up to a `fraction` of the image black or white, in squares of `grain` pixels."""

    fraction: float = 0.02
    grain: int = 1
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.fraction, 1, "fraction")
        refuse_no_grain(self.grain)


@dataclass(frozen=True)
class Dropout(Pixelwise):
    """Make up to a `fraction` of the image black, in squares of `grain` pixels.

    The channels drop out each for itself in a share `by_channel` of the samples.
    """

    fraction: float = 0.02
    grain: int = 4
    by_channel: float = 0.5
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.fraction, 1, "fraction")
        refuse_no_grain(self.grain)


def refuse_no_grain(grain: int) -> None:
    """Raise ValueError for squares without a side."""
    if grain < 1:
        raise ValueError(f"grain is {grain}; give 1 pixel or more")


@dataclass(frozen=True)
class Blur(Pixelwise):
    """Smear the image along a line of any direction, of up to `length` pixels."""

    chance: float = 0.3
    length: int = 9

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length < 1:
            raise ValueError(f"length is {self.length}; give 1 pixel or more")


@dataclass(frozen=True)
class Boxes(Pixelwise):
    """Draw up to `count` plain boxes, sides up to `size` times the image's."""

    count: int = 4
    size: float = 0.2
    chance: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.count, 6, "count")


@dataclass(frozen=True)
class Hide(Pixelwise):
    """Draw a plain box over labeled points, in the labeled frame alone: neighbours show them still.

    The label stays, so that a network with context learns to look there. `points` of a frame are
    hidden, by boxes with sides up to `size` times the image's.
    """

    chance: float = 0.5
    size: float = 0.15
    points: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_above(self.points, 4, "points")


OPERATIONS: dict[str, type[Operation]] = {
    "flip": Flip,
    "crop": Crop,
    "shear": Shear,
    "stretch": Stretch,
    "scale": Scale,
    "rotation": Rotation,
    "translation": Translation,
    "elastic": Elastic,
    "boxes": Boxes,
    "hide": Hide,
    "dropout": Dropout,
    "gamma": Gamma,
    "contrast": Contrast,
    "color": Color,
    "gain": Gain,
    "brightness": Brightness,
    "equalize": Equalize,
    "clahe": Clahe,
    "emboss": Emboss,
    "blur": Blur,
    "noise": Noise,
    "salt_pepper": SaltPepper,
}
"""Every operation by its name, in the order in which presets apply them."""
