"""Marks on frames and labeled videos: in the right place, the right colour, all frames."""

from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.hookspecs import VideoReader
from pose_core.predictions import Predictions
from pose_core.reports import marks
from pose_core.reports.labeled_video import DrawingOptions, Painter, label_video
from pose_core.reports.palette import keypoint_colours
from pose_core.skeleton import Skeleton
from pose_core.synthetic import Scene, Session
from pose_core.video import pyav
from pose_core.video.writing import VideoWriter

READER = VideoReader(name="pyav", unavailable=pyav.unavailable, probe=pyav.probe, read=pyav.read)
PAIR = Skeleton(("nose", "tail"), edges=(("nose", "tail"),))
GREY = np.full((40, 60, 3), 100, np.uint8)


def predictions(points: object, confidence: float = 1.0, skeleton: Skeleton = PAIR) -> Predictions:
    keypoints = np.array(points, float)
    return Predictions(keypoints, np.full(keypoints.shape[:2], confidence), skeleton)


def centre_of(drawn: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The centroid of what was drawn, (x, y)."""
    weights = np.abs(drawn.astype(float) - before).sum(-1)
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("shape", marks.SHAPES)
@pytest.mark.parametrize("point", [(23.0, 17.0), (23.2, 17.4), (30.5, 20.75), (12.9, 9.3)])
def test_every_mark_is_centred_on_its_point(shape: marks.Shape, point: tuple[float, float]) -> None:
    image = np.zeros_like(GREY)
    marks.put(image, np.array([point]), np.array([[255, 255, 255]]), marks.stamp(shape, 3))
    np.testing.assert_allclose(centre_of(image, np.zeros_like(GREY)), point, atol=0.15)


def test_marks_lie_on_one_another_the_last_on_top() -> None:
    image, colours = GREY.copy(), np.array([[255, 0, 0], [0, 255, 0]])
    marks.put(image, np.array([[20.0, 20], [22, 20]]), colours, marks.stamp("disc", 3))
    assert image[20, 22].tolist() == [0, 255, 0]


def test_a_disc_has_its_colour_in_the_middle_and_a_dark_rim() -> None:
    image = GREY.copy()
    marks.put(image, np.array([[20.0, 20]]), np.array([[255, 0, 0]]), marks.stamp("disc", 3))
    assert image[20, 20].tolist() == [255, 0, 0]
    assert image[20, 24].max() < 100


@pytest.mark.parametrize("point", [(-1.0, 0), (59.6, 39.4), (1e30, 3), (np.nan, 4), (0, -1e9)])
def test_points_at_and_beyond_the_border_do_no_harm(point: tuple[float, float]) -> None:
    image = GREY.copy()
    marks.put(image, np.array([point]), np.array([[255, 0, 0]]), marks.stamp("disc", 3))
    assert image.shape == GREY.shape


def test_a_missing_point_leaves_the_frame_as_it_is() -> None:
    frame = Painter([predictions([[[np.nan] * 2] * 2])], DrawingOptions(names=True)).draw(GREY, 0)
    np.testing.assert_array_equal(frame, GREY)


def test_unsure_points_are_left_out() -> None:
    unsure = predictions([[[10, 10], [40, 30]]], confidence=0.3)
    options = DrawingOptions(confidence=0.5)
    np.testing.assert_array_equal(Painter([unsure], options).draw(GREY, 0), GREY)


def test_points_of_unknown_confidence_are_drawn() -> None:
    unknown = predictions([[[10, 10], [40, 30]]], confidence=np.nan)
    frame = Painter([unknown], DrawingOptions(confidence=0.5)).draw(GREY, 0)
    assert (frame != GREY).any()


def test_drawing_leaves_the_given_frame_alone() -> None:
    given = GREY.copy()
    Painter([predictions([[[10, 10], [40, 30]]])]).draw(given, 0)
    np.testing.assert_array_equal(given, GREY)


WHITE = np.full((1, 3), 255)


@pytest.mark.parametrize(
    ("start", "end"),
    [((5, 5), (45, 25)), ((45, 25), (5, 5)), ((8, 36), (20, 3)), ((30.4, 7), (30.4, 33)),
     ((10.2, 12.8), (10.6, 12.9)), ((20, 20), (20, 20))],
)  # fmt: skip
def test_a_line_lies_between_its_ends(start: tuple, end: tuple) -> None:
    image = np.zeros_like(GREY)
    marks.put_lines(image, np.array([[start, end]], float), WHITE, 1.0)
    ink = image[..., 0]
    assert ink.max() > 200
    rows, columns = np.nonzero(ink > 100)
    along = np.subtract(end, start).astype(float)
    length = max(np.hypot(*along), 1e-9)
    away = np.abs(along[0] * (rows - start[1]) - along[1] * (columns - start[0])) / length
    assert away.max() <= 1.2
    assert abs(np.ptp(columns) - abs(along[0])) <= 2
    assert abs(np.ptp(rows) - abs(along[1])) <= 2


def test_a_line_of_half_opacity_has_half_the_ink() -> None:
    image, ends = np.zeros_like(GREY), np.array([[[5.0, 5], [45, 5]], [[5.0, 25], [45, 25]]])
    marks.put_lines(image, ends, np.repeat(WHITE, 2, 0), np.array([1, 0.5]))
    assert image[5, 20, 0] == 255
    assert image[25, 20, 0] == pytest.approx(128, abs=1)


@pytest.mark.parametrize("end", [(np.nan, 25), (1e30, 3), (-1e9, -1e9), (4, 1e12)])
def test_a_line_to_nowhere_or_far_away_does_no_harm(end: tuple[float, float]) -> None:
    image = GREY.copy()
    marks.put_lines(image, np.array([[[5.0, 5], end]]), WHITE, 1.0)
    assert image.shape == GREY.shape
    assert (image == GREY).all() == np.isnan(end).any()


def test_limbs_join_the_ends_of_the_skeletons_edges() -> None:
    one = predictions([[[10, 20], [50, 20]]])
    changed = (Painter([one]).draw(GREY, 0) != GREY).any(-1)
    without = (Painter([one], DrawingOptions(limbs=False)).draw(GREY, 0) != GREY).any(-1)
    assert changed[20, 10:51].all()
    assert not without[:, 20:40].any()


def test_a_limb_without_an_end_is_left_out() -> None:
    changed = (Painter([predictions([[[10, 20], [np.nan] * 2]])]).draw(GREY, 0) != GREY).any(-1)
    assert not changed[:, 20:].any()


def test_a_trail_shows_where_points_were() -> None:
    walk = predictions([[[5 + 8 * n, 20], [np.nan] * 2] for n in range(6)])
    options = DrawingOptions(trail=3, radius=2)
    changed = (Painter([walk], options).draw(GREY, 5) != GREY).any(-1)
    assert changed[20, [21, 29, 37, 45]].all()
    assert not changed[20, [5, 13]].any()


def test_a_trail_has_a_gap_where_no_animal_jumps() -> None:
    walk = predictions([[[5, 20], [np.nan] * 2], [[55, 20], [np.nan] * 2]])
    changed = (Painter([walk], DrawingOptions(trail=3, radius=2)).draw(GREY, 1) != GREY).any(-1)
    assert not changed[:, :45].any()


def test_names_are_written_beside_their_points_and_inside_the_frame() -> None:
    without = Painter([predictions([[[10, 30], [57, 30]]])], DrawingOptions(limbs=False))
    named = Painter([predictions([[[10, 30], [57, 30]]])], DrawingOptions(limbs=False, names=True))
    extra = (named.draw(GREY, 0) != without.draw(GREY, 0)).any(-1)
    assert extra[:, 12:40].sum() > 40
    assert extra[:, 40:54].sum() > 20


def test_several_sets_are_drawn_with_other_marks() -> None:
    first, second = predictions([[[15, 20], [15, 20]]]), predictions([[[45, 20], [45, 20]]])
    frame = Painter([first, second], DrawingOptions(limbs=False)).draw(GREY, 0)
    assert (frame[20, 15] != 100).any()
    assert (frame[20, 45] == 100).all()  # a ring is open
    assert (frame[:, 38:53] != 100).any()


def test_sets_of_different_videos_are_refused() -> None:
    with pytest.raises(FormatError, match=r"sets of \[1, 2\] frames"):
        Painter([predictions([[[1, 1]] * 2]), predictions([[[1, 1]] * 2] * 2)])


@pytest.mark.parametrize("count", [0, 5])
def test_no_set_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(FormatError, match=f"{count} sets of predictions"):
        Painter([predictions([[[1, 1]] * 2])] * count)


def test_a_point_has_one_colour_in_all_views() -> None:
    views = {"top": ("a_top", "b_top"), "bot": ("a_bot", None)}
    skeleton = Skeleton(("a_top", "b_top", "a_bot", "bar"), views=views)
    a_top, b_top, a_bot, bar = keypoint_colours(skeleton)
    assert a_top == a_bot
    assert len({a_top, b_top, bar}) == 3


def test_many_keypoints_have_many_colours() -> None:
    assert len(set(keypoint_colours(Skeleton(tuple(map(str, range(30))))))) == 30


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    path = tmp_path_factory.mktemp("recording") / "mouse.mp4"
    scene = Scene(Session(size=(96, 97), seed=1), 40)
    with VideoWriter(path, 25) as writer:
        for image in scene.images():
            writer.write(image)
    return path, scene


def truth_of(scene: Scene) -> Predictions:
    return predictions(scene.keypoints, skeleton=scene.skeleton)


def test_a_labeled_video_has_every_frame_with_its_own_marks(
    recording: tuple[Path, Scene], tmp_path: Path
) -> None:
    video, scene = recording
    target = tmp_path / "labeled.mp4"
    assert label_video(video, [truth_of(scene)], target, READER).frames == 40
    assert pyav.probe(target).frames == 40
    assert pyav.probe(target).fps == 25
    plain = next(pyav.read(video, [range(40)])).images.astype(int)
    labeled = next(pyav.read(target, [range(40)])).images.astype(int)[:, :96, : plain.shape[2]]
    changed = np.abs(labeled - plain).max(-1) > 60
    for number in range(0, 40, 7):
        for x, y in np.rint(scene.keypoints[number]).astype(int):
            assert changed[number, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].any()
    assert changed.mean() < 0.15


def test_predictions_of_another_video_are_refused(
    recording: tuple[Path, Scene], tmp_path: Path
) -> None:
    video, scene = recording
    wrong = truth_of(Scene(scene.session, 39))
    with pytest.raises(FormatError, match="has 40 frames, the predictions 39"):
        label_video(video, [wrong], tmp_path / "a.mp4", READER)
    assert list(tmp_path.iterdir()) == []
