"""The order and numbers of decoded frames, without a video."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pose_core.video.decoding import LOOK_AHEAD, in_order, numbered
from pose_core.video.index import Index


def index_with(times):
    return Index(
        times=None if times is None else np.array(times, np.int64),
        keys=np.array([0]),
        ranks=np.arange(len(times or ())),
        frames=len(times or ()),
        packets=len(times or ()),
        cut_off=0,
        size=(4, 4),
        fps=25.0,
    )


def shown(*times):
    return [SimpleNamespace(pts=time) for time in times]


def numbers_of(frames, times):
    return [(number, frame.pts) for number, frame in numbered(frames, index_with(times))]


def test_a_frame_has_the_number_of_its_time():
    assert numbers_of(shown(30, 70, 71), [10, 30, 60, 70, 71]) == [(1, 30), (3, 70), (4, 71)]


def test_a_frame_of_a_strange_time_or_none_is_left_out():
    assert numbers_of(shown(10, 11, None, 30), [10, 30]) == [(0, 10), (1, 30)]


def test_frames_of_one_time_count_on():
    assert numbers_of(shown(5, 7, 7, 9), [5, 7, 7, 9]) == [(0, 5), (1, 7), (2, 7), (3, 9)]


def test_of_frames_of_one_time_a_part_is_left_out():
    assert numbers_of(shown(5, 7, 9), [5, 7, 7, 9]) == [(0, 5), (3, 9)]


def test_without_times_frames_are_counted():
    assert numbers_of(shown(None, 3, None), None) == [(0, None), (1, 3), (2, None)]


@given(data=st.data(), first=st.integers(0, 50), count=st.integers(0, 60))
def test_frames_given_a_little_too_early_come_in_order(data, first, count):
    reach = data.draw(st.integers(0, LOOK_AHEAD))
    late = [data.draw(st.integers(0, reach)) for _ in range(count)]
    disordered = sorted(range(count), key=lambda place: (place + late[place], place))
    frames = [(first + place, f"frame {first + place}") for place in disordered]
    assert list(in_order(frames, first)) == sorted(frames)


@given(missing=st.sets(st.integers(0, 59)), first=st.integers(0, 20))
def test_gaps_neither_stop_nor_disorder_the_rest(missing, first):
    frames = [(number, None) for number in range(60) if number not in missing]
    assert list(in_order(frames, first)) == [frame for frame in frames if frame[0] >= first]


def test_frames_in_order_are_given_without_waiting():
    frames = iter([(0, "a"), (1, "b"), (2, "c")])
    ordered = in_order(frames, 0)
    assert next(ordered) == (0, "a")
    assert next(frames) == (1, "b")
