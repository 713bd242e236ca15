"""Videos of one session by the cameras of a project: known by their names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pose_core.errors import PoseError

if TYPE_CHECKING:
    from pose_core.plugins import Plugins

T = TypeVar("T")


def views_of(model: Path, plugins: "Plugins") -> tuple[str, ...]:
    """Name the cameras of a model's project that have files of their own; none where it is gone."""
    from pose_core.files import open_project
    from pose_core.run_folder import project_of

    try:
        return tuple(open_project(project_of(model), plugins).cameras)
    except PoseError:
        return ()


def sessions_in(videos: Mapping[str, T], views: Sequence[str]) -> list[dict[str, T]]:
    """Put together what belongs to videos whose names differ in the view alone.

    Args:
        videos: what belongs to each, by its name without a suffix.
        views: of the project.

    Returns:
        View to what belongs to it, for each session; "" for a video that is of no view.
    """
    from pose_core.sessions import sessions_of

    named = {Path(f"{name}.mp4"): one for name, one in videos.items()}
    sessions, alone = sessions_of(list(named), views)
    found = [{view: named[path] for view, path in one.videos.items()} for one in sessions]
    return [*found, *({"": named[path]} for path in alone)]
