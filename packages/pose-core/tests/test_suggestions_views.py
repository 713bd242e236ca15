"""Frames of several cameras: recordings put together, doubted in any view, chosen for all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.diagnostics.tracks import Tracks
from pose_core.errors import FormatError
from pose_core.labeling import Survey
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.suggestions.candidates import Candidate, plain_candidates, with_predictions
from pose_core.suggestions.choosing import METHODS, Wish, choose_doubtful, choose_moving
from pose_core.suggestions.looks import LONG_SIDE, look_at_all
from pose_core.suggestions.recordings import given_videos, recordings_of
from pose_core.suggestions.writing import new_frames
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter

VIEWS, LENGTHS = ("top", "side"), (40, 30)
SKELETON = Skeleton(("nose", "tail"))


@pytest.fixture(scope="module")
def plugins():
    return Plugins().add("pose_core.plugin")


@pytest.fixture(scope="module")
def reader(plugins):
    return choose(plugins, "pyav")[0]


@pytest.fixture(scope="module")
def rig(tmp_path_factory, reader):
    """A recording of two cameras; the second is shorter, and sees something move in its middle."""
    folder = tmp_path_factory.mktemp("rig")
    for view, length in zip(VIEWS, LENGTHS, strict=True):
        with VideoWriter(folder / f"s_{view}.mp4", 30) as writer:
            for number in range(length):
                image = np.full((48, 64, 3), 40, np.uint8)
                at = 4 + 2 * (min(max(number, 10), 20) - 10) if view == "side" else 4
                image[10:30, at : at + 20] = 220
                writer.write(image)
    videos = {view: reader.probe(folder / f"s_{view}.mp4") for view in VIEWS}
    return Candidate("s", videos)


def survey_of(folder, *names, **known):
    return Survey(folder, tuple(folder / name for name in names), views=VIEWS, **known)


def found(videos, others=(), views=VIEWS):
    """Put videos into recordings; also give what is said."""
    said = []
    sessions = recordings_of(
        [Path(one) for one in videos], [Path(one) for one in others], views, said.append
    )
    return [{view: str(path) for view, path in one.videos.items()} for one in sessions], said


def test_videos_of_one_camera_are_recordings_by_themselves():
    assert found(["b.mp4", "a_top.mp4"], ["c.mp4"], ()) == (
        [{"": "b.mp4"}, {"": "a_top.mp4"}],
        [],
    )


def test_one_view_brings_the_others_of_its_recording():
    others = ["v/s1_side.mp4", "v/s1_top.mp4", "v/s2_side.mp4", "v/s2_top.mp4"]
    assert found(["v/s2_top.mp4"], others) == (
        [{"top": "v/s2_top.mp4", "side": "v/s2_side.mp4"}],
        [],
    )


def test_a_recording_is_one_however_its_paths_are_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = found(["s_top.mp4"], [str(tmp_path / "s_top.mp4"), str(tmp_path / "s_side.mp4")])
    assert given == ([{"top": "s_top.mp4", "side": str(tmp_path / "s_side.mp4")}], [])


def test_a_recording_without_a_view_is_left_out_and_said():
    sessions, said = found(["s1_top.mp4", "s2_top.mp4", "s2_side.mp4", "room.mp4"])
    assert [list(one.values()) for one in sessions] == [["s2_top.mp4", "s2_side.mp4"]]
    assert said == [
        "room.mp4: none of the views top, side in its name; it is left out",
        "s1_top.mp4: its recording has no video of side; it is left out, since an instant is "
        "labeled in all views",
    ]


def test_frames_that_any_view_has_are_taken_from_the_length_that_all_have(rig, reader):
    folder, said = rig.videos["top"].path.parent, []
    taken = {"s_top": frozenset({3}), "s_side": frozenset({9}), "t_side": frozenset({1})}
    survey = survey_of(folder, "s_side.mp4", "s_top.mp4", taken=taken)
    (one,) = plain_candidates((), survey, reader, said.append)
    assert list(one.videos) == list(VIEWS)
    assert (one.name, one.frames, one.taken) == ("s", 30, {3, 9})
    assert len(said) == 1
    assert "differ in length (s_top.mp4 40, s_side.mp4 30 frames); frames are matched" in said[0]


def test_a_recording_is_left_out_if_a_view_cannot_be_read(rig, reader, tmp_path):
    (tmp_path / "s_top.mp4").write_bytes(rig.videos["top"].path.read_bytes())
    (tmp_path / "s_side.mp4").write_text("no video")
    said = []
    with pytest.raises(FormatError, match=r"no video is left to choose frames from"):
        plain_candidates((), survey_of(tmp_path, "s_top.mp4", "s_side.mp4"), reader, said.append)
    assert len(said) == 1
    assert "s_side.mp4: cannot be read as a video" in said[0]
    assert said[0].endswith("its recording is left out")


def tracks_of(view, length, wrong=(), names=("m0", "m1")):
    """Make what two networks say, who disagree about the tail in some frames."""
    sources = {}
    for name in names:
        points = np.full((length, 2, 2), 20.0)
        if name == "m1":
            points[list(wrong), 1, 0] += 30
        sources[name] = Predictions(points, np.full((length, 2), 0.9), SKELETON, scorer=view)
    return Tracks(f"s_{view}", sources, tuple(names))


def doubted(rig, plugins, tracks):
    (one,) = with_predictions(rig, tracks, plugins, None, print)
    return one


def test_an_instant_is_doubted_if_it_is_in_any_view_and_the_reason_names_it(rig, plugins, reader):
    one = doubted(
        rig, plugins, {"top": tracks_of("top", 40, (5, 35)), "side": tracks_of("side", 30, (22,))}
    )
    chosen = choose_doubtful([one], Wish(9, gap=2), reader)
    reasons = {each.number: each.reason for each in chosen}
    assert reasons == {
        5: "networks are 15 px apart on tail_top",
        22: "networks are 15 px apart on tail_side",
    }  # and not 35, which one view does not have


def test_a_view_that_nothing_is_predicted_of_tells_nothing(rig, plugins, reader):
    one = doubted(rig, plugins, {"side": tracks_of("side", 30, (22,))})
    (chosen,) = choose_doubtful([one], Wish(9, gap=2), reader)
    assert (chosen.number, chosen.reason) == (22, "networks are 15 px apart on tail_side")
    top, side = new_frames([one], [chosen])
    assert top.predictions is None
    np.testing.assert_array_equal(side.predictions.keypoints[0, 0], [20, 20])


def test_a_network_that_predicts_one_view_alone_is_heard_there(rig, plugins, reader):
    one = doubted(
        rig,
        plugins,
        {"top": tracks_of("top", 40, (5,)), "side": tracks_of("side", 30, (), ("m0",))},
    )
    (chosen,) = choose_doubtful([one], Wish(9, gap=2), reader)
    assert (chosen.number, chosen.reason) == (5, "networks are 15 px apart on tail_top")


def test_networks_of_several_ensembles_are_compared_too(rig, plugins, reader):
    tracks = {"top": tracks_of("top", 40, (5,)), "side": tracks_of("side", 30)}
    ensembles = {"m0": "one sweep", "m1": "another"}
    apart = {view: replace(one, ensembles=ensembles) for view, one in tracks.items()}
    (chosen,) = choose_doubtful([doubted(rig, plugins, apart)], Wish(9, gap=2), reader)
    assert (chosen.number, chosen.reason) == (5, "networks are 15 px apart on tail_top")


def test_predictions_of_another_length_leave_the_recording_out(rig, plugins):
    said = []
    tracks = {"top": tracks_of("top", 40), "side": tracks_of("side", 29)}
    assert with_predictions(rig, tracks, plugins, None, said.append) == []
    assert "has 30 frames, its predictions 29; its recording is left out" in said[0]


def test_each_view_keeps_its_own_predictions_of_the_same_frames(rig, plugins, reader):
    tracks = {view: tracks_of(view, info.frames) for view, info in rig.videos.items()}
    one = doubted(rig, plugins, tracks)
    chosen = METHODS["random"]([one], Wish(3, gap=2), reader)
    views = new_frames([one], chosen)
    assert [each.view for each in views] == list(VIEWS)
    assert [each.length for each in views] == list(LENGTHS)
    assert views[0].numbers == views[1].numbers == tuple(sorted(each.number for each in chosen))
    assert all(each.predictions.skeleton == SKELETON for each in views)


def test_what_moves_in_one_view_is_found(rig, reader):
    numbers = [one.number for one in choose_moving([rig], Wish(3, gap=2), reader)]
    assert all(10 < number <= 21 for number in numbers)


def test_frames_near_to_one_that_a_view_has_are_not_chosen(rig, reader):
    near = replace(rig, taken=frozenset({15}))
    for name in ("motion", "random"):
        numbers = [one.number for one in METHODS[name]([near], Wish(30, gap=4), reader)]
        assert np.diff(sorted([*numbers, 15])).min() >= 4
        assert max(numbers) < 30


def test_pictures_of_views_stand_one_behind_the_other_with_as_many_pixels_as_one(rig, reader):
    infos = list(rig.videos.values())
    alone, both = (look_at_all(given, reader, False) for given in (infos[1:], infos))
    assert both.numbers.tolist() == list(range(30))
    assert both.pictures.shape[1] <= LONG_SIDE**2 / 4
    np.testing.assert_allclose(both.energy[12:20], alone.energy[12:20] / 2, rtol=0.2)


def given(*paths):
    said = []
    return given_videos(paths, said.append), said


def test_folders_of_videos_stand_for_their_videos_and_what_is_not_there_is_said(rig, tmp_path):
    folder = rig.videos["top"].path.parent
    (tmp_path / "empty").mkdir()
    gone, empty = tmp_path / "gone_top.mp4", tmp_path / "empty"
    assert given(folder, gone, empty) == (
        [folder / "s_side.mp4", folder / "s_top.mp4"],
        [
            f"{gone}: is not there; give its path; it is left out",
            f"{empty}: holds no videos; it is left out",
        ],
    )
    assert given() == ([], [])
    with pytest.raises(FormatError, match="gone_top.mp4: no video is left to choose"):
        given(gone)
