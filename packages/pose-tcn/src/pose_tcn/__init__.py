"""A temporal context head for pose-core: neighbouring frames resolve what one frame leaves open."""

from importlib.metadata import version

__version__ = version("pose-tcn")
