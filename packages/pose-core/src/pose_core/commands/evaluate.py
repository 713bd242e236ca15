"""`pose evaluate`: the pixel error of a trained model on the labeled frames of its project."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from pose_core.errors import ConfigError, FormatError
from pose_core.wording import count_of

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

HELP = "measure a model's pixel error on the labels of its project"
EPILOG = """\
examples:
  pose evaluate outputs/run
  pose evaluate outputs/run --project moved/project

Writes evaluation.csv and predictions.csv into the model; pose diagnose says more.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose evaluate` takes."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a trained model")
    parser.add_argument("--project", type=Path, help="where the project is now, if it moved")
    parser.add_argument("--device", help="cpu or cuda [cuda where there is one]")
    parser.add_argument("--batch-size", type=int, help="frames per step [CPU: 4, GPU: 32]")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Evaluate, print and write the tables."""
    from pose_core.evaluation import evaluate, say_evaluation
    from pose_core.run_folder import EVALUATION, PREDICTIONS

    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise ConfigError(f"--batch-size: {arguments.batch_size} is below 1; give at least 1")
    refuse_sweep(arguments.model)
    where = arguments.model, plugins, arguments.project, arguments.device
    say_evaluation(evaluate(*where, batch_size=arguments.batch_size))
    print(f"written: {arguments.model / EVALUATION}, {arguments.model / PREDICTIONS}")
    return 0


def refuse_sweep(folder: Path) -> None:
    """Refuse a folder of runs, for they are evaluated one by one.

    Raises:
        FormatError: naming one of them.
    """
    from pose_core.run_folder import CONFIG, runs_below

    runs = [] if (folder / CONFIG).exists() else runs_below(folder)
    if runs:
        raise FormatError(
            f"{folder}: is a sweep of {count_of(len(runs), 'run')}; give one of them, "
            f"such as {runs[0]}"
        )
