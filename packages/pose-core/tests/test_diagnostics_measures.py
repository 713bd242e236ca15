"""What is measured of tracks, against closed forms and by hand."""

import types
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pose_core.diagnostics.measures import ensemble_spread, measure, posterior_deviation
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.errors import FormatError
from pose_core.hookspecs import Metric, hookimpl
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose", "tail"))


def predicted(x: float, frames: Sequence[str] | None = None, **extra: np.ndarray) -> Predictions:
    """Both points at (x, 0) in three frames."""
    points = np.zeros((3, 2, 2))
    points[..., 0] = x
    given = None if frames is None else tuple(frames)
    return Predictions(points, np.full((3, 2), 0.8), SKELETON, given, extra=extra)


def with_metrics(*metrics: Metric) -> Plugins:
    module = types.ModuleType("some_metrics")

    @hookimpl
    def pose_metrics() -> list[Metric]:
        return list(metrics)

    module.pose_metrics = pose_metrics  # type: ignore[attr-defined]
    return Plugins().add("pose_core.plugin").add(module)


def refusing(predictions: Predictions, labels: Labels | None) -> np.ndarray:
    raise FormatError("there is one view only")


def test_the_spread_is_the_root_mean_square_distance_to_the_mean() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5, 4, 3, 2))
    variance = points.var(axis=0).sum(-1)
    np.testing.assert_allclose(ensemble_spread(points), np.sqrt(variance))


def test_the_spread_is_of_the_members_that_see_a_point() -> None:
    points = np.array([[0.0, 0.0], [6.0, 8.0], [np.nan, 1.0]])[:, None, None]
    np.testing.assert_allclose(ensemble_spread(points), [[5.0]])
    assert np.isnan(ensemble_spread(points[1:])).all()


def test_two_members_a_smoother_and_the_truth_by_hand(plugins: Plugins) -> None:
    frames = ("a", "b", "c")
    columns = {"x_posterior_var": np.full((3, 2), 9.0), "y_posterior_var": np.full((3, 2), 16.0)}
    truth = Labels.of(frames, np.zeros((3, 2, 2)), SKELETON)
    sources = {
        "one": predicted(2.0, frames),
        "two": predicted(6.0, frames),
        "eks": predicted(3.0, frames, **columns),
    }
    sets = ("train", "validation", "test")
    tracks = Tracks(LABELS, sources, ("one", "two"), truth=truth, sets=sets)
    one, two, eks = measure(tracks, plugins, None)
    means = [
        {name: values.mean().item() for name, values in each.values.items()}
        for each in (one, two, eks)
    ]
    shared = {"confidence": 0.8, "ensemble_spread": 2.0}
    assert means[0] == pytest.approx(shared | {"pixel_error": 2.0, "smoothed_difference": 1.0})
    assert means[1] == pytest.approx(shared | {"pixel_error": 6.0, "smoothed_difference": 3.0})
    own = {"pixel_error": 3.0, "smoothed_difference": 1.0, "posterior_deviation": 5.0}
    assert means[2] == pytest.approx(shared | own)
    assert one.units["confidence"] == ""
    assert one.units["pixel_error"] == "px"
    assert one.sets == sets


def test_one_member_has_no_spread_and_a_video_no_error(plugins: Plugins) -> None:
    (found,) = measure(Tracks("clip", {"one": predicted(2.0)}, ("one",)), plugins, None)
    assert list(found.values) == ["confidence"]
    assert found.frames is None


def test_a_metric_is_given_the_labels_it_asks_for() -> None:
    training = Labels.of(("t",), np.zeros((1, 2, 2)), SKELETON)
    got: dict[str, Labels | None] = {}

    def metric(name: str, needs: frozenset[str]) -> Metric:
        def compute(predictions: Predictions, labels: Labels | None) -> np.ndarray:
            got[name] = labels
            return np.zeros((len(predictions), 2))

        return Metric(name=name, unit="mm", compute=compute, needs=needs)

    free, fitted = metric("free", frozenset()), metric("fitted", frozenset({"training"}))
    plugins = with_metrics(free, fitted, metric("judged", frozenset({"labels"})))
    tracks = Tracks("clip", {"one": predicted(2.0)}, ("one",))
    (found,) = measure(tracks, plugins, training)
    assert got == {"free": None, "fitted": training}
    assert found.units["fitted"] == "mm"


def test_a_metric_that_refuses_is_left_out_and_says_why() -> None:
    wrong = Metric(
        name="wrong", unit="px", needs=frozenset(), compute=lambda p, _: np.zeros(len(p))
    )
    fitted = Metric(name="fitted", unit="px", needs=frozenset({"training"}), compute=refusing)
    none = Metric(name="refusing", unit="px", needs=frozenset(), compute=refusing)
    said: list[str] = []
    tracks = Tracks("clip", {"one": predicted(2.0)}, ("one",))
    (found,) = measure(tracks, with_metrics(wrong, fitted, none), None, said.append)
    assert list(found.values) == ["confidence"]
    assert said == [
        "fitted is left out: it is fitted to labels, and there are none of frames to train on",
        "refusing is left out: there is one view only",
        "wrong is left out: gives (3,), not one number per frame and keypoint",
    ]


@pytest.mark.parametrize("views", [0, 2])
def test_a_metric_of_views_is_asked_where_there_are_some(views: int) -> None:
    names = {"left": ("nose", None), "right": (None, "tail")} if views else {}
    given = replace(predicted(1.0), skeleton=replace(SKELETON, views=names))
    told: list[str] = []
    needs = frozenset({"views"})
    metric = Metric(name="apart", unit="px", needs=needs, compute=lambda p, _: p.confidence)
    (one,) = measure(Tracks("clip", {"a": given}, ("a",)), with_metrics(metric), None, told.append)
    assert ("apart" in one.values) is bool(views)
    assert told == []


def test_a_metric_that_names_itself_is_not_named_twice() -> None:
    def named(predictions: Predictions, labels: Labels | None) -> np.ndarray:
        raise FormatError("shape: too few frames")

    told: list[str] = []
    metric = Metric(name="shape", unit="px", needs=frozenset(), compute=named)
    measure(Tracks("clip", {"a": predicted(1.0)}, ("a",)), with_metrics(metric), None, told.append)
    assert told == ["shape is left out: too few frames"]


def test_steps_are_not_measured_between_labeled_images() -> None:
    steps = Metric(
        name="temporal_norm", unit="px", needs=frozenset(), compute=lambda p, _: p.confidence
    )
    plugins = with_metrics(steps)
    frames = ("img1.png", "img2.png", "img3.png")
    (images,) = measure(Tracks(LABELS, {"a": predicted(0, frames)}, ("a",)), plugins, None)
    (video,) = measure(Tracks("clip", {"a": predicted(0)}, ("a",)), plugins, None)
    assert "temporal_norm" not in images.values
    assert "temporal_norm" in video.values


def test_a_posterior_is_no_surer_than_certain() -> None:
    extra = {"x_posterior_var": np.array([[-1e-9]]), "y_posterior_var": np.array([[0.0]])}
    assert posterior_deviation(extra).tolist() == [[0.0]]
