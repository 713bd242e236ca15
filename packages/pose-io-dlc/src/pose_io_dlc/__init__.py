from importlib.metadata import version

__version__ = version("pose-io-dlc")
