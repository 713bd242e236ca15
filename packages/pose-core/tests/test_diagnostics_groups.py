"""Errors by group in units of the animal, and splits that grow: the Horse-10 protocol."""

from pathlib import Path

import numpy as np
import pytest

from pose_core.diagnostics.fractions import (
    choose_groups,
    curves,
    fraction_of,
    nested_splits,
)
from pose_core.diagnostics.groups import by_group, group_of, read_groups, units_of
from pose_core.diagnostics.measured import Measured
from pose_core.errors import ConfigError, FormatError
from pose_core.labels import Labels
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose", "eye", "hoof"))


def horses(scales: dict[str, float], frames: int = 4) -> tuple[Labels, list[str]]:
    """Horses that differ in size alone: nose to eye is 5 pixels times the scale."""
    shape = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    points = np.concatenate([np.tile(scale * shape, (frames, 1, 1)) for scale in scales.values()])
    names = [f"labeled-data/{horse}/{n}.png" for horse in scales for n in range(frames)]
    return Labels.of(names, points, SKELETON), group_of(names)


def measured(errors: np.ndarray, sets: list[str], source: str = "run") -> Measured:
    values, units = {"pixel_error": errors}, {"pixel_error": "px"}
    frames = tuple(map(str, range(len(sets))))
    return Measured(source, "labels", SKELETON.names, values, units, frames, tuple(sets))


def test_the_unit_is_the_median_distance_of_the_reference_in_each_group() -> None:
    truth, groups = horses({"pony": 1.0, "shire": 3.0})
    truth.keypoints[0, 1] *= 50  # one odd frame does not matter
    assert units_of(truth, groups, (0, 1)) == {"pony": 5.0, "shire": 15.0}


def test_a_group_without_the_reference_takes_the_box_about_its_points() -> None:
    truth, groups = horses({"pony": 1.0, "shire": 3.0})
    truth.keypoints[:4, 1] = np.nan
    assert units_of(truth, groups, (0, 1)) == {"pony": 10.0, "shire": 15.0}
    assert units_of(truth, groups, None) == {"pony": 10.0, "shire": 30.0}


def test_a_group_without_points_has_no_unit() -> None:
    truth, groups = horses({"pony": 1.0})
    truth.keypoints[:] = np.nan
    assert np.isnan(units_of(truth, groups, (0, 1))["pony"])


def test_errors_are_summed_up_by_set_and_domain_by_hand() -> None:
    sets = ["train", "train", "test", "test", "test", "test"]
    groups = ["pony"] * 4 + ["shire"] * 2
    errors = np.array([[1.0], [1.0], [2.0], [np.nan], [3.0], [9.0]]).repeat(3, 1)
    rows = by_group(measured(errors, sets), groups, {"pony": 5.0, "shire": 15.0})
    found = {(row.set, row.domain, row.group): row for row in rows}
    assert list(found) == [
        ("train", "in", "pony"), ("train", "in", "all"), ("test", "in", "pony"),
        ("test", "in", "all"), ("test", "out", "shire"), ("test", "out", "all"),
    ]  # fmt: skip
    inside, outside = found["test", "in", "all"], found["test", "out", "all"]
    assert (inside.frames, inside.points, inside.error_px) == (1, 3, 2.0)
    assert (inside.error, inside.pck) == (pytest.approx(2 / 5), 0.0)
    assert (outside.error, outside.pck) == (pytest.approx((3 / 15 + 9 / 15) / 2), 0.5)
    assert found["test", "out", "shire"].unit_px == 15.0


def test_the_error_in_units_does_not_depend_on_the_size_of_the_horse() -> None:
    truth, groups = horses({"pony": 1.0, "shire": 3.0})
    units = units_of(truth, groups, (0, 1))
    sizes = np.array([units[group] for group in groups])
    rows = by_group(measured(0.1 * sizes[:, None].repeat(3, 1), ["test"] * 8), groups, units)
    assert [row.error for row in rows] == pytest.approx([0.1] * 3)


def test_groups_are_read_by_frame(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("frame,horse,day\na.png,Star,1\nb.png,Moon,2\n")
    assert read_groups(path, "horse") == {"a.png": "Star", "b.png": "Moon"}
    with pytest.raises(ConfigError, match=r"--group-by: .*has horse, day; name one"):
        read_groups(path)
    with pytest.raises(ConfigError, match=r"no column 'hors'.*'horse'"):
        read_groups(path, "hors")
    path.write_text("image,horse\na.png,Star\n")
    with pytest.raises(FormatError, match="columns 'frame' and a group's"):
        read_groups(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_groups(tmp_path / "nothing.csv")


def test_a_frame_without_a_group_is_refused() -> None:
    with pytest.raises(FormatError, match=r"1 of 2 frames are of none, the first is 'b'"):
        group_of(["a", "b"], {"a": "x"})


GROUPS = [f"horse{n}" for n in range(6) for _ in range(20)]


def test_splits_are_nested_and_share_what_they_validate_on() -> None:
    inside = choose_groups(GROUPS, 3, seed=0)
    splits = nested_splits(GROUPS, inside, (0.9, 0.1, 0.5), validation=0.1, seed=0)
    assert list(splits) == [0.1, 0.5, 0.9]
    before: set[int] = set()
    for fraction, split in splits.items():
        train = set(split.train.tolist())
        assert before <= train
        assert len(train) == round(fraction * 60)
        assert split.validation.tolist() == splits[0.1].validation.tolist()
        assert {GROUPS[row] for row in train | set(split.validation.tolist())} <= set(inside)
        parts = np.concatenate([split.train, split.validation, split.test])
        assert sorted(parts.tolist()) == list(range(120))
        before = train


def test_the_smallest_fraction_has_seen_every_group() -> None:
    inside = choose_groups(GROUPS, 5, seed=1)
    split = nested_splits(GROUPS, inside, (0.05,), validation=0.0, seed=1)[0.05]
    assert {GROUPS[row] for row in split.train} == set(inside)
    assert len(split.validation) == 0


def test_views_of_one_instant_stay_together() -> None:
    groups = ["top"] * 30 + ["side"] * 30
    instants = np.concatenate([np.arange(30), np.arange(30)])
    inside = choose_groups(groups, 1, 0, instants)
    split = nested_splits(groups, inside, (0.5,), 0.1, 0, instants)[0.5]
    for part in (split.train, split.validation, split.test):
        assert sorted(part[part < 30]) == sorted(part[part >= 30] - 30)
    assert len(split.train) == 30


def test_another_seed_draws_others_and_the_same_the_same() -> None:
    drawn = [choose_groups(GROUPS, 3, seed) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(map(tuple, drawn))) > 1
    assert len(choose_groups(GROUPS, None, 0)) == 2  # a third


def test_groups_and_fractions_that_cannot_be_are_refused() -> None:
    assert choose_groups(GROUPS, "horse1, horse5", 0) == ["horse1", "horse5"]
    with pytest.raises(ConfigError, match=r"no group 'horse9'"):
        choose_groups(GROUPS, "horse9", 0)
    with pytest.raises(ConfigError, match="7 of 6 groups"):
        choose_groups(GROUPS, 7, 0)
    with pytest.raises(ConfigError, match=r"0\.001 of 20 frames leaves 0 to train on"):
        nested_splits(GROUPS, ["horse1"], (0.001,))
    with pytest.raises(ConfigError, match="must be above 0"):
        nested_splits(GROUPS, ["horse1"], (1.5,))


def test_runs_on_the_same_share_of_frames_are_one_point_of_a_curve() -> None:
    groups = ["in"] * 10 + ["out"] * 5
    few, many = (["train"] * n + ["test"] * (15 - n) for n in (2, 8))
    given = {"a": (few, 4.0), "b": (few, 6.0), "c": (many, 1.0)}
    runs = [measured(np.full((15, 3), error), sets, name) for name, (sets, error) in given.items()]
    fractions = {one.source: fraction_of(one, groups) for one in runs}
    assert fractions == {"a": 0.2, "b": 0.2, "c": 0.8}
    rows = [row for one in runs for row in by_group(one, groups, {"in": 10.0, "out": 10.0})]
    found = {(point.fraction, point.set, point.domain): point for point in curves(fractions, rows)}
    assert found[0.2, "test", "out"].error_px == 5.0
    assert found[0.2, "test", "out"].error == pytest.approx(0.5)
    assert found[0.2, "test", "out"].sources == "a b"
    assert found[0.8, "test", "in"].pck == 1.0
