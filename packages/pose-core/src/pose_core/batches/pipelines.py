"""Presets of augmentation, and how a config names and changes operations. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from pose_core.batches.operations import (
    OPERATIONS,
    Blur,
    Boxes,
    Brightness,
    Clahe,
    Color,
    Contrast,
    Crop,
    Dropout,
    Elastic,
    Emboss,
    Equalize,
    Gamma,
    Noise,
    Operation,
    Rotation,
    SaltPepper,
    Scale,
    Shear,
    Stretch,
    Translation,
)
from pose_core.errors import ConfigError
from pose_core.options import fill, suggest

Pipeline = tuple[Operation, ...]

PLACE = (Shear(), Stretch(), Scale(), Rotation(), Translation())
LIGHT = (Boxes(), Gamma(), Contrast(), Color(), Brightness(), Blur(), Noise(), SaltPepper())

PRESETS: dict[str, Pipeline] = {
    "none": (),
    "default": PLACE + LIGHT,
    "topdown": (Shear(), Stretch(), Scale(), Rotation(180.0), Translation(), *LIGHT),
    # Source: Lightning Pose's augmentation of this name, which is DeepLabCut's: same operations,
    # order and chances. Its elastic field is a third of a pixel strong; this is one that shows.
    "dlc": (
        Rotation(25.0, chance=0.4),
        Crop(0.15, chance=0.4),
        Elastic(0.01, chance=0.5),
        Blur(chance=0.5, length=5),
        Dropout(0.02, grain=4, by_channel=0.5, chance=0.5),
        SaltPepper(0.02, grain=14, chance=0.5),
        Equalize(chance=0.1),
        Clahe(chance=0.1),
        Emboss(chance=0.1),
    ),
}


def build_pipeline(
    preset: str, listed: Sequence[Any] | None, changes: Mapping[str, Any]
) -> Pipeline:
    """Put a pipeline together.

    Args:
        preset: name of the pipeline to begin with.
        listed: operations in place of the preset's: names, or mappings of a name to its setting.
        changes: name to setting; null leaves an operation as it is, false removes it, and
            anything else puts it in place of those of its name, or where presets would have it.

    Raises:
        ConfigError: for an unknown operation or option, or a value it cannot have.
    """
    pipeline = PRESETS[preset] if listed is None else read_listed(listed)
    for name, setting in changes.items():
        if setting is not None:
            pipeline = changed(pipeline, name, setting)
    if sum(isinstance(one, OPERATIONS["elastic"]) for one in pipeline) > 1:
        raise ConfigError("augment.pipeline: 'elastic' comes twice; one bend holds all of it")
    return pipeline


def read_listed(listed: Sequence[Any]) -> Pipeline:
    """Read a list of operations.

    Raises:
        ConfigError: see `build_pipeline`.
    """
    operations = []
    for number, entry in enumerate(listed):
        where = f"augment.pipeline[{number}]"
        named = {entry: True} if isinstance(entry, str) else entry
        if not isinstance(named, Mapping) or len(named) != 1:
            raise ConfigError(
                f"{where}: {entry!r} is no operation; give one as in {{rotation: 10}}"
            )
        ((name, setting),) = named.items()
        operations.append(read_operation(str(name), setting, where))
    return tuple(operations)


def read_operation(name: str, setting: Any, where: str) -> Operation:
    """Make an operation of its name and setting.

    Args:
        name: in `OPERATIONS`.
        setting: a mapping of options, the first option's value alone, or true for the defaults.
        where: the config path, for errors.

    Raises:
        ConfigError: see `build_pipeline`.
    """
    if name not in OPERATIONS:
        raise ConfigError(f"{where}: unknown operation {name!r}; {suggest(name, OPERATIONS)}")
    kind = OPERATIONS[name]
    if isinstance(setting, kind):
        return setting
    if setting is True:
        setting = {}
    if not isinstance(setting, Mapping):
        setting = {fields(kind)[0].name: setting}  # type: ignore[arg-type]
    return fill(kind, setting, where)


def changed(pipeline: Pipeline, name: str, setting: Any) -> Pipeline:
    """Replace, add or remove an operation."""
    kind = OPERATIONS[name]
    places = [place for place, one in enumerate(pipeline) if isinstance(one, kind)]
    if setting is False:
        return tuple(one for one in pipeline if not isinstance(one, kind))
    new = read_operation(name, setting, f"augment.{name}")
    if places:
        return tuple(new if isinstance(one, kind) else one for one in pipeline)
    order = list(OPERATIONS.values())
    after = [
        place for place, one in enumerate(pipeline) if order.index(type(one)) > order.index(kind)
    ]
    place = after[0] if after else len(pipeline)
    return (*pipeline[:place], new, *pipeline[place:])
