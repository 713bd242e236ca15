"""What finished runs say of themselves: options, and what validation found."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pose_core.run_folder import CONFIG, SPLIT, STATUS, read

ERROR = "validation_error"
NOT_COMPARED = ("output", "resume")


@dataclass(frozen=True)
class Member:
    """A finished run of a sweep.

    Attributes:
        folder: the model.
        options: dotted names to values.
        found: what validation said of the weights that were kept.
        points: labeled in the validation frames.
        split: text of its split.
    """

    folder: Path
    options: Mapping[str, Any]
    found: Mapping[str, float]
    points: int
    split: str

    @property
    def error(self) -> float:
        """Its validation error, in pixels; infinite where there is none."""
        return self.found.get(ERROR, float("inf"))


def read_member(folder: Path) -> Member:
    """Read what a finished run says of itself.

    Raises:
        FormatError: if a file of it is not there or damaged.
    """
    status, config = read(folder / STATUS, json.loads), read(folder / CONFIG, yaml.safe_load)
    kept = status.get("kept", {})
    found = {n: v for n, v in kept.items() if n.startswith("validation_") and v is not None}
    options = {name: value for name, value in leaves(config).items() if name not in NOT_COMPARED}
    return Member(folder, options, found, kept.get("points", 0), read(folder / SPLIT, str))


def leaves(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested options as one mapping, by dotted names."""
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def differing(members: Sequence[Member]) -> list[str]:
    """List the options in which members differ."""
    names = dict.fromkeys(name for member in members for name in member.options)
    return [n for n in names if len({repr(member.options.get(n)) for member in members}) > 1]


def settings(members: Iterable[Member]) -> list[list[Member]]:
    """Put members together that differ in their seed alone, in the order they come."""
    alike: dict[str, list[Member]] = {}
    for member in members:
        rest = {name: value for name, value in member.options.items() if name != "seed"}
        alike.setdefault(repr(sorted(rest.items())), []).append(member)
    return list(alike.values())
