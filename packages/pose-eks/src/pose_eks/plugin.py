"""pose-eks as a plugin of pose-core: the smoother `eks_singlecam`. Loaded by pose-core alone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pose_core.errors import FormatError
from pose_core.hookspecs import Smoother, hookimpl
from pose_eks.errors import EksError
from pose_eks.options import SingleCameraOptions

if TYPE_CHECKING:
    from pose_core.predictions import Ensemble, Predictions


def smooth_one_camera(ensemble: "Ensemble", options: SingleCameraOptions) -> "Predictions":
    """Smooth every keypoint by itself; variances and the ensemble's centre go to `extra`.

    Raises:
        FormatError: if the ensemble's arrays cannot be used.
    """
    from pose_core.predictions import Predictions
    from pose_eks.models.singlecam import smooth

    try:
        smoothed = smooth(ensemble.keypoints, ensemble.confidence, options)
    except EksError as error:
        raise FormatError(f"smoother.eks_singlecam: {error}") from error
    return Predictions(
        keypoints=smoothed.keypoints,
        confidence=smoothed.confidence,
        skeleton=ensemble.skeleton,
        frames=ensemble.frames,
        scorer="eks_singlecam",
        extra=smoothed.columns(),
    )


@hookimpl
def pose_smoothers() -> Iterable[Smoother]:
    """Smoothers of this package."""
    yield Smoother(name="eks_singlecam", smooth=smooth_one_camera, options=SingleCameraOptions)
