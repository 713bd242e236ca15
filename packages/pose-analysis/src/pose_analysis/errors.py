"""The error a user can cause: one line, saying where, what, and what to do."""


class AnalysisError(ValueError):
    """Input or an option that cannot be used as it is."""
