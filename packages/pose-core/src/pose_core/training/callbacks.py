"""What happens beside the steps: the table of metrics, checkpoints, early stopping, progress."""

import json
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from tqdm import tqdm

from pose_core.errors import TrainingError
from pose_core.files import write_text
from pose_core.model.network import PoseNetwork
from pose_core.model.weights import save_model
from pose_core.run_folder import CHECKPOINT, METRICS, STATUS, WEIGHTS
from pose_core.training.keeping import Average, Rule, kept_in_words
from pose_core.training.module import PoseModule


class MetricsTable(Callback):
    """Writes metrics.csv, one row per epoch; a resumed run goes on where its checkpoint was."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / METRICS
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the epoch's row and write the table."""
        row: dict[str, float] = {"epoch": trainer.current_epoch, "step": trainer.global_step}
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        checked = (trainer.current_epoch + 1) % (trainer.check_val_every_n_epoch or 1) == 0
        for name, value in sorted(trainer.callback_metrics.items()):
            if checked or not name.startswith("validation"):
                row[name] = float(value)
        self.rows = [*self.rows, row]
        if trainer.is_global_zero:
            write_text(self.path, table(self.rows))

    def state_dict(self) -> dict[str, Any]:
        """Give the rows, for the checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the rows of a checkpoint."""
        self.rows = state_dict["rows"]


def table(rows: list[dict[str, float]]) -> str:
    """Format rows as CSV, a cell empty where a row has no value."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(f"{row[n]:.9g}" if n in row else "" for n in names) for row in rows]
    return "\n".join([",".join(names), *lines]) + "\n"


class Keeper(Callback):
    """Keeps the weights a rule chooses and a checkpoint; stops when nothing gets better.

    A checkpoint is written at the end of an epoch if the last one is some seconds old: whichever it
    is, what follows is the same. Where weights are averaged, validations are of the mean so far.

    Args:
        folder: of the run.
        seconds: between checkpoints, at least.
        patience: validations without a better error before stopping; None never stops.
        frozen_epochs: whose validations do not count for patience.
        rule: which weights to keep.
        say: takes one line about what is going on.

    Attributes:
        best: the smallest validation error, and its epoch.
        kept: what is in the model's file: its first and last epoch, what validation said of it.
    """

    def __init__(
        self,
        folder: Path,
        seconds: float,
        patience: int | None,
        frozen_epochs: int,
        rule: Rule,
        say: Callable[[str], None] = print,
    ) -> None:
        self.folder = folder
        self.seconds = seconds
        self.patience = patience
        self.frozen_epochs = frozen_epochs
        self.rule = rule
        self.say = say
        self.average = Average(rule.begin if rule.name == "average" else None)
        self.best = {"error": float("inf"), "epoch": -1.0}
        self.kept: dict[str, Any] = {}
        self.lowest = float("inf")
        self.worse = 0
        self._written = time.monotonic()
        self._own = ExitStack()  # gives the network its own weights back after a validation

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Take the weights into the mean at the end of an epoch, before its validation."""
        if batch_idx + 1 == trainer.num_training_batches:
            self.average.add(network_of(pl_module), trainer.current_epoch)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate the mean, where there is one."""
        self._own.enter_context(self.average.put_into(network_of(pl_module)))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights if the rule chooses them."""
        found = {
            name: float(value)
            for name, value in sorted(trainer.callback_metrics.items())
            if name.startswith("validation")
        }
        with self._own:
            chooses = self.rule.chooses_in(trainer.current_epoch)
            score = self.score(found, pl_module) if chooses else float("inf")
            if not chooses or score < self.lowest:
                self.lowest = score
                self.save(trainer, pl_module, found)
        if "validation_error" in found:
            self.count_worse(found["validation_error"], trainer.current_epoch)
        if self.patience is not None and self.worse >= self.patience:
            trainer.should_stop = True

    def score(self, found: dict[str, float], module: LightningModule) -> float:
        """Give what is to be small, of what a validation found."""
        if self.rule.name != "clips":
            return found.get("validation_error", float("inf"))
        assert isinstance(module, PoseModule)
        parts = [found.get("validation_loss", 0.0)]
        for term in module.objective.of_clips:
            weight = module.balance.weights.get(term.loss.name, term.weight)
            parts.append(weight * term.worth * found[f"validation_{term.loss.name}"])
        return sum(part for part in parts if math.isfinite(part))  # none where no clip decodes

    def count_worse(self, error: float, epoch: int) -> None:
        """Note the smallest error, and how many validations ago it was."""
        if error < self.best["error"]:
            self.best = {"error": error, "epoch": float(epoch)}
            self.worse = 0
        elif epoch >= self.frozen_epochs:
            self.worse += 1

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the checkpoint when it is time, of weights that are numbers."""
        refuse_spoilt(pl_module, trainer.current_epoch)
        last = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        if last and not self.kept:  # no validation to choose by
            with self.average.put_into(network_of(pl_module)):
                self.save(trainer, pl_module, {})
        due = last or time.monotonic() - self._written >= self.seconds
        if trainer.strategy.broadcast(due):  # by one clock: all processes write it, or none does
            self.checkpoint(trainer)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say which weights are the model, and that the run is done."""
        self.say(kept_in_words(self.rule, self.kept))
        if trainer.is_global_zero:
            rule = {"rule": self.rule.name, "why": self.rule.why, "points": self.rule.points}
            status = {"finished": True, "epochs": trainer.current_epoch, "best": self.best}
            status["kept"] = {**rule, **self.kept}
            write_text(self.folder / STATUS, json.dumps(finite(status), indent=1) + "\n")

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave a usable model when stopped by hand."""
        if isinstance(exception, KeyboardInterrupt) and not self.kept:
            self.save(trainer, pl_module, {})

    def checkpoint(self, trainer: Trainer) -> None:
        """Write all that is needed to go on, atomically."""
        temporary = self.folder / f".{CHECKPOINT}.tmp"
        trainer.save_checkpoint(temporary)  # every process takes part
        if trainer.is_global_zero:
            temporary.replace(self.folder / CHECKPOINT)
        self._written = time.monotonic()

    def save(self, trainer: Trainer, module: LightningModule, found: dict[str, float]) -> None:
        """Write the weights the network has as the model, and remember what they are."""
        epoch = trainer.current_epoch
        first = self.rule.begin if self.average.count else epoch
        self.kept = {"epochs": [first, epoch], **found}
        if trainer.is_global_zero:
            save_model(network_of(module), self.folder / WEIGHTS)

    def state_dict(self) -> dict[str, Any]:
        """Give what is known so far, for the checkpoint."""
        names = ("best", "worse", "kept", "lowest")
        return {name: getattr(self, name) for name in names} | {
            "average": self.average.state_dict()
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what a checkpoint knew."""
        self.best, self.worse = dict(state_dict["best"]), state_dict["worse"]
        self.kept, self.lowest = dict(state_dict["kept"]), state_dict["lowest"]
        self.average.load_state_dict(state_dict["average"])


def network_of(module: LightningModule) -> PoseNetwork:
    """Give the network that is trained."""
    assert isinstance(module, PoseModule)
    return module.network


def refuse_spoilt(module: LightningModule, epoch: int) -> None:
    """Keep weights that are no numbers from taking the place of the last good ones.

    Raises:
        TrainingError: naming the first such tensor.
    """
    held = {n: v for n, v in module.state_dict().items() if v.is_floating_point()}
    # one number for all: asking a GPU for each tensor would wait for it each time
    sums = torch.stack([value.detach().float().sum() for value in held.values()])
    if not bool(torch.isfinite(sums).all()):
        name = next(n for n, s in zip(held, sums, strict=True) if not bool(torch.isfinite(s)))
        raise TrainingError(
            f"weights: {name!r} is no number after epoch {epoch}; the last good state is kept, set "
            f"a smaller training.learning_rate and start again"
        )


def finite(value: Any) -> Any:
    """Replace what is no number by None, which JSON knows."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Progress(Callback):
    """One bar for the whole run: epochs, loss, validation error, time left; lines where piped."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self._bar: tqdm | None = None
        self._error = ""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar, at the epoch a resumed run begins with."""
        if trainer.is_global_zero:
            self._bar = tqdm(
                total=self.epochs, initial=trainer.current_epoch, unit="epoch",
                dynamic_ncols=True, mininterval=0.5, desc="training",
            )  # fmt: skip

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the error to show."""
        if "validation_error" in trainer.callback_metrics:
            self._error = f"{float(trainer.callback_metrics['validation_error']):.2f} px"

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move on by one epoch."""
        if self._bar is None:
            return
        loss = trainer.callback_metrics.get("train_loss", torch.tensor(float("nan")))
        shown = {"loss": f"{float(loss):.4g}"} | (
            {"validation": self._error} if self._error else {}
        )
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        self.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close the bar."""
        self.close()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
