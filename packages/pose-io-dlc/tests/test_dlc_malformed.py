"""Malformed input of every kind, each with the one line it must give, and never a traceback."""

import pickle
import re
import struct
from dataclasses import dataclass

import numpy as np
import pytest

from pose_io_dlc.__main__ import main

HEAD = "scorer,a,a,a\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n"
LABELS = "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n"
CONFIG = "Task: t\nscorer: a\nbodyparts: [nose]\n"
ROW = "labeled-data,v,i.png,1,2\n"
ANIMAL = "scorer,a,a\nindividuals,m,m\nbodyparts,n,n\ncoords,x,y\ni.png,1,2\n"
THREE = "scorer,,,a,a\nbodyparts,,,nose,nose\ncoords,,,x,y\n"


@dataclass(frozen=True)
class Case:
    """A name, the files to make (text, bytes or a function), the command, its line and status."""

    name: str
    files: dict
    command: str
    line: str
    status: int = 1


def h5_of(fill):
    """Make an H5 file by a function of an open h5py file."""

    def write(path):
        h5py = pytest.importorskip("h5py", reason="the extra [h5] is not installed")
        with h5py.File(path, "w") as file:
            fill(file)

    return write


def fixed(file, **changes):
    """Fill a group as pandas' fixed layout does, with some attributes changed."""
    group = file.create_group("df_with_missing")
    group.attrs["pandas_type"] = np.bytes_("frame")
    group.attrs["nblocks"] = 1
    for name, value in changes.items():
        group.attrs[name] = value


def table(file, rows=((0, [1.0, 2.0, 0.5]),), labels=None, attribute=None):
    """Fill a group as pandas' table layout does."""
    group = file.create_group("df_with_missing")
    group.attrs["pandas_type"] = np.bytes_("frame_table")
    kind = np.dtype([("index", "i8"), ("values_block_0", "f8", (3,))])
    data = group.create_dataset("table", data=np.array(list(rows), dtype=kind))
    labels = labels or [("a", "nose", coord) for coord in ("x", "y", "likelihood")]
    data.attrs["values_block_0_kind"] = np.void(attribute or pickle.dumps(labels, 0))
    group.attrs["non_index_axes"] = np.void(pickle.dumps([(1, labels)], 0))


class Evil:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return print, ("code ran",)


def pickled(value):
    return pickle.dumps(value, 4)


def frame_of(columns, index):
    """Write a Parquet file of columns that nobody here writes."""

    def write(path):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        import pandas as pd

        pd.DataFrame(columns, index=index).to_parquet(path)

    return write


def too_many(name):
    """Name more columns than any table has."""
    return ",".join(["scorer", *[name] * 200_000]) + "\n"


CSV = [
    Case("empty", {"a.csv": ""}, "info a.csv", r"a\.csv: is empty"),
    Case("blank", {"a.csv": "\n\n\n"}, "info a.csv", r"a\.csv: is empty"),
    Case("zeros", {"a.csv": b"\0" * 99}, "info a.csv", r"a\.csv: is not text"),
    Case("utf16", {"a.csv": HEAD.encode("utf-16")}, "info a.csv", r"a\.csv: is not "),
    Case(
        "latin",
        {"a.csv": HEAD.replace("nose", "né").encode("latin-1")},
        "info a.csv",
        "is not UTF-8 text",
    ),
    Case(
        "semicolons",
        {"a.csv": HEAD.replace(",", ";")},
        "info a.csv",
        "separate cells by ',', not ';'",
    ),
    Case(
        "no header",
        {"a.csv": "0,1,2,.5\n1,1,2,.5\n"},
        "info a.csv",
        "row 1 begins with '0', not 'scorer'",
    ),
    Case(
        "one row",
        {"a.csv": "scorer,a\n"},
        "info a.csv",
        "ends before row 2, which must begin with 'bodyparts'",
    ),
    Case(
        "no coords",
        {"a.csv": HEAD.replace("coords", "cords")},
        "info a.csv",
        "row 3 begins with 'cords'",
    ),
    Case(
        "no columns",
        {"a.csv": "scorer\nbodyparts\ncoords\n0\n"},
        "info a.csv",
        "has no columns of keypoints",
    ),
    Case(
        "uneven header",
        {"a.csv": HEAD.replace("nose,nose,nose", "nose,nose")},
        "info a.csv",
        r"row 2 \(bodyparts\) has 3 cells where row 1 has 4",
    ),
    Case(
        "nameless",
        {"a.csv": HEAD.replace("nose,nose,nose", "nose,,nose")},
        "info a.csv",
        "column 3 has no bodyparts; mend the header",
    ),
    Case(
        "two scorers",
        {"a.csv": HEAD.replace("a,a,a", "a,b,b")},
        "info a.csv",
        "has two scorers, 'a' and 'b'",
    ),
    Case(
        "column twice",
        {"a.csv": HEAD.replace("x,y,", "x,x,")},
        "info a.csv",
        "column 'x' of keypoint 'nose' is given twice",
    ),
    Case(
        "no y",
        {"a.csv": HEAD.replace("x,y,", "x,w,") + "0,1,2,.5\n"},
        "info a.csv",
        "has no 'y' column",
    ),
    Case(
        "a word",
        {"a.csv": HEAD + "0,1,two,.5\n"},
        "info a.csv",
        r"row 4: 'two' is not a number \(nose, y\)",
    ),
    Case(
        "decimal comma",
        {"a.csv": HEAD + '0,"1,5",2,.5\n'},
        "info a.csv",
        r"row 4: '1,5' is not a number \(nose, x\)",
    ),
    Case(
        "short row",
        {"a.csv": HEAD + "0,1,2,.5\n1,1\n"},
        "info a.csv",
        "row 5 has 2 cells where the header has 4",
    ),
    Case(
        "long row",
        {"a.csv": HEAD + "0,1,2,.5,6\n"},
        "info a.csv",
        "row 4 has 5 cells where the header has 4",
    ),
    Case(
        "nameless row",
        {"a.csv": LABELS + ",1,2\n"},
        "info a.csv",
        "row 4 has numbers but names no frame",
    ),
    Case(
        "frame twice",
        {"a.csv": HEAD + "3,1,2,.5\n3,1,2,.5\n"},
        "info a.csv",
        "frame 3 is given twice; remove one row",
    ),
    Case(
        "negative frame",
        {"a.csv": HEAD + "-1,1,2,.5\n"},
        "info a.csv",
        "frame number -1 is not one of a video",
    ),
    Case(
        "huge frame",
        {"a.csv": HEAD + "9007199254740000,1,2,.5\n"},
        "info a.csv",
        "frame number 9007199254740000 is not one of a video",
    ),
    Case(
        "odd frame",
        {"a.csv": HEAD + "first,1,2,.5\n"},
        "info a.csv",
        "'first'; it needs a frame number or",
    ),
    Case(
        "image twice",
        {"a.csv": LABELS + "i.png,1,2\ni.png,1,3\n"},
        "check a.csv",
        r"row 5: is labeled twice, differently \(first in row 4\) in i\.png; compare them",
    ),
    Case(
        "odd flag",
        {"a.csv": "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,visible\ni.png,1,2,7\n"},
        "info a.csv",
        r"visible is 7 \(n\); it can be 0, 1 or 2",
    ),
    Case(
        "open quote",
        {"a.csv": HEAD + '0,"1,2,.5\n'},
        "info a.csv",
        "row 4 has 2 cells|is not a CSV",
    ),
    Case(
        "too many columns",
        {"a.csv": too_many("a")},
        "info a.csv",
        "has 200001 cells; at most 100000 are read",
    ),
    Case("old line ends", {"a.csv": HEAD.replace("\n", "\r")}, "info a.csv", "carriage return"),
]
H5 = [
    Case("h5 of text", {"a.h5": "scorer,a\n"}, "info a.h5", "is damaged|is not an H5|not an HDF5"),
    Case(
        "h5 cut off",
        {"a.h5": b"\x89HDF\r\n\x1a\n" + b"\0" * 99},
        "info a.h5",
        "is damaged|cannot be read",
    ),
    Case(
        "h5 of nothing",
        {"a.h5": h5_of(lambda file: None)},
        "info a.h5",
        "holds nothing, not one of df_with_missing",
    ),
    Case(
        "h5 of others",
        {"a.h5": h5_of(lambda file: (file.create_group("x"), file.create_group("y")))},
        "info a.h5",
        "holds 'x', 'y', not one of df_with_missing",
    ),
    Case(
        "h5 failed write",
        {"a.h5": h5_of(lambda file: file.create_group("df_with_missing"))},
        "info a.h5",
        "empty|not written|no table",
    ),
    Case("h5 no blocks", {"a.h5": h5_of(lambda file: fixed(file))}, "info a.h5", r"a\.h5: "),
    Case(
        "h5 many blocks",
        {"a.h5": h5_of(lambda file: fixed(file, nblocks=10**9))},
        "info a.h5",
        r"a\.h5: ",
    ),
    Case(
        "h5 code",
        {"a.h5": h5_of(lambda file: table(file, attribute=pickle.dumps(Evil(), 0)))},
        "info a.h5",
        "not read, for safety",
    ),
    Case(
        "h5 bad pickle",
        {"a.h5": h5_of(lambda file: table(file, attribute=b"nonsense"))},
        "info a.h5",
        "pickle that is not plain data",
    ),
    Case(
        "h5 one level",
        {"a.h5": h5_of(lambda file: table(file, labels=["x", "y", "z"]))},
        "info a.h5",
        "columns have one level|levels, not 3 or 4",
    ),
    Case(
        "h5 two scorers",
        {
            "a.h5": h5_of(
                lambda file: table(
                    file, labels=[("a", "n", "x"), ("b", "n", "y"), ("a", "n", "likelihood")]
                )
            )
        },
        "info a.h5",
        "has two scorers, 'a' and 'b'",
    ),
    Case(
        "h5 frame twice",
        {"a.h5": h5_of(lambda file: table(file, rows=[(1, [1, 2, 1]), (1, [1, 2, 1])]))},
        "info a.h5",
        "frame 1 is given twice",
    ),
]
PARQUET = [
    Case("parquet of text", {"a.parquet": "scorer,a\n"}, "info a.parquet", r"a\.parquet: "),
    Case("parquet cut off", {"a.parquet": b"PAR1" + b"\0" * 50}, "info a.parquet", r"a\.parquet: "),
    Case(
        "parquet of others",
        {"a.parquet": frame_of({"x": [1.0]}, [0])},
        "info a.parquet",
        r"a\.parquet: ",
    ),
]
CONFIGS = [
    Case("yaml unclosed", {"config.yaml": "Task: [t\n"}, "info config.yaml", "is not YAML"),
    Case(
        "yaml code",
        {"config.yaml": "Task: !!python/object/apply:os.system [ls]\n"},
        "info config.yaml",
        "is not YAML",
    ),
    Case("yaml list", {"config.yaml": "- Task\n"}, "info config.yaml", r"config\.yaml: is no"),
    Case("yaml bytes", {"config.yaml": b"Task: \xff\xfe\n"}, "info config.yaml", "is not YAML"),
    Case(
        "yaml bomb",
        {"config.yaml": "Task: &a [x]\nb: &b " + "[*a,*a]\nc: " + "[*b,*b]\n" + "scorer: [" * 2000},
        "info config.yaml",
        "is not YAML",
    ),
    Case("yaml tabs", {"config.yaml": "Task: t\n\tscorer: a\n"}, "info config.yaml", "is not YAML"),
    Case(
        "no task",
        {"config.yaml": "scorer: a\n"},
        "info config.yaml",
        "is no project|has no Task|no config",
    ),
    Case(
        "parts no list",
        {"config.yaml": CONFIG.replace("[nose]", "{a: b}")},
        "check .",
        "bodyparts is {'a': 'b'}, not a list of names",
    ),
    Case(
        "parts twice",
        {"config.yaml": CONFIG.replace("[nose]", "[nose, nose]")},
        "check .",
        "bodyparts lists 'nose' 2 times; keep one",
    ),
    Case(
        "fraction",
        {"config.yaml": CONFIG + "TrainingFraction: [95]\n"},
        "check .",
        r"TrainingFraction holds 95, not between 0 and 1; write 0\.95",
    ),
    Case(
        "video_sets",
        {"config.yaml": CONFIG + "video_sets: [a.mp4]\n"},
        "check .",
        r"video_sets is \['a\.mp4'\], not paths with a crop each",
    ),
    Case(
        "crop",
        {"config.yaml": CONFIG + "video_sets: {a.mp4: {crop: 5}}\n"},
        "check .",
        "crop of 'a.mp4' is 5, not four numbers",
    ),
    Case(
        "number",
        {"config.yaml": CONFIG + "iteration: x\n"},
        "check .",
        "iteration is 'x', not a number",
    ),
    Case(
        "no individuals",
        {"config.yaml": CONFIG + "multianimalproject: true\n"},
        "check .",
        "individuals is empty in a project of several animals",
    ),
    Case(
        "no labels", {"config.yaml": CONFIG}, "convert . out", "has no folder with CollectedData_a"
    ),
    Case(
        "three d",
        {"config.yaml": "Task: t\nnum_cameras: 2\ncamera_names: [l, r]\n"},
        "convert . out",
        "is a 3-D project, which has no labels of its own",
    ),
]
PROJECTS = [
    Case(
        "nothing inside",
        {"x/notes.txt": ""},
        "info x",
        "is no project of DeepLabCut or Lightning Pose",
    ),
    Case(
        "other parts",
        {
            "config.yaml": CONFIG,
            "labeled-data/v/CollectedData_a.csv": THREE.replace("nose", "tail") + ROW,
        },
        "check .",
        "lacks 'nose', which config.yaml has",
    ),
    Case(
        "leads out",
        {"config.yaml": CONFIG, "labeled-data/v/CollectedData_a.csv": THREE + "..,v,i.png,1,2\n"},
        "check .",
        r"image '\.\./v/i\.png' leads out of the project",
    ),
    Case(
        "absolute",
        {"config.yaml": CONFIG, "labeled-data/v/CollectedData_a.csv": LABELS + "/etc/i.png,1,2\n"},
        "convert . out",
        r"image '/etc/i\.png' leads out of the project",
    ),
    Case(
        "no image",
        {"config.yaml": CONFIG, "labeled-data/v/CollectedData_a.csv": THREE + ROW},
        "check .",
        r"row 4: labeled image is missing: labeled-data/v/i\.png; put it back",
    ),
    Case(
        "no point",
        {
            "config.yaml": CONFIG,
            "labeled-data/v/CollectedData_a.csv": THREE + "labeled-data,v,i.png,,\n",
        },
        "convert . out",
        "no point is labeled in 1 frames",
    ),
    Case(
        "lp without labels",
        {"project.yaml": "view_names: []\nkeypoint_names: [nose]\n"},
        "info project.yaml",
        "has no CollectedData.csv",
    ),
    Case(
        "lp individuals",
        {"CollectedData.csv": ANIMAL},
        "convert . out",
        "has individuals, which Lightning Pose does not know",
    ),
    Case(
        "lp half a name",
        {"CollectedData.csv": LABELS + "i.txt,1,2\n"},
        "check .",
        "row 4: 'i.txt' is not an image; are these predictions?",
    ),
    Case(
        "lp views",
        {
            "CollectedData.csv": LABELS + "i.png,1,2\n",
            "config.yaml": "data:\n  csv_file: [a.csv, b.csv]\n  view_names: [top]\n",
        },
        "info .",
        "do not pair up|has no",
    ),
    Case(
        "two kinds",
        {"config.yaml": CONFIG, "CollectedData.csv": LABELS + "i.png,1,2\n"},
        "convert . out",
        "is a project of deeplabcut and lightning_pose",
    ),
]
PICKLES = [
    Case(
        "pickle of code",
        {"a_meta.pickle": pickled({"data": Evil()})},
        "info a_meta.pickle",
        "is not read, for safety",
    ),
    Case(
        "pickle of code 2",
        {"a_full.pickle": b"\x80\x04cos\nsystem\n(S'ls'\ntR."},
        "info a_full.pickle",
        "is not read, for safety",
    ),
    Case(
        "pickle cut off",
        {"a_meta.pickle": pickled({"data": {"Scorer": "s"}})[:-5]},
        "info a_meta.pickle",
        r"a_meta\.pickle: ",
    ),
    Case("pickle empty", {"a_meta.pickle": b""}, "info a_meta.pickle", r"a_meta\.pickle: "),
    Case("pickle of text", {"a_full.pickle": b"hello"}, "info a_full.pickle", r"a_full\.pickle: "),
    Case(
        "pickle of others",
        {"a_meta.pickle": pickled([1, 2])},
        "info a_meta.pickle",
        "has no 'data' with a 'Scorer'",
    ),
    Case(
        "pickle endless",
        {"a_full.pickle": b"\x80\x04" + b"(" * 99_999 + b"."},
        "info a_full.pickle",
        r"a_full\.pickle: ",
    ),
    Case(
        "pickle too large",
        {"a_full.pickle": b"\x80\x04B" + struct.pack("<I", 1 << 31) + b"x."},
        "info a_full.pickle",
        r"a_full\.pickle: ",
    ),
]
PATHS = [
    Case("gone", {}, "info gone.csv", r"gone\.csv: no such file or folder"),
    Case("gone too", {}, "check gone", "gone: no such file or folder"),
    Case("gone as well", {}, "convert gone.csv b.csv", r"gone\.csv: no such file or folder"),
    Case("other kind", {"a.txt": "x"}, "info a.txt", "is no kind of file that is read here"),
    Case("other kind of OUT", {"a.csv": HEAD}, "convert a.csv b.xlsx", r"unknown suffix '\.xlsx'"),
    Case(
        "OUT is there",
        {"a.csv": HEAD, "b.csv": ""},
        "convert a.csv b.csv",
        "is there already; give --overwrite",
    ),
    Case(
        "OUT is IN",
        {"a.csv": HEAD},
        "convert a.csv ./a.csv --overwrite",
        "is the file to be read itself",
    ),
    Case(
        "OUT is a folder",
        {"a.csv": HEAD, "b/c": ""},
        "convert a.csv b",
        "is a folder; give the name of a file",
    ),
    Case(
        "OUT nowhere",
        {"a.csv": HEAD},
        "convert a.csv b/c.csv",
        "there is no folder b; make it first",
    ),
    Case(
        "image as table", {"a.csv": b"\x89PNG\r\n\x1a\n" + b"\0" * 99}, "info a.csv", "is not text"
    ),
    Case(
        "no video",
        {},
        "new t --scorer a --keypoints n --videos gone.mp4",
        r"gone\.mp4: no such video",
    ),
    Case(
        "no film",
        {"a.txt": ""},
        "new t --scorer a --keypoints n --videos a.txt",
        "is no video by its name",
    ),
    Case("keypoint twice", {"a.mp4": ""}, "new t --scorer a --keypoints n,n --videos a.mp4", "'n'"),
    Case(
        "scorer with slash",
        {"a.mp4": ""},
        "new t --scorer a/b --keypoints n --videos a.mp4",
        "'a/b'",
    ),
    Case(
        "nowhere to make",
        {"a.mp4": ""},
        "new t --scorer a --keypoints n --videos a.mp4 --into gone",
        "gone: no such folder",
    ),
]
OPTIONS = [
    Case("nothing", {}, "", "pose-io-dlc: needs COMMAND", 2),
    Case("other command", {}, "chek a", "unknown command 'chek'; there is check", 2),
    Case("no path", {}, "info", "info: needs PATH; see pose-io-dlc info --help", 2),
    Case("other option", {}, "info a --jsn", "unknown option --jsn, did you mean --json", 2),
    Case("one more", {}, "check a b", "'b' is one argument too many", 2),
    Case("decimals", {}, "convert a.csv b.csv --decimals two", "--decimals: 'two' is no int", 2),
    Case(
        "many decimals",
        {},
        "convert a.csv b.csv --decimals 16",
        "--decimals is 16; give 1 to 8",
        2,
    ),
    Case("dry run", {}, "check a --dry-run", "--dry-run says what --fix would do; give both", 2),
    Case("other tool", {}, "convert a b --to sleap", "--to: 'sleap' is none of", 2),
    Case("no keypoints", {}, "new t --scorer a --videos v.mp4", "new: needs --keypoints", 2),
    Case(
        "bone",
        {},
        "new t --scorer a --keypoints n --bones n-m --videos v.mp4",
        "'n-m' is not two keypoints",
        2,
    ),
]
CASES = [*CSV, *H5, *PARQUET, *CONFIGS, *PROJECTS, *PICKLES, *PATHS, *OPTIONS]


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """Make the files of a case in a folder, and go there."""
    monkeypatch.chdir(tmp_path)

    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def status_of(command):
    try:
        return main(command.split())
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize("case", CASES, ids=[case.name.replace(" ", "-") for case in CASES])
def test_malformed_input_gets_its_line_and_no_traceback(inside, tmp_path, capsys, case):
    inside(case.files)
    before = sorted(tmp_path.rglob("*"))
    assert status_of(case.command) == case.status
    said = capsys.readouterr()
    text = said.out + said.err
    assert re.search(case.line, text), text
    assert "Traceback" not in text
    assert "code ran" not in text
    if not case.command.startswith("check ") or case.status == 2:
        assert len(text.splitlines()) == 1, text
    assert sorted(tmp_path.rglob("*")) == before


def test_there_are_many_cases_each_with_a_name_of_its_own():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
