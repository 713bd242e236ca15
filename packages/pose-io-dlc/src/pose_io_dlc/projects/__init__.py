"""Folders a lab works in: DeepLabCut projects and Lightning Pose folders, opened to one Project."""
