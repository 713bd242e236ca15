"""Compile kernels, and keep them on disk from one run to the next.

A kernel's first call with a kind of arguments compiles it by numba and keeps the machine code
(`pose_eks.core.kept`), which later processes run without importing numba (`pose_eks.core.native`).
numba itself runs a kernel that needs more of it than memory, and all of them where machine code
alone is not known to run, which is anywhere but Linux, or where the environment has numba's
switches.

Without numba, or with POSE_EKS_NUMBA=0 in the environment, kernels stay plain Python and `COMPILED`
is False; who has a way through numpy then takes it.
"""

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pose_eks.core import kept

if TYPE_CHECKING:
    from pose_eks.core.native import Native, Words

F = TypeVar("F", bound=Callable[..., object])

HOW: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
"""How numba compiles; division by zero gives inf or NaN as in numpy."""
HARMLESS = {"NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"}  # of numba's switches
COMPILING = RLock()


def keeps() -> bool:
    """Say whether machine code is kept: where it is known to run, and numba is as it comes."""
    switches = {name for name in os.environ if name.startswith("NUMBA_")}
    return sys.platform == "linux" and switches <= HARMLESS and bool(kept.folders())


def is_there() -> bool:
    """Say whether numba is there and runs; it did where code is kept, else it is tried."""
    if KEEPS and find_spec("numba") is not None and kept.begun():
        return True
    try:
        import numba  # noqa: F401
    except ImportError:
        warnings.warn(
            'numba is missing: smoothing is slower; run "pip install numba"',
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


WANTED = os.environ.get("POSE_EKS_NUMBA") != "0"
KEEPS = WANTED and keeps()
COMPILED = WANTED and is_there()


def compiled(function: F) -> F:
    """Compile a kernel on its first call.

    Kernels take numbers, arrays and tuples of them, by position. They may call kernels of their own
    file and of `pose_eks.core`.
    """
    return cast("F", Kernel(function)) if COMPILED else function


class Kernel:
    """A function that is compiled on its first call."""

    def __init__(self, function: Callable[..., object]) -> None:
        update_wrapper(self, function)
        self.function = function
        self.loaded: dict[tuple[str, ...], Native | None] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run, by numba where machine code alone does not do."""
        if KEEPS:
            from pose_eks.core.native import UnfitError, words_of

            with suppress(UnfitError):
                words = words_of(arguments)
                native = self.native(words, arguments)
                if native is not None:
                    return native(words.values)
        with COMPILING:
            dispatcher = self.dispatcher
        return dispatcher(*arguments)

    def native(self, words: "Words", arguments: tuple[Any, ...]) -> "Native | None":
        """Give the machine code for a kind of arguments; None where there can be none."""
        kinds = tuple(words.kinds)
        if kinds not in self.loaded:
            with COMPILING:  # who waited for another thread finds it done
                if kinds not in self.loaded:
                    self.loaded[kinds] = self.load(words, arguments)
        return self.loaded[kinds]

    def load(self, words: "Words", arguments: tuple[Any, ...]) -> "Native | None":
        """Load what is kept, or make it and keep it; that there can be none is kept too."""
        from pose_eks.core.native import Native, UnfitError

        try:
            name = self.file_name(words)
            content = kept.found(name)
            if content is None:
                content = self.exported(arguments)
                kept.keep(name, content)
            return Native(content, words.codes)
        except UnfitError:
            return None

    def file_name(self, words: "Words") -> str:
        """Name what the machine code depends on, besides what the folder is named for.

        Raises:
            UnfitError: if that is not known.
        """
        from pose_eks.core.native import UnfitError, processor

        code = self.function.__code__
        if self.function.__closure__:
            raise UnfitError("the function has another's variables")
        try:
            source = Path(code.co_filename).read_bytes()
        except OSError as error:
            raise UnfitError("the source is not in a file") from error
        rest = repr((words.kinds, processor(), code.co_firstlineno, source))
        return f"{code.co_name}-{kept.digest(rest.encode())}"

    def exported(self, arguments: tuple[Any, ...]) -> bytes:
        """Compile, and give the machine code alone; nothing where that cannot be."""
        from numba import typeof

        signature = tuple(map(typeof, arguments))
        dispatcher = self.dispatcher
        dispatcher.compile(signature)
        if dispatcher.stats.cache_hits[signature]:  # numba kept it without what is needed here
            dispatcher = njit()(**HOW)(self.function)
            dispatcher.compile(signature)
        try:
            from pose_eks.core.exported import exported

            return exported(dispatcher, signature)
        except Exception:  # whatever another release of numba comes to
            return b""

    @cached_property
    def dispatcher(self) -> Any:
        """The function as numba compiles it.

        It is kept beside the module, or in the user's cache folder where the install cannot be
        written (numba looks there itself); where neither can be, it is compiled anew in every
        process.
        """
        try:
            dispatcher = njit()(cache=True, **HOW)(self.function)
        except RuntimeError:  # no folder for the cache
            return njit()(**HOW)(self.function)
        forgive_stale(dispatcher)
        return dispatcher


@cache
def njit() -> Any:
    """Give numba's decorator, when numba knows that kernels may call kernels."""
    import numba
    from numba.extending import typeof_impl

    @typeof_impl.register(Kernel)
    def type_of(kernel: Kernel, context: Any) -> Any:
        return numba.types.Dispatcher(kernel.dispatcher)

    return numba.njit


def forgive_stale(dispatcher: Any) -> None:
    """Compile anew where what was kept on disk cannot be read.

    An index names the types of arguments, which another release of this package may not have; numba
    reads it before it looks whether the source is still the same, and would fail.
    """
    cache = dispatcher._cache
    load = cache.load_overload

    def load_or_forget(signature: Any, context: Any) -> Any:
        try:
            return load(signature, context)
        except Exception:  # whatever a stale pickle comes to
            with suppress(OSError):
                Path(cache._cache_file._index_path).unlink()
            return None

    cache.load_overload = load_or_forget
