"""Evaluation: what is measured on which frames, what is written, and what is refused."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from pose_core.errors import FormatError, PoseError
from pose_core.evaluation import evaluate, say_evaluation
from pose_core.files import open_project
from pose_core.model.folder import load_model
from pose_core.predict import predict_frames


@pytest.fixture
def copied(tiny_model, tmp_path) -> Path:
    """A model of one's own, as evaluation writes into it."""
    return Path(shutil.copytree(tiny_model, tmp_path / "copied"))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_pixel_error_of_each_set_is_the_distance_to_its_labels(copied, plugins, tiny_project):
    found = evaluate(copied, plugins, tiny_project)
    model, project = load_model(copied, plugins), open_project(tiny_project, plugins)
    sets = {row["frame"]: row["set"] for row in rows_of(copied / "split.csv")}
    for name in ("train", "validation", "test"):
        rows = [n for n, frame in enumerate(project.labels.frames) if sets[frame] == name]
        points = predict_frames(model, project, rows).keypoints
        errors = np.sqrt(((points - project.labels.keypoints[rows]) ** 2).sum(-1))
        summary = found.summaries[name]
        assert found.frames[name] == len(rows)
        np.testing.assert_allclose(summary.mean[:3], errors.mean(0), rtol=1e-4)
        np.testing.assert_allclose(summary.median[:3], np.median(errors, 0), rtol=1e-4)
        np.testing.assert_allclose(summary.p90[:3], np.percentile(errors, 90, 0), rtol=1e-4)


def test_tables_are_written_beside_the_model(copied, plugins, tiny_project):
    found = evaluate(copied, plugins, tiny_project)
    rows = rows_of(copied / "evaluation.csv")
    assert [row["keypoint"] for row in rows[:4]] == ["nose", "left", "right", "all"]
    assert {row["set"] for row in rows} == {"train", "validation", "test"}
    first = float(found.summaries["train"].mean[0])
    assert float(rows[0]["mean_px"]) == pytest.approx(first, abs=1e-4)
    lines = (copied / "predictions.csv").read_text().splitlines()
    assert lines[1].startswith("bodyparts,nose,nose,nose,left")
    assert len(lines) == 3 + 12
    assert {line.split(",")[-1] for line in lines[3:]} == {"train", "validation", "test"}


def test_the_table_says_what_it_measures(copied, plugins, tiny_project, capsys):
    say_evaluation(evaluate(copied, plugins, tiny_project))
    printed = capsys.readouterr().out
    assert "pixel error" in printed
    assert "Euclidean distance in the frames' own pixels" in printed
    assert "8 train, 2 validation, 2 test" in printed


def test_a_project_of_other_keypoints_is_refused(copied, plugins, tiny_project):
    held = dict(np.load(tiny_project / "tiny.npz"))
    skeleton = '{"names": ["nose", "left", "tail"]}'
    (copied / "skeleton.json").write_text(skeleton)
    assert held["keypoints"].shape[1] == 3
    with pytest.raises(FormatError, match="was trained on other keypoints than tiny has"):
        evaluate(copied, plugins, tiny_project)


def test_a_project_that_moved_is_asked_for(copied, plugins):
    config = yaml.safe_load((copied / "config.yaml").read_text())
    (copied / "config.yaml").write_text(yaml.safe_dump({**config, "project": "/gone/project"}))
    with pytest.raises(FormatError, match="'/gone/project', which is not there; give --project="):
        evaluate(copied, plugins)


def test_a_model_without_its_split_is_refused(copied, plugins, tiny_project):
    (copied / "split.csv").unlink()
    with pytest.raises(FormatError, match=r"split\.csv: no such file"):
        evaluate(copied, plugins, tiny_project)


def test_no_memory_names_the_batch_size(copied, plugins, tiny_project, monkeypatch):
    def full(*given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr("pose_core.predict.stills.points_of", full)
    with pytest.raises(
        PoseError, match="out of memory with batches of 5; set a smaller --batch-size"
    ):
        evaluate(copied, plugins, tiny_project, batch_size=5)
