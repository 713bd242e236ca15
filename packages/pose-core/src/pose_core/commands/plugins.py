"""`pose plugins`: every component, where it came from, and why one cannot be used here."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pose_core.plugins import Plugins, Provided

HELP = "list components, their origin, and why one is unavailable"
EPILOG = ""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare that it takes nothing."""


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Print the components as a table, then what could not be loaded."""
    from pose_core.reports.tables import Table, table_text

    every = plugins.components()
    count = Counter((one.kind, one.component.name) for one in every)
    rows = [
        [one.kind, one.component.name, one.distribution, one.version, note(one, count)]
        for one in every
    ]
    print(table_text(Table.of(("kind", "component", "distribution", "version", "note"), rows)))
    for broken in plugins.broken:
        print(f"not loaded: {broken}; uninstall it, or ask who made it")
    return 0


def note(one: "Provided", count: "Counter[tuple[str, str]]") -> str:
    """Say why a component cannot be used here, if it cannot."""
    from pose_core.video.readers import advised, why_not

    if count[one.kind, one.component.name] > 1:
        return "provided twice: uninstall one"
    if one.kind == "video_reader":
        reason = why_not(one.component)
        if reason:
            return f"unavailable: {reason}"
        wanted, why = advised(one.component)
        return f"available: {why}" if wanted else f"only if asked for: {why}"
    return ""
