"""`pose predict --repair`: tables of predictions once more, points in doubt repaired.

The plain tables stay; repaired ones lie in a folder beside them, where `pose smooth FOLDER` does
not take both for two networks.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pose_core.errors import ConfigError, FormatError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.predictions import Predictions

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


def repair_table(table: Path, model: Path, plugins: "Plugins", points: str = "doubtful") -> None:
    """Repair one table into the folder beside it, and say what was done.

    Args:
        table: of predictions.
        model: folder that the repair is fitted to.
        plugins: where the smoother is.
        points: which ones are re-estimated, "doubtful" or "all".

    Raises:
        FormatError: if the table cannot be read.
        PoseError: if the repaired one cannot be written.
    """
    from pose_core.files import read_predictions, write_predictions

    if not table.is_file():
        raise FormatError(f"{table}: is not there, so nothing is repaired; predict it first")
    found = repaired(read_predictions(table, plugins), model, plugins, points)
    path = table.parent / FOLDER / table.name
    write_predictions(path, found, plugins)
    print(f"{table}: {'; '.join(found.notes)}, written to {path}")


def repaired(
    given: "Predictions", model: Path, plugins: "Plugins", points: str = "doubtful"
) -> "Predictions":
    """Repair predictions by what a model folder says."""
    from pose_core.smoothing import smooth

    return smooth([given], SMOOTHER, {"model": str(model), "points": points}, plugins)
