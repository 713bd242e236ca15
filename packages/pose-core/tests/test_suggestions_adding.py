"""Files come into a folder together or not at all, and nothing that is there is overwritten."""

import errno
import os
from pathlib import Path

import pytest

from pose_core.errors import FormatError, PoseError
from pose_core.suggestions import adding
from pose_core.suggestions.adding import STAGE, Addition
from pose_core.suggestions.record import NAME, Row, read_rows, taken_before, write_rows

ROW = Row("labeled-data/v/img7.png", "v.mp4", "7", "violations", "0.412", "tail jumps, 84 px")


def text(content):
    return lambda path: path.write_text(content)


def add_all(root, new=(), replaced=()):
    with Addition(root) as addition:
        for name in new:
            addition.new(name, text("new"))
        for name in replaced:
            addition.replace(name, text("changed"))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_text("a")
    return tmp_path


def test_everything_is_there_at_the_end(root):
    with Addition(root) as addition:
        addition.new("images/new/b.png", text("b"))
        addition.replace("old.csv", text("old, and new"))
        addition.replace("rows/new.csv", text("new"))
        assert contents(root)["old.csv"] == "old"
    assert contents(root) == {
        "old.csv": "old, and new",
        "images/a.png": "a",
        "images/new/b.png": "b",
        "rows/new.csv": "new",
    }


def test_an_image_that_is_there_is_not_overwritten_and_nothing_else_is_written(root):
    before = contents(root)
    with pytest.raises(FormatError, match=r"a\.png: is there already and stays as it is"):
        add_all(root, new=("images/new/b.png", "images/a.png"), replaced=("old.csv",))
    assert contents(root) == before
    assert not (root / "images" / "new").exists()


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_what_was_done_is_taken_back_wherever_it_fails(root, fails_at, monkeypatch):
    replace, calls, before = os.replace, [], contents(root)

    def full(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(adding.os, "replace", full)
    with pytest.raises(PoseError, match=r"disk full; free some space"):
        add_all(root, ("images/b.png",), ("old.csv", "first/new.csv", "second/new.csv"))
    assert contents(root) == before
    assert not (root / "first").exists()


def test_an_error_inside_leaves_everything_as_it_was(root):
    def stopped(path):
        path.write_text("half")
        raise KeyboardInterrupt

    before = contents(root)
    with pytest.raises(KeyboardInterrupt), Addition(root) as addition:
        addition.new("images/b.png", stopped)
    assert contents(root) == before
    assert not (root / STAGE).exists()


def test_a_file_system_without_links_is_written_too(root, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(adding.os, "link", no_links)
    with Addition(root) as addition:
        addition.new("images/b.png", text("b"))
    assert contents(root)["images/b.png"] == "b"
    with pytest.raises(FormatError, match=r"is there already"):
        add_all(root, new=("images/a.png",))
    assert contents(root)["images/a.png"] == "a"


def test_only_one_adds_at_a_time(root):
    with Addition(root), pytest.raises(PoseError, match=r"remove it if no other pose suggest runs"):
        add_all(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(root):
    root.chmod(0o500)
    with pytest.raises(PoseError, match=r"cannot be written"):
        add_all(root)


def test_new_files_are_as_readable_as_others(root):
    with Addition(root) as addition:
        addition.new("images/b.png", text("b"))
    assert (root / "images/b.png").stat().st_mode == (root / "images/a.png").stat().st_mode


def test_suggestions_are_read_as_they_were_written(root):
    rows = [ROW, ROW._replace(frame="12", score="", reason='drawn "at random"')]
    write_rows(rows, root / NAME)
    assert read_rows(root) == rows
    assert taken_before(rows) == {"v": {7, 12}}


def test_a_project_without_suggestions_has_none(root):
    assert read_rows(root) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no table of suggestions"),
        ("scorer,a\n", "is no table of suggestions"),
        (",".join(Row._fields) + "\na,b,three,c,d,e\n", "line 2 is no suggestion"),
        (",".join(Row._fields) + "\na,b\n", "line 2 is no suggestion"),
        (b"\xff\xfe\xff", "cannot be read"),
    ],
)
def test_another_file_of_that_name_is_not_overwritten(root, content, message):
    path = Path(root / NAME)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FormatError, match=message):
        read_rows(root)
