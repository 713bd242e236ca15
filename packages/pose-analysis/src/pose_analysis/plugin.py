"""pose-analysis as a plugin of pose-core: filters as smoothers, and `pose analyze`."""

from argparse import Namespace
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from pose_analysis.commands.tree import add_commands
from pose_analysis.ensembles import filter_points
from pose_analysis.errors import AnalysisError
from pose_analysis.options import MedianFilterOptions, SavitzkyGolayOptions
from pose_core.errors import FormatError
from pose_core.hookspecs import Command, Smoother, hookimpl

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.predictions import Ensemble, Predictions

EPILOG = """\
examples:
  pose analyze pupil pupil.csv --rate 60 --output pupil/
  pose analyze trials pupil/pupil.csv --signal smoothed --events rewards.csv --output trials/
  pose analyze trials --help
"""


@hookimpl
def pose_smoothers() -> Iterable[Smoother]:
    """The filters, which take the centre of an ensemble."""
    for name, options in (
        ("savitzky_golay", SavitzkyGolayOptions),
        ("median_filter", MedianFilterOptions),
    ):
        yield Smoother(name=name, smooth=partial(smoothed, name), options=options)


@hookimpl
def pose_commands() -> Iterable[Command]:
    """`pose analyze`, whose parts are those of `pose-analysis`."""
    yield Command(
        name="analyze",
        help="filter predicted points, and say what they show",
        add_arguments=add_commands,
        run=analyze,
        epilog=EPILOG,
    )


def analyze(arguments: Namespace, plugins: "Plugins") -> int:
    """Run one analysis.

    Raises:
        FormatError: for a mistake in the input.
    """
    try:
        return int(arguments.run_analysis(arguments))
    except AnalysisError as error:
        raise FormatError(str(error)) from error


def smoothed(name: str, ensemble: "Ensemble", options: MedianFilterOptions) -> "Predictions":
    """Centre an ensemble and filter it.

    Raises:
        FormatError: if it cannot be used.
    """
    from pose_core.predictions import Predictions

    try:
        found = filter_points(ensemble.keypoints, ensemble.confidence, options)
    except AnalysisError as error:
        raise FormatError(f"smoother.{name}: {error}") from error
    return Predictions(
        keypoints=found.keypoints,
        confidence=found.confidence,
        skeleton=ensemble.skeleton,
        frames=ensemble.frames,
        scorer=name,
    )
