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
AUTO = "auto"
"""The weight of an unsupervised loss that is to be measured."""


class ChosenLoss(NamedTuple):
    """A loss that a config names.

    Attributes:
        loss: the component.
        options: its own, typed.
        weight: as the config has it; None where it does not say, or says "auto".
        epsilon: that the objective takes off; 0 for a loss that does it itself.
        is_auto: whether the weight is to be measured.
    """

    loss: Loss
    options: Any
    weight: float | None
    epsilon: float
    is_auto: bool = False


def check_losses(losses: Mapping[str, Any], plugins: Plugins) -> list[ChosenLoss]:
    """Look up the losses of a config, those not switched off by null, and type their options.

    Raises:
        ConfigError: for an unknown loss or option, a weight or epsilon that is not positive, or if
            there is no supervised loss.
    """
    checked = check_each(losses, plugins, "losses")
    if not any(chosen.loss.kind == "supervised" for chosen in checked):
        raise ConfigError("losses: no supervised loss; add losses.heatmap_mse={}")
    return checked


def check_watched(watch: Mapping[str, Any], plugins: Plugins) -> list[ChosenLoss]:
    """Look up the losses that are only evaluated, and type their options.

    Raises:
        ConfigError: for an unknown loss or option, or a supervised loss.
    """
    checked = check_each(watch, plugins, "unlabeled.watch")
    if wrong := [chosen.loss.name for chosen in checked if chosen.loss.kind == "supervised"]:
        raise ConfigError(
            f"unlabeled.watch.{wrong[0]}: is a loss of labeled frames, and clips have no labels; "
            "put it under losses"
        )
    return checked


def check_each(losses: Mapping[str, Any], plugins: Plugins, section: str) -> list[ChosenLoss]:
    """Look up the losses of a section of a config, those not switched off by null."""
    named = {name: given for name, given in losses.items() if given not in (None, False)}
    return [check_loss(name, given, plugins, section) for name, given in named.items()]


def check_loss(name: str, given: Any, plugins: Plugins, section: str = "losses") -> ChosenLoss:
    """Look up one loss and type its options.

    Raises:
        ConfigError: if it does not exist, or an option or its value is none.
    """
    where = f"{section}.{name}"
    loss = plugins.find("loss", name, where)
    given = {} if given is True else given
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {given!r} is not a mapping; give options, as in {{weight: 1}}")
    own = [one.name for one in fields(loss.options)]
    for option in given:
        if option not in (known := [*own, *RESERVED]):
            raise ConfigError(f"{where}: unknown option {option!r}; {suggest(option, known)}")
    refuse_not_positive(given, loss, where)
    weight = given.get("weight")
    is_auto = weight == AUTO and loss.kind == "unsupervised"
    weight = None if is_auto or weight is None else convert_weight(weight, loss, where)
    options = fill(loss.options, {key: given[key] for key in given if key in own}, where)
    if "epsilon" in own:
        return ChosenLoss(loss, options, weight, 0.0, is_auto)
    epsilon = convert(given.get("epsilon", loss.epsilon), float, f"{where}.epsilon")
    return ChosenLoss(loss, options, weight, epsilon, is_auto)


def convert_weight(value: Any, loss: Loss, where: str) -> float:
    """Give a weight as a number.

    Raises:
        ConfigError: saying what else there is.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    auto = ", or auto" if loss.kind == "unsupervised" else ""
    raise ConfigError(
        f"{where}.weight: {value!r} is not a number{auto}; to try several, one model each, give "
        f"--multirun {where}.weight=0.1,1,10"
    )


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
