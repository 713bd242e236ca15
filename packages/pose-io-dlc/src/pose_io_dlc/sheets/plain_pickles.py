"""Read a pickle that holds nothing but plain data; anything that would run code is refused.

PyTables keeps column names in pickled attributes and unpickles whatever it finds there, so a
foreign H5 file opened by `pandas.read_hdf` can run code. Genuine files need only lists, tuples,
text and numbers, which a pickle builds without naming a class or function.
"""

import io
import pickle
from typing import Any, NoReturn

from pose_io_dlc.errors import FormatError


class PlainUnpickler(pickle.Unpickler):
    """An unpickler that knows no classes and no functions."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        """Refuse: this is where a pickle would reach for code."""
        raise pickle.UnpicklingError(f"asks for {module_name}.{global_name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        """Refuse: plain data refers to nothing outside."""
        raise pickle.UnpicklingError("refers to something outside the file")


def loads_plain(pickled: bytes, where: str) -> Any:
    """Read a pickle of plain data.

    Raises:
        FormatError: if it is damaged, or asks for a class or function.
    """
    try:
        return PlainUnpickler(io.BytesIO(pickled)).load()
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to do
        raise FormatError(
            f"{where}: holds a pickle that is not plain data ({error}); not read, for safety"
        ) from error
