"""Compile kernels, and keep them on disk from one run to the next.

Without numba, or with POSE_EKS_NUMBA=0 in the environment, kernels stay plain Python and `COMPILED`
is False; who has a way through numpy then takes it.
"""

import os
import warnings
from collections.abc import Callable
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
        return njit(cache=True, **how)(function)
    except RuntimeError:  # no folder for the cache
        return njit(**how)(function)
