"""Reading the awkward videos, whose every frame carries its number."""

import os
from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import VideoError
from pose_core.plugins import Plugins
from pose_core.video import dali, pyav
from pose_core.video.readers import choose
from pose_core.video.windows import consecutive

DATA = os.environ.get("POSE_DATA_DIR")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(DATA is None, reason="POSE_DATA_DIR does not name the real recordings"),
]
VIDEOS = Path(DATA or ".") / "awkward-videos"
WHOLE = [
    "h264_b.mp4",
    "h264_opengop.mp4",
    "hevc.mp4",
    "mjpeg.avi",
    "odd444.mp4",
    "rot90.mp4",
    "vfr.mp4",
    "vp9.webm",
]


def number_in(image):
    """Read the 16 blocks along the top, and the inverse below them."""
    grey = image.mean(axis=2)
    columns = [slice(20 * bit + 4, 20 * bit + 16) for bit in range(16)]
    is_set = [grey[4:28, column].mean() > grey[36:60, column].mean() for column in columns]
    return sum(1 << bit for bit, one in enumerate(is_set) if one)


def numbers_in(clip, upright):
    return [number_in(upright(image)) for image in clip.images]


def as_filmed(name):
    """Undo the rotation that one file asks for: the numbers were drawn before it."""
    return (lambda image: np.rot90(image, -1)) if name == "rot90.mp4" else (lambda image: image)


@pytest.mark.parametrize("name", WHOLE)
def test_every_frame_read_in_order_carries_its_number(name):
    path = VIDEOS / name
    assert pyav.probe(path).frames == 300
    assert pyav.cut_off(path) == 0
    for clip in pyav.read(path, consecutive(300, 32)):
        assert clip.decoded.all()
        assert numbers_in(clip, as_filmed(name)) == list(clip.numbers)


@pytest.mark.parametrize("name", WHOLE)
def test_every_frame_read_at_random_carries_its_number(name):
    rng = np.random.default_rng(3)
    starts = [0, 295, *rng.integers(0, 296, 10)]
    windows = [range(start, start + 5) for start in starts] + [rng.integers(0, 300, 6)]
    for window, clip in zip(windows, pyav.read(VIDEOS / name, windows), strict=True):
        assert list(clip.numbers) == list(window)
        assert clip.decoded.all()
        assert numbers_in(clip, as_filmed(name)) == list(window)


@pytest.mark.skipif(dali.unavailable() is not None, reason=str(dali.unavailable()))
@pytest.mark.parametrize("name", [*WHOLE, "hole_h264.mp4", "trunc_moovfirst.mp4"])
def test_dali_gives_what_the_cpu_reader_gives_whatever_the_file(name):
    windows = [range(32), [299, 0], range(140, 160)]
    windows = [[n for n in window if n < pyav.probe(VIDEOS / name).frames] for window in windows]
    read = [one.read(VIDEOS / name, windows, (64, 96)) for one in (dali, pyav)]
    for by_dali, by_pyav in zip(*read, strict=True):
        assert (by_dali.decoded == by_pyav.decoded).all()
        apart = np.abs(by_dali.images.astype(int) - by_pyav.images)
        assert apart.mean() < 1.5 if apart.size else True, "grey levels"


@pytest.mark.parametrize("chosen", [None, "dali"])
@pytest.mark.parametrize("name", WHOLE)
def test_every_frame_by_the_automatic_choice_carries_its_number(name, chosen):
    if chosen == "dali" and dali.unavailable() is not None:
        pytest.skip(str(dali.unavailable()))
    reader, _ = choose(Plugins().add("pose_core.plugin"), chosen)
    for clip in reader.read(VIDEOS / name, consecutive(300, 50), None, "cpu"):
        assert clip.decoded.all()
        assert numbers_in(clip, as_filmed(name)) == list(clip.numbers)


@pytest.mark.parametrize(("name", "size"), [("rot90.mp4", (320, 240)), ("odd444.mp4", (241, 321))])
def test_the_size_is_as_shown(name, size):
    assert pyav.probe(VIDEOS / name).size == size
    (clip,) = pyav.read(VIDEOS / name, [[0]])
    assert clip.images.shape == (1, *size, 3)


def test_a_hole_leaves_its_rows_undecoded_and_the_others_under_their_numbers():
    path = VIDEOS / "hole_h264.mp4"
    clips = list(pyav.read(path, consecutive(300, 50)))
    decoded = np.concatenate([clip.decoded for clip in clips])
    images = np.concatenate([clip.images for clip in clips])
    # FFmpeg gives 256; those from the hole to the next key frame show what they like.
    assert decoded.sum() == 199
    assert not images[~decoded].any()
    assert np.flatnonzero(~decoded).tolist() == list(range(139, 240))  # 240 is the next key frame
    assert [number_in(image) for image in images[decoded]] == np.flatnonzero(decoded).tolist()


def test_a_hole_read_at_random_misses_the_same_frames():
    path = VIDEOS / "hole_h264.mp4"
    in_order = np.concatenate([clip.decoded for clip in pyav.read(path, consecutive(300, 50))])
    windows = np.random.default_rng(5).integers(100, 260, (12, 5))
    for window, clip in zip(windows, pyav.read(path, windows), strict=True):
        assert (clip.decoded == in_order[window]).all()


def test_a_truncated_file_gives_what_it_holds_and_says_what_is_cut_off():
    path = VIDEOS / "trunc_moovfirst.mp4"
    frames = pyav.probe(path).frames
    assert frames + pyav.cut_off(path) == 300
    decoded = 0
    for clip in pyav.read(path, consecutive(frames, 32)):
        found = np.array(numbers_in(clip, as_filmed(path.name)))
        assert (found == clip.numbers)[clip.decoded].all()
        decoded += int(clip.decoded.sum())
    assert decoded == 166
    assert frames - decoded <= 1


def test_an_audio_file_is_called_one():
    with pytest.raises(VideoError, match=r"audio\.mp4: has no video, only audio \(aac\)"):
        pyav.probe(VIDEOS / "audio.mp4")


@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("mirror-mouse-example/videos/test_vid.mp4", 994, (406, 396)),
        ("openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4", 2330, (480, 640)),
    ],
)
def test_real_recordings_read_the_same_in_order_and_at_random(name, frames, size):
    path = Path(DATA) / name
    info = pyav.probe(path)
    assert (info.frames, info.size) == (frames, size)
    (in_order,) = pyav.read(path, [range(300, 330)], (64, 64))
    assert in_order.decoded.all()
    for clip in pyav.read(path, [[325, 301], [329], [300, 300, 312]], (64, 64)):
        assert (clip.images == in_order.images[clip.numbers - 300]).all()
