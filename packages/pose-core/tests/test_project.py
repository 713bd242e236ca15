from pathlib import Path

import numpy as np
import pytest

from pose_core.errors import FormatError
from pose_core.labels import Labels
from pose_core.project import Project
from pose_core.skeleton import Skeleton

SKELETON = Skeleton(("nose",))
PROJECT = Project(
    root=Path("/data/mouse"),
    name="mouse",
    labels=Labels.of(["labeled-data/m1/img0.png"], np.ones((1, 1, 2)), SKELETON),
)


def test_the_skeleton_is_that_of_the_labels():
    assert PROJECT.skeleton is SKELETON


def test_an_image_lies_below_the_project():
    path = PROJECT.image_path("labeled-data/m1/img0.png")
    assert path == Path("/data/mouse/labeled-data/m1/img0.png")


@pytest.mark.parametrize("frame", ["/etc/passwd", "../secret.png", "labeled-data/../../x.png"])
def test_a_path_that_leads_out_of_the_project_is_refused(frame):
    with pytest.raises(FormatError, match=r"leads out of /data/mouse; move the image"):
        PROJECT.image_path(frame)
