"""Reading by DALI, on its CPU backend; what needs a GPU is marked so."""

import logging
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from pose_core.batches.labeled import read_image
from pose_core.errors import VideoError
from pose_core.testing.readers import SIZE, draw_number, shown_numbers
from pose_core.video import dali, exactness, groups, pyav
from pose_core.video.exactness import why_inexact
from pose_core.video.windows import consecutive

needs_dali = pytest.mark.skipif(dali.unavailable() is not None, reason=str(dali.unavailable()))
KINDS = {
    "vp9.webm": ("libvpx-vp9", {"g": "12"}, "yuv420p"),
    "vp9-444.webm": ("libvpx-vp9", {"g": "12"}, "yuv444p"),
    "vp9.mp4": ("libvpx-vp9", {"g": "12"}, "yuv420p"),
    "hidden.webm": ("libvpx-vp9", {"g": "12", "auto-alt-ref": "1", "lag-in-frames": "9"}, None),
    "vp8.webm": ("libvpx", {"g": "12"}, "yuv420p"),
    "jpeg.avi": ("mjpeg", {}, "yuvj420p"),
}


@pytest.fixture(autouse=True)
def nothing_told():
    dali.told.clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for name, (codec, options, pixels) in KINDS.items():
        write_numbered(folder / name, codec=codec, options=options, pix_fmt=pixels)
    return folder


def write_video(path, images, codec="libx264", options=None, pix_fmt=None, times=None):
    """Encode with PyAV alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, 25)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pix_fmt or "yuv420p"
        stream.options = options or {}
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = times[number] if times else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_numbered(path, frames=60, **options):
    return write_video(path, [draw_number(number) for number in range(frames)], **options)


def waves(number, size=(90, 130)):
    """Draw what a camera might see: smooth colours, moving."""
    y, x = np.mgrid[: size[0], : size[1]]
    grey = 128 + 60 * np.sin((x + 2 * number) / 9) + 40 * np.cos(y / 7)
    tinted = np.stack([grey, 0.9 * grey + 0.2 * y, 0.8 * grey + 0.3 * x], -1)
    return tinted.clip(0, 255).astype(np.uint8)


def difference(a, b):
    return np.abs(np.asarray(a, float) - np.asarray(b, float)).mean()


@needs_dali
@pytest.mark.parametrize("name", KINDS)
def test_dali_gives_every_frame_under_its_number(made, name, caplog):
    clips = list(dali.read(made / name, consecutive(60, 7)))
    assert [n for clip in clips for n in shown_numbers(clip.images)] == list(range(60))
    assert all(clip.decoded.all() for clip in clips)
    assert not caplog.messages, "DALI itself decoded it"


@needs_dali
@pytest.mark.parametrize("name", KINDS)
def test_dali_gives_frames_asked_for_in_any_order(made, name, caplog):
    windows = [[40, 3, 59], range(10, 15), range(11, 16), [0], [30, 30], range(22, 40), [5]]
    for window, clip in zip(windows, dali.read(made / name, windows), strict=True):
        assert list(clip.numbers) == list(window)
        assert shown_numbers(clip.images) == list(window)
    assert not caplog.messages


@needs_dali
def test_dali_gives_frames_of_irregular_times_their_numbers(tmp_path, caplog):
    times = [40 * number + 13 * (number % 3) for number in range(30)]
    path = tmp_path / "irregular.webm"
    write_video(path, [draw_number(n) for n in range(30)], "libvpx-vp9", {"g": "12"}, times=times)
    (clip,) = dali.read(path, [range(30)])
    assert shown_numbers(clip.images) == list(range(30))
    assert not caplog.messages


@needs_dali
@pytest.mark.parametrize("size", [None, (256, 256), (64, 64), (45, 200), (33, 47), (181, 60)])
@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [("libvpx-vp9", "yuv420p", ".webm"), ("mjpeg", "yuvj420p", ".avi")],
)
def test_both_readers_give_the_same_pixels(tmp_path, codec, pixels, suffix, size):
    options = {"crf": "10", "b": "0"} if codec == "libvpx-vp9" else {}
    path = tmp_path / f"waves{suffix}"
    write_video(path, [waves(number) for number in range(8)], codec, options, pix_fmt=pixels)
    (by_dali,), (by_pyav,) = (one.read(path, [range(8)], size) for one in (dali, pyav))
    assert difference(by_dali.images, by_pyav.images) < 1.5, "grey levels"


@needs_dali
@pytest.mark.parametrize("size", [(256, 256), (64, 64), (45, 200), (33, 47), (181, 60), (90, 130)])
def test_labeled_images_and_both_readers_resize_by_one_rule(tmp_path, size):
    frames = [waves(number) for number in range(3)]
    path = tmp_path / "waves.webm"
    write_video(path, frames, "libvpx-vp9", {"lossless": "1"}, pix_fmt="gbrp")
    Image.fromarray(frames[1]).save(tmp_path / "frame.png")
    labeled, _ = read_image(tmp_path / "frame.png", size)
    for reader in (dali, pyav):
        (clip,) = reader.read(path, [[1]], size)
        assert difference(clip.images[0], labeled) < 0.5, "grey levels"
        assert np.abs(clip.images[0].astype(int) - labeled).max() <= 2


@needs_dali
def test_what_dali_does_not_decode_is_read_by_pyav_and_said_once(tmp_path, caplog):
    path = write_numbered(tmp_path / "h264.mp4", options={"g": "12", "bf": "3"})
    for _ in range(2):
        (clip,) = dali.read(path, [range(60)])
        assert shown_numbers(clip.images) == list(range(60))
    reason = "read by pyav in place of dali: DALI on a CPU does not decode h264"
    assert caplog.messages == [f"{path}: {reason}"]


@needs_dali
def test_a_damaged_file_is_read_on_by_pyav_with_the_same_result(made, tmp_path, caplog):
    encoded, place = bytearray((made / "vp9-444.webm").read_bytes()), 0
    with av.open(str(made / "vp9-444.webm")) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for number, packet in enumerate(packets[:32]):
        place = encoded.find(packet, place + 1)
        if number >= 30:
            encoded[place : place + 8] = bytes(8)
    path = tmp_path / "damaged.webm"
    path.write_bytes(encoded)
    read = [list(one.read(path, consecutive(60, 5))) for one in (dali, pyav)]
    for by_dali, by_pyav in zip(*read, strict=True):
        assert (by_dali.decoded == by_pyav.decoded).all()
        assert (by_dali.images == by_pyav.images).all()
    lost = [n for clip in read[0] for n in clip.numbers[~clip.decoded]]
    assert lost == [30, 31, 32, 33, 34, 35], "those destroyed, and those up to the next key frame"
    assert len(caplog.messages) == 1
    assert "DALI failed at frames" in caplog.messages[0]
    assert "\n" not in caplog.messages[0]


@needs_dali
def test_frames_that_come_in_another_number_than_were_put_in_are_not_believed(made, monkeypatch):
    monkeypatch.setattr(groups, "cut_out", one_short(groups.cut_out))
    (clip,) = dali.read(made / "vp9.webm", [range(60)])
    assert shown_numbers(clip.images) == list(range(60)), "by pyav, then"
    assert dali.told == {made / "vp9.webm"}


def one_short(cut_out):
    return lambda packets, stream, places: cut_out(list(packets)[:-1], stream, places[:-1])


@needs_dali
def test_a_group_too_large_to_be_checked_is_left_to_pyav(made, monkeypatch, caplog):
    monkeypatch.setattr(groups, "GROUP_BYTES", 5 * 3 * SIZE[0] * SIZE[1])
    (clip,) = dali.read(made / "vp9.webm", [range(9)])
    assert clip.decoded.all()
    assert "9 frames hang together, too many to keep" in caplog.messages[0]


@needs_dali
def test_closing_frees_the_pipeline_and_the_file(made):
    source = dali.Source(made / "vp9.webm", [SIZE], "cpu")
    source.clips([3], [pyav.empty_clip((), SIZE)])
    assert source._frames._pipeline is not None
    source.close()
    assert source._frames._pipeline is None


@needs_dali
def test_memory_is_that_of_a_group_however_long_the_video(made):
    held = []
    source = dali.Source(made / "vp9.webm", [SIZE], "cpu")
    clips = (pyav.empty_clip((), SIZE),)
    for window in consecutive(60, 4):
        clips = source.clips(window, clips)
        held.append(len(source._frames._held))
    assert max(held) <= 12 + groups.LONGEST
    source.close()


@needs_dali
def test_sequential_windows_decode_no_group_more_than_twice(made, monkeypatch):
    decoded = []
    run = groups.Groups._run
    monkeypatch.setattr(
        groups.Groups, "_run", lambda self, cut, n: decoded.append(n) or run(self, cut, n)
    )
    windows = [range(n, n + 3) for n in range(58)]
    assert sum(len(clip.numbers) for clip in dali.read(made / "vp9.webm", windows)) == 174
    assert sum(decoded) <= 60 + 12


@needs_dali
def test_a_frame_the_video_has_not_is_refused(made):
    with pytest.raises(VideoError, match=r"vp9\.webm: has no frame 60; its 60 frames count from 0"):
        list(dali.read(made / "vp9.webm", [[60]]))


def test_why_dali_is_not_taken_is_said_without_its_wheel(monkeypatch):
    monkeypatch.setattr(dali, "find_spec", lambda name: None)
    assert dali.unavailable() == "DALI is not installed; on Linux: pip install 'pose-core[dali]'"


def test_dali_is_advised_where_there_is_a_gpu_alone(monkeypatch):
    monkeypatch.setattr(dali, "gpus", lambda: 1)
    assert dali.advice() == (True, "NVIDIA GPU found")
    monkeypatch.setattr(dali, "gpus", lambda: 0)
    wanted, why = dali.advice()
    assert not wanted
    assert why.startswith("no NVIDIA GPU found")


def test_hidden_gpus_do_not_count(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert dali.gpus.__wrapped__() == 0


@pytest.mark.parametrize(
    ("device", "rank", "number"),
    [("cpu", None, None), ("cuda", None, 0), ("cuda:2", "1", 2), ("cuda", "3", 3)],
)
def test_the_gpu_is_the_one_named_or_the_one_of_this_process(monkeypatch, device, rank, number):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert dali.device_number(device) == number


@pytest.mark.parametrize(
    ("options", "changes", "reason"),
    [
        ({}, {}, None),
        ({"x264-params": "keyint=12:bframes=3:open-gop=1:b-adapt=0"}, {}, "open"),
        ({"profile": "high444"}, {"pix_fmt": "yuv444p"}, "does not decode yuv444p"),
        ({}, {"pix_fmt": "yuv420p10le"}, "does not decode yuv420p10le"),
        ({}, {"pix_fmt": "yuv422p"}, "does not decode yuv422p"),
        ({"x264-params": "colormatrix=bt709"}, {}, "not those of BT.601"),
    ],
)
def test_nvdec_is_asked_for_nothing_it_would_decode_inexactly(tmp_path, options, changes, reason):
    path = write_numbered(tmp_path / "video.mp4", options={"g": "12", **options}, **changes)
    found = why_inexact(path, "gpu")
    assert found is None if reason is None else reason in found


def test_odd_sizes_rotation_and_raw_streams_are_not_for_nvdec():
    plain = {"codec": "h264", "pixels": "yuv420p", "matrix": 2, "turns": 0, "header": 1}
    nvdec = exactness.BACKENDS["gpu"]

    def why(size=(48, 64), **changes):
        return exactness.why_not_decoded(exactness.Coding(size=size, **{**plain, **changes}), nvdec)

    assert why() is None
    assert why(size=(47, 64)) == "its size 47 x 64 is odd"
    assert why(turns=1) == "it is to be turned by 90 degrees"
    assert why(header=0) == "its h264 is a raw stream"


@pytest.mark.parametrize("name", ["b-frames.avi", "raw.h264"])
def test_frames_without_times_are_not_for_dali(tmp_path, name):
    path = write_numbered(tmp_path / name, options={"g": "12", "bf": "3"})
    assert why_inexact(path, "gpu") is not None


def test_a_damaged_packet_of_h264_is_seen_before_it_is_decoded(tmp_path):
    path = write_numbered(tmp_path / "whole.mp4", options={"g": "12", "bf": "3"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert all(groups.is_whole(packet, stream) for packet in packets)
        hole, noise = bytes(packets[5].size), bytes([200] * packets[5].size)
        assert not groups.is_whole(av.Packet(hole), stream)
        assert not groups.is_whole(av.Packet(noise), stream)


def test_data_loading_processes_do_not_touch_the_gpu_and_stay_silent(monkeypatch, made, caplog):
    parent = SimpleNamespace(parent_process=lambda: object())
    monkeypatch.setattr(dali, "multiprocessing", parent)
    with caplog.at_level(logging.WARNING):
        (clip,) = dali.read(made / "jpeg.avi", [[7]], None, "cuda")
    assert shown_numbers(clip.images) == [7]
    assert not caplog.messages


@pytest.mark.gpu
@needs_dali
@pytest.mark.parametrize("options", [{"g": "12", "bf": "0"}, {"g": "12", "bf": "3"}])
@pytest.mark.parametrize("size", [None, (256, 256), (150, 220)])
def test_nvdec_gives_the_frames_of_the_cpu_reader(tmp_path, options, size, caplog):
    path = tmp_path / "waves.mp4"
    frames = [waves(number, (240, 320)) for number in range(40)]
    write_video(path, frames, options={"crf": "10", **options})
    windows = [range(0, 16), range(16, 32), [39, 3], range(11, 15)]
    for a, b in zip(
        dali.read(path, windows, size, "cuda"), pyav.read(path, windows, size), strict=True
    ):
        assert difference(a.images, b.images) < 1.5, "grey levels"
    assert not caplog.messages, "NVDEC itself decoded it"


@pytest.mark.gpu
@needs_dali
def test_nvdec_gives_every_frame_under_its_number(tmp_path, caplog):
    path = write_numbered(tmp_path / "n.mp4", options={"g": "12", "bf": "3"})
    for clip in dali.read(path, consecutive(60, 7), None, "cuda"):
        assert shown_numbers(clip.images) == list(clip.numbers)
    assert not caplog.messages
