"""Which videos show one recording, by their names."""

from pathlib import Path

import pytest

from pose_core.sessions import sessions_of


@pytest.mark.parametrize(
    ("views", "names", "expected"),
    [
        ("top bot", "b_top a_bot a_top", {"a": "a_top a_bot", "b": "b_top"}),
        ("top top_left", "a_top_left a_top", {"a": "a_top a_top_left"}),
        ("A B", "cam-A.day1 cam-B.day1", {"cam-.day1": "cam-A.day1 cam-B.day1"}),
        ("top bot", "top_top_1 top_bot_1", {"top__1": "top_top_1 top_bot_1"}),
        ("top bot", "top/a_top bot/a_bot", {"a": "top/a_top bot/a_bot"}),
        ("top bot", "day1/top day1/bot", {"day1": "day1/top day1/bot"}),
    ],
)
def test_videos_whose_names_differ_in_the_view_are_a_session(views, names, expected):
    videos = [Path(f"{name}.mp4") for name in names.split()]
    sessions, unused = sessions_of(videos, views.split())
    assert unused == {}
    found = {one.name: list(one.videos.items()) for one in sessions}
    listed = {n: " ".join(path.as_posix()[:-4] for _, path in of) for n, of in found.items()}
    assert listed == expected
    for videos in found.values():
        assert all(view in path.stem for view, path in videos)


def test_recordings_of_one_name_in_two_folders_are_two():
    sessions, _ = sessions_of([Path("1/a_top.mp4"), Path("2/a_bot.mp4")], ["top", "bot"])
    assert [list(one.videos) for one in sessions] == [["top"], ["bot"]]


def test_what_has_no_view_or_is_there_twice_is_left_out_with_the_reason():
    names = ["a_top.mp4", "a_top.avi", "stopped.mp4", "a_top.mp4"]
    (session,), unused = sessions_of([Path(name) for name in names], ["top", "bot"])
    assert session.videos == {"top": Path("a_top.mp4")}
    assert unused == {
        Path("a_top.avi"): "shows what a_top.mp4 does",
        Path("stopped.mp4"): "none of the views top, bot in its name",
    }
