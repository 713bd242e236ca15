"""Splits: drawn, written, read back, refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pose_core import Labels, Skeleton
from pose_core.errors import ConfigError, FormatError
from pose_core.labels import video_of
from pose_core.splits import draw_split, read_split, subset, write_split


def labels_of(frames: list[str]) -> Labels:
    return Labels.of(frames, np.ones((len(frames), 1, 2)), Skeleton(("nose",)))


@pytest.fixture
def labels() -> Labels:
    return labels_of([f"labeled-data/v{n % 5}/img{n:02d}.png" for n in range(40)])


@pytest.mark.parametrize("group_by", [None, "video"])
def test_no_frame_is_in_two_sets_and_all_are_in_one(labels: Labels, group_by: str | None) -> None:
    split = draw_split(labels, 0.2, 0.2, seed=1, group_by=group_by)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows) == list(range(40))


def test_grouped_by_video_no_video_is_on_two_sides(labels: Labels) -> None:
    split = draw_split(labels, 0.2, 0.2, seed=1, group_by="video")
    videos = [
        {video_of(labels.frames[row]) for row in rows}
        for rows in (split.train, split.validation, split.test)
    ]
    assert not (videos[0] & videos[1] or videos[0] & videos[2] or videos[1] & videos[2])


def test_the_order_of_the_labels_does_not_change_the_split(labels: Labels) -> None:
    shuffled = labels.select(np.random.default_rng(0).permutation(40))
    one, other = (draw_split(these, 0.1, 0.2, 3, None) for these in (labels, shuffled))
    assert {labels.frames[row] for row in one.test} == {shuffled.frames[row] for row in other.test}


def test_a_split_written_is_read_unchanged(labels: Labels, tmp_path: Path) -> None:
    split = draw_split(labels, 0.1, 0.1, 0, None)
    write_split(tmp_path / "split.csv", split, labels.frames)
    again = read_split(tmp_path / "split.csv", labels)
    for name in ("train", "validation", "test"):
        assert (getattr(split, name) == getattr(again, name)).all()


def test_a_frame_without_labels_is_in_no_set() -> None:
    labels = Labels.of(
        list("abcd"), np.array([[[1, 1.0]], [[np.nan, 1]], [[2, 2]], [[3, 3]]]), Skeleton(("nose",))
    )
    split = draw_split(labels, 0.3, 0.0, 0, None)
    assert 1 not in np.concatenate([split.train, split.validation, split.test])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frame,set\na,train\na,test\n", "line 3: frame 'a' is listed twice"),
        ("frame,set\nz,train\n", "frame 'z' is not labeled"),
        ("frame,set\na,train\nb,val\n", "set 'val' is none of"),
        ("frame,set\na,test\n", "no frame in the set 'train'"),
        ("frame,set\na,train\n", "no frame in the set 'validation'"),
        ("image,set\na,train\n", "lack 'frame' or 'set'"),
    ],
)
def test_a_wrong_split_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_split(tmp_path / "split.csv", labels_of(["a", "b"]))


@pytest.mark.parametrize(("count", "validation"), [(1, 0.1), (3, 0.9)])
def test_too_few_frames_to_validate_are_refused(count: int, validation: float) -> None:
    with pytest.raises(ConfigError, match="too few"):
        draw_split(labels_of(list("abc")[:count]), validation, 0.0, 0, None)


def test_no_labels_at_all_are_refused() -> None:
    empty = Labels.of(["a"], np.full((1, 1, 2), np.nan), Skeleton(("nose",)))
    with pytest.raises(FormatError, match="no frame has a label"):
        draw_split(empty, 0.1, 0.1, 0, None)


def test_a_video_of_one_folder_is_named(make_tiny: Callable[..., Path]) -> None:
    assert video_of("labeled-data/m4s1/img0027.png") == "m4s1"


def test_a_part_of_the_training_frames_is_drawn_by_seed_and_the_rest_stays(labels: Labels) -> None:
    whole = draw_split(labels, 0.2, 0.2, seed=1, group_by=None)
    parts = [subset(whole, labels.frames, 0.5, seed) for seed in (0, 0, 1)]
    for part in parts:
        assert len(part.train) == 12 and set(part.train) <= set(whole.train)
        np.testing.assert_array_equal(part.validation, whole.validation)
        np.testing.assert_array_equal(part.test, whole.test)
    np.testing.assert_array_equal(parts[0].train, parts[1].train)
    assert set(parts[0].train) != set(parts[2].train)
    assert parts[0].sets(40).count("unused") == 12


def test_a_smaller_part_is_in_a_larger_one_and_one_frame_is_left_at_least(labels: Labels) -> None:
    whole = draw_split(labels, 0.2, 0.2, seed=1, group_by=None)
    small, large = (subset(whole, labels.frames, fraction, 3) for fraction in (0.25, 0.75))
    assert set(small.train) < set(large.train)
    assert len(subset(whole, labels.frames, 1e-9, 3).train) == 1
    assert subset(whole, labels.frames, 1.0, 3) is whole


def test_instants_stay_together_in_a_part(labels: Labels) -> None:
    instants = np.arange(40) // 2
    whole = draw_split(labels, 0.2, 0.2, seed=1, group_by=None, instants=instants)
    part = subset(whole, labels.frames, 0.5, 0, instants)
    assert len(part.train) == 12
    assert len(set(instants[part.train])) == 6


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, float("nan")])
def test_no_such_part_is_refused(labels: Labels, fraction: float) -> None:
    whole = draw_split(labels, 0.2, 0.2, seed=1, group_by=None)
    with pytest.raises(ConfigError, match=r"data.fraction: .* is not above 0 and at most 1"):
        subset(whole, labels.frames, fraction, 0)
