"""Reads and writes DeepLabCut and Lightning Pose projects, labels and predictions."""

from importlib.metadata import version

from pose_io_dlc.errors import FormatError as FormatError
from pose_io_dlc.labels import below_project as below_project
from pose_io_dlc.labels import read_labels as read_labels
from pose_io_dlc.labels import write_labels as write_labels
from pose_io_dlc.predictions import read_predictions as read_predictions
from pose_io_dlc.predictions import write_predictions as write_predictions
from pose_io_dlc.projects.deeplabcut import open_deeplabcut as open_deeplabcut
from pose_io_dlc.projects.lightning_pose import open_lightning_pose as open_lightning_pose
from pose_io_dlc.projects.opening import open_project as open_project
from pose_io_dlc.projects.project import Project as Project
from pose_io_dlc.projects.symmetry import propose_pairs as propose_pairs
from pose_io_dlc.projects.views import propose_views as propose_views
from pose_io_dlc.sheets.files import read_sheet as read_sheet
from pose_io_dlc.sheets.files import write_sheet as write_sheet
from pose_io_dlc.tables import LabelTable as LabelTable
from pose_io_dlc.tables import PredictionTable as PredictionTable

__version__ = version("pose-io-dlc")
