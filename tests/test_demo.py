"""The demo in small: it writes what it promises, goes on where it was, and refuses politely."""

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.demo.options import DemoOptions
from pose_core.demo.run import MARKER, Demo, clear, run_demo
from pose_core.errors import ConfigError
from pose_core.files import read_predictions
from pose_core.plugins import Plugins

SMALL = DemoOptions(
    networks=2,
    sessions=3,
    labels=4,
    frames=12,
    held_out_frames=16,
    size=(64, 64),
    epochs=2,
    input_size=(64, 64),
)
METHODS = ["network 1", "network 2", "ensemble mean", "smoothed"]


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins().load()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, plugins: Plugins) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "out"
    return run_demo(folder, SMALL, plugins, say=lambda line: None, progress=False)


def test_models_predictions_video_tables_and_page_are_there(demo: Demo) -> None:
    names = {path.relative_to(demo.folder).as_posix() for path in demo.folder.rglob("*")}
    assert names >= {"networks/1/model.safetensors", "networks/2/model.safetensors"}
    for what in ("network1", "network2", "ensemble_mean", "smoothed"):
        assert f"predictions/session3_{what}.csv" in names
    assert names >= {"labeled.mp4", "report.html", "methods.csv", "keypoints.csv"}


def test_the_page_is_self_contained_and_small(demo: Demo) -> None:
    page = demo.page.read_text()
    assert "<video" in page
    assert 'src="http' not in page
    assert len(page) < 6_000_000


def test_every_error_of_every_method_is_a_number(demo: Demo) -> None:
    rows = list(csv.reader((demo.folder / "methods.csv").read_text().splitlines()))
    assert [row[0] for row in rows[1:]] == METHODS
    assert np.isfinite(np.array([row[1:] for row in rows[1:]], float)).all()


def test_predictions_are_of_every_frame_of_the_video(demo: Demo, plugins: Plugins) -> None:
    smoothed = read_predictions(demo.folder / "predictions" / "session3_smoothed.csv", plugins)
    assert smoothed.keypoints.shape == (SMALL.held_out_frames, 14, 2)
    assert np.isfinite(smoothed.keypoints).all()


def test_the_networks_differ(demo: Demo, plugins: Plugins) -> None:
    one, two = (
        read_predictions(demo.folder / "predictions" / f"session3_network{n}.csv", plugins)
        for n in (1, 2)
    )
    assert not np.allclose(one.keypoints, two.keypoints, atol=0.1)


def test_what_is_trained_already_is_not_trained_again(demo: Demo, plugins: Plugins) -> None:
    weights = [path / "model.safetensors" for path in (demo.folder / "networks").iterdir()]
    before = [path.stat().st_mtime_ns for path in weights]
    demo.page.unlink()
    again = run_demo(demo.folder, SMALL, plugins, say=lambda line: None, progress=False)
    assert [path.stat().st_mtime_ns for path in weights] == before
    assert again.page.exists()
    assert again.report.methods == demo.report.methods


def test_a_demo_of_other_options_is_not_mixed_with_this_one(demo: Demo, plugins: Plugins) -> None:
    with pytest.raises(ConfigError, match="holds a demo of other options; give --overwrite"):
        run_demo(demo.folder, replace(SMALL, seed=1), plugins)


def test_a_folder_of_something_else_is_refused_even_to_be_overwritten(
    tmp_path: Path, plugins: Plugins
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds something else than a demo"):
        run_demo(tmp_path, SMALL, plugins, overwrite=True)
    assert (tmp_path / "project" / "thesis.txt").exists()


def test_overwriting_removes_only_what_a_demo_wrote(demo: Demo, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(demo.folder, copy)
    (copy / "notes.txt").write_text("mine")
    clear(copy)
    assert [path.name for path in copy.iterdir()] == ["notes.txt"]


def test_a_damaged_marker_is_one_line(tmp_path: Path, plugins: Plugins) -> None:
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(ConfigError, match=r"demo\.json: damaged; give --overwrite"):
        run_demo(tmp_path, SMALL, plugins)


def test_one_network_is_no_ensemble() -> None:
    with pytest.raises(ConfigError, match="--networks: 1 is no ensemble; give 2 or more"):
        DemoOptions(networks=1)


def test_without_its_packages_the_demo_says_what_to_install(tmp_path: Path) -> None:
    alone = Plugins().add("pose_core.plugin")
    with pytest.raises(ConfigError, match="pip install pose-io-dlc pose-eks"):
        run_demo(tmp_path / "out", SMALL, alone)
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_foreign_folder_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "something.txt").write_text("mine")
    command = [sys.executable, "-m", "pose_core.cli", "demo", "--output", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        f"pose demo: {tmp_path}: holds something else than a demo; choose another --output"
    ]
