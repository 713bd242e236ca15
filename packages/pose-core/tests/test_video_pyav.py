"""Reading short videos made here, whose every frame carries its number."""

import os
import shutil
import weakref
from fractions import Fraction
from itertools import count

import av
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from pose_core.errors import VideoError
from pose_core.video import decoding, pyav
from pose_core.video.decoding import Decoder
from pose_core.video.windows import consecutive, reflected

BITS = 7
KINDS = {
    "b-frames.mp4": ("libx264", {"g": "12", "bf": "3"}),
    "open-gop.mp4": ("libx264", {"x264-params": "keyint=12:bframes=3:open-gop=1:b-adapt=0"}),
    "fragmented.mp4": ("libx264", {"g": "12", "movflags": "frag_keyframe+empty_moov"}),
    "b-frames.avi": ("libx264", {"g": "12", "bf": "3"}),
    "no-b-frames.avi": ("libx264", {"g": "12", "bf": "0"}),
    "plain.avi": ("mpeg4", {"g": "12", "b": "900k"}),
    "b-frames-mpeg4.avi": ("mpeg4", {"g": "12", "bf": "2", "b": "900k"}),
    "raw.h264": ("libx264", {"g": "12", "bf": "3"}),
    "stream.ts": ("libx264", {"g": "12", "bf": "3"}),
    "program.mpg": ("mpeg2video", {"g": "12", "bf": "2", "b": "900k"}),
    "vp9.mkv": ("libvpx-vp9", {"g": "12"}),
    "frames.avi": ("mjpeg", {}),
}


def image_of(number, size=(48, 64)):
    """Draw a number as blocks: the upper half where a bit is 1, the lower where it is 0."""
    height, width = size
    image = np.full((height, width, 3), 60, np.uint8)
    for bit in range(BITS):
        top = 0 if number >> bit & 1 else height // 2
        image[top : top + height // 2, bit * width // BITS : (bit + 1) * width // BITS] = 190
    return image


def number_in(image):
    """Read it again; halves and blocks by their middles."""
    height, width, _ = image.shape
    columns = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    upper, lower = image[height // 4], image[3 * height // 4]
    return sum(1 << bit for bit, x in enumerate(columns) if upper[x].mean() > lower[x].mean())


def write_video(path, images, codec="libx264", options=None, pix_fmt=None, times=None):
    """Encode with PyAV alone: the truth must not come from the house's own writer."""
    pix_fmt = pix_fmt or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
    muxer = {k: v for k, v in (options or {}).items() if k == "movflags"}
    with av.open(str(path), "w", options=muxer) as container:
        stream = container.add_stream(codec, rate=25)
        stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, 25)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.options = {k: v for k, v in (options or {}).items() if k not in muxer}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = times[number] if times else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_numbered(path, frames=60, size=(48, 64), **options):
    return write_video(path, [image_of(number, size) for number in range(frames)], **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for name, (codec, options) in KINDS.items():
        write_numbered(folder / name, codec=codec, options=options)
    return folder


@pytest.fixture
def jumps(monkeypatch):
    """Count the seeks of a test."""
    made, jump = [], Decoder._jump

    def counted(decoder, key):
        made.append(key)
        return jump(decoder, key)

    monkeypatch.setattr(Decoder, "_jump", counted)
    return made


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_is_counted_and_in_its_place(made, name):
    assert pyav.probe(made / name).frames == 60
    assert pyav.cut_off(made / name) == 0
    clips = list(pyav.read(made / name, consecutive(60, 7)))
    assert [int(number) for clip in clips for number in clip.numbers] == list(range(60))
    assert [number_in(image) for clip in clips for image in clip.images] == list(range(60))
    assert all(clip.decoded.all() for clip in clips)


@pytest.mark.parametrize("name", KINDS)
def test_frames_asked_for_at_random_are_the_same_frames(made, name):
    rng = np.random.default_rng(1)
    windows = [[59], [0], [30, 5], *rng.integers(0, 60, (8, 4))]
    for window, clip in zip(windows, pyav.read(made / name, windows), strict=True):
        assert clip.decoded.all()
        assert [number_in(image) for image in clip.images] == list(window)


@pytest.mark.parametrize("name", KINDS)
def test_the_first_window_may_begin_anywhere(made, name):
    for start in (0, 11, 12, 13, 25, 58):
        (clip,) = pyav.read(made / name, [range(start, start + 2)])
        assert [number_in(image) for image in clip.images] == [start, start + 1]


@pytest.mark.parametrize("name", KINDS)
def test_reading_on_takes_no_seek_and_beginning_later_at_most_one(made, name, jumps):
    list(pyav.read(made / name, consecutive(60, 8)))
    assert not jumps
    list(pyav.read(made / name, consecutive(60, 8, start=40)))
    lands_late = (
        name == "stream.ts"
    )  # a seek there finds the time of decoding, behind the key frame
    assert len(jumps) <= 1 + lands_late


def test_overlapping_windows_decode_every_frame_once(made, monkeypatch, jumps):
    asked, frame = [], Decoder.frame
    monkeypatch.setattr(
        Decoder, "frame", lambda self, number: asked.append(number) or frame(self, number)
    )
    windows = [reflected(center, (-2, -1, 0, 1, 2), 60) for center in range(60)]
    for window, clip in zip(windows, pyav.read(made / "b-frames.mp4", windows), strict=True):
        assert tuple(number_in(image) for image in clip.images) == window
    assert asked == list(range(60))
    assert not jumps


def test_a_video_of_one_frame_reads_as_its_own_context(tmp_path):
    path = write_numbered(tmp_path / "one.mp4", frames=1)
    assert pyav.probe(path).frames == 1
    (clip,) = pyav.read(path, [reflected(0, (-2, -1, 0, 1, 2), 1)])
    assert clip.decoded.all()
    assert (clip.images == clip.images[0]).all()


@pytest.mark.parametrize("size", [(49, 65), (51, 64), (48, 67)])
def test_odd_sizes_are_kept(tmp_path, size):
    path = write_numbered(tmp_path / "odd.mkv", 10, size, codec="ffv1", pix_fmt="yuv444p")
    assert pyav.probe(path).size == size
    (clip,) = pyav.read(path, [range(10)])
    assert np.abs(clip.images[3].astype(int) - image_of(3, size)).max() <= 3


def test_frames_of_irregular_times_keep_their_numbers(tmp_path):
    times = np.random.default_rng(2).integers(1, 400, 60).cumsum().tolist()
    path = write_numbered(tmp_path / "vfr.mp4", times=times, options={"g": "12", "bf": "3"})
    windows = [range(60), [50, 3], [31]]
    for window, clip in zip(windows, pyav.read(path, windows), strict=True):
        assert [number_in(image) for image in clip.images] == list(window)


def smooth_noise(size, seed, saturation=1.0):
    noise = np.random.default_rng(seed).integers(0, 256, (size[0] // 4, size[1] // 4, 3), np.uint8)
    image = Image.fromarray(noise).resize(size[::-1], Image.Resampling.BICUBIC)
    return np.asarray(ImageEnhance.Color(image).enhance(saturation))


@pytest.mark.parametrize("size", [(60, 80), (31, 45), (64, 64), (150, 190)])
@pytest.mark.parametrize(
    ("pix_fmt", "saturation", "mean"),
    [("yuv444p", 1.0, 0.4), ("yuv420p", 0.0, 0.7)],  # colour is coarser there
)
def test_resizing_is_the_antialiased_triangle(tmp_path, size, pix_fmt, saturation, mean):
    images = [smooth_noise((120, 160), seed, saturation) for seed in range(3)]
    path = write_video(tmp_path / "noise.mkv", images, options={"crf": "1"}, pix_fmt=pix_fmt)
    (whole,) = pyav.read(path, [range(3)])
    (clip,) = pyav.read(path, [range(3)], size)
    for image, resized in zip(whole.images, clip.images, strict=True):
        truth = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(truth).astype(int) - resized).mean() < mean


def rotate(path, turned, degrees):
    """Copy a video with a tag that asks for it to be turned."""
    with av.open(str(path)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(degrees)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return turned


@pytest.mark.skipif(
    not hasattr(av.VideoStream, "set_display_rotation"), reason="this PyAV cannot tag a rotation"
)
@pytest.mark.parametrize("degrees", [90, 180, -90])
@pytest.mark.parametrize("size", [None, (96, 80)])
def test_a_rotation_tag_is_applied(made, tmp_path, degrees, size):
    path = rotate(made / "b-frames.mp4", tmp_path / "turned.mp4", degrees)
    turns = degrees // 90
    assert pyav.probe(path).size == ((64, 48) if turns % 2 else (48, 64))
    (clip,) = pyav.read(path, [[37]], size)
    (plain,) = pyav.read(
        made / "b-frames.mp4", [[37]], size and (size[::-1] if turns % 2 else size)
    )
    assert clip.images.shape[1:3] == (size or pyav.probe(path).size)
    assert (clip.images[0] == np.rot90(plain.images[0], turns)).all()


def test_a_decoder_sees_the_first_packet_before_it_is_sent_elsewhere(made, monkeypatch):
    # Nothing else tells which encoder made a stream, and the decoding of old 4:4:4 hangs on it.
    read, decode = [], decoding.decode
    monkeypatch.setattr(
        decoding,
        "decode",
        lambda packets, *more: decode((read.append(p) or p for p in packets), *more),
    )
    next(pyav.read(made / "b-frames.mp4", [[50]]))
    with av.open(str(made / "b-frames.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [packet.pos for packet in packets if packet.is_keyframe]
    assert read[0].pos == keys[0]
    assert read[1].pos in keys[1:]


def test_reading_keeps_two_clips_in_memory_however_long_the_video(made):
    alive, most = weakref.WeakSet(), 0
    for clip in pyav.read(made / "b-frames.mp4", consecutive(60, 2)):
        alive.add(clip)
        most = max(most, len(alive))
    assert most <= 2


def test_a_bad_packet_costs_its_own_frames_only(tmp_path):
    path = write_numbered(tmp_path / "hole.mp4", options={"g": "1"})
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    encoded = bytearray(path.read_bytes())
    for packet in packets[20:25]:
        encoded[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(encoded)
    (clip,) = pyav.read(path, [range(60)])
    assert np.flatnonzero(~clip.decoded).tolist() == [20, 21, 22, 23, 24]
    assert not clip.images[20:25].any()
    good = [number for number in range(60) if clip.decoded[number]]
    assert [number_in(clip.images[number]) for number in good] == good
    (some,) = pyav.read(path, [[24, 26, 19, 24]])
    assert some.decoded.tolist() == [False, True, True, False]


def test_a_file_of_which_nothing_decodes_gets_one_line(tmp_path):
    path = write_numbered(tmp_path / "noise.mp4", frames=5, options={"g": "1"})
    encoded = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                encoded[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(encoded)
    with pytest.raises(VideoError, match=r"noise\.mp4: none of its frames can be decoded; copy it"):
        pyav.probe(path)


def test_a_file_cut_off_gives_the_frames_before_the_cut(tmp_path):
    path = write_numbered(tmp_path / "cut.ts", options={"g": "12", "bf": "0"})
    encoded = path.read_bytes()
    path.write_bytes(encoded[: len(encoded) // 2])
    frames = pyav.probe(path).frames
    assert 10 < frames < 60
    (clip,) = pyav.read(path, [range(frames)])
    assert clip.decoded[:-1].all()
    shown = [number_in(image) for image in clip.images[:-1]]  # of the last a part may be there
    assert shown == list(range(frames - 1))


def test_a_file_cut_off_behind_its_table_of_contents_says_by_how_much(tmp_path):
    options = {"g": "12", "movflags": "faststart"}
    path = write_numbered(tmp_path / "cut.mp4", options=options)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    os.truncate(path, packets[36].pos)
    assert pyav.probe(path).frames == 36
    assert pyav.cut_off(path) == 24


def test_another_file_of_the_same_name_is_indexed_anew(made, tmp_path):
    path = tmp_path / "video.mp4"
    for frames, changed in ((5, 1), (9, 2)):
        write_numbered(path, frames=frames)
        os.utime(path, ns=(changed, changed))
        assert pyav.probe(path).frames == frames


def test_a_relative_path_is_kept_as_given(made, monkeypatch):
    monkeypatch.chdir(made)
    assert str(pyav.probe("b-frames.mp4").path) == "b-frames.mp4"


def zero_frames(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        container.start_encoding()
    return path


def only_sound(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    return path


def one_image(path):
    Image.fromarray(image_of(3)).save(path)
    return path


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))
    return path


def text(path):
    path.write_text("frame,x,y\n" * 50)
    return path


def empty(path):
    path.touch()
    return path


def folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda path: path, "no.mp4", r"no such video; check the path"),
        (folder, "a.mp4", r"is a folder, not a video; name a video in it"),
        (empty, "a.mp4", r"is empty \(0 bytes\); copy it again from where it was recorded"),
        (noise, "a.mp4", r"cannot be read as a video \(invalid data .*\); it may be cut off"),
        (text, "a.csv", r"cannot be read as a video \(invalid data"),
        (one_image, "a.png", r"is one image, not a video; give the folder of images instead"),
        (only_sound, "a.mp4", r"has no video, only audio \(aac\); name the video's file"),
        (zero_frames, "a.avi", r"holds no frames; was the recording stopped before it began\?"),
    ],
)
@pytest.mark.parametrize("call", [pyav.probe, lambda path: next(pyav.read(path, [[0]]))])
def test_what_is_no_video_gets_one_line(tmp_path, make, name, message, call):
    path = make(tmp_path / name)
    with pytest.raises(VideoError, match=rf"^\S*{name}: {message}\S*[^\n]*$"):
        call(path)


def test_a_video_without_its_table_of_contents_gets_one_line(made, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes((made / "b-frames.mp4").read_bytes()[:2000])
    with pytest.raises(
        VideoError, match=r"cut\.mp4: cannot be read as a video \(.*\); it may be cut"
    ):
        pyav.probe(path)


@pytest.mark.parametrize("number", [-1, 60, 10**6])
def test_a_frame_the_video_has_not_is_refused(made, number):
    with pytest.raises(VideoError, match=rf"has no frame {number}; its 60 frames count from 0$"):
        list(pyav.read(made / "b-frames.mp4", [[0, number]]))


def test_a_file_that_vanishes_gets_one_line(made, tmp_path):
    path = tmp_path / "gone.mp4"
    shutil.copy(made / "b-frames.mp4", path)
    clips = pyav.read(path, ([number] for number in count()))
    next(clips)
    path.unlink()
    assert next(clips).decoded.all()  # an open file stays readable
    with pytest.raises(VideoError, match=r"gone\.mp4: no such video"):
        pyav.probe(path)


def test_pyav_can_run_here():
    assert pyav.unavailable() is None
