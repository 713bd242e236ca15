import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_io_dlc import FileName, deeplabcut_name, parse_file_name

NET = "DLC_Resnet50_soloNov21shuffle1_snapshot_best-10"


@pytest.mark.parametrize(
    ("name", "video", "scorer", "suffixes"),
    [
        (f"mouse{NET}.h5", "mouse", NET, ()),
        (f"mouse{NET}_filtered.csv", "mouse", NET, ("filtered",)),
        (f"pair{NET}_el_filtered.h5", "pair", NET, ("el", "filtered")),
        (f"pair{NET}_el.pickle", "pair", NET, ("el",)),
        (f"mouse{NET}_skeleton.csv", "mouse", NET, ("skeleton",)),
        (f"mouse{NET}_meta.pickle", "mouse", NET, ("meta",)),
        (f"mouse{NET}_full.pickle", "mouse", NET, ("full",)),
        (f"mouse{NET}_assemblies.pickle", "mouse", NET, ("assemblies",)),
        (f"mouse{NET}_filtered_p60_labeled.mp4", "mouse", NET, ("filtered", "p60", "labeled")),
        (f"my.video v2{NET}.h5", "my.video v2", NET, ()),
        ("oldDLC_trialsDLC_resnet50_tJan1shuffle1_9.h5", "oldDLC_trials",
         "DLC_resnet50_tJan1shuffle1_9", ()),
        ("mDeepCut_resnet50_tJan1shuffle1_9.h5", "m", "DeepCut_resnet50_tJan1shuffle1_9", ()),
        (f"image_predictions_{NET}.h5", "", NET, ()),
        (f"{NET}.h5", "", NET, ()),
        ("mouse_DLC_3D.h5", "mouse", "DLC_3D", ()),
        ("CollectedData_ann b.csv", "", "ann b", ()),
        ("CollectedData.csv", "", "", ()),
        ("machinelabels-iter0.h5", "", "", ()),
        ("180607_004.rng=0.csv", "180607_004.rng=0", "", ()),
        ("mouse_filtered.csv", "mouse_filtered", "", ()),
        (f"C:\\lab\\mouse{NET}.h5", "mouse", NET, ()),
        (".hidden", ".hidden", "", ()),
        ("", "", "", ()),
    ],
)  # fmt: skip
def test_a_name_is_taken_apart(name, video, scorer, suffixes):
    assert parse_file_name(name) == FileName(video, scorer, suffixes)


def test_a_scorer_that_the_file_tells_is_where_the_name_is_cut():
    scorer = "DLC_resnet50_myDLC_taskJan1shuffle1_9"
    assert parse_file_name(f"v{scorer}_filtered.h5").video == "vDLC_resnet50_my"
    assert parse_file_name(f"v{scorer}_filtered.h5", scorer) == FileName("v", scorer, ("filtered",))


@pytest.mark.parametrize("scorer", ["a", "s", "el", "mouse"])
def test_a_scorer_is_not_found_within_a_word(scorer):
    assert parse_file_name(f"mousepad{NET}_el.h5", scorer) == FileName("mousepad", NET, ("el",))


def test_what_was_done_is_said():
    name = parse_file_name(f"pair{NET}_bx_filtered.h5")
    assert (name.tracker, name.is_filtered) == ("bx", True)
    name = parse_file_name(f"pair{NET}.h5")
    assert (name.tracker, name.is_filtered) == ("", False)


@pytest.mark.parametrize(
    ("video", "scorer", "name"),
    [
        ("videos/mouse.mp4", NET, f"mouse{NET}.h5"),
        ("D:\\session.2.AVI", NET, f"session.2{NET}.h5"),
        ("session.2", NET, f"session.2{NET}.h5"),
        ("mouse", "DLC_3D", "mouse_DLC_3D.h5"),
        ("mouse.mp4", "ours", "mouse_ours.h5"),
    ],
)
def test_a_file_is_named_as_deeplabcut_would(video, scorer, name):
    assert deeplabcut_name(video, scorer) == name


@given(
    video=st.text("abc_. 1", min_size=1, max_size=8).filter(lambda text: text[0] != "."),
    task=st.text("abc1", min_size=1, max_size=5),
    suffixes=st.lists(st.sampled_from(["el", "filtered", "skeleton", "meta"]), max_size=3),
)
def test_a_name_that_was_put_together_comes_apart_again(video, task, suffixes):
    scorer = f"DLC_resnet50_{task}shuffle1_100"
    name = deeplabcut_name(video, scorer, tuple(suffixes), ".pickle")
    assert parse_file_name(name) == FileName(video, scorer, tuple(suffixes))
