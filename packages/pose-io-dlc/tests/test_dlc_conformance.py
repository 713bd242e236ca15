import pytest

pytest.importorskip("pose_core", reason="pose-core is not installed")
from pose_core.testing import FormatConformance

HEAD = "bodyparts,paw_l,paw_l,paw_r,paw_r\ncoords,x,y,x,y\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30\x08\x02\0\0\0"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def add_images(folder):
    for name in ("img01.png", "img02.png"):
        (folder / "labeled-data" / "v" / name).write_bytes(PNG)
    write(folder / "videos" / "v.mp4", "")
    write(folder / "videos" / "u.avi", "")
    return folder


class TestDeepLabCut(FormatConformance):
    plugin, name = "pose_io_dlc.plugin", "deeplabcut"

    def sample(self, folder):
        write(folder / "config.yaml", "Task: t\nscorer: a\nbodyparts: [paw_l, paw_r]\n")
        rows = "labeled-data/v/img01.png,1,2,3,4\nlabeled-data/v/img02.png,,,3,4\n"
        write(
            folder / "labeled-data" / "v" / "CollectedData_a.csv", f"scorer,a,a,a,a\n{HEAD}{rows}"
        )
        return add_images(folder)


class TestLightningPose(FormatConformance):
    plugin, name = "pose_io_dlc.plugin", "lightning_pose"

    def sample(self, folder):
        rows = "labeled-data/v/img01.png,1,2,3,4\nlabeled-data/v/img02.png,,,3,4\n"
        write(folder / "CollectedData.csv", f"scorer,a,a,a,a\n{HEAD}{rows}")
        (folder / "labeled-data" / "v").mkdir(parents=True)
        return add_images(folder)


class TestViewsOfLightningPose(FormatConformance):
    plugin, name = "pose_io_dlc.plugin", "lightning_pose"

    def sample(self, folder):
        write(folder / "project.yaml", "view_names: [top, side]\n")
        for view in ("top", "side"):
            images = folder / "labeled-data" / f"s_{view}"
            images.mkdir(parents=True)
            for name in ("img01.png", "img02.png"):
                (images / name).write_bytes(PNG)
            rows = "".join(f"labeled-data/s_{view}/img0{n}.png,1,{n},3,4\n" for n in (1, 2))
            write(folder / f"CollectedData_{view}.csv", f"scorer,a,a,a,a\n{HEAD}{rows}")
            write(folder / "videos" / f"s_{view}.mp4", "")
        return folder
