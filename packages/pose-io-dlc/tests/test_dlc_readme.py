import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from pose_io_dlc import PredictionTable, write_predictions
from pose_io_dlc.__main__ import main

README = Path(__file__).parents[1] / "README.md"
CONFIG = """Task: reach
scorer: ann
date: Jan5
video_sets:
  /old/computer/reach-ann-2026-01-05/videos/mouse.mp4: {crop: "0, 64, 0, 48"}
bodyparts: [nose, leftear, rightear]
skeleton: [[nose, leftear], [nose, rightear]]
TrainingFraction: [0.95]
"""
LABELS = """scorer,,,ann,ann,ann,ann,ann,ann
bodyparts,,,nose,nose,leftear,leftear,rightear,rightear
coords,,,x,y,x,y,x,y
labeled-data,mouse,img004.png,30.5,20.25,24,12.5,36.75,12
labeled-data,mouse,img017.png,33,21.5,,,39,13.25
labeled-data,mouse,img029.png,71.5,22,29.5,14,41.25,
"""
NETWORK = "DLC_Resnet50_reachJan5shuffle1_snapshot_200"


@pytest.fixture
def desk(save, png, tmp_path, monkeypatch):
    """What the README's commands are run on: a project of three images, and predictions."""
    save("reach-ann-2026-01-05/config.yaml", CONFIG)
    save("reach-ann-2026-01-05/labeled-data/mouse/CollectedData_ann.csv", LABELS)
    save("reach-ann-2026-01-05/videos/mouse.mp4", "film")
    for number in (4, 17, 29):
        png(f"reach-ann-2026-01-05/labeled-data/mouse/img{number:03}.png")
    rng = np.random.default_rng(7)
    points = np.array([[30, 20], [24, 12], [36, 12]]) + rng.normal(0, 4, (200, 3, 2))
    sure = np.clip(rng.normal(0.95, 0.04, (200, 3)), 0, 1)
    points[17:20, 1] = np.nan
    table = PredictionTable(
        ("nose", "leftear", "rightear"), points, sure, scorer=NETWORK, numbers=np.arange(200)
    )
    write_predictions(tmp_path / f"mouse{NETWORK}.h5", table)
    save("mouse.mp4", "film")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def steps():
    """Give each command of the README, and the lines it says will come."""
    for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL):
        for part in block.split("$ ")[1:]:
            command, _, shown = part.partition("\n")
            if command.startswith("pose-io-dlc "):
                yield command.partition("  #")[0].strip(), shown


def anonymous(text, folder):
    """Take out what differs from day to day and place to place."""
    text = text.replace(f"{folder.resolve()}/", "/lab/").replace(f"{folder}/", "/lab/")
    return re.sub(r"reach-ann-20\d\d-\d\d-\d\d(?!.*labeled-data)", "reach-ann-DATE", text)


def test_every_command_of_the_readme_does_what_it_says(desk, capsys):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    for command, shown in steps():
        main(shlex.split(command)[1:])
        said = capsys.readouterr()
        assert anonymous(said.out + said.err, desk).strip() == anonymous(shown, desk).strip(), (
            command
        )


def test_the_readme_has_every_subcommand():
    assert {command.split()[1] for command, _ in steps()} == {"info", "check", "convert", "new"}


def test_the_python_of_the_readme_runs(desk):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names = {}
    exec(compile(block, str(README), "exec"), names)
    assert names["project"].labels.keypoints.shape == (3, 3, 2)
    assert (desk / "mouse.csv").is_file()


def test_the_readme_lists_every_module():
    text = README.read_text()
    package = README.parent / "src" / "pose_io_dlc"
    rooms = [path.name for path in package.iterdir() if (path / "__init__.py").is_file()]
    modules = [path.stem for path in package.glob("*.py") if not path.stem.startswith("__")]
    missing = [name for name in (*rooms, *modules) if f"`{name}" not in text]
    assert missing == []
