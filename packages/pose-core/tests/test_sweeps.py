"""Sweeps: members that fail leave the others, all are compared; runs resumed by their folder."""

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pose_core import cli
from pose_core.commands.comparison import COMPARISON, compare
from pose_core.commands.launchers import announced, launcher_of
from pose_core.commands.sweep import BEGUN, FAILED, LOG, STOPPED, end, failures, train_logged
from pose_core.commands.train import register_options, validated_alike
from pose_core.errors import ConfigError, PoseError
from pose_core.plugins import Plugins
from pose_core.run_folder import find_runs
from pose_core.training.options import RunOptions, plain


def write_member(
    folder: Path, options: dict[str, Any], split: str = "a,validation", **kept: Any
) -> Path:
    """Write what a finished run leaves for a comparison."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump({**options, "output": str(folder)}))
    (folder / "split.csv").write_text(split)
    status = {"finished": True, "kept": {"rule": "last", "points": 300, "epochs": [0, 3], **kept}}
    (folder / "status.json").write_text(json.dumps(status))
    return folder


def weighted(weight: float) -> dict[str, Any]:
    return {"seed": 1, "losses": {"heatmap_mse": {}, "temporal": {"weight": weight}}}


def test_members_are_compared_by_what_differs_best_first(tmp_path: Path) -> None:
    write_member(tmp_path / "w=1", weighted(1.0), validation_error=3.5, validation_temporal=0.25)
    write_member(tmp_path / "w=10", weighted(10.0), validation_error=2.5, validation_temporal=0.125)
    write_member(tmp_path / "w=0", {"seed": 1, "losses": {"heatmap_mse": {}}}, validation_error=4.5)
    *_, best = compare(tmp_path)
    assert best == "best: w=10, 2.50 px"
    rows = list(csv.reader((tmp_path / COMPARISON).read_text().splitlines()))
    assert rows == [
        ["run", "losses.temporal.weight", "validation_error (px)", "validation_temporal"],
        ["w=10", "10.0", "2.5", "0.125"],
        ["w=1", "1.0", "3.5", "0.25"],
        ["w=0", "", "4.5", ""],
    ]


def test_what_makes_a_comparison_uncertain_is_said(tmp_path: Path) -> None:
    write_member(tmp_path / "few" / "a", {"seed": 1}, validation_error=2.0, points=30)
    write_member(tmp_path / "few" / "b", {"seed": 2}, validation_error=3.0, points=30)
    assert any("30 labeled points" in line for line in compare(tmp_path / "few"))
    write_member(
        tmp_path / "drawn" / "a", {"seed": 1}, "a,validation\nb,train", validation_error=2.0
    )
    write_member(
        tmp_path / "drawn" / "b", {"seed": 2}, "a,train\nb,validation", validation_error=3.0
    )
    assert any("different frames" in line for line in compare(tmp_path / "drawn"))
    write_member(tmp_path / "none" / "a", {"seed": 1}, points=0)
    write_member(tmp_path / "none" / "b", {"seed": 2}, points=0)
    assert compare(tmp_path / "none")[-1].startswith("no validation frames: set data.validation")


def test_one_run_is_compared_with_nothing(tmp_path: Path) -> None:
    write_member(tmp_path / "a", {"seed": 1}, validation_error=2.0)
    assert compare(tmp_path) == []
    assert not (tmp_path / COMPARISON).exists()


def raising(error: BaseException) -> Callable[[], int]:
    def train() -> int:
        sys.stdout.write("on my way\n")
        raise error

    return train


def test_members_that_fail_leave_the_others_and_are_named_with_their_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / BEGUN).touch()
    done = []
    trained: list[tuple[str, Callable[[], int]]] = [
        ("a", raising(PoseError("stride: 16 is odd; mend it"))),
        ("b", raising(RuntimeError("the card\nmelted"))),
        ("c", lambda: done.append("c") or 0),
    ]
    for name, train in trained:
        (tmp_path / name).mkdir()
        train_logged(tmp_path / name, train, aloud=True)
    (tmp_path / "c" / "status.json").write_text("{}")
    assert [path.name for path, _ in failures(tmp_path)] == ["a", "b"]
    write_member(tmp_path / "d", {"seed": 1}, validation_error=2.0)  # of an earlier sweep, silent
    (tmp_path / "c" / "status.json").unlink()
    assert end(tmp_path, False, str) == 1
    assert done == ["c"]
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        f"pose train: {tmp_path}/a: stride: 16 is odd; mend it (log: {tmp_path}/a/{LOG})",
        f"pose train: {tmp_path}/b: RuntimeError: the card melted (log: {tmp_path}/b/{LOG})",
        f"pose train: {tmp_path}/c: ended without a word, maybe it was killed "
        f"(log: {tmp_path}/c/{LOG})",
    ]
    assert f"next: the same command with output={tmp_path} goes on" in printed.out
    assert (tmp_path / "a" / LOG).read_text() == f"on my way\n{FAILED}stride: 16 is odd; mend it\n"
    assert "Traceback" in (tmp_path / "b" / LOG).read_text()


def test_what_members_say_at_once_goes_to_their_logs_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def train() -> int:
        sys.stdout.write("loss 3.5\n")
        sys.stderr.write("50 %\n")
        return 0

    train_logged(tmp_path, train, aloud=False)
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / LOG).read_text() == "loss 3.5\n50 %\n"


def test_members_that_failed_in_an_earlier_sweep_are_not_named_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    train_logged(tmp_path / "a", raising(PoseError("stride: 16 is odd; mend it")), aloud=True)
    os.utime(tmp_path / "a" / LOG, (1.0, 1.0))
    (tmp_path / BEGUN).touch()
    assert list(failures(tmp_path)) == []


def test_a_member_stopped_by_hand_ends_the_sweep(
    tiny_project: Path,
    tmp_path: Path,
    plugins: Plugins,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(
        "pose_core.commands.train.fit", lambda o, p: begun.append(o.seed) or STOPPED
    )
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)
    sweep = ["train", str(tiny_project), "-m", "seed=4,3", f"output={tmp_path}"]
    assert cli.main(sweep) == STOPPED
    assert begun == [4]
    assert f"next: the same command with output={tmp_path} goes on" in capsys.readouterr().out


@pytest.fixture
def fitted(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """The runs that `pose train` would have trained; those of seed 3 fail."""
    runs: list[RunOptions] = []

    def fit(options: RunOptions, _: Plugins) -> int:
        runs.append(options)
        if options.seed == 3:
            raise PoseError("seed: 3 is unlucky; give another")
        folder = Path(options.output)
        if not (folder / "status.json").exists():
            folder.rename(folder.with_name("moved"))  # for `write_member` makes it
            write_member(folder, plain(options), validation_error=float(options.seed + 1))
            (folder.with_name("moved") / LOG).rename(folder / LOG)
            folder.with_name("moved").rmdir()
        return 0

    monkeypatch.setattr("pose_core.commands.train.fit", fit)
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)
    return runs


def test_a_sweep_is_compared_at_its_end_and_goes_on_where_it_was(
    tiny_project: Path,
    tmp_path: Path,
    fitted: list[RunOptions],
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "sweep"
    sweep = ["train", str(tiny_project), "-m", "seed=4,3,2", f"output={output}"]
    assert cli.main(sweep) == 1
    printed = capsys.readouterr()
    assert [run.seed for run in fitted] == [4, 3, 2]
    assert all(run.resume for run in fitted), "what is done already is not done again"
    assert {run.data.split_seed for run in fitted} == {0}, "all are validated on the same frames"
    assert "best: seed=2, 3.00 px" in printed.out
    assert "seed=3: seed: 3 is unlucky; give another (log: " in printed.err
    rows = list(csv.DictReader((output / COMPARISON).read_text().splitlines()))
    assert [row["seed"] for row in rows] == ["2", "4"]


def test_a_sweep_ends_with_what_can_be_done_with_its_members(
    tiny_project: Path,
    tmp_path: Path,
    fitted: list[RunOptions],
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "sweep"
    assert cli.main(["train", str(tiny_project), "-m", "seed=4,2", f"output={output}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"next: pose predict {output} VIDEO --smooth   or   pose select {output}"
    assert not any(line.startswith("training ") for line in lines), "what they say is shown here"


def test_a_sweep_of_one_seed_grows_to_one_of_several(
    tiny_project: Path, tmp_path: Path, fitted: list[RunOptions]
) -> None:
    for seeds in ("2", "2,4"):
        sweep = ["train", str(tiny_project), "-m", f"seed={seeds}", f"output={tmp_path}"]
        assert cli.main(sweep) == 0
    assert [run.name for run in find_runs(tmp_path)] == ["seed=2", "seed=4"]
    assert {run.data.split_seed for run in fitted} == {0}


def test_runs_in_hidden_folders_are_not_found(tmp_path: Path) -> None:
    for folder in ("seed=1", ".cache/seed=2"):
        write_member(tmp_path / folder, {"seed": 1}, validation_error=2.0)
    assert find_runs(tmp_path) == [tmp_path / "seed=1"]


def test_a_sweep_of_one_member_is_not_to_be_smoothed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / BEGUN).touch()
    write_member(tmp_path / "seed=1", {"seed": 1}, validation_error=2.0)
    assert end(tmp_path, False, str) == 0
    assert capsys.readouterr().out == f"next: pose predict {tmp_path} VIDEO\n"


def test_members_in_other_processes_are_announced_with_their_logs() -> None:
    swept = ["seed=0,1,2", "data.fraction=0.5,1", "training.epochs=3", "hydra/launcher=joblib"]
    said = announced("joblib", swept, "outputs/sweep/*/log.txt")
    assert said == "training 6 members by joblib; what they say goes to outputs/sweep/*/log.txt"
    assert announced("slurm", ["seed=range(1,4)"], "").startswith("training 3 members by slurm")


def test_a_run_is_resumed_by_its_folder_with_its_own_options(
    tiny_project: Path, tmp_path: Path, fitted: list[RunOptions]
) -> None:
    options = RunOptions(project=str(tiny_project), output=str(tmp_path / "gone"), seed=7)
    folder = write_member(tmp_path / "run", plain(options))
    assert cli.main(["train", f"resume={folder}"]) == 0
    (run,) = fitted
    assert (run.seed, run.resume, run.output) == (7, True, str(folder))
    assert run.project == str(tiny_project)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resume=gone"], "gone: no such folder; give the folder of a training run"),
        (["resume=gone", "seed=3"], "resume=gone: takes the options of the run"),
        (["PROJECT", "--cfg", "job", "losses.heatmap_msee={}"], "losses.heatmap_msee: unknown"),
        (["PROJECT", "--cfg", "job", "losses.heatmap_mse.weight=-1"], "-1 is not positive"),
        (
            ["PROJECT", "-m", "seed=1,2", "hydra/launcher=lim"],
            "Could not find 'hydra/launcher/lim'",
        ),
        (["PROJECT", "-m", "seed=1,2", "--cfg", "job"], "--cfg: shows one run's options; leave"),
        (["PROJECT", "--cfg", "job", "training.keep=beast"], "training.keep: 'beast' is not one"),
    ],
)
def test_what_cannot_be_is_one_line(
    tiny_project: Path,
    fitted: list[RunOptions],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    given = [str(tiny_project) if one == "PROJECT" else one for one in arguments]
    assert cli.main(["train", *given]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert fitted == []


def test_a_configuration_that_is_right_is_printed(
    tiny_project: Path, fitted: list[RunOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", str(tiny_project), "--cfg", "job", "seed=5"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["seed"], printed["training"]["keep"]) == (5, "auto")


def test_a_launcher_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pose_core.commands.launchers.find_spec", lambda name: None)
    assert launcher_of(["seed=1,2"]) == "basic"
    with pytest.raises(ConfigError, match=r"=slurm: is not installed; pip install 'pose-core\[sw"):
        launcher_of(["seed=1,2", "hydra/launcher=slurm"])


def test_members_have_the_split_that_is_asked_for() -> None:
    assert validated_alike(["seed=1,2"]) == ["seed=1,2", "data.split_seed=0"]
    assert validated_alike(["seed=3"])[-1] == "data.split_seed=0", "it may become one of several"
    fixed = ["seed=3", "training.epochs=2,4"]
    for given in (fixed, ["seed=1,2", "split=a.csv"], ["seed=1,2", "data.split_seed=1,2"]):
        assert validated_alike(given) == given


def test_the_options_for_slurm_are_known_to_its_launcher(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="needs pose-core[sweep]")
    from hydra import compose, initialize_config_module

    register_options()
    with initialize_config_module("pose_core.conf", version_base="1.3"):
        given = ["hydra/launcher=slurm", "hydra.launcher.partition=gpu"]
        launcher = compose("train", given, return_hydra_config=True).hydra.launcher
    assert launcher._target_.endswith("SlurmLauncher")
    assert (launcher.partition, launcher.gpus_per_node, launcher.max_num_timeout) == ("gpu", 1, 5)
