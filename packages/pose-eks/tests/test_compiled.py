"""Compilation where the cache can and cannot be kept."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from pose_eks.core import compiled


def test_a_kernel_runs_where_no_folder_takes_its_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def without_a_folder(cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(compiled, "KEEPS", False)
    monkeypatch.setattr(compiled, "njit", lambda: without_a_folder)
    double = compiled.compiled(lambda x: 2 * x)
    assert double(21) == 42


def test_kernels_are_kept_from_one_run_to_the_next() -> None:
    walk = importlib.import_module("pose_eks.core.walk")
    assert type(walk.likelihood.dispatcher._cache).__name__ == "FunctionCache"


KERNEL = """
from typing import NamedTuple
import numpy as np
from pose_eks.core.compiled import compiled

class {name}(NamedTuple):
    values: np.ndarray

@compiled
def total(given):
    return given.values.sum()

print(total({name}(np.arange(4.0))))
"""


def test_what_another_release_kept_is_compiled_anew(tmp_path: Path) -> None:
    for name in ("Rows", "Renamed", "Renamed"):
        (tmp_path / "kernels.py").write_text(KERNEL.format(name=name))
        own = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
        done = subprocess.run(
            [sys.executable, "-c", "import kernels"],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == "6.0", done.stderr
    assert list(tmp_path.rglob("*.nbi"))
