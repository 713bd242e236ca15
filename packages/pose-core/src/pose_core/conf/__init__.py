"""Hydra's side of `pose train`; the options themselves are `pose_core.training.options`."""
