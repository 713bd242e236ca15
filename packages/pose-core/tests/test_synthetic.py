"""The drawn animal: deterministic, true to its geometry, hidden where it is hidden."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_core.errors import ConfigError, FormatError
from pose_core.labels import OCCLUDED, VISIBLE
from pose_core.synthetic import Scene, Session, draw_sessions, read_truth, write_project
from pose_core.synthetic.drawing import relief, scrolled, texture
from pose_core.synthetic.motion import DUTY, PAWS, walk
from pose_core.synthetic.project import spread

SMALL = Session(seed=3, size=(96, 112))
CLEAN = replace(SMALL, noise=0, blur=0, glints=0, posts=0, falloff=0, brightness=1, contrast=1)


def test_the_same_seed_draws_the_same_frames() -> None:
    first, second = Scene(SMALL, 5), Scene(SMALL, 5)
    for one, other in zip(first.images(), second.images(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_draws_another_animal() -> None:
    other = Scene(replace(SMALL, seed=4), 5)
    assert not np.array_equal(Scene(SMALL, 5).draw(2), other.draw(2))
    assert not np.allclose(Scene(SMALL, 5).keypoints, other.keypoints)


def test_a_frame_is_the_same_alone_and_in_a_longer_recording() -> None:
    short, long = Scene(SMALL, 70), Scene(SMALL, 200)
    np.testing.assert_array_equal(list(short.images())[66], long.draw(66))
    np.testing.assert_array_equal(short.keypoints, long.keypoints[:70])
    np.testing.assert_array_equal(short.visibility, long.visibility[:70])


def test_frames_are_colour_pictures_of_the_sessions_size() -> None:
    image = Scene(SMALL, 1).draw(0)
    assert image.shape == (96, 112, 3)
    assert image.dtype == np.uint8


def test_both_views_see_a_point_in_the_same_column() -> None:
    points = Scene(SMALL, 100).keypoints
    np.testing.assert_array_equal(points[:, :7, 0], points[:, 7:, 0])
    assert (points[:, :7, 1] < points[:, 7:, 1]).all()


def test_the_skeleton_pairs_left_with_right_and_upper_with_lower() -> None:
    skeleton = Scene(SMALL, 1).skeleton
    swapped = [skeleton.names[n] for n in skeleton.swapped()]
    assert swapped[:4] == ["paw4RH_top", "paw3RF_top", "paw2LF_top", "paw1LH_top"]
    assert swapped[6] == "nose_top"
    pairs = zip(skeleton.views["top"], skeleton.views["bot"], strict=True)
    assert all(str(top)[:-3] == str(bot)[:-3] for top, bot in pairs)


@pytest.mark.parametrize("session", draw_sessions(5), ids=lambda session: session.name)
def test_the_animal_stays_in_the_picture(session: Session) -> None:
    known = np.isfinite(Scene(session, 1500).keypoints).all(-1)
    assert known.mean() > 0.995


def test_every_keypoint_is_mostly_seen_and_far_paws_are_often_hidden() -> None:
    visibility = Scene(Session(seed=1), 1500).visibility
    hidden = (visibility == OCCLUDED).mean(0)
    assert hidden.max() < 0.5
    assert hidden[:2].mean() > 0.1  # the left paws, seen from the right


def test_a_visible_nose_has_the_colour_of_skin() -> None:
    """The truth points at what is drawn there, half a pixel being the least that would show."""
    scene = Scene(replace(CLEAN, size=(256, 256), skin=(255, 0, 0), fur=(0, 90, 0)), 60)
    nose = scene.skeleton.index("nose_top")
    for number in range(0, 60, 12):
        red = scene.draw(number)[:107].astype(float)
        red = np.clip(red[..., 0] - red[..., 1] - 30, 0, None)
        x, y = scene.keypoints[number, nose]
        rows, columns = np.mgrid[int(y) - 3 : int(y) + 5, int(x) - 3 : int(x) + 5]
        weight = red[rows, columns]
        found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
        assert np.hypot(*(found - scene.keypoints[number, nose])) < 2.0


def test_a_balls_outline_is_where_its_radius_ends() -> None:
    found = relief(np.array([[20.3, 15.6, 7.5]]), (40, 50))
    assert found is not None
    rows, columns, height = found
    cover = np.clip(height + 0.5, 0, 1)
    y, x = np.mgrid[rows, columns]
    assert cover.sum() == pytest.approx(np.pi * 7.5**2, rel=0.01)
    assert (cover * x).sum() / cover.sum() == pytest.approx(20.3, abs=0.03)
    assert (cover * y).sum() / cover.sum() == pytest.approx(15.6, abs=0.03)


def test_a_ball_out_of_the_picture_is_nothing() -> None:
    assert relief(np.array([[-20.0, 5, 3]]), (40, 50)) is None


def test_a_point_behind_a_post_is_hidden() -> None:
    with_posts = Scene(replace(CLEAN, posts=8), 400)
    without = Scene(CLEAN, 400)
    np.testing.assert_array_equal(with_posts.keypoints, without.keypoints)
    newly = (with_posts.visibility == OCCLUDED) & (without.visibility == VISIBLE)
    frame, point = np.argwhere(newly)[0]
    x, y = np.rint(with_posts.keypoints[frame, point]).astype(int)
    assert not np.array_equal(with_posts.draw(frame)[y, x], without.draw(frame)[y, x])


def test_standing_paws_move_back_with_the_belt() -> None:
    motion = walk(600, 60.0, seed=2)
    standing = (motion.swinging[1:] == 0) & (motion.swinging[:-1] == 0)
    fast = np.diff(motion.belt) > 1.0
    moved = np.diff(motion.paws[..., 0], axis=0)[standing & fast[:, None]]
    assert (moved < 0).mean() > 0.97
    assert (motion.swinging == 0).mean() == pytest.approx(DUTY, abs=0.2)


def test_the_animal_walks_and_pauses_and_turns_both_ways() -> None:
    motion = walk(3000, 60.0, seed=0)
    speed = np.diff(motion.belt) * 60
    assert speed.max() > 80
    assert (speed < 5).any()
    assert motion.heading.min() < -0.2 < 0.2 < motion.heading.max()


def test_paws_move_smoothly() -> None:
    paws = walk(600, 60.0, seed=0).paws
    assert np.abs(np.diff(paws, axis=0)).max() < 8


def test_the_floor_repeats_without_a_seam() -> None:
    strip = texture(np.random.default_rng(0), (4, 60), 7)[None]
    seam = np.abs(strip[..., 0] - strip[..., -1]).max()
    assert seam <= np.abs(np.diff(strip, axis=-1)).max() * 1.5
    both = np.concatenate([strip, strip], axis=-1)[..., : 60 + 11]
    np.testing.assert_allclose(scrolled(both, 60.0, 10), scrolled(both, 0.0, 10))
    np.testing.assert_allclose(scrolled(both, 3.0, 10), both[..., 3:13])


def test_sessions_differ_in_colour_light_and_size_and_the_last_is_odd() -> None:
    sessions = draw_sessions(5, (128, 128), seed=7)
    assert len({s.fur for s in sessions}) == 5
    assert len({s.size for s in sessions}) == 3
    assert len({s.brightness for s in sessions}) == 5
    assert sum(sessions[-1].fur) > max(sum(s.fur) for s in sessions[:-1])


def test_holding_out_every_session_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 with 2 held out; leave at least one"):
        draw_sessions(2, hold_out=2)


def test_a_tiny_frame_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"\(32, 32\) is too small"):
        Session(size=(32, 32))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Session, ...]]:
    folder = tmp_path_factory.mktemp("synthetic")
    project = write_project(
        folder, sessions=3, frames_per_video=24, labels_per_video=4, size=(96, 96), seed=1
    )
    assert project.root == folder / "project"
    return folder, project.sessions


def table_of(folder: Path) -> list[list[str]]:
    text = (folder / "project/CollectedData.csv").read_text()
    return list(csv.reader(text.splitlines()))


def test_a_project_has_labels_pictures_and_videos(written: tuple) -> None:
    folder, sessions = written
    rows = table_of(folder)
    assert [row[0] for row in rows[:3]] == ["scorer", "bodyparts", "coords"]
    assert rows[1][1:3] == ["paw1LH_top", "paw1LH_top"]
    assert len(rows) == 3 + 2 * 4
    for row in rows[3:]:
        assert len(row) == 1 + 2 * 14
        size = next(s.size for s in sessions if s.name == row[0].split("/")[1])
        with Image.open(folder / "project" / row[0]) as image:
            assert image.size == size[::-1]
    assert sorted(p.name for p in (folder / "project/videos").iterdir()) == [
        "session1.mp4",
        "session2.mp4",
    ]
    assert (folder / "held-out/session3.mp4").is_file()


def test_labels_are_the_truth_within_a_persons_care(written: tuple) -> None:
    folder, _ = written
    for row in table_of(folder)[3:]:
        video, number = row[0].split("/")[1], int(row[0][-8:-4])
        truth = read_truth(folder / f"truth/{video}.npz")
        points = np.array([float(cell) if cell else np.nan for cell in row[1:]]).reshape(14, 2)
        seen = truth.visibility[number] == VISIBLE
        np.testing.assert_array_equal(np.isfinite(points).all(-1), seen)
        assert np.abs(points - truth.keypoints[number])[seen].max() < 1.5


def test_videos_hold_the_frames_that_were_drawn(written: tuple) -> None:
    import av

    folder, sessions = written
    scene = Scene(sessions[-1], 24)
    with av.open(str(folder / "held-out/session3.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 24
    for shown, drawn in zip(frames, scene.images(), strict=True):
        assert np.abs(shown.astype(int) - drawn).mean() < 8


def test_truth_reads_back_unchanged(written: tuple) -> None:
    folder, sessions = written
    scene = Scene(sessions[0], 24)
    truth = read_truth(folder / "truth/session1.npz")
    np.testing.assert_array_equal(truth.keypoints, scene.keypoints)
    np.testing.assert_array_equal(truth.visibility, scene.visibility)
    assert truth.skeleton == scene.skeleton


def test_a_missing_truth_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none.npz: no truth of a synthetic video"):
        read_truth(tmp_path / "none.npz")


def test_more_labels_than_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="labels_per_video: 9 of 8 frames"):
        write_project(tmp_path, frames_per_video=8, labels_per_video=9)


def test_labeled_frames_are_spread_over_the_recording() -> None:
    chosen = spread(5, 100, seed=0)
    assert [number // 20 for number in chosen] == [0, 1, 2, 3, 4]


def test_every_paw_is_named_by_its_side() -> None:
    assert [paw[-2] for paw in PAWS] == ["L", "L", "R", "R"]
