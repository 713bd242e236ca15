"""What a config can set for each loss, beside its weight. Imports no torch."""

from dataclasses import dataclass, fields
from typing import Any, Literal

Form = Literal["published", "improved"]
"""`published` is the paper's, in pixels; `improved` teaches points where others say that they are,
in nats, and is silent near the image's border."""

Teach = Literal["heatmap", "point"]
"""How the improved forms teach: by the divergence of a point's heatmap from the Gaussian at its
target, or by a Huber penalty of the distance."""

FORM: Form = "improved"
"""The form of a loss whose config names none."""


@dataclass(frozen=True)
class TemporalOptions:
    """Options of `temporal`.

    Attributes:
        form: "published": pixels of a step beyond epsilon, for both of its ends; "improved": a
            point farther than epsilon from the running median of its track is taught to be there.
        epsilon: pixels of the frame that a point may move from one frame to the next, or be off its
            track, for free.
        prob_threshold: a step counts where both of its frames are more confident than this; a track
            is made of frames that are.
        teach: what the improved form compares with the track, as for `pca_singleview`.
    """

    form: Form = FORM
    epsilon: float = 20.0
    prob_threshold: float = 0.9
    teach: Teach = "heatmap"

    def __post_init__(self) -> None:
        refuse_no_probability("prob_threshold", self.prob_threshold)
        refuse_idle(self, "published", "teach")


@dataclass(frozen=True)
class TemporalHeatmapOptions:
    """Options of `temporal_heatmap_mse` and `temporal_heatmap_kl`.

    Attributes:
        epsilon: pixels of the frame that a point may move from one frame to the next for free: what
            two Gaussians so far apart cost is taken off.
        prob_threshold: a step counts where both of its frames are more confident than this.
    """

    epsilon: float = 20.0
    prob_threshold: float = 0.9

    def __post_init__(self) -> None:
        refuse_no_probability("prob_threshold", self.prob_threshold)


@dataclass(frozen=True)
class UnimodalOptions:
    """Options of `unimodal`.

    Attributes:
        divergence: of a heatmap from the Gaussian at its own point: "kl", "js" or "mse".
        prob_threshold: maps less confident than this say nothing: between two peaks of one height
            lies no point to draw a Gaussian at.
    """

    divergence: Literal["kl", "js", "mse"] = "kl"
    prob_threshold: float = 0.5

    def __post_init__(self) -> None:
        refuse_no_probability("prob_threshold", self.prob_threshold)


@dataclass(frozen=True)
class PcaOptions:
    """What the losses of subspaces have in common.

    Attributes:
        form: "published": pixels from the subspace beyond epsilon, for every point; "improved": a
            point in doubt is taught where the confident ones of its frame say that it is.
        epsilon: pixels of the frame that a point may be off for free; null takes what labels are
            off.
        percentile: of the labels' own errors, which one epsilon is; null for the largest, as in the
            paper, where form is "published", and for 99 of errors of labels left out of the fit
            where it is "improved".
        floor: standard deviations of the target Gaussian that epsilon has at least, where form is
            "improved": a network has some noise, however well labels agree.
        teach: what the improved form compares with a reconstructed point: "heatmap", by the
            divergence from the Gaussian drawn there; "point", by a Huber penalty of the distance.
    """

    form: Form = FORM
    epsilon: float | None = None
    percentile: float | None = None
    floor: float = 0.2
    teach: Teach = "heatmap"

    def __post_init__(self) -> None:
        if self.percentile is not None:
            refuse_no_percentile(self.percentile)
        if not self.floor >= 0:
            raise ValueError(f"floor is {self.floor}; give 0 or more standard deviations")
        refuse_idle(self, "published", "floor", "teach")
        if self.percentile is not None and self.epsilon is not None:
            raise ValueError(
                f"percentile is {self.percentile:g}, and epsilon is given as {self.epsilon:g}; "
                "leave one of them out"
            )


@dataclass(frozen=True)
class PcaMultiviewOptions(PcaOptions):
    """Options of `pca_multiview`, beside those of every subspace.

    Attributes:
        gate: confidence below which a point is in doubt, where form is "improved"; null fits it to
            the validation frames after each validation (0.9 before the first, or without any).
    """

    gate: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gate is not None:
            refuse_no_probability("gate", self.gate)
        refuse_idle(self, "published", "gate")


@dataclass(frozen=True)
class PcaSingleviewOptions(PcaOptions):
    """Options of `pca_singleview`, beside those of every subspace.

    In the improved form a point is taught where all points of its frame, those aside that the
    others contradict, have it; epsilon is then the noise where it is null, and percentile says
    nothing.

    Attributes:
        variance: share of the labels' variance that the kept components explain, where form is
            "published".
        noise: standard deviation of a coordinate of a sound prediction's error in pixels of the
            frame, where form is "improved"; null fits it to the validation frames after each
            validation (0.4 of the target Gaussian's before the first, or without any).
    """

    variance: float = 0.99
    noise: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.variance <= 1:
            raise ValueError(f"variance is {self.variance}; give a share above 0, at most 1")
        if self.noise is not None and not 0 < self.noise < float("inf"):
            raise ValueError(f"noise is {self.noise}; give a number of pixels above 0")
        refuse_idle(self, "published", "noise")
        refuse_idle(self, "improved", "percentile", "variance")


def refuse_idle(options: Any, form: Form, *names: str) -> None:
    """Raise ValueError for an option that is given and says nothing to a form."""
    defaults = {field.name: field.default for field in fields(options)}
    for name in names:
        value = getattr(options, name)
        if options.form == form and value != defaults[name]:
            raise ValueError(
                f"{name} is {value}, which says nothing where form is {form!r}; leave it out, or "
                "choose the other form"
            )


def refuse_no_probability(name: str, value: float) -> None:
    """Raise ValueError for what no confidence can be."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; give one from 0 to 1")


def refuse_no_percentile(percentile: float) -> None:
    """Raise ValueError for what is no percentile, or looks like a fraction."""
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile is {percentile}; give one above 0, at most 100")
    if percentile <= 1:
        # 0.99 is refused nowhere but here: it once passed for the 99th percentile.
        raise ValueError(f"percentile is {percentile}; percentiles run to 100, did you mean 99?")
