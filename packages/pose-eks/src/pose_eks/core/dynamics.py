"""The dynamics there are, by name."""

from pose_eks.core import plain, velocity, walk
from pose_eks.core.lanes import Dynamics

DYNAMICS = {
    "walk": Dynamics(
        name="walk",
        order=1,
        likelihood=walk.likelihood,
        prior=walk.prior,
        filtered=walk.filtered,
        smoothed=walk.smoothed,
        plain_likelihood=plain.walk_likelihood,
        plain_smooth=plain.walk_smooth,
    ),
    "velocity": Dynamics(
        name="velocity",
        order=2,
        likelihood=velocity.likelihood,
        prior=velocity.prior,
        filtered=velocity.filtered,
        smoothed=velocity.smoothed,
        plain_likelihood=plain.velocity_likelihood,
        plain_smooth=plain.velocity_smooth,
    ),
}
