import builtins
import collections
import os
import pathlib
import pickle
import struct

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pose_io_dlc import FormatError, read_full, read_meta, read_pickle
from pose_io_dlc.pickles import DEEPEST, unpickled

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


# attacks


class Calls:
    def __init__(self, function, *given):
        self.called = (function, given)

    def __reduce__(self):
        return self.called


class Rebuilt:
    def __reduce__(self):
        return (np.dtype, ("O8", False, True), (3, "|", None, (), None, -1, -1, 63))


HARM = "__import__('os').mkdir('harm')"
ATTACKS = {
    "os.system": Calls(os.system, "mkdir harm"),
    "eval": Calls(builtins.eval, HARM),
    "exec": Calls(builtins.exec, HARM),
    "getattr": Calls(getattr, "x", "upper"),
    "partial": Calls(__import__("functools").partial, os.mkdir, "harm"),
    "ordered": collections.OrderedDict(a=1),
    "set": {"a"},
    "frozenset": frozenset("a"),
    "complex": 1j,
    "objects that call": np.array([Calls(os.mkdir, "harm")], object),
    "kind with fields": np.zeros(2, [("a", "f8")]),
    "dates": np.zeros(2, "M8[s]"),
    "kind of objects with fields": Rebuilt(),
    "named only": os.mkdir,
    "concrete class": np.ndarray,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_what_is_not_plain_data_is_refused(dump, monkeypatch, tmp_path, attack, protocol):
    monkeypatch.chdir(tmp_path)
    path = dump({"data": [attack]}, protocol=protocol)
    with pytest.raises(FormatError, match="this pickle is not read, for safety") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_the_name_that_is_asked_for_is_told(dump):
    with pytest.raises(FormatError, match=r"asks for '(posix|nt)\.system'"):
        read_meta(dump(Calls(os.system, "mkdir harm"), "a_meta.pickle"))


def lines_of_refusal(raw):
    try:
        unpickled(raw, "a.pickle")
    except FormatError as error:
        return str(error).splitlines()
    return []


def put(*steps):
    return b"\x80\x04" + b"".join(steps) + b"."


ARRAY = b"cnumpy._core.numeric\n_frombuffer\n("
FLOATS = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8\x89\x88tR(K\x03X\x01\x00\x00\x00<NNN"
FLOATS += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
STEPS = {
    "registered by number": (put(b"\x82\x01"), "takes the step EXT1"),
    "outside the file": (put(b"Pname\n"), "takes the step PERSID"),
    "instance": (put(b"(ios\nsystem\n"), "takes the step INST"),
    "object": (put(b"(cos\nsystem\no"), "asks for 'os.system'"),
    "buffer elsewhere": (put(b"\x97"), "takes the step NEXT_BUFFER"),
    "call of a text": (put(b"X\x01\x00\x00\x00a)R"), "calls str"),
    "call of a class": (put(b"cnumpy\nndarray\n)R"), "calls numpy.ndarray"),
    "call with a list": (put(b"cnumpy\ndtype\n]R"), "with what is no short tuple"),
    "call without what it needs": (put(b"cnumpy\ndtype\n)R"), "cut short or damaged"),
    "dotted name": (put(b"cnumpy\nndarray.__class__\n"), "asks for 'numpy.ndarray.__class__'"),
    "name that is no text": (put(b"K\x01K\x02\x93"), r"asks for '\?'"),
    "state of a list": (put(b"]}b"), "changes a list"),
    "append to a tuple": (put(b")K\x01a"), "appends to a tuple"),
    "items of a list": (put(b"]K\x01K\x02s"), "sets items of a list"),
    "tuple as a key": (put(b"})K\x01s"), "has a tuple as a key"),
    "array as a key": (
        put(b"}", ARRAY, b"C\x00", FLOATS, b"K\x00\x85X\x01\x00\x00\x00CtRNs"),
        "ndarray as a key",
    ),
    "text of a terabyte": (put(b"\x8d", struct.pack("<Q", 1 << 40)), "claims 1099511627776 bytes"),
    "bytes of a terabyte": (put(b"\x96", struct.pack("<Q", 1 << 40)), "claims 1099511627776 bytes"),
    "place of a terabyte": (put(b"Nr\xff\xff\xff\xff", b"j\xfe\xff\xff\xff"), "damaged"),
    "number of a million digits": (put(b"\x8b\x40\x42\x0f\x00"), "whole number of 1000000 bytes"),
    "number in many letters": (put(b"I" + b"9" * 5000 + b"\n"), "whole number of 5000 digits"),
    "array of a terabyte": (
        put(ARRAY, b"C\x00", FLOATS, b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85X\x01\x00\x00\x00CtR"),
        "has an array of shape",
    ),
    "array longer than its content": (
        put(ARRAY, b"C\x04abcd", FLOATS, b"K\x09\x85X\x01\x00\x00\x00CtR"),
        r"shape \(9,\) whose content",
    ),
    "array of minus one": (
        put(ARRAY, b"C\x00", FLOATS, b"J\xff\xff\xff\xff\x85X\x01\x00\x00\x00CtR"),
        r"shape \(-1,\)",
    ),
    "array without a kind": (
        put(ARRAY, b"C\x00NK\x00\x85X\x01\x00\x00\x00CtR"),
        "has an array of NoneType",
    ),
    "unfinished array": (
        put(b"cnumpy._core.multiarray\n_reconstruct\n(NNNtR"),
        "has an unfinished Pending",
    ),
    "class left lying": (put(b"cnumpy\nndarray\n"), "has an unfinished Named"),
    "nothing": (b"\x80\x04.", "damaged"),
    "cut short": (b"\x80\x04]", "damaged"),
    "no such step": (b"\x80\x04\xff.", r"takes the step 'ÿ'"),
}


@pytest.mark.parametrize(("raw", "message"), STEPS.values(), ids=STEPS)
def test_steps_that_plain_data_does_not_need_are_refused(raw, message):
    with pytest.raises(FormatError, match=message) as caught:
        unpickled(raw, "a.pickle")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "deep",
    [
        b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".",
        b"\x80\x04)" + b"\x85" * 100_000 + b".",
        b"\x80\x04" + b"}K\x01" * 100_000 + b"N" + b"s" * 100_000 + b".",
        b"\x80\x04]\x94h\x00a.",  # a list that holds itself
    ],
    ids=["lists", "tuples", "dicts", "itself"],
)
def test_what_is_nested_without_end_is_refused(deep):
    with pytest.raises(FormatError, match=f"nested more than {DEEPEST} levels deep"):
        unpickled(deep, "a.pickle")


def test_a_great_many_levels_as_a_key_do_not_end_the_process():
    raw = b"\x80\x04})" + b"\x85" * 100_000 + b"Ns."
    with pytest.raises(FormatError, match="has a tuple as a key"):
        unpickled(raw, "a.pickle")


def test_a_list_that_doubles_at_every_level_is_refused():
    raw = b"\x80\x04]\x94" + b"".join(b"h%ch%c\x86\x94" % (n, n) for n in range(50)) + b"."
    with pytest.raises(FormatError, match="shares its lists so often that it has no end"):
        unpickled(raw, "a.pickle")


def test_arrays_cannot_be_changed_behind_the_file():
    found = unpickled(pickle.dumps(np.ones(3)), "a.pickle")
    assert not found.flags.writeable


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_one_line(raw):
    assert len(lines_of_refusal(b"\x80\x04" + raw)) <= 1


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_in_one_line(at, byte):
    raw = bytearray(pickle.dumps(full({"frame0": frame(1, 2), "frame1": frame(0, 1)})))
    raw[at % len(raw)] = byte
    assert len(lines_of_refusal(bytes(raw))) <= 1


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
    with pytest.raises(FormatError, match=r"is a pickle of 8\.6 GB; at most 1 is read"):
        read_full(tmp_path / "a_full.pickle")
