"""Reads and writes DeepLabCut and Lightning Pose projects, labels and predictions.

Names are loaded when they are used, so that importing the package costs nothing.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pose_io_dlc.bones import BoneTable as BoneTable
    from pose_io_dlc.bones import read_skeleton as read_skeleton
    from pose_io_dlc.bones import write_skeleton as write_skeleton
    from pose_io_dlc.errors import FormatError as FormatError
    from pose_io_dlc.file_names import FileName as FileName
    from pose_io_dlc.file_names import deeplabcut_name as deeplabcut_name
    from pose_io_dlc.file_names import parse_file_name as parse_file_name
    from pose_io_dlc.kinds import Kind as Kind
    from pose_io_dlc.kinds import kind_of as kind_of
    from pose_io_dlc.labeling.frames import NewFrames as NewFrames
    from pose_io_dlc.labeling.frames import Placed as Placed
    from pose_io_dlc.labeling.frames import Survey as Survey
    from pose_io_dlc.labeling.opening import place_frames as place_frames
    from pose_io_dlc.labeling.opening import survey as survey
    from pose_io_dlc.labels import below_project as below_project
    from pose_io_dlc.labels import read_labels as read_labels
    from pose_io_dlc.labels import write_labels as write_labels
    from pose_io_dlc.pickles import FullDetections as FullDetections
    from pose_io_dlc.pickles import Meta as Meta
    from pose_io_dlc.pickles import read_full as read_full
    from pose_io_dlc.pickles import read_meta as read_meta
    from pose_io_dlc.pickles import read_pickle as read_pickle
    from pose_io_dlc.points3d import Table3D as Table3D
    from pose_io_dlc.points3d import read_points3d as read_points3d
    from pose_io_dlc.points3d import write_points3d as write_points3d
    from pose_io_dlc.predictions import read_chunks as read_chunks
    from pose_io_dlc.predictions import read_numbers as read_numbers
    from pose_io_dlc.predictions import read_predictions as read_predictions
    from pose_io_dlc.predictions import write_predictions as write_predictions
    from pose_io_dlc.projects.config import rewrite_config as rewrite_config
    from pose_io_dlc.projects.create import NewProject as NewProject
    from pose_io_dlc.projects.create import create_project as create_project
    from pose_io_dlc.projects.deeplabcut import open_deeplabcut as open_deeplabcut
    from pose_io_dlc.projects.lightning_pose import open_lightning_pose as open_lightning_pose
    from pose_io_dlc.projects.opening import kinds_of as kinds_of
    from pose_io_dlc.projects.opening import open_project as open_project
    from pose_io_dlc.projects.project import Camera as Camera
    from pose_io_dlc.projects.project import Project as Project
    from pose_io_dlc.projects.symmetry import propose_pairs as propose_pairs
    from pose_io_dlc.projects.three_d import ThreeDProject as ThreeDProject
    from pose_io_dlc.projects.three_d import read_three_d as read_three_d
    from pose_io_dlc.projects.views import propose_views as propose_views
    from pose_io_dlc.sheets.files import read_sheet as read_sheet
    from pose_io_dlc.sheets.files import write_sheet as write_sheet
    from pose_io_dlc.tables import LabelTable as LabelTable
    from pose_io_dlc.tables import PredictionTable as PredictionTable
    from pose_io_dlc.writing import PredictionWriter as PredictionWriter

__version__ = version("pose-io-dlc")

# Where each name above is at home; both lists grow together, a line per name.
_HOME = {
    "BoneTable": "bones",
    "FileName": "file_names",
    "Camera": "projects.project",
    "FormatError": "errors",
    "FullDetections": "pickles",
    "Kind": "kinds",
    "LabelTable": "tables",
    "Meta": "pickles",
    "NewFrames": "labeling.frames",
    "NewProject": "projects.create",
    "Placed": "labeling.frames",
    "PredictionTable": "tables",
    "PredictionWriter": "writing",
    "Project": "projects.project",
    "Survey": "labeling.frames",
    "Table3D": "points3d",
    "below_project": "labels",
    "create_project": "projects.create",
    "deeplabcut_name": "file_names",
    "kind_of": "kinds",
    "kinds_of": "projects.opening",
    "open_deeplabcut": "projects.deeplabcut",
    "open_lightning_pose": "projects.lightning_pose",
    "open_project": "projects.opening",
    "parse_file_name": "file_names",
    "place_frames": "labeling.opening",
    "propose_pairs": "projects.symmetry",
    "propose_views": "projects.views",
    "read_chunks": "predictions",
    "read_numbers": "predictions",
    "read_full": "pickles",
    "read_labels": "labels",
    "read_meta": "pickles",
    "read_pickle": "pickles",
    "read_points3d": "points3d",
    "read_predictions": "predictions",
    "read_sheet": "sheets.files",
    "read_skeleton": "bones",
    "ThreeDProject": "projects.three_d",
    "read_three_d": "projects.three_d",
    "rewrite_config": "projects.config",
    "survey": "labeling.opening",
    "write_labels": "labels",
    "write_points3d": "points3d",
    "write_predictions": "predictions",
    "write_sheet": "sheets.files",
    "write_skeleton": "bones",
}
__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'pose_io_dlc' has no attribute {name!r}")
    return getattr(import_module(f"pose_io_dlc.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *_HOME})
