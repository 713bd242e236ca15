"""Configs: read without surprises, changed where they stand."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_io_dlc import FormatError, rewrite_config
from pose_io_dlc.projects.config import changed, parsed, read_yaml
from pose_io_dlc.projects.template import TEMPLATE
from pose_io_dlc.projects.video_sets import listed_videos

TEXT = """\
# Project definitions (do not edit)
Task: reach  # ours
scorer: "ann"


lab_key: {deep: [1, 2]}   # unknown to anyone
video_sets:
  C:\\lab\\videos\\v.avi:
    crop: 0, 64, 0, 48
bodyparts:
  - nose
  - ear   # the left one

# Plotting
skeleton: # pairs
- - nose
  - ear
pcutoff: 0.6
notes: |
  two
  lines

resnet:
"""
HERE = Path("config.yaml")


def test_a_changed_key_leaves_every_other_line_as_it_was(save):
    path = save("config.yaml", TEXT)
    rewrite_config(path, {"pcutoff": 0.4, "bodyparts": ["nose", "ear", "tail"], "iteration": 2})
    lines, before = path.read_text().splitlines(), TEXT.splitlines()
    assert [line for line in before if line not in lines] == [
        "  - nose", "  - ear   # the left one", "pcutoff: 0.6"
    ]  # fmt: skip
    assert [line for line in lines if line not in before] == [
        "- nose", "- ear", "- tail   # the left one", "pcutoff: 0.4", "iteration: 2"
    ]  # fmt: skip
    assert lines.index("# Plotting") < lines.index("skeleton: # pairs") < lines.index("resnet:")


@pytest.mark.parametrize("key", [*parsed(TEXT, HERE), "new"])
@pytest.mark.parametrize(
    "value", ["no", None, [], {}, "", True, 3, ["a", "012"], {"a b": {"c": "0, 1"}}, "a: b # c"]
)
def test_any_key_can_be_changed_to_anything(key, value):
    text = changed(TEXT, {key: value}, HERE)
    assert yaml.safe_load(text) == {**yaml.safe_load(TEXT), key: value}
    assert all(comment in text for comment in ("# ours", "# pairs", "# Plotting"))


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["bodyparts", "skeleton", "Task", "extra"]),
        st.one_of(
            st.text("abc:#-'\"\\ no1e5.é\n", max_size=8),
            st.lists(st.text("ab01e.:-", max_size=5), max_size=3),
            st.integers(-9, 9),
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_by_every_yaml(changes):
    text = changed(TEMPLATE, changes, HERE)
    expected = {**yaml.safe_load(TEMPLATE), **changes}
    assert yaml.safe_load(text) == expected
    assert parsed(text, HERE) == expected


def test_deeplabcuts_own_loader_reads_the_same(save):
    ruamel = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    path = save("config.yaml", TEXT)
    names = ["no", "on", "012", "1e5", "0o7", "1_0", "12:30", "nose"]
    rewrite_config(path, {"bodyparts": names})
    with path.open() as file:
        assert list(ruamel.YAML(typ="rt").load(file)["bodyparts"]) == names
    assert read_yaml(path)["bodyparts"] == names


def test_names_that_old_yaml_takes_for_truth_stay_names():
    read = parsed("bodyparts: [no, on, off, yes, True]", HERE)["bodyparts"]
    assert read == ["no", "on", "off", "yes", True]


def test_line_ends_and_the_byte_order_mark_stay(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfTask: a # c\r\nx: 1\r\n")
    rewrite_config(path, {"x": [2], "y": None})
    assert path.read_bytes() == b"\xef\xbb\xbfTask: a # c\r\nx:\r\n- 2\r\ny:\r\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "a cannot be changed where it stands; edit it by hand"),
        ("{a: 1, b: 2}", "a cannot be changed where it stands"),
        ("a: 1\na: 2\n", "a cannot be changed where it stands"),
        ("a: [", "is not YAML"),
        ("- a", "is not a config; it holds no keys"),
    ],
)
def test_a_config_that_cannot_be_changed_stays_as_it_was(save, text, message):
    path = save("config.yaml", text)
    with pytest.raises(FormatError, match=message) as caught:
        rewrite_config(path, {"a": ["c"]})
    assert "\n" not in str(caught.value)
    assert path.read_text() == text
    assert [one.name for one in path.parent.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: !!python/object/apply:os.system [touch here]", "is not YAML"),
        (b"a: !!python/name:os.system", "is not YAML"),
        (b"[" * 100_000, "more than 50 deep"),
        (b"- " * 100_000, "more than 50 deep"),
        (b"{a: " * 100_000, "more than 50 deep"),
        (b"a: b: c", "is not YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a: \0", "is not YAML"),
        (b"", "holds no keys"),
        (b"a" * ((1 << 24) + 1), "has more than 16777216 bytes"),
        (b"? [a]\n: b", "is not YAML"),
        (b"a: 2018-13-45", "is not YAML"),
    ],
)
def test_what_is_no_config_gets_one_line(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        read_yaml(path)
    assert "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["config.yaml"]


def test_changing_a_hostile_config_builds_no_objects(save):
    path = save("config.yaml", "a: 1\nb: !!python/object/apply:os.system [touch here]\n")
    with pytest.raises(FormatError, match="could not determine a constructor"):
        rewrite_config(path, {"a": 2})


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("video_sets:\n  C:\\lab\\v.avi: {crop: '0, 1, 0, 2'}", {"v": "0, 1, 0, 2"}),
        ("video_sets: {/home/a/v.MP4: {crop: c}, D:\\x\\v.mp4: {}}", {"v": "c"}),
        ("video_sets: {WILL BE AUTOMATICALLY UPDATED: {crop: c}}", {}),
        ("video_sets:", {}),
        ("video_sets: [a.avi]", {}),
        ("video_sets: {a.b.avi: }", {"a.b": ""}),
        (
            "video_sets: {/p/v_cropped.avi: {crop: d}}\nvideo_sets_original: {/p/v.avi: {crop: c}}",
            {"v": "c"},
        ),
        ("video_sets: {/p/v_cropped.avi: {crop: d}}", {"v_cropped": "d"}),
    ],
)
def test_videos_of_any_machine_are_known_by_their_stem(text, listed):
    assert listed_videos(yaml.safe_load(text)) == listed
