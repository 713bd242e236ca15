"""The contract of commands: arguments with help, and help that costs nothing."""

import argparse
import inspect

import pytest

from pose_core.testing.suite import Conformance, modules_after


class CommandConformance(Conformance):
    """Builds the command's parser as `pose` does; does not run the command."""

    kind = "command"

    def parser(self) -> argparse.ArgumentParser:
        """Build the parser."""
        command = self.component
        parser = argparse.ArgumentParser(prog=f"pose {self.name}", epilog=command.epilog)
        command.add_arguments(parser)
        return parser

    def test_it_says_in_one_line_what_it_is_for(self) -> None:
        assert self.component.help.strip()
        assert "\n" not in self.component.help

    def test_every_argument_has_a_help(self) -> None:
        arguments = parser_arguments(self.parser())
        silent = [one.dest for one in arguments if not one.help and one.help != argparse.SUPPRESS]
        assert not silent, f"{silent} have no help"

    def test_the_help_can_be_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            self.parser().parse_args(["--help"])
        assert left.value.code == 0
        assert f"pose {self.name}" in capsys.readouterr().out

    def test_an_unknown_argument_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            self.parser().parse_args(["--no-such-argument-anywhere"])
        assert left.value.code == 2
        assert capsys.readouterr().err

    def test_it_runs_on_arguments_and_plugins(self) -> None:
        inspect.signature(self.component.run).bind("arguments", "plugins")

    def test_building_the_parser_imports_no_torch(self) -> None:
        code = (
            f"import argparse; from pose_core.plugins import Plugins; "
            f"one = Plugins().add({self.plugin!r}).find('command', {self.name!r}); "
            f"one.add_arguments(argparse.ArgumentParser())"
        )
        assert "torch" not in modules_after(code), f"{self.plugin}: import torch inside run"


def parser_arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """List the arguments of a parser and of its subcommands."""
    found: list[argparse.Action] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [one for sub in action.choices.values() for one in parser_arguments(sub)]
        else:
            found.append(action)
    return found
