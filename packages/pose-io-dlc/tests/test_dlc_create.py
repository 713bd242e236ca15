"""New projects, and the size of videos."""

import datetime
import struct

import pytest
import yaml

from pose_io_dlc import FormatError, create_project
from pose_io_dlc.projects import create
from pose_io_dlc.projects.movies import video_size

DAY = datetime.date(2026, 3, 4)


def avi(width, height):
    header = struct.pack("<32xII16x", width, height)
    return b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih" + struct.pack("<I", len(header)) + header


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def mp4(width, height, turned=False, sound=True):
    matrix = (0, 1 << 16, 0, -(1 << 16), 0) if turned else (1 << 16, 0, 0, 0, 1 << 16)
    tkhd = box(b"tkhd", bytes(40), struct.pack(">5i", *matrix), bytes(24))
    entry = box(b"avc1", bytes(24), struct.pack(">HH", width, height), bytes(50))
    stsd = box(b"stsd", bytes(4), b"\0\0\0\1", entry)
    noise = box(b"mp4a", bytes(24), b"\0\x10\0\x10", bytes(60))
    tracks = [box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd))))]
    tracks[0] = box(b"trak", tkhd, box(b"mdia", box(b"minf", box(b"stbl", stsd))))
    if sound:
        heard = box(b"stsd", bytes(4), b"\0\0\0\1", noise)
        tracks.insert(0, box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", heard)))))
    return box(b"ftyp", b"isom") + box(b"mdat", bytes(100)) + box(b"moov", *tracks)


def element(name, *parts):
    body = b"".join(parts)
    return bytes.fromhex(name) + struct.pack(">Q", len(body) | 1 << 56) + body


def mkv(width, height):
    video = element("e0", element("b0", struct.pack(">H", width)), element("ba", bytes([height])))
    tracks = element("1654ae6b", element("ae", element("d7", b"\1"), video))
    return element("1a45dfa3", bytes(9)) + element("18538067", element("ec", bytes(50)), tracks)


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "in" / "mouse.avi"
    path.parent.mkdir()
    path.write_bytes(avi(64, 48))
    return path


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (avi(64, 48), (48, 64)),
        (mp4(640, 480), (480, 640)),
        (mp4(640, 480, turned=True), (640, 480)),
        (mp4(640, 480, sound=False), (480, 640)),
        (mkv(320, 240), (240, 320)),
        (avi(64, 48)[:40], None),
        (avi(0, 48), None),
        (mp4(640, 480)[:200], None),
        (mkv(320, 240)[:70], None),
        (box(b"ftyp", b"isom") + b"\0\0\0\1moov" + b"\xff" * 8, None),
        (b"\x1aE\xdf\xa3\0\0\0\0\0\0\0\0", None),
        (b"", None),
        (b"no video at all, only text", None),
    ],
)
def test_the_size_of_a_video_is_in_its_header(tmp_path, content, size):
    (tmp_path / "v").write_bytes(content)
    assert video_size(tmp_path / "v") == size


def test_no_bytes_make_the_parser_fail_or_hang(tmp_path):
    for whole in (avi(64, 48), mp4(640, 480), mkv(320, 240)):
        for at in range(12, len(whole), 3):
            (tmp_path / "v").write_bytes(whole[:at] + b"\xff\0\0\0\0" + whole[at + 5 :])
            video_size(tmp_path / "v")


def test_a_video_that_is_not_there_has_no_size(tmp_path):
    assert video_size(tmp_path / "v") is None


def test_a_new_project_has_the_keys_of_deeplabcut_in_its_order(data, tmp_path, video):
    for name, animals in (("solo", ()), ("duo", ("m1", "m2"))):
        made = create_project(tmp_path, name, "ann", [video], ["nose"], individuals=animals)
        theirs = yaml.safe_load((data / "dlc-made" / f"{name}-project" / "config.yaml").read_text())
        ours = yaml.safe_load(made.config.read_text())
        assert list(ours) == list(theirs)
        own = {"date", "project_path", "video_sets", "skeleton", "numframes2pick"}
        own |= {key for key in theirs if "parts" in key or key == "individuals"}
        assert {k: v for k, v in ours.items() if k not in own} == {
            k: v for k, v in theirs.items() if k not in own
        }


def test_a_new_project_holds_its_videos_and_says_so(tmp_path, video):
    made = create_project(
        tmp_path, "reach", "ann b", [video], ["nose", "no"], skeleton=[("nose", "no")], date=DAY
    )
    assert made.root == tmp_path / "reach-ann b-2026-03-04"
    assert sorted(path.relative_to(made.root).as_posix() for path in made.root.rglob("*")) == [
        "config.yaml", "dlc-models", "labeled-data", "labeled-data/mouse", "training-datasets",
        "videos", "videos/mouse.avi",
    ]  # fmt: skip
    config = yaml.safe_load(made.config.read_text())
    assert config["video_sets"] == {str(made.videos[0]): {"crop": "0, 64, 0, 48"}}
    assert (config["bodyparts"], config["skeleton"]) == (["nose", "no"], [["nose", "no"]])
    assert (config["date"], config["individuals"]) == ("Mar4", ["individual_1"])
    assert config["project_path"] == str(made.root)
    assert made.videos[0].read_bytes() == video.read_bytes()
    assert not made.videos[0].is_symlink()
    assert made.warnings == ()
    assert made.root.stat().st_mode & 0o777 == (tmp_path / "in").stat().st_mode & 0o777


def test_videos_are_linked_only_if_asked_for(tmp_path, video):
    made = create_project(tmp_path, "reach", "ann", [video], ["nose"], link=True, date=DAY)
    assert made.videos[0].is_symlink()
    assert made.videos[0].resolve() == video


def test_several_animals_have_keys_of_their_own(tmp_path, video):
    made = create_project(
        tmp_path, "r", "ann", [video], ["nose"], individuals=["a", "b"], unique=["food"], date=DAY
    )
    config = yaml.safe_load(made.config.read_text())
    assert (config["bodyparts"], config["multianimalproject"]) == ("MULTI!", True)
    assert (config["multianimalbodyparts"], config["uniquebodyparts"]) == (["nose"], ["food"])


def test_a_video_of_unknown_size_gets_a_crop_to_correct(tmp_path):
    (tmp_path / "v.wmv").write_bytes(b"what is this")
    made = create_project(tmp_path, "r", "ann", [tmp_path / "v.wmv"], ["nose"], date=DAY)
    assert (
        "size was not found; config.yaml has crop: 0, 640, 0, 480, correct it" in made.warnings[0]
    )
    assert "crop: 0, 640, 0, 480" in made.config.read_text()


def test_a_folder_that_is_there_is_left_alone(tmp_path, video):
    made = create_project(tmp_path, "r", "ann", [video], ["nose"], date=DAY)
    made.config.write_text("mine")
    with pytest.raises(FormatError, match="is there already; choose another name, or remove it"):
        create_project(tmp_path, "r", "ann", [video], ["nose"], date=DAY)
    assert made.config.read_text() == "mine"


def test_nothing_is_left_of_a_project_that_cannot_be_made(tmp_path, video, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(create.shutil, "copyfile", full)
    with pytest.raises(FormatError, match=r"cannot be made: the disk is full; free some space"):
        create_project(tmp_path, "r", "ann", [video], ["nose"])
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


GOOD = {"name": "r", "scorer": "ann", "keypoints": ["nose", "tail"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a/b"}, "name: 'a/b' cannot be part of a folder's name"),
        ({"name": ".."}, r"name: '\.\.' cannot be part"),
        ({"name": ""}, "name: '' cannot be part"),
        ({"scorer": "ann "}, "scorer: 'ann ' cannot be part"),
        ({"scorer": "a\nb"}, r"scorer: 'a\\nb' cannot be part"),
        ({"keypoints": []}, "keypoints: none are given; name at least one"),
        ({"keypoints": ["a", "a"]}, "keypoints: 'a' is given twice"),
        ({"keypoints": ["a", " "]}, "keypoints: ' ' is no name"),
        ({"individuals": ["m", "m"]}, "individuals: 'm' is given twice"),
        ({"individuals": ["single"]}, "'single' means no animal"),
        ({"unique": ["food"]}, "unique: 'food' is for several animals"),
        ({"individuals": ["m"], "unique": ["nose"]}, "keypoints: 'nose' is given twice"),
        ({"skeleton": [("nose", "ear")]}, "unknown keypoint 'ear'; known: nose, tail"),
        ({"videos": []}, "videos: none are given"),
        ({"videos": ["gone.avi"]}, r"gone\.avi: no such video"),
        ({"videos": ["in/mouse.txt"]}, r"is no video by its name; known: \.avi"),
        ({"videos": ["in/mouse.avi", "in/Mouse.mp4"]}, "has the same name as .*; rename one"),
        ({"folder": "gone"}, "gone: no such folder; make it first"),
    ],
)
def test_what_makes_no_project_is_refused_in_one_line(tmp_path, video, changes, message):
    (tmp_path / "in" / "mouse.txt").write_text("")
    (tmp_path / "in" / "Mouse.mp4").write_text("")
    given = {"folder": ".", "videos": ["in/mouse.avi"], **GOOD, **changes}
    folder = tmp_path / given.pop("folder")
    videos = [tmp_path / name for name in given.pop("videos")]
    with pytest.raises(FormatError, match=message) as caught:
        create_project(folder, videos=videos, **given)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
