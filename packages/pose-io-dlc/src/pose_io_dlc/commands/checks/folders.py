"""What can be wrong with a project as a whole: its folders, and its files against each other."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pose_io_dlc.commands.aligned import counted, few
from pose_io_dlc.commands.checks.configs import names_of, of_config
from pose_io_dlc.commands.checks.files import of_file, of_files
from pose_io_dlc.commands.checks.labels import named
from pose_io_dlc.commands.checks.problems import Level, Problem, attempted, of_error, of_warning
from pose_io_dlc.commands.checks.rows import Rows, read_anyway
from pose_io_dlc.errors import FormatError
from pose_io_dlc.labels import FOLDER, below_project
from pose_io_dlc.projects.config import read_yaml
from pose_io_dlc.projects.deeplabcut import order_of
from pose_io_dlc.projects.project import videos_in
from pose_io_dlc.projects.three_d import is_three_d, read_three_d
from pose_io_dlc.projects.video_sets import listed_videos
from pose_io_dlc.sheets.columns import SINGLE
from pose_io_dlc.sheets.sheet import IMAGES

Config = Mapping[str, Any]
TABLES = (".csv", ".h5", ".parquet")


def of_deeplabcut(source: Path) -> Iterator[Problem]:
    """Find what is wrong with a DeepLabCut project, from its config on."""
    config: Config = {}
    try:
        config = read_yaml(source)
        if is_three_d(config):
            warnings = read_three_d(source).warnings
            yield from (of_warning(warning, source, "config") for warning in warnings)
            return
        yield from of_config(source, config)
    except FormatError as error:
        yield of_error(error, source, "config")
    root, scorer = source.parent, str(config.get("scorer") or "")
    if not (root / FOLDER).is_dir():
        yield Problem(
            str(root), f"has no folder {FOLDER}", "extract and label frames", kind="folder"
        )
    yield from of_listed(root, config)
    tables: list[Rows] = []
    for folder in folders_in(root):
        yield from of_images(folder, scorer, tables)
    yield from of_points(tables, config, source)
    yield from of_all_frames(tables)
    yield from of_layouts(tables)
    yield from of_files(sorted((root / "videos").glob("*")))


def folders_in(root: Path) -> list[Path]:
    """List the folders of labeled images; those that DeepLabCut drew labels into are none."""
    found = sorted(one for one in (root / FOLDER).glob("*") if one.is_dir())
    return [folder for folder in found if not folder.name.endswith("_labeled")]


def of_listed(root: Path, config: Config) -> Iterator[Problem]:
    """Compare the folders of images with `video_sets`, by which DeepLabCut finds them."""
    listed = list(listed_videos(config))
    folders = folders_in(root)
    for folder in folders:
        report = partial(Problem, str(folder), kind="folder")
        if listed and folder.name not in listed:
            what = f"folder {folder.name!r} belongs to no video of video_sets"
            remedy = "add its video there; DeepLabCut leaves it out"
            alike = [stem for stem in listed if stem.lstrip("0") == folder.name.lstrip("0")]
            yield report(what, f"name it {alike[0]!r}" if alike else remedy, level="warning")
        if folder.name.isdigit():
            what = "folder is named by a number, which DeepLabCut's csv-to-h5 conversion shortens"
            yield report(what, "convert with pose-io-dlc convert", level="note")
    drawn = [one.name for one in (root / FOLDER).glob("*_labeled") if one.is_dir()]
    if drawn:
        what = f"folders of drawings are skipped: {few(sorted(drawn))}"
        yield Problem(str(root / FOLDER), what, level="note", kind="folder")
    if lost := [stem for stem in listed if stem not in {folder.name for folder in folders}]:
        what = f"videos of video_sets without a folder of images: {few(lost)}"
        yield Problem(str(root / FOLDER), what, "extract frames", level="note", kind="folder")


def of_images(folder: Path, scorer: str, tables: list[Rows]) -> Iterator[Problem]:
    """Find what is wrong in one folder of images; what could be read is added to `tables`."""
    files = sorted(file for file in folder.glob("CollectedData_*") if file.suffix in TABLES)
    own = [file for file in files if file.stem == f"CollectedData_{scorer}"]
    foreign = sorted(
        {file.stem.removeprefix("CollectedData_") for file in files if file not in own}
    )
    if foreign and scorer:
        what = f"labels of other scorers are not used: {few(foreign)}"
        remedy = f"rename file and scorer to {scorer!r}, or remove them"
        yield Problem(str(folder), what, remedy, level="warning", kind="scorer")
    if not own and scorer:
        images = sum(one.suffix.lower() in IMAGES for one in folder.iterdir())
        what = f"has no CollectedData_{scorer}.csv or .h5 for {counted(images, 'image')}"
        yield Problem(str(folder), what, "label them", level="note", kind="unlabeled")
    yield from of_files(sorted(folder.glob("machinelabels*")))
    for file in files:
        rows, problems = read_anyway(file)
        yield from of_file(file, edge=0.0, known=(rows, problems))
        if rows is not None and file in own:
            tables.append(rows)
            yield from of_scorer(rows, scorer)


def of_scorer(rows: Rows, scorer: str) -> Iterator[Problem]:
    """Compare the scorer in a file with the one of the project."""
    found = rows.sheet.columns.scorer
    if found != scorer:
        what = f"scorer is {found!r}, in the config {scorer!r}"
        yield Problem(
            str(rows.path), what, f"write {scorer!r} in row 1", level="warning", kind="scorer"
        )


def of_points(tables: list[Rows], config: Config, source: Path) -> Iterator[Problem]:
    """Compare the keypoints of each file with those of the config, or else of the first file."""
    try:
        listed = order_of(config, source)
    except FormatError:
        listed = []
    where = source.name
    if not listed and tables:
        listed, where = list(tables[0].sheet.columns.points()), str(tables[0].path)
    for rows in tables:
        found = list(rows.sheet.columns.points())
        if not config.get("multianimalproject") and not any(one for one, _ in listed):
            found = list(dict.fromkeys(("", name) for _, name in found))
        report = partial(Problem, str(rows.path), kind="keypoints")
        if lacking := [named(point) for point in listed if point not in found]:
            yield report(f"lacks {few(lacking, 12)}, which {where} has", "add empty columns")
        if odd := [named(point) for point in found if point not in listed]:
            yield report(
                f"has {few(odd, 12)}, which {where} lacks", "add it there, or rename it here"
            )
        if not lacking and not odd and found != listed:
            level: Level = "note" if SINGLE in dict(found) else "warning"
            what = f"keypoints in another order than in {where}: {few([n for _, n in found], 12)}"
            yield report(what, "matched by name here, not by every tool", level=level)


def of_all_frames(tables: list[Rows]) -> Iterator[Problem]:
    """Find images that files of two folders label."""
    owner: dict[str, Path] = {}
    for rows in tables:
        for row, name in enumerate(map(str, rows.sheet.index)):
            frame = below_project(name)
            other = owner.setdefault(frame, rows.path)
            if other.parent != rows.path.parent:
                what = f"image {frame!r} is labeled in {other} too"
                yield Problem(str(rows.path), what, "remove one", row=rows.line(row), kind="twice")


def of_layouts(tables: list[Rows]) -> Iterator[Problem]:
    """Find files that name their rows by one path among files that do by three columns."""
    widths = {rows.sheet.index_width for rows in tables}
    if len(widths) > 1:
        for rows in tables:
            if rows.sheet.index_width == 1:
                what = "names rows by one path, where other files of the project have three columns"
                yield Problem(str(rows.path), what, level="warning", kind="layout", fixable=True)


def of_lightning_pose(path: Path) -> Iterator[Problem]:
    """Find what is wrong with a Lightning Pose folder."""
    from pose_io_dlc.projects.lightning_config import csv_per_view
    from pose_io_dlc.projects.lightning_pose import label_files, root_and_config
    from pose_io_dlc.projects.opening import open_project

    try:
        root, config = root_and_config(path)
        views = csv_per_view(root, config, root)
        files = sorted({*label_files(root), *(one for one in views.values() if one.is_file())})
    except FormatError as error:
        yield of_error(error, path)
        return
    before = len(files)
    for file in files:
        yield from of_file(file, root=root)
    if before:
        yield from attempted(
            lambda: (of_warning(text, root) for text in open_project(path).warnings), root
        )
    else:
        yield Problem(str(root), "has no CSV of labels", "name it CollectedData.csv", kind="folder")
    yield from of_keys(root, config)
    if not videos_in(root / "videos") and not config:
        yield Problem(str(root), "has no videos", level="note", kind="videos")


def of_keys(root: Path, config: Config) -> Iterator[Problem]:
    """Look at the keys of a Lightning Pose config."""
    data = config.get("data") if isinstance(config.get("data"), dict) else config
    assert isinstance(data, Mapping)
    report = partial(Problem, str(root), kind="config", level="warning")
    names = names_of(data, "keypoint_names")
    if len(set(names)) < len(names):
        yield report("keypoint_names lists a name twice", "keep one", level="error")
    count = data.get("num_keypoints")
    if names and isinstance(count, int) and count != len(names):
        yield report(
            f"num_keypoints is {count}, and there are {len(names)} keypoint_names", "mend it"
        )
    given = data.get("csv_file")
    for name in given if isinstance(given, list) else [given] if given else []:
        if not (root / Path(str(name)).name).is_file():
            yield report(f"csv_file {str(name)!r} is not here", "mend the name", level="error")
    for key in ("columns_for_singleview_pca", "mirrored_column_matches"):
        yield from of_places(data.get(key), key, len(names), report)


def of_places(places: object, key: str, count: int, report: Any) -> Iterator[Problem]:
    """Look at lists of positions of keypoints."""
    if not isinstance(places, list):
        return
    flat = [at for one in places for at in (one if isinstance(one, list) else [one])]
    odd = [at for at in flat if isinstance(at, int) and count and not 0 <= at < count]
    if odd:
        yield report(f"{key} holds {few(odd)}, and there are {count} keypoints", "count from 0")
    if len(set(map(str, flat))) < len(flat):
        yield report(f"{key} holds a position twice", "keep one")
