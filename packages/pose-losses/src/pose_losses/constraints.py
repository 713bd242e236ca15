"""What labels say of points: subspaces fitted to them, or why there are too few. numpy only.

Two such subspaces: the views of one point (three dimensions, whatever the number of cameras), and
the whole pose, of all views together.
"""

from dataclasses import dataclass

import numpy as np

from pose_core.errors import ConfigError
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton
from pose_losses.pca import Subspace, errors_left_out, fit_subspace, point_errors

SPACE = 3
"""Dimensions of the space that all views show."""
SINGLE, MULTI = "losses.pca_singleview", "losses.pca_multiview"


@dataclass(frozen=True, eq=False)
class Constraint:
    """A subspace that groups of keypoints should lie in.

    Attributes:
        subspace: of rows of a group's coordinates, x and y in turn, in pixels of the frame.
        groups: (groups, size), the keypoints of each row.
        rows: what it was fitted to, (n, 2 * size), NaN where a label is missing.
        what: the rows, in words.
    """

    subspace: Subspace
    groups: np.ndarray
    rows: np.ndarray
    what: str

    def errors(self, left_out: bool = False) -> np.ndarray:
        """Give the labels' own distances to the subspace, (n, size), in pixels of the frame.

        Args:
            left_out: each from a fit without it.
        """
        if left_out:
            return errors_left_out(self.rows, self.subspace.components)
        return point_errors(self.rows, self.subspace)

    def about(self) -> str:
        """Say what was fitted."""
        complete = int((~np.isnan(self.rows).any(1)).sum())
        some = "" if complete == len(self.rows) else f" ({complete} complete)"
        return (
            f"{self.subspace.components} of {self.rows.shape[1]} components explain "
            f"{100 * self.subspace.variance:.2f} % of {len(self.rows)} {self.what}{some}"
        )


def fit_poses(labels: Labels, variance: float, complete: bool, where: str = SINGLE) -> Constraint:
    """Fit the subspace of whole poses, the keypoints of all views in one row.

    Args:
        labels: of any frames.
        variance: share of their variance that it must explain.
        complete: whether to use only frames with every label, as many as a pose has coordinates,
            as in the paper; otherwise all, by the most likely Gaussian.
        where: what asks, for errors.

    Raises:
        ConfigError: if there are too few.

    Source: Lightning Pose, section 5.4.3.
    """
    groups = np.flatnonzero(~np.isnan(labels.keypoints).any(-1).all(0))[None]
    rows = gather(labels.keypoints, groups)
    if complete:
        rows = rows[~np.isnan(rows).any(1)]
        refuse_few_complete(rows, where)
        return Constraint(fit_subspace(rows, variance), groups, rows, "poses")
    rows = rows[~np.isnan(rows).all(1)]
    refuse_few_known(rows, where)
    subspace = fit_subspace(rows, variance)
    if len(rows) < 2 * subspace.components:
        raise ConfigError(
            f"{where}: {len(rows)} labeled frames are too few to fit {subspace.components} "
            f"components, which {100 * variance:g} % of their variance take; label more frames"
            f"{or_without(where)}"
        )
    return Constraint(subspace, groups, rows, "poses")


def or_without(where: str) -> str:
    """Say how to do without what asks, where it is a loss of a config."""
    return f", or leave the loss out with {where}=null" if where.startswith("losses.") else ""


def refuse_few_complete(rows: np.ndarray, where: str) -> None:
    """Refuse fewer complete poses than they have coordinates.

    Raises:
        ConfigError: with both counts.
    """
    if len(rows) < rows.shape[1] or rows.shape[1] == 0:
        raise ConfigError(
            f"{where}: {len(rows)} frames with every label are too few to fit {rows.shape[1]} "
            f"coordinates; set {where}.form=improved, which uses the others too, label more frames"
            f"{or_without(where)}"
        )


def refuse_few_known(rows: np.ndarray, where: str) -> None:
    """Refuse coordinates that are labeled once or never: they have no variance.

    Raises:
        ConfigError: with the number of frames.
    """
    if rows.shape[1] == 0 or np.isfinite(rows).sum(0).min() < 2:
        raise ConfigError(
            f"{where}: {len(rows)} labeled frames are too few: a keypoint has only one label or "
            f"none; label more frames{or_without(where)}"
        )


def fit_views(labels: Labels, where: str = MULTI) -> Constraint:
    """Fit the subspace of one point seen in all views, to the points labeled in all.

    Args:
        labels: of any frames.
        where: what asks, for errors.

    Raises:
        ConfigError: if the skeleton has no views, or too few points are labeled in all of them.

    Source: Lightning Pose, section 5.4.2, equation 8.
    """
    groups = seen_in_all(labels.skeleton, where)
    rows = gather(labels.keypoints, groups)
    rows = rows[~np.isnan(rows).any(1)]
    if len(rows) < rows.shape[1]:
        raise ConfigError(
            f"{where}: {len(rows)} points labeled in all views are too few to fit {rows.shape[1]} "
            f"coordinates; label more frames{or_without(where)}"
        )
    views = f"points in {groups.shape[1]} views"
    return Constraint(fit_subspace(rows, SPACE), groups, rows, views)


def seen_in_all(skeleton: Skeleton, where: str = MULTI) -> np.ndarray:
    """Give the keypoints of each point that all views show, (points, views).

    Args:
        skeleton: with its views.
        where: what asks, for errors.

    Raises:
        ConfigError: if there are fewer than two views, or no such point.
    """
    if len(skeleton.views) < 2:
        raise ConfigError(
            f"{where}: the skeleton has {len(skeleton.views)} views; it needs two or more, such as "
            f"mirrored ones named by the ends of keypoint names{or_without(where)}"
        )
    points = [point for point in zip(*skeleton.views.values(), strict=True) if None not in point]
    if not points:
        raise ConfigError(
            f"{where}: no keypoint is in all views {list(skeleton.views)}; name its partners in "
            f"skeleton.views{or_without(where)}"
        )
    return np.array([[skeleton.index(name) for name in point if name] for point in points])


def gather(keypoints: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Stack the groups of keypoints of all frames, (frames * groups, 2 * size)."""
    return keypoints[:, groups].reshape(len(keypoints) * len(groups), 2 * groups.shape[1])
