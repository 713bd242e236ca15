"""Frames that wait for labels: which a project has, and where more of them are to lie."""
