"""`pose evaluate`: the pixel error of a trained model on the labeled frames of its project."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pose_core.plugins import Plugins


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose evaluate` takes."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="folder of a trained model")
    parser.add_argument("--project", type=Path, help="where the project is now, if it moved")
    parser.add_argument("--device", default="cpu", help="cpu or cuda [cpu]")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Evaluate, print and write the tables."""
    from pose_core.evaluation import EVALUATION, PREDICTIONS, evaluate, say_evaluation

    say_evaluation(evaluate(arguments.model, plugins, arguments.project, arguments.device))
    print(f"written: {arguments.model / EVALUATION}, {arguments.model / PREDICTIONS}")
    return 0
