"""The dynamics there are, by name."""

from pose_eks.core import velocity, walk
from pose_eks.core.lanes import Dynamics

DYNAMICS = {
    "walk": Dynamics("walk", 1, walk.likelihood, walk.prior, walk.filtered, walk.smoothed),
    "velocity": Dynamics(
        "velocity", 2, velocity.likelihood, velocity.prior, velocity.filtered, velocity.smoothed
    ),
}
