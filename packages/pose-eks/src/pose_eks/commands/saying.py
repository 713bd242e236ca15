"""What the command says: what it found before it starts, what came of it, and what to do next."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pose_eks.core.fitting import Fit
from pose_eks.files.long import LongMembers
from pose_eks.files.members import Members
from pose_eks.files.outputs import Flags
from pose_eks.models.mirrored import Layout

SHOWN = 60
"""Characters of a file name that a table has room for."""


def columns(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Align cells: the first `left` columns to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [
        [
            f"{cell:<{w}}" if at < left else f"{cell:>{w}}"
            for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]
    return ["  ".join(row).rstrip() for row in aligned]


def found_table(cameras: Mapping[str, Members | LongMembers], what: str = "camera") -> list[str]:
    """Give a table of the files of each camera, and how much of each is missing."""
    rows = [[what, "file", "frames", "keypoints", "missing"]]
    for camera, members in cameras.items():
        for number, path in enumerate(members.paths):
            cells = [str(members.frames), str(len(members.labels)), missing(members, number)]
            rows.append(["" if number else camera, shortened(path), *cells])
    return columns(rows, left=2)


def missing(members: Members | LongMembers, number: int) -> str:
    """Say how much of a file is missing; of one that is read in chunks it is not known yet."""
    if isinstance(members, LongMembers):
        return "in chunks"
    return f"{100 * float(np.isnan(members.keypoints[number, ..., 0]).mean()):.1f} %"


def views_line(layout: Layout) -> str:
    """Say which views were told from the names of keypoints."""
    seen = [f"{name} ({(own >= 0).sum()} points)" for name, own in layout.own.items()]
    return f"{len(layout.points)} points in {len(layout.own)} views: {', '.join(seen)}"


def shortened(path: Path) -> str:
    """Give the name of a file, its middle left out where it is long."""
    name, half = path.name, SHOWN // 2 - 2
    return name if len(name) <= SHOWN else f"{name[:half]}...{name[-half:]}"


def fit_table(labels: Sequence[str], fit: Fit, found: Mapping[str, Flags], unit: str) -> list[str]:
    """Give a table of each keypoint's parameters, errors and flagged frames.

    Args:
        labels: of the keypoints.
        fit: their parameters.
        found: what is said of the frames of each camera, "" for the only one.
        unit: of the process noise s; "" for models without one.
    """
    deviations = [one.deviation for one in found.values()]
    odd = np.sum([one.flagged for one in found.values()], axis=0)
    step = [f"s ({unit})"] if unit else []
    errors = [f"error {name} (px)".replace("  ", " ") for name in found]
    rows = [["keypoint", *step, "b (px²)", *errors, "flagged", "passes", ""]]
    for k, label in enumerate(labels):
        numbers = [shown(fit.s[k], ".4g")] * len(step)
        numbers += [shown(fit.b[k], ".4g"), *(shown(one[k], ".2f") for one in deviations)]
        mark = "" if fit.converged[k] else "not converged"
        rows.append([label, *numbers, str(odd[k]), str(fit.passes[k]), mark])
    return columns(rows)


def shown(value: float, form: str) -> str:
    """Write a number; a dash where there is none, as of a keypoint that nobody sees."""
    return "-" if np.isnan(value) else format(value, form)


def closing(never: int, keypoints: int, written: Sequence[Path], given: Namespace) -> list[str]:
    """Say what was written and what to do with it.

    Args:
        never: keypoints that are missing in every frame.
        keypoints: how many there are.
        written: files.
        given: the command line.
    """
    lines = [f"wrote {path}" for path in written]
    if never:
        lines.append(f"note: {never} of {keypoints} keypoints are missing everywhere")
    if given.plain:
        return [*lines, "next: run without --plain for the variances of x and y"]
    if given.plot:
        return [*lines, f"next: look at the pictures in {given.plot}, flagged frames first"]
    return [
        *lines,
        "next: x_posterior_var and y_posterior_var are the variances of x and y in px²; see the "
        "flagged frames, where the networks are far from the smoothed point, with --plot FOLDER",
    ]
