"""Compile kernels, and keep them on disk from one run to the next."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a kernel on its first call.

    The machine code is kept beside the module, or in the user's cache folder where the install
    cannot be written (numba looks there itself); where neither can be, it is compiled anew in
    every process. Division by zero gives inf or NaN as in numpy.
    """
    how: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:  # no folder for the cache
        return njit(**how)(function)
