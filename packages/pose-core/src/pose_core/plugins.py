"""Find plugins, check them, look components up, say where each came from."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from pose_core import hookspecs
from pose_core.errors import ConfigError, PluginError
from pose_core.hookspecs import GROUP
from pose_core.options import suggest

KINDS: Mapping[str, type] = {
    "format": hookspecs.Format,
    "video_reader": hookspecs.VideoReader,
    "backbone": hookspecs.Backbone,
    "head": hookspecs.Head,
    "network": hookspecs.Network,
    "decoder": hookspecs.Decoder,
    "loss": hookspecs.Loss,
    "smoother": hookspecs.Smoother,
    "metric": hookspecs.Metric,
    "command": hookspecs.Command,
}
"""Kind of component to its class, in the order of the flow."""

HOOKS: Mapping[str, str] = {kind: f"pose_{kind}s" for kind in KINDS} | {"loss": "pose_losses"}
"""Kind of component to the hook that yields it."""


@dataclass(frozen=True)
class Provided:
    """A component and where it came from."""

    kind: str
    component: Any
    distribution: str
    version: str

    @property
    def origin(self) -> str:
        """The distribution with its version."""
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be loaded, and why."""

    distribution: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}: {self.reason}"


class Plugins:
    """The components at hand. Made at the edge (a command, a test) and passed down.

    `Plugins().load()` finds what is installed; tests `add` what they need.
    """

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self._provided: dict[tuple[str, str], list[Provided]] = {}

    def load(self) -> "Plugins":
        """Add every installed plugin of the entry-point group `pose.v1`.

        One that fails is kept in `broken` with its distribution and the reason; the rest goes on.
        """
        found = entry_points(group=GROUP)
        for entry in sorted(found, key=lambda entry: (distribution(entry), entry.name)):
            name, version = distribution(entry)
            try:
                self.add(entry.load(), name, version)
            except (Exception, SystemExit) as error:  # a stranger's module must not take us down
                reason = f"could not load plugin {entry.value!r}: {type(error).__name__}: "
                reason += on_one_line(error)
                self.broken.append(Broken(name, version, reason))
        return self

    def add(
        self, module: ModuleType | str, distribution: str = "local", version: str = ""
    ) -> "Plugins":
        """Add the components of one plugin module.

        Raises:
            PluginError: if it has a hook that does not exist, or yields something else than the
                hook's components.
        """
        module = import_module(module) if isinstance(module, str) else module
        found = list(components_of(module))
        for kind, component in found:
            provided = Provided(kind, component, distribution, version)
            self._provided.setdefault((kind, component.name), []).append(provided)
        return self

    def components(self, kind: str | None = None) -> list[Provided]:
        """List components in the order of the flow, then by name."""
        order = list(KINDS)
        every = [one for several in self._provided.values() for one in several]
        chosen = [one for one in every if kind is None or one.kind == kind]
        return sorted(chosen, key=lambda one: (order.index(one.kind), one.component.name))

    def names(self, kind: str) -> list[str]:
        """List the names of the components of one kind."""
        return sorted({one.component.name for one in self.components(kind)})

    def find(self, kind: str, name: str, where: str | None = None) -> Any:
        """Look a component up.

        Args:
            kind: one of `KINDS`.
            name: the component's name.
            where: the config path that asks, for the error.

        Raises:
            ConfigError: if there is none of that name; the nearest is named, and broken plugins.
            PluginError: if two distributions provide it.
        """
        several = self._provided.get((kind, name), [])
        if len(several) > 1:
            who = " and by ".join(one.origin for one in several)
            raise PluginError(f"{kind} {name!r} is provided by {who}; uninstall one")
        if several:
            return several[0].component
        advice = suggest(name, self.names(kind))
        message = f"{where or kind}: unknown {kind.replace('_', ' ')} {name!r}; {advice}"
        if self.broken:
            message += f" (not loaded: {'; '.join(map(str, self.broken))})"
        raise ConfigError(message)


def components_of(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Run the hooks of one plugin module and check what comes.

    Raises:
        PluginError: if a hook does not exist or yields something else.
    """
    manager = pluggy.PluginManager("pose")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        hooks = list(HOOKS.values())
        mistyped = [name for name in vars(module) if name.startswith("pose_") and name not in hooks]
        advice = suggest(mistyped[0], hooks) if mistyped else "hooks take no arguments"
        raise PluginError(f"{module.__name__}: {on_one_line(error)}; {advice}") from error
    for kind, cls in KINDS.items():
        where = f"{module.__name__}.{HOOKS[kind]}"
        for hook in getattr(manager.hook, HOOKS[kind]).get_hookimpls():
            # called directly: pluggy drops None, which a hook without `yield` gives
            for component in as_iterable(hook.function(), where):
                if not isinstance(component, cls):
                    raise PluginError(
                        f"{where}: yields {type(component).__name__}, not {cls.__name__}"
                    )
                yield kind, component


def as_iterable(components: Any, where: str) -> Iterable[Any]:
    """Refuse a hook that returns one component, or nothing, in place of several."""
    if inspect.isgenerator(components) or isinstance(components, list | tuple):
        return components
    raise PluginError(
        f"{where}: gives {type(components).__name__}; yield components, or return a list"
    )


def distribution(entry: EntryPoint) -> tuple[str, str]:
    """Name the distribution of an entry point, and its version."""
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "")


def on_one_line(error: BaseException) -> str:
    """Give an error's message without line breaks."""
    return " ".join(str(error).split())
