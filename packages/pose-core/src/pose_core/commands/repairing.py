"""`pose predict --repair`: tables of predictions once more, points in doubt repaired.

The plain tables stay; repaired ones lie in a folder beside them, where `pose smooth FOLDER` does
not take both for two networks.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pose_core.commands.cameras import sessions_in, views_of
from pose_core.errors import ConfigError, FormatError, PoseError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions

Say = Callable[[str], None]
SMOOTHER = "pose_repair"
FOLDER = "repaired"


def check_repair(model: Path, plugins: "Plugins") -> None:
    """Refuse to repair by a model that nothing can be fitted to, before hours of prediction.

    Raises:
        ConfigError: if what repairs is not installed, or labels are too few.
        FormatError: if the model folder or its project lacks something.
    """
    from pose_core.predictions import Predictions
    from pose_core.run_folder import SKELETON, read_skeleton

    if SMOOTHER not in plugins.names("smoother"):
        raise ConfigError(f"--repair: there is no smoother {SMOOTHER!r}; install pose-losses")
    skeleton = read_skeleton(model / SKELETON)
    shape = (0, len(skeleton))
    repaired(Predictions(np.zeros((*shape, 2)), np.zeros(shape), skeleton), model, plugins)


def repaired_table(table: Path) -> Path:
    """Give where the repaired twin of a table lies."""
    return table.parent / FOLDER / table.name


def repair_tables(
    tables: Mapping[str, Path], model: Path, points: str, plugins: "Plugins", say: Say
) -> bool:
    """Repair tables of one model into folders beside them; say whether all could be.

    Videos of one session by the cameras of the model's project tell of each other.

    Args:
        tables: names of videos, or of what else was predicted, to tables.
        model: folder that the repair is fitted to.
        points: which ones are re-estimated, "doubtful" or "all".
        plugins: where the smoother is.
        say: takes a line about what failed.
    """
    views = views_of(model, plugins)
    repaired = True
    for session in sessions_in(tables, views):
        together = len(session) > 1 and set(session) == set(views)
        if len(views) > 1 and not together:
            listed = ", ".join(str(table) for table in session.values())
            print(f"{listed}: no tables of all views, so each is repaired by itself")
        for part in [session] if together else [{view: one} for view, one in session.items()]:
            try:
                repair_together(part, model, points, plugins)
            except PoseError as error:
                say(str(error))
                repaired = False
    return repaired


def repair_together(
    tables: Mapping[str, Path], model: Path, points: str, plugins: "Plugins"
) -> None:
    """Repair the tables of one session, all views of a moment at once where that can be.

    Args:
        tables: view to table; one alone is repaired by itself.
        model: as in `repair_tables`.
        points: likewise.
        plugins: likewise.

    Raises:
        FormatError: if a table is not there or cannot be read.
        PoseError: if a repaired one cannot be written.
    """
    from pose_core.files import read_predictions, write_predictions

    if absent := [table for table in tables.values() if not table.is_file()]:
        raise FormatError(f"{absent[0]}: is not there, so nothing is repaired; predict it first")
    given = {view: read_predictions(table, plugins) for view, table in tables.items()}
    for view, found in repair_views(given, model, points, plugins).items():
        path = repaired_table(tables[view])
        write_predictions(path, found, plugins)
        print(f"{tables[view]}: {'; '.join(found.notes)}, written to {path}")


def repair_views(
    given: "Mapping[str, Predictions]", model: Path, points: str, plugins: "Plugins"
) -> "dict[str, Predictions]":
    """Repair the views of a session at once, or say in one line why each is repaired alone."""
    from pose_core.commands.smoothing import part
    from pose_core.views import join_predictions

    if len(given) > 1:
        try:
            found = repaired(join_predictions(given), model, plugins, points, together=True)
            return part(found, {view: [one] for view, one in given.items()})
        except PoseError as error:
            print(f"each of {', '.join(given)} is repaired by itself: {error}")
    return {view: repaired(one, model, plugins, points) for view, one in given.items()}


def repaired(
    given: "Predictions",
    model: Path,
    plugins: "Plugins",
    points: str = "doubtful",
    together: bool = False,
) -> "Predictions":
    """Repair predictions by what a model folder says; `together` if of all views side by side."""
    from pose_core.smoothing import smooth

    options = {"model": str(model), "points": points, "together": together}
    return smooth([given], SMOOTHER, options, plugins)
