"""What can be wrong with a DeepLabCut config, key by key."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pose_io_dlc.commands.aligned import few
from pose_io_dlc.commands.checks.problems import Level, Problem
from pose_io_dlc.projects.project import VIDEOS, videos_in
from pose_io_dlc.sheets.sheet import with_forward_slashes

Config = Mapping[str, Any]
Report = Callable[..., Problem]

NEEDED: Mapping[str, Level] = {
    "Task": "error",
    "scorer": "error",
    "bodyparts": "error",
    "date": "warning",
    "video_sets": "warning",
}
"""Keys that must not be empty, and how bad it is where one is."""

ENGINES = ("pytorch", "tensorflow")
RANGES = {
    "start": (0, 1),
    "stop": (0, 1),
    "pcutoff": (0, 1),
    "alphavalue": (0, 1),
    "numframes2pick": (1, None),
    "iteration": (0, None),
    "batch_size": (1, None),
    "dotsize": (0, None),
}
"""Keys that hold one number, and between what it lies."""


def of_config(source: Path, config: Config) -> Iterator[Problem]:
    """Find what is wrong with the keys of a config.yaml."""
    report = partial(Problem, str(source), kind="config")
    for key, level in NEEDED.items():
        if config.get(key) in (None, "", [], {}):
            what = f"{key} is {'empty' if key in config else 'missing'}"
            yield report(what, f"add {key}", level=level)
    for look in (of_parts, of_skeleton, of_numbers, of_choices):
        yield from look(config, report)
    yield from of_fractions(config, report)
    yield from of_videos(source, config, report)
    yield from of_place(source, config, report)


def of_parts(config: Config, report: Report) -> Iterator[Problem]:
    """Look at the lists of keypoints and animals."""
    several = config.get("multianimalproject") is True
    parts = config.get("bodyparts")
    if several and parts != "MULTI!":
        remedy = "write bodyparts: MULTI!, and the names under multianimalbodyparts"
        yield report(
            f"bodyparts is {shown(parts)} in a project of several animals", remedy, level="warning"
        )
    if not several and parts == "MULTI!":
        yield report(
            "bodyparts is 'MULTI!' and multianimalproject is not true", "set one of both right"
        )
    keys = ["multianimalbodyparts", "individuals", "uniquebodyparts"] if several else ["bodyparts"]
    for key in keys:
        yield from of_names(config, key, report)
    if several:
        both = {*names_of(config, keys[0])} & {*names_of(config, "uniquebodyparts")}
        if both:
            what = f"{few(sorted(both))} in both multianimalbodyparts and uniquebodyparts"
            yield report(what, "keep it in one of both")


def of_names(config: Config, key: str, report: Report) -> Iterator[Problem]:
    """Look at one list of names."""
    names = config.get(key)
    if names in (None, "", [], "MULTI!"):
        if key in ("multianimalbodyparts", "individuals"):
            yield report(f"{key} is empty in a project of several animals", "list the names")
        return
    if not isinstance(names, list):
        yield report(f"{key} is {shown(names)}, not a list of names", f"write {key}: [name, name]")
        return
    for name in names:
        if isinstance(name, list | dict) or name in (None, ""):
            yield report(f"{key} holds {shown(name)}, not a name", "write a name in its place")
        elif not isinstance(name, str):
            what = f"{key} holds {name!r}, which is no text"
            yield report(what, f"write '{name}' in quotes", level="warning")
        elif name != name.strip():
            yield report(
                f"{key} holds {name!r}, with spaces around it", "remove them", level="warning"
            )
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            yield report(f"{key} lists {name!r} {count} times", "keep one")


def names_of(config: Config, key: str) -> list[str]:
    """Give a list of names, none where it is no list."""
    names = config.get(key)
    return [str(name) for name in names] if isinstance(names, list) else []


def parts_of(config: Config) -> list[str]:
    """Give all keypoint names of a config, whatever the number of animals."""
    if config.get("multianimalproject") is True:
        return names_of(config, "multianimalbodyparts") + names_of(config, "uniquebodyparts")
    return names_of(config, "bodyparts")


def of_skeleton(config: Config, report: Report) -> Iterator[Problem]:
    """Look at the bones: pairs of known, different names, each once."""
    bones = config.get("skeleton")
    if bones in (None, "", []):
        return
    if not isinstance(bones, list):
        yield report(
            f"skeleton is {shown(bones)}, not a list of pairs", "write [[nose, tail], ...]"
        )
        return
    known, seen = set(parts_of(config)), set()
    for bone in bones:
        if not isinstance(bone, list) or len(bone) != 2:
            yield report(f"skeleton holds {shown(bone)}, not a pair of names", "write two names")
            continue
        names = tuple(map(str, bone))
        if unknown := [name for name in names if name not in known]:
            what = (
                f"skeleton: bone {'-'.join(names)} names {few([*map(repr, unknown)])}, no body part"
            )
            yield report(what, f"there are {few(sorted(known), 12)}", level="warning")
        if names[0] == names[1]:
            yield report(
                f"skeleton: bone {'-'.join(names)} joins a part to itself",
                "remove it",
                level="warning",
            )
        if frozenset(names) in seen:
            yield report(
                f"skeleton: bone {'-'.join(names)} is given twice", "remove one", level="note"
            )
        seen.add(frozenset(names))


def of_numbers(config: Config, report: Report) -> Iterator[Problem]:
    """Look at keys that hold one number."""
    for key, (low, high) in RANGES.items():
        value = config.get(key)
        if value in (None, ""):
            continue
        limits = f"{low} to {high}" if high is not None else f"{low} or more"
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield report(f"{key} is {shown(value)}, not a number", f"write {limits}")
        elif not low <= value <= (float("inf") if high is None else high):
            yield report(f"{key} is {value:g}", f"write {limits}", level="warning")
    start, stop = config.get("start"), config.get("stop")
    if isinstance(start, int | float) and isinstance(stop, int | float) and start >= stop:
        yield report(f"start is {start:g}, not below stop, {stop:g}", "no frame would be extracted")
    for low_key, high_key in (("x1", "x2"), ("y1", "y2")):
        first, last = config.get(low_key), config.get(high_key)
        if config.get("cropping") is True and is_empty(first, last):
            what = f"cropping: {low_key} is {first}, not below {high_key}, {last}"
            yield report(what, "swap them")


def is_empty(low: object, high: object) -> bool:
    """Say whether nothing lies between two ends."""
    return isinstance(low, int) and isinstance(high, int) and low >= high


def of_choices(config: Config, report: Report) -> Iterator[Problem]:
    """Look at keys that hold one of a few words."""
    engine = config.get("engine")
    if engine not in (None, "", *ENGINES):
        yield report(f"engine is {shown(engine)}", f"write {' or '.join(ENGINES)}", level="warning")
    for key in ("multianimalproject", "cropping", "identity"):
        value = config.get(key)
        if value not in (None, "") and not isinstance(value, bool):
            yield report(
                f"{key} is {shown(value)}, neither true nor false",
                "write one of both",
                level="warning",
            )


def of_fractions(config: Config, report: Report) -> Iterator[Problem]:
    """Look at the parts of the labels that are trained on."""
    fractions = config.get("TrainingFraction")
    if fractions in (None, ""):
        yield report("TrainingFraction is missing", "write [0.95]", level="note")
        return
    if not isinstance(fractions, list):
        yield report(f"TrainingFraction is {shown(fractions)}, not a list", "write [0.95]")
        return
    for fraction in fractions:
        number = isinstance(fraction, int | float) and not isinstance(fraction, bool)
        if not number or not 0 < fraction <= 1:
            remedy = f"write {fraction / 100:g}" if number and 1 < fraction <= 100 else "write 0.95"
            yield report(f"TrainingFraction holds {shown(fraction)}, not between 0 and 1", remedy)


def of_videos(source: Path, config: Config, report: Report) -> Iterator[Problem]:
    """Look at `video_sets`: videos that are gone, twice or cut to nothing."""
    sets = config.get("video_sets")
    if sets in (None, "", {}):
        return
    if not isinstance(sets, dict):
        yield report(
            f"video_sets is {shown(sets)}, not paths with a crop each", "write path: {crop: ...}"
        )
        return
    there = {video.stem for video in videos_in(source.parent / "videos")}
    paths = {key: PurePosixPath(with_forward_slashes(str(key))) for key in sets}
    for key, path in paths.items():
        if path.suffix.lower() not in VIDEOS:
            what = f"video_sets holds {shown(key)}, which is no video"
            yield report(what, "write the path of one, or remove it", level="note")
        elif path.stem not in there:
            what = f"video_sets: video {path.name!r} is not in {source.parent / 'videos'}"
            yield report(what, "copy it there, or remove it", level="warning")
        yield from of_crop(sets[key], path.name, report)
    stems = Counter(path.stem for path in paths.values() if path.suffix.lower() in VIDEOS)
    for stem, count in stems.items():
        if count > 1:
            what = f"video_sets lists video {stem!r} {count} times"
            yield report(what, "keep one; extracting outliers adds it again", level="note")


def of_crop(settings: object, name: str, report: Report) -> Iterator[Problem]:
    """Look at the part of a video that is used."""
    crop = settings.get("crop") if isinstance(settings, dict) else None
    if crop in (None, ""):
        yield report(
            f"video_sets: {name!r} has no crop", "write crop: 0, width, 0, height", level="warning"
        )
        return
    try:
        x1, x2, y1, y2 = (int(part) for part in str(crop).strip("[]").split(","))
    except ValueError:
        what = f"video_sets: crop of {name!r} is {shown(crop)}, not four numbers"
        yield report(what, "write x1, x2, y1, y2")
        return
    if not (0 <= x1 < x2 and 0 <= y1 < y2):
        yield report(
            f"video_sets: crop of {name!r} is {shown(crop)}, an empty part", "write x1, x2, y1, y2"
        )


def of_place(source: Path, config: Config, report: Report) -> Iterator[Problem]:
    """Look at where the config says that it lies."""
    given = with_forward_slashes(str(config.get("project_path") or ""))
    here = source.absolute().parent.as_posix()
    if given and given.rstrip("/") != here:
        what = f"project_path is {given!r}, and the project is here"
        remedy = "nothing to do: it is not believed here, and DeepLabCut corrects it by itself"
        yield report(what, remedy, level="note")


def shown(value: object) -> str:
    """Show a value, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
