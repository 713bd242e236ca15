"""Compilation where the cache can and cannot be kept."""

import importlib

import numba
import pytest

from pose_eks.core import compiled


def test_a_kernel_runs_where_no_folder_takes_its_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def without_a_folder(cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(compiled, "njit", without_a_folder)
    double = compiled.compiled(lambda x: 2 * x)
    assert double(21) == 42


def test_kernels_are_kept_from_one_run_to_the_next() -> None:
    walk = importlib.import_module("pose_eks.core.walk")
    assert type(walk.likelihood._cache).__name__ == "FunctionCache"
