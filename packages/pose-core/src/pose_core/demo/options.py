"""What the demo does, and how its networks learn fast from random weights."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pose_core.batches.options import AugmentOptions, DataOptions
from pose_core.errors import ConfigError
from pose_core.model.options import ModelOptions
from pose_core.training.options import RunOptions, TrainingOptions


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """How large a demo is.

    Attributes:
        networks: how many are trained; at least two make an ensemble.
        seed: of everything random; network n trains with seed + n.
        sessions: recordings that are drawn, the last one kept out.
        labels: labeled frames per session.
        frames: of each recording of the project.
        held_out_frames: of the recording that is kept out and predicted.
        size: height and width of most recordings.
        epochs: of training.
        input_size: height and width that the networks see.

    Raises:
        ConfigError: for less than two networks.
    """

    networks: int = 4
    seed: int = 0
    sessions: int = 5
    labels: int = 12
    frames: int = 120
    held_out_frames: int = 360
    size: tuple[int, int] = (192, 192)
    epochs: int = 60
    input_size: tuple[int, int] = (128, 128)

    def __post_init__(self) -> None:
        if self.networks < 2:
            raise ConfigError(f"--networks: {self.networks} is no ensemble; give 2 or more")

    def to_dict(self) -> dict[str, Any]:
        """Give the options as JSON has them."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def run_options(options: DemoOptions, number: int, project: Path, output: Path) -> RunOptions:
    """Give the options of training one network.

    A shallow part of a small backbone, at a high learning rate: few steps are affordable, there
    are no published weights to start from, and the features of an eighth or sixteenth of the
    image are fine enough to see a paw. Augmentation of place is mild, for the animal always walks
    the same way, and of light strong, for the light of the recording kept out is unknown.

    Args:
        options: of the demo.
        number: of the network, from 1.
        project: to train on.
        output: the model's folder.
    """
    return RunOptions(
        project=str(project),
        output=str(output),
        seed=options.seed + number,
        resume=True,
        data=DataOptions(size=options.input_size, test=0.0),
        augment=AugmentOptions(
            rotation=10.0, shear=4.0, noise=0.06, salt_pepper=0.005, blur=0.2, boxes=2
        ),
        model=ModelOptions(backbone="resnet18", backbone_options={"level": -2}, pretrained=False),
        training=TrainingOptions(epochs=options.epochs, learning_rate=3e-3, check_every=10),
        trainer={"accelerator": "cpu"},
    )
