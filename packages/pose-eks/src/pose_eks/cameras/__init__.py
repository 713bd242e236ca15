"""Calibrated cameras: calibration files, projection with its derivatives, triangulation."""
