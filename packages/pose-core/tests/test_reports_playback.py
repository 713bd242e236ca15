"""Which frames are shown and how fast: plain arithmetic."""

import numpy as np
import pytest

from pose_core.errors import ConfigError
from pose_core.reports.playback import frame_at, playback, stretch


@pytest.mark.parametrize(("recorded", "fps"), [(25, 25), (60, 60), (61, 30), (250, 30), (0.5, 0.5)])
def test_every_frame_is_shown_at_a_rate_fit_for_a_screen(recorded: float, fps: float) -> None:
    shown = playback(range(3, 50), recorded)
    assert shown.numbers.tolist() == list(range(3, 50))
    assert shown.fps == fps
    assert shown.speed == pytest.approx(fps / recorded)


def test_another_rate_keeps_every_frame() -> None:
    shown = playback(range(20), 250, fps=10)
    assert (len(shown.numbers), shown.fps, shown.speed) == (20, 10, 0.04)


@pytest.mark.parametrize("speed", [0.12, 0.5, 1, 2.7, 40])
@pytest.mark.parametrize("recorded", [24.0, 29.97, 250.0])
def test_a_speed_shows_the_recording_in_that_time(recorded: float, speed: float) -> None:
    shown = playback(range(1000), recorded, speed=speed)
    assert len(shown.numbers) / shown.fps == pytest.approx(1000 / recorded / speed, rel=0.05)
    steps = np.diff(shown.numbers)
    assert steps.min() >= 1
    assert np.ptp(steps) <= 1


def test_a_speed_at_a_rate_shows_frames_twice_where_there_are_too_few() -> None:
    shown = playback(range(10), 30, fps=60, speed=1)
    assert shown.numbers.tolist() == [n // 2 for n in range(20)]


def test_one_frame_is_shown_however_fast() -> None:
    assert playback(range(7, 8), 30, speed=100).numbers.tolist() == [7]


@pytest.mark.parametrize("given", [{"fps": 0.0}, {"speed": -1.0}, {"fps": float("nan")}])
def test_no_rate_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="is not above 0; give a positive number"):
        playback(range(3), 30, **given)


@pytest.mark.parametrize(
    ("moment", "frame"), [("0", 0), ("300", 300), ("2s", 100), ("2.5s", 125), ("1:30", 4500),
                          ("1:01:00.5", 183025), ("0:02s", 100)],
)  # fmt: skip
def test_moments_are_frames_or_times(moment: str, frame: int) -> None:
    assert frame_at(moment, 50, "--start") == frame


@pytest.mark.parametrize("moment", ["", "2.5", "-3", "-3s", "s", "1:2:3:4", "noon"])
def test_what_is_no_moment_is_refused(moment: str) -> None:
    with pytest.raises(ConfigError, match=f"--stop: {moment!r} is no moment; give a frame"):
        frame_at(moment, 50, "--stop")


def test_a_stretch_ends_with_the_video() -> None:
    assert stretch(100, 50, "1s", "1:00") == range(50, 100)
    assert stretch(100, 50, None, None) == range(100)


@pytest.mark.parametrize(
    ("start", "stop", "words"),
    [("100", None, "--start: 100 is frame 100, the video has 100"),
     ("20", "20", "--stop: 20 is frame 20, not after frame 20"),
     (None, "0s", "--stop: 0s is frame 0, not after frame 0")],
)  # fmt: skip
def test_an_empty_stretch_is_refused(start: str | None, stop: str | None, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        stretch(100, 50, start, stop)
