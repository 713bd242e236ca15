import errno
import os
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from pose_core.errors import ConfigError, FormatError, PoseError
from pose_core.files import (
    atomic,
    detected,
    open_project,
    read_labels,
    read_predictions,
    write_json,
    write_predictions,
    write_text,
    writer_of,
)
from pose_core.hookspecs import Format, hookimpl
from pose_core.labels import Labels
from pose_core.plugins import Broken, Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose",))
LABELS = Labels.of(["a.png", "b.png"], np.ones((2, 1, 2)), SKELETON)
PREDICTIONS = Predictions(np.ones((3, 1, 2)), np.ones((3, 1)), SKELETON)


def save(path, predictions):
    with atomic(path) as temporary:
        np.save(temporary, predictions.keypoints)


def load(path):
    return replace(PREDICTIONS, keypoints=np.load(path))


def format_of(name, labels=LABELS, **given):
    """A format whose projects are folders with a file of its name in them."""
    given.setdefault("open_project", lambda path: Project(path, name, labels))
    return Format(
        name=name, detect=lambda path: (path / name).exists() or path.suffix == f".{name}", **given
    )


def plugins_of(*formats):
    plugins = Plugins()
    for one in formats:
        module = ModuleType(f"plugin_{one.name}")
        module.pose_formats = hookimpl(lambda one=one: [one])
        plugins.add(module, f"plugin-{one.name}")
    return plugins


@pytest.fixture
def folder(tmp_path):
    for name in ("slp", "a.png", "b.png"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_a_project_is_opened_by_the_format_that_knows_it(folder):
    assert open_project(folder, plugins_of(format_of("nwb"), format_of("slp"))).name == "slp"
    assert open_project(str(folder), plugins_of(format_of("slp"))).labels is LABELS


def test_a_format_may_be_named(folder):
    assert open_project(folder, plugins_of(format_of("nwb"), format_of("slp")), "nwb").name == "nwb"
    with pytest.raises(ConfigError, match="unknown format 'slq'; did you mean 'slp'"):
        open_project(folder, plugins_of(format_of("slp")), "slq")


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(FormatError, match="none: no such file or folder; see what is in"):
        open_project(tmp_path / "none", Plugins())
    with pytest.raises(FormatError, match="nor is there a folder .*none"):
        open_project(tmp_path / "none" / "deeper", Plugins())


def test_a_folder_of_no_format_lists_the_known_ones(tmp_path):
    plugins = plugins_of(format_of("nwb"), format_of("slp"))
    plugins.broken.append(Broken("pose-x", "1.0", "could not load"))
    message = r"is of no known format; known: nwb, slp \(not loaded: pose-x 1.0: could not load\)"
    with pytest.raises(FormatError, match=message):
        open_project(tmp_path, plugins)
    with pytest.raises(FormatError, match="known: none; install one, such as pose-io-dlc"):
        open_project(tmp_path, Plugins())


def test_a_folder_of_two_formats_names_both(folder):
    (folder / "nwb").write_text("")
    with pytest.raises(FormatError, match="can be opened as nwb or slp; choose by format=nwb"):
        open_project(folder, plugins_of(format_of("nwb"), format_of("slp")))


def test_only_formats_with_projects_are_asked(folder):
    plugins = plugins_of(format_of("slp"), format_of("nwb", open_project=None))
    (folder / "nwb").write_text("")
    assert open_project(folder, plugins).name == "slp"
    assert [one.name for one in detected(folder, plugins)] == ["slp"]


def test_images_that_are_missing_are_counted_and_the_first_named(folder):
    (folder / "a.png").unlink()
    with pytest.raises(
        FormatError, match="1 of 2 labeled images are missing, the first is 'a.png'"
    ):
        open_project(folder, plugins_of(format_of("slp")))


def test_a_project_without_a_label_is_refused(folder):
    empty = Labels.of(["a.png"], np.full((1, 1, 2), np.nan), SKELETON)
    with pytest.raises(FormatError, match="no frame has a label; label some first"):
        open_project(folder, plugins_of(format_of("slp", empty)))


def test_what_a_format_cannot_do_is_said(folder):
    with pytest.raises(FormatError, match="format slp cannot read labels"):
        read_labels(folder, plugins_of(format_of("slp")))


def test_labels_are_read_by_their_format(folder):
    plugins = plugins_of(format_of("slp", read_labels=lambda path: LABELS))
    assert read_labels(folder, plugins) is LABELS


def test_predictions_written_are_predictions_read(tmp_path):
    plugins = plugins_of(
        format_of("npy", read_predictions=load, write_predictions=save, suffixes=(".npy",))
    )
    write_predictions(tmp_path / "new" / "a.npy", PREDICTIONS, plugins)
    back = read_predictions(tmp_path / "new" / "a.npy", plugins)
    np.testing.assert_array_equal(back.keypoints, PREDICTIONS.keypoints)


def test_an_unknown_suffix_lists_the_known_ones(tmp_path):
    plugins = plugins_of(format_of("npy", write_predictions=save, suffixes=(".npy", ".npz")))
    with pytest.raises(FormatError, match=r"no format writes '\.txt' files; known: \.npy, \.npz"):
        write_predictions(tmp_path / "a.txt", PREDICTIONS, plugins)
    with pytest.raises(FormatError, match="no format writes files without a suffix; known: none"):
        write_predictions(tmp_path / "a", PREDICTIONS, Plugins())


def test_two_formats_of_one_suffix_are_named(tmp_path):
    formats = [format_of(name, write_predictions=save, suffixes=(".npy",)) for name in ("b", "a")]
    with pytest.raises(FormatError, match="is written by a or b; choose by format=a"):
        write_predictions(tmp_path / "a.npy", PREDICTIONS, plugins_of(*formats))
    write_predictions(tmp_path / "a.npy", PREDICTIONS, plugins_of(*formats), "b")
    assert (tmp_path / "a.npy").exists()


def test_a_folder_that_cannot_be_written_is_said_before_there_are_predictions(
    tmp_path, monkeypatch
):
    plugins = plugins_of(format_of("npy", write_predictions=save, suffixes=(".npy",)))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(
        PoseError, match="is not a folder that can be written; choose another place"
    ):
        writer_of(tmp_path / "new" / "a.npy", plugins)


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    plugins = plugins_of(format_of("npy", write_predictions=save, suffixes=(".npy",)))
    (tmp_path / "new").write_text("")
    with pytest.raises(PoseError, match="new is not a folder that can be written"):
        write_predictions(tmp_path / "new" / "a.npy", PREDICTIONS, plugins)


def test_text_and_json_replace_the_former_file(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, "former")
    write_json(path, {"é": [1, None]})
    assert path.read_text(encoding="utf-8") == '{\n  "é": [\n    1,\n    null\n  ]\n}\n'
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]


def test_a_new_file_may_be_read_by_others(tmp_path):
    (tmp_path / "plain").write_text("")
    write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            PoseError,
            "a.txt: disk full; free some",
        ),
        (
            OSError(errno.EROFS, "Read-only file system"),
            PoseError,
            "cannot be written, read-only file",
        ),
        (ValueError("ours"), ValueError, "ours"),
        (KeyboardInterrupt("stop"), KeyboardInterrupt, "stop"),
    ],
)
def test_a_failure_half_way_leaves_the_former_file_and_nothing_else(
    tmp_path, error, raised, message
):
    path = tmp_path / "a.txt"
    path.write_text("former")

    def write():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(raised, match=message):
        write()
    assert path.read_text() == "former"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(
        PoseError, match="cannot be written, no such file or directory; choose another"
    ):
        write_text(tmp_path / "none" / "a.txt", "x")


def test_a_table_that_is_empty_or_cut_is_said_to_be(tmp_path):
    def detect(path):
        return path.is_file() and path.read_bytes().startswith(b"table")

    plugins = plugins_of(Format(name="t", detect=detect, read_predictions=load, suffixes=(".tab",)))
    table = tmp_path / "v.tab"
    for content, said in ((b"", "is empty"), (b"tab", "is no table of predictions, or was cut")):
        table.write_bytes(content)
        with pytest.raises(FormatError, match=rf"v.tab: {said}.*; predict it again, or remove it"):
            read_predictions(table, plugins)
    table.rename(tmp_path / "v.odd")
    with pytest.raises(FormatError, match="v.odd: is of no known format; known: t"):
        read_predictions(tmp_path / "v.odd", plugins)
