"""Prediction files in, smoothed files out, through pose-io-dlc."""
