"""What a page about runs shows: their files, and what their predictions and smoothers' measure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pose_core.diagnostics.candidates import leaves
from pose_core.diagnostics.gathering import gather, training_labels
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import (
    CONFIDENCE,
    DEVIATION,
    DIFFERENCE,
    ERROR,
    SPREAD,
    measure,
)
from pose_core.diagnostics.naming import unique_names
from pose_core.diagnostics.notices import Say, warn
from pose_core.diagnostics.thresholds import LEAST_CONFIDENCE, choose_thresholds, length_of
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.errors import FormatError, PoseError
from pose_core.plugins import Plugins
from pose_core.reports.demo_results import read_curves
from pose_core.reports.palette import OKABE_ITO
from pose_core.reports.plots import DASHES
from pose_core.run_folder import METRICS, STATUS, present, read, read_config

SETS = {"test": "test", "validation": "validation", "train": "training"}
"""Sets of labeled frames as people call them, those first that tell most of new frames."""

NO_RULES = frozenset({ERROR, CONFIDENCE, SPREAD, DEVIATION, DIFFERENCE})
"""Measures that do not tell one source from another, or need labels."""

LETTERS = frozenset({"js", "kl", "mse", "pca"})
"""Parts of names that are read letter by letter."""


@dataclass(frozen=True, eq=False)
class RunFiles:
    """What a run left beside its predictions.

    Attributes:
        name: of the run.
        options: dotted names to values, as resolved.
        curves: columns of its `metrics.csv`, one value per epoch; empty where there is none.
        kept: which weights were kept and why, "" where it is not said.
    """

    name: str
    options: Mapping[str, Any]
    curves: Mapping[str, np.ndarray]
    kept: str = ""


def read_run(name: str, folder: Path, say: Say) -> RunFiles:
    """Read the files of a run; what is not there or damaged is said and left out."""

    def tried(what: Any) -> Any:
        try:
            return what()
        except PoseError as error:
            say(str(error))
            return {}

    options = leaves(tried(lambda: read_config(folder)))
    curves = tried(lambda: read_curves(present(folder / METRICS)))
    status = tried(lambda: read(folder / STATUS, json.loads))
    kept = status.get("kept") if isinstance(status, dict) else None
    return RunFiles(name, options, curves, str(kept.get("why", "")) if kept else "")


@dataclass(frozen=True, eq=False)
class Subject:
    """The labeled frames or a video: its tracks, and what is measured of each source.

    Attributes:
        tracks: predictions, by source.
        measured: of every source that is in `tracks`, by its name.
    """

    tracks: Tracks
    measured: Mapping[str, Measured]

    @classmethod
    def of(cls, tracks: Tracks, measured: Sequence[Measured]) -> "Subject":
        """Join tracks with what was measured of them."""
        return cls(tracks, {one.source: one for one in measured})

    @property
    def keypoints(self) -> tuple[str, ...]:
        """Names, in the order of the arrays."""
        return next(iter(self.measured.values())).keypoints

    def values(self, measure: str) -> dict[str, np.ndarray]:
        """Give a measure (frames, keypoints) of the sources that have it."""
        return {n: m.values[measure] for n, m in self.measured.items() if measure in m.values}

    def unit(self, measure: str) -> str:
        """Give the unit of a measure, "" for none."""
        return next((m.units.get(measure, "") for m in self.measured.values()), "")


@dataclass(frozen=True, eq=False)
class Comparison:
    """All that a page shows.

    Attributes:
        runs: in the order in which they were named.
        subjects: the labeled frames first, where they are known, then videos.
        rules: measures of tracks that nobody labeled, with the threshold above which a point breaks
            the rule.
        notes: what was odd or left out, one line each.
        least: confidence below which a point is in doubt.
    """

    runs: tuple[RunFiles, ...]
    subjects: tuple[Subject, ...]
    rules: Mapping[str, float]
    notes: tuple[str, ...] = ()
    least: float = LEAST_CONFIDENCE

    @property
    def labeled(self) -> Subject | None:
        """The labeled frames, if their errors are known."""
        found = [one for one in self.subjects if one.tracks.subject == LABELS]
        return next((one for one in found if one.values(ERROR)), None)

    @property
    def videos(self) -> tuple[Subject, ...]:
        """The videos."""
        return tuple(one for one in self.subjects if one.tracks.subject != LABELS)

    @property
    def colours(self) -> dict[str, int]:
        """Give the number of the colour of each run and smoother, the same all over the page.

        Of more sources than colours, each ensemble begins with the first colour, in dashes of its
        own. The order is that in which they are listed: by ensemble.
        """
        families = list(self.sources.values())
        blocks = [-(-len(names) // len(OKABE_ITO)) for names in families]
        apart = sum(map(len, families)) > len(OKABE_ITO) and sum(blocks) <= len(DASHES)
        found: dict[str, int] = {}
        for number, names in enumerate(families):
            start = len(OKABE_ITO) * sum(blocks[:number]) if apart else len(found)
            found |= {name: start + place for place, name in enumerate(names)}
        return found

    @property
    def sources(self) -> dict[str, list[str]]:
        """List the runs and smoothers of each ensemble by its name, members first."""
        ensembles = {n: e for one in self.subjects for n, e in one.tracks.ensembles.items()}
        named = [run.name for run in self.runs]
        members = [n for one in self.subjects for n in one.tracks.members]
        every = [n for one in self.subjects for n in one.measured]
        found: dict[str, list[str]] = {}
        for name in dict.fromkeys([*named, *members, *every]):
            found.setdefault(ensembles.get(name, ""), []).append(name)
        return found


def rows_of(subject: Subject, name: str) -> np.ndarray:
    """List the labeled frames of a set."""
    sets = subject.tracks.sets or ()
    return np.array([row for row, one in enumerate(sets) if one == name], int)


def compare(
    runs: Sequence[Path],
    plugins: Plugins,
    folders: Sequence[Path] = (),
    project: Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    say: Say = warn,
) -> Comparison:
    """Gather what runs and smoothers predicted, and measure it.

    Args:
        runs: folders of finished runs.
        plugins: where formats and metrics are.
        folders: with further tables of videos.
        project: where the project of the runs is now, if it moved.
        thresholds: by measure; those of others are a share of the length of the body.
        say: hears what is left out, and why.

    Raises:
        ConfigError: for a threshold of a measure that there is not.
        FormatError: if there is nothing to show: no predictions and no curves.
    """
    names = unique_names(runs)
    files = tuple(read_run(name, folder, say) for name, folder in names.items())
    gathered = gather(runs, plugins, folders, project, say)
    training = training_labels(gathered)
    subjects = [Subject.of(one, measure(one, plugins, training, say)) for one in gathered]
    if not subjects and not any(run.curves for run in files):
        raise FormatError(f"{runs[0]}: has no predictions and no metrics.csv; run pose evaluate")
    measured = [one for subject in subjects for one in subject.measured.values()]
    units = {name: unit for one in measured for name, unit in one.units.items()}
    limits = choose_thresholds(units, length_of(gathered, say), thresholds or {})
    rules = {name: limit for name, limit in limits.items() if name not in NO_RULES}
    return Comparison(files, tuple(subjects), rules, least=limits[CONFIDENCE])


def words(measure: str) -> str:
    """Write the name of a measure or loss for people."""
    return " ".join(one.upper() if one in LETTERS else one for one in measure.split("_"))


def capital(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]
