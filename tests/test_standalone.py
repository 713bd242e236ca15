"""pose_io_dlc, pose_eks and pose_analysis work where torch and pose_core are not installed."""

import pytest

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pose_core", "torch", "lightning", "timm", "hydra"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""

IMPORT_ALL = """
import importlib, pkgutil
package = importlib.import_module(sys.argv[1])
names = [one.name for one in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if name.rpartition(".")[2] not in ("plugin", "__main__"):
        importlib.import_module(name)
print(*names)
"""

ROUND_TRIP = """
import numpy as np
from pose_io_dlc import PredictionTable, read_predictions, write_predictions
rng = np.random.default_rng(0)
keypoints = rng.uniform(0, 500, size=(20, 3, 2))
keypoints[4, 1] = np.nan
table = PredictionTable(("nose", "paw", "tail"), keypoints, rng.random((20, 3)))
write_predictions(sys.argv[1], table, decimals=None)
back = read_predictions(sys.argv[1])
np.testing.assert_array_equal(back.keypoints, keypoints)
np.testing.assert_array_equal(back.confidence, table.confidence)
assert back.names == table.names, back.names
"""

SMOOTH = """
import numpy as np
import pose_eks
rng = np.random.default_rng(0)
time = np.arange(200)
truth = np.stack([50 + 0.5 * time, 80 + 20 * np.sin(time / 20)], axis=-1)[:, None]
members = truth + rng.normal(scale=3, size=(3, *truth.shape))
members[0, 50:60] = np.nan
smoothed = pose_eks.smooth(members, np.full(members.shape[:-1], 0.9)).keypoints
single = np.nanmean(np.linalg.norm(members - truth, axis=-1))
error = np.linalg.norm(smoothed - truth, axis=-1).mean()
print(error, single)
assert error < 0.6 * single, (error, single)
"""


@pytest.mark.parametrize("module", ["pose_core", "torch"])
def test_the_block_blocks(module, run_python):
    attempt = f"try: import {module}\nexcept ModuleNotFoundError as error: print(error)"
    assert run_python(WITHOUT + attempt).strip() == f"No module named '{module}'"


@pytest.mark.parametrize("module", ["pose_io_dlc", "pose_eks", "pose_analysis"])
def test_every_module_but_the_plugin_imports(module, run_python):
    assert f"{module}.plugin" in run_python(WITHOUT + IMPORT_ALL, module).split()


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_predictions_are_written_and_read_back(suffix, run_python, tmp_path):
    run_python(WITHOUT + ROUND_TRIP, str(tmp_path / f"predictions{suffix}"))


def test_an_ensemble_is_smoothed_towards_the_truth(run_python):
    run_python(WITHOUT + SMOOTH)


@pytest.mark.parametrize("module", ["pose_io_dlc", "pose_eks", "pose_analysis"])
def test_the_command_helps(module, run_python):
    program = f"import runpy\nsys.argv = [{module!r}, '--help']\nrunpy.run_module({module!r}, "
    program += "run_name='__main__')"
    assert run_python(WITHOUT + program).startswith("usage: ")
