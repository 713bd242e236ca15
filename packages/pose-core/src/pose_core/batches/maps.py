"""Uniform numbers to affine maps: what each geometric operation does to points."""

import math
from functools import singledispatch

import torch
from jaxtyping import Float
from torch import Tensor

from pose_core.batches.geometry import Affine, compose
from pose_core.batches.operations import (
    Crop,
    Flip,
    Geometric,
    Rotation,
    Scale,
    Shear,
    Stretch,
    Translation,
)

Numbers = Float[Tensor, "batch numbers"]
Size = tuple[int, int]


def identity(batch: int) -> Affine:
    """Give maps that move nothing."""
    return torch.eye(2, 3).expand(batch, 2, 3)


def mirrored(affine: Affine) -> Tensor:
    """Say which maps give a mirror image: two flips do not."""
    a, b, c, d = affine[..., :2].flatten(-2).unbind(-1)
    return a * d < b * c


def add_map(operation: Geometric, affine: Affine, u: Numbers, size: Size) -> Affine:
    """Do an operation after a map, where the first number of a sample says that it happens."""
    happens = u[:, 0] < operation.chance
    drawn = compose(draw_map(operation, u[:, 1:], size), affine)
    return torch.where(happens[:, None, None], drawn, affine)


@singledispatch
def draw_map(operation: Geometric, u: Numbers, size: Size) -> Affine:
    """Turn uniform numbers into maps of an operation, for images of (height, width)."""
    raise NotImplementedError(type(operation))


@draw_map.register
def _(operation: Rotation, u: Numbers, size: Size) -> Affine:
    angle = either_way(u[:, 0], math.radians(operation.degrees))
    cos, sin = torch.cos(angle), torch.sin(angle)
    return about_centre(cos, -sin, sin, cos, size)


@draw_map.register
def _(operation: Scale, u: Numbers, size: Size) -> Affine:
    low, high = map(math.log, operation.between)
    factor = torch.exp(low + u[:, 0] * (high - low))
    return about_centre(factor, 0 * factor, 0 * factor, factor, size)


@draw_map.register
def _(operation: Stretch, u: Numbers, size: Size) -> Affine:
    factor = torch.exp(either_way(u[:, 0], math.log(operation.factor)))
    return about_centre(factor, 0 * factor, 0 * factor, 1 / factor, size)


@draw_map.register
def _(operation: Shear, u: Numbers, size: Size) -> Affine:
    slant = torch.tan(either_way(u[:, 0], math.radians(operation.degrees)))
    one = torch.ones_like(slant)
    return about_centre(one, slant, 0 * slant, one, size)


@draw_map.register
def _(operation: Flip, u: Numbers, size: Size) -> Affine:
    one = torch.ones_like(u[:, 0])
    x, y = (-one, one) if operation.axis == "x" else (one, -one)
    return about_centre(x, 0 * one, 0 * one, y, size)


@draw_map.register
def _(operation: Translation, u: Numbers, size: Size) -> Affine:
    height, width = size
    shift = either_way(u[:, :2], operation.fraction) * torch.tensor([width, height])
    return torch.cat([torch.eye(2).expand(len(u), 2, 2), shift[..., None]], dim=-1)


@draw_map.register
def _(operation: Crop, u: Numbers, size: Size) -> Affine:
    # borders at `first` and 1 - `last` of the old image become those of the new one
    height, width = size
    first, last = either_way(u[:, :4], operation.fraction).split(2, dim=1)
    factor = 1 / (1 - first - last)
    shift = (0.5 - first * torch.tensor([width, height])) * factor - 0.5
    return torch.cat([torch.diag_embed(factor), shift[..., None]], dim=-1)


def either_way(u: Tensor, largest: float) -> Tensor:
    """Turn numbers in 0..1 into ones up to some bound either way."""
    return (2 * u - 1) * largest


def about_centre(a: Tensor, b: Tensor, c: Tensor, d: Tensor, size: Size) -> Affine:
    """Give the maps [[a, b], [c, d]] that leave the image's centre where it is."""
    height, width = size
    x, y = (width - 1) / 2, (height - 1) / 2
    shift_x, shift_y = x - (a * x + b * y), y - (c * x + d * y)
    return torch.stack([a, b, shift_x, c, d, shift_y], dim=-1).unflatten(-1, (2, 3))
