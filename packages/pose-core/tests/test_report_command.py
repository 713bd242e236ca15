"""`pose report`: a page of what is there; what is missing is said, and what cannot be, refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from pose_core.errors import ConfigError, FormatError, PoseError
from pose_core.files import write_predictions
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.reports.compared import compare
from pose_core.skeleton import Skeleton

NAMES = ("nose", "left", "right")
SETS = ("train",) * 6 + ("validation",) * 2 + ("test",) * 4


@pytest.fixture
def make_run(tmp_path: Path, tiny_project: Path, plugins: Plugins) -> Callable[..., Path]:
    """Write what `pose report` reads of a run on the tiny project."""

    def make(name: str, shift: float = 1.0, keypoints: tuple[str, ...] = NAMES) -> Path:
        held, folder = np.load(tiny_project / "tiny.npz"), tmp_path / "sweep" / name
        (folder / "predictions").mkdir(parents=True)
        config = {"project": str(tiny_project), "model": {}, "data": {}, "seed": shift}
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        (folder / "skeleton.json").write_text(json.dumps(Skeleton(keypoints).to_dict()))
        (folder / "status.json").write_text('{"finished": true, "kept": {"why": "best"}}')
        (folder / "model.safetensors").write_bytes(b"")
        (folder / "metrics.csv").write_text("epoch,train_loss\n0,2\n1,1\n")
        heads = [[a, *b, "set"] for a, b in zip(
            ("scorer", "bodyparts", "coords"),
            ([name] * 9, [k for k in keypoints for _ in "xyl"], ["x", "y", "likelihood"] * 3),
            strict=True,
        )]  # fmt: skip
        rows = [
            [frame, *np.concatenate([points + shift, np.ones((3, 1))], 1).ravel(), own]
            for frame, points, own in zip(held["frames"], held["keypoints"], SETS, strict=True)
        ]
        lines = [",".join(map(str, row)) for row in [*heads, *rows]]
        (folder / "predictions.csv").write_text("\n".join(lines))
        write_track(folder / "predictions" / "clip.npz", plugins, keypoints=keypoints)
        return folder

    return make


def write_track(
    path: Path, plugins: Plugins, frames: int = 30, keypoints: tuple[str, ...] = NAMES
) -> None:
    points = np.random.default_rng(0).normal(32, 1, (frames, 3, 2))
    track = Predictions(points, np.ones((frames, 3)), Skeleton(keypoints))
    write_predictions(path, track, plugins)


def report_of(
    plugins: Plugins, *arguments: Path | str, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """Run the command; give what it printed, and the page."""
    from argparse import ArgumentParser

    from pose_core.commands import report

    parser = ArgumentParser()
    report.add_arguments(parser)
    parsed = parser.parse_args([*map(str, arguments)])
    status = report.run(parsed, plugins)
    printed = capsys.readouterr().out
    assert status == ("left out: " in printed)  # as something that was asked for is missing
    return printed, parsed.output.read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "page.html"


def test_a_sweep_becomes_a_page(
    plugins: Plugins, make_run: Callable[..., Path], page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = [make_run("one"), make_run("two", 3.0)][0].parent
    printed, content = report_of(plugins, sweep, "-o", page, capsys=capsys)
    assert "one is best on 4 test frames" in printed
    assert printed.splitlines()[-1].startswith(f"written: {page} (")
    assert "labeled-data/video1" in content, "the worst labeled frames are shown"
    assert "clip: where it is, is not known; its pictures are left out" in content
    assert [path.name for path in page.parent.glob("page*")] == ["page.html"]


Breaker = Callable[[Path, Plugins], None]
BROKEN: dict[str, tuple[Breaker, str]] = {
    "no labeled frames": (
        lambda two, plugins: (two / "predictions.csv").unlink(), r"predictions.csv: is not there"),
    "other length": (
        lambda two, plugins: write_track(two / "predictions" / "clip.npz", plugins, 20),
        "has 20 rows, not the",
    ),
    "no curves": (lambda two, plugins: (two / "metrics.csv").unlink(), "has no metrics.csv"),
    "damaged curves": (
        lambda two, plugins: (two / "metrics.csv").write_text("epoch\nx"), "no table of metrics"),
    "no skeleton": (lambda two, plugins: (two / "skeleton.json").unlink(), "has no skeleton.json"),
    "unfinished": (lambda two, plugins: (two / "status.json").unlink(), "is not finished"),
    "gone": (lambda two, plugins: shutil.rmtree(two), "no such folder"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_missing_is_said_in_one_line_and_the_rest_goes_on(
    what: str,
    make_run: Callable[..., Path],
    page: Path,
    capsys: pytest.CaptureFixture[str],
    plugins: Plugins,
) -> None:
    one, two = make_run("one"), make_run("two", 3.0)
    shatter, said = BROKEN[what]
    shatter(two, plugins)
    printed, content = report_of(plugins, one, two, "-o", page, capsys=capsys)
    warned = [line for line in printed.splitlines() if line.startswith("warning: ")]
    assert any(said in line for line in warned), printed
    assert "<h2>Notes</h2>" in content
    assert "one" in content


def test_runs_of_other_keypoints_are_left_out(
    make_run: Callable[..., Path], page: Path, capsys: pytest.CaptureFixture[str], plugins: Plugins
) -> None:
    one, two = make_run("one"), make_run("two", keypoints=("nose", "left", "tail"))
    printed, content = report_of(plugins, one, two, "-o", page, capsys=capsys)
    assert "two: has other keypoints than" in printed
    assert "has other keypoints than" in content


def test_a_run_that_is_no_run_is_refused(plugins: Plugins, tmp_path: Path) -> None:
    with pytest.raises(PoseError, match="nothing: no such folder; give the folder of a training"):
        report_of(plugins, tmp_path / "nothing", "-o", tmp_path / "a.html", capsys=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keypoints", "nos"], r"no keypoint 'nos'; did you mean 'nose'"),
        (["--threshold", "moved=1"], "unknown measure 'moved'"),
        (["-o", "page.txt"], "'page.txt' is no page; give a name that ends in .html"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    arguments: list[str],
    said: str,
    make_run: Callable[..., Path],
    plugins: Plugins,
    page: Path,
) -> None:
    with pytest.raises(ConfigError, match=said):
        report_of(plugins, make_run("one"), "-o", page, *arguments, capsys=None)  # type: ignore[arg-type]
    assert not page.exists()


def test_nothing_to_show_is_refused(plugins: Plugins, make_run: Callable[..., Path]) -> None:
    run = make_run("one")
    for name in ("metrics.csv", "predictions.csv", "predictions/clip.npz"):
        (run / name).unlink()
    with pytest.raises(FormatError, match="has no predictions and no metrics"):
        compare([run], plugins, say=lambda line: None)
