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
    section = mode.add_argument_group("options of the model")
    for field in fields(options):
        default = default_of(field)
        shown = "" if default is None or default == () else f" (default: {default})"
        text = f"{texts[field.name]}{shown}".replace("%", "%%").replace("`", "")
        section.add_argument(
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
    return options(**{name: hashable(one) for name, one in vars(given).items() if name in names})


def hashable(value: Any) -> Any:
    """Make the lists of argparse the tuples of options."""
    return tuple(value) if isinstance(value, list) else value


def reading(hint: Any, name: str) -> dict[str, Any]:
    """Say how argparse reads a value of a type."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(hint) is tuple and get_origin(get_args(hint)[0]) is tuple:
        inner = get_args(get_args(hint)[0])
        if int in inner:
            return {"type": frame_range, "nargs": "+", "metavar": "A:B"}
        many = Ellipsis in inner
        return {"type": group if many else pair, "nargs": "+", "metavar": "A,B"}
    if get_origin(hint) is tuple:
        return {"type": get_args(hint)[0], "nargs": "+", "metavar": "X"}
    return {"type": hint, "metavar": {int: "N", float: "X"}.get(hint, name.upper())}


def pair(text: str) -> tuple[str, str]:
    """Read two names with a comma between them.

    Raises:
        argparse.ArgumentTypeError: if it is not of that form.
    """
    first, found, second = text.partition(",")
    if not (found and first.strip() and second.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not two names, as elbow,wrist")
    return first.strip(), second.strip()


def group(text: str) -> tuple[str, ...]:
    """Read names with commas between them.

    Raises:
        argparse.ArgumentTypeError: if there are fewer than two.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if len(names) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not two names or more, as paw_l,paw_r")
    return names


def frame_range(text: str) -> tuple[int, int]:
    """Read the first frame of a range, and the one after its last.

    Raises:
        argparse.ArgumentTypeError: if it is not of that form.
    """
    first, _, last = text.partition(":")
    if not (first.isdigit() and last.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of frames, as 0:5000")
    return int(first), int(last)


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


def named(text: str) -> tuple[str, str]:
    """Read NAME=VALUE.

    Raises:
        argparse.ArgumentTypeError: if it is not of that form.
    """
    name, found, value = text.partition("=")
    if not (found and name.strip() and value.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value.strip()


def files_of_camera(text: str) -> tuple[str, list[Path]]:
    """Read NAME=FILE,FILE.

    Raises:
        argparse.ArgumentTypeError: if it is not of that form.
    """
    name, files = named(text)
    paths = [Path(file.strip()) for file in files.split(",") if file.strip()]
    if not paths:
        raise argparse.ArgumentTypeError(f"{text!r} names no file, as left=a.csv,b.csv does")
    return name, paths


CHUNK = 50_000
"""Frames beyond which a recording goes in chunks by itself."""


def add_chunk(mode: argparse.ArgumentParser) -> None:
    """Add the argument of modes that can smooth a recording some frames at a time."""
    mode.add_argument(
        "--chunk",
        type=int,
        metavar="FRAMES",
        help="longer recordings are smoothed some frames at a time, with arrays on the disk beside "
        "the output, some 300 bytes per frame and keypoint of a camera (default: "
        f"{CHUNK}, unless an option needs all frames at once)",
    )


def add_cameras(mode: argparse.ArgumentParser) -> None:
    """Add the arguments of modes with one file per camera and network."""
    mode.add_argument(
        "--camera",
        action="append",
        default=[],
        type=files_of_camera,
        metavar="NAME=FILE,FILE",
        help="a camera and its files, as left=a.csv,b.csv; once per camera (default: told from the "
        "names of the files)",
    )
    mode.add_argument(
        "--swap",
        action="append",
        default=[],
        metavar="NAME",
        help="a camera whose left keypoints are the others' right ones",
    )
    mode.add_argument(
        "--format",
        choices=("csv", "h5", "parquet"),
        default="csv",
        help="of the tables in the output folder (default: %(default)s)",
    )


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
    mode.add_argument("--overwrite", action="store_true", help="replace an output that is there")
    mode.add_argument("--plain", action="store_true", help="write x, y and likelihood alone")
    mode.add_argument(
        "--plot",
        type=Path,
        metavar="FOLDER",
        help="draw every keypoint's trace with networks, centre and 95 %% band "
        "(needs matplotlib: pose-eks[plot])",
    )
