"""Training losses: divergences of heatmaps, and what unlabeled videos must not show."""

from importlib.metadata import version

__version__ = version("pose-losses")
