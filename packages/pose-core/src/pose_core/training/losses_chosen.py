"""The losses a config names, looked up and typed before anything heavy is loaded. Free of torch."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pose_core.errors import ConfigError
from pose_core.hookspecs import Loss
from pose_core.options import convert, fill, suggest
from pose_core.plugins import Plugins

RESERVED = ("weight", "epsilon")
"""Options that every loss has beside its own: the objective's."""


def check_losses(
    losses: Mapping[str, Any], plugins: Plugins
) -> list[tuple[Loss, Any, float, float]]:
    """Look up the losses of a config and type their options.

    Returns:
        Loss, its options, weight and epsilon, for each that is not switched off by null.

    Raises:
        ConfigError: for an unknown loss or option, or if there is no supervised loss.
    """
    named = {name: given for name, given in losses.items() if given not in (None, False)}
    checked = [check_loss(name, given, plugins) for name, given in named.items()]
    if not any(loss.kind == "supervised" for loss, *_ in checked):
        raise ConfigError("losses: no supervised loss; add losses.heatmap_mse={}")
    return checked


def check_loss(name: str, given: Any, plugins: Plugins) -> tuple[Loss, Any, float, float]:
    """Look up one loss and type its options.

    Raises:
        ConfigError: if it does not exist, or an option or its value is none.
    """
    where = f"losses.{name}"
    loss = plugins.find("loss", name, where)
    given = {} if given is True else given
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {given!r} is not a mapping; give options, as in {{weight: 1}}")
    known = [*(one.name for one in fields(loss.options)), *RESERVED]
    for option in given:
        if option not in known:
            raise ConfigError(f"{where}: unknown option {option!r}; {suggest(option, known)}")
    own = {option: value for option, value in given.items() if option not in RESERVED}
    weight, epsilon = (
        convert(given.get(key, getattr(loss, key)), float, f"{where}.{key}") for key in RESERVED
    )
    for key, value in (("weight", weight), ("epsilon", epsilon)):
        if not value >= 0:
            raise ConfigError(f"{where}.{key}: {value} is less than 0; give 0 or more")
    return loss, fill(loss.options, own, where), weight, epsilon
