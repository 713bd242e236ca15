"""What DeepLabCut's pickles ask for by name, and what they get: plain data in its place.

numpy moved its modules with version 2, pathlib with Python 3.13; both names are known.
"""

import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from pose_io_dlc.pickle_machine import Pending, RefusedPickleError, StandIn

KINDS = re.compile(r"b1|i[1248]|u[1248]|f[248]|S\d{1,6}|U\d{1,6}|O8?")
"""Kinds of numbers and texts an array can hold; no fields, no dates, no pointers but `objects`."""

OBJECTS = "objects"
"""Stands for the kind of an array of Python objects, which becomes a plain list."""

MOST_AXES = 8


def kind_begun(code: Any, align: Any = False, copy: Any = True) -> Pending:
    """Begin the kind of an array: its byte order comes later."""
    if not isinstance(code, str) or not KINDS.fullmatch(code):
        raise RefusedPickleError(f"has an array of kind {str(code)[:40]!r}")
    return Pending(lambda state: kind_finished(code, state))


def kind_finished(code: str, state: Any) -> Any:
    """Finish the kind of an array; (version, byte order, no fields, ...) is what there is."""
    if type(state) is not tuple or len(state) < 5 or state[2:5] != (None, None, None):
        raise RefusedPickleError("has an array with fields")
    if code.startswith("O"):
        return OBJECTS
    order = state[1]
    return np.dtype(code if order == "|" else f"{order}{code}" if order in ("<", ">", "=") else "")


def array_begun(cls: Any, shape: Any, code: Any) -> Pending:
    """Begin an array, as numpy does without protocol 5; all of it comes later."""
    return Pending(array_of_state)


def array_of_state(state: Any) -> Any:
    """Finish an array from (version, shape, kind, Fortran order, content)."""
    if type(state) is not tuple or len(state) != 5:
        raise RefusedPickleError("has an array without content")
    _, shape, kind, fortran, content = state
    return array(content, kind, shape, "F" if fortran else "C")


def array(content: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> Any:
    """Make an array, without a copy, of bytes that are all there; of objects, a flat list."""
    if type(shape) is not tuple or len(shape) > MOST_AXES or not all(map(is_count, shape)):
        raise RefusedPickleError(
            f"has an array of shape {str(shape)[:80] if is_flat(shape) else '?'}"
        )
    count = math.prod(shape)
    if kind is OBJECTS or not isinstance(kind, np.dtype):
        return objects(content, count) if kind is OBJECTS else refuse_kind(kind)
    if not isinstance(content, bytes) or len(content) != count * kind.itemsize:
        raise RefusedPickleError(f"has an array of shape {shape} whose content is not as long")
    whole = np.ndarray(shape, kind, content, order="F" if order == "F" else "C")
    return whole if axes is None else whole.transpose(axes)


def is_flat(shape: Any) -> bool:
    """Say whether something can be shown in an error without going deep."""
    return type(shape) is tuple and all(type(length) is int for length in shape)


def is_count(length: Any) -> bool:
    """Say whether something is a length."""
    return type(length) is int and 0 <= length < 1 << 40


def objects(content: Any, count: int) -> list[Any]:
    """Give the objects of an array."""
    if type(content) is not list or len(content) != count:
        raise RefusedPickleError("has an array of objects whose content is not as long")
    return content


def refuse_kind(kind: Any) -> Any:
    """Refuse an array of an unfinished kind."""
    raise RefusedPickleError(f"has an array of {type(kind).__name__}")


def scalar(kind: Any, content: Any = b"") -> Any:
    """Make one plain number or text."""
    return array(content, kind, (1,), "C").tolist()[0] if kind is not OBJECTS else refuse_kind(kind)


def posix_path(*parts: Any) -> PurePosixPath:
    """Make a path that can only be looked at."""
    return PurePosixPath(*map(as_text, parts))


def windows_path(*parts: Any) -> PureWindowsPath:
    """Make a path of Windows, on any system."""
    return PureWindowsPath(*map(as_text, parts))


def as_text(part: Any) -> str:
    """Refuse what is no text."""
    if not isinstance(part, str):
        raise RefusedPickleError(f"has a {type(part).__name__} in a path")
    return part


def value_of_enum(value: Any) -> Any:
    """Give the value of a choice, which DeepLabCut's are told by."""
    return as_text(value)


def index(cls: Any, content: Any) -> Any:
    """Give what a pandas index is made of: data and name, or levels, codes and names."""
    if type(content) is not dict:
        raise RefusedPickleError("has an index without content")
    return content


def as_list(content: Any = ()) -> list[Any]:
    """Give a list that cannot be changed as one that can."""
    if type(content) not in (list, tuple):
        raise RefusedPickleError(f"makes a list of a {type(content).__name__}")
    return list(content)


def empty_dict(*given: Any) -> dict[Any, Any]:
    """Begin a dict whose items can also be had as attributes."""
    return {}


def in_modules(modules: tuple[str, ...], names: Mapping[str, StandIn | None]) -> dict[str, Any]:
    """List names under each module they can be in."""
    return {f"{module}.{name}": known for module in modules for name, known in names.items()}


KNOWN: dict[str, StandIn | None] = {
    **in_modules(("numpy",), {"dtype": kind_begun, "ndarray": None}),
    **in_modules(
        ("numpy.core.multiarray", "numpy._core.multiarray"),
        {"_reconstruct": array_begun, "scalar": scalar},
    ),
    **in_modules(("numpy.core.numeric", "numpy._core.numeric"), {"_frombuffer": array}),
    **in_modules(
        ("pathlib", "pathlib._local"),
        {
            "PosixPath": posix_path,
            "PurePosixPath": posix_path,
            "WindowsPath": windows_path,
            "PureWindowsPath": windows_path,
        },
    ),
    **in_modules(
        ("deeplabcut.pose_estimation_pytorch.config.enums",),
        {"NetType": value_of_enum, "MethodType": value_of_enum},
    ),
    **in_modules(("pandas.core.indexes.base",), {"_new_Index": index, "Index": None}),
    **in_modules(("pandas",), {"Index": None, "MultiIndex": None}),  # so named from pandas 3 on
    **in_modules(("pandas.core.indexes.multi",), {"MultiIndex": None}),
    **in_modules(("pandas.core.indexes.frozen",), {"FrozenList": as_list}),
    **in_modules(("easydict",), {"EasyDict": empty_dict}),
}
"""All that a pickle can ask for."""
