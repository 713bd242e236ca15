"""Several processes that train together: they share frames and clips, and learn as one would."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from pose_core.batches.loader import EvenBatches
from pose_core.batches.shuffling import ClipOrder, KeyedSampler
from pose_core.errors import ConfigError
from pose_core.options import fill
from pose_core.plugins import Plugins
from pose_core.training.fit import starts_own_processes, train
from pose_core.training.options import RunOptions
from pose_core.video.writing import VideoWriter

SCRIPT = Path(__file__).with_name("several_processes.py")


def script() -> ModuleType:
    """Import what the processes run, for its loss."""
    spec = spec_from_file_location("several_processes", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def batches_of(number: int, processes: int, samples: int, batch_size: int) -> EvenBatches:
    sampler = KeyedSampler(samples, seed=5)
    return EvenBatches(sampler, batch_size, share=lambda: (number, processes))


@pytest.mark.parametrize("samples", [3, 9, 16, 17])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_frame_is_seen_by_one_process_and_all_make_as_many_steps(
    samples: int, processes: int
) -> None:
    shares = [list(batches_of(n, processes, samples, 4)) for n in range(processes)]
    seen = [sample for share in shares for batch in share for sample in batch]
    assert sorted(seen) == list(range(samples))
    assert len({len(share) for share in shares}) == 1
    assert all(1 <= len(batch) <= 4 for share in shares for batch in share)


def test_processes_together_see_in_a_step_what_one_sees_in_several() -> None:
    alone = list(batches_of(0, 1, 16, 4))
    shares = [list(batches_of(number, 2, 16, 4)) for number in range(2)]
    assert [batch for step in zip(*shares, strict=True) for batch in step] == alone


def test_no_two_processes_see_one_clip_and_together_they_see_what_one_would() -> None:
    def order(number: int, processes: int, steps: int) -> ClipOrder:
        return ClipOrder(20, 3, range(steps), share=lambda: (number, processes))

    for epoch in (0, 7):
        shares = [order(number, 2, 9).of_epoch(epoch) for number in range(2)]
        assert not set(shares[0]) & set(shares[1])
        together = [clip for step in zip(*shares, strict=True) for clip in step]
        assert together == order(0, 1, 18).of_epoch(epoch)


def test_more_processes_than_frames_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^trainer\.devices: 3 processes for 2 frames to train"):
        len(batches_of(0, 3, 2, 4))


def test_two_processes_train_as_one_with_the_same_global_batch(
    make_tiny: Callable[..., Path], tmp_path: Path, plugins: Plugins
) -> None:
    """One process that adds up two batches a step: the same frames, clips, loss and weights."""
    project = make_tiny(16)
    (project / "videos").mkdir()
    with VideoWriter(project / "videos" / "clip.avi", 30) as writer:
        noise = np.random.default_rng(0)
        for _ in range(60):
            writer.write(noise.integers(0, 255, (64, 64, 3), np.uint8))
    given = {
        "project": str(project),
        "data": {"size": [32, 32], "batch_size": 3, "validation": 0.25, "test": 0.0},
        "model": {
            "backbone": "resnet10t",
            "pretrained": False,
            # batch norm would keep statistics of its own in each process
            "backbone_options": {"arguments": {"norm_layer": "groupnorm1"}},
        },
        "losses": {"heatmap_mse": {}, "still": {"weight": 30.0}},
        "unlabeled": {"length": 3, "begin": 0.0, "full": 0.0},
        "training": {"epochs": 2, "check_every": 1},
    }
    said = train_in_two(tmp_path / "two", given)
    assert said.count("frames: 12 to train") == 1, "one process speaks for both"
    one = {"accelerator": "cpu", "accumulate_grad_batches": 2}
    given |= {"output": str(tmp_path / "one"), "trainer": one}
    train(fill(RunOptions, given, "options"), script().with_still(plugins), lambda _: None)
    weights, rows = zip(*(left_by(tmp_path / name) for name in ("one", "two")), strict=True)
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=2e-5, msg=name)
    for alone, together in zip(*rows, strict=True):
        names = ("train_loss", "train_heatmap_mse", "train_still", "step")
        for name in (*names, "validation_error", "validation_still"):  # two clips are held out
            assert float(together[name]) == pytest.approx(float(alone[name]), rel=1e-4), name
    assert float(rows[0][-1]["train_still"]) > 0


def test_one_task_of_slurm_starts_the_processes_of_its_devices(
    make_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    """Lightning would take the one task for all of them, and train alone."""
    given = {
        "project": str(make_tiny(16)),
        "data": {"size": [32, 32], "batch_size": 3, "validation": 0.25, "test": 0.0},
        "model": {"backbone": "resnet10t", "pretrained": False},
        "training": {"epochs": 1},
    }
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.touch(0o755)
    job = {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "pose"}
    job["PATH"] = f"{srun.parent}:{os.environ['PATH']}"
    train_in_two(tmp_path / "run", given, job)
    _, rows = left_by(tmp_path / "run")
    assert rows[-1]["step"] == "2", "12 frames are four batches of three, two at a time"


def test_tasks_that_slurm_or_torchrun_started_are_taken_as_they_are(
    tmp_path: Path,
) -> None:
    assert starts_own_processes({"PATH": str(tmp_path)}) is False, "no Slurm"
    (tmp_path / "srun").touch(0o755)
    assert starts_own_processes({"PATH": str(tmp_path)}), "its command alone is no job"
    assert starts_own_processes({"PATH": str(tmp_path), "SLURM_NTASKS": "1"})
    for started in ({"SLURM_NTASKS": "2"}, {"SLURM_NTASKS": "1", "TORCHELASTIC_RUN_ID": "x"}):
        assert not starts_own_processes({"PATH": str(tmp_path), **started})


def train_in_two(
    folder: Path, given: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> str:
    """Train in two processes, as a command would; give what they said."""
    two = {"accelerator": "cpu", "devices": 2}
    options = folder.with_suffix(".json")
    options.write_text(json.dumps({**given, "output": str(folder), "trainer": two}))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(options)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **(variables or {})},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def left_by(folder: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, str]]]:
    """Give the weights and the table of a run."""
    state = torch.load(folder / "last.ckpt", weights_only=True)["state_dict"]
    return state, list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
