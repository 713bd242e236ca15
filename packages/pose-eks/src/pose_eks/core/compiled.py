"""Compile kernels, and keep them on disk from one run to the next.

Without numba, or with POSE_EKS_NUMBA=0 in the environment, kernels stay plain Python and `COMPILED`
is False; who has a way through numpy then takes it.
"""

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., object])

COMPILED = os.environ.get("POSE_EKS_NUMBA") != "0"
try:
    from numba import njit
except ImportError:
    COMPILED = False
    warnings.warn(
        'numba is missing: smoothing is slower; run "pip install numba"',
        RuntimeWarning,
        stacklevel=2,
    )


def compiled(function: F) -> F:
    """Compile a kernel on its first call.

    The machine code is kept beside the module, or in the user's cache folder where the install
    cannot be written (numba looks there itself); where neither can be, it is compiled anew in
    every process. Division by zero gives inf or NaN as in numpy.
    """
    if not COMPILED:
        return function
    how: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
    try:
        kernel = njit(cache=True, **how)(function)
    except RuntimeError:  # no folder for the cache
        return njit(**how)(function)
    forgive_stale(kernel)
    return kernel


def forgive_stale(kernel: Any) -> None:
    """Compile anew where what was kept on disk cannot be read.

    An index names the types of arguments, which another release of this package may not have; numba
    reads it before it looks whether the source is still the same, and would fail.
    """
    cache = kernel._cache
    load = cache.load_overload

    def load_or_forget(signature: Any, context: Any) -> Any:
        try:
            return load(signature, context)
        except Exception:  # whatever a stale pickle comes to
            with suppress(OSError):
                Path(cache._cache_file._index_path).unlink()
            return None

    cache.load_overload = load_or_forget
