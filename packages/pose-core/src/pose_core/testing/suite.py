"""What every suite checks: one registration, options that help, an import that costs nothing."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, ClassVar

import pytest

from pose_core.errors import ConfigError
from pose_core.hookspecs import GROUP
from pose_core.options import defaults, fill
from pose_core.plugins import Plugins, Provided


def refuse_overrides(cls: type) -> None:
    """Refuse a class that replaces a standard test without saying why.

    Raises:
        TypeError: naming the test and the way out.
    """
    if is_standard(cls):
        return
    for name, replacement in vars(cls).items():
        standard = next(
            (base for base in cls.__mro__[1:] if is_standard(base) and name in vars(base)), None
        )
        if standard and name.startswith("test_") and not is_excused(replacement):
            raise TypeError(
                f"{cls.__name__}.{name}: overrides a standard test of {standard.__name__}; "
                f"mark it with pytest.mark.xfail(reason=...) or give it another name"
            )


def is_standard(cls: type) -> bool:
    """Say whether a class is one of the shipped suites."""
    return cls.__module__.startswith("pose_core.testing.")


def is_excused(test: Any) -> bool:
    """Say whether a test is marked as failing, with a reason."""
    marks = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)


def undocumented(options: type) -> list[str]:
    """List the fields that the docstrings of a dataclass and its bases do not mention."""
    classes = [one for one in options.__mro__ if one is not object]
    written = [
        text
        for one in classes
        if not (text := one.__doc__ or "").startswith(f"{one.__name__}(")  # what @dataclass writes
    ]
    names = [field.name for field in fields(options)]
    return [name for name in names if not re.search(rf"\b{name}\b", "\n".join(written))]


def misspell(name: str, known: list[str]) -> str:
    """Give a name that is no option, nearest to one."""
    misspelt = name + name[-1]
    return misspelt if misspelt not in known else misspell(misspelt, known)


@lru_cache  # the components of one plugin ask the same
def modules_after(code: str) -> frozenset[str]:
    """Run a statement in a fresh interpreter and name the modules it imported."""
    listing = f"{code}\nimport sys\nprint('modules:', *sys.modules, sep='\\n')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(
        [sys.executable, "-c", listing],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, f"{code}: {ran.stderr.strip()}"
    return frozenset(ran.stdout.split("modules:\n")[-1].split())


class Conformance:
    """The part of the contract that every component keeps.

    A subclass of a suite names the plugin's module and the component:
    `plugin, name = "my_package.plugin", "mine"`. It may add tests, but not override a standard one,
    unless marked `pytest.mark.xfail(reason=...)`.

    Attributes:
        kind: one of `pose_core.plugins.KINDS`; each suite sets its own.
        plugin: the module the entry point names.
        name: the component's name.
    """

    kind: ClassVar[str] = ""
    plugin: ClassVar[str] = ""
    name: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        refuse_overrides(cls)

    @property
    def plugins(self) -> Plugins:
        """What is installed here, the tested plugin among it."""
        return Plugins().load()

    @property
    def component(self) -> Any:
        """The component under test."""
        return self.plugins.find(self.kind, self.name, where=type(self).__name__)

    def test_the_entry_point_of_an_installed_package_names_the_plugin(self) -> None:
        named = [entry for entry in entry_points(group=GROUP) if entry.value == self.plugin]
        assert len(named) == 1, (
            f"{len(named)} entry points of group {GROUP!r} name {self.plugin!r}; write one in "
            f"pyproject.toml and install the package (pip install -e .)"
        )

    def test_is_registered_once_under_its_name(self) -> None:
        ours = [one for one in self.own_components() if one.kind == self.kind]
        names = [one.component.name for one in ours]
        assert names.count(self.name) == 1, f"{self.plugin} registers {self.kind}s {names}"
        assert self.component.name == self.name  # nor does another installed plugin take the name

    def test_is_named_as_a_config_can_write_it(self) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_.\-]*", self.name), (
            f"{self.name!r}: lower case, no spaces"
        )

    def test_importing_the_plugin_and_listing_it_imports_no_torch(self) -> None:
        listing = f"from pose_core.plugins import Plugins; Plugins().add({self.plugin!r})"
        assert "torch" not in modules_after(listing), f"{self.plugin}: import torch inside build"

    def own_components(self) -> list[Provided]:
        """List what the tested module registers, without the other plugins."""
        return Plugins().add(self.plugin).components()


class OptionsConformance(Conformance):
    """Adds the contract of options, for the components that have them.

    Attributes:
        options: option names to values as a config would have them; what is left out is default.
    """

    options: ClassVar[Mapping[str, Any]] = {}

    @property
    def filled(self) -> Any:
        """The component's typed options."""
        return fill(self.component.options, self.options, self.name)

    def test_options_are_a_frozen_dataclass(self) -> None:
        options = self.component.options
        name = options.__name__
        assert is_dataclass(options), f"{name}: decorate it with @dataclass(frozen=True)"
        assert vars(options)["__dataclass_params__"].frozen, f"{name}: frozen=True is missing"

    def test_every_option_has_a_default(self) -> None:
        options = self.component.options
        assert list(defaults(options)) == [field.name for field in fields(options)]
        assert fill(options, {}, self.name) == options()

    def test_every_option_is_documented(self) -> None:
        options = self.component.options
        silent = undocumented(options)
        assert not silent, f"{options.__name__}: its docstring does not mention {silent}"

    def test_a_misspelt_option_is_refused(self) -> None:
        known = [field.name for field in fields(self.component.options)]
        for name in known:
            misspelt = misspell(name, known)
            with pytest.raises(ConfigError, match=rf"{misspelt}'; did you mean '{name}'\?"):
                fill(self.component.options, {misspelt: None}, self.name)
        with pytest.raises(ConfigError, match="unknown option 'no_such_option'"):
            fill(self.component.options, {"no_such_option": 1}, self.name)
