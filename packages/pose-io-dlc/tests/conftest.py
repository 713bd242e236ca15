import os
from pathlib import Path

import pytest


@pytest.fixture
def data():
    """The folder of real recordings."""
    where = os.environ.get("POSE_DATA_DIR")
    if not where:
        pytest.skip("POSE_DATA_DIR is not set: no real data")
    return Path(where)


@pytest.fixture
def save(tmp_path):
    """Write a text file below a temporary folder, making folders on the way."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def png(tmp_path):
    """Write the first bytes of a PNG of some size."""

    def write(name, height=48, width=64):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + size + b"\x08\x02\0\0\0")
        return path

    return write


CONFIG = """Task: reach
scorer: ann
date: Oct30
video_sets:
  /gone/videos/v.avi: {crop: "0, 64, 0, 48"}
  /gone/videos/w.avi: {crop: "0, 64, 0, 48"}
bodyparts: [nose, tail]
TrainingFraction: [0.95]
"""
HEAD = "scorer,,,ann,ann,ann,ann\nbodyparts,,,nose,nose,tail,tail\ncoords,,,x,y,x,y\n"
ROW = "labeled-data,{folder},img{n}.png,1.5,2.25,3,4\n"


@pytest.fixture
def lab(save, png):
    """A sound project of two videos with two labeled images each."""
    save("config.yaml", CONFIG)
    for folder in "vw":
        rows = "".join(ROW.format(folder=folder, n=n) for n in range(2))
        save(f"labeled-data/{folder}/CollectedData_ann.csv", HEAD + rows)
        save(f"videos/{folder}.avi", "")
        for n in range(2):
            png(f"labeled-data/{folder}/img{n}.png")
    return save("videos/v.avi", "").parents[1]


@pytest.fixture
def labels(lab):
    """One of its files of labels."""
    return lab / "labeled-data" / "v" / "CollectedData_ann.csv"


@pytest.fixture
def spoil():
    """Write something else in place of what a file has."""

    def write(path, old, new):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return write


@pytest.fixture
def with_twin():
    """Write the H5 file that lies beside labels, or skip."""
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    from pose_io_dlc.__main__ import main

    def write(labels):
        assert main(["convert", str(labels), str(labels.with_suffix(".h5"))]) == 0
        return labels.with_suffix(".h5")

    return write
