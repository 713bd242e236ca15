"""What finished runs say of themselves: options, and what validation found."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pose_core.errors import FormatError
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
        split: the lines of its split that say what it was validated on.
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
    status, config = mapping(folder / STATUS, json.loads), mapping(folder / CONFIG, yaml.safe_load)
    kept = status.get("kept", {})
    found = {n: v for n, v in kept.items() if n.startswith("validation_") and v is not None}
    options = {name: value for name, value in leaves(config).items() if name not in NOT_COMPARED}
    split = sorted(line for line in read(folder / SPLIT, str.splitlines) if is_validated(line))
    return Member(folder, options, found, kept.get("points", 0), "\n".join(split))


def mapping(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    """Read a file of a run that holds names and values.

    Raises:
        FormatError: if it is not there, is damaged, or holds something else or nothing.
    """
    held = read(path, parse)
    if not isinstance(held, dict):
        raise FormatError(f"{path}: holds no names and values; restore it, or train again")
    return held


def is_validated(line: str) -> bool:
    """Say whether a line of a split is that of a frame to validate on."""
    return line.endswith(",validation")


def leaves(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested options as one mapping, by dotted names."""
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def differing(options: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the options that are not the same in all runs, by their dotted names."""
    names = dict.fromkeys(name for own in options for name in own)
    return [n for n in names if len({repr(own.get(n)) for own in options}) > 1]


def settings(members: Iterable[Member]) -> list[list[Member]]:
    """Put members together that differ in their seed alone, in the order they come."""
    alike: dict[str, list[Member]] = {}
    for member in members:
        rest = {name: value for name, value in member.options.items() if name != "seed"}
        alike.setdefault(repr(sorted(rest.items())), []).append(member)
    return list(alike.values())
