import pathlib
import pickle
import struct

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pose_io_dlc import FormatError, read_full, read_meta, read_pickle
from pose_io_dlc.pickles import unpickled

NET = "mouseDLC_Resnet50_soloNov21shuffle1_snapshot_best-10"
DATA = {"Scorer": "net", "start": 1.0, "stop": 2.5, "fps": 25, "nframes": 3}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    | st.tuples(inner, inner),
    max_leaves=12,
)  # fmt: skip


def full(frames, names=("a", "b"), **more):
    return {"metadata": {"all_joints_names": list(names), **more}, **frames}


def frame(*counts):
    points = [np.full((count, 2), 1.5) for count in counts]
    return {
        "coordinates": (points,),
        "confidence": [np.full((count, 1), 0.5) for count in counts],
        "costs": None,
    }


@pytest.fixture
def dump(tmp_path):
    def write(value, name="a_full.pickle", protocol=pickle.HIGHEST_PROTOCOL):
        path = tmp_path / name
        path.write_bytes(
            value if isinstance(value, bytes) else pickle.dumps(value, protocol=protocol)
        )
        return path

    return write


# what DeepLabCut wrote


def test_how_a_video_was_analyzed_is_read(data):
    meta = read_meta(data / "dlc-made" / "predictions" / f"{NET}_meta.pickle")
    assert meta.scorer == "DLC_Resnet50_soloNov21shuffle1_snapshot_best-10"
    assert (meta.fps, meta.nframes, meta.size) == (25.0, 40, (48, 64))
    assert (meta.frame_dimensions, meta.cropping) == ((64, 48), None)
    assert meta.bodyparts == ("snout", "leftear", "rightear", "tailbase")
    assert (meta.individuals, meta.unique_bodyparts) == (("individual_1",), ())
    assert meta.stop > meta.start
    assert (meta.config["net_type"], meta.config["method"]) == ("resnet_50", "bu")
    assert isinstance(meta.config["metadata"]["project_path"], pathlib.PurePosixPath)


def test_every_detection_is_that_of_the_predictions(data):
    from pose_io_dlc import read_predictions

    found = read_full(data / "dlc-made" / "predictions" / f"{NET}_full.pickle")
    table = read_predictions(data / "dlc-made" / "predictions" / f"{NET}.csv")
    assert found.names == table.names
    assert found.numbers.tolist() == table.numbers.tolist()
    assert found.nframes == 40
    np.testing.assert_allclose([np.concatenate(points) for points in found.points], table.keypoints)
    np.testing.assert_allclose(
        [np.concatenate(each) for each in found.confidence], table.confidence
    )


def test_the_plan_of_a_training_set_is_read(data):
    folder = data / "dlc-made/solo-project/training-datasets/iteration-0"
    [path] = folder.glob("*/Documentation_data-*.pickle")
    images, train, test, fraction = read_pickle(path)
    assert images[0]["image"][0] == "labeled-data"
    assert sorted([*train, *test]) == list(range(10))
    assert fraction == 0.95


# the same as pickle itself reads, for what is plain


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@settings(max_examples=25, deadline=None)
@given(value=PLAIN)
def test_plain_data_is_what_it_was(protocol, value):
    raw = pickle.dumps(value, protocol)
    assume(b"_codecs" not in raw and b"__builtin__" not in raw)  # bytes, as protocol 2 has them
    found = unpickled(raw, "a.pickle")
    assert repr(found) == repr(value)


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6, dtype=">i4"),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.empty((0, 2)),
        np.array([True, False]),
        np.array(["a", "bc"]),
        np.array(3.5),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_are_what_they_were(array, protocol):
    found, again = unpickled(pickle.dumps([array, array], protocol), "a.pickle")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found is again


@pytest.mark.parametrize("module", ["numpy.core", "numpy._core"])
def test_arrays_of_both_numpys_are_read(module):
    raw = pickle.dumps(np.arange(3.0), 4)
    name = b"numpy._core.multiarray" if b"numpy._core" in raw else b"numpy.core.multiarray"
    old, new = (struct.pack("<B", len(n)) + n for n in (name, f"{module}.multiarray".encode()))
    raw = raw.replace(b"\x8c" + old, b"\x8c" + new)
    assert unpickled(raw, "a.pickle").tolist() == [0, 1, 2]


@pytest.mark.parametrize("value", [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("ab")])
def test_single_numbers_become_plain(value):
    found = unpickled(pickle.dumps({"a": value}), "a.pickle")["a"]
    assert found == value.item()
    assert type(found) is type(value.item())


def test_arrays_of_objects_become_lists():
    assert unpickled(pickle.dumps(np.array(["a", None], object)), "a.pickle") == ["a", None]


@pytest.mark.parametrize("path", [pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("C:/a")])
def test_paths_can_only_be_looked_at(path):
    assert unpickled(pickle.dumps(path), "a.pickle") == path


def test_tracklets_are_read_as_plain_dicts():
    class Index:  # as pandas 2 pickles one
        def __init__(self, content):
            self.content = content

    levels = [np.array(["n"], object), np.array(["x", "y"], object)]
    codes = [np.zeros(2, np.int8), np.array([0, 1], np.int8)]
    content = {"levels": levels, "codes": codes, "sortorder": None, "names": ["bodyparts", "c"]}
    new_index = b"cpandas.core.indexes.base\n_new_Index\ncpandas.core.indexes.multi\nMultiIndex\n"
    inner = pickle.dumps(content, 4)
    raw = b"\x80\x04" + new_index + inner[11:-1] + b"\x86R."
    found = unpickled(raw, "a_el.pickle")
    assert found["names"] == ["bodyparts", "c"]
    assert found["levels"] == [["n"], ["x", "y"]]


# frames


def test_detections_are_one_array_per_keypoint(dump):
    found = read_full(dump(full({"frame1": frame(2, 0), "frame0": []}, nframes=9)))
    assert found.numbers.tolist() == [0, 1]
    assert [part.shape for part in found.points[1]] == [(2, 2), (0, 2)]
    assert [part.shape for part in found.confidence[0]] == [(0,), (0,)]
    assert (found.nframes, len(found)) == (9, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "has no 'metadata' with names"),
        ({"frame0": {}}, "has no 'metadata' with names"),
        (full({"0": frame(1, 1)}), "'0' is not the name of a frame"),
        (full({"frame²": frame(1, 1)}), "is not the name of a frame"),
        (full({"frame0": frame(1)}), "1 keypoints with 1 confidences do not fit 2 names"),
        (full({"frame0": 5}), "frame0: has no coordinates and confidence as arrays"),
        (full({"frame0": {**frame(1, 1), "confidence": [[1, 2], [1]]}}), "do not fit 2 names"),
        (full({"frame0": {**frame(1, 1), "coordinates": ([[1], [2]],)}}), "as arrays"),
    ],
)
def test_what_is_no_file_of_detections_is_one_line(dump, value, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_full(dump(value))
    assert "\n" not in str(caught.value)


def test_sizes_are_height_and_width_whoever_wrote_them(dump):
    old = DATA | {"frame_dimensions": (48, 64), "DLC-model-config file": {"a": 1}}
    new = DATA | {"frame_dimensions": (64, 48), "pytorch-config": {"a": 1}, "cropping": False}
    for data in (old, new):
        meta = read_meta(dump({"data": data}))
        assert (meta.size, meta.config) == ((48, 64), {"a": 1})


def test_cropping_is_four_numbers_or_none(dump):
    data = DATA | {"frame_dimensions": (4, 4), "cropping_parameters": [0, 9, 1, 8]}
    assert read_meta(dump({"data": data | {"cropping": True}})).cropping == (0, 9, 1, 8)
    assert read_meta(dump({"data": data | {"cropping": False}})).cropping is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "has no 'data' with a 'Scorer'; it is not a _meta.pickle"),
        ({"data": DATA}, "is no _meta.pickle of DeepLabCut: lacks 'frame_dimensions'"),
        ({"data": DATA | {"frame_dimensions": (1, 2), "fps": None}}, "is no _meta.pickle of"),
    ],
)
def test_what_is_no_account_of_an_analysis_is_one_line(dump, value, message):
    with pytest.raises(FormatError, match=message) as caught:
        read_meta(dump(value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not a pickle"), (b"scorer,a\n", "is not a pickle"), (b"\x80", "claims 1 bytes")],
)
def test_files_that_are_no_pickles_are_one_line(dump, content, message):
    with pytest.raises(FormatError, match=message):
        read_pickle(dump(content))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="no such file or directory"):
        read_meta(tmp_path / "no_meta.pickle")


def test_a_pickle_larger_than_memory_is_not_begun(tmp_path):
    with (tmp_path / "a_full.pickle").open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(FormatError, match="is a pickle of 8590 MB; at most 268 are read"):
        read_full(tmp_path / "a_full.pickle")
