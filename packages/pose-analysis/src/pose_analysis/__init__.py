"""Filters, pupil diameter, agreement of views, aligned trials and decoding, of pose predictions.

Arrays in, arrays and small results out: frames first, points (x, y) in pixels, times in seconds,
NaN where missing. Names are loaded when they are used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pose_analysis.bins import binned, counted, edges_around
    from pose_analysis.correlation import Canonical, canonical_correlation
    from pose_analysis.decoding import Decoded, decode, lagged
    from pose_analysis.ensembles import Filtered, filter_points
    from pose_analysis.errors import AnalysisError
    from pose_analysis.filters import median_filter, savitzky_golay
    from pose_analysis.options import (
        DecodingOptions,
        MedianFilterOptions,
        PupilOptions,
        SavitzkyGolayOptions,
    )
    from pose_analysis.pupil import Pupil, PupilQuality, measure_pupil
    from pose_analysis.ridge import Ridge, fit_ridge
    from pose_analysis.signals import speed
    from pose_analysis.trials import Average, Trials, align, average, consistency
    from pose_analysis.views import Agreement, compare_views

__version__ = version("pose-analysis")
__all__ = [
    "Agreement",
    "AnalysisError",
    "Average",
    "Canonical",
    "Decoded",
    "DecodingOptions",
    "Filtered",
    "MedianFilterOptions",
    "Pupil",
    "PupilOptions",
    "PupilQuality",
    "Ridge",
    "SavitzkyGolayOptions",
    "Trials",
    "align",
    "average",
    "binned",
    "canonical_correlation",
    "compare_views",
    "consistency",
    "counted",
    "decode",
    "edges_around",
    "filter_points",
    "fit_ridge",
    "lagged",
    "measure_pupil",
    "median_filter",
    "savitzky_golay",
    "speed",
]

_HOME = {
    "Agreement": "views",
    "AnalysisError": "errors",
    "Average": "trials",
    "Canonical": "correlation",
    "Decoded": "decoding",
    "DecodingOptions": "options",
    "Filtered": "ensembles",
    "MedianFilterOptions": "options",
    "Pupil": "pupil",
    "PupilOptions": "options",
    "PupilQuality": "pupil",
    "Ridge": "ridge",
    "SavitzkyGolayOptions": "options",
    "Trials": "trials",
    "align": "trials",
    "average": "trials",
    "binned": "bins",
    "canonical_correlation": "correlation",
    "compare_views": "views",
    "consistency": "trials",
    "counted": "bins",
    "decode": "decoding",
    "edges_around": "bins",
    "filter_points": "ensembles",
    "fit_ridge": "ridge",
    "lagged": "decoding",
    "measure_pupil": "pupil",
    "median_filter": "filters",
    "savitzky_golay": "filters",
    "speed": "signals",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'pose_analysis' has no attribute {name!r}")
    return getattr(import_module(f"pose_analysis.{_HOME[name]}"), name)
