"""The demo's page: its numbers are the results', its pictures the worst frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.labels import OCCLUDED, Labels
from pose_core.predictions import Predictions
from pose_core.reports.demo_page import around, demo_report
from pose_core.reports.demo_results import (
    DemoResults,
    keypoint_table,
    method_table,
    mistakes,
    read_curves,
    summary_of,
    worst_points,
)
from pose_core.synthetic import Scene, Session

FRAMES = 30


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(Session(size=(96, 96), seed=2), FRAMES)


@pytest.fixture
def results(scene: Scene, tmp_path: Path) -> DemoResults:
    """Networks that are off by (3, 4) and (6, 8) pixels, and a smoother that is right."""

    def shifted(by: float) -> Predictions:
        points = scene.keypoints + by * np.array([3.0, 4.0])
        return Predictions(points, np.full(points.shape[:2], 0.5), scene.skeleton)

    (tmp_path / "metrics.csv").write_text("epoch,train_loss,validation_error\n0,0.1,\n1,0.01,3\n")
    frames = tuple(f"mouse/img{n:04d}.png" for n in range(FRAMES))
    return DemoResults(
        truth=Labels(frames, scene.keypoints, scene.visibility, scene.skeleton),
        networks={"network 1": shifted(1), "network 2": shifted(2.5)},
        combined={"smoothed <b>": shifted(0)},
        fps=60.0,
        labeled=24,
        curves={"network 1": tmp_path / "metrics.csv"},
        seconds={"train": 60.0, "predict": 1.5},
    )


def test_the_tables_say_what_the_errors_are(results: DemoResults) -> None:
    table = method_table(results, results.errors())
    first, second, smoothed = table.rows
    assert first[1:] == pytest.approx((5.0, 5, 5, 5, 5, 0))
    assert second[1:] == pytest.approx((12.5, 12.5, 12.5, 12.5, 12.5, 100))
    assert smoothed[1:] == pytest.approx((0.0,) * 6)


def test_keypoints_are_listed_with_how_often_they_are_hidden(results: DemoResults) -> None:
    table = keypoint_table(results, results.errors())
    hidden = (results.truth.visibility == OCCLUDED).mean(0) * 100
    assert [row[1] for row in table.rows] == pytest.approx(hidden.tolist())
    assert [row[0] for row in table.rows] == list(results.truth.skeleton.names)


def test_networks_share_a_column_of_the_keypoints(results: DemoResults) -> None:
    table = keypoint_table(results, results.errors())
    assert table.columns == ("keypoint", "hidden (%)", "single network", *results.combined)
    off = np.array([[5.0, 12.5]])  # by how far the two networks are shifted
    assert [row[2] for row in table.rows] == pytest.approx([off.mean()] * len(table.rows))


def test_hidden_and_visible_points_are_told_apart(results: DemoResults) -> None:
    hidden = results.truth.visibility == OCCLUDED
    assert hidden.any()
    wrong = results.truth.keypoints + np.where(hidden, 20.0, 0.0)[..., None] * [1, 0]
    one = Predictions(wrong, np.ones(hidden.shape), results.truth.skeleton)
    results = replace(results, networks={"only": one}, combined={})
    assert method_table(results, results.errors()).rows[0][4:6] == pytest.approx((0.0, 20.0))


def test_the_summary_names_the_networks_and_the_best(results: DemoResults) -> None:
    summary = summary_of(results, results.errors())
    assert summary.startswith("2 networks trained on 24 labeled frames")
    assert "8.75 px" in summary
    assert summary.endswith("smoothed <b>: 0.00 px.")


def test_the_page_holds_the_tables_and_pictures_and_escapes_names(
    results: DemoResults, scene: Scene
) -> None:
    report = demo_report(results, scene.draw)
    assert "smoothed &lt;b&gt;" in report.page
    assert "smoothed <b>" not in report.page
    assert report.page.count("data:image/jpeg") == len(worst_points(results.errors()["network 1"]))
    assert "12.50" in report.page
    assert "61.5" in report.page
    assert "<video" not in report.page


def test_the_video_is_on_the_page_where_there_is_one(
    results: DemoResults, scene: Scene, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    report = demo_report(replace(results, video=tmp_path / "a.mp4"), scene.draw)
    assert report.page.count("<video") == 1


def test_a_video_that_is_never_labeled_or_seen_still_makes_a_page(
    results: DemoResults, scene: Scene
) -> None:
    nothing = np.full_like(results.truth.keypoints, np.nan)
    blank = Predictions(nothing, np.zeros(nothing.shape[:2]), results.truth.skeleton)
    empty = replace(results, networks={"network 1": blank}, combined={"mean": blank}, curves={})
    assert "nan px" in demo_report(empty, scene.draw).summary


def test_predictions_of_another_video_are_refused(results: DemoResults, scene: Scene) -> None:
    one = results.networks["network 1"]
    short = Predictions(one.keypoints[1:], one.confidence[1:], one.skeleton)
    with pytest.raises(FormatError, match="29 frames are not the 30 labeled ones"):
        demo_report(replace(results, networks={"network 1": short}), scene.draw)


def test_the_worst_points_are_found_apart_from_each_other() -> None:
    errors = np.zeros((100, 3))
    errors[50, 1], errors[52, 2], errors[90, 0], errors[10, 2] = 9, 8, 7, np.nan
    assert worst_points(errors, count=2, apart=20) == [(50, 1), (90, 0)]


def test_frames_without_a_known_error_are_never_the_worst() -> None:
    assert worst_points(np.full((5, 2), np.nan)) == []


def test_mistakes_are_shares_of_known_points() -> None:
    assert mistakes(np.array([[1.0, 11.0], [np.nan, 12.0], [0.0, np.nan]])) == 0.5


def test_metrics_are_read_with_their_gaps(results: DemoResults) -> None:
    curves = read_curves(results.curves["network 1"])
    np.testing.assert_array_equal(curves["epoch"], [0, 1])
    np.testing.assert_array_equal(curves["validation_error"], [np.nan, 3])


@pytest.mark.parametrize("text", ["epoch,loss\n0,x\n", "epoch,loss\n0\n"])
def test_a_broken_table_of_metrics_is_one_clear_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(text)
    if "x" in text:
        with pytest.raises(FormatError, match=r"metrics.csv: no table of metrics"):
            read_curves(tmp_path / "metrics.csv")
    else:
        assert np.isnan(read_curves(tmp_path / "metrics.csv")["loss"]).all()


def test_a_missing_table_of_metrics_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none.csv: no table of metrics"):
        read_curves(tmp_path / "none.csv")


@pytest.mark.parametrize("point", [(0, 0), (99, 49), (50, 25), (-3, 60)])
def test_a_cut_out_part_lies_in_the_picture(point: tuple[int, int]) -> None:
    image = np.arange(50 * 100 * 3).reshape(50, 100, 3)
    part = around(image, np.array(point, float), part=0.5)
    assert part.shape == (25, 50, 3)
    if point == (50, 25):
        assert part[0, 0].tolist() == image[13, 25].tolist()
