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
