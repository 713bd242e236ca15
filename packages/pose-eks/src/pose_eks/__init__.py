"""Ensembling and Kalman smoothing of pose predictions.

Arrays in, a result object out: `smooth(keypoints, confidence, SingleCameraOptions())`. Keypoints
are (members, frames, keypoints, 2), the last axis (x, y) in pixels, NaN where missing; confidence
is (members, frames, keypoints), between 0 and 1, NaN where unknown. Names are loaded when they are
used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pose_eks.cameras.calibration import read_calibration
    from pose_eks.cameras.limbs import Limbs, fit_to_lengths, limbs_of
    from pose_eks.cameras.rig import Camera, Rig
    from pose_eks.cameras.triangulation import Triangulated, triangulate
    from pose_eks.core.fitting import Fit
    from pose_eks.ensemble import Consensus, Ensemble, summarize
    from pose_eks.errors import EksError
    from pose_eks.models.calibrated import smooth_calibrated
    from pose_eks.models.multicam import smooth_views
    from pose_eks.models.singlecam import smooth
    from pose_eks.options import CalibratedOptions, MultiCameraOptions, SingleCameraOptions
    from pose_eks.smoothed import Smoothed, SmoothedViews

__version__ = version("pose-eks")
__all__ = [
    "CalibratedOptions",
    "Camera",
    "Consensus",
    "EksError",
    "Ensemble",
    "Fit",
    "Limbs",
    "MultiCameraOptions",
    "Rig",
    "SingleCameraOptions",
    "Smoothed",
    "SmoothedViews",
    "Triangulated",
    "fit_to_lengths",
    "limbs_of",
    "read_calibration",
    "smooth",
    "smooth_calibrated",
    "smooth_views",
    "summarize",
    "triangulate",
]

_HOME = {
    "CalibratedOptions": "options",
    "Camera": "cameras.rig",
    "Consensus": "ensemble",
    "EksError": "errors",
    "Ensemble": "ensemble",
    "Fit": "core.fitting",
    "Limbs": "cameras.limbs",
    "MultiCameraOptions": "options",
    "Rig": "cameras.rig",
    "SingleCameraOptions": "options",
    "Smoothed": "smoothed",
    "SmoothedViews": "smoothed",
    "Triangulated": "cameras.triangulation",
    "fit_to_lengths": "cameras.limbs",
    "limbs_of": "cameras.limbs",
    "read_calibration": "cameras.calibration",
    "smooth": "models.singlecam",
    "smooth_calibrated": "models.calibrated",
    "smooth_views": "models.multicam",
    "summarize": "ensemble",
    "triangulate": "cameras.triangulation",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'pose_eks' has no attribute {name!r}")
    return getattr(import_module(f"pose_eks.{_HOME[name]}"), name)
