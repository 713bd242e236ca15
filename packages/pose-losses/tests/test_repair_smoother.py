"""The smoother `pose_repair` as pose-core sees it, by a repair that was written to a folder."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import ConfigError, FormatError
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.smoothing import smooth
from pose_core.testing import SmootherConformance
from pose_core.testing.samples import sample_labels, sample_predictions, sample_track
from pose_losses.gaussian import fit_labels
from pose_losses.repair import Repair, repair
from pose_losses.repair_files import read_repair, write_repair

FOLDER = Path(tempfile.gettempdir()) / f"pose-repair-{np.random.default_rng().integers(1 << 60):x}"


def fitted(gate: float = 0.7) -> Repair:
    return Repair(fit_labels(sample_labels()), gate=gate, sure=1.0, doubtful=25.0, about="drawn")


@pytest.fixture(scope="module", autouse=True)
def folder() -> Iterator[Path]:
    """Make the model folder that the options below name: of it, only what was fitted."""
    FOLDER.mkdir()
    write_repair(FOLDER / "repair.json", fitted())
    yield FOLDER
    shutil.rmtree(FOLDER)


class TestPoseRepair(SmootherConformance):
    plugin, name = "pose_losses.plugin", "pose_repair"
    options = {"model": str(FOLDER)}


def smoothed(given: Predictions, **options: object) -> Predictions:
    return smooth([given], "pose_repair", options, Plugins().add("pose_losses.plugin"))


def test_one_member_is_repaired_as_by_the_function(folder: Path) -> None:
    given = sample_predictions()
    found, expected = smoothed(given, model=str(folder)), repair(given, fitted()).predictions
    np.testing.assert_array_equal(found.keypoints, expected.keypoints)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
    np.testing.assert_array_equal(found.extra["repaired"], given.confidence < 0.7)


def test_it_says_what_it_did_in_one_line(folder: Path) -> None:
    given = sample_predictions()
    count = int((given.confidence < 0.7).sum())
    [line] = smoothed(given, model=str(folder)).notes
    begin = f"repaired {count} of 384 points: those below confidence 0.70 (drawn), by "
    assert line.startswith(begin) and line.endswith("labeled poses and 2 views of 4 points")


def test_why_nothing_was_repaired_is_said_with_the_gate_and_what_is_below(folder: Path) -> None:
    given = sample_predictions()
    sure = replace(given, confidence=np.full_like(given.confidence, 0.9))
    [line] = smoothed(sure, model=str(folder)).notes
    assert "repaired 0 of 384 points: none is missing or below confidence 0.70 (drawn), by" in line
    confidence = sure.confidence.copy()
    confidence[:3] = 0.1  # whole frames, of which nothing else is known
    [line] = smoothed(replace(given, confidence=confidence), model=str(folder)).notes
    assert f"repaired 0 of 384 points: {3 * confidence.shape[1]} missing or below " in line
    assert "of which the other points of their frames tell too little" in line


def test_hidden_points_come_nearer_through_the_smoother(folder: Path) -> None:
    given, truth = sample_predictions(), sample_track()
    keypoints, confidence = given.keypoints.copy(), given.confidence.copy()
    keypoints[::3, 5] += 20.0
    confidence[::3, 5] = 0.2
    found = smoothed(replace(given, keypoints=keypoints, confidence=confidence), model=str(folder))
    assert np.linalg.norm(found.keypoints - truth, axis=-1)[::3, 5].mean() < 5


def test_a_repair_is_written_and_read_back(tmp_path: Path) -> None:
    for one in (fitted(), replace(fitted(), doubtful=np.inf)):
        write_repair(tmp_path / "repair.json", one, "these")
        back, made_from = read_repair(tmp_path / "repair.json")
        assert made_from == "these"
        assert (back.gate, back.sure, back.doubtful) == (one.gate, one.sure, one.doubtful)
        assert (back.about, back.poses.noise) == (one.about, one.poses.noise)
        assert back.poses.points == one.poses.points and back.poses.about == one.poses.about
        np.testing.assert_array_equal(back.poses.gaussian.covariance, one.poses.gaussian.covariance)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "poses": 3}'])
def test_a_file_that_is_no_repair_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "repair.json").write_text(text)
    with pytest.raises(FormatError, match=r"repair\.json: is no fitted repair .*; remove it, and"):
        smoothed(sample_predictions(), model=str(tmp_path))


def test_what_it_cannot_be_fitted_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"smoother\.pose_repair: no model; give model=FOLDER"):
        smoothed(sample_predictions())
    with pytest.raises(FormatError, match=r"config\.yaml: no such file.*run 'pose evaluate"):
        smoothed(sample_predictions(), model=str(tmp_path))
    (tmp_path / "config.yaml").write_text("project: /nowhere/at-all\n")
    with pytest.raises(FormatError, match=r"was trained on '/nowhere/at-all', which is not there"):
        smoothed(sample_predictions(), model=str(tmp_path))
    with pytest.raises(ConfigError, match=r"gate: 1\.5 is not between 0 and 1"):
        smoothed(sample_predictions(), gate=1.5)
