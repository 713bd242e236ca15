"""The contract of video readers: exactly the frames asked for, at the size asked for."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from pose_core.errors import VideoError
from pose_core.hookspecs import Clip, VideoInfo
from pose_core.testing.suite import Conformance

FRAMES, SIZE, FPS = 60, (64, 96), 25.0
BITS = 8  # every frame shows its number as bars, one per bit, dark blue or bright orange
BRIGHT, DARK = (230, 190, 90), (30, 40, 100)


def draw_number(number: int) -> np.ndarray:
    """Draw a frame that shows its number above fine stripes: uint8 (height, width, 3), RGB."""
    height, width = SIZE
    bars = np.array([BRIGHT if number >> bit & 1 else DARK for bit in range(BITS)], dtype=np.uint8)
    frame = np.tile(np.repeat(bars, width // BITS, axis=0), (height, 1, 1))
    stripes = np.where(np.arange(width) // 2 % 2, 200, 60).astype(np.uint8)
    frame[height // 2 :] = stripes[None, :, None]
    return frame


def shown_numbers(images: np.ndarray) -> list[int]:
    """Read the numbers back from frames of any size."""
    centres = (np.arange(BITS) + 0.5) * images.shape[2] / BITS
    bars = images[:, images.shape[1] // 4, centres.astype(int), 1] > 115
    return [int(sum(1 << bit for bit in np.flatnonzero(frame))) for frame in bars]


class VideoReaderConformance(Conformance):
    """Reads a small video whose frames show their numbers.

    Attributes:
        suffix: of the video the suite writes.
        device: where images are to land: "cpu", or "cuda" for a reader that decodes there.
    """

    kind = "video_reader"
    suffix: ClassVar[str] = ".mp4"
    device: ClassVar[str] = "cpu"

    @pytest.fixture
    def video(self, tmp_path: Path) -> Path:
        """Write the video, unless the reader cannot run here."""
        from pose_core.video.writing import VideoWriter

        reason = self.component.unavailable()
        if reason is not None:
            pytest.skip(f"unavailable: {reason}")
        path = tmp_path / f"numbers{self.suffix}"
        with VideoWriter(path, FPS) as writer:
            for number in range(FRAMES):
                writer.write(draw_number(number))
        return path

    def read(
        self, video: Path, windows: Iterable[Sequence[int]], size: tuple[int, int] | None = None
    ) -> Iterator[Clip]:
        """Run the reader."""
        return self.component.read(video, windows, size, self.device)

    def assert_shows(self, clip: Clip, numbers: Sequence[int], size: tuple[int, int]) -> None:
        """Check that a clip holds these frames and shows them."""
        assert list(clip.numbers) == list(numbers)
        images = np.asarray(clip.images)
        assert images.shape == (len(numbers), *size, 3)
        assert images.dtype == np.uint8
        assert np.asarray(clip.decoded).all()
        assert shown_numbers(images) == list(numbers)

    def test_it_says_why_it_cannot_run_here_or_that_it_can(self) -> None:
        reason = self.component.unavailable()
        assert reason is None or reason.strip()

    def test_probing_counts_frames_and_gives_their_size(self, video: Path) -> None:
        info = self.component.probe(video)
        assert isinstance(info, VideoInfo)
        assert (info.path, info.frames, info.size) == (video, FRAMES, SIZE)
        assert info.fps == pytest.approx(FPS)

    @pytest.mark.parametrize(
        "windows",
        [
            [range(start, start + 12) for start in range(0, FRAMES, 12)],  # all, in order
            [[0]],
            [[FRAMES - 1]],
            [[40, 41, 42], [3, 4, 5], [50]],  # jumping back and forth
            [[7, 8, 9], [8, 9, 10], [9, 10, 11]],  # overlapping
            [[20, 5, 35]],  # in no order
            [[3, 3, 3]],  # as at the border of a clip
        ],
    )
    def test_the_frames_asked_for_come_in_the_order_asked(
        self, video: Path, windows: list[Sequence[int]]
    ) -> None:
        clips = list(self.read(video, windows))
        assert len(clips) == len(windows)
        for clip, numbers in zip(clips, windows, strict=True):
            self.assert_shows(clip, numbers, SIZE)

    @pytest.mark.parametrize("size", [(32, 48), (128, 192), (48, 48)])
    def test_frames_are_resized_by_an_antialiased_triangle(
        self, video: Path, size: tuple[int, int]
    ) -> None:
        from PIL import Image

        whole = next(self.read(video, [[11, 50]]))
        resized = next(self.read(video, [[11, 50]], size))
        self.assert_shows(resized, [11, 50], size)
        for image, found in zip(whole.images, resized.images, strict=True):
            by_pillow = Image.fromarray(np.asarray(image)).resize(
                size[::-1], Image.Resampling.BILINEAR
            )
            difference = np.abs(np.asarray(by_pillow, dtype=float) - np.asarray(found, dtype=float))
            assert difference.mean() < 3, "grey levels, on average"

    def test_several_sizes_at_once_are_those_read_one_by_one(self, video: Path) -> None:
        if self.component.read_sizes is None:
            pytest.skip("gives one size at a time")
        windows, sizes = [range(4), range(3, 9), [50, 2]], [(32, 48), None, (48, 48)]
        together = list(self.component.read_sizes(video, windows, sizes, self.device))
        assert len(together) == len(windows)
        for size, clips in zip(sizes, zip(*together, strict=True), strict=True):
            for clip, alone in zip(clips, self.read(video, windows, size), strict=True):
                self.assert_shows(clip, list(alone.numbers), size or SIZE)
                np.testing.assert_array_equal(np.asarray(clip.images), np.asarray(alone.images))

    def test_colours_are_red_green_and_blue(self, video: Path) -> None:
        images = np.asarray(next(self.read(video, [[9]])).images, dtype=float)
        assert np.abs(images[0] - draw_number(9)).mean() < 12, "grey levels, on average"

    def test_windows_are_taken_as_they_are_read(self, video: Path) -> None:
        """A video of days has more windows than fit into memory."""

        def endless() -> Iterator[list[int]]:
            for taken in range(1000):
                yield [taken % FRAMES]
            raise AssertionError("1000 windows taken before one clip was read")

        clips = self.read(video, endless())
        self.assert_shows(next(clips), [0], SIZE)
        self.assert_shows(next(clips), [1], SIZE)

    def test_a_video_can_be_read_twice_at_once(self, video: Path) -> None:
        first, second = (self.read(video, ([n] for n in range(FRAMES))) for _ in range(2))
        for number in range(3):
            self.assert_shows(next(first), [number], SIZE)
            self.assert_shows(next(second), [number], SIZE)

    def test_what_is_no_video_is_refused_in_one_line(self, video: Path) -> None:
        text = video.with_name(f"text{self.suffix}")
        text.write_text("no video at all")
        empty = video.with_name(f"empty{self.suffix}")
        empty.touch()
        for bad in (text, empty, video.with_name("not_there.mp4")):
            with pytest.raises(VideoError, match=r"\A[^\n]+\Z"):
                self.component.probe(bad)
            with pytest.raises(VideoError, match=r"\A[^\n]+\Z"):
                list(self.read(bad, [[0]]))
