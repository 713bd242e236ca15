"""Which frames to read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_core.errors import ConfigError
from pose_core.video.windows import clip_starts, consecutive, reflected

counts = st.integers(0, 200)
positive = st.integers(1, 40)


@given(frames=counts, length=positive, start=counts)
def test_consecutive_windows_cover_every_frame_once_and_in_order(frames, length, start):
    windows = list(consecutive(frames, length, start))
    assert [number for window in windows for number in window] == list(range(start, frames))
    assert all(len(window) == length for window in windows[:-1])
    assert all(windows)


@given(frames=counts, length=positive, step=positive)
def test_clips_are_whole_and_none_that_fits_is_left_out(frames, length, step):
    starts = clip_starts(frames, length, step)
    assert list(starts) == [s for s in range(frames) if s % step == 0 and s + length <= frames]


@given(data=st.data(), frames=st.integers(1, 30))
def test_reflection_agrees_with_numpy_padding(data, frames):
    center = data.draw(st.integers(0, frames - 1))
    offsets = data.draw(st.lists(st.integers(-70, 70), max_size=6))
    padded = np.pad(np.arange(frames), 100, mode="reflect")
    assert reflected(center, offsets, frames) == tuple(padded[100 + center + o] for o in offsets)


def test_a_video_of_one_frame_is_its_own_context():
    assert reflected(0, (-2, -1, 0, 1, 2), 1) == (0, 0, 0, 0, 0)


def test_the_end_is_not_repeated():
    assert reflected(0, (-2, -1, 0, 1, 2), 10) == (2, 1, 0, 1, 2)
    assert reflected(9, (-2, -1, 0, 1, 2), 10) == (7, 8, 9, 8, 7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: consecutive(10, 0), r"^length: 0 is below 1; give at least 1$"),
        (lambda: consecutive(10, 4, -1), r"^start: -1 is negative; frames count from 0$"),
        (lambda: clip_starts(10, 4, 0), r"^step: 0 is below 1"),
        (lambda: reflected(0, (0,), 0), r"^frames: 0 is below 1"),
    ],
)
def test_counts_that_make_no_sense_are_refused(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
