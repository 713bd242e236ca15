"""Pictures of traces: networks, centre, smoothed line and its 95 % band."""

from pathlib import Path
from typing import Any

import numpy as np

from pose_eks.errors import EksError
from pose_eks.files.members import Members
from pose_eks.files.outputs import flagged, make_folder
from pose_eks.smoothed import Smoothed

WINDOW = 400
"""Frames in the close look at where the networks and the smoothed line differ most."""

COLORS = {"network": "0.65", "centre": "#E69F00", "smoothed": "#0072B2"}  # told apart by all


def draw_traces(folder: Path, members: Members, found: Smoothed) -> list[Path]:
    """Draw one picture per keypoint: the whole recording, and a close look.

    Raises:
        EksError: if matplotlib is not installed, or the folder cannot be written.
    """
    figure_type = import_figure()
    paths = []
    make_folder(folder)
    try:
        for k, label in enumerate(members.labels):
            if np.isnan(found.keypoints[:, k]).all():
                continue
            figure = figure_type(figsize=(11, 6.5), layout="constrained")
            draw_keypoint(figure, members.keypoints[:, :, k], found, k)
            figure.suptitle(label)
            paths.append(folder / f"{label.replace('/', '_').replace(' ', '_')}.png")
            figure.savefig(paths[-1], dpi=110)
    except OSError as error:
        raise EksError(f"{folder}: cannot be written: {(error.strerror or '').lower()}") from error
    return paths


def import_figure() -> Any:
    """Import matplotlib's figure, which draws to files alone.

    Raises:
        EksError: saying how to install it.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise EksError('--plot: needs matplotlib; pip install "pose-eks[plot]"') from error
    return Figure


def draw_keypoint(figure: Any, networks: np.ndarray, found: Smoothed, k: int) -> None:
    """Draw x above y, the whole recording at the left, a close look at the right."""
    frames = len(found.keypoints)
    stretches = [slice(0, frames), close_look(found, k)]
    axes = figure.subplots(2, 2, sharex="col", width_ratios=(3, 2), squeeze=False)
    for column, stretch in enumerate(stretches):
        for row, name in enumerate("xy"):
            draw_axis(axes[row, column], networks[..., row], found, k, row, stretch)
            axes[row, column].set_ylabel(f"{name} (px)" if column == 0 else "")
        axes[1, column].set_xlabel("frame")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=8, frameon=False)


def close_look(found: Smoothed, k: int) -> slice:
    """Choose the stretch with the most flagged frames; the first one where none is flagged."""
    odd = flagged(found)[:, k].astype(float)
    length = min(WINDOW, len(odd))
    counts = np.convolve(odd, np.ones(length), "valid")
    first = int(counts.argmax())
    return slice(first, first + length)


def draw_axis(
    axis: Any, networks: np.ndarray, found: Smoothed, k: int, row: int, stretch: slice
) -> None:
    """Draw one coordinate over a stretch of frames."""
    t = np.arange(stretch.start, stretch.stop)
    line = found.keypoints[stretch, k, row]
    width = 1.96 * np.sqrt(found.posterior_variance[stretch, k, row])
    for number, values in enumerate(networks[:, stretch]):
        name = "networks" if number == 0 else None
        axis.plot(t, values, color=COLORS["network"], lw=0.6, label=name)
    axis.plot(
        t, found.center[stretch, k, row], ".", color=COLORS["centre"], ms=2, label=found.center_name
    )
    axis.fill_between(
        t, line - width, line + width, color=COLORS["smoothed"], alpha=0.25, lw=0, label="95 %"
    )
    axis.plot(t, line, color=COLORS["smoothed"], lw=1.2, label="smoothed")
    low, high = np.nanmin(line - width), np.nanmax(line + width)
    axis.set_ylim(low - 0.1 * (high - low) - 1, high + 0.1 * (high - low) + 1)
    axis.margins(x=0.01)
    axis.spines[["top", "right"]].set_visible(False)
