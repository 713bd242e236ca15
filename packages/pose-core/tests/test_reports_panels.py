"""Sheets and lettering: all there, nothing on top of another, names that fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_core.predictions import Predictions
from pose_core.reports.labeled_video import DrawingOptions
from pose_core.reports.lettering import (
    HALO,
    Names,
    best_corners,
    fitting,
    free_sides,
    kept_inside,
    letters,
    write,
)
from pose_core.reports.palette import confidence_colours
from pose_core.reports.panels import (
    LARGEST,
    best_columns,
    best_size,
    enlarged,
    flowing,
    overlaid,
    side_by_side,
)
from pose_core.skeleton import Skeleton

PAIR = Skeleton(("nose", "tail"))
GREY = np.full((90, 120, 3), 100, np.uint8)
SIZE = (90, 120)


def at(*points: tuple[float, float]) -> Predictions:
    keypoints = np.array([points], float)
    return Predictions(keypoints, np.ones(keypoints.shape[:2]), PAIR)


def test_one_set_alone_has_no_legend() -> None:
    sheet = overlaid({"only": at((20, 20), (60, 60))}, DrawingOptions(), None, SIZE)
    assert sheet.draw(GREY, 0).shape == GREY.shape


def test_a_legend_stands_above_the_frame() -> None:
    sets = {"first": at((20, 20), (60, 60)), "second": at((30, 20), (60, 70))}
    drawn = overlaid(sets, DrawingOptions(), None, SIZE).draw(GREY, 0)
    strip = drawn[: len(drawn) - 90]
    assert np.ptp(strip.astype(int)) > 150
    assert (drawn[len(strip) + 20, 20] != 100).any()


def test_each_panel_shows_its_own_set_on_the_whole_frame() -> None:
    sets = {str(n): at((20 + 10 * n, 40), (np.nan, 0)) for n in range(3)}
    drawn = side_by_side(sets, DrawingOptions(), None, SIZE).draw(GREY, 0)
    assert (drawn == 100).all(-1).sum() > 3 * 90 * 120 * 0.97
    marked = [(drawn[:, n * 124 + np.array([20, 30, 40])] > 200).any((0, 2)) for n in range(3)]
    np.testing.assert_array_equal(marked, np.eye(3, dtype=bool))


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (6, 3), (12, 4)])
def test_panels_fill_a_screen(count: int, columns: int) -> None:
    assert best_columns(count, (400, 480)) == columns


def test_tall_panels_stand_in_one_row() -> None:
    assert best_columns(4, (800, 300)) == 4


@given(st.integers(1, 9000), st.integers(1, 9000), st.integers(1, 20), st.floats(0.05, 20))
def test_a_sheet_can_be_played_and_keeps_its_shape(
    height: int, width: int, count: int, scale: float
) -> None:
    size = best_size((height, width), count, scale)
    assert min(size) >= 1
    assert count * size[0] * size[1] <= LARGEST * 1.01 + count * (size[0] + size[1])
    assert size[0] <= height * scale + 1


def test_points_follow_the_pixels_of_an_enlarged_frame() -> None:
    small = np.zeros((6, 8))
    small[2, 5] = 1
    large = np.kron(small, np.ones((3, 3)))
    rows, columns = np.nonzero(large)
    moved = enlarged(at((5, 2), (0, 0)), (6, 8), (18, 24)).keypoints[0]
    np.testing.assert_allclose(moved[0], [columns.mean(), rows.mean()])
    np.testing.assert_allclose(moved[1], [1, 1])


def test_things_stand_in_rows_as_long_as_there_is_room() -> None:
    assert flowing([40, 50, 20, 200, 10], 100) == [(0, 0), (0, 40), (1, 0), (2, 0), (3, 0)]
    assert flowing([], 100) == []


@given(st.text(min_size=1, max_size=40), st.integers(20, 200))
def test_a_long_name_is_cut_to_its_room(text: str, room: int) -> None:
    cut = fitting(text, room, 12)
    assert len(cut) <= len(text)
    assert letters(cut, 12)[0].shape[1] <= room or len(cut) <= 2
    if letters(text, 12)[0].shape[1] <= room:
        assert cut == text


def test_text_beyond_the_frame_is_cut() -> None:
    image = GREY.copy()
    write(image, "somewhere else", (80, 100), 14, (255, 255, 255))
    assert image.shape == GREY.shape
    assert (image != GREY).any()


points = st.tuples(st.floats(-20, 140), st.floats(-20, 110))


@given(st.lists(points, min_size=3, max_size=3))
def test_names_stay_inside_and_are_written_where_their_points_are(given_points: list) -> None:
    keypoints = np.array([given_points])
    names = Names(["a", "bb", "ccc"], keypoints, np.full((3, 3), 255), 10, 3, (120, 90))
    image = GREY.copy()
    names.put(image, keypoints[0])
    seen = ((keypoints[0] > -0.5) & (keypoints[0] < [119.5, 89.5])).all()
    assert (image != GREY).any() or not seen


@pytest.mark.parametrize("gap", [12, 20, 60])
def test_names_of_near_points_do_not_cover_one_another(gap: float) -> None:
    points = np.array([[[100, 100], [100 + gap, 100], [100, 100 + gap]]], float)
    boxes = np.array([[60, 14], [60, 14], [60, 14]])
    begin = points[0] + best_corners(points, boxes, 3, np.array([300, 300]))[:, 0]
    end = begin + boxes
    for one in range(3):
        for other in range(one):
            common = np.minimum(end[one], end[other]) - np.maximum(begin[one], begin[other])
            assert common.min() <= 0


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), min_size=9, max_size=9))
def test_names_that_are_written_never_cover_one_another(given_points: list) -> None:
    corners = np.array(given_points)[:, None] + [[4, 4], [-40, 4], [4, -16]]
    sides = free_sides(corners, np.full((9, 2), (36, 14)), np.arange(9) != 4)
    assert sides[4] == -1, "of a point that is not there"
    assert sides[0] == 0, "the first one has its best place"
    begins = [corners[name, side] for name, side in enumerate(sides) if side >= 0]
    for one, begin in enumerate(begins):
        for other in begins[:one]:
            apart = np.abs(begin - other)
            assert apart[0] >= 36 - 2 * HALO or apart[1] >= 14 - 2 * HALO


def test_a_name_that_fits_nowhere_is_left_out_and_back_when_there_is_room() -> None:
    here, apart = np.full((9, 1, 2), 20), np.arange(9)[:, None, None] * np.array([40, 0])
    boxes, known = np.full((9, 2), (36, 14)), np.ones(9, bool)
    assert free_sides(here, boxes, known).tolist() == [0] + [-1] * 8
    assert free_sides(apart, boxes, known).tolist() == [0] * 9


@given(st.tuples(st.integers(0, 119), st.integers(0, 89)), st.integers(0, 7))
def test_names_are_kept_inside_the_frame(point: tuple[int, int], side: int) -> None:
    box = np.array([40, 14])
    corner = [(4, -16), (4, 4), (-44, -16), (-44, 4), (4, -7), (-44, -7), (-20, -18), (-20, 4)]
    found = kept_inside(np.array(point), np.array(corner[side]), box, np.array([120, 90]))
    assert (found >= 0).all()
    assert (found + box <= [120, 90]).all()


def test_names_keep_their_side_from_frame_to_frame() -> None:
    walk = np.stack([np.linspace(20, 60, 30), np.full(30, 45.0)], -1)[:, None]
    names = Names(["nose"], walk, np.full((1, 3), 255), 10, 3, (120, 90))
    lefts = []
    for point in walk:
        image = GREY.copy()
        names.put(image, point)
        lefts.append(np.nonzero((image != GREY).any((0, 2)))[0].min() - point[0, 0])
    assert np.ptp(lefts) <= 1


def test_colours_of_confidence_go_from_orange_to_blue_and_unknown_is_grey() -> None:
    low, high, unknown = confidence_colours(np.array([0, 1, np.nan]))
    assert low[0] > low[2]
    assert high[2] > high[0]
    assert np.ptp(unknown) == 0
