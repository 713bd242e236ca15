"""`pose-io-dlc check`: list everything that is wrong, and put the safe part of it right."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_io_dlc.commands.aligned import counted
from pose_io_dlc.commands.paths import quoted, refuse_missing

if TYPE_CHECKING:
    from pose_io_dlc.commands.checks.problems import Problem

MOST = 5
"""Problems of one kind shown for each file."""

EXAMPLES = """examples:
  pose-io-dlc check reach-ann-2026-01-05                    every file, config, image and video
  pose-io-dlc check CollectedData_ann.csv                   one file, and its H5 beside it
  pose-io-dlc check reach-ann-2026-01-05 --fix --dry-run    say what --fix would do
  pose-io-dlc check reach-ann-2026-01-05 --fix              do it; former files stay as NAME.bak

errors keep a file or project from being used as it is meant; warnings lose something on the way;
notes are only worth knowing. exit status: 0 without errors, 1 with some, 2 for mistaken options.
"""


def add_to(subparsers: Any) -> argparse.ArgumentParser:
    """Describe the options of `check`."""
    text = "list everything that is wrong with a project or a file, with the remedy"
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check", help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=EXAMPLES
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="project, folder or file")
    parser.add_argument(
        "--fix", action="store_true", help="put right what is safe; former files are kept as .bak"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --fix: only say what it would do"
    )
    parser.add_argument(
        "--all", action="store_true", help=f"list more than {MOST} problems of a kind"
    )
    parser.add_argument("--json", action="store_true", help="print all problems as JSON")
    return parser


def run(given: argparse.Namespace) -> int:
    """Print what is wrong; put it right where asked to.

    Raises:
        FormatError: if there is nothing to look at.
    """
    from pose_io_dlc.commands.checks.finding import find_problems

    if given.dry_run and not given.fix:
        given.parser.error("--dry-run says what --fix would do; give both")
    refuse_missing(given.path)
    if given.fix:
        return run_fix(given)
    problems = find_problems(given.path)
    if given.json:
        import json

        print(json.dumps([problem.as_json() for problem in problems], indent=2, ensure_ascii=False))
    else:
        show(given.path, problems, given.all)
    return status_of(problems)


def show(path: Path, problems: Sequence["Problem"], everything: bool) -> None:
    """Print problems, a count and the next step."""
    from pose_io_dlc.commands.checks.problems import shortened

    for line in shortened(problems, len(problems) if everything else MOST):
        print(line)
    print(f"{path}: {summary(problems)}")
    if fixable := sum(problem.fixable for problem in problems):
        print(f"next: {counted(fixable, 'of these can', 'of these can')} be put right safely; "
              f"see how with: pose-io-dlc check {quoted(path)} --fix --dry-run")  # fmt: skip
    elif not status_of(problems):
        print(f"next: pose-io-dlc info {quoted(path)}")


def summary(problems: Sequence["Problem"]) -> str:
    """Count problems by how bad they are."""
    counts = Counter(problem.level for problem in problems)
    return ", ".join(counted(counts[level], level) for level in ("error", "warning", "note"))


def status_of(problems: Sequence["Problem"]) -> int:
    """Give the exit status."""
    return int(any(problem.level == "error" for problem in problems))


def run_fix(given: argparse.Namespace) -> int:
    """Put right what is safe, say so per file, and say what is left."""
    from pose_io_dlc.commands.checks.finding import find_problems
    from pose_io_dlc.commands.checks.fixing import fixes_for

    done = 0
    for fix in fixes_for(given.path):
        if not given.dry_run:
            fix.apply(given.written)
        done += bool(fix.what)
        for line in fix.lines(given.dry_run):
            print(line)
    if given.dry_run:
        print(f"{given.path}: {counted(done, 'file')} to change; nothing was changed")
        command = f"pose-io-dlc check {quoted(given.path)} --fix"
        print(f"next: {command if done else 'nothing to do'}")
        return 0
    left = find_problems(given.path)
    print(f"{given.path}: {counted(done, 'file')} changed; left to a person:")
    show(given.path, [problem for problem in left if problem.level != "note"], given.all)
    return status_of(left)
