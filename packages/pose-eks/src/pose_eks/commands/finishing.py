"""What every mode does at its end: write tables and a summary, draw, say what was done."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pose_eks import __version__
from pose_eks.commands.chunks import counter
from pose_eks.commands.saying import closing, fit_table
from pose_eks.core.fitting import Fit
from pose_eks.files.long import LongMembers, write_long
from pose_eks.files.members import Members
from pose_eks.files.outputs import Flags, summary_of, write_smoothed, write_summary
from pose_eks.smoothed import LongSmoothed, Smoothed

Table = Sequence[str] | Callable[[Sequence[Flags]], Sequence[str]]
"""Lines to print, or what makes them of the flags of every output."""

UNITS = {"walk": "px²/frame", "velocity": "px²/frame³"}


@dataclass(frozen=True, eq=False)
class Work:
    """What was asked for.

    Attributes:
        mode: name of the mode.
        given: the command line.
        options: of the model.
        files: camera to its files.
        unit: of the process noise s; None for the usual one of the dynamics.
        started: when, as `time.perf_counter` says.
    """

    mode: str
    given: argparse.Namespace
    options: Any
    files: Mapping[str, Sequence[Path]]
    unit: str | None = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def unit_of_s(self) -> str:
        """The unit of the process noise."""
        return UNITS[self.options.dynamics] if self.unit is None else self.unit


@dataclass(frozen=True, eq=False)
class Output:
    """One table to write.

    Attributes:
        path: its file.
        members: what was read, whose names and frames it has.
        found: what it says.
        name: of the camera; "" where there is one.
    """

    path: Path
    members: Members | LongMembers
    found: Smoothed | LongSmoothed
    name: str = ""


def finish(
    work: Work,
    outputs: Sequence[Output],
    summary: Path,
    more: Mapping[str, Any],
    table: Table = (),
    also: Sequence[Path] = (),
) -> None:
    """Write all outputs, the summary last, and say what was found.

    Args:
        work: what was asked for.
        outputs: one per file.
        summary: where to write the summary.
        more: further entries of the summary.
        table: what to say of the parameters, or what makes it of the outputs' flags; none for
            that of the one output.
        also: further files that were written.
    """
    flags = [written(work, one) for one in outputs]
    cameras = {
        one.name or "all": summary_of(one.members.labels, one.found.fit, own)
        for one, own in zip(outputs, flags, strict=True)
    }
    found = {"keypoints": next(iter(cameras.values()))} if len(cameras) == 1 else {"views": cameras}
    write_summary(summary, asked(work) | found | dict(more) | spent(work))
    draw(work, outputs)
    one = outputs[0]
    lines = table(flags) if callable(table) else table
    lines = lines or fit_table(one.members.labels, one.found.fit, {"": flags[0]}, work.unit_of_s)
    print("\n".join(lines))
    never = sum(int(np.isnan(own.squares).sum()) for own in flags)
    count = sum(len(own.missing) for own in flags)
    files = [*(one.path for one in outputs), *also, summary]
    print("\n".join(closing(never, count, files, work.given)))


def written(work: Work, one: Output) -> Flags:
    """Write one table; give what is said of its frames."""
    scorer, plain = f"eks_{work.mode}", work.given.plain
    if isinstance(one.found, Smoothed):
        write_smoothed(one.path, one.members.rows, one.found, scorer, plain)
        return Flags.of(one.found)
    assert isinstance(one.members, LongMembers)  # as what was found of them
    step = counter(f"write {one.path.name}", one.found.frames)
    return write_long(one.path, one.members, one.found, scorer, plain, step)


def views_table(work: Work, labels: Sequence[str], views: Mapping[str, Smoothed]) -> list[str]:
    """Give the table of a model whose views share the parameters of every keypoint."""
    flags = {name: Flags.of(one) for name, one in views.items()}
    return flags_table(work, labels, next(iter(views.values())).fit, flags)


def flags_table(
    work: Work, labels: Sequence[str], fit: Fit, flags: Mapping[str, Flags]
) -> list[str]:
    """Give the same from what is said of the frames of each view."""
    return fit_table(labels, fit, flags, work.unit_of_s)


def asked(work: Work) -> dict[str, Any]:
    """Say what was asked for, as plain data."""
    return {
        "pose_eks": __version__,
        "mode": work.mode,
        "files": {name: list(map(str, paths)) for name, paths in work.files.items()},
        "options": asdict(work.options),
    }


def spent(work: Work) -> dict[str, float]:
    """Say how long it took."""
    return {"seconds": round(time.perf_counter() - work.started, 3)}


def draw(work: Work, outputs: Sequence[Output]) -> None:
    """Draw the traces of every keypoint, where that was asked for."""
    if work.given.plot is None:
        return
    from pose_eks.plots import draw_traces

    for one in outputs:
        folder = work.given.plot / one.name if len(outputs) > 1 else work.given.plot
        if isinstance(one.members, Members) and isinstance(one.found, Smoothed):
            draw_traces(folder, one.members, one.found)
