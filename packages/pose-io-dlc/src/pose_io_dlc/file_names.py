"""What a file's name says: of which video it is, who made it, and what was done since.

DeepLabCut joins the parts with nothing between them: `mouseDLC_resnet50_reachJan5shuffle1_9.h5` is
of the video `mouse`. Lightning Pose and EKS name a file after its video alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path

TRACKERS = ("el", "bx", "sk", "tr", "ctd")
"""Suffixes of tracks, by what stitched them: ellipses, boxes, skeletons, transformer, top-down."""

SUFFIXES = (*TRACKERS, "filtered", "skeleton", "meta", "full", "assemblies", "labeled", "id")
"""What DeepLabCut hangs on a name after the scorer, each after `_`."""

SCORER = re.compile(r"DLC_|DeepCut_")
"""How the scorers that DeepLabCut makes up begin: before 2.1 with DeepCut."""

OF_IMAGES = "image_predictions_"
"""How files of predictions for a folder of images begin."""

OF_LABELS = re.compile(r"CollectedData(?:_(.*))?|machinelabels(?:-iter\d+)?")
"""Names of files of labels: a person's, with who that is, and a network's."""


@dataclass(frozen=True)
class FileName:
    """The parts of a file's name.

    Attributes:
        video: stem of the video; "" where the file is of images, or the name says nothing.
        scorer: who made it; "" where the name does not say.
        suffixes: what was done since, in order, such as ("el", "filtered").
    """

    video: str
    scorer: str = ""
    suffixes: tuple[str, ...] = ()

    @property
    def tracker(self) -> str:
        """What stitched the tracks: one of TRACKERS, or nothing."""
        return next((suffix for suffix in self.suffixes if suffix in TRACKERS), "")

    @property
    def is_filtered(self) -> bool:
        """Whether it was smoothed over time."""
        return "filtered" in self.suffixes

    def stem(self) -> str:
        """Give the name back, without its ending, as DeepLabCut would write it."""
        apart = is_apart(self.scorer)
        parts = [self.video, self.scorer] if apart else [self.video + self.scorer]
        return "_".join([*filter(None, parts), *self.suffixes])


def parse_file_name(path: Path | str, scorer: str = "") -> FileName:
    """Take the name of a file apart; a path of any operating system will do.

    Args:
        path: the file.
        scorer: who made it, where the file itself says so: a name that holds it is cut there, and
            not at the last `DLC_` or `DeepCut_`, which a video or a project may be named for.
    """
    name = last_part(path)
    stem = name[: name.rindex(".")] if "." in name[1:] else name
    if labels := OF_LABELS.fullmatch(stem):
        return FileName("", labels[1] or "")
    at = beginning_of_scorer(stem, scorer)
    if at is None:
        return FileName(stem)
    video, rest = stem[:at], stem[at:]
    found, suffixes = without_suffixes(rest, scorer)
    if video == OF_IMAGES:
        video = ""
    elif is_apart(found):
        video = video.removesuffix("_")
    return FileName(video, found, suffixes)


def last_part(path: Path | str) -> str:
    """Give the name of a file, whatever system its path is of."""
    return str(path).replace("\\", "/").rpartition("/")[2]


def beginning_of_scorer(stem: str, scorer: str) -> int | None:
    """Find where the scorer begins; None where there is none."""
    starts = [found.start() for found in SCORER.finditer(stem)]
    at = stem.rfind(scorer) if scorer and (SCORER.match(scorer) or not starts) else -1
    whole = at == 0 or (at > 0 and (stem[at - 1] == "_" or bool(starts)))
    if whole and without_suffixes(stem[at:], scorer)[0] == scorer:
        return at
    return starts[-1] if starts else None


def without_suffixes(rest: str, scorer: str) -> tuple[str, tuple[str, ...]]:
    """Split what follows the video into the scorer and the suffixes."""
    suffixes: list[str] = []
    while rest != scorer:
        before, line, last = rest.rpartition("_")
        threshold = suffixes[:1] == ["labeled"] and re.fullmatch(r"p\d+", last)
        if not line or not (last in SUFFIXES or threshold):
            break
        rest = before
        suffixes.insert(0, last)
    return rest, tuple(suffixes)


def is_apart(scorer: str) -> bool:
    """Say whether a scorer stands after `_`: in 3-D projects, and where it is not DeepLabCut's."""
    return not SCORER.match(scorer) or scorer.endswith("_3D")


def deeplabcut_name(
    video: Path | str, scorer: str, suffixes: tuple[str, ...] = (), ending: str = ".h5"
) -> str:
    """Give the name under which DeepLabCut would keep a file about a video, and look for it.

    Args:
        video: the video, or its stem.
        scorer: who predicts; DeepLabCut finds the file only if it begins with `DLC_`.
        suffixes: such as ("el", "filtered"), in the order in which things were done.
        ending: with its dot.
    """
    name = last_part(video)
    stem = name.rpartition(".")[0] if is_video_name(name) else name
    return FileName(stem, scorer, suffixes).stem() + ending


def is_video_name(name: str) -> bool:
    """Say whether a name ends as a video's does; `session.2` is a stem."""
    return (
        re.search(r"\.(avi|mp4|mov|mkv|mpe?g|wmv|m4v|webm|flv)$", name, re.IGNORECASE) is not None
    )
