"""What Lightning Pose's configs say: `project.yaml`, and the older config of one training."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.errors import FormatError
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.project import names_in
from pose_io_dlc.projects.views import Views, are_positions, propose_views, views_from_matches
from pose_io_dlc.sheets.sheet import with_forward_slashes

PROJECT = "project.yaml"
USUAL = "CollectedData.csv"

Config = Mapping[str, Any]


def is_config(path: Path) -> bool:
    """Say whether a YAML file is a config of Lightning Pose."""
    try:
        data = read_yaml(path).get("data")
    except FormatError:
        return False
    return isinstance(data, dict) and "csv_file" in data


def data_of(config: Config) -> Config:
    """Give the `data` part of a config; `project.yaml` has its keys at the top."""
    data = config.get("data")
    return data if isinstance(data, dict) else config


def names_of(config: Config) -> list[str]:
    """Read the keypoint names of a config, where it has some."""
    names = data_of(config).get("keypoint_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def folders_of(path: Path, config: Config) -> list[Path]:
    """List folders that may hold the data of a config: its own, or one named as in `data_dir`.

    That is a path of some machine; only its last name is believed, for a folder in the config's or
    one of the two that hold it.
    """
    name = last_name(data_of(config).get("data_dir"))
    above = [one for one in path.parent.resolve().parents[:2] if one.name == name]
    return [*([path.parent / name] if name else []), path.parent, *above]


def last_name(given: object) -> str:
    """Give the last name of a path of any operating system, if it is one."""
    name = PurePosixPath(with_forward_slashes(str(given or ""))).name
    return "" if name == ".." else name


def csv_per_view(root: Path, config: Config, where: Path) -> dict[str, Path]:
    """Give view to file of labels where there is one for each; nothing for one view.

    The files are those that `csv_file` lists, or `CollectedData_<view>.csv`.

    Raises:
        FormatError: if views and files, as they are found here, do not pair up.
    """
    listed = data_of(config).get("csv_file")
    views = names_in(data_of(config), "view_names", where)
    if not isinstance(listed, list):
        if len(views) < 2:
            return {}
        listed = [f"CollectedData_{view}.csv" for view in views]
    files = [beside(root, str(name)) for name in listed]
    names = views or [file.stem.removeprefix("CollectedData_") for file in files]
    if not len(names) == len(files) == len(set(names)) == len(set(files)):
        raise FormatError(
            f"{where}: view_names ({', '.join(names)}) and csv_file "
            f"({', '.join(file.name for file in files)}) do not pair up; "
            "name each view once, with a file of its own"
        )
    return dict(zip(names, files, strict=True)) if len(files) > 1 else {}


def beside(root: Path, given: str) -> Path:
    """Find a file that a config names: below the folder as named, else by its last name."""
    path = PurePosixPath(with_forward_slashes(given))
    inside = not path.is_absolute() and ".." not in path.parts and ":" not in given
    return root / path if inside and (root / path).is_file() else root / path.name


def views_of(names: tuple[str, ...], config: Config) -> Views:
    """Tell the mirrored views of one frame by the config, or by the names."""
    matches = data_of(config).get("mirrored_column_matches")
    if not isinstance(matches, list) or not all(isinstance(view, list) for view in matches):
        return propose_views(names)
    given = views_from_matches(names, matches) if counts(config, names) else {}
    return given or propose_views(names)


def singleview_of(
    names: Sequence[str], config: Config, where: Path, warnings: list[str]
) -> tuple[str, ...]:
    """Name the keypoints that `columns_for_singleview_pca` counts, in the order of the labels."""
    given = data_of(config).get("columns_for_singleview_pca")
    if not isinstance(given, list) or not given:
        return ()
    if not counts(config, names) or not are_positions(given, names):
        warnings.append(
            f"{where}: columns_for_singleview_pca does not fit the labels' {len(names)} keypoints"
        )
        return ()
    return tuple(dict.fromkeys(names[at] for at in given))


def counts(config: Config, names: Sequence[str]) -> bool:
    """Say whether positions in a config count these keypoints: it lists them, in any order.

    Lightning Pose counts the columns of the labels, whatever order the config lists.
    """
    listed = names_of(config)
    return not listed or set(listed) == set(names)
