"""Projects, labels and predictions through whichever Format knows them; and atomic writing."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pose_core.errors import FormatError, PoseError
from pose_core.hookspecs import Format
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.project import Project


def open_project(path: Path, plugins: Plugins, format: str | None = None) -> Project:
    """Open the project in a folder, or the one a file of it belongs to.

    Args:
        path: the folder, or a file that a format knows its project by.
        plugins: where formats are looked up.
        format: name of the format; None detects it.

    Raises:
        FormatError: if there is nothing, no format or several know it, there is no label, or a
            labeled image is missing.
        ConfigError: if there is no format of the name.
    """
    project = called(project_format(path, plugins, format), "open_project")(path)
    if not len(project.labels) or not (project.labels.visibility > 0).any():
        raise FormatError(f"{path}: no frame has a label; label some before training")
    missing = [f for f in project.labels.frames if not project.image_path(f).is_file()]
    if missing:
        raise FormatError(
            f"{project.image_path(missing[0])}: listed in the labels, but there is no such image "
            f"({len(missing)} of {len(project.labels)} are missing); put them back, or remove their rows"
        )
    return project


def project_format(path: Path, plugins: Plugins, name: str | None = None) -> Format:
    """Choose the format to open a project with.

    Raises:
        FormatError: if there is nothing at the path, or no format or several know it.
        ConfigError: if there is no format of the name.
    """
    if name is not None:
        return plugins.find("format", name, "format")
    if not path.exists():
        raise FormatError(f"{path}: no such folder; give the folder of a project")
    known = detected(path, plugins)
    if not known:
        formats = ", ".join(plugins.names("format")) or "none; install pose-io-dlc"
        raise FormatError(f"{path}: not a project of a known format; known: {formats}")
    if len(known) > 1:
        names = " and ".join(repr(one.name) for one in known)
        raise FormatError(f"{path}: could be {names}; choose by format={known[0].name}")
    return known[0]


def detected(path: Path, plugins: Plugins) -> list[Format]:
    """List the formats that know a path."""
    every = [plugins.find("format", name) for name in plugins.names("format")]
    return [one for one in every if one.open_project is not None and one.detect(path)]


def called(format: Format, ability: str) -> Any:
    """Give one of a format's callables.

    Raises:
        FormatError: if the format cannot do it.
    """
    function = getattr(format, ability)
    if function is None:
        raise FormatError(f"format {format.name!r} cannot {ability.replace('_', ' ')}")
    return function


def read_labels(path: Path, plugins: Plugins, format: str) -> Labels:
    """Read a file of labels by a format."""
    return called(plugins.find("format", format, "format"), "read_labels")(path)


def read_predictions(path: Path, plugins: Plugins) -> Predictions:
    """Read a table of predictions, by its suffix.

    Raises:
        FormatError: if it is not there, or cannot be read.
    """
    if not path.is_file():
        raise FormatError(f"{path}: no such file; give a table of predictions")
    return called(format_of(path, plugins, "read_predictions"), "read_predictions")(path)


def write_predictions(path: Path, predictions: Predictions, plugins: Plugins) -> None:
    """Write a table of predictions, by its suffix, atomically.

    Raises:
        FormatError: if no format writes such files.
        PoseError: if it cannot be written.
    """
    write = called(format_of(path, plugins, "write_predictions"), "write_predictions")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, predictions)


def format_of(path: Path, plugins: Plugins, ability: str) -> Format:
    """Find the format for a file of predictions by its suffix.

    Raises:
        FormatError: if there is none.
    """
    every = [plugins.find("format", name) for name in plugins.names("format")]
    able = [one for one in every if getattr(one, ability) is not None]
    for one in able:
        if path.suffix.lower() in one.suffixes:
            return one
    known = ", ".join(sorted({suffix for one in able for suffix in one.suffixes}))
    raise FormatError(
        f"{path}: no format for {path.suffix or 'a name without a suffix'!r}; "
        f"known: {known or 'none; install pose-io-dlc'}"
    )


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, which takes the place of `path` at the end.

    If anything fails, the temporary file is removed and what was at `path` stays.

    Raises:
        PoseError: if the system cannot write it, such as on a full disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp{path.suffix}")
    try:
        with explained(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about a file that cannot be written into one line.

    Raises:
        PoseError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        advice = "free some space" if error.errno == errno.ENOSPC else "choose another place"
        raise PoseError(f"{path}: cannot be written ({error.strerror or error}); {advice}") from error
