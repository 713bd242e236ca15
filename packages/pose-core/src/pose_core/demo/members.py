"""Train the networks of an ensemble at the same time, one process and a share of the cores each."""

import csv
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from pose_core.errors import PoseError
from pose_core.run_folder import METRICS, STATUS
from pose_core.training.options import RunOptions

LOG = "log.txt"


@dataclass(frozen=True)
class Job:
    """One network to train and a video for it to predict.

    Attributes:
        options: of the training.
        video: to predict.
        table: file of the predictions.
    """

    options: RunOptions
    video: Path
    table: Path

    @property
    def folder(self) -> Path:
        """The model."""
        return Path(self.options.output)

    def is_done(self) -> bool:
        """Say whether there is nothing left to do."""
        return (self.folder / STATUS).exists() and self.table.exists()


def train_all(jobs: Sequence[Job], progress: bool = True) -> None:
    """Train networks and predict with them, skipping what is done already.

    Raises:
        PoseError: what the first that failed could not do, or if a process was killed.
        KeyboardInterrupt: if stopped by hand; the next call goes on from the last checkpoints.
    """
    left = [job for job in jobs if not job.is_done()]
    if not left:
        return
    workers = min(len(left), cores())
    threads = max(1, cores() // workers)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        futures = [pool.submit(train_and_predict, job, threads) for job in left]
        try:
            show_progress(left, futures, progress)
            for future in futures:
                future.result()
        except BrokenProcessPool:
            raise PoseError(
                f"{left[0].folder.parent}: a training process was killed, maybe it lacked memory; "
                f"see {LOG} there, and run again to go on"
            ) from None
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def train_and_predict(job: Job, threads: int) -> None:
    """Do one job, in a process of its own; what it says goes to `log.txt` in the model's folder."""
    import torch

    from pose_core.model.folder import load_model
    from pose_core.plugins import Plugins
    from pose_core.predict import predict_video
    from pose_core.training.fit import train
    from pose_core.video.readers import choose

    torch.set_num_threads(threads)
    plugins = Plugins().load()
    job.folder.mkdir(parents=True, exist_ok=True)
    with (
        (job.folder / LOG).open("a", encoding="utf-8") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        if train(job.options, plugins).interrupted:
            raise KeyboardInterrupt
        model = load_model(job.folder, plugins)
        reader, _ = choose(plugins)
        predict_video(model, job.video, job.table, reader, plugins, progress=False)


def show_progress(jobs: Sequence[Job], futures: Iterable["Future[None]"], progress: bool) -> None:
    """Show one bar over the epochs of all networks until all jobs have ended."""
    waiting = set(futures)
    total = sum(job.options.training.epochs for job in jobs)
    with tqdm(
        total=total, unit="epoch", desc="training", dynamic_ncols=True, disable=not progress
    ) as bar:
        while waiting:
            _, waiting = wait(waiting, timeout=1.0)
            known = [last_row(job.folder / METRICS) for job in jobs]
            bar.n = sum(int(row["epoch"]) + 1 for row in known if row)
            losses = ", ".join(f"{float(row['train_loss']):.2g}" if row else "-" for row in known)
            bar.set_postfix_str(f"loss {losses}", refresh=False)
            bar.refresh()


def last_row(path: Path) -> dict[str, str]:
    """Give the last row of a table of metrics; nothing if it has not begun."""
    if not path.exists():
        return {}
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    return rows[-1] if rows else {}
