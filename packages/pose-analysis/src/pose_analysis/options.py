"""What can be set; checked when it is, so that nothing is computed with a value that cannot be."""

from dataclasses import dataclass
from typing import Literal

from pose_analysis.errors import AnalysisError


@dataclass(frozen=True)
class MedianFilterOptions:
    """How points are filtered by a running median.

    Attributes:
        window: frames that are looked at around each, an odd number.
        center: what is made of several networks before filtering: their "median" or "mean".
        min_confidence: points that a network gives with less are as missing.
        max_gap: the longest run of missing frames that is bridged by a straight line before
            filtering; 0 for none, None for any. What lies before the first known frame, or after
            the last, stays missing.
    """

    window: int = 5
    center: Literal["median", "mean"] = "median"
    min_confidence: float = 0.0
    max_gap: int | None = None

    def __post_init__(self) -> None:
        if self.window < 1 or self.window % 2 == 0:
            raise AnalysisError(f"window: {self.window} is not an odd number of frames above 0")
        if not 0 <= self.min_confidence <= 1:
            raise AnalysisError(f"min_confidence: {self.min_confidence} is not between 0 and 1")
        if self.max_gap is not None and self.max_gap < 0:
            raise AnalysisError(f"max_gap: {self.max_gap} is below 0; give 0 to bridge none")


@dataclass(frozen=True)
class SavitzkyGolayOptions(MedianFilterOptions):
    """How points are filtered by polynomials fitted to a running window.

    The window is the paper's for paws at 60 Hz; at 150 Hz it takes 13.

    Attributes:
        window: frames that a polynomial is fitted to, an odd number.
        order: of the polynomial, below the window.
    """

    window: int = 7
    order: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.order < self.window:
            raise AnalysisError(
                f"order: {self.order} is not between 0 and the window of {self.window}; "
                "give a longer window or a lower order"
            )


@dataclass(frozen=True)
class PupilOptions(SavitzkyGolayOptions):
    """How a pupil's diameter is smoothed.

    The window is the paper's for 60 Hz; at 150 Hz it takes 75.

    Attributes:
        window: frames that a polynomial is fitted to, an odd number.
        min_confidence: points with less are as missing.
    """

    window: int = 31
    min_confidence: float = 0.9


@dataclass(frozen=True)
class DecodingOptions:
    """How a signal is decoded.

    Attributes:
        lags: bins of the predictors that a bin of the target is told from: its own, and those just
            before.
        folds: parts of the recording, of which each is predicted by a model of the others.
        inner_folds: parts of those others, by which the penalty is chosen.
        penalties: of the squared weights, to choose from.
        choice: how the penalty is chosen: by inner "folds", or by leaving "one" bin out, which is
            faster, and too trusting where neighbouring bins are alike.
        split: trials are dealt into the folds at random ("interleaved"), or the recording is cut
            into contiguous "blocks"; None for trials interleaved, and a series in blocks.
        shifts: how often all is done again with the target moved against the predictors.
        seed: of what is drawn at random.
    """

    lags: int = 10
    folds: int = 5
    inner_folds: int = 5
    penalties: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
    choice: Literal["folds", "one"] = "folds"
    split: Literal["interleaved", "blocks"] | None = None
    shifts: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("lags", 1), ("folds", 2), ("inner_folds", 2), ("shifts", 0)):
            if (value := getattr(self, name)) < least:
                raise AnalysisError(f"{name}: {value} is below {least}")
        if not self.penalties or not all(0 < one < float("inf") for one in self.penalties):
            raise AnalysisError(f"penalties: {self.penalties} are not finite numbers above 0")
