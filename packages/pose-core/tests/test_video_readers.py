"""Choosing a reader, finding videos."""

from types import SimpleNamespace

import pytest

from pose_core.errors import ConfigError, VideoError
from pose_core.hookspecs import VideoReader, hookimpl
from pose_core.plugins import Plugins
from pose_core.video.readers import choose, find_videos


def reader(name, priority=0, unavailable=lambda: None, advice=None):
    return VideoReader(
        name=name, priority=priority, unavailable=unavailable, probe=None, read=None, advice=advice
    )


def plugins_with(*readers):
    plugin = SimpleNamespace(
        __name__="readers",
        pose_video_readers=hookimpl(specname="pose_video_readers")(lambda: readers),
    )
    return Plugins().add(plugin)


def broken():
    raise RuntimeError("no driver")


def test_the_highest_priority_wins():
    plugins = plugins_with(reader("slow"), reader("fast", 10), reader("middle", 5))
    chosen, reason = choose(plugins)
    assert chosen.name == "fast"
    assert reason == "fast: the first that can run here"


def test_a_reader_that_cannot_run_is_passed_over_and_the_reason_kept():
    plugins = plugins_with(reader("slow"), reader("fast", 10, lambda: "no GPU"))
    chosen, reason = choose(plugins)
    assert chosen.name == "slow"
    assert reason == "slow: the first that can run here; fast cannot: no GPU"


def test_a_check_that_raises_is_a_reason_not_a_crash():
    chosen, reason = choose(plugins_with(reader("slow"), reader("fast", 10, broken)))
    assert chosen.name == "slow"
    assert "fast cannot: RuntimeError: no driver" in reason


def test_a_reader_may_say_why_it_is_the_one():
    plugins = plugins_with(reader("slow"), reader("fast", 10, advice=lambda: (True, "GPU found")))
    chosen, reason = choose(plugins)
    assert chosen.name == "fast"
    assert reason == "fast: GPU found"


def test_a_reader_may_advise_against_itself_and_is_taken_by_name_all_the_same():
    plugins = plugins_with(reader("slow"), reader("fast", 10, advice=lambda: (False, "no GPU")))
    chosen, reason = choose(plugins)
    assert chosen.name == "slow"
    assert reason == "slow: the first that can run here; fast only if asked for: no GPU"
    assert choose(plugins, "fast")[0].name == "fast"


def test_advice_that_raises_is_advice_against():
    chosen, reason = choose(plugins_with(reader("slow"), reader("fast", 10, advice=broken)))
    assert chosen.name == "slow"
    assert "fast only if asked for: RuntimeError: no driver" in reason


def test_a_name_is_taken_whatever_its_priority():
    chosen, reason = choose(plugins_with(reader("slow"), reader("fast", 10)), "slow")
    assert chosen.name == "slow"
    assert reason == "slow: asked for"


def test_a_named_reader_that_cannot_run_is_refused_with_the_reason():
    plugins = plugins_with(reader("slow"), reader("fast", 10, lambda: "no GPU"))
    with pytest.raises(
        ConfigError, match=r"^video reader 'fast': cannot run here: no GPU; take 'slow'$"
    ):
        choose(plugins, "fast")


def test_a_misspelt_reader_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown video reader 'sloww'; did you mean 'slow'\?"):
        choose(plugins_with(reader("slow")), "sloww")


@pytest.mark.parametrize(
    ("readers", "reason"),
    [((), "none is installed"), ((reader("fast", 1, lambda: "no GPU"),), "fast cannot: no GPU")],
)
def test_no_reader_at_all_is_an_error_that_says_why(readers, reason):
    with pytest.raises(ConfigError, match=f"none can run here: {reason}"):
        choose(plugins_with(*readers))


def test_videos_of_a_folder_come_by_name_without_hidden_files_and_others(tmp_path):
    for name in ("b.MP4", "a.avi", ".a.part1.mp4", "notes.txt", "a.csv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    assert [path.name for path in find_videos(tmp_path)] == ["a.avi", "b.MP4"]


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(VideoError, match=r"nowhere: no such folder of videos; check the path$"):
        find_videos(tmp_path / "nowhere")
