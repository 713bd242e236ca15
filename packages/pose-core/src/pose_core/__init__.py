"""Animal pose estimation: data types, hooks, video plumbing, models, training, prediction."""

from importlib.metadata import version

from pose_core.errors import ConfigError as ConfigError
from pose_core.errors import FormatError as FormatError
from pose_core.errors import PluginError as PluginError
from pose_core.errors import PoseError as PoseError
from pose_core.errors import VideoError as VideoError
from pose_core.labels import Labels as Labels
from pose_core.predictions import Ensemble as Ensemble
from pose_core.predictions import Predictions as Predictions
from pose_core.project import Project as Project
from pose_core.skeleton import Skeleton as Skeleton

__version__ = version("pose-core")
