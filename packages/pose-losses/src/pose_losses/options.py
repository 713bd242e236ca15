"""What a config can set for each loss, beside its weight and epsilon. Imports no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TemporalOptions:
    """Options of `temporal`.

    Attributes:
        prob_threshold: a step counts where both of its frames are at least this confident. The
            paper has 0.9; the published code, with its sharper confidence, 0.05.
    """

    prob_threshold: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.prob_threshold <= 1:
            raise ValueError(f"prob_threshold is {self.prob_threshold}; give one from 0 to 1")


@dataclass(frozen=True)
class PcaMultiviewOptions:
    """Options of `pca_multiview`.

    Attributes:
        percentile: of the labels' own errors, that a prediction may have for free; 100 for the
            largest, as in the paper.
        floor: pixels that it may have for free at least. Labels of two views, or few, fit their
            subspace better than any network can: 1 pixel is 0.2 standard deviations of a target
            Gaussian at 4 pixels a cell.
    """

    percentile: float = 99.0
    floor: float = 1.0

    def __post_init__(self) -> None:
        refuse_impossible(self.percentile, self.floor)


@dataclass(frozen=True)
class PcaSingleviewOptions:
    """Options of `pca_singleview`.

    Attributes:
        variance: share of the labels' variance that the kept components explain.
        percentile: of the labels' own errors, that a prediction may have for free; 100 for the
            largest, as in the paper.
        floor: pixels that it may have for free at least.
    """

    variance: float = 0.99
    percentile: float = 99.0
    floor: float = 1.0

    def __post_init__(self) -> None:
        refuse_impossible(self.percentile, self.floor)
        if not 0 < self.variance <= 1:
            raise ValueError(f"variance is {self.variance}; give a share above 0, at most 1")


def refuse_impossible(percentile: float, floor: float) -> None:
    """Raise ValueError for a tolerance that cannot be."""
    if not 0 < percentile <= 100:
        # 0.99 is refused nowhere but here: it once passed for the 99th percentile.
        raise ValueError(f"percentile is {percentile}; give one above 0, at most 100")
    if percentile <= 1:
        raise ValueError(f"percentile is {percentile}; percentiles run to 100, did you mean 99?")
    if not floor >= 0:
        raise ValueError(f"floor is {floor}; give 0 or more pixels")
