"""Which run or smoother is best, by how much, and whether so few frames can tell."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pose_core.diagnostics.measures import ERROR
from pose_core.diagnostics.noise import differences, mean_of
from pose_core.reports.compared import SETS, Subject, rows_of
from pose_core.wording import count_of

FEW_FRAMES, FEW_POINTS = 20, 200
"""Below either, errors depend on which frames happen to be there."""
UNKNOWN = (float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Standing:
    """How sources stand on one set of labeled frames.

    Attributes:
        set: of frames, as people call it.
        rows: numbers of the frames of the set.
        frames: how many of them have a point.
        points: that all sources predicted.
        errors: mean pixel error of those by source, the least first.
        ahead: by how much the first is better than the second; 0 for a single source.
        between: what that is by 95 % of the draws of frames, as `pose select` draws them; NaN for
            one frame or one source.
    """

    set: str
    rows: np.ndarray
    frames: int
    points: int
    errors: Mapping[str, float]
    ahead: float
    between: tuple[float, float]

    @property
    def best(self) -> str:
        """The source of the least error."""
        return next(iter(self.errors))

    @property
    def clear(self) -> bool:
        """Whether the first is better than the second by more than chance among frames."""
        return self.between[0] > 0

    @property
    def few(self) -> bool:
        """Whether there is too little to tell much."""
        return self.frames < FEW_FRAMES or self.points < FEW_POINTS


def standing(subject: Subject) -> Standing | None:
    """Compare sources on the frames that say most of new ones: test, validation, then training.

    Returns:
        None if no point of any set has an error for all sources.
    """
    for name, called in SETS.items():
        found = standing_on(subject, rows_of(subject, name), called)
        if found is not None:
            return found
    return standing_on(subject, np.arange(len(subject.tracks.sets or ())), "labeled")


def standing_on(subject: Subject, rows: np.ndarray, called: str) -> Standing | None:
    """Compare sources on some labeled frames, by the points that all of them have."""
    values = {name: value[rows] for name, value in subject.values(ERROR).items()}
    known = np.isfinite(np.stack(list(values.values()))).all(0)
    if not known.any():
        return None
    errors = {name: float(value[known].mean()) for name, value in values.items()}
    order = sorted(errors, key=lambda name: errors[name])
    ahead, between = 0.0, UNKNOWN
    frames, points = int(known.any(1).sum()), int(known.sum())
    if len(order) > 1:
        ahead = errors[order[1]] - errors[order[0]]
        between = difference(values[order[1]], values[order[0]], known)
    ranked = {name: errors[name] for name in order}
    return Standing(called, rows, frames, points, ranked, ahead, between)


def difference(first: np.ndarray, second: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Give an interval of how much larger the mean of the first is, frames being drawn at random.

    Args:
        first: (frames, keypoints).
        second: (frames, keypoints).
        known: bool, which points count.

    Returns:
        Its ends; NaN if all points are of one frame.
    """
    used = known.any(1)
    if used.sum() < 2:
        return UNKNOWN
    errors = {
        name: np.where(known, own, np.nan)[None, used]
        for name, own in (("first", first), ("second", second))
    }
    return differences(errors, "second")["first"]


def told(found: Standing) -> str:
    """Say a standing in one or two sentences."""
    where = count_of(found.frames, f"{found.set} frame")
    if len(found.errors) == 1:
        said = f"{found.best} errs by {found.errors[found.best]:.2f} px on {where}."
    else:
        said = _ranked(found, where)
    if found.set == SETS["train"]:
        return f"{said} They say nothing about frames that were not trained on."
    if found.few:
        points = count_of(found.points, "point")
        if found.clear:
            return f"{said} That is few ({points}), too few to say well what chance does."
        return f"{said} That is few ({points}): other frames may give another order."
    return said


def _ranked(found: Standing, where: str) -> str:
    """Say which source is best, or that it cannot be told."""
    second = list(found.errors)[1]
    pair = f"{found.errors[found.best]:.2f} px, {second} {found.errors[second]:.2f} px"
    if found.clear:
        return f"{found.best} is best on {where}: {pair} ({_apart(found)})."
    return (
        f"Which is best is open: on {where} {found.best} errs by {pair}, a difference within "
        f"chance ({_apart(found)})."
    )


def _apart(found: Standing) -> str:
    """Write a difference with what it is uncertain by."""
    if np.isnan(found.between[0]):
        return f"{found.ahead:.2f} px, one frame cannot say how sure that is"
    low, high = found.between
    return f"{found.ahead:.2f} px; {low:.2f} to {high:.2f} px in 95 % of other draws of frames"


def ensembles_told(subject: Subject) -> list[str]:
    """Say which ensemble has the better members, one sentence; nothing for less than two ensembles.

    Other seeds, not only other frames, may change that: both are drawn for what is called chance.
    """
    found, members = standing(subject), members_of_ensembles(subject)
    if found is None or found.frames < 2 or len(members) < 2:
        return []
    there = {name: own[:, found.rows] for name, own in members.items()}
    known = np.isfinite(np.concatenate(list(there.values()))).all(0)
    errors = {name: np.where(known, own, np.nan) for name, own in there.items()}
    means = {name: mean_of(own) for name, own in errors.items()}
    best, second, *_ = sorted(means, key=lambda name: means[name])
    low, high = differences(errors, best)[second]
    chance = "by more than chance" if low > 0 else "which chance explains"
    return [
        f"Single members of {best} err by {means[best]:.2f} px on the {found.set} frames, of "
        f"{second} by {means[second]:.2f} px, {chance} ({low:.2f} to {high:.2f} px more for 95 % "
        "of other draws of frames and members)."
    ]


def members_of_ensembles(subject: Subject) -> dict[str, np.ndarray]:
    """Stack the errors of each ensemble's members, (members, frames, keypoints); of two or more."""
    values = subject.values(ERROR)
    members = {
        name: [values[one] for one in family.members if one in values]
        for name, family in subject.tracks.families.items()
    }
    return {name: np.stack(own) for name, own in members.items() if len(own) > 1}
