import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import fields
from types import ModuleType

import pytest

from pose_core import hookspecs
from pose_core.errors import ConfigError, PluginError
from pose_core.hookspecs import Loss, Metric, Smoother, hookimpl
from pose_core.plugins import HOOKS, KINDS, Plugins


def smoother(name):
    return Smoother(name=name, smooth=lambda ensemble, options: None)


def plugin(**hooks):
    """Make a plugin module of hooks: name to what they give."""
    module = ModuleType("made_in_a_test")
    for name, given in hooks.items():
        hook = hookimpl(lambda given=given: given)
        setattr(module, name, hook)
    return module


GOOD = """
from pose_core.hookspecs import Smoother, hookimpl

@hookimpl
def pose_smoothers():
    yield Smoother(name="{name}", smooth=lambda ensemble, options: None)
"""
BROKEN = "import a_module_that_is_nowhere\n"
MISTYPED = """
from pose_core.hookspecs import hookimpl

@hookimpl
def pose_smoother():
    return []
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Give a function that installs a distribution of one module with an entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution, module, source, version="1.0", group="pose.v1"):
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nmine = {module}\n")
        importlib.invalidate_caches()

    yield install
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_an_installed_plugin_is_found_with_its_distribution(install):
    install("stranger", "stranger_plugin", GOOD.format(name="strange"), version="2.5")
    found = [
        one for one in Plugins().load().components("smoother") if one.component.name == "strange"
    ]
    assert [one.origin for one in found] == ["stranger 2.5"]


def test_a_plugin_that_fails_to_import_is_named_and_the_rest_goes_on(install):
    install("unlucky", "unlucky_plugin", BROKEN, version="0.3")
    install("stranger", "stranger_plugin", GOOD.format(name="strange"))
    plugins = Plugins().load()
    assert "strange" in plugins.names("smoother")
    assert [str(one) for one in plugins.broken if one.distribution == "unlucky"] == [
        "unlucky 0.3: could not load plugin 'unlucky_plugin': ModuleNotFoundError: "
        "No module named 'a_module_that_is_nowhere'"
    ]


def test_a_mistyped_hook_is_named_with_the_right_one(install):
    install("sloppy", "sloppy_plugin", MISTYPED)
    [broken] = [one for one in Plugins().load().broken if one.distribution == "sloppy"]
    assert "'pose_smoother'" in broken.reason
    assert "did you mean 'pose_smoothers'?" in broken.reason
    assert "\n" not in str(broken)


def test_a_plugin_that_raises_over_several_lines_is_named_on_one(install):
    install("verbose", "verbose_plugin", "raise RuntimeError('one\\ntwo\\n\\nthree')\n")
    [broken] = [one for one in Plugins().load().broken if one.distribution == "verbose"]
    assert broken.reason.endswith("RuntimeError: one two three")


def test_a_plugin_that_leaves_the_interpreter_does_not_take_it_down(install):
    install("rude", "rude_plugin", "import sys\nsys.exit('goodbye')\n")
    [broken] = [one for one in Plugins().load().broken if one.distribution == "rude"]
    assert broken.reason.endswith("SystemExit: goodbye")


def test_a_plugin_of_another_group_is_not_loaded(install):
    install("future", "future_plugin", BROKEN, group="pose.v2")
    assert "future" not in [one.distribution for one in Plugins().load().broken]


def test_a_plugin_whose_hook_raises_adds_nothing(install):
    half = GOOD.format(name="half") + "    raise ValueError('no more')\n"
    install("half", "half_plugin", half)
    plugins = Plugins().load()
    assert "half" not in plugins.names("smoother")
    assert "no more" in next(str(one) for one in plugins.broken if one.distribution == "half")


def test_two_providers_of_one_name_are_both_named():
    plugins = Plugins()
    plugins.add(plugin(pose_smoothers=[smoother("eks")]), "pose-eks", "0.1.0")
    plugins.add(plugin(pose_smoothers=[smoother("eks")]), "other", "2.0")
    with pytest.raises(
        PluginError,
        match=r"smoother 'eks' is provided by pose-eks 0.1.0 and by other 2.0; uninstall one",
    ):
        plugins.find("smoother", "eks")


def test_a_conflict_harms_no_other_component():
    plugins = Plugins()
    plugins.add(plugin(pose_smoothers=[smoother("eks"), smoother("median")]), "a", "1")
    plugins.add(plugin(pose_smoothers=[smoother("eks")]), "b", "1")
    assert plugins.find("smoother", "median").name == "median"


def test_one_name_may_serve_two_kinds():
    metric = Metric(name="speed", unit="px", compute=lambda predictions, labels: None)
    plugins = Plugins().add(plugin(pose_smoothers=[smoother("speed")], pose_metrics=[metric]))
    assert plugins.find("metric", "speed") is metric


def test_an_unknown_name_is_refused_with_the_nearest():
    plugins = Plugins().add(plugin(pose_smoothers=[smoother("kalman"), smoother("median")]))
    with pytest.raises(
        ConfigError, match=r"smoothing\.name: unknown smoother 'kalmann'; did you mean 'kalman'\?"
    ):
        plugins.find("smoother", "kalmann", where="smoothing.name")


def test_an_unknown_name_is_refused_with_what_could_not_be_loaded(install):
    install("unlucky", "unlucky_plugin", BROKEN, version="0.3")
    with pytest.raises(ConfigError, match=r"unknown loss 'mine'.*not loaded: .*unlucky 0\.3: "):
        Plugins().load().find("loss", "mine")


def test_an_unknown_name_is_told_what_there_is():
    plugins = Plugins().add(plugin(pose_smoothers=[smoother("zeta"), smoother("alpha")]))
    with pytest.raises(ConfigError, match=r"known: alpha, zeta$"):
        plugins.find("smoother", "qqqqqqq")
    with pytest.raises(ConfigError, match=r"unknown video reader 'x'; known: none$"):
        plugins.find("video_reader", "x")


def test_components_are_listed_in_the_order_of_the_flow_whatever_the_order_of_plugins():
    loss = Loss(name="l", kind="supervised", needs=frozenset(), build=lambda options, labels: None)
    metric = Metric(name="m", unit="px", compute=lambda predictions, labels: None)
    first = plugin(pose_metrics=[metric], pose_smoothers=[smoother("b"), smoother("a")])
    second = plugin(pose_losses=[loss])
    for order in ((first, second), (second, first)):
        plugins = Plugins()
        for module in order:
            plugins.add(module)
        listed = [(one.kind, one.component.name) for one in plugins.components()]
        assert listed == [("loss", "l"), ("smoother", "a"), ("smoother", "b"), ("metric", "m")]


def test_plugins_made_apart_share_nothing():
    first, second = Plugins(), Plugins()
    first.add(plugin(pose_smoothers=[smoother("mine")]))
    assert first.names("smoother") == ["mine"]
    assert second.names("smoother") == []
    assert second.broken == []


def test_importing_the_package_loads_no_plugin():
    code = "import sys, pose_core.plugins; print([m for m in sys.modules if m.endswith('.plugin')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([7], r"pose_smoothers: yields int, not Smoother"),
        (None, r"pose_smoothers: gives NoneType; yield components, or return a list"),
        (smoother("one"), r"pose_smoothers: gives Smoother; yield components, or return a list"),
        ([Metric(name="m", unit="", compute=len)], r"yields Metric, not Smoother"),
    ],
)
def test_a_hook_that_gives_something_else_is_refused(given, message):
    with pytest.raises(PluginError, match=message):
        Plugins().add(plugin(pose_smoothers=given))


def test_a_hook_that_takes_an_argument_is_refused():
    module = ModuleType("greedy")

    @hookimpl
    def pose_smoothers(config):
        return []

    module.pose_smoothers = pose_smoothers
    with pytest.raises(PluginError, match=r"^greedy: .*pose_smoothers.*config.*; hooks take no"):
        Plugins().add(module)


def test_a_module_without_hooks_adds_nothing():
    assert Plugins().add(ModuleType("empty")).components() == []


def test_a_module_is_found_by_its_name():
    assert Plugins().add("pose_core.errors").components() == []


def test_every_kind_has_its_hook_and_every_hook_its_kind():
    specified = {name for name, value in vars(hookspecs).items() if hasattr(value, "pose_spec")}
    assert specified == set(HOOKS.values())
    assert HOOKS.keys() == KINDS.keys()


@pytest.mark.parametrize(("kind", "hook"), HOOKS.items())
def test_every_hook_is_documented(kind, hook):
    assert inspect.getdoc(getattr(hookspecs, hook))
    assert KINDS[kind].__doc__


@pytest.mark.parametrize(
    "cls", [*KINDS.values(), hookspecs.Predicted, hookspecs.Clip, hookspecs.VideoInfo]
)
def test_every_field_of_a_component_is_documented(cls):
    source = inspect.getsource(cls)
    documentation = cls.__dict__["__doc__"]
    commented = re.findall(r"^    (\w+):[^\n]*#", source, flags=re.MULTILINE)
    silent = [
        field.name
        for field in fields(cls)
        if field.name not in commented and not re.search(rf"\b{field.name}\b", documentation)
    ]
    assert not silent
