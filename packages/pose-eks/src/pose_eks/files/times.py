"""Time stamps of frames, from a file."""

from pathlib import Path

import numpy as np

from pose_eks.errors import EksError


def read_times(path: Path) -> np.ndarray:
    """Read one time per frame from .npy, or from text with one per line.

    Raises:
        EksError: if it cannot be read, or is not a list of numbers.
    """
    try:
        if path.suffix.lower() == ".npy":
            times = np.load(path, allow_pickle=False)
        else:
            times = np.loadtxt(path, delimiter=",", ndmin=1)
    except OSError as error:
        raise EksError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise EksError(f"{path}: is not a list of times ({reason})") from error
    if times.dtype.kind not in "fiu" or times.ndim != 1 or not len(times):
        raise EksError(
            f"{path}: holds {times.dtype} of shape {times.shape}, not one time per frame"
        )
    return times.astype(float)
