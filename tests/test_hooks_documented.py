"""Every hook has a section in CONTRIBUTING.md that names all a plugin may say."""

import re
from dataclasses import fields

import pytest

from pose_core import hookspecs
from pose_core.plugins import HOOKS, KINDS


@pytest.fixture(scope="module")
def sections(root):
    """Heading to text."""
    parts = re.split(r"^#+ (.+)$", (root / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def section_of(hook, sections):
    having = [text for heading, text in sections.items() if f"`{hook}`" in heading]
    assert len(having) == 1, f"{len(having)} sections have `{hook}` in their heading; write one"
    return having[0]


def test_every_hook_yields_a_kind_of_component():
    specified = [name for name in vars(hookspecs) if name.startswith("pose_")]
    assert sorted(HOOKS.values()) == sorted(specified)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_has_its_section(kind, sections):
    assert section_of(HOOKS[kind], sections).strip()


@pytest.mark.parametrize("kind", KINDS)
def test_a_section_names_every_field_of_the_component(kind, sections):
    text = section_of(HOOKS[kind], sections)
    unsaid = [one.name for one in fields(KINDS[kind]) if not re.search(rf"`{one.name}\b", text)]
    assert not unsaid


@pytest.mark.parametrize("kind", KINDS)
def test_a_section_names_no_field_that_is_not_there(kind, sections):
    table = re.findall(r"^\| `(\w+)", section_of(HOOKS[kind], sections), flags=re.MULTILINE)
    assert set(table) <= {one.name for one in fields(KINDS[kind])}


@pytest.mark.parametrize("kind", KINDS)
def test_a_section_names_the_conformance_suite(kind, sections):
    import pose_core.testing

    suite = f"{KINDS[kind].__name__}Conformance"
    assert hasattr(pose_core.testing, suite)
    assert f"`{suite}`" in section_of(HOOKS[kind], sections)


@pytest.mark.parametrize("hook", HOOKS.values())
def test_a_hook_takes_nothing(hook):
    assert getattr(hookspecs, hook).__code__.co_argcount == 0
