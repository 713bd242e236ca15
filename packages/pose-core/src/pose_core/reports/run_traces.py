"""What of a comparison is traced: points, confidence and spread of every source of every video."""

from collections.abc import Sequence

from pose_core.diagnostics.measures import CONFIDENCE, DEVIATION, SPREAD
from pose_core.reports.compared import Comparison, Subject
from pose_core.reports.palette import INK
from pose_core.reports.traces import Panel, Recording

ENSEMBLE = "ensemble"
"""The line that tells how far the members are apart."""


def recordings(compared: Comparison, keypoints: Sequence[str]) -> list[Recording]:
    """Choose what is traced: x, y, confidence and spread, of every source of every video."""
    found = []
    for video in compared.videos:
        names = video.keypoints
        chosen = [k for k, name in enumerate(names) if name in (keypoints or names)]
        frames = len(next(iter(video.tracks.sources.values())))
        if frames and chosen:
            kept = tuple(names[k] for k in chosen)
            found.append(Recording(video.tracks.subject, frames, kept, _panels(video, chosen)))
    return found


def _panels(video: Subject, chosen: list[int]) -> tuple[Panel, ...]:
    """Give the panels of a video."""
    sources = video.tracks.sources
    spread = {name: value[:, chosen] for name, value in video.values(DEVIATION).items()}
    if of_all := list(video.values(SPREAD).values()):
        spread[ENSEMBLE] = of_all[0][:, chosen]
    points = {name: one.keypoints[:, chosen] for name, one in sources.items()}
    confidence = {n: value[:, chosen] for n, value in video.values(CONFIDENCE).items()}
    return (
        Panel("x", "px", {name: value[..., 0] for name, value in points.items()}),
        Panel("y", "px", {name: value[..., 1] for name, value in points.items()}),
        Panel("confidence", "", confidence, (0.0, 1.05)),
        Panel("spread", "px", spread),
    )


def line_colours(compared: Comparison) -> dict[str, int]:
    """Give the colours of sources, and of what belongs to all of them."""
    return {**compared.colours, ENSEMBLE: INK}
