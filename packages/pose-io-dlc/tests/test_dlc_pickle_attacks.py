"""Pickles that would do harm, or take all memory, or all time, if they were let."""

import builtins
import collections
import functools
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_io_dlc import FormatError, read_meta, read_pickle
from pose_io_dlc.pickles import DEEPEST, unpickled


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
    "partial": Calls(functools.partial, os.mkdir, "harm"),
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
def test_what_is_not_plain_data_is_refused(monkeypatch, tmp_path, attack, protocol):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a_full.pickle"
    path.write_bytes(pickle.dumps({"data": [attack]}, protocol))
    with pytest.raises(FormatError, match="this pickle is not read, for safety") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_the_name_that_is_asked_for_is_told(tmp_path):
    path = tmp_path / "a_meta.pickle"
    path.write_bytes(pickle.dumps(Calls(os.system, "mkdir harm")))
    with pytest.raises(FormatError, match=r"asks for '(posix|nt)\.system'"):
        read_meta(path)


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
    "place of a terabyte": (put(b"Nr\xff\xff\xff\xff"), "remembers place 4294967295 of 0"),
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


def test_more_lists_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr("pose_io_dlc.pickle_machine.MOST_HELD", 1000)
    with pytest.raises(FormatError, match="holds more than 1000 lists"):
        unpickled(b"\x80\x04" + b"]" * 1001 + b".", "a.pickle")


def test_places_are_counted_from_one_as_python_2_does():
    assert unpickled(b"\x80\x02]q\x01(h\x01K\x05t0K\x07a.", "a.pickle") == [7]


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
    raw = bytearray(
        pickle.dumps({"a": [np.ones((1, 2)), np.ones(3)], "b": ("c", 1.5, {"d": None})})
    )
    raw[at % len(raw)] = byte
    assert len(lines_of_refusal(bytes(raw))) <= 1
