"""What is odd but leaves the rest usable: one line each, to whoever wants to hear it."""

from collections.abc import Callable

Say = Callable[[str], None]


def warn(line: str) -> None:
    """Print a warning."""
    print(f"warning: {line}")


def once(say: Say = warn) -> Say:
    """Give what says every line the first time only."""
    said: set[str] = set()

    def say_once(line: str) -> None:
        if line not in said:
            said.add(line)
            say(line)

    return say_once
