"""Train one epoch with each of the example plugins, on an animal drawn for it.

    pip install examples/plugin-loss examples/plugin-backbone examples/plugin-network
    python examples/train_with_each.py FOLDER

Leaves a model per plugin in FOLDER.
"""

import subprocess
import sys
from pathlib import Path

from pose_core.synthetic import write_project

SHORT = ["training.epochs=1", "model.pretrained=false", "data.size=[128,128]", "data.batch_size=4"]
RUNS = {
    "loss": [
        *("model.backbone=resnet18", "losses.limb_length.weight=0.001"),
        *("losses.limb_length.epsilon=0.001", "losses.limb_length.minimum_confidence=0"),
        *("unlabeled.begin=0", "unlabeled.full=0", "unlabeled.length=8"),
    ],
    "backbone": ["model.backbone=pocket", "model.backbone_options.width=16"],
    "network": ["model.network=hourglass", "model.network_options.filters=16"],
}


def train(project: Path, output: Path, options: list[str]) -> None:
    """Train one model with the `pose` command.

    Raises:
        CalledProcessError: if the command fails.
        FileNotFoundError: if it leaves no weights.
    """
    command = ["pose", "train", str(project), f"output={output}", *SHORT, *options]
    subprocess.run(command, check=True)
    (output / "model.safetensors").stat()


def main(folder: Path) -> None:
    """Draw a project and train on it with each plugin."""
    drawn = write_project(
        folder / "drawn", sessions=3, frames_per_video=30, labels_per_video=8, size=(128, 128)
    )
    for name, options in RUNS.items():
        train(drawn.root, folder / name, options)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FOLDER")
    main(Path(sys.argv[1]).resolve())
