"""The losses a config names, looked up and typed before anything heavy is loaded. Free of torch."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from pose_core.errors import ConfigError
from pose_core.hookspecs import Loss
from pose_core.options import convert, fill, suggest
from pose_core.plugins import Plugins

RESERVED = ("weight", "epsilon")
"""Options that every loss has beside its own: the objective's."""


class ChosenLoss(NamedTuple):
    """A loss that a config names.

    Attributes:
        loss: the component.
        options: its own, typed.
        weight: as the config has it; None where it does not say.
        epsilon: that the objective takes off; 0 for a loss that does it itself.
    """

    loss: Loss
    options: Any
    weight: float | None
    epsilon: float


def check_losses(losses: Mapping[str, Any], plugins: Plugins) -> list[ChosenLoss]:
    """Look up the losses of a config, those not switched off by null, and type their options.

    Raises:
        ConfigError: for an unknown loss or option, a weight or epsilon that is not positive, or if
            there is no supervised loss.
    """
    named = {name: given for name, given in losses.items() if given not in (None, False)}
    checked = [check_loss(name, given, plugins) for name, given in named.items()]
    if not any(chosen.loss.kind == "supervised" for chosen in checked):
        raise ConfigError("losses: no supervised loss; add losses.heatmap_mse={}")
    return checked


def check_loss(name: str, given: Any, plugins: Plugins) -> ChosenLoss:
    """Look up one loss and type its options.

    Raises:
        ConfigError: if it does not exist, or an option or its value is none.
    """
    where = f"losses.{name}"
    loss = plugins.find("loss", name, where)
    given = {} if given is True else given
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {given!r} is not a mapping; give options, as in {{weight: 1}}")
    own = [one.name for one in fields(loss.options)]
    for option in given:
        if option not in (known := [*own, *RESERVED]):
            raise ConfigError(f"{where}: unknown option {option!r}; {suggest(option, known)}")
    refuse_not_positive(given, loss, where)
    weight = convert(given["weight"], float, f"{where}.weight") if "weight" in given else None
    options = fill(loss.options, {key: given[key] for key in given if key in own}, where)
    if "epsilon" in own:
        return ChosenLoss(loss, options, weight, 0.0)
    epsilon = convert(given.get("epsilon", loss.epsilon), float, f"{where}.epsilon")
    return ChosenLoss(loss, options, weight, epsilon)


def refuse_not_positive(given: Mapping[str, Any], loss: Loss, where: str) -> None:
    """Refuse a weight or an epsilon of nothing or less.

    Raises:
        ConfigError: naming what to do instead.
    """
    instead = {
        "weight": f"or leave the loss out with {where}=null",
        "epsilon": "or leave it out for the default",
    }
    if loss.kind == "unsupervised":
        instead["weight"] += ", or see its clips without it by unlabeled.weight=0"
    for key in RESERVED:
        value = given.get(key)
        if isinstance(value, int | float) and not 0 < value < float("inf"):
            raise ConfigError(f"{where}.{key}: {value} is not positive; give more, {instead[key]}")


def check_clip_length(chosen: list[ChosenLoss], length: int) -> None:
    """Refuse losses of successive frames where clips have only one.

    Raises:
        ConfigError: naming the first such loss.
    """
    for one in chosen:
        if "follows" in one.loss.needs and length < 2:
            raise ConfigError(
                f"losses.{one.loss.name}: needs pairs of frames, and clips have {length}; set "
                f"unlabeled.length to 2 or more, or leave it out with losses.{one.loss.name}=null"
            )
