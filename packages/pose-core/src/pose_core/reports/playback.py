"""Which frames of a recording a video shows, and how fast: pure arithmetic."""

import re
from dataclasses import dataclass

import numpy as np

from pose_core.errors import ConfigError

WATCHABLE = 60.0
"""Frames per second that screens show; what was recorded faster is slowed down, unasked."""
SLOWED = 30.0
"""Frames per second at which it is then shown."""


@dataclass(frozen=True, eq=False)
class Playback:
    """What is shown of a recording.

    Attributes:
        numbers: int (shown,), the frames in the order in which they are shown.
        fps: how many are shown per second.
        speed: how many seconds of the recording one second shows.
    """

    numbers: np.ndarray
    fps: float
    speed: float


def playback(
    shown: range, recorded: float, fps: float | None = None, speed: float | None = None
) -> Playback:
    """Choose frames and rate.

    Every frame is shown unless `speed` is given: at the rate of the recording, or, of a high-speed
    one, slowed down. With a speed, frames are left out; and where there are too few of them for
    the rate that `fps` asks for, shown twice.

    Args:
        shown: of which frames.
        recorded: frames per second of the recording.
        fps: frames per second to show; None for what is fit for a screen.
        speed: seconds of the recording per second; 1 for that of life.

    Raises:
        ConfigError: if fps or speed is not a positive number, or there is nothing to show.
    """
    for name, value in (("--fps", fps), ("--speed", speed)):
        if value is not None and not 0 < value < float("inf"):
            raise ConfigError(f"{name}: {value:g} is not above 0; give a positive number")
    fit = recorded if recorded <= WATCHABLE else SLOWED
    if speed is None:
        rate = fps or fit
        return Playback(np.array(shown, int), rate, rate / recorded)
    rate = fps or min(fit, recorded * speed)
    step = recorded * speed / rate
    count = max(int(np.ceil(len(shown) / step - 1e-9)), 1)
    places = np.minimum(np.arange(count) * step + 1e-9, len(shown) - 1).astype(int)
    return Playback(np.array(shown, int)[places], rate, speed)


def stretch(frames: int, recorded: float, start: str | None, stop: str | None) -> range:
    """Give the frames from one moment to another, the latter not among them.

    Args:
        frames: how many there are.
        recorded: frames per second.
        start: as `frame_at` takes it; None for the first frame.
        stop: likewise; None for the end.

    Raises:
        ConfigError: if a moment cannot be told, or nothing lies between them.
    """
    first = 0 if start is None else frame_at(start, recorded, "--start")
    last = frames if stop is None else frame_at(stop, recorded, "--stop")
    if first >= frames:
        raise ConfigError(
            f"--start: {start} is frame {first}, the video has {frames}; give an earlier one"
        )
    if last <= first:
        raise ConfigError(
            f"--stop: {stop} is frame {last}, not after frame {first}; give a later one"
        )
    return range(first, min(last, frames))


def frame_at(moment: str, recorded: float, where: str) -> int:
    """Give the number of the frame at a moment: "300" is one, "12.5s" and "1:30" are times.

    Raises:
        ConfigError: if it is neither.
    """
    if re.fullmatch(r"\d+", moment):
        return int(moment)
    time = re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)s?", moment)
    if time is None or not ("s" in moment or ":" in moment):
        raise ConfigError(
            f"{where}: {moment!r} is no moment; give a frame such as 300, or a time such as 12.5s "
            "or 1:30"
        )
    hours, minutes, seconds = (float(part or 0) for part in time.groups())
    return round((3600 * hours + 60 * minutes + seconds) * recorded)
