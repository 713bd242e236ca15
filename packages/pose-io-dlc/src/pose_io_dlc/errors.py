"""The one error of this package: a line that says where, what with the value, and what to do."""


class FormatError(ValueError):
    """A file or project that cannot be read, or written, as it is."""
