"""Which files are of other tools, and what reads and writes them.

`bridge_of` is asked first: what it does not know is a table of this family, by its suffix.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pose_io_dlc.bridges.grid import Table
from pose_io_dlc.bridges.movement import read_movement, write_movement
from pose_io_dlc.bridges.sleap import write_slp
from pose_io_dlc.bridges.sleap_analysis import is_analysis, read_analysis, write_analysis
from pose_io_dlc.bridges.sleap_reading import read_slp


@dataclass(frozen=True)
class Bridge:
    """One kind of file of another tool.

    Attributes:
        name: of the kind, for people.
        suffix: of its files.
        read: gives the table of a file; raises FormatError.
        write: writes a table and gives what could not be kept, one line each; raises FormatError.
        takes: what of a Project `write` also takes, by name: `edges`, `symmetric`.
    """

    name: str
    suffix: str
    read: Callable[[Path], Table]
    write: Callable[..., list[str]]
    takes: tuple[str, ...] = ()


BRIDGES = (
    Bridge("SLEAP", ".slp", read_slp, write_slp, ("edges", "symmetric")),
    Bridge("SLEAP analysis", ".analysis.h5", read_analysis, write_analysis, ("edges",)),
    Bridge("movement netCDF", ".nc", read_movement, write_movement),
)


def bridge_of(path: Path | str) -> Bridge | None:
    """Find who reads and writes a file, by its suffix; None where it is not of another tool.

    An H5 file that is there is known by what is in it, whatever its name.
    """
    path = Path(path)
    name = path.name.lower()
    found = next((one for one in BRIDGES if name.endswith(one.suffix)), None)
    if found is None and name.endswith(".h5") and is_analysis(path):
        return next(one for one in BRIDGES if one.read is read_analysis)
    return found
