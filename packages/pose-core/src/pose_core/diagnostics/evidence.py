"""What tells runs apart: numbers of frames and clips that none of them was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pose_core.diagnostics.candidates import Member
from pose_core.diagnostics.gathering import training_labels
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import (
    CONFIDENCE,
    DEVIATION,
    DIFFERENCE,
    ERROR,
    SPREAD,
    measure,
)
from pose_core.diagnostics.noise import mean_of
from pose_core.diagnostics.notices import Say
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.diagnostics.unsure import unsure
from pose_core.errors import FormatError
from pose_core.plugins import Plugins
from pose_core.wording import count_of

NOT_JUDGED = frozenset({"error", "gate", "loss", "noise"})
"""What validation finds beside the losses of held-out clips."""
NO_VIOLATIONS = frozenset({CONFIDENCE, ERROR, SPREAD, DEVIATION, DIFFERENCE})
"""Measures that are no constraint on a single run's tracks."""

Numbers = dict[str, float]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of each run.

    Attributes:
        diagnostics: by run, then by name; smaller is better.
        errors: by run, pixel errors (frames, keypoints) of the validation frames; empty where the
            truth is not known.
        unsure: share of points below the least confidence, of runs where it is nearly all.
        least: that confidence.
    """

    diagnostics: Mapping[str, Mapping[str, float]]
    errors: Mapping[str, np.ndarray]
    unsure: Mapping[str, float] = field(default_factory=dict)
    least: float = 0.0


def weigh(
    members: Mapping[str, Member],
    found: Sequence[Tracks],
    plugins: Plugins,
    limits: Mapping[str, float],
    say: Say,
) -> Evidence:
    """Measure runs on validation frames, held-out clips, and videos that all have predicted.

    The pixel error is the mean over the validation frames that all runs have in common; a violation
    is the mean of what is above its tolerance. Of videos all points count alike.

    Args:
        members: runs by name.
        found: what they predicted.
        plugins: where metrics are.
        limits: tolerances by measure.
        say: hears what is left out.

    Raises:
        FormatError: if runs have no validation frame in common.
    """
    training = training_labels(found)
    of_labels, of_videos, every = [], [], []
    for tracks in found:
        own = [one for one in measure(tracks, plugins, training, say) if one.source in members]
        every += own
        if tracks.subject == LABELS:
            of_labels = common_frames(own, say)
        elif len(own) == len(members):
            of_videos += own
        else:
            say(f"{tracks.subject}: not all runs have predicted it; it is not compared")
    errors = {one.source: one.values[ERROR] for one in of_labels if ERROR in one.values}
    clips = clip_losses(members, say)
    diagnostics = {
        name: pixel_error_of(name, errors, members)
        | excess([one for one in of_labels if one.source == name], limits, "labels")
        | clips[name]
        | excess([one for one in of_videos if one.source == name], limits, "videos")
        for name in members
    }
    least = limits[CONFIDENCE]
    return Evidence(in_common(diagnostics), errors, unsure(every, least), least)


def common_frames(measured: Sequence[Measured], say: Say) -> list[Measured]:
    """Keep the frames that all runs validate on; nothing where none validates.

    Raises:
        FormatError: if they validate on frames that differ in all.
    """
    of_runs = [np.array(one.sets) == "validation" for one in measured]
    if not any(own.any() for own in of_runs):
        return []
    common = np.flatnonzero(np.all(of_runs, axis=0))
    advice = "train all with one split=PATH"
    if not len(common):
        raise FormatError(f"{measured[0].source}: shares no validation frame with others; {advice}")
    if any(own.sum() > len(common) for own in of_runs):
        shared = count_of(len(common), "common frame")
        say(f"runs have different splits: compared on the {shared}; {advice}")
    return [one.select(common) for one in measured]


def pixel_error_of(
    name: str, errors: Mapping[str, np.ndarray], members: Mapping[str, Member]
) -> Numbers:
    """Give the mean pixel error of a run: as measured, or as its validation said.

    The latter only where all runs were validated on the same frames.
    """
    if errors:
        return {ERROR: mean_of(errors[name][None])}
    same = len({member.split for member in members.values()}) == 1
    return {ERROR: members[name].error} if same else {}


def excess(measured: Sequence[Measured], limits: Mapping[str, float], of: str) -> Numbers:
    """Give the mean of what violates each tolerance, over all points of a run.

    Args:
        measured: of the run.
        limits: tolerances by measure; what is below counts as 0.
        of: what it was measured of.

    Source: Lightning Pose, equation 5.
    """
    found = {}
    for name in dict.fromkeys(name for one in measured for name in one.values):
        values = [one.values[name].ravel() for one in measured if name in one.values]
        known = np.concatenate(values)
        known = known[np.isfinite(known)]
        if len(known) and name not in NO_VIOLATIONS:
            found[f"{name} of {of}"] = float(np.maximum(known - limits.get(name, 0.0), 0).mean())
    return found


def clip_losses(members: Mapping[str, Member], say: Say) -> dict[str, Numbers]:
    """Give the losses of held-out clips that all runs were validated on, with the same options.

    A loss of other options, such as another epsilon, is another number; its weight does not count.
    """
    found: dict[str, Numbers] = {name: {} for name in members}
    names = dict.fromkeys(key for member in members.values() for key in member.found)
    for key in names:
        loss = key.removeprefix("validation_")
        if loss in NOT_JUDGED or any(key not in member.found for member in members.values()):
            continue
        if len({repr(options_of(loss, member)) for member in members.values()}) > 1:
            say(f"{loss} of held-out clips: runs have different options of it; it is not compared")
            continue
        for name, member in members.items():
            found[name][f"{loss} of clips"] = member.found[key]
    return found


def options_of(loss: str, member: Member) -> list[tuple[str, object]]:
    """Give the options of a loss, trained or watched, without its weight."""
    prefixes = (f"losses.{loss}.", f"unlabeled.watch.{loss}.")
    own = [
        (option.removeprefix(prefix), value)
        for prefix in prefixes
        for option, value in member.options.items()
        if option.startswith(prefix)
    ]
    return sorted((option, value) for option, value in own if option != "weight")


def in_common(diagnostics: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Keep the diagnostics that are known of all runs."""
    first, *others = diagnostics.values()
    names = [n for n in first if all(np.isfinite(one.get(n, np.nan)) for one in (first, *others))]
    return {run: {name: own[name] for name in names} for run, own in diagnostics.items()}
