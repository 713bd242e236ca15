"""What runs and ensembles are called: by their folders, with as much of the path as it takes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path


def unique_names(paths: Sequence[Path], between: str = "/") -> dict[str, Path]:
    """Name folders by the last parts of their paths, as many as tell them apart.

    Folders beside one another have equally many parts. One that is given twice counts once.

    Args:
        paths: the folders.
        between: what stands between the parts of a name.
    """
    given = {path.resolve(): path for path in reversed(paths)}
    order = list(dict.fromkeys(path.resolve() for path in paths))
    depths = {path.parent: 1 for path in order}
    while True:
        names = {path: between.join(path.parts[-depths[path.parent] :]) for path in order}
        counted = Counter(names.values())
        shared = {path.parent for path in order if counted[names[path]] > 1}
        if not (longer := {one for one in shared if depths[one] <= len(one.parts)}):
            return {names[path]: given[path] for path in order}
        depths |= {one: depths[one] + 1 for one in longer}


def ensemble_names(homes: Iterable[Path]) -> dict[Path, str]:
    """Name ensembles by the folders that hold them; the only one is called ""."""
    own = list(dict.fromkeys(homes))
    return dict.fromkeys(own, "") if len(own) < 2 else {p: n for n, p in unique_names(own).items()}
