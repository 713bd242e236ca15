"""Traces: what is packed comes back, what does not fit is said, and nothing escapes its element."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pose_core.reports.packing import blocks_for, envelope, pack, unpack
from pose_core.reports.palette import INK
from pose_core.reports.traces import Panel, Recording, asset, traces

NASTY = "</script><b>&\"'"


def recording(
    frames: int, name: str = "video", keypoints: tuple[str, ...] = ("nose",)
) -> Recording:
    values = np.random.default_rng(0).normal(size=(frames, len(keypoints))).cumsum(0)
    return Recording(name, frames, keypoints, (Panel("x", "px", {"a": values}),))


def embedded(block: str, kind: str) -> list:
    found = re.findall(rf'<script type="application/json" class="{kind}">(.*?)</script>', block)
    return [json.loads(text) for text in found]


numbers = st.floats(-1e4, 1e4, width=32) | st.just(float("nan"))


@given(arrays(float, st.integers(0, 50), elements=numbers))
def test_every_number_comes_back_to_half_a_step_and_gaps_as_gaps(values: np.ndarray) -> None:
    packed = pack(values)
    back = unpack(packed)
    assert (np.isnan(back) == np.isnan(values)).all()
    known = np.isfinite(values)
    span = np.ptp(values[known]) if known.any() else 0.0
    limit = 0.51 * span / 65534 + 1e-8 * np.abs(values[known]).max(initial=0)
    assert (np.abs(back - values)[known] <= limit).all()


def test_infinite_numbers_are_gaps() -> None:
    assert np.isnan(unpack(pack(np.array([np.inf, 1.0, 2.0])))[0])


def test_a_line_that_never_moves_comes_back() -> None:
    assert unpack(pack(np.full(3, 7.25))).tolist() == [7.25, 7.25, 7.25]


def test_an_envelope_has_the_least_and_the_greatest_of_each_block_in_their_order() -> None:
    values = np.array([3.0, 1.0, 2.0, 5.0, np.nan, 9.0, np.nan, np.nan, np.nan, 4.0])
    expected = [3.0, 1.0, 5.0, 9.0, np.nan, np.nan, 4.0, 4.0]
    np.testing.assert_array_equal(envelope(values, 3), expected)


def test_a_block_of_one_frame_keeps_every_frame() -> None:
    values = np.array([1.0, np.nan, 2.0])
    np.testing.assert_array_equal(envelope(values, 1), values)


@given(
    st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 20)), min_size=1, max_size=5),
    st.integers(500, 50_000),
)
def test_what_is_kept_fits_the_budget(shapes: list[tuple[int, int]], most: int) -> None:
    frames, columns = zip(*shapes, strict=True)
    blocks = blocks_for(frames, columns, most)
    kept = [len(envelope(np.zeros(n), block)) for n, block in zip(frames, blocks, strict=True)]
    assert sum(n * c for n, c in zip(kept, columns, strict=True)) <= max(most, 2 * sum(columns))


def test_short_recordings_stay_whole_where_a_long_one_gives_way() -> None:
    assert blocks_for([100, 100_000], [1, 1], 5000)[0] == 1
    assert blocks_for([100, 100_000], [1, 1], 5000)[1] > 1


def test_everything_fits_where_there_is_room() -> None:
    assert blocks_for([100, 3], [1, 5], 10_000) == [1, 1]


def test_a_page_holds_the_numbers_of_each_keypoint() -> None:
    one = recording(50, keypoints=("nose", "tail"))
    found = embedded(traces([one], {"a": 0}).block, "recording")[0]
    assert found["keypoints"] == ["nose", "tail"]
    assert found["frames"] == 50
    low, step, text = found["panels"][0]["lines"]["a"][1]
    codes = pack(one.panels[0].lines["a"][:, 1])
    assert (low, step, text) == (codes.low, codes.step, codes.text)


def test_a_keypoint_that_a_line_does_not_have_takes_no_room() -> None:
    panel = Panel("x", "px", {"a": np.array([[1.0, np.nan], [2.0, np.nan]])})
    one = Recording("video", 2, ("nose", "tail"), (panel,))
    assert one.columns == 1
    lines = embedded(traces([one], {"a": 0}).block, "recording")[0]["panels"][0]["lines"]
    assert lines["a"][1] is None


def test_what_is_thinned_is_said_and_smaller_than_its_budget() -> None:
    whole, thin = (traces([recording(100_000)], {"a": 0}, budget) for budget in (10**6, 50_000))
    assert whole.notes == ()
    assert re.search(r"100000 frames are too many.*every \d+ frames", thin.notes[0])
    assert len(whole.block) - len(thin.block) > 200_000
    found = embedded(thin.block, "recording")[0]
    assert len(found["panels"][0]["lines"]["a"][0][2]) <= 50_000


def test_names_cannot_end_the_element_that_they_stand_in() -> None:
    one = recording(3, name=NASTY, keypoints=(NASTY,))
    block = traces([one], {"a": 0, NASTY: INK}).block
    assert NASTY not in block
    assert embedded(block, "recording")[0]["name"] == NASTY
    assert embedded(block, "lines")[0][1] == {"name": NASTY, "colour": "--text", "dash": []}


def test_lines_that_share_a_colour_differ_in_their_dashes() -> None:
    looks = embedded(traces([recording(3)], {f"n{n}": n for n in range(9)}).block, "lines")[0]
    assert looks[0]["colour"] == looks[7]["colour"]
    assert looks[0]["dash"] != looks[7]["dash"]


def test_without_a_script_the_reader_is_told_so() -> None:
    block = traces([recording(3)], {"a": 0}).block
    assert "<noscript>" in block
    assert '<div class="live" hidden>' in block


@pytest.mark.parametrize("name", ["uplot/uPlot.iife.min.js", "traces.js"])
def test_scripts_end_where_their_elements_do(name: str) -> None:
    assert "</script" not in asset(name)


def test_the_licence_comes_with_what_it_covers() -> None:
    assert "MIT License" in asset("uplot/LICENSE")
