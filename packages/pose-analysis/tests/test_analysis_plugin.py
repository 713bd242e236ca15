"""Filters and `pose analyze` as pose-core sees them; skipped where pose-core is not installed."""

import numpy as np
import pytest

pytest.importorskip("pose_core")

from pose_core.cli import main
from pose_core.errors import ConfigError
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton
from pose_core.smoothing import smooth
from pose_core.testing.commands import CommandConformance
from pose_core.testing.smoothers import SmootherConformance


class TestSavitzkyGolay(SmootherConformance):
    plugin, name = "pose_analysis.plugin", "savitzky_golay"


class TestSavitzkyGolayOfThePaper(SmootherConformance):
    plugin, name = "pose_analysis.plugin", "savitzky_golay"
    options = {"window": 13, "min_confidence": 0.1, "center": "mean"}


class TestMedianFilter(SmootherConformance):
    plugin, name = "pose_analysis.plugin", "median_filter"
    options = {"max_gap": 2}


class TestAnalyze(CommandConformance):
    plugin, name = "pose_analysis.plugin", "analyze"


def members(count=3):
    rng = np.random.default_rng(0)
    skeleton = Skeleton(("nose", "tail"))
    return [
        Predictions(rng.normal(100, 2, (50, 2, 2)), np.full((50, 2), 0.9), skeleton)
        for _ in range(count)
    ]


def test_an_option_that_cannot_be_is_refused_where_it_stands():
    plugins = Plugins().add("pose_analysis.plugin")
    with pytest.raises(ConfigError, match=r"smoother\.savitzky_golay: window: 8 is not an odd"):
        smooth(members(), "savitzky_golay", {"window": 8}, plugins)


def test_both_commands_are_one(folder, capsys):
    given = ["pupil", str(folder / "net0.csv"), "--output", str(folder / "pupil")]
    assert main(["analyze", *given]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("next: pose analyze trials ")
    assert (folder / "pupil" / "pupil.csv").exists()
    assert main(["analyze", *given]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pose analyze: ")
    assert "is there already" in line


def test_help_of_an_analysis_names_the_command_it_was_asked_through(capsys):
    with pytest.raises(SystemExit):
        main(["analyze", "trials", "--help"])
    assert "  pose analyze trials " in capsys.readouterr().out
