"""Files of ours that movement reads, and of movement that we read."""

import numpy as np
import pytest

pytest.importorskip("movement", reason="movement is not installed")

import xarray
from movement.io import load_poses, save_poses
from movement.kinematics import compute_velocity
from movement.validators.datasets import ValidPosesInputs

from pose_io_dlc import PredictionTable, read_predictions, write_predictions
from pose_io_dlc.bridges.movement import read_movement, write_movement
from pose_io_dlc.bridges.sleap import write_slp
from pose_io_dlc.bridges.sleap_analysis import read_analysis, write_analysis

pytestmark = pytest.mark.filterwarnings("default")  # movement's and netCDF4's are not ours
NAMES = ("tail", "nose", "ear")
RANDOM = np.random.default_rng(2)
POINTS = RANDOM.uniform(0, 60, (6, 6, 2))
POINTS[1, 2] = np.nan
CONFIDENCE = RANDOM.uniform(0.1, 1, (6, 6))
WHOSE = ("mia",) * 3 + ("bo",) * 3
ANIMALS = PredictionTable(NAMES * 2, POINTS, CONFIDENCE, individuals=WHOSE)
ONE = PredictionTable(NAMES, POINTS[:, :3], CONFIDENCE[:, :3])
TABLES = pytest.mark.parametrize("table", [ONE, ANIMALS], ids=["one", "animals"])


def columns_of(poses):
    """Give keypoints and confidence of a dataset as our tables have them."""
    points = poses.position.transpose("time", "individuals", "keypoints", "space").to_numpy()
    scores = poses.confidence.transpose("time", "individuals", "keypoints").to_numpy()
    return points.reshape(len(points), -1, 2), scores.reshape(len(points), -1)


def assert_is(poses, table, rtol=0.0):
    assert poses.keypoints.to_numpy().tolist() == list(NAMES)
    points, scores = columns_of(poses)
    np.testing.assert_allclose(points, table.keypoints, rtol)
    seen = np.isfinite(table.keypoints).all(-1)
    np.testing.assert_allclose(scores[seen], table.confidence[seen], rtol)


@TABLES
@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_movement_reads_our_predictions(tmp_path, table, suffix):
    write_predictions(tmp_path / f"a{suffix}", table, decimals=None)
    assert_is(load_poses.from_dlc_file(tmp_path / f"a{suffix}", fps=30), table, rtol=1e-14)


@TABLES
@pytest.mark.parametrize("fps", [None, 25.0])
@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_movement_works_on_our_netcdf(tmp_path, table, fps, engine):
    write_movement(tmp_path / "a.nc", table, fps)
    with xarray.open_dataset(tmp_path / "a.nc", engine=engine) as poses:
        ValidPosesInputs.validate(poses)
        assert_is(poses, table)
        assert poses.attrs.get("fps") == fps
        like = load_poses.from_numpy(np.zeros((6, 2, 3, 1)), fps=fps, source_software="DeepLabCut")
        assert {name: poses.attrs[name] for name in like.attrs} == like.attrs
        assert compute_velocity(poses.position).shape == poses.position.shape
        save_poses.to_dlc_file(poses, tmp_path / "b.h5", split_individuals=False)
    again = read_predictions(tmp_path / "b.h5")
    np.testing.assert_array_equal(again.keypoints, table.keypoints)


@TABLES
def test_we_read_the_netcdf_of_movement(tmp_path, table):
    write_predictions(tmp_path / "a.h5", table)
    poses = load_poses.from_dlc_file(tmp_path / "a.h5", fps=25)
    poses.to_netcdf(tmp_path / "a.nc")
    found = read_movement(tmp_path / "a.nc")
    assert (found.names, found.individuals) == (table.names, table.individuals)
    np.testing.assert_array_equal(found.keypoints, table.keypoints)
    np.testing.assert_array_equal(found.confidence, table.confidence)


@TABLES
def test_we_read_what_movement_writes_for_others(tmp_path, table):
    write_movement(tmp_path / "a.nc", table)
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as poses:
        save_poses.to_dlc_file(poses, tmp_path / "a.csv", split_individuals=False)
        save_poses.to_sleap_analysis_file(poses, tmp_path / "b.h5")
    csv, analysis = read_predictions(tmp_path / "a.csv"), read_analysis(tmp_path / "b.h5")
    for found in (csv, analysis):
        assert found.names == table.names
        np.testing.assert_allclose(found.keypoints, table.keypoints, rtol=1e-14)
        np.testing.assert_allclose(found.confidence, table.confidence, rtol=1e-14)


@TABLES
@pytest.mark.parametrize("name", ["a.analysis.h5", "a.slp"])
def test_movement_reads_our_files_for_sleap(tmp_path, table, name):
    write = write_slp if name.endswith(".slp") else write_analysis
    write(tmp_path / name, table)
    assert_is(load_poses.from_sleap_file(tmp_path / name), table, rtol=1e-6)  # float32 there
