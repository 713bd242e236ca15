"""The errors a user can cause, each one line: where, what (with the value), what to do."""


class PoseError(Exception):
    """A mistake a user can mend; commands print it as one line and exit with 1."""


class ConfigError(PoseError):
    """An option or component that does not exist, or has a value it cannot have."""


class FormatError(PoseError):
    """A project, label or prediction file that cannot be used as it is."""


class PluginError(PoseError):
    """A plugin that cannot be loaded, or two that provide the same component."""


class VideoError(PoseError):
    """A video that cannot be opened, or not decoded to its end."""


class TrainingError(PoseError):
    """A run that cannot go on: a loss or a weight that is no number."""


def reason(error: BaseException) -> str:
    """Give an error's message in one line, or its type where it has none.

    Of the system's errors it is what went wrong; the path is named by who tells it.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
