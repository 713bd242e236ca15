"""Machine code that is kept: the same numbers as numba's, and numba is not imported for it."""

import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pose_eks import ensemble, smooth
from pose_eks.core import compiled, kept, native
from pose_eks.core.dynamics import DYNAMICS
from pose_eks.core.lanes import Lanes, Noise

pytestmark = pytest.mark.skipif(
    not compiled.KEEPS, reason="machine code is kept on Linux, without numba's switches"
)

KERNELS = """
from typing import NamedTuple
import numpy as np
from pose_eks.core.compiled import compiled

class Pair(NamedTuple):
    values: np.ndarray
    weights: np.ndarray

@compiled
def twice(value):
    return 2.0 * value

@compiled
def weighed(pair, shift, negative):
    total = np.zeros((len(pair.values), 2))
    for i in range(len(pair.values)):
        total[i, 0] = twice(pair.values[i] * pair.weights[i]) + shift
        total[i, 1] = i
    return (total, total.T), len(pair.values), -1.5 if negative else 1.5, negative

@compiled
def raised(values):
    for i in range(len(values)):
        values[i] += 1.0

@compiled
def large(values):
    return np.zeros(len(values) * 1000)

@compiled
def checked(values):
    if values[0] < 0.0:
        raise ValueError("values: below 0")
    return values[0]

@compiled
def printed(values):
    print(values[0])
"""


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Kernels whose machine code is kept in a folder of the test's own."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    (tmp_path / "kernels.py").write_text(KERNELS)
    return loaded(tmp_path)


def loaded(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernels", folder / "kernels.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files(folder: Path, name: str = "") -> list[Path]:
    return sorted(folder.glob(f"kept/kernels-*/{name}*"))


def by_numba(task: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "KEEPS", False)
        return task()


def flat(found: Any) -> list[Any]:
    if isinstance(found, (tuple, list)):
        return [leaf for part in found for leaf in flat(part)]
    return [found]


def assert_identical(one: Any, other: Any) -> None:
    for a, b in zip(flat(one), flat(other), strict=True):
        assert type(a) is type(b)
        np.testing.assert_array_equal(a, b)


def lanes_of(seed: int) -> tuple[Lanes, Noise]:
    rng = np.random.default_rng(seed)
    observed = np.cumsum(rng.normal(size=(3, 200)), axis=1)
    observed[rng.random((3, 200)) < 0.2] = np.nan
    gaps = np.concatenate([[0.0], rng.uniform(0.5, 2.0, 199)])
    lanes = Lanes(observed, rng.gamma(1.0, size=(3, 200)), gaps, np.full(3, 9.0), np.full(3, 2.0))
    return lanes, Noise(*rng.gamma(1.0, size=(5, 3)))


@pytest.mark.parametrize("name", DYNAMICS)
def test_lanes_get_numbas_numbers_to_the_last_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamics = DYNAMICS[name]
    for seed in range(3):
        lanes, noise = lanes_of(seed)

        def both(lanes: Lanes = lanes, noise: Noise = noise) -> Any:
            return dynamics.evaluate(lanes, noise), dynamics.smooth(lanes, noise)

        assert_identical(both(), by_numba(both, monkeypatch))


@pytest.mark.parametrize("median", [True, False])
def test_an_ensemble_gets_numbas_numbers_to_the_last_bit(
    median: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    keypoints, confidence = rng.normal(size=(5, 30, 4, 2)), rng.random((5, 30, 4))
    seen = rng.random((5, 30, 4)) < 0.7

    def gathered() -> Any:
        return ensemble.gather(keypoints, confidence, seen, median)

    assert_identical(gathered(), by_numba(gathered, monkeypatch))


SMOOTHED = """
import sys
import numpy as np
from pose_eks import smooth
smooth(np.random.default_rng(0).normal(size=(3, 40, 2, 2)))
print([name for name in ("numba", "scipy", "pandas") if name in sys.modules])
"""


def test_a_process_that_smooths_does_not_import_numba() -> None:
    smooth(np.random.default_rng(0).normal(size=(3, 40, 2, 2)))
    done = subprocess.run([sys.executable, "-c", SMOOTHED], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", DYNAMICS)
def test_chunks_of_lanes_run_without_numba(name: str) -> None:
    lanes, noise = lanes_of(0)
    dynamics = DYNAMICS[name]
    state = dynamics.prior(lanes)
    dynamics.smoothed(lanes, noise, dynamics.filtered(lanes, noise, state), state, 1.0)
    kernels = vars(importlib.import_module(f"pose_eks.core.{name}"))
    for kernel in ("filtered", "smoothed"):
        assert None not in kernels[kernel].loaded.values()


def test_an_array_of_one_row_is_of_the_kind_of_others() -> None:
    kinds = [native.words_of((np.zeros(shape),)).kinds for shape in ((5, 3), (1, 3), (3, 1))]
    assert kinds[0] == kinds[1] == kinds[2]
    assert native.words_of((np.zeros((5, 3)).T,)).kinds != kinds[0]


def test_results_of_every_kind_come_back(
    kernels: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(6.0)
    for pair in (kernels.Pair(values, values), kernels.Pair(values[::2], values[3:])):
        for negative in (True, False):
            (total, turned), *rest = kernels.weighed(pair, 1, negative)
            np.testing.assert_array_equal(total[:, 0], 2 * pair.values * pair.weights + 1)
            np.testing.assert_array_equal(turned, total.T)
            assert rest == [len(pair.values), -1.5 if negative else 1.5, negative]
            numbas = by_numba(lambda p=pair, n=negative: kernels.weighed(p, 1, n), monkeypatch)
            assert_identical(((total, turned), *rest), numbas)
    assert None not in kernels.weighed.loaded.values()
    assert kernels.raised(values) is None
    np.testing.assert_array_equal(values, np.arange(6.0) + 1)


def test_what_a_kernel_allocated_is_freed_with_its_last_array(kernels: ModuleType) -> None:
    part = kernels.large(np.zeros(1000))[5:]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        kernels.large(np.zeros(1000))[0] = 1.0  # 8 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # of 800,000 kB
    assert not part.any()


def test_another_process_takes_what_is_kept(kernels: ModuleType, tmp_path: Path) -> None:
    kernels.raised(np.zeros(3))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, kernels, numpy; a = numpy.zeros(3); kernels.raised(a); "
            "print(a.sum(), 'numba' in sys.modules)",
        ],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["3.0", "False"], done.stderr


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_made_anew(kernels: ModuleType, tmp_path: Path, damage: str) -> None:
    kernels.raised(np.zeros(3))
    (path,) = files(tmp_path, "raised")
    whole = path.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    path.write_bytes({"cut": whole[:-100], "changed": changed, "emptied": b""}[damage])
    values = np.zeros(3)
    loaded(tmp_path).raised(values)
    assert values.sum() == 3
    assert path.read_bytes()[32:].startswith(b'""\n\x7fELF')


def test_another_processor_or_source_gets_a_file_of_its_own(
    kernels: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels.raised(np.zeros(3))
    monkeypatch.setattr(native, "processor", lambda: "another")
    loaded(tmp_path).raised(np.zeros(3))
    assert len(files(tmp_path, "raised")) == 2
    # of another length, or Python might take what it compiled of the source of the same second
    (tmp_path / "kernels.py").write_text(KERNELS.replace("+= 1.0", "+= 2.000"))
    values = np.zeros(3)
    loaded(tmp_path).raised(values)
    assert values.sum() == 6
    assert len(files(tmp_path, "raised")) == 3


def test_nothing_is_taken_from_a_folder_where_others_can_write(
    kernels: ModuleType, tmp_path: Path
) -> None:
    kernels.raised(np.zeros(3))
    (path,) = files(tmp_path, "raised")
    assert kept.found(path.name) is not None
    path.parent.chmod(0o777)
    assert kept.found(path.name) is None
    assert not kept.begun()
    kept.keep("more", b"content")
    assert not (path.parent / "more").exists()


@pytest.fixture
def former(kernels: ModuleType, tmp_path: Path) -> Path:
    """The folder of another version, last used two months ago, beside that of this one."""
    kernels.raised(np.zeros(3))
    (path,) = files(tmp_path, "raised")
    folder = path.parent.with_name(f"kernels-cpython-39-{'0' * 16}")
    folder.mkdir(mode=0o755)
    (folder / path.name).write_bytes(path.read_bytes())
    (folder / ".interrupted").write_bytes(b"half")
    grow_old(folder)
    return folder


def grow_old(folder: Path, days: int = 60) -> None:
    then = folder.stat().st_mtime - days * 86_400
    os.utime(folder, (then, then))


def test_a_former_versions_folder_that_nobody_uses_goes(former: Path, tmp_path: Path) -> None:
    kept.keep("more", b"content")
    assert not former.exists()
    assert len(files(tmp_path)) == 2  # its own are there still


@pytest.mark.parametrize("reason", ["used", "other file", "link", "open", "other name", "folder"])
def test_no_other_folder_is_touched(former: Path, tmp_path: Path, reason: str) -> None:
    folder, (file, *_) = former, sorted(former.iterdir(), reverse=True)
    if reason == "other name":
        folder = former.rename(former.with_name("kernels-of-mine"))
    elif reason == "open":
        former.chmod(0o777)
    elif reason == "other file":
        (former / "notes").write_text("a file of somebody else's, which has no seal")
    elif reason == "link":
        (former / "link").symlink_to(file)
    elif reason == "folder":
        (former / ".deep").mkdir()
    if reason == "used":
        os.utime(folder)
    else:
        grow_old(folder)
    before = sorted(folder.iterdir())
    kept.keep("more", b"content")
    assert sorted(folder.iterdir()) == before


def test_who_takes_code_notes_that_its_folder_is_in_use(
    kernels: ModuleType, tmp_path: Path
) -> None:
    kernels.raised(np.zeros(3))
    (path,) = files(tmp_path, "raised")
    now = path.parent.stat().st_mtime
    grow_old(path.parent)
    assert kept.found(path.name) is not None
    assert path.parent.stat().st_mtime >= now


def test_a_kernel_that_needs_more_of_numba_is_left_to_it(
    kernels: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kernels.printed(np.ones(1))
    assert capfd.readouterr().out == "1.0\n"
    assert kernels.printed.loaded.popitem()[1] is None
    (path,) = files(tmp_path, "printed")
    assert path.read_bytes()[32:] == b""


def test_a_kernels_error_is_raised_as_numba_raises_it(kernels: ModuleType) -> None:
    assert kernels.checked(np.ones(1)) == 1
    with pytest.raises(ValueError, match="values: below 0"):
        kernels.checked(-np.ones(1))


def test_arguments_that_are_no_numbers_are_left_to_numba(kernels: ModuleType) -> None:
    assert kernels.twice(np.float32(1.5)) == 3.0
    assert not kernels.twice.loaded


def test_with_numbas_switches_numba_runs() -> None:
    code = "from pose_eks.core import compiled; print(compiled.KEEPS)"
    for name, keeps in (("NUMBA_DEBUG_NRT", "False"), ("NUMBA_NUM_THREADS", "True")):
        environment = {**os.environ, name: "1"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
        assert done.stdout.decode().strip() == keeps


def test_a_result_is_said_in_a_line(kernels: ModuleType, tmp_path: Path) -> None:
    kernels.weighed(kernels.Pair(np.ones(2), np.ones(2)), 1, True)
    (path,) = files(tmp_path, "weighed")
    array = {"array": "<f8", "axes": 2}
    assert json.loads(path.read_bytes()[32:].split(b"\n")[0]) == [[array, array], "q", "d", "?"]
