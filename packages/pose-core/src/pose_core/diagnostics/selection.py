"""Which of several runs to use, by what is known of frames that none of them was trained on.

Source: Biderman, Whiteway et al., Lightning Pose, section 5.6.2: the setting that is best in the
majority of the diagnostics, errors below a tolerance ignored. Here a setting is eligible only if
its pixel error is not much larger than the smallest, or by no more than chance: a loss falls with
its own weight, whether or not the poses get better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_core.diagnostics.candidates import Member, differing, read_member, settings
from pose_core.diagnostics.evidence import Evidence, weigh
from pose_core.diagnostics.gathering import gather
from pose_core.diagnostics.measures import ERROR, units_of_measures
from pose_core.diagnostics.naming import unique_names
from pose_core.diagnostics.noise import differences
from pose_core.diagnostics.notices import Say, once, warn
from pose_core.diagnostics.thresholds import choose_thresholds, length_of
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.diagnostics.unsure import unsure_told
from pose_core.errors import FormatError, PoseError
from pose_core.plugins import Plugins
from pose_core.run_folder import runs_below
from pose_core.wording import count_of, enumerated

MUCH = 1.05
"""Times the smallest pixel error: what is below is not held against a setting, for another seed may
change as much."""
EQUAL = 1e-9
"""Diagnostics that differ by less, relative to themselves, are the same."""


@dataclass(frozen=True, eq=False)
class Setting:
    """Runs that differ in their seed alone.

    Attributes:
        name: of its run; of several, that of the sweep that they are, or the options that others
            have otherwise.
        runs: their names.
        diagnostics: by name, the mean over the runs; smaller is better.
        best_in: diagnostics in which no other setting is as good.
        unsure: whether one of its runs is sure of nothing, so that only its pixel error speaks for
            it where another setting is not like that.
        eligible: whether its pixel error is not much larger than the smallest, or no more than by
            chance.
        sweep: its folder, if the runs are all of a sweep.
    """

    name: str
    runs: tuple[str, ...]
    diagnostics: Mapping[str, float]
    best_in: tuple[str, ...] = ()
    eligible: bool = True
    sweep: Path | None = None
    unsure: bool = False

    @property
    def error(self) -> float:
        """Its pixel error; infinite where it is not known."""
        return self.diagnostics.get(ERROR, float("inf"))


@dataclass(frozen=True, eq=False)
class Selection:
    """Settings, the one to use first.

    Attributes:
        settings: eligible ones first, then by the diagnostics they are best in, then by error.
        members: what the runs say of themselves, by name.
        evidence: what the settings were compared by.
    """

    settings: tuple[Setting, ...]
    members: Mapping[str, Member]
    evidence: Evidence


def select(
    runs: Sequence[Path],
    plugins: Plugins,
    folders: Sequence[Path] = (),
    project: Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    say: Say = warn,
) -> Selection:
    """Compare runs on validation frames, held-out clips, and videos that all have predicted.

    Args:
        runs: folders of finished runs.
        plugins: where metrics and formats are.
        folders: with further tables of videos.
        project: where the project is now, if it moved.
        thresholds: tolerances by measure; a share of the body's length where none is given.
        say: hears what is left out, each line once.

    Raises:
        FormatError: if there are less than two runs, or nothing to compare them by.
        ConfigError: for a threshold of a measure that does not exist.
    """
    say = once(say)
    members = read_members(runs, say)
    found = gather([one.folder for one in members.values()], plugins, folders, project, say)
    members = with_labels(members, found)
    if len(members) < 2:
        given = count_of(len(members), "run")
        raise FormatError(f"{runs[0]}: {given} can be compared; give two or more")
    limits = choose_thresholds(units_of_measures(plugins), length_of(found, say), thresholds or {})
    evidence = weigh(members, found, plugins, limits, say)
    if not any(evidence.diagnostics.values()):
        raise FormatError(
            f"{runs[0]}: there are no validation frames, held-out clips or videos to compare runs "
            "by; train with data.validation above 0"
        )
    return Selection(ranked(members, evidence), members, evidence)


def read_members(runs: Sequence[Path], say: Say) -> dict[str, Member]:
    """Read what runs say of themselves, by the names that `gather` gives them."""
    found: dict[Path, Member] = {}
    for run in runs:
        try:
            found[run] = read_member(run)
        except PoseError as error:
            say(f"{error}; it is left out")
    return {name: found[path] for name, path in unique_names(list(found)).items()}


def with_labels(members: Mapping[str, Member], found: Sequence[Tracks]) -> dict[str, Member]:
    """Leave out runs whose labeled frames are not predicted, which `gather` has said."""
    labeled = [tracks.sources for tracks in found if tracks.subject == LABELS]
    return {name: one for name, one in members.items() if all(name in own for own in labeled)}


def ranked(members: Mapping[str, Member], evidence: Evidence) -> tuple[Setting, ...]:
    """Sort settings, the one to use first."""
    found = judged(settings_of(members, evidence), evidence)
    return tuple(sorted(found, key=lambda one: (not one.eligible, -len(one.best_in), one.error)))


def settings_of(members: Mapping[str, Member], evidence: Evidence) -> list[Setting]:
    """Put runs of one setting together, and say in what each is best.

    Where all runs differ in their seed alone, each is a setting of its own.
    """
    names = {one.folder: name for name, one in members.items()}
    parts = settings(members.values())
    parts = [[one] for one in members.values()] if len(parts) == 1 else parts
    options = differing([one.options for one in members.values()])
    folders = unique_names([one.folder.parent for one in members.values()])
    sweeps = {path.resolve(): name for name, path in folders.items()}
    found = []
    for part in parts:
        runs = tuple(names[one.folder] for one in part)
        several = [evidence.diagnostics[run] for run in runs]
        means = {name: float(np.mean([one[name] for one in several])) for name in several[0]}
        sweep = sweep_of([one.folder for one in part]) if len(part) > 1 else None
        name = sweeps[sweep.resolve()] if sweep else called(runs, part[0], options)
        doubted = not evidence.unsure.keys().isdisjoint(runs)
        found.append(Setting(name, runs, means, sweep=sweep, unsure=doubted))
    return [replace(one, best_in=best_in(one, found)) for one in found]


def sweep_of(runs: Sequence[Path]) -> Path | None:
    """Give the folder whose runs these are, all of them; None if there is none."""
    sweep, own = runs[0].parent, {run.resolve() for run in runs}
    return sweep if {run.resolve() for run in runs_below(sweep)} == own else None


def called(runs: Sequence[str], member: Member, options: Sequence[str]) -> str:
    """Name runs that are no whole sweep: by the options that others have otherwise, or themselves.

    Args:
        runs: their names.
        member: one of them.
        options: in which runs differ.
    """
    given = {name: member.options.get(name) for name in options if name != "seed"}
    own = [n if v == {} else f"{n}={v}" for n, v in given.items() if v is not None]
    return ", ".join(own if own and len(runs) > 1 else runs)


def best_in(one: Setting, among: Sequence[Setting]) -> tuple[str, ...]:
    """List the diagnostics in which no other setting is as good.

    One that is sure of nothing is compared by its pixel error alone, if there is another.
    """
    sure = [other for other in among if not other.unsure] or list(among)
    return tuple(
        name
        for name, value in one.diagnostics.items()
        for rivals in [among if name == ERROR else sure]
        if one in rivals
        and all(value < o.diagnostics[name] * (1 - EQUAL) for o in rivals if o is not one)
    )


def judged(found: Sequence[Setting], evidence: Evidence) -> list[Setting]:
    """Say which settings are eligible; all, where errors are not known frame by frame."""
    if not evidence.errors:
        return list(found)
    least = min(found, key=lambda one: one.error)
    errors = {one.runs[0]: np.stack([evidence.errors[run] for run in one.runs]) for one in found}
    gaps = differences(errors, least.runs[0])
    return [
        replace(one, eligible=not (gaps[one.runs[0]][0] > 0 and one.error > MUCH * least.error))
        for one in found
    ]


def explain(selection: Selection) -> list[str]:
    """Say in words which setting to use, why, and how sure that is."""
    best, *others = selection.settings
    names = list(best.diagnostics)
    lines = [f"best: {best.name}"]
    if best.best_in:
        lines += [f"it is best in {len(best.best_in)} of {len(names)}: {', '.join(best.best_in)}"]
    rest = [one for one in others if one.eligible == best.eligible]
    if tied := [one for one in rest if len(one.best_in) == len(best.best_in)]:
        lines += [f"a tie with {enumerated([one.name for one in tied])}; {tie_told(best, tied)}"]
    if len(best.runs) > 1:
        runs = sorted(best.runs, key=lambda run: selection.evidence.diagnostics[run].get(ERROR, 0))
        lines += [f"its {len(runs)} seeds make an ensemble; of one alone, take {runs[0]}"]
    lines += doubts(selection)
    told = unsure_told(selection.evidence.unsure, selection.evidence.least)
    lines += [f"warning: {line}" for line in told]
    lines += [
        f"{other.name} is best in more, {len(other.best_in)}, but its pixel error, "
        f"{other.error:.2f} px, is larger by more than chance"
        for other in others
        if not other.eligible and len(other.best_in) > len(best.best_in)
    ]
    return lines


def tie_told(best: Setting, tied: Sequence[Setting]) -> str:
    """Say what decides between settings that are best in as many diagnostics."""
    if all(best.error < one.error for one in tied):
        return "its pixel error is the smaller one"
    return "nothing tells them apart, it comes first"


def doubts(selection: Selection) -> list[str]:
    """Say how far the pixel errors of the best and the next eligible setting tell them apart."""
    best, *others = selection.settings
    if not selection.evidence.errors:
        return ["warning: errors are not known frame by frame, so what is chance cannot be said"]
    frames = len(next(iter(selection.evidence.errors.values())))
    alike = [one for one in others if one.eligible]
    lines = [f"its pixel error, {best.error:.2f} px, is smaller than others' by more than chance"]
    if alike:
        near = min(alike, key=lambda one: one.error)
        of = f"{near.name}, {near.error:.2f} px"
        of = of if len(alike) == 1 else f"{len(alike)} others, such as {of}"
        lines = [
            f"warning: {count_of(frames, 'validation frame')} cannot tell its pixel error, "
            f"{best.error:.2f} px, from that of {of}"
        ]
    if len(best.runs) == 1:
        lines.append("warning: it was trained once; what another seed would change is not known")
    return lines
