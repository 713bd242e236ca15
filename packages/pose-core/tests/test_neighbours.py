"""The frames round labeled ones: found on disk or in the video, checked, and said."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_core.batches.beside import cells, on_disk, sequences, shift_of, video_of
from pose_core.batches.labeled import LabeledFrames
from pose_core.batches.neighbours import Neighbours, Window, frames_at
from pose_core.labels import Labels
from pose_core.project import Project
from pose_core.skeleton import Skeleton
from pose_core.video.writing import VideoWriter

SIZE = (64, 96)
OFFSETS = (-2, -1, 0, 1, 2)


def frame(number: int, seed: int = 0) -> np.ndarray:
    """Draw a bright square that moves 3 pixels a frame over a stained wall."""
    wall = np.random.default_rng(seed).integers(40, 120, (8, 12, 1)).repeat(3, 2)
    picture = wall.repeat(8, 0).repeat(8, 1).astype(np.uint8)
    x = 3 * number % 80
    picture[20:40, x : x + 16] = 230
    return picture


def write_video(path: Path, frames: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, 30) as writer:
        for number in range(frames):
            writer.write(frame(number))
    return path


def project_of(
    root: Path, moments: Sequence[int], named: Sequence[int] | None = None, frames: int = 20
) -> Project:
    """Label some moments of a video, under their own numbers or others."""
    video = write_video(root / "videos/day.mp4", frames)
    names = [f"labeled-data/day/img{number:03d}.png" for number in named or moments]
    for name, moment in zip(names, moments, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame(moment)).save(root / name)
    labels = Labels.of(names, np.full((len(names), 1, 2), 20.0), Skeleton(("nose",)))
    return Project(root, "day", labels, (video,))


def windows(project: Project, offsets: tuple[int, ...] = OFFSETS) -> list[Window]:
    rows = range(len(project.labels))
    found = Neighbours(project, rows, offsets, SIZE)
    return [found.window(row) for row in rows]


def moments_of(window: Window) -> list[int]:
    """Read off the pictures which frames they are, but for the square's way round."""
    bright = (window.images[:, 30, :, 0] > 180).argmax(1)
    return (bright / 3).round().astype(int).tolist()


def test_neighbours_on_disk_are_found_by_the_last_number_in_the_name(tmp_path: Path) -> None:
    for name in ("cam1_img009.png", "cam1_img010.png", "cam1_img011.png", "plain.png"):
        (tmp_path / name).touch()
    found = on_disk(tmp_path / "cam1_img010.png", OFFSETS)
    assert {offset: path.name for offset, path in found.items()} == {
        -1: "cam1_img009.png",
        1: "cam1_img011.png",
    }
    assert on_disk(tmp_path / "plain.png", OFFSETS) == {}


def test_neighbours_come_from_the_video_of_the_same_name(tmp_path: Path) -> None:
    (window,) = windows(project_of(tmp_path, [9]))
    assert moments_of(window) == [7, 8, 9, 10, 11]
    assert (window.disk, window.video, window.shift, window.lost) == (0, 4, 0, False)
    assert window.size == SIZE


def test_spaced_neighbours_come_from_the_video(tmp_path: Path) -> None:
    (window,) = windows(project_of(tmp_path, [9]), (-8, -4, 0, 4, 8))
    assert moments_of(window) == [1, 5, 9, 13, 17]


@pytest.mark.parametrize(
    ("moment", "seen", "real"), [(0, [2, 1, 0, 1, 2], 2), (18, [16, 17, 18, 19, 18], 3)]
)
def test_beyond_the_ends_neighbours_are_reflected_as_in_prediction(
    tmp_path: Path, moment: int, seen: list[int], real: int
) -> None:
    (window,) = windows(project_of(tmp_path, [moment]))
    assert moments_of(window) == seen
    assert window.video == real


def test_what_lies_on_disk_comes_first_and_the_video_fills_up(tmp_path: Path) -> None:
    project = project_of(tmp_path, [9])
    marked = frame(10)
    marked[:8, :8] = 255
    Image.fromarray(marked).save(tmp_path / "labeled-data/day/img010.png")
    (window,) = windows(project)
    assert (window.disk, window.video) == (1, 3)
    assert moments_of(window) == [7, 8, 9, 10, 11]
    assert window.images[3, 2, 2].tolist() == [255, 255, 255]


@pytest.mark.parametrize("shift", [-3, -1, 1, 2])
def test_a_number_that_is_off_by_a_few_is_put_right(tmp_path: Path, shift: int) -> None:
    (window,) = windows(project_of(tmp_path, [9], [9 - shift]))
    assert window.shift == shift
    assert moments_of(window) == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("named", [2, 19, 400])
def test_an_image_that_is_not_at_its_number_has_no_neighbours(tmp_path: Path, named: int) -> None:
    project = project_of(tmp_path, [11], [named])
    (window,) = windows(project)
    assert moments_of(window) == [11] * 5
    assert (window.disk, window.video, window.shift, window.lost) == (0, 0, None, True)
    lines = Neighbours(project, [0], OFFSETS, SIZE).about()
    assert "0 have all 4 neighbours, 0 some, 1 none" in lines[0]
    assert "1 of 1 labeled frames are not in their video" in lines[1]
    assert "context teaches nothing" in lines[2]


def test_an_image_of_another_camera_has_no_neighbours(tmp_path: Path) -> None:
    project = project_of(tmp_path, [9])
    Image.fromarray(frame(9, seed=1)).save(tmp_path / "labeled-data/day/img009.png")
    (window,) = windows(project)
    assert window.lost


def test_another_brightness_is_the_same_moment(tmp_path: Path) -> None:
    near = {shift: frame(9 + shift) for shift in (-1, 0, 1)}
    assert shift_of(frame(10) - 15, near) == 1


def test_a_video_that_cannot_be_read_gives_no_neighbours(tmp_path: Path) -> None:
    project = project_of(tmp_path, [9])
    (tmp_path / "videos/day.mp4").write_bytes(b"no video")
    (window,) = windows(project)
    assert window.lost
    assert moments_of(window) == [9] * 5


def test_the_only_video_is_taken_for_images_in_a_folder_of_another_name(tmp_path: Path) -> None:
    project = project_of(tmp_path, [9])
    other = tmp_path / "labeled-data/flat.png"
    assert video_of(project, other) == project.videos[0]
    two = Project(tmp_path, "two", project.labels, (*project.videos, tmp_path / "videos/b.mp4"))
    assert video_of(two, other) is None
    assert video_of(two, tmp_path / "labeled-data/b/img1.png") == tmp_path / "videos/b.mp4"


def test_numbers_that_count_the_images_are_noticed(tmp_path: Path) -> None:
    moments = [15, 2, 9, 0, 12, 6, 18, 4]  # in the order in which someone chose them
    project = project_of(tmp_path, moments, list(range(1, 9)))
    found = Neighbours(project, range(8), OFFSETS, SIZE)
    assert found.window(3).disk == 0
    assert len(sequences([project.image_path(frame) for frame in project.labels.frames])) == 8
    assert any("seem to count images, not frames" in line for line in found.about())


def test_frames_labeled_one_after_the_other_are_neighbours(tmp_path: Path) -> None:
    project = project_of(tmp_path, list(range(20)), frames=20)
    found = Neighbours(project, range(20), OFFSETS, SIZE)
    assert not found.miscounted
    assert found.window(9).disk == 4
    assert len(sequences([project.image_path(frame) for frame in project.labels.frames])) == 1
    assert "20 labeled frames 16 have all 4 neighbours, 4 some" in found.about()[0]


def test_windows_are_read_once_as_far_as_memory_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, seen = project_of(tmp_path, [5, 9]), []

    def counting(*arguments: object) -> dict[int, np.ndarray]:
        seen.append(1)
        return frames_at(*arguments)

    monkeypatch.setattr("pose_core.batches.neighbours.frames_at", counting)
    kept = LabeledFrames(project, [0, 1], SIZE, OFFSETS, cache_mb=1)
    first = [kept[sample].images for sample in (0, 1)]
    reads = len(seen)
    assert all((kept[sample].images == first[sample]).all() for sample in (0, 1))
    assert len(seen) == reads
    forgetful = LabeledFrames(project, [0, 1], SIZE, OFFSETS)
    assert (forgetful[1].images == first[1]).all() and (forgetful[1].images == first[1]).all()
    assert len(seen) == 2 * reads


def test_cells_average_pictures_of_any_size() -> None:
    picture = np.zeros((50, 70, 3), np.uint8)
    picture[:, 35:] = 200
    assert cells(picture)[:, :15].max() == 0
    assert cells(picture)[:, 17:].min() == 200
