"""The result of smoothing: one camera's, or several cameras' of one animal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pose_eks.core.fitting import Fit


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Smoothed keypoints with what is known of their error.

    Everything but `center` and `spread` is finite in every frame, however many predictions are
    missing; a keypoint that is missing in all frames is NaN throughout.

    Attributes:
        keypoints: (frames, keypoints, 2), posterior means, in pixels.
        confidence: (frames, keypoints), the members' mean confidence, carried over: 0 where
            none sees the point, NaN where none says.
        posterior_variance: (frames, keypoints, 2), of the true position given everything, px².
        predictive_variance: (frames, keypoints, 2), posterior variance + R: of where the
            ensemble would put the point, px².
        center: (frames, keypoints, 2), the ensemble's median or mean; NaN where missing.
        spread: (frames, keypoints, 2), the ensemble's variance as it was used (a v), px²; NaN
            where missing.
        fit: the parameters, per keypoint.
        center_name: "median" or "mean".
        weight: (frames, keypoints), how far a robust likelihood trusts an observation, from 0 to
            about 1; None for the Gaussian one, which trusts them all.
        signals: further quantities by name, each (frames,), such as the diameter of a pupil.
        diagnostics: further columns by name, each (frames, keypoints).
    """

    keypoints: np.ndarray
    confidence: np.ndarray
    posterior_variance: np.ndarray
    predictive_variance: np.ndarray
    center: np.ndarray
    spread: np.ndarray
    fit: Fit
    center_name: str = "mean"
    weight: np.ndarray | None = None
    signals: Mapping[str, np.ndarray] = field(default_factory=dict)
    diagnostics: Mapping[str, np.ndarray] = field(default_factory=dict)

    def columns(self) -> dict[str, np.ndarray]:
        """Give what a table may carry beside x, y and confidence, each (frames, keypoints)."""
        pairs = {
            f"ens_{self.center_name}": self.center,
            "ens_var": self.spread,
            "posterior_var": self.posterior_variance,
            "predictive_var": self.predictive_variance,
        }
        columns = {
            f"{axis}_{name}": values[..., number]
            for name, values in pairs.items()
            for number, axis in enumerate("xy")
        }
        return columns | dict(self.diagnostics)

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.keypoints)

    def chunks(self) -> "Iterator[Smoothed]":
        """Give all of it at once, where a recording is asked for some frames at a time."""
        yield self

    def chosen(self, keypoints: np.ndarray) -> "Smoothed":
        """Give some of the keypoints, in the order asked for."""
        parts: dict[str, Any] = {name: getattr(self, name)[:, keypoints] for name in PER_KEYPOINT}
        return replace(
            self,
            **parts,
            fit=self.fit.chosen(keypoints),
            weight=None if self.weight is None else self.weight[:, keypoints],
            diagnostics={name: one[:, keypoints] for name, one in self.diagnostics.items()},
        )


PER_KEYPOINT = (
    "keypoints",
    "confidence",
    "posterior_variance",
    "predictive_variance",
    "center",
    "spread",
)


def beside(parts: Sequence[Smoothed]) -> Smoothed:
    """Put the keypoints of several results of the same frames side by side."""

    def all_of(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts], axis=1)

    together: dict[str, Any] = {name: all_of(name) for name in PER_KEYPOINT}
    return replace(
        parts[0],
        **together,
        fit=Fit.beside([part.fit for part in parts]),
        weight=None if parts[0].weight is None else all_of("weight"),
    )


@dataclass(frozen=True, eq=False)
class SmoothedViews:
    """One animal as several cameras, or mirrored views of one camera, see it.

    Attributes:
        views: the smoothed keypoints of each view by its name, on that view's own frames. A
            keypoint that a view does not have is NaN there.
        names: keypoint names that all views share, in the order of their arrays.
        positions: (times, keypoints, latent), the common state of all views: positions in the
            world where cameras are calibrated, else coordinates along principal axes.
        covariance: (times, keypoints, latent, latent), of `positions`.
        times: (times,), of `positions`; frame numbers where views are synchronous.
        requested: what each view would show at further times that were asked for, by its name.
    """

    views: Mapping[str, Smoothed]
    names: tuple[str, ...]
    positions: np.ndarray
    covariance: np.ndarray
    times: np.ndarray
    requested: Mapping[str, Smoothed] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LongSmoothed:
    """A smoothed recording, of which some frames at a time are in memory.

    Attributes:
        fit: the parameters.
        frames: how many there are.
        chunks: gives the result of some frames at a time, from the beginning.
    """

    fit: Fit
    frames: int
    chunks: Callable[[], Iterator[Smoothed]]
