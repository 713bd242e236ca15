"""A backbone for pose-core that fits into a pocket."""
