"""pose-eks as a plugin of pose-core: its models of one view as smoothers. Loaded by pose-core."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from pose_core.errors import FormatError
from pose_core.hookspecs import Smoother, hookimpl
from pose_eks.errors import EksError
from pose_eks.options import (
    MultiCameraOptions,
    PosePcaOptions,
    PupilOptions,
    SingleCameraOptions,
)

if TYPE_CHECKING:
    from pose_core.predictions import Ensemble, Predictions
    from pose_eks.smoothed import Smoothed


@hookimpl
def pose_smoothers() -> Iterable[Smoother]:
    """Smoothers of this package."""
    for name, model, options in (
        ("eks_singlecam", one_camera, SingleCameraOptions),
        ("eks_mirrored", mirrored_views, MultiCameraOptions),
        ("eks_pupil", a_pupil, PupilOptions),
        ("eks_pose_pca", a_pose, PosePcaOptions),
    ):
        yield Smoother(name=name, smooth=partial(smoothed, name, model), options=options)


def smoothed(
    name: str, model: "Callable[[Ensemble, Any], Smoothed]", ensemble: "Ensemble", options: Any
) -> "Predictions":
    """Run a model; variances and the ensemble's centre go to `extra`.

    Raises:
        FormatError: if the ensemble cannot be used.
    """
    from pose_core.predictions import Predictions

    try:
        found = model(ensemble, options)
    except EksError as error:
        raise FormatError(f"smoother.{name}: {error}") from error
    return Predictions(
        keypoints=found.keypoints,
        confidence=found.confidence,
        skeleton=ensemble.skeleton,
        frames=ensemble.frames,
        scorer=name,
        extra=found.columns(),
    )


def one_camera(ensemble: "Ensemble", options: SingleCameraOptions) -> "Smoothed":
    """Smooth every keypoint by itself."""
    from pose_eks.models.singlecam import smooth

    names = ensemble.skeleton.names
    return smooth(ensemble.keypoints, ensemble.confidence, options, names=names)


def mirrored_views(ensemble: "Ensemble", options: MultiCameraOptions) -> "Smoothed":
    """Smooth the views together that the skeleton names; other keypoints by themselves."""
    from pose_eks.ensemble import Ensemble as Members
    from pose_eks.models.mirrored import Layout, Mirrored
    from pose_eks.models.multicam import smooth_views

    views = ensemble.skeleton.views
    shown = [next(filter(None, own), "") for own in zip(*views.values(), strict=True)]
    places = {
        name: (view, shown[k]) for view, own in views.items() for k, name in enumerate(own) if name
    }
    told = [places.get(name, (next(iter(views), ""), name)) for name in ensemble.skeleton.names]
    parts = Mirrored.of(Members(ensemble.keypoints, ensemble.confidence), Layout.of(told))
    return parts.joined(smooth_views(parts.views, options, names=parts.points).views)


def a_pupil(ensemble: "Ensemble", options: PupilOptions) -> "Smoothed":
    """Smooth the four points around a pupil through its diameter and centre."""
    from pose_eks.ensemble import Ensemble as Members
    from pose_eks.models.pupil import smooth_pupil

    members = Members(ensemble.keypoints, ensemble.confidence)
    return smooth_pupil(members, ensemble.skeleton.names, options)


def a_pose(ensemble: "Ensemble", options: PosePcaOptions) -> "Smoothed":
    """Smooth whole poses in the space of their usual ones, as a diagnostic."""
    from pose_eks.ensemble import Ensemble as Members
    from pose_eks.models.pose_pca import smooth_pose

    return smooth_pose(Members(ensemble.keypoints, ensemble.confidence), options)
