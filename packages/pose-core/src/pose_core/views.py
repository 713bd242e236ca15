"""Views that are separate files, one table per camera: side by side as if in one frame.

A loss or metric of several views then reads them as it does mirrored views, each keypoint in the
pixels of its own camera.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pose_core.errors import FormatError
from pose_core.labels import MISSING, Labels
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton


def join_skeletons(views: Mapping[str, Skeleton]) -> Skeleton:
    """Name every keypoint of every view `<keypoint>_<view>`; equal names show one point."""
    points = list(dict.fromkeys(name for one in views.values() for name in one.names))
    named = {
        view: tuple(f"{point}_{view}" if point in one.names else None for point in points)
        for view, one in views.items()
    }
    return Skeleton(
        names=tuple(f"{name}_{view}" for view, one in views.items() for name in one.names),
        edges=tuple((f"{a}_{v}", f"{b}_{v}") for v, one in views.items() for a, b in one.edges),
        symmetric=tuple(
            (f"{a}_{v}", f"{b}_{v}") for v, one in views.items() for a, b in one.symmetric
        ),
        views=named,
    )


def join_labels(views: Mapping[str, Labels]) -> Labels:
    """Put the labels of one instant per row side by side.

    Args:
        views: name to labels, their rows the same instants in the same order.

    Returns:
        Labels whose frames are those of the first view.

    Raises:
        FormatError: if views have different numbers of rows.
    """
    refuse_uneven({view: len(labels) for view, labels in views.items()}, "labels")
    return Labels(
        frames=next(iter(views.values())).frames,
        keypoints=np.concatenate([labels.keypoints for labels in views.values()], axis=1),
        visibility=np.concatenate([labels.visibility for labels in views.values()], axis=1),
        skeleton=join_skeletons({view: labels.skeleton for view, labels in views.items()}),
    )


def join_instants(
    labels: Labels, cameras: Mapping[str, np.ndarray], chosen: Sequence[int] | np.ndarray
) -> Labels:
    """Put the views of each instant side by side, as if labeled in one frame.

    Args:
        labels: of the images of all views.
        cameras: as `Project.cameras`.
        chosen: rows of the labels that may be used; all others are missing.

    Returns:
        One row per instant of which some view is chosen, named by its first image.
    """
    rows = rows_of_instants(cameras, chosen)
    # row -1 is a frame without labels, behind all others
    shape = (1, len(labels.skeleton))
    padded = Labels(
        frames=(*labels.frames, ""),
        keypoints=np.concatenate([labels.keypoints, np.full((*shape, 2), np.nan)]),
        visibility=np.concatenate([labels.visibility, np.full(shape, MISSING, np.uint8)]),
        skeleton=labels.skeleton,
    )
    each = {view: padded.select(own) for view, own in zip(cameras, rows, strict=True)}
    first = rows[(rows >= 0).argmax(0), np.arange(rows.shape[1])]
    return replace(join_labels(each), frames=tuple(labels.frames[row] for row in first))


def rows_of_instants(
    cameras: Mapping[str, np.ndarray], chosen: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Give (views, instants), the rows that show the instants of which some view is chosen.

    -1 where a view shows none, or is not chosen.
    """
    rows = np.stack(list(cameras.values()))
    rows = np.where(np.isin(rows, chosen), rows, -1)
    return np.asarray(rows[:, (rows >= 0).any(0)])


def join_predictions(views: Mapping[str, Predictions]) -> Predictions:
    """Put the predictions of videos that run side by side into one, matched by frame number.

    Raises:
        FormatError: if views have different numbers of frames.
    """
    refuse_uneven({view: len(found) for view, found in views.items()}, "predictions")
    first = next(iter(views.values()))
    return Predictions(
        keypoints=np.concatenate([found.keypoints for found in views.values()], axis=1),
        confidence=np.concatenate([found.confidence for found in views.values()], axis=1),
        skeleton=join_skeletons({view: found.skeleton for view, found in views.items()}),
        frames=first.frames,
        scorer=first.scorer,
    )


def refuse_uneven(counts: Mapping[str, int], what: str) -> None:
    """Refuse no views, or views of different lengths.

    Raises:
        FormatError: with the lengths.
    """
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{view} {count}" for view, count in counts.items()) or "no views"
        raise FormatError(
            f"{what} of separate views: have different numbers of frames ({listed}); give the same "
            f"instants of each"
        )
