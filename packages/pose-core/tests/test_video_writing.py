"""Writing videos."""

import subprocess
import sys

import av
import numpy as np
import pytest

from pose_core.errors import VideoError
from pose_core.video.writing import ENCODINGS, VideoWriter


def gradient(number, size=(48, 64)):
    """A smooth image of strong colours that moves with its number."""
    y, x = np.mgrid[: size[0], : size[1]]
    channels = [40 + 2 * number + x, 60 + 2 * y, 200 - x - y]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def write(path, images, fps=25.0):
    with VideoWriter(path, fps) as writer:
        for image in images:
            writer.write(image)
    return writer


def frames_of(path):
    """Decode with PyAV alone."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("suffix", sorted(ENCODINGS))
def test_what_is_written_is_read_again(tmp_path, suffix):
    images = [gradient(number) for number in range(20)]
    writer = write(tmp_path / f"video{suffix}", images)
    assert writer.frames == 20
    read = frames_of(writer.path)
    assert len(read) == 20
    error = np.abs(np.array(read).astype(int) - np.array(images))
    assert error.mean() < 4
    assert np.abs(np.array(read, float).mean((0, 1, 2)) - np.mean(images, (0, 1, 2))).max() < 3
    assert [path.name for path in tmp_path.iterdir()] == [writer.path.name]


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".webm"])
def test_odd_sizes_are_padded_by_one_and_nothing_moves(tmp_path, suffix):
    images = [gradient(number, (49, 63)) for number in range(5)]
    read = frames_of(write(tmp_path / f"odd{suffix}", images).path)
    assert read[0].shape == (50, 64, 3)
    assert np.abs(read[3][:49, :63].astype(int) - images[3]).mean() < 4


@pytest.mark.parametrize("fps", [25, 29.97, 30000 / 1001, 0.5, 250])
def test_the_rate_is_kept(tmp_path, fps):
    path = write(tmp_path / "rate.mp4", [gradient(n) for n in range(8)], fps).path
    with av.open(str(path)) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(fps, rel=1e-4)


def test_h264_is_of_the_kind_every_player_opens(tmp_path):
    path = write(tmp_path / "video.mp4", [gradient(0)]).path
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")


def test_an_error_in_the_block_leaves_no_file_and_keeps_the_old_one(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"before")
    images = ({0: gradient(0)}[key] for key in (0, "mine"))
    with pytest.raises(KeyError, match="mine"):
        write(path, images)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_stands_under_the_name_before_the_end(tmp_path):
    path = tmp_path / "video.mp4"
    with VideoWriter(path, 25) as writer:
        for number in range(60):
            writer.write(gradient(number))
        assert not path.exists()
    assert path.exists()


def test_a_missing_folder_is_made(tmp_path):
    assert write(tmp_path / "a" / "b" / "video.mp4", [gradient(0)]).path.exists()


def test_no_frames_are_refused(tmp_path):
    with pytest.raises(VideoError, match=r"video\.mp4: no frames to write; give at least one$"):
        write(tmp_path / "video.mp4", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "fps", "message"),
    [
        ("a.mp5", 25, r"a\.mp5: cannot write '\.mp5'; did you mean '\.mp4'\?$"),
        ("a", 25, r"a: cannot write ''; known: \.avi, "),
        ("a.mp4", 0, r"a\.mp4: 0 frames per second is no rate; give a positive number$"),
        ("a.mp4", float("nan"), r"a\.mp4: nan frames per second"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path, name, fps, message):
    with pytest.raises(VideoError, match=message):
        VideoWriter(tmp_path / name, fps)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((48, 64, 3), np.float32), r"^frame: float32 \(48, 64, 3\); give uint8"),
        (np.zeros((48, 64), np.uint8), r"^frame: uint8 \(48, 64\); give uint8"),
        (np.zeros((64, 48, 3), np.uint8), r"^frame: size \(64, 48\) after \(48, 64\); give one"),
    ],
)
def test_frames_of_another_kind_are_refused(tmp_path, image, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "a.mp4", [gradient(0), image])


def test_a_folder_that_is_a_file_gets_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(VideoError, match=r"a\.mp4: cannot be written \(.*\); free space or choose"):
        write(tmp_path / "file" / "a.mp4", [gradient(0)])


FILL_DISK = """
import resource, signal, sys
import numpy as np
from pose_core.errors import VideoError
from pose_core.video.writing import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
rng = np.random.default_rng(0)
try:
    with VideoWriter(sys.argv[1], 25) as writer:
        for _ in range(30):
            writer.write(rng.integers(0, 256, (120, 160, 3), np.uint8))
except VideoError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes to stand for a disk")
@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_a_full_disk_gets_one_line_and_leaves_nothing(tmp_path, name):
    command = [sys.executable, "-c", FILL_DISK, str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert f"{name}: cannot be written (file too large)" in done.stdout
    assert not list(tmp_path.iterdir())
