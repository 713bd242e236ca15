"""Images per second of augmentation: ours against torchvision's transforms and kornia, in one run.

    pip install kornia torchvision          # neither belongs to the house; missing ones are skipped
    python benchmarks/augmentation.py

The same operations and strengths, a draw of its own for every image, keypoints moved along
with the images, bytes in and numbers in 0..1 out. torchvision draws once per call, so it is called
image by image; "one draw" is its time for a whole batch that shares a draw, which is not the same
job. Times are of the processor, so that other programs on the machine change them little; what
several threads win on the clock is not in them. What takes turns is timed in turns.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from torch import Tensor

from pose_core.batches.augment import Augmentation
from pose_core.batches.operations import (
    Blur,
    Boxes,
    Brightness,
    Clahe,
    Color,
    Contrast,
    Crop,
    Elastic,
    Equalize,
    Flip,
    Gamma,
    Noise,
    Operation,
    Rotation,
    SaltPepper,
    Scale,
    Shear,
    Translation,
)

KEYPOINTS = 17
GEOMETRY = (Flip(0.5), Shear(8.0), Scale((0.8, 1.25)), Rotation(25.0), Translation(0.1))
COLORFUL = Noise(0.08, by_channel=1.0)
LIGHT = (Brightness(0.2), Contrast(1.5))
WHOLE = (*GEOMETRY, Boxes(1, chance=0.5), *LIGHT, Blur(0.3, 9), COLORFUL, SaltPepper(0.02))
OURS: Mapping[str, tuple[Operation, ...]] = {
    "geometry": GEOMETRY,
    "crop and pad": (Crop(0.15),),
    "elastic": (Elastic(),),
    "brightness, contrast": LIGHT,
    "gamma": (Gamma(1.5),),
    "color": (Color(1.2),),
    "equalize": (Equalize(1.0),),
    "clahe": (Clahe(1.0),),
    "motion blur": (Blur(1.0, 9),),
    "gaussian noise": (COLORFUL,),
    "salt and pepper": (SaltPepper(0.02),),
    "a box": (Boxes(1),),
    "whole pipeline": WHOLE,
}

Work = Callable[[Tensor, Tensor], object]
"""Augments bytes (batch, 3, height, width) and keypoints (batch, keypoints, 2)."""


def ours(operations: tuple[Operation, ...]) -> Work:
    """Give our augmentation, each call another epoch."""
    augment = Augmentation(operations, seed=0)
    epochs = iter(range(1_000_000))

    def work(images: Tensor, points: Tensor) -> object:
        return augment(images[:, None], list(range(len(images))), next(epochs), points)

    return work


def of_kornia() -> dict[str, Work]:
    """Give kornia's."""
    from kornia import augmentation as k
    from kornia.constants import DataKey

    def geometry() -> list[Any]:
        place = k.RandomAffine(25.0, (0.1, 0.1), (0.8, 1.25), (-8.0, 8.0), p=1.0)
        return [k.RandomHorizontalFlip(p=0.5), place]

    def light() -> list[Any]:
        return [k.RandomBrightness((0.8, 1.2), p=1.0), k.RandomContrast((0.67, 1.5), p=1.0)]

    def blur(chance: float) -> Any:
        return k.RandomMotionBlur((3, 9), 90.0, 0.0, p=chance)

    def box(chance: float) -> Any:
        return k.RandomErasing((0.005, 0.03), p=chance)

    steps = {
        "geometry": geometry(),
        "crop and pad": None,
        "elastic": [k.RandomElasticTransform((31, 31), (8.0, 8.0), (0.05, 0.05), p=1.0)],
        "brightness, contrast": light(),
        "gamma": [k.RandomGamma((0.67, 1.5), p=1.0)],
        "equalize": [k.RandomEqualize(p=1.0)],
        "clahe": [k.RandomClahe((4.0, 4.0), p=1.0)],
        "motion blur": [blur(1.0)],
        "gaussian noise": [k.RandomGaussianNoise(0.0, 0.04, p=1.0)],
        "salt and pepper": [k.RandomSaltAndPepperNoise((0.0, 0.02), p=1.0)],
        "a box": [box(1.0)],
        "whole pipeline": [
            *geometry(), box(0.5), *light(), blur(0.3),
            k.RandomGaussianNoise(0.0, 0.04, p=1.0), k.RandomSaltAndPepperNoise((0.0, 0.02), p=1.0),
        ],
    }  # fmt: skip

    def as_work(chain: list[Any]) -> Work:
        sequence = k.AugmentationSequential(*chain, data_keys=[DataKey.INPUT, DataKey.KEYPOINTS])
        return lambda images, points: sequence(images.float() / 255, points)

    return {name: as_work(chain) for name, chain in steps.items() if chain}


def of_torchvision() -> dict[str, Callable[[Tensor], Tensor]]:
    """Give torchvision's, of images alone: its points cost it little."""
    from torchvision.transforms import v2

    def geometry() -> list[Any]:
        bilinear = v2.InterpolationMode.BILINEAR
        place = v2.RandomAffine(25, (0.1, 0.1), (0.8, 1.25), (-8, 8), interpolation=bilinear)
        return [v2.RandomHorizontalFlip(0.5), place]

    bytes_to_floats = v2.ToDtype(torch.float32, scale=True)
    light = v2.ColorJitter(brightness=0.2, contrast=(0.67, 1.5))
    whole = [
        *geometry(), bytes_to_floats, v2.RandomErasing(0.5, (0.005, 0.03)), light,
        v2.RandomApply([v2.GaussianBlur(9)], 0.3), v2.GaussianNoise(0.0, 0.04),
    ]  # fmt: skip
    steps = {
        "geometry": [bytes_to_floats, *geometry()],
        "elastic": [bytes_to_floats, v2.ElasticTransform(50.0, 5.0)],
        "brightness, contrast": [bytes_to_floats, light],
        "equalize": [v2.RandomEqualize(1.0), bytes_to_floats],
        "gaussian noise": [bytes_to_floats, v2.GaussianNoise(0.0, 0.04)],
        "a box": [bytes_to_floats, v2.RandomErasing(1.0, (0.005, 0.03))],
        "whole pipeline": whole,
    }
    return {name: v2.Compose(chain) for name, chain in steps.items()}


def image_by_image(transform: Callable[[Tensor], Tensor]) -> Work:
    """Give every image of a batch its own draw."""
    return lambda images, _: torch.stack([transform(image) for image in images])


def whole_batch(transform: Callable[[Tensor], Tensor]) -> Work:
    """Give a batch one draw."""
    return lambda images, _: transform(images)


def found_peers() -> dict[str, dict[str, Work]]:
    """Give the peers that are installed, and say which are not."""
    peers: dict[str, dict[str, Work]] = {}
    for name in ("torchvision", "kornia"):
        if importlib.util.find_spec(name) is None:
            print(f"{name} is skipped: it is not installed; get it with: pip install {name}")
        elif name == "kornia":
            peers[name] = of_kornia()
        else:
            transforms = of_torchvision()
            peers[name] = {key: image_by_image(one) for key, one in transforms.items()}
            peers["one draw"] = {key: whole_batch(one) for key, one in transforms.items()}
    return peers


def seconds(
    works: Mapping[str, Work], images: Tensor, points: Tensor, rounds: int
) -> dict[str, float]:
    """Give the median of the processor seconds of each, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            began = time.process_time()
            work(images, points)
            if number:
                times[name].append(time.process_time() - began)
    return {name: median(found) for name, found in times.items()}


def main() -> None:
    """Time everything and print images per second, and how much faster ours is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batches", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    torch.manual_seed(0)
    peers = found_peers()
    for threads in given.threads:
        torch.set_num_threads(threads)
        for batch in given.batches:
            print(f"\nbatch {batch} of {given.size} x {given.size}, {threads} threads: images/s")
            report(peers, batch, given.size, given.rounds)


def report(peers: Mapping[str, Mapping[str, Work]], batch: int, size: int, rounds: int) -> None:
    """Print the rows of one setting."""
    images = torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8)
    points = torch.rand(batch, KEYPOINTS, 2) * size
    print(f"{'':>22} {'ours':>8}" + "".join(f"{name:>13} {'ratio':>6}" for name in peers))
    for name, operations in OURS.items():
        works = {"ours": ours(operations)}
        works |= {peer: known[name] for peer, known in peers.items() if name in known}
        found = seconds(works, images, points, rounds)
        row = f"{name:>22} {batch / found['ours']:8.0f}"
        for peer in peers:
            if peer in found:
                row += f"{batch / found[peer]:13.0f} {found[peer] / found['ours']:6.1f}"
            else:
                row += f"{'-':>13} {'-':>6}"
        print(row)


if __name__ == "__main__":
    main()
