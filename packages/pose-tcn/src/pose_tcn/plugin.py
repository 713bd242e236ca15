"""What pose-tcn gives to pose-core. Nothing heavy is imported here."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pose_core.hookspecs import Head, hookimpl
from pose_tcn.options import ContextOptions

if TYPE_CHECKING:
    from torch import nn


@hookimpl
def pose_heads() -> Iterable[Head]:
    """The temporal context head."""
    yield Head(name="context", build=build_context_head, options=ContextOptions)


def build_context_head(
    options: ContextOptions, channels: int, stride: int, keypoints: int
) -> "nn.Module":
    """Build the head `context`."""
    from pose_tcn import head

    return head.build_context_head(options, channels, stride, keypoints)
