"""Command lines out of options: their names, types, choices, defaults and help are written once."""

import argparse
import re
import sys
import types
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

Options = TypeVar("Options")


class OneLineParser(argparse.ArgumentParser):
    """A parser that says a mistake in one line, and where to read more."""

    def error(self, message: str) -> NoReturn:
        """Print the mistake and leave with status 2."""
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def add_options(mode: argparse.ArgumentParser, options: type) -> None:
    """Add an argument for every field of a dataclass of options.

    A field's help is what the docstring says of it under "Attributes:".
    """
    hints, texts = get_type_hints(options), attributes_of(options)
    group = mode.add_argument_group("options of the model")
    for field in fields(options):
        default = default_of(field)
        shown = "fitted" if default is None else default
        text = f"{texts[field.name]} (default: {shown})".replace("%", "%%")
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            dest=field.name,
            default=argparse.SUPPRESS,
            help=text,
            **reading(hints[field.name], field.name),
        )


def options_of(given: argparse.Namespace, options: type[Options]) -> Options:
    """Make the options of what was given on the command line.

    Raises:
        EksError: for a value that cannot be.
    """
    names = {field.name for field in fields(options)}  # type: ignore[arg-type]
    return options(**{name: value for name, value in vars(given).items() if name in names})


def reading(hint: Any, name: str) -> dict[str, Any]:
    """Say how argparse reads a value of a type."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(hint) is tuple:
        return {"type": get_args(hint)[0], "nargs": "+", "metavar": name.upper()}
    return {"type": hint, "metavar": {int: "N", float: "X"}.get(hint, name.upper())}


def default_of(field: "Field[Any]") -> Any:
    """Give the default of a field."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def attributes_of(options: type) -> dict[str, str]:
    """Read what the docstrings of a class and its bases say of each attribute."""
    texts: dict[str, str] = {}
    for one in reversed(options.__mro__):
        section = (one.__doc__ or "").partition("Attributes:")[2].partition("\n\n")[0]
        found = re.findall(r"^ {8}(\w+): (.*(?:\n {12,}.*)*)", section, re.MULTILINE)
        texts |= {name: " ".join(text.split()).rstrip(".") for name, text in found}
    return texts


def add_files(mode: argparse.ArgumentParser, output: str) -> None:
    """Add the arguments that all modes have: inputs, output, and what is written."""
    mode.add_argument(
        "predictions",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="predictions: .csv, .h5 or .parquet",
    )
    mode.add_argument("--output", required=True, type=Path, metavar="PATH", help=output)
    mode.add_argument("--force", action="store_true", help="replace an output that is there")
    mode.add_argument("--plain", action="store_true", help="write x, y and likelihood alone")
    mode.add_argument(
        "--plot",
        type=Path,
        metavar="FOLDER",
        help="draw every keypoint's trace with networks, centre and 95 %% band "
        "(needs matplotlib: pose-eks[plot])",
    )
