"""What `pose predict --repair` does with tables; the repair itself is a plugin's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pose_core.commands import repairing
from pose_core.commands.repairing import (
    FOLDER,
    check_repair,
    repair_tables,
    repair_together,
    sessions_in,
)
from pose_core.errors import ConfigError, FormatError
from pose_core.files import read_predictions, write_predictions
from pose_core.hookspecs import Smoother, hookimpl
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble, Predictions
from pose_core.skeleton import Skeleton


def test_without_what_repairs_it_is_refused_before_the_model_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--repair: there is no smoother 'pose_repair'; install"):
        check_repair(tmp_path / "no-model", Plugins())


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"video\.csv: is not there, so nothing is repaired"):
        repair_together({"": tmp_path / "video.csv"}, tmp_path, "doubtful", Plugins())


def test_tables_of_one_session_are_found_by_their_names(tmp_path: Path) -> None:
    tables = {name: tmp_path / name for name in ("a_top", "b_side", "a_side", "other")}
    assert sessions_in(tables, ["top", "side"]) == [
        {"top": tmp_path / "a_top", "side": tmp_path / "a_side"},
        {"side": tmp_path / "b_side"},
        {"": tmp_path / "other"},
    ]
    assert sessions_in({"top": tmp_path}, []) == [{"": tmp_path}]


@dataclass(frozen=True)
class RepairOptions:
    """As those of the real one."""

    model: str = ""
    points: str = "doubtful"
    together: bool = False


class Poses:
    """Repairs by marking what it was given: how many points a frame has."""

    def __init__(self, refused: bool = False) -> None:
        self.refused = refused

    def __call__(self, ensemble: Ensemble, options: RepairOptions) -> Predictions:
        if options.together and self.refused:
            raise ConfigError("pose_repair: 3 labels are too few; label more")
        count = len(ensemble.skeleton)
        points = np.full(ensemble.keypoints.shape[1:], float(count))
        points[:, :, 1] = np.arange(count)
        return Predictions(
            points, ensemble.confidence[0], ensemble.skeleton, notes=(f"{count} a frame",)
        )


@pytest.fixture
def tables(tmp_path: Path, plugins: Plugins) -> dict[str, Path]:
    """Tables of a session by two cameras, and of another that lacks one."""
    found = {name: tmp_path / f"{name}.npz" for name in ("a_top", "a_side", "b_side")}
    for path in found.values():
        skeleton = Skeleton(("nose", "tail"))
        write_predictions(
            path, Predictions(np.zeros((4, 2, 2)), np.ones((4, 2)), skeleton), plugins
        )
    return found


@pytest.fixture
def with_repair(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Poses], tuple[Plugins, list[str]]]:
    """Plugins with a smoother that repairs, of a model of two cameras."""

    def make(poses: Poses) -> tuple[Plugins, list[str]]:
        module = ModuleType("repairing_plugin")

        @hookimpl
        def pose_smoothers() -> list[Smoother]:
            return [Smoother(name="pose_repair", smooth=poses, options=RepairOptions)]

        module.pose_smoothers = pose_smoothers  # type: ignore[attr-defined]
        monkeypatch.setattr(repairing, "views_of", lambda *_: ("top", "side"))
        return plugins.add(module), []

    return make


def test_the_views_of_a_moment_are_repaired_together_and_what_lacks_one_alone(
    tmp_path: Path, tables: dict[str, Path], with_repair: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins, failed = with_repair(Poses())
    assert repair_tables(tables, tmp_path, "doubtful", plugins, failed.append) and not failed
    found = {name: read_predictions(tmp_path / FOLDER / f"{name}.npz", plugins) for name in tables}
    assert {name: one.keypoints[0, :, 0].tolist() for name, one in found.items()} == {
        "a_top": [4, 4], "a_side": [4, 4], "b_side": [2, 2],
    }  # fmt: skip
    assert found["a_side"].keypoints[0, :, 1].tolist() == [2, 3], "its own part"
    assert found["a_side"].skeleton.names == ("nose", "tail")
    assert "b_side.npz: no tables of all views, so each is repaired by itself" in (
        capsys.readouterr().out
    )


def test_where_no_poses_of_all_views_can_be_fitted_each_is_repaired_alone_and_it_is_said(
    tmp_path: Path, tables: dict[str, Path], with_repair: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins, failed = with_repair(Poses(refused=True))
    assert repair_tables(tables, tmp_path, "doubtful", plugins, failed.append) and not failed
    found = read_predictions(tmp_path / FOLDER / "a_side.npz", plugins)
    assert found.keypoints[0, :, 0].tolist() == [2, 2]
    assert "each of top, side is repaired by itself: pose_repair: 3 labels" in (
        capsys.readouterr().out
    )
