"""Views that are separate files: side by side, numbered by instants, split together."""

from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import ConfigError, FormatError
from pose_core.labels import Labels
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.skeleton import Skeleton
from pose_core.splits import draw_split, read_split, write_split
from pose_core.views import join_instants, join_predictions

SKELETON = Skeleton(("nose", "tail"), edges=(("nose", "tail"),))
CAMERAS = {"top": np.array([0, 1, 2, -1]), "bot": np.array([3, -1, 4, 5])}
FRAMES = ["t/0.png", "t/1.png", "t/2.png", "b/0.png", "b/2.png", "b/3.png"]
POINTS = np.arange(24.0).reshape(6, 2, 2)
LABELS = Labels.of(FRAMES, POINTS, SKELETON)


def project(cameras, labels=LABELS):
    return Project(Path("/rig"), "rig", labels, cameras=cameras)


def test_each_instant_has_the_points_of_all_views_side_by_side():
    joined = join_instants(LABELS, CAMERAS, range(6))
    assert joined.skeleton.names == ("nose_top", "tail_top", "nose_bot", "tail_bot")
    assert joined.skeleton.views["bot"] == ("nose_bot", "tail_bot")
    assert joined.skeleton.edges == (("nose_top", "tail_top"), ("nose_bot", "tail_bot"))
    assert joined.frames == ("t/0.png", "t/1.png", "t/2.png", "b/3.png")
    np.testing.assert_array_equal(joined.keypoints[0], np.concatenate([POINTS[0], POINTS[3]]))
    assert np.isnan(joined.keypoints[1, 2:]).all() and np.isnan(joined.keypoints[3, :2]).all()
    assert joined.visibility.tolist() == [[2, 2, 2, 2], [2, 2, 0, 0], [2, 2, 2, 2], [0, 0, 2, 2]]


def test_rows_that_are_not_chosen_are_missing_and_instants_without_any_are_left_out():
    joined = join_instants(LABELS, CAMERAS, [0, 3, 4])
    assert joined.frames == ("t/0.png", "b/2.png")
    assert np.isnan(joined.keypoints[1, :2]).all()
    assert np.isfinite(joined.keypoints[:, 2:]).all()


def test_predictions_of_some_images_keep_their_names_and_columns():
    extra = {"v": np.arange(12.0).reshape(6, 2)}
    found = Predictions(POINTS, np.ones((6, 2)), SKELETON, tuple(FRAMES), extra=extra).select(
        [4, 1]
    )
    assert found.frames == ("b/2.png", "t/1.png")
    np.testing.assert_array_equal(found.extra["v"], extra["v"][[4, 1]])
    video = Predictions(POINTS, np.ones((6, 2)), SKELETON)
    assert video.select([0]).frames is None
    assert join_predictions({"a": video, "b": video}).skeleton.names[2] == "nose_b"


def test_a_project_numbers_the_instants_of_its_rows():
    assert project(CAMERAS).instants.tolist() == [0, 1, 2, 0, 2, 3]
    assert project({}).instants.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("cameras", "message"),
    [
        ({"top": np.array([0]), "bot": np.array([1, 2])}, "instants: 1 in top, 2 in bot"),
        ({"top": np.array([0, 1, 2]), "bot": np.array([3, 4, -1])}, "show 5 rows of 6 labeled"),
        ({"top": np.array([0, 1, 2]), "bot": np.array([2, 4, 5])}, "show 6 rows of 6 labeled"),
        ({"../top": np.arange(3), "bot": np.arange(3, 6)}, r"view '\.\./top' cannot be part of a"),
    ],
)
def test_cameras_that_cannot_be_are_refused_in_one_line(cameras, message):
    with pytest.raises(FormatError, match=rf"^/rig: [^\n]*{message}[^\n]*$"):
        project(cameras)


def rig(instants=40, sessions=4):
    """Two views of some instants each, in folders of their own, the second without every fifth."""
    frames = [f"labeled-data/s{n % sessions}_top/img{n:02d}.png" for n in range(instants)]
    seen = [n for n in range(instants) if n % 5]
    frames += [f"labeled-data/s{n % sessions}_bot/img{n:02d}.png" for n in seen]
    rows = np.full(instants, -1)
    rows[seen] = instants + np.arange(len(seen))
    labels = Labels.of(frames, np.ones((len(frames), 1, 2)), Skeleton(("nose",)))
    return project({"top": np.arange(instants), "bot": rows}, labels)


@pytest.mark.parametrize("group_by", [None, "video"])
@pytest.mark.parametrize("seed", range(5))
def test_the_views_of_an_instant_are_in_one_set_and_so_are_those_of_a_session(seed, group_by):
    drawn = rig()
    split = draw_split(drawn.labels, 0.25, 0.25, seed, group_by, drawn.instants)
    sets = np.array(split.sets(72))
    for instant in range(40):
        assert len(set(sets[drawn.instants == instant])) == 1
    for session in range(4):
        of_session = {
            s for s, f in zip(sets, drawn.labels.frames, strict=True) if f"s{session}_" in f
        }
        assert len(of_session) == 1 or group_by is None
    assert (len(set(sets)), len(split.train) > 30) == (3, True)


def test_the_order_of_the_rows_does_not_change_the_split_of_instants():
    drawn = rig()
    order = np.random.default_rng(0).permutation(72)
    shuffled = drawn.labels.select(order)
    one = draw_split(drawn.labels, 0.2, 0.2, 3, None, drawn.instants)
    other = draw_split(shuffled, 0.2, 0.2, 3, None, drawn.instants[order])
    assert {drawn.labels.frames[r] for r in one.test} == {shuffled.frames[r] for r in other.test}


def test_a_split_that_tears_an_instant_apart_is_refused(tmp_path):
    drawn = rig()
    split = draw_split(drawn.labels, 0.2, 0.2, 0, None, drawn.instants)
    path = tmp_path / "split.csv"
    write_split(path, split, drawn.labels.frames)
    assert (read_split(path, drawn.labels, True, drawn.instants).test == split.test).all()
    text = path.read_text()
    row = next(r for r in split.train if r >= 40)
    path.write_text(
        text.replace(f"{drawn.labels.frames[row]},train", f"{drawn.labels.frames[row]},test")
    )
    message = (
        r"^\S+split\.csv: '\S+_top/\S+' and '\S+_bot/\S+' show one instant [^\n]+; put both in one$"
    )
    with pytest.raises(FormatError, match=message):
        read_split(path, drawn.labels, True, drawn.instants)
    path.write_text(
        text.replace(f"{drawn.labels.frames[row]},train", f"{drawn.labels.frames[row]},unused")
    )
    assert len(read_split(path, drawn.labels, True, drawn.instants).train) == len(split.train) - 1


def test_too_few_instants_are_named_as_such():
    drawn = rig(instants=2)
    with pytest.raises(ConfigError, match=r"^data: 2 instants are too few"):
        draw_split(drawn.labels, 0.4, 0.5, 0, None, drawn.instants)
