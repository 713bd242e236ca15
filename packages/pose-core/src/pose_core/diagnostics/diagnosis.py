"""Everything that can be said of gathered tracks, written to a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pose_core.diagnostics.calibration import (
    CALIBRATION,
    RELIABILITY,
    CalibrationRow,
    ReliabilityRow,
    calibrate,
)
from pose_core.diagnostics.fractions import CURVES, CurvePoint, curves, fraction_of
from pose_core.diagnostics.gathering import training_labels
from pose_core.diagnostics.groups import GROUPS, GroupRow, by_group, group_of, units_of
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import ERROR, measure, units_of_measures
from pose_core.diagnostics.notices import Say, once, warn
from pose_core.diagnostics.outliers import OUTLIERS, Detection, detect_outliers
from pose_core.diagnostics.summary import SUMMARY, Row, summarise
from pose_core.diagnostics.tables import write_measured, write_rows
from pose_core.diagnostics.thresholds import choose_thresholds, length_of
from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import ConfigError, PoseError
from pose_core.labels import Labels
from pose_core.options import suggest
from pose_core.plugins import Plugins


@dataclass(frozen=True)
class Wishes:
    """What a user wants to know in particular.

    Attributes:
        thresholds: of violations, by measure.
        reference: two keypoints whose distance is the unit of normalised errors.
        groups: of each labeled frame; None groups by video.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    reference: tuple[str, str] | None = None
    groups: Mapping[str, str] | None = None


@dataclass
class Diagnosis:
    """What was found, in the rows of the files it is written to.

    Attributes:
        thresholds: by measure.
        summary: of `summary.csv`.
        outliers: of `outliers.csv`.
        calibration: of `calibration.csv`.
        reliability: of `reliability.csv`.
        groups: of `groups.csv`.
        curves: of `curves.csv`, where runs were trained on different shares of the frames.
        tables: of each source and subject.
    """

    thresholds: dict[str, float]
    summary: list[Row] = field(default_factory=list)
    outliers: list[Detection] = field(default_factory=list)
    calibration: list[CalibrationRow] = field(default_factory=list)
    reliability: list[ReliabilityRow] = field(default_factory=list)
    groups: list[GroupRow] = field(default_factory=list)
    curves: list[CurvePoint] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)


def diagnose(
    found: Sequence[Tracks],
    plugins: Plugins,
    output: Path,
    wishes: Wishes | None = None,
    say: Say = warn,
) -> Diagnosis:
    """Measure tracks, and write a table per source and subject and what sums them up.

    Args:
        found: as `gather` gives them.
        plugins: where metrics are.
        output: folder to write to.
        wishes: thresholds, reference and groups.
        say: hears what is left out, each line once.

    Raises:
        ConfigError: for a measure or keypoint that does not exist.
        PoseError: if a file cannot be written.
    """
    wishes, say, training = wishes or Wishes(), once(say), training_labels(found)
    units = units_of_measures(plugins)
    diagnosis = Diagnosis(choose_thresholds(units, length_of(found, say), wishes.thresholds))
    for tracks in found:
        pair = reference_of(tracks, wishes.reference)
        measured = measure(tracks, plugins, training, say)
        for one in measured:
            diagnosis.tables.append(write_measured(output, one))
            diagnosis.summary += summarise(one, diagnosis.thresholds)
        if tracks.truth is not None:
            judge(diagnosis, measured, tracks.truth)
            divide(diagnosis, measured, tracks.truth, pair, wishes.groups, say)
    write_all(output, diagnosis)
    return diagnosis


def judge(diagnosis: Diagnosis, measured: Sequence[Measured], truth: Labels) -> None:
    """Add how well measures find outliers, and how reliable confidences are."""
    threshold = diagnosis.thresholds.get(ERROR, float("nan"))
    for one in measured:
        diagnosis.outliers += detect_outliers(one, threshold)
        rows, bins = calibrate(one, threshold)
        diagnosis.calibration += rows
        diagnosis.reliability += bins


def divide(
    diagnosis: Diagnosis,
    measured: Sequence[Measured],
    truth: Labels,
    reference: tuple[int, int] | None,
    given: Mapping[str, str] | None,
    say: Say,
) -> None:
    """Add errors by group, and by the share of frames trained on where it differs."""
    try:
        groups = group_of(truth.frames, given)
    except PoseError as error:
        say(f"{error}; errors by group are left out")
        return
    units = units_of(truth, groups, reference)
    for one in measured:
        diagnosis.groups += by_group(one, groups, units)
    fractions = {one.source: fraction_of(one, groups) for one in measured}
    if len(set(fractions.values())) > 1:
        diagnosis.curves += curves(fractions, diagnosis.groups)


def reference_of(tracks: Tracks, names: tuple[str, str] | None) -> tuple[int, int] | None:
    """Find two keypoints by name.

    Raises:
        ConfigError: if there is none of a name.
    """
    if names is None:
        return None
    known = next(iter(tracks.sources.values())).skeleton.names
    for name in names:
        if name not in known:
            raise ConfigError(f"--reference: no keypoint {name!r}; {suggest(name, known)}")
    return known.index(names[0]), known.index(names[1])


def write_all(output: Path, diagnosis: Diagnosis) -> None:
    """Write the rows of a diagnosis."""
    write_rows(output / SUMMARY, Row, diagnosis.summary)
    write_rows(output / OUTLIERS, Detection, diagnosis.outliers)
    write_rows(output / CALIBRATION, CalibrationRow, diagnosis.calibration)
    write_rows(output / RELIABILITY, ReliabilityRow, diagnosis.reliability)
    write_rows(output / GROUPS, GroupRow, diagnosis.groups)
    write_rows(output / CURVES, CurvePoint, diagnosis.curves)
