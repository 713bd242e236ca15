"""A mapping of a config to a typed options dataclass; "did you mean" for what is misspelt."""

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pose_core.errors import ConfigError

T = TypeVar("T")


def suggest(name: str, known: Iterable[str]) -> str:
    """Say what a misspelt name was meant to be: "did you mean 'x'?" or what there is."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = ", ".join(sorted(known)[:12]) + (", ..." if len(known) > 12 else "")
    return f"known: {listed or 'none'}"


def fill(options: type[T], given: Mapping[str, Any], where: str) -> T:
    """Make options from a mapping; nested dataclasses are filled from nested mappings.

    Args:
        options: a dataclass whose fields all have defaults.
        given: field names to values, as a config has them.
        where: the config path, for the error, such as "losses.temporal"; "" for the whole config.

    Raises:
        ConfigError: for a name the dataclass has not, or a value of another type.
    """
    known = {field.name for field in fields(options)}  # type: ignore[arg-type]
    hints = get_type_hints(options)
    values = {}
    for name, value in given.items():
        if name not in known:
            what = f"{where}: unknown option" if where else "unknown option"
            raise ConfigError(f"{what} {name!r}; {suggest(name, known)}")
        values[name] = convert(value, hints[name], f"{where}.{name}" if where else name)
    try:
        return options(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error


def convert(value: Any, hint: Any, where: str) -> Any:
    """Give a config's value as the type a field asks for.

    Raises:
        ConfigError: if it cannot be one.
    """
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return convert_to_one_of(value, get_args(hint), where)
    if origin is Literal:
        if value in get_args(hint):
            return value
        hints = suggest(str(value), map(str, get_args(hint)))
        raise ConfigError(f"{where}: {value!r} is not one of {get_args(hint)}; {hints}")
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, Mapping):
        return fill(hint, value, where)
    if origin is tuple and isinstance(value, list | tuple):
        return convert_tuple(value, get_args(hint), where)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return dict(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if hint is float and is_whole:
        return float(value)
    # isinstance(True, int) holds, yet true is no number
    if isinstance(hint, type) and isinstance(value, hint) and (hint is not int or is_whole):
        return value
    raise ConfigError(f"{where}: {value!r} is not {readable(hint)}")


def convert_to_one_of(value: Any, hints: tuple[Any, ...], where: str) -> Any:
    """Convert to the first type of a union that takes the value."""
    if value is None and type(None) in hints:
        return None
    for hint in hints:
        if isinstance(hint, type) and type(value) is hint:
            return value
    for hint in hints:
        try:
            return convert(value, hint, where)
        except ConfigError:
            continue
    raise ConfigError(f"{where}: {value!r} is not {' or '.join(readable(hint) for hint in hints)}")


def convert_tuple(value: list[Any] | tuple[Any, ...], hints: tuple[Any, ...], where: str) -> Any:
    """Convert a list to a tuple of a fixed length, or of any."""
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(hints) != len(value):
        raise ConfigError(f"{where}: {list(value)!r} needs {len(hints)} values")
    return tuple(convert(v, h, where) for v, h in zip(value, hints, strict=True))


def readable(hint: Any) -> str:
    """Name a type as a person would."""
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    if hint is type(None):
        return "null"
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        count = "" if parts[-1] is Ellipsis else f"{len(parts)} values, each "
        return f"a list of {count}{readable(parts[0])}"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping, as in {name: value}"
    return names.get(hint, str(hint).removeprefix("<class '").removesuffix("'>"))


def defaults(options: type) -> dict[str, Any]:
    """List the fields of an options dataclass with their defaults.

    Raises:
        TypeError: if a field has none.
    """
    values = {}
    for field in fields(options):
        if field.default is not MISSING:
            values[field.name] = field.default
        elif field.default_factory is not MISSING:
            values[field.name] = field.default_factory()
        else:
            raise TypeError(f"{options.__name__}.{field.name} has no default")
    return values
