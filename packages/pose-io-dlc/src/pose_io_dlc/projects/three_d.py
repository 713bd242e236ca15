"""Read the config of a DeepLabCut 3-D project: cameras, and the 2-D project of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.project import names_in
from pose_io_dlc.sheets.sheet import with_forward_slashes

CONFIG = "config.yaml"


@dataclass(frozen=True)
class ThreeDProject:
    """What a 3-D project says of its cameras.

    Attributes:
        root: its folder.
        name: what its makers call it.
        scorer: who made it.
        scorer_3d: who the 3-D points are said to be by; the end of their files' names.
        cameras: names.
        projects: camera to the config of its 2-D project, for those that lie in this project or
            beside it, whatever machine the paths in the config are of.
        skeleton: pairs of keypoints, as they stand there.
        warnings: what was odd, one line each.
    """

    root: Path
    name: str
    scorer: str
    scorer_3d: str
    cameras: tuple[str, ...]
    projects: Mapping[str, Path] = field(default_factory=dict)
    skeleton: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def is_three_d(config: Mapping[str, Any]) -> bool:
    """Say whether a config is of a 3-D project."""
    return "num_cameras" in config and "bodyparts" not in config


def read_three_d(path: Path | str) -> ThreeDProject:
    """Read a 3-D project by its folder or config.

    Raises:
        FormatError: if it is none.
    """
    source = Path(path)
    source = source / CONFIG if source.suffix.lower() not in (".yaml", ".yml") else source
    config = read_yaml(source)
    if not is_three_d(config):
        raise FormatError(f"{source}: has no num_cameras; it is not the config of a 3-D project")
    return of_config(source, config)


def of_config(source: Path, config: Mapping[str, Any]) -> ThreeDProject:
    """Make a 3-D project of a config that was read.

    Raises:
        FormatError: if its cameras are no names.
    """
    cameras = names_in(config, "camera_names", source)
    warnings = []
    if config.get("num_cameras") != len(cameras):
        count = config.get("num_cameras")
        warnings.append(f"{source}: num_cameras is {count}, but {len(cameras)} are named")
    found = {camera: near(source.parent, config.get(f"config_file_{camera}")) for camera in cameras}
    warnings += [
        f"{source}: the project of camera {camera!r} is neither in this folder nor beside it"
        for camera, one in found.items()
        if one is None
    ]
    bones = config.get("skeleton")
    pairs = [bone for bone in bones if isinstance(bone, list)] if isinstance(bones, list) else []
    return ThreeDProject(
        root=source.parent,
        name=str(config.get("Task") or ""),
        scorer=str(config.get("scorer") or ""),
        scorer_3d=str(config.get("scorername_3d") or ""),
        cameras=tuple(cameras),
        projects={camera: one for camera, one in found.items() if one is not None},
        skeleton=tuple((str(bone[0]), str(bone[1])) for bone in pairs if len(bone) == 2),
        warnings=tuple(warnings),
    )


def near(root: Path, given: object) -> Path | None:
    """Find a 2-D project by the name of its folder, in the 3-D project or beside it.

    The path itself is of some machine, and is not followed.
    """
    folder = PurePosixPath(with_forward_slashes(str(given or ""))).parent.name
    if not folder or folder == "..":
        return None
    places = (root / folder / CONFIG, root.resolve().parent / folder / CONFIG)
    for place in places:
        inside = place.resolve().is_relative_to(root.resolve().parent)
        if inside and place.is_file() and place.resolve() != (root / CONFIG).resolve():
            return place
    return None


def refuse_three_d(source: Path, config: Mapping[str, Any]) -> None:
    """Refuse a 3-D project where one of labels is wanted.

    Raises:
        FormatError: naming the projects of its cameras.
    """
    if is_three_d(config):
        found = [str(one.parent) for one in of_config(source, config).projects.values()]
        give = " or ".join(found) or "the project of one camera"
        raise FormatError(
            f"{source}: is a 3-D project, which has no labels of its own; give {give}"
        )
