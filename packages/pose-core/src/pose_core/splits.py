"""Which labeled frames train, validate and test: drawn once, written beside a run, read by any."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_core.errors import ConfigError, FormatError
from pose_core.files import write_text
from pose_core.labels import Labels, video_of

SETS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the labels in each set; a frame is in at most one."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def sets(self, frames: int) -> list[str]:
        """Name the set of every frame; "unused" for one in none."""
        names = np.full(frames, "unused", dtype=object)
        for name in SETS:
            names[getattr(self, name)] = name
        return names.tolist()


def draw_split(
    labels: Labels,
    validation: float,
    test: float,
    seed: int,
    group_by: str | None,
    instants: np.ndarray | None = None,
) -> Split:
    """Draw a split at random, of frames or of whole videos.

    Args:
        labels: the labeled frames; one without any label is in no set.
        validation: fraction to validate on; at least one frame or video if more than 0.
        test: fraction to keep apart, rounded.
        seed: the same seed draws the same split of the same frames, in whatever order they come.
        group_by: "video" to keep each video's frames together; None to draw frame by frame.
        instants: int (frames,), as `Project.instants`: frames of one instant stay together, and
            with `group_by` all of the videos that they are of.

    Raises:
        ConfigError: if nothing is left to train on or to validate on.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise ConfigError(
            f"data.validation={validation}, data.test={test}: need a sum from 0 to below 1"
        )
    labeled = np.flatnonzero((labels.visibility > 0).any(1))
    if len(labeled) == 0:
        raise FormatError("labels: no frame has a label; label some before training")
    keys = [video_of(frame) if group_by else frame for frame in labels.frames]
    linked = keys if instants is None else link(keys, instants)
    units = [linked[row] for row in labeled]
    names = sorted(set(units))
    order = np.random.default_rng(seed).permutation(len(names))
    n_test = round(test * len(names))
    n_validation = max(1, round(validation * len(names))) if validation > 0 else 0
    what = "videos" if group_by else "labeled frames" if instants is None else "instants"
    if n_test + n_validation >= len(names):
        raise ConfigError(
            f"data: {len(names)} {what} are too few to keep {n_validation} for validation and "
            f"{n_test} for the test; label more, or set data.validation=0 data.test=0"
        )
    where = dict.fromkeys((names[i] for i in order[:n_test]), "test")
    where |= dict.fromkeys((names[i] for i in order[n_test : n_test + n_validation]), "validation")
    sets = np.array([where.get(unit, "train") for unit in units])
    return Split(*(labeled[sets == name] for name in SETS))


def subset(
    split: Split,
    frames: Sequence[str],
    fraction: float,
    seed: int,
    instants: np.ndarray | None = None,
) -> Split:
    """Keep a part of the frames to train on, drawn at random; a smaller one is part of a larger.

    Args:
        split: to draw from; validation and test stay.
        frames: names of the labeled frames.
        fraction: of the frames to train on, rounded, but one at least.
        seed: the same seed draws the same of the same frames, in whatever order they come.
        instants: as in `draw_split`: frames of one instant stay together.

    Raises:
        ConfigError: if the fraction is not above 0 and at most 1.
    """
    if not 0 < fraction <= 1:
        raise ConfigError(f"data.fraction: {fraction} is not above 0 and at most 1; 1 takes all")
    if fraction == 1:
        return split
    linked = frames if instants is None else link(frames, instants)
    units = [linked[row] for row in split.train]
    names = sorted(set(units))
    order = np.random.default_rng([seed, len(names)]).permutation(len(names))
    kept = {names[place] for place in order[: max(1, round(fraction * len(names)))]}
    return replace(split, train=split.train[[unit in kept for unit in units]])


def link(keys: Sequence[str], instants: np.ndarray) -> list[str]:
    """Name what each frame stays together with: the least of the keys that instants link it to."""
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            key = parent[key]
        return key

    first: dict[int, str] = {}
    for key, instant in zip(keys, instants.tolist(), strict=True):
        low, high = sorted((root(key), root(first.setdefault(instant, key))))
        parent[high] = low
    return [root(key) for key in keys]


def write_split(path: Path, split: Split, frames: Sequence[str]) -> None:
    """Write a split as a table of frame and set, atomically."""
    sets = split.sets(len(frames))
    rows = [f"{quoted(frame)},{name}" for frame, name in zip(frames, sets, strict=True)]
    write_text(path, "\n".join(["frame,set", *rows]) + "\n")


def read_split(
    path: Path, labels: Labels, validate: bool = True, instants: np.ndarray | None = None
) -> Split:
    """Read a split that a run wrote, or a person.

    Args:
        path: a CSV with the columns frame and set (train, validation, test or unused).
        labels: the labels it is for; frames it does not list are in no set.
        validate: whether a validation set is needed.
        instants: int (frames,), as `Project.instants`.

    Raises:
        FormatError: for a frame listed twice or not labeled, another set, an empty set, or an
            instant in two sets.
    """
    if not path.is_file():
        raise FormatError(f"split={path}: no such file; give the split.csv of a run")
    numbers = {frame: number for number, frame in enumerate(labels.frames)}
    rows: dict[str, list[int]] = {name: [] for name in (*SETS, "unused")}
    seen: set[str] = set()
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not {"frame", "set"} <= set(reader.fieldnames or ()):
            raise FormatError(f"{path}: columns {reader.fieldnames} lack 'frame' or 'set'")
        for line, row in enumerate(reader, start=2):
            frame, name = row["frame"], row["set"]
            if frame in seen:
                raise FormatError(f"{path}: line {line}: frame {frame!r} is listed twice; keep one")
            if frame not in numbers:
                raise FormatError(
                    f"{path}: line {line}: frame {frame!r} is not labeled in the project"
                )
            if name not in rows:
                raise FormatError(f"{path}: line {line}: set {name!r} is none of {', '.join(rows)}")
            seen.add(frame)
            rows[name].append(numbers[frame])
    split = Split(*(np.array(rows[name], dtype=int) for name in SETS))
    if len(split.train) == 0:
        raise FormatError(f"{path}: no frame in the set 'train'")
    if validate and len(split.validation) == 0:
        raise FormatError(
            f"{path}: no frame in the set 'validation'; add some, or set data.validation=0"
        )
    if instants is not None:
        refuse_torn(path, split, labels.frames, instants)
    return split


def refuse_torn(path: Path, split: Split, frames: Sequence[str], instants: np.ndarray) -> None:
    """Refuse a split that has an instant in two sets: one view would tell of the other.

    Raises:
        FormatError: naming two such frames.
    """
    sets = split.sets(len(frames))
    first: dict[int, int] = {}
    for row, instant in enumerate(instants.tolist()):
        if sets[row] == "unused":
            continue
        other = first.setdefault(instant, row)
        if sets[other] != sets[row]:
            raise FormatError(
                f"{path}: {frames[other]!r} and {frames[row]!r} show one instant in two views and "
                f"are in the sets {sets[other]!r} and {sets[row]!r}; put both in one"
            )


def quoted(cell: str) -> str:
    """Quote a CSV cell that needs it."""
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
