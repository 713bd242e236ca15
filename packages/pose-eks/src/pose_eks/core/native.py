"""Kernels as machine code that runs without numba.

numba takes a second to start, longer than a short recording takes to smooth; llvmlite, by which it
makes its code, takes a twentieth of that. So what numba compiled is made into an object file that
needs nothing but the C library (`pose_eks.core.exported`), and is loaded and called here.

- The code is numba's own: results are the same to the last bit.
- It is called as numba calls it, status = kernel(result, error, arguments), with every structure
  taken apart into words. An array is (owner, parent, size, bytes of an item, address, shape,
  strides); those that are handed in have no owner, so that their references are not counted.
- A kernel's result is made of words too. Its arrays are freed with the last reference to them.

Source: numba's developer manual, "Notes on the runtime" and "Notes on the calling conventions".
"""

import ctypes
import json
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

SYMBOL = "pose_eks_kernel"
FREE = "NRT_decref"
"""numba's name of what gives up a reference to an owner of memory."""
ROWS, COLUMNS = 0x1, 0x2  # numpy's flags: contiguous as C, and as Fortran
FLAGS = ROWS | COLUMNS | 0x100 | 0x400  # and aligned, and writeable
FINE = (0, -2)  # numba's status of a result, and of None
NUMBERS: dict[type, tuple[str, type]] = {
    bool: ("?", bool),
    np.bool_: ("?", bool),
    int: ("q", int),
    np.int64: ("q", int),
    float: ("d", float),
    np.float64: ("d", float),
}
C_TYPES: dict[str, Any] = {"?": ctypes.c_bool, "q": ctypes.c_int64, "d": ctypes.c_double}
POINTER = ctypes.c_void_p
LIBRARIES = count()
LOADED: list[Any] = []
"""What holds the code in this process."""


class UnfitError(Exception):
    """A kernel, or what it is given, cannot be handled here; numba can."""


class Words(NamedTuple):
    """Arguments taken apart.

    Attributes:
        kinds: what they are, as far as the code depends on it.
        codes: of every word, as `struct` names it: ?, q or d.
        values: the words.
    """

    kinds: list[str]
    codes: list[str]
    values: list[Any]


def words_of(arguments: tuple[Any, ...]) -> Words:
    """Take arguments apart.

    Raises:
        UnfitError: if one is neither a number nor an array of numbers, nor a tuple of such.
    """
    words = Words([], [], [])
    for argument in arguments:
        take_apart(argument, words)
    return words


def take_apart(value: Any, words: Words) -> None:
    """Add a value to the words."""
    kind = type(value)
    if kind is np.ndarray:
        take_array(value, words)
    elif kind in NUMBERS:
        code, plain = NUMBERS[kind]
        words.kinds.append(code)
        words.codes.append(code)
        words.values.append(plain(value))
    elif issubclass(kind, tuple):
        words.kinds.append(f"{kind.__module__}.{kind.__qualname__}{getattr(kind, '_fields', '')}(")
        for item in value:
            take_apart(item, words)
        words.kinds.append(")")
    else:
        raise UnfitError(f"an argument is of type {kind}")


def take_array(value: np.ndarray, words: Words) -> None:
    """Add an array to the words."""
    dtype = value.dtype
    if dtype.kind not in "biuf" or not dtype.isnative:
        raise UnfitError(f"an array is of type {dtype}")
    flags = value.flags.num & FLAGS
    if flags & ROWS:  # numba takes it as that, whatever else it is
        flags &= ~COLUMNS
    words.kinds.append(f"{dtype.str}{value.ndim}:{flags}")
    own = (0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides)
    words.codes.extend("q" * len(own))
    words.values.extend(own)


class Native:
    """The machine code of a kernel, in this process.

    Args:
        content: what `pose_eks.core.exported` gives.
        codes: of the words that it is called with.

    Raises:
        UnfitError: if there is no code, or it cannot be loaded.
    """

    def __init__(self, content: bytes, codes: list[str]) -> None:
        head, _, image = content.partition(b"\n")
        if not image:
            raise UnfitError("there is no machine code")
        kernel, free = linked(image)
        types = [C_TYPES[code] for code in codes]
        self.kernel = ctypes.CFUNCTYPE(ctypes.c_int32, POINTER, POINTER, *types)(kernel)
        self.free = ctypes.CFUNCTYPE(None, POINTER)(free)
        self.result = json.loads(head)
        self.size = size_of(self.result)

    def __call__(self, values: list[Any]) -> Any:
        """Run; other threads run meanwhile.

        Raises:
            UnfitError: if the kernel raises an error; numba can say which.
        """
        room, error = (ctypes.c_int64 * self.size)(), ctypes.c_void_p()
        if self.kernel(ctypes.addressof(room), ctypes.addressof(error), *values) not in FINE:
            raise UnfitError("the kernel raises an error")
        return self.read(self.result, iter(room))

    def read(self, result: Any, words: Iterator[int]) -> Any:
        """Put a result together; see `exported.described`."""
        if isinstance(result, list):
            return tuple([self.read(part, words) for part in result])
        if isinstance(result, dict):
            return self.read_array(result["array"], result["axes"], words)
        word = next(words)
        if result == "d":
            return struct.unpack("d", struct.pack("q", word))[0]
        return {"?": bool(word & 1), "q": word, "": None}[result]

    def read_array(self, dtype: str, axes: int, words: Iterator[int]) -> np.ndarray:
        """Put an array together."""
        owner, _, _, _, address, *rest = [next(words) for _ in range(5 + 2 * axes)]
        memory = Memory(owner, self.free)
        memory.__array_interface__ = {
            "data": (address, False),
            "shape": tuple(rest[:axes]),
            "strides": tuple(rest[axes:]),
            "typestr": dtype,
            "version": 3,
        }
        return np.asarray(memory) if owner else np.array(memory)  # without: that of an argument


class Memory:
    """An array's memory, which goes when nobody refers to it."""

    __array_interface__: dict[str, Any]

    def __init__(self, owner: int, free: Callable[[int], None]) -> None:
        self.owner, self.free = owner, free

    def __del__(self) -> None:
        """Free it."""
        self.free(self.owner)


def size_of(result: Any) -> int:
    """Give the number of a result's words."""
    if isinstance(result, list):
        return sum(map(size_of, result))
    return 5 + 2 * result["axes"] if isinstance(result, dict) else 1


def linked(image: bytes) -> tuple[int, int]:
    """Load an object file for good; give the addresses of its kernel and of what frees memory.

    Raises:
        UnfitError: if it needs what this process does not have.
    """
    builder = llvm.JITLibraryBuilder().add_object_img(image).add_current_process()
    builder.export_symbol(SYMBOL).export_symbol(FREE)
    try:
        library = builder.link(linker(), f"kernel{next(LIBRARIES)}")
    except RuntimeError as error:
        raise UnfitError(str(error)) from error
    LOADED.append(library)
    return library[SYMBOL], library[FREE]


@cache
def linker() -> Any:
    """Give what loads code into this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_lljit_compiler(suppress_errors=True)


def processor() -> str:
    """Name the processor that code is made for."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
