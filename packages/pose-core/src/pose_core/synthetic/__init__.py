"""A drawn animal, seen from the side and from below at once, whose keypoints are known.

It stands in for a recording in the demo, the examples and the tests: look-alike paws that cross,
hide and lift, obstacles that pass, a moving textured floor with paw-like glints, and sessions of
different light, colour and size. Everything follows from seeds.
"""

from pose_core.synthetic.body import skeleton as skeleton
from pose_core.synthetic.project import SyntheticProject as SyntheticProject
from pose_core.synthetic.project import read_truth as read_truth
from pose_core.synthetic.project import write_project as write_project
from pose_core.synthetic.scene import Scene as Scene
from pose_core.synthetic.session import Session as Session
from pose_core.synthetic.session import draw_sessions as draw_sessions
