"""Asking for help, or for the list of plugins, loads nothing heavy. No time is measured here."""

import pytest

HEAVY = "av hydra lightning numba omegaconf pandas scipy timm torch torchvision"

LOADED = f"""
import sys
print("loaded:", *sorted(set({HEAVY!r}.split()) & set(sys.modules)))
"""

HELP = """
from pose_core.cli import main
try:
    status = main(["--help"])
except SystemExit as end:
    status = end.code
assert not status, status
"""

LOAD = """
from pose_core.plugins import Plugins
plugins = Plugins().load()
assert not plugins.broken, plugins.broken
loaded = {one.distribution for one in plugins.components()}
ours = {"pose-analysis", "pose-core", "pose-eks", "pose-io-dlc", "pose-losses", "pose-tcn"}
assert loaded >= ours, loaded
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import pose_core", id="import pose_core"),
        pytest.param(
            "import pose_io_dlc.plugin, pose_eks.plugin, pose_analysis.plugin",
            id="standalone plugins",
        ),
        pytest.param("import pose_losses.plugin, pose_tcn.plugin", id="torch plugins"),
        pytest.param(LOAD, id="Plugins().load()"),
        pytest.param(HELP, id="pose --help"),
    ],
)
def test_nothing_heavy_is_imported(program, run_python):
    assert run_python(program + LOADED).splitlines()[-1].split() == ["loaded:"]
