"""Read a pickle that holds nothing but plain data; anything that would run code is refused.

PyTables keeps column names in pickled attributes and unpickles whatever it finds there, so a
foreign H5 file opened by `pandas.read_hdf` can run code. Genuine files need only lists, tuples,
text and numbers, which a pickle builds without naming a class or function.
"""

from typing import Any

from pose_io_dlc.errors import FormatError
from pose_io_dlc.pickle_machine import Machine, RefusedPickleError


def loads_plain(pickled: bytes, where: str) -> Any:
    """Read a pickle of plain data.

    Raises:
        FormatError: if it is damaged, or asks for a class or function.
    """
    try:
        return Machine(pickled, known={}).run()
    except RefusedPickleError as error:
        raise FormatError(
            f"{where}: holds a pickle that is not plain data ({error}); not read, for safety"
        ) from error
