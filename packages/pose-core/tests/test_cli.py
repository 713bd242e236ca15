"""The `pose` command: what it prints, where, with which exit status; errors are one line."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from pose_core import cli
from pose_core.errors import PoseError
from pose_core.hookspecs import Command, VideoReader
from pose_core.plugins import Broken, Plugins


@pytest.fixture
def copied(tiny_model, tmp_path) -> Path:
    """A model of one's own, to write into."""
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def one_line(error: str, start: str) -> str:
    assert error.startswith(start), error
    assert "\n" not in error.strip(), error
    return error


def command(run):
    return Command(
        name="strange", help="does something", add_arguments=lambda parser: None, run=run
    )


# the command itself


def test_an_unknown_command_is_refused_with_the_nearest(pose):
    status, _, error = pose("pedict")
    assert status == 2
    assert one_line(error, "pose: unknown command 'pedict'; did you mean 'predict'?")


@pytest.mark.parametrize(
    "arguments", [(), ("predict",), ("predict", "m", "v", "--batch-size", "x")]
)
def test_wrong_arguments_are_one_line_with_where_help_is(pose, arguments):
    status, _, error = pose(*arguments)
    assert status == 2
    assert one_line(error, "pose").endswith("--help")


def test_a_misspelt_option_is_told_from_the_nearest_one(pose):
    status, _, error = pose("predict", "model", "video.mp4", "--outptu", "x")
    assert status == 2
    assert "'--outptu'; did you mean '--output'?" in one_line(error, "pose predict: ")


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (PoseError("a.csv: is odd; mend it"), 1, "pose strange: a.csv: is odd; mend it"),
        (PoseError("two\nlines"), 1, "pose strange: two lines"),
        (KeyboardInterrupt(), 130, "pose strange: stopped"),
        (
            PermissionError(13, "Permission denied", "x.csv"),
            1,
            "pose strange: x.csv: permission denied; check",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "pose strange: disk: no space left on device",
        ),
    ],
)
def test_what_a_user_can_mend_is_one_line(pose, add, raised, status, said):
    add(pose_commands=[command(Mock(side_effect=raised))])
    found, _, error = pose("strange")
    assert found == status
    one_line(error, said)


def test_faults_of_ours_are_not_hidden(pose, add):
    add(pose_commands=[command(Mock(side_effect=OSError(9, "Bad file descriptor")))])
    with pytest.raises(OSError, match="Bad file descriptor"):
        pose("strange")


def test_the_exit_status_is_the_commands(pose, add):
    add(pose_commands=[command(lambda arguments, plugins: 7)])
    assert pose("strange")[0] == 7


def test_components_are_listed_with_their_origin_and_what_is_wrong(pose, plugins, add):
    def broken():
        raise RuntimeError("no driver")

    reader = {"probe": Mock(), "read": Mock()}
    add(
        pose_video_readers=[
            VideoReader(name="fast", unavailable=lambda: "needs a GPU", **reader),
            VideoReader(name="odd", unavailable=broken, **reader),
        ]
    )
    plugins.broken.append(
        Broken("pose-strange", "2.0", "could not load plugin 'x': ImportError: y")
    )
    status, out, _ = pose("plugins")
    assert status == 0
    assert "unavailable: needs a GPU" in out
    assert "unavailable: RuntimeError: no driver" in out
    assert "not loaded: pose-strange 2.0: could not load plugin 'x': ImportError: y" in out


# pose predict


def test_videos_are_predicted_and_the_next_step_is_said(pose, copied, make_video):
    one, two = make_video("one.mp4"), make_video("two.mp4", frames=5)
    status, out, error = pose("predict", copied, one, two, "--suffix", ".npz")
    assert (status, error) == (0, "")
    table = copied / "predictions" / "one.npz"
    assert f"{one}: 20 frames in " in out
    assert "frames/s), written to" in out
    assert out.splitlines()[-1].startswith(f"next: pose smooth {table} --output smoothed.npz")
    assert len(np.load(copied / "predictions" / "two.npz")["keypoints"]) == 5


def test_a_bar_shows_frames_per_second_and_time_left(
    plugins, monkeypatch, copied, make_video, capsys
):
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)
    assert cli.main(["predict", str(copied), str(make_video()), "--suffix", ".npz"]) == 0
    shown = capsys.readouterr().err
    assert "20/20" in shown
    assert "frame/s" in shown


def test_finished_videos_are_skipped_unless_told_otherwise(pose, copied, make_video):
    video = make_video()
    table = copied / "predictions" / "video.npz"
    predict = ("predict", copied, video, "--suffix", ".npz")
    assert pose(*predict)[0] == 0
    first = table.stat()
    status, out, _ = pose(*predict)
    assert status == 0
    assert f"{video}: finished already, {table}; --overwrite predicts it again" in out
    assert table.stat().st_ino == first.st_ino
    assert pose(*predict, "--overwrite")[0] == 0
    assert table.stat().st_ino != first.st_ino


def test_a_table_of_another_video_is_not_taken_for_finished(pose, copied, make_video):
    one, two = make_video("monday/cam.mp4"), make_video("tuesday/cam.mp4", frames=7)
    assert pose("predict", copied, one, "--suffix", ".npz")[0] == 0
    status, _, error = pose("predict", copied, two, "--suffix", ".npz")
    assert status == 1
    assert f"was made from another video, {one.resolve()}; give another --output" in error


def test_a_video_that_changed_since_is_said_to_have(pose, copied, make_video):
    video = make_video("cam.mp4")
    assert pose("predict", copied, video, "--suffix", ".npz")[0] == 0
    assert make_video("cam.mp4", frames=7) == video
    status, _, error = pose("predict", copied, video, "--suffix", ".npz")
    assert status == 1
    assert f"was made from {video.resolve()} before that changed; give another --output" in error


def test_a_table_of_another_model_is_not_taken_for_finished(
    pose, copied, tiny_model, make_video, tmp_path
):
    video, where = make_video(), ("--suffix", ".npz", "--output", tmp_path / "tables")
    assert pose("predict", copied, video, *where)[0] == 0
    assert pose("predict", tiny_model, video, *where)[0] == 0  # the same weights elsewhere
    with (copied / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    status, _, error = pose("predict", copied, video, *where)
    assert status == 1
    assert "was made from another model" in one_line(error, "pose predict: ")


def test_videos_of_one_name_from_two_folders_are_refused(pose, copied, make_video):
    one, two = make_video("monday/cam.mp4"), make_video("tuesday/cam.mp4")
    status, _, error = pose("predict", copied, one, two, "--suffix", ".npz")
    assert status == 1
    assert "would be written to" in one_line(error, f"pose predict: {two}: ")
    assert not (copied / "predictions").exists()
    assert pose("predict", copied, one, one, "--suffix", ".npz")[0] == 0  # the same one twice


def test_one_bad_video_does_not_stop_the_others(pose, copied, make_video, tmp_path):
    good, bad = make_video(), tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    status, out, error = pose("predict", copied, bad, good, "--suffix", ".npz")
    assert status == 1
    assert "bad.mp4: is empty (0 bytes)" in error
    assert "1 of 2 inputs failed or are incomplete" in error.splitlines()[-1]
    assert f"{good}: 20 frames" in out


def test_labeled_frames_and_folders_of_images_are_predicted(pose, copied, tiny_project):
    images = tiny_project / "labeled-data" / "video0"
    status, out, _ = pose("predict", copied, tiny_project, images, "--suffix", ".npz")
    assert status == 0
    assert f"{tiny_project}: 12 images, written to" in out
    assert f"{images}: 4 images, written to" in out
    assert out.splitlines()[-1] == f"next: pose evaluate {copied}"


def test_a_folder_of_videos_is_predicted(pose, copied, make_video):
    one = make_video("folder/one.mp4")
    make_video("folder/two.mp4")
    status, out, _ = pose("predict", copied, one.parent, "--suffix", ".npz")
    assert status == 0
    assert out.count("written to") == 2


def test_a_stopped_prediction_says_how_to_go_on(pose, copied, make_video, monkeypatch):
    monkeypatch.setattr(
        "pose_core.predict.videos.decoded_points", Mock(side_effect=KeyboardInterrupt)
    )
    status, _, error = pose("predict", copied, make_video(), "--suffix", ".npz")
    assert status == 130
    one_line(error, "pose predict: stopped; run the same command again to go on")
    assert not (copied / "predictions" / "video.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch-size", "0"], "--batch-size: 0 is below 1; give at least 1"),
        (["--suffix", ".hdf"], "no format writes '.hdf' files; known: .npz"),
        (["--reader", "pyaw"], "unknown video reader 'pyaw'; did you mean 'pyav'?"),
        (["--device", "gpu"], "--device: 'gpu' cannot be used here"),
    ],
)
def test_a_wrong_option_is_one_line(pose, copied, make_video, arguments, said):
    status, _, error = pose("predict", copied, make_video(), "--suffix", ".npz", *arguments)
    assert status == 1
    assert said in one_line(error, "pose predict: ")


def test_an_input_that_holds_nothing_is_one_line(pose, copied, tmp_path):
    (tmp_path / "empty").mkdir()
    for given, said in (
        ("gone.mp4", "no such file or folder"),
        ("empty", "holds no images or videos"),
    ):
        status, _, error = pose("predict", copied, tmp_path / given, "--suffix", ".npz")
        assert status == 1
        assert said in one_line(error, f"pose predict: {tmp_path / given}: ")


def test_an_output_that_cannot_be_written_is_one_line(pose, copied, make_video, tmp_path):
    (tmp_path / "file").write_text("")
    arguments = ("--suffix", ".npz", "--output", tmp_path / "file")
    status, _, error = pose("predict", copied, make_video(), *arguments)
    assert status == 1
    assert "is not a folder that can be written; choose another" in one_line(
        error, "pose predict: "
    )


def test_a_model_of_other_keypoints_than_the_project_is_refused(pose, copied, tiny_project):
    names = '{"names": ["nose", "left", "tail"]}'
    (copied / "skeleton.json").write_text(names)
    status, _, error = pose("predict", copied, tiny_project, "--suffix", ".npz")
    assert status == 1
    assert "only the project has 'right'; choose a model of this project" in one_line(
        error, "pose predict: "
    )


def test_no_memory_names_the_batch_size(pose, copied, make_video, monkeypatch):
    full = Mock(side_effect=RuntimeError("CUDA out of memory. Tried"))
    monkeypatch.setattr("pose_core.predict.videos.decoded_points", full)
    arguments = ("--suffix", ".npz", "--batch-size", 64)
    status, _, error = pose("predict", copied, make_video(), *arguments)
    assert status == 1
    one_line(error, "pose predict: out of memory with batches of 64; set a smaller --batch-size")


def test_a_path_after_an_option_without_its_value_is_a_path(pose, copied, make_video):
    """So that --repair may stand before the model, as --smooth may."""
    video = make_video()
    for arguments in (["--repair", copied, video], [copied, "--repair", video]):
        status, _, error = pose("predict", *arguments, "--suffix", ".npz")
        assert status == 1
        one_line(error, "pose predict: --repair: there is no smoother 'pose_repair'; install pose-")
    status, _, error = pose("predict", copied, video, "--repair", "al")
    assert status == 2
    assert "invalid choice: 'al' (choose from" in one_line(error, "pose predict: ")


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_what_was_predicted_before_ctrl_c_stays(copied, make_video, tmp_path):
    rows = tmp_path / ".slow.npz.partial" / "rows.f32"
    script = str(Path(__file__).with_name("prediction_process.py"))
    given = [str(copied), str(make_video(frames=60)), str(tmp_path / "slow.npz"), "1.0"]
    started = subprocess.Popen([sys.executable, script, *given], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not (rows.exists() and rows.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    started.communicate()
    assert started.returncode != 0
    assert rows.stat().st_size > 0
    assert not (tmp_path / "slow.npz").exists()
