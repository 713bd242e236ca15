"""What a config says about a network, and the check of every name in it. Free of torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pose_core.errors import ConfigError, PluginError
from pose_core.options import fill, suggest

if TYPE_CHECKING:
    from pose_core.hookspecs import Backbone, Decoder, Head, Network
    from pose_core.plugins import Plugins

Settings = Mapping[str, Any]
"""A component's own options, as a config has them."""


@dataclass(frozen=True)
class ModelOptions:
    """A network by the names of its parts.

    Attributes:
        network: a whole network; `backbone_head` puts the backbone and head named below together.
        network_options: options of the network. A network whose own options have a field that is
            also here (such as `backbone`) gets it from here.
        backbone: a backbone, or a model of a family such as any timm model with feature maps.
        backbone_options: options of the backbone.
        head: a head.
        head_options: options of the head.
        decoder: how heatmaps become points; null for the one the network wants.
        decoder_options: options of the decoder.
        pretrained: weights the backbone starts from: true for the published ones (downloaded once),
            false for random ones, or the path of a local checkpoint (.safetensors, .pt or .pth).
    """

    network: str = "backbone_head"
    network_options: Settings = field(default_factory=dict)
    backbone: str = "resnet50"
    backbone_options: Settings = field(default_factory=dict)
    head: str = "heatmap"
    head_options: Settings = field(default_factory=dict)
    decoder: str | None = None
    decoder_options: Settings = field(default_factory=dict)
    pretrained: bool | str = True


@dataclass(frozen=True)
class BackboneHeadOptions:
    """Options of the network `backbone_head`, which it gets from `ModelOptions`.

    Attributes:
        backbone: a backbone, or a model of a family.
        backbone_options: options of the backbone.
        head: a head.
        head_options: options of the head.
    """

    backbone: str = "resnet50"
    backbone_options: Settings = field(default_factory=dict)
    head: str = "heatmap"
    head_options: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class TimmOptions:
    """Options of the backbone `timm`.

    Attributes:
        model: a timm model; a tag of its weights may follow a dot, as in `resnet50.a1_in1k`.
        level: which of its feature maps, as an index; -1 is the deepest, -2 the one before.
        arguments: further arguments of the timm model, such as `{drop_path_rate: 0.1}`,
            `{patch_size: 16}` for a transformer of another patch size, or `{img_size: [256, 256]}`
            for one that is bound to a size.
    """

    model: str = "resnet50"
    level: int = -1
    arguments: Settings = field(default_factory=dict)


@dataclass(frozen=True)
class HeatmapHeadOptions:
    """Options of the head `heatmap`.

    Attributes:
        stride: image pixels per heatmap cell.
        gain: of the Xavier-uniform weights the head starts from. Small, so that the first heatmaps
            are flat.
    """

    stride: Literal[2, 4, 8] = 4
    gain: float = 0.01


def check_model(options: ModelOptions, plugins: "Plugins") -> None:
    """Refuse a network whose names, options or weights file do not exist, before building it.

    Raises:
        ConfigError: naming the config path, the value and the nearest right one.
    """
    network, filled = find_network(options, plugins)
    find_decoder(options, plugins)
    weights_path(options.pretrained)
    if network.options is BackboneHeadOptions:
        find_head(filled.head, filled.head_options, plugins)
        find_backbone(filled.backbone, filled.backbone_options, plugins)


def find_network(options: ModelOptions, plugins: "Plugins") -> "tuple[Network, Any]":
    """Look the network up and fill its options.

    Raises:
        ConfigError: if there is none of that name, or its options are wrong.
    """
    network = plugins.find("network", options.network, "model.network")
    own = {one.name for one in fields(network.options)} - {"pretrained"}
    passed = {one.name: getattr(options, one.name) for one in fields(options) if one.name in own}
    given = {**passed, **options.network_options}
    return network, fill(network.options, given, "model.network_options")


def find_decoder(options: ModelOptions, plugins: "Plugins") -> "tuple[Decoder, Any]":
    """Look up the decoder of a network, its own where the config names none, and fill its options.

    Raises:
        ConfigError: if there is none of that name, or its options are wrong.
    """
    name = options.decoder
    if name is None:
        name = plugins.find("network", options.network, "model.network").decoder
    decoder = plugins.find("decoder", name, "model.decoder")
    return decoder, fill(decoder.options, options.decoder_options, "model.decoder_options")


def find_head(name: str, given: Settings, plugins: "Plugins") -> "tuple[Head, Any]":
    """Look a head up and fill its options.

    Raises:
        ConfigError: if there is none of that name, or its options are wrong.
    """
    head = plugins.find("head", name, "model.head")
    return head, fill(head.options, given, "model.head_options")


def find_backbone(name: str, given: Settings, plugins: "Plugins") -> "tuple[Backbone, Any]":
    """Look a backbone up, by its own name or as a model of a family, and fill its options.

    Families are listed only where no component has the name: timm takes seconds to import.

    Raises:
        ConfigError: if there is none of that name, or its options are wrong.
        PluginError: if two families have a model of that name.
    """
    if name not in plugins.names("backbone"):
        family = family_of(name, plugins)
        return family, fill(family.options, {**given, "model": name}, "model.backbone_options")
    backbone = plugins.find("backbone", name, "model.backbone")
    options = fill(backbone.options, given, "model.backbone_options")
    if backbone.models is not None and options.model not in set(backbone.models()):
        hint = suggest(options.model, backbone.models())
        raise ConfigError(f"model.backbone_options.model: {name} has no {options.model!r}; {hint}")
    return backbone, options


def family_of(model: str, plugins: "Plugins") -> "Backbone":
    """Find the family of backbones that a model belongs to.

    Raises:
        ConfigError: if no family has it.
        PluginError: if two have.
    """
    backbones = [provided.component for provided in plugins.components("backbone")]
    families = {one.name: (one, set(one.models())) for one in backbones if one.models is not None}
    having = [one for one, models in families.values() if model in models]
    if len(having) == 1:
        return having[0]
    if having:
        who = " and ".join(one.name for one in having)
        raise PluginError(
            f"model.backbone: {model!r} is a model of {who}; give model.backbone={having[0].name} "
            f"model.backbone_options.model={model}"
        )
    known = set(plugins.names("backbone")).union(*(models for _, models in families.values()))
    message = f"model.backbone: unknown backbone {model!r}; {suggest(model, sorted(known))}"
    broken = "; ".join(map(str, plugins.broken))
    raise ConfigError(f"{message} (not loaded: {broken})" if broken else message)


def weights_path(pretrained: bool | str | Path) -> bool | Path:
    """Give `pretrained` as a truth value or as the path of a file that exists.

    Raises:
        ConfigError: if there is no such file.
    """
    if isinstance(pretrained, bool):
        return pretrained
    path = Path(pretrained).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"model.pretrained: no file {str(pretrained)!r}; give true, false or the path of one"
        )
    return path
