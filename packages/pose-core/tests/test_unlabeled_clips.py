"""Clips of unlabeled videos: which, in which order, and what of a damaged one."""

import av
import numpy as np
import pytest

from pose_core.batches.loader import clip_loader
from pose_core.batches.unlabeled import Clips
from pose_core.errors import ConfigError
from pose_core.plugins import Plugins
from pose_core.testing.readers import draw_number, shown_numbers
from pose_core.video.readers import choose
from pose_core.video.writing import VideoWriter

LENGTH = 4


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    paths = [tmp_path_factory.mktemp("videos") / f"{name}.avi" for name in "abc"]
    for path, frames in zip(paths, (30, 23, 3), strict=True):
        with VideoWriter(path, 25) as writer:
            for number in range(frames):
                writer.write(draw_number(number))
    return paths


def clips_of(videos, length=LENGTH):
    reader, _ = choose(Plugins().add("pose_core.plugin"), "pyav")
    return Clips(reader, videos, length, (32, 48))


def epoch(clips, steps, workers, number=0):
    loader = clip_loader(clips, range(steps), seed=3, workers=workers)
    loader.sampler.set_epoch(number)
    return [shown_in(batch) for batch in loader]


def shown_in(batch):
    """Give a clip's number, and the numbers that its frames show."""
    return int(batch.clips), tuple(shown_numbers(batch.images[0].permute(0, 2, 3, 1).numpy()))


def test_clips_are_consecutive_and_none_comes_twice_in_an_epoch(videos):
    clips = clips_of(videos)
    assert len(clips) == 30 // LENGTH + 23 // LENGTH
    drawn = epoch(clips, len(clips), 0)
    assert len({number for number, _ in drawn}) == len(clips)
    for number, shown in drawn:
        _, start = clips.clips[number]
        assert shown == tuple(range(start, start + LENGTH))


def test_the_clips_are_the_same_for_any_number_of_workers(videos):
    clips = clips_of(videos)
    assert epoch(clips, 9, 0) == epoch(clips, 9, 2)
    assert epoch(clips, 9, 0) != epoch(clips, 9, 0, number=1)


def test_what_a_damaged_video_lacks_is_marked_in_its_clip(videos, tmp_path):
    encoded = bytearray(videos[0].read_bytes())
    with av.open(str(videos[0])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    for packet in packets[5:7]:
        encoded[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path = tmp_path / "damaged.avi"
    path.write_bytes(encoded)
    clip = clips_of([path])[1]
    decoded = clip.decoded[0].tolist()
    assert decoded.count(False) == 2
    shown = np.array(shown_numbers(clip.images[0].permute(0, 2, 3, 1).numpy()))
    assert shown.tolist() == [4, 4, 4, 7], "the last good frame stands where one is missing"
    assert decoded == [True, False, False, True]


def test_no_videos_and_clips_longer_than_all_are_refused_in_one_line(videos):
    with pytest.raises(ConfigError, match=r"^unlabeled\.videos: the project has no videos [^\n]+$"):
        clips_of([])
    with pytest.raises(ConfigError, match=r"^unlabeled\.length=31: longer than every video \(the"):
        clips_of(videos, 31)
