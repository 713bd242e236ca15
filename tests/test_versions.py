"""The packages' metadata agree with each other and with this tree."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, version

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def requirements_of(project, *, extras=True):
    optional = project.get("optional-dependencies", {}) if extras else {}
    every = [*project["dependencies"], *(one for several in optional.values() for one in several)]
    return [one for one in map(Requirement, every) if one.name != project["name"]]


def test_a_sibling_range_admits_the_sibling_in_this_tree(package, projects):
    for requirement in requirements_of(projects[package]):
        if requirement.name in projects:
            here = projects[requirement.name]["version"]
            assert here in requirement.specifier, f"{requirement} leaves out {here}"


def test_a_sibling_range_ends_before_the_next_breaking_release(package, projects):
    for requirement in requirements_of(projects[package]):
        if requirement.name in projects:
            operators = sorted(one.operator for one in requirement.specifier)
            assert operators == ["<", ">="], f"{requirement}: say both ends"
            major, minor = map(int, projects[requirement.name]["version"].split(".")[:2])
            following = f"{major + 1}.0" if major else f"0.{minor + 1}"
            assert following not in requirement.specifier, f"{requirement} admits {following}"


def test_every_requirement_has_a_lower_bound(package, projects):
    for requirement in requirements_of(projects[package]):
        operators = [one.operator for one in requirement.specifier]
        assert ">=" in operators, f"{package}: {requirement} has no lower bound"


def test_packages_agree_on_a_lower_bound_they_share(projects):
    floors = {}
    for name, project in projects.items():
        for requirement in requirements_of(project):
            floors.setdefault(requirement.name, {})[name] = str(requirement.specifier)
    differing = {name: by for name, by in floors.items() if len(set(by.values())) > 1}
    assert not differing


def test_every_package_says_the_same_pythons(package, projects):
    project = projects[package]
    prefix = "Programming Language :: Python :: "
    named = [one.removeprefix(prefix) for one in project["classifiers"] if one.startswith(prefix)]
    assert tuple(named) == PYTHONS
    admitted = SpecifierSet(project["requires-python"])
    assert all(f"{one}.0" in admitted for one in PYTHONS)
    assert "3.9.0" not in admitted
    assert sys.version_info >= (3, 10)


def test_the_changelog_opens_with_the_version(package, projects, root):
    changelog = (root / "packages" / package / "CHANGELOG.md").read_text()
    released = re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)
    assert released[0] == projects[package]["version"]


def test_the_installed_version_is_that_of_the_tree(package, projects):
    assert version(package) == projects[package]["version"]


@pytest.mark.parametrize("part", ["src", "tests"])
def test_a_package_declares_what_it_imports(part, package, projects, root):
    declared = {canonicalize_name(one.name) for one in requirements_of(projects[package])}
    ours = {name.replace("-", "_"): [name] for name in projects}  # editable: not in any record
    distributions = {**packages_distributions(), **ours}
    known = {*sys.stdlib_module_names, package.replace("-", "_")}
    undeclared = set()
    files = (root / "packages" / package / part).rglob("*.py")
    for path in (one for one in files if "interop" not in one.parts):  # nox pins what those need
        for module in imported(path.read_text()) - known:
            named = distributions.get(module, [module])  # what is not installed goes by its name
            if not {canonicalize_name(one) for one in named} & declared:
                undeclared.add(f"{path.relative_to(root)}: {module}")
    assert not undeclared


def imported(source):
    """Name the top-level modules that a source imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}
