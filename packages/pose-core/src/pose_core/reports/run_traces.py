"""What of a comparison is traced: points, confidence and spread of every source of every video."""

from collections.abc import Sequence

from pose_core.diagnostics.measures import CONFIDENCE, DEVIATION, SPREAD
from pose_core.reports.compared import Comparison, Subject
from pose_core.reports.palette import INK
from pose_core.reports.traces import Panel, Recording

SPREAD_PANEL, DEVIATION_PANEL = "spread of members", "posterior deviation of smoothers"
EXPLAINED = (
    "Spread of members: how far the networks of an ensemble lie apart (root mean square). "
    "Posterior deviation of smoothers: how far off a smoother takes itself to be."
)
"""What the panels show whose names do not say it."""


def recordings(compared: Comparison, keypoints: Sequence[str]) -> list[Recording]:
    """Choose what is traced of every video.

    That is x, y, confidence and its own deviation of every source, and the spread of every
    ensemble.
    """
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
    sources, spreads = video.tracks.sources, video.values(SPREAD)
    spread = {
        line_of(ensemble): spreads[family.members[0]][:, chosen]
        for ensemble, family in video.tracks.families.items()
        if len(family.members) > 1
    }
    deviation = {name: value[:, chosen] for name, value in video.values(DEVIATION).items()}
    points = {name: one.keypoints[:, chosen] for name, one in sources.items()}
    confidence = {n: value[:, chosen] for n, value in video.values(CONFIDENCE).items()}
    return (
        Panel("x", "px", {name: value[..., 0] for name, value in points.items()}),
        Panel("y", "px", {name: value[..., 1] for name, value in points.items()}),
        Panel("confidence", "", confidence, (0.0, 1.05)),
        Panel(SPREAD_PANEL, "px", spread),
        Panel(DEVIATION_PANEL, "px", deviation),
    )


def line_of(ensemble: str) -> str:
    """Name the line of an ensemble, so that it is no source's."""
    return f"{ensemble} (ensemble)" if ensemble else "ensemble"


def line_colours(compared: Comparison) -> dict[str, int]:
    """Give the colours of sources, and of what belongs to the members of an ensemble together."""
    ensembles = dict.fromkeys(
        name
        for one in compared.videos
        for name, family in one.tracks.families.items()
        if len(family.members) > 1
    )
    return compared.colours | {line_of(name): INK - n for n, name in enumerate(ensembles)}
