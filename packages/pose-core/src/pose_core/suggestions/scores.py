"""How doubtful the predictions of each frame are: measures made comparable, with their reasons."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pose_core.diagnostics.measured import Measured
from pose_core.errors import FormatError


@dataclass(frozen=True)
class Sign:
    """What a measure says of a frame.

    Attributes:
        words: of the reason; `{point}` is a keypoint, `{value}` the measure there, `{others}` the
            view or views that it is compared with.
        floor: what is no reason yet, however unusual it is.
    """

    words: str
    floor: float = 1.0


SIGNS: Mapping[str, Sign] = {
    "temporal_norm": Sign("{point} jumps {value:.0f} px"),
    "pca_multiview_error": Sign("{point} is {value:.0f} px off what {others}"),
    "pca_singleview_error": Sign("{point} is {value:.0f} px off any known pose"),
    "ensemble_spread": Sign("networks are {value:.0f} px apart on {point}"),
    "smoothed_difference": Sign("{point} is {value:.0f} px off its smoothed track"),
    "confidence": Sign("confidence of {point} is {value:.2f}", floor=0.05),
}
"""Measures without truth that are higher, or in doubt as the confidence is, where labels help."""
STEPS = "temporal_norm"
"""Belongs to the step from the frame before, so to both of the frames it is between."""
DOUBT = "confidence"
USUAL = 0.75
"""Share of the values of a measure that is taken to be usual."""
GROSS = 16.0
"""How many times the usual a value is as bad as can be."""
REASONS = 3
"""Told of a frame, at most."""
WORTH = 0.5
"""Share of a frame's strongest reason that another needs to be told."""


@dataclass(frozen=True, eq=False)
class Scores:
    """How doubtful the frames of one recording are.

    Attributes:
        keypoints: names, in the order of the arrays.
        bad: by measure, (frames, keypoints), 0 where the value is usual to 1 where it is gross.
        values: by measure, the values themselves.
        views: how many videos the recording has.
    """

    keypoints: tuple[str, ...]
    bad: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    views: int = 1

    @property
    def by_measure(self) -> dict[str, np.ndarray]:
        """Give the root mean square over the keypoints, (frames,) by measure.

        One gross point counts, and several count for more.
        """
        return {name: np.sqrt((bad**2).mean(axis=1)) for name, bad in self.bad.items()}

    @property
    def total(self) -> np.ndarray:
        """Give the mean over the measures, (frames,), from 0 to 1."""
        return np.mean(list(self.by_measure.values()), axis=0)

    def reason(self, frame: int) -> str:
        """Say in words why a frame is in doubt, the strongest reason first."""
        weights = {name: float(of[frame]) for name, of in self.by_measure.items()}
        ranked = sorted(weights, key=lambda name: -weights[name])[:REASONS]
        told = [n for n in ranked if weights[n] > 0 and weights[n] >= WORTH * weights[ranked[0]]]
        return "; ".join(self._words(name, frame) for name in told)

    def _words(self, name: str, frame: int) -> str:
        point = int(np.argmax(self.bad[name][frame]))
        beside = slice(frame, frame + 2 if name == STEPS else frame + 1)
        value = float(np.nanmax(self.values[name][beside, point]))
        others = "the other views have" if self.views > 2 else "the other view has"
        return SIGNS[name].words.format(point=self.keypoints[point], value=value, others=others)


def score(measured: Sequence[Sequence[Measured]], views: int = 1) -> list[Scores]:
    """Say how doubtful the frames of each recording are.

    What is usual of a measure is the `USUAL` quantile of its values in all recordings: over all
    keypoints, or of the keypoint itself where that is more, so that a paw may be quicker than a
    tail. A value of twice the usual is bad by a quarter, one of `GROSS` times by 1, whatever the
    measure; so none drowns the others.

    Args:
        measured: of each recording, what is measured of its sources; they are averaged.
        views: how many videos a recording has.

    Returns:
        In the order of the recordings.

    Raises:
        FormatError: if nothing is measured that could tell.
    """
    values = [averaged(sources) for sources in measured]
    known = [name for name in SIGNS if any(name in of for of in values)]
    if not known:
        raise FormatError(
            f"predictions: none of {', '.join(SIGNS)} can be measured; give tables with a "
            "confidence, or --method motion"
        )
    doubts = [{name: doubtful(name, of[name]) for name in known if name in of} for of in values]
    usual = {
        name: np.maximum(usual_of([of[name] for of in doubts if name in of]), SIGNS[name].floor)
        for name in known
    }
    return [
        Scores(sources[0].keypoints, {name: bad(of[name], usual[name]) for name in of}, own, views)
        for sources, of, own in zip(measured, doubts, values, strict=True)
    ]


def averaged(sources: Sequence[Measured]) -> dict[str, np.ndarray]:
    """Average each measure over the sources that have it, (frames, keypoints) by name."""
    found = {}
    for name in SIGNS:
        own = [source.values[name] for source in sources if name in source.values]
        if own:
            found[name] = mean_known(np.stack(own))
    return found


def mean_known(values: np.ndarray) -> np.ndarray:
    """Average over the first axis what is known; NaN where nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=0)


def doubtful(name: str, values: np.ndarray) -> np.ndarray:
    """Turn a measure so that more of it is worse, and is that frame's own.

    A frame that a point leaps to and back from has two long steps, the frames beside it one each.
    """
    if name == DOUBT:
        return 1 - values
    if name == STEPS:
        after = np.concatenate([values[1:], values[-1:]]) if len(values) > 1 else values
        return mean_known(np.stack([values, after]))
    return values


def usual_of(values: Sequence[np.ndarray]) -> np.ndarray:
    """Give what is usual of each keypoint, at least what is usual of all, (keypoints,)."""
    joined = np.concatenate(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        own, of_all = np.nanquantile(joined, USUAL, axis=0), np.nanquantile(joined, USUAL)
    return np.fmax(np.nan_to_num(own), np.nan_to_num(of_all))


def bad(values: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Say how far values are above the usual: 0 up to it, 1 from `GROSS` times on, 0 for NaN."""
    times = np.nan_to_num(values / usual, nan=0.0, posinf=GROSS)
    return np.clip(np.log(np.maximum(times, 1.0)) / np.log(GROSS), 0.0, 1.0)
