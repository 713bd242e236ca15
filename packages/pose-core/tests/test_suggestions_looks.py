"""Motion, principal components, clusters, room in time, and what is chosen by them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pose_core.diagnostics.measured import Measured
from pose_core.plugins import Plugins
from pose_core.suggestions.candidates import Candidate
from pose_core.suggestions.choosing import (
    Wish,
    choose_any,
    choose_doubtful,
    choose_moving,
    drawn,
    worst_nearby,
)
from pose_core.suggestions.looks import clustered, look_at_all, principal, small
from pose_core.suggestions.spreading import (
    Room,
    apart,
    one_of_each,
    shares,
    usual_gap,
)
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter


@pytest.fixture(scope="module")
def reader():
    return choose(Plugins().add("pose_core.plugin"), "pyav")[0]


def write_video(path, places, size=(48, 64)):
    """Write a bright square whose left edge is at a place in each frame."""
    with VideoWriter(path, 30) as writer:
        for place in places:
            image = np.full((*size, 3), 40, np.uint8)
            image[10:30, place : place + 20] = 220
            writer.write(image)
    return path


def candidate(path, reader):
    return Candidate(path.name, {"": reader.probe(path)})


@pytest.fixture(scope="module")
def video(tmp_path_factory, reader):
    """Give a square that rests 40 frames, walks 20, rests 40 and walks 20 back."""
    walk = [*[4] * 40, *range(4, 44, 2), *[44] * 40, *range(44, 4, -2)]
    path = write_video(tmp_path_factory.mktemp("videos") / "square.mp4", walk)
    return candidate(path, reader)


def test_energy_is_that_of_the_frames_in_which_something_moves(video, reader):
    looks = look_at_all([video.videos[""]], reader, progress=False)
    assert looks.numbers.tolist() == list(range(120))
    walks = np.r_[41:60, 101:120]
    assert looks.energy[walks].min() > 10 * np.median(looks.energy[np.r_[2:40, 62:100]])


def test_frames_that_move_are_chosen_one_of_each_kind(video, reader):
    chosen = choose_moving([video], Wish(4, gap=3), reader)
    numbers = [one.number for one in chosen]
    assert len(numbers) == len(set(numbers)) == 4
    # half of the frames are kept, and only a third moves, so clusters of rest are possible; but
    # the walk, of all places of the square, has most of them
    assert sum(40 <= n < 60 or 100 <= n < 120 for n in numbers) >= 3
    assert all("moves more than" in one.reason for one in chosen)


def doubted(video, *frames, spread=32.0):
    """Give a video on some of whose frames networks are apart."""
    apart = np.full((video.frames, 1), 2.0)
    apart[list(frames)] = spread
    measured = Measured("net", "video", ("nose",), {"ensemble_spread": apart}, {})
    return replace(video, measured=[measured])


def test_frames_in_doubt_are_chosen_and_no_others(video, reader):
    left, right = doubted(video, *range(10, 20)), doubted(video, *range(70, 80))
    for seed in range(5):
        chosen = choose_doubtful([left, right], Wish(3, gap=3, seed=seed), reader)
        assert len(chosen) == 3
        assert all(one.number in (range(10, 20), range(70, 80))[one.candidate] for one in chosen)
        assert all("networks are 32 px apart on nose" in one.reason for one in chosen)
    every = choose_doubtful([left, right], Wish(99, gap=3), reader)
    assert Counter(one.candidate for one in every) == {0: 4, 1: 4}


def test_the_same_seed_chooses_the_same_frames(video, reader):
    video = doubted(video, *range(0, 100, 7))
    for method in (choose_moving, choose_any, choose_doubtful):
        first, second = (method([video], Wish(5, seed=3), reader) for _ in range(2))
        assert [one.number for one in first] == [one.number for one in second]


def test_a_video_of_one_frame_gives_it(tmp_path, reader):
    path = write_video(tmp_path / "one.mp4", [4])
    one = candidate(path, reader)
    for method in (choose_moving, choose_any):
        assert [found.number for found in method([one], Wish(20), reader)] == [0]


def test_frames_near_to_those_that_are_taken_are_not_chosen(video, reader):
    taken = replace(doubted(video, *range(40, 60)), taken=frozenset({50}))
    for method in (choose_moving, choose_any, choose_doubtful):
        numbers = [one.number for one in method([taken], Wish(30, gap=4), reader)]
        spaces = np.diff(sorted([*numbers, 50]))
        assert spaces.min() >= 4


def test_every_video_gives_as_many(tmp_path, video, reader):
    path = write_video(tmp_path / "other.mp4", range(0, 40))
    other = candidate(path, reader)
    chosen = choose_moving([video, other], Wish(6, gap=2), reader)
    assert sorted(one.candidate for one in chosen) == [0, 0, 0, 1, 1, 1]


def test_principal_components_keep_distances_of_what_varies_in_few_ways():
    rng = np.random.default_rng(0)
    few = rng.normal(size=(50, 3)) * 40
    pictures = few @ np.linalg.qr(rng.normal(size=(20, 3)))[0].T
    found = principal(pictures, 3)
    wanted = np.linalg.norm(few[:, None] - few, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=-1), wanted, rtol=1e-3)


def test_clusters_are_those_that_points_were_drawn_in():
    rng = np.random.default_rng(1)
    truth = np.repeat(np.arange(5), 30)
    points = (
        rng.normal(size=(150, 2))
        + 20 * rng.permutation(np.eye(5, 2) + np.arange(5)[:, None])[truth]
    )
    found, away = clustered(points, 5, seed=0)
    pairs = set(zip(truth.tolist(), found.tolist(), strict=True))
    assert len(pairs) == 5  # each is one of them, whatever its number
    assert (away >= 0).all()


def test_no_more_clusters_are_made_than_there_are_different_points():
    points = np.repeat([[0.0, 0.0], [5.0, 5.0]], 4, axis=0)
    found, away = clustered(points, 6, seed=0)
    assert len(set(found.tolist())) == 2
    assert not away.any()


@pytest.mark.parametrize(
    ("size", "wanted"), [((406, 396), (64, 62)), ((2, 900), (2, 64)), ((1, 1), (64, 64))]
)
def test_small_frames_keep_their_shape_on_even_sides(size, wanted):
    assert small(size) == wanted


def test_frames_that_are_taken_in_turn_keep_their_distance():
    rooms = [Room(10, 3), Room(4, 3, taken=[0])]
    order = [(0, 5), (0, 6), (1, 2), (1, 3), (0, 8), (0, 2), (0, 1)]
    assert apart(order, rooms, 10) == [(0, 5), (1, 3), (0, 8), (0, 2)]
    assert apart(order, [Room(10, 1), Room(4, 1)], 2) == [(0, 5), (0, 6)]


def test_the_first_of_each_cluster_comes_before_the_others():
    clusters = np.array([2, 2, 0, 2, 1, 0])
    assert one_of_each(clusters, 3) == [0, 2, 4]
    assert one_of_each(clusters, 5) == [0, 1, 2, 3, 4]


def test_of_near_frames_in_doubt_the_worst_stands_for_them():
    totals = [np.array([0.0, 0.2, 0.3, 0.1, 0.0, 0.1, 0.0]), np.array([0.3, 0.0])]
    rooms = [Room(7, 2), Room(2, 2)]
    assert worst_nearby(totals, rooms) == [(0, 2), (1, 0), (0, 5)]


def test_frames_are_drawn_by_the_square_of_their_doubt():
    frames, totals = [(1, 0), (0, 2), (0, 0)], [np.array([0.1, 0.0, 0.2]), np.array([0.3])]
    found = Counter(drawn(frames, totals, 1, seed)[0] for seed in range(2000))
    for frame, chance in zip(frames, (9 / 14, 4 / 14, 1 / 14), strict=True):
        assert abs(found[frame] / 2000 - chance) < 0.05  # five standard errors
    assert drawn(frames, totals, 10, seed=0) == frames


def test_frames_are_shared_out_evenly_where_there_is_room():
    assert shares([100, 100, 100], 7) == [3, 2, 2]
    assert shares([100, 2, 100], 20) == [9, 2, 9]
    assert shares([1, 2], 20) == [1, 2]
    assert shares([5, 0], 3) == [3, 0]


def test_the_gap_is_a_second_or_less_in_short_videos():
    assert usual_gap(100_000, 20, 30.0) == 30
    assert usual_gap(994, 20, 250.0) == 12
    assert usual_gap(3, 20, 30.0) == 1


def test_frames_in_which_nothing_moves_are_left_out_where_others_do(tmp_path, reader):
    """A square rests 30 frames and walks 10: of 40 that are asked for, the walk has 10."""
    walk = candidate(write_video(tmp_path / "walk.mp4", [*[4] * 30, *range(6, 26, 2)]), reader)
    chosen = choose_moving([walk], Wish(40, gap=1), reader)
    assert {one.number for one in chosen} == set(range(30, 40))
    assert all(one.score > 0.5 and "0.0 grey" not in one.reason for one in chosen)


def test_of_a_video_in_which_nothing_moves_frames_are_chosen_and_it_is_said(tmp_path, reader):
    rest = candidate(write_video(tmp_path / "rest.mp4", [4] * 20), reader)
    (one,) = choose_moving([rest], Wish(1), reader)
    assert (one.score, one.reason) == (0.0, "nothing moves in this video; one of its kind")
