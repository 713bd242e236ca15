"""Hydra's side of `pose train`; the options themselves are `pose_core.training.options`."""

from omegaconf import OmegaConf

# Here, since what trains a member of a sweep in another process loads this package before it
# resolves names, and our command not at all.
OmegaConf.register_new_resolver("member", lambda name: name.replace("++", ""), replace=True)
