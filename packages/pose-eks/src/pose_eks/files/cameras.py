"""Which file is of which camera: told from the names of the files, or said by the user.

The names of one recording differ in two things, the camera and the network: `mouse.left.rng=0.csv`.
Names are cut into words, and the word that says the camera is found by what the words are.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from pose_eks.errors import EksError

Cameras = dict[str, list[Path]]
"""Camera to its files, one per network, in the same order of networks."""

SEPARATORS = (r"[.\s_/]+", r"[.\s_/-]+")
"""Between the words of a path; a hyphen only where the words then say more, as in `left-0`."""

CAMERA = re.compile(
    r"(cam|camera|view)[-=]?\w*|left|right|top|bottom|bot|side|front|back|below|above|body"
    r"|dorsal|ventral|lateral|overhead",
    re.IGNORECASE,
)
"""A word that says a camera."""

NETWORK = re.compile(
    r"(rng|seed|net|network|model|member|run|fold|shuffle|split|snapshot|ensemble|version|v)"
    r"[-=]?\d*|[-=]?\d+",
    re.IGNORECASE,
)
"""A word that says a network."""


def given_cameras(pairs: Sequence[tuple[str, list[Path]]]) -> Cameras:
    """Collect cameras as a user names them.

    Raises:
        EksError: if a file is given to two cameras.
    """
    cameras: Cameras = {}
    owner: dict[Path, str] = {}
    for name, files in pairs:
        for file in files:
            if owner.setdefault(file, name) != name or file in cameras.get(name, []):
                raise EksError(
                    f"{file}: is given to camera {owner[file]!r} and to {name!r}; give it once"
                )
            cameras.setdefault(name, []).append(file)
    return cameras


def tell_cameras(paths: Sequence[Path], known: Sequence[str] = ()) -> Cameras:
    """Tell the cameras of files from their names.

    Args:
        paths: of all cameras and networks.
        known: names of cameras, as a calibration has them; they must stand in the file names as
            whole words.

    Raises:
        EksError: if names do not tell; says what differs in them.
    """
    if known:
        return by_known_names(paths, known)
    for fits in (says_camera, says_no_network):
        for separators in SEPARATORS:
            words = words_of(paths, separators)
            if (place := camera_place(words, fits)) is not None:
                return grouped(paths, words, place)
    raise EksError(
        f"{paths[0]}: its name and those of the {len(paths) - 1} other files do not tell the "
        f"cameras ({what_differs(paths)}); say them as --camera left=FILE,FILE --camera right=..."
    )


def words_of(paths: Sequence[Path], separators: str) -> list[list[str]]:
    """Cut each path, below the folder that all share, into words."""
    if len(paths) < 2:
        return [re.split(separators, path.stem) for path in paths]
    shared = os.path.commonpath([path.parent for path in paths])
    texts = [path.with_suffix("").relative_to(shared).as_posix() for path in paths]
    return [re.split(separators, text) for text in texts]


def says_camera(word: str) -> bool:
    """Say whether a word is one that cameras are named by."""
    return CAMERA.fullmatch(word) is not None


def says_no_network(word: str) -> bool:
    """Say whether a word without digits is none that networks are told apart by."""
    return NETWORK.fullmatch(word) is None and not re.search(r"\d", word)


def camera_place(words: Sequence[Sequence[str]], fits: Callable[[str], bool]) -> int | None:
    """Find the one word that differs and fits everywhere; None where none or several do."""
    if len({len(row) for row in words}) != 1:
        return None
    columns = [list(dict.fromkeys(column)) for column in zip(*words, strict=True)]
    found = [
        place for place, values in enumerate(columns) if len(values) > 1 and all(map(fits, values))
    ]
    return found[0] if len(found) == 1 else None


def grouped(paths: Sequence[Path], words: Sequence[Sequence[str]], place: int) -> Cameras:
    """Sort the files by camera, and each camera's by the rest of the name."""
    cameras: dict[str, list[tuple[list[str], Path]]] = {}
    for path, row in zip(paths, words, strict=True):
        rest = [word for number, word in enumerate(row) if number != place]
        cameras.setdefault(row[place], []).append((rest, path))
    return {name: [path for _, path in sorted(cameras[name])] for name in sorted(cameras)}


def by_known_names(paths: Sequence[Path], known: Sequence[str]) -> Cameras:
    """Sort the files by the camera that their name contains as a whole word.

    Raises:
        EksError: if a file names none or several.
    """
    cameras: Cameras = {}
    for path in sorted(paths):
        found = [name for name in known if holds_word(path.stem, name)]
        longest = [
            name for name in found if not any(name in other for other in found if other != name)
        ]
        if len(longest) != 1:
            names = ", ".join(map(repr, longest or known))
            what = "names several cameras" if longest else "names no camera"
            raise EksError(f"{path}: {what} ({names}); say which as --camera NAME=FILE,FILE")
        cameras.setdefault(longest[0], []).append(path)
    return {name: cameras[name] for name in known if name in cameras}


def holds_word(text: str, word: str) -> bool:
    """Say whether a text contains a word that no letter or digit touches."""
    edges = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
    return re.search(edges.format(re.escape(word)), text, re.IGNORECASE) is not None


def what_differs(paths: Sequence[Path]) -> str:
    """Say in which words names differ, for an error."""
    words = words_of(paths, SEPARATORS[0])
    if len({len(row) for row in words}) != 1:
        return "they have different numbers of words"
    columns = [list(dict.fromkeys(column)) for column in zip(*words, strict=True)]
    varying = [values for values in columns if len(values) > 1]
    return "they differ in " + " and ".join("/".join(values[:4]) for values in varying)
