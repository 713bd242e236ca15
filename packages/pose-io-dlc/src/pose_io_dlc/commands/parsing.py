"""Options of the command, read so that a mistake is one line that says what to do."""

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import NoReturn

CHOICE = re.compile(r"argument COMMAND: invalid choice: '(?P<given>.*?)' \(.*")
NEEDED = "the following arguments are required: "


class Parser(argparse.ArgumentParser):
    """argparse, with one line for a usage error in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and which help to read; exit with status 2."""
        where = self.prog.replace(" ", ": ")
        self.exit(2, f"{where}: {in_plain_words(message, self)}; see {self.prog} --help\n")


def in_plain_words(message: str, parser: argparse.ArgumentParser) -> str:
    """Say argparse's messages as this package says its own."""
    if match := CHOICE.fullmatch(message):
        return f"unknown command {match['given']!r}{alike(match['given'], commands_of(parser))}"
    if message.startswith(NEEDED):
        return f"needs {message.removeprefix(NEEDED)}"
    message = re.sub(r"invalid (\w+) value: (.*)", r"\2 is no \1", message)
    message = re.sub(r"invalid choice: (.*?) \(choose from (.*)\)", r"\1 is none of \2", message)
    return message.removeprefix("argument ")


def commands_of(parser: argparse.ArgumentParser) -> list[str]:
    """List the subcommands of a parser."""
    found = [action.choices for action in parser._actions if action.dest == "command"]
    return [name for choices in found for name in choices or ()]


def alike(given: str, known: Sequence[str]) -> str:
    """Name what was probably meant."""
    close = difflib.get_close_matches(given, known, 1) or list(known)
    return f"; there is {', '.join(close)}" if close else ""


def refuse_rest(rest: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """Refuse what no option or argument took, in the name of the subcommand it was given to."""
    if not rest:
        return
    first = rest[0].partition("=")[0]
    if not first.startswith("-"):
        parser.error(f"{first!r} is one argument too many")
    known = [name for name in parser._option_string_actions if name.startswith("--")]
    close = difflib.get_close_matches(first, known, 1, cutoff=0.75)
    parser.error(f"unknown option {first}{f', did you mean {close[0]}?' if close else ''}")
