"""Read a project's YAML, and change some of its keys while every other character stays.

DeepLabCut's and Lightning Pose's configs are edited by hand: comments, order and keys that nobody
here knows are somebody's. So a key is changed where it stands in the text, and what comes out is
read again before it is written.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pose_io_dlc.atomic import atomic
from pose_io_dlc.errors import FormatError

MOST, DEEPEST = 1 << 24, 50
"""Bytes of a config, and lists in lists; far above what any has."""
NUMERIC = re.compile(r"[-+]?(\d[\w.+-]*|\.\w+)")
"""Text that a version of YAML may take for a number, as 1.1 does with 1_0 and 1.2 with 1e5."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a config.

    Raises:
        FormatError: if it cannot be read, or is no mapping.
    """
    return parsed(text_of(path), path)


def text_of(path: Path) -> str:
    """Read a text file; line ends and a byte order mark stay.

    Raises:
        FormatError: if it cannot be read, or is far too long.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise FormatError(f"{path}: has more than {MOST} bytes; it is no config")
        return content.decode("utf-8")
    except OSError as error:
        raise FormatError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is not YAML (not UTF-8: {error.reason})") from error


def parsed(text: str, path: Path) -> dict[str, Any]:
    """Parse the text of a config.

    Raises:
        FormatError: if it is not YAML, or no mapping.
    """
    import yaml

    try:
        refuse_depth(text)
        config = yaml.load(text, Loader=safe_loader())
    except (yaml.YAMLError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise FormatError(f"{path}: is not YAML ({reason})") from error
    if not isinstance(config, dict):
        raise FormatError(f"{path}: is not a config; it holds no keys")
    return config


def refuse_depth(text: str) -> None:
    """Refuse lists in lists in lists: YAML's fast loader recurses on them until Python crashes.

    Raises:
        yaml.YAMLError: if they are deeper than any config's.
    """
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"has lists in lists, more than {DEEPEST} deep")


def safe_loader() -> Any:
    """Give YAML's safe loader, fast where it can be, for which `no`, `on` and `off` are names.

    They are truth values in YAML 1.1 only; both tools read YAML 1.2.
    """
    import yaml

    tag = "tag:yaml.org,2002:bool"
    parent: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    known = {
        first: [(kind, pattern) for kind, pattern in rules if kind != tag]
        for first, rules in parent.yaml_implicit_resolvers.items()
    }
    loader: Any = type("Loader", (parent,), {"yaml_implicit_resolvers": known})
    loader.add_implicit_resolver(tag, re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
    return loader


def rewrite_config(path: Path | str, changes: Mapping[str, Any]) -> None:
    """Change keys of a config; comments, order and all other keys stay as they are.

    Args:
        path: the config.
        changes: top-level keys to their new values, plain data; a key that is not there is added at
            the end.

    Raises:
        FormatError: if it cannot be read or written, or a key not be changed where it stands. The
            former file is whole then.
    """
    path = Path(path)
    text = changed(text_of(path), changes, path)
    with atomic(path) as temporary:
        temporary.write_bytes(text.encode())


def changed(text: str, changes: Mapping[str, Any], path: Path) -> str:
    """Change keys in the text of a config.

    Raises:
        FormatError: if the text then says anything but the change, as it may where values are
            shared by YAML's anchors.
    """
    expected = {**parsed(text, path), **changes}
    for key, value in changes.items():
        text = one_changed(text, key, value)
    try:
        same = parsed(text, path) == expected
    except FormatError:
        same = False
    if not same:
        raise FormatError(
            f"{path}: {', '.join(changes)} cannot be changed where it stands; edit it by hand"
        )
    return text


def one_changed(text: str, key: str, value: Any) -> str:
    """Put the new value of a key in the place of the old one, or at the end."""
    written = dumped(key, value)
    newline = "\r\n" if "\r\n" in text else "\n"
    nodes = nodes_of(text, key)
    if nodes is None:
        gap = "" if not text or text.endswith("\n") else newline
        return text + gap + written.replace("\n", newline) + newline
    name, last = nodes
    between = text[name.end_mark.index : last.start_mark.index].lstrip(":").rstrip()
    comment = between.replace("\r\n", "\n") if "#" in between else ""
    head, _, body = written.partition(":")
    lines = head + ":" + (comment + body if body.startswith("\n") else body + comment)
    rest = text[end_of(last, text) :]
    return text[: name.start_mark.index] + lines.replace("\n", newline) + rest


def nodes_of(text: str, key: str) -> tuple[Any, Any] | None:
    """Give the nodes of a key and its value, if the key is there."""
    import yaml

    node = yaml.compose(text, Loader=yaml.SafeLoader)  # the fast one counts bytes, not characters
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == key), None)


def end_of(node: Any, text: str) -> int:
    """Give where the last character of a node is; a block says only where the next one begins."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last, text)
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


def dumped(key: str, value: Any) -> str:
    """Write a key and its value as YAML, in the style of DeepLabCut, without the last line end."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        style = "'" if NUMERIC.fullmatch(data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def nothing(dumper: yaml.SafeDumper, _: None) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:null", "")

    Dumper.add_representer(str, text)
    Dumper.add_representer(type(None), nothing)
    options: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 1 << 20}
    return yaml.dump({key: value}, Dumper=Dumper, **options).rstrip()
