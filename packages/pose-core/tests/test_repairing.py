"""What `pose predict --repair` does with tables; the repair itself is a plugin's."""

from pathlib import Path

import pytest

from pose_core.commands.repairing import check_repair, repair_table, tables_of
from pose_core.errors import ConfigError, FormatError
from pose_core.plugins import Plugins


def test_without_what_repairs_it_is_refused_before_the_model_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--repair: there is no smoother 'pose_repair'; install"):
        check_repair(tmp_path / "no-model", Plugins())


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"video\.csv: is not there, so nothing is repaired"):
        repair_table(tmp_path / "video.csv", tmp_path, Plugins())


def test_of_a_damaged_video_the_incomplete_table_is_repaired(tmp_path: Path) -> None:
    (tmp_path / "damaged.incomplete.csv").write_text("")
    failed = [tmp_path / "damaged.csv", tmp_path / "failed.csv"]
    found = tables_of([tmp_path / "whole.csv"], failed)
    assert [path.name for path in found] == ["whole.csv", "damaged.incomplete.csv"]
