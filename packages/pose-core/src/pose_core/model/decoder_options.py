"""What a config can set for the decoders of `pose_core.model.decoders`. Imports no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SoftArgmaxOptions:
    """Options of `soft_argmax`.

    Attributes:
        temperature: of the softmax that sharpens a map; the higher, the nearer to the maximum.
        radius: confidence is the mass this many pixels to each side of the point.
        window: side of the first window, in heatmap cells; wider ones and the whole map follow
            where it is not enough.
    """

    temperature: float = 1000.0
    radius: float = 2.0
    window: int = 13

    def __post_init__(self) -> None:
        refuse_unless_positive(self.temperature, "temperature")
        refuse_unless_positive(self.radius, "radius")
        if self.window < 5:
            raise ValueError(f"window is {self.window}; a peak needs at least 5 cells")


@dataclass(frozen=True)
class SoftArgmaxFullOptions:
    """Options of `soft_argmax_full`.

    Attributes:
        temperature: of the softmax that sharpens a map; the higher, the nearer to the maximum.
        radius: confidence is the mass this many pixels to each side of the point.
    """

    temperature: float = 1000.0
    radius: float = 2.0

    def __post_init__(self) -> None:
        refuse_unless_positive(self.temperature, "temperature")
        refuse_unless_positive(self.radius, "radius")


@dataclass(frozen=True)
class ArgmaxOptions:
    """Options of `argmax`.

    Attributes:
        reach: confidence is the map's mass this many cells to each side of its maximum.
    """

    reach: int = 2

    def __post_init__(self) -> None:
        if self.reach < 0:
            raise ValueError(f"reach is {self.reach}; give 0 or more cells")


def refuse_unless_positive(value: float, name: str) -> None:
    """Raise ValueError for what cannot be."""
    if not value > 0:
        raise ValueError(f"{name} is {value}; give a number above 0")
