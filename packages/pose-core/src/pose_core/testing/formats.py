"""The contract of formats: recognise what is theirs, give back what was written."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from pose_core.errors import FormatError
from pose_core.labeling import NewFrames, Placed, Survey
from pose_core.labels import Labels
from pose_core.predictions import Predictions
from pose_core.project import Project
from pose_core.skeleton import Skeleton
from pose_core.testing.samples import sample_labels, sample_predictions
from pose_core.testing.suite import Conformance

CALLABLES = (
    "open_project", "read_labels", "write_labels", "read_predictions", "write_predictions",
    "survey", "place_frames",
)  # fmt: skip


class FormatConformance(Conformance):
    """Detects, opens, writes and reads back. Override `sample` for a format that opens projects.

    Attributes:
        labels_name: name of a file of labels, for a format that writes them.
        tolerance: how far numbers may be off after writing and reading, in pixels.
    """

    kind = "format"
    labels_name: ClassVar[str] = "labels.csv"
    tolerance: ClassVar[float] = 1e-3

    def sample(self, folder: Path) -> Path | None:
        """Put a small project of this format into an empty folder and give its path."""
        return None

    def made_sample(self, folder: Path) -> Path:
        """Give the sample, or skip the running test."""
        if self.component.open_project is None:
            pytest.skip("opens no projects")
        made = self.sample(folder)
        assert made is not None, "a format that opens projects needs `sample` overridden"
        return made

    def function(self, name: str) -> Any:
        """Give one of the format's functions, or skip the running test."""
        if getattr(self.component, name) is None:
            pytest.skip(f"has no {name}")
        return getattr(self.component, name)

    def prediction_files(self, folder: Path) -> Iterator[Path]:
        """Name a file of predictions for each suffix."""
        self.function("write_predictions")
        yield from (folder / f"predictions{suffix}" for suffix in self.component.suffixes)

    def test_it_does_something(self) -> None:
        assert any(getattr(self.component, name) for name in CALLABLES)

    def test_suffixes_are_those_it_writes(self) -> None:
        assert bool(self.component.suffixes) == bool(self.component.write_predictions)
        assert all(suffix.startswith(".") for suffix in self.component.suffixes)

    def test_it_does_not_claim_what_is_not_its_own(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "notes.txt").write_text("nothing to see here\n")
        (tmp_path / "bytes.bin").write_bytes(bytes(range(256)))
        for name in ("empty", "notes.txt", "bytes.bin", "not_there"):
            assert self.component.detect(tmp_path / name) is False, name

    def test_it_recognises_a_project(self, tmp_path: Path) -> None:
        assert self.component.detect(self.made_sample(tmp_path)) is True

    def test_a_project_opens_with_its_images(self, tmp_path: Path) -> None:
        path = self.made_sample(tmp_path)
        project = self.component.open_project(path)
        assert isinstance(project, Project)
        assert project.name
        assert len(project.labels), "the sample has no labels"
        assert all(project.image_path(frame).is_file() for frame in project.labels.frames)
        assert all(video.is_file() for video in project.videos)
        assert list(project.videos) == sorted(project.videos)

    def test_a_folder_that_is_no_project_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=ONE_LINE):
            self.function("open_project")(tmp_path / "not_there")

    def new_frames(self, path: Path) -> tuple[Survey, list[NewFrames], Placed]:
        """Place some frames of a recording that a project does not have, in all views, or skip."""
        place, survey = self.function("place_frames"), self.function("survey")(path)
        names = survey.keypoints
        points = np.arange(4.0 * len(names)).reshape(2, len(names), 2)
        predicted = Predictions(points, np.ones((2, len(names))), Skeleton(names))
        videos = {view: Path(f"elsewhere/new_{view}.mp4") for view in survey.views}
        frames = [
            NewFrames(video, 120, (48, 64), (7, 100), predicted, view)
            for view, video in (videos or {"": Path("elsewhere/new.mp4")}).items()
        ]
        return survey, frames, place(path, frames)

    def test_a_survey_knows_what_the_project_has(self, tmp_path: Path) -> None:
        path = self.made_sample(tmp_path)
        survey, project = self.function("survey")(path), self.component.open_project(path)
        assert isinstance(survey, Survey)
        assert survey.root.resolve() == project.root.resolve()
        assert survey.videos == project.videos
        assert set(survey.keypoints) == set(project.skeleton.names)
        assert survey.views == tuple(project.cameras)

    def test_placing_frames_writes_nothing(self, tmp_path: Path) -> None:
        path = self.made_sample(tmp_path)
        before = contents(tmp_path)
        self.new_frames(path)
        assert contents(tmp_path) == before

    def test_new_frames_have_places_of_their_own_in_the_project(self, tmp_path: Path) -> None:
        survey, frames, placed = self.new_frames(self.made_sample(tmp_path))
        assert all(set(one.numbers) <= set(placed.images[one.video.stem]) for one in frames)
        images = [name for of_video in placed.images.values() for name in of_video.values()]
        assert len(set(images)) == len(images)
        for name in (*images, *placed.files):
            assert (survey.root / name).resolve().is_relative_to(survey.root.resolve())
        assert not any((survey.root / name).exists() for name in images)

    def test_what_is_predicted_of_new_frames_is_no_label(self, tmp_path: Path) -> None:
        path = self.made_sample(tmp_path)
        before = self.component.open_project(path).labels
        self.write_placed(*self.new_frames(path))
        after = self.component.open_project(path).labels
        assert after.frames == before.frames
        np.testing.assert_array_equal(after.keypoints, before.keypoints)

    def test_frames_that_were_placed_are_taken(self, tmp_path: Path) -> None:
        path = self.made_sample(tmp_path)
        survey, frames, placed = self.new_frames(path)
        self.write_placed(survey, frames, placed)
        after = self.component.survey(path).taken
        for one in frames:
            assert not survey.taken.get(one.video.stem)
            assert set(one.numbers) <= after[one.video.stem]

    def write_placed(self, survey: Survey, frames: list[NewFrames], placed: Placed) -> None:
        """Write what was placed; every image is the same small one."""
        for one in frames:
            for name in placed.images[one.video.stem].values():
                path = survey.root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", one.size[::-1]).save(path)
        for name, write in placed.files.items():
            staged = survey.root / f".staged{Path(name).suffix}"
            write(staged)
            staged.replace(survey.root / name)

    def test_written_predictions_are_read_unchanged(self, tmp_path: Path) -> None:
        given = with_gaps(sample_predictions())
        for path in self.prediction_files(tmp_path):
            self.component.write_predictions(path, given)
            assert self.component.detect(path) is True
            self.assert_same(self.component.read_predictions(path), given)

    def test_predictions_of_images_keep_their_names(self, tmp_path: Path) -> None:
        names = sample_labels(48).frames
        given = replace(sample_predictions(), frames=names)
        for path in self.prediction_files(tmp_path):
            self.component.write_predictions(path, given)
            read = self.component.read_predictions(path)
            assert read.frames == names
            self.assert_same(read, given)

    def test_nothing_but_the_file_is_left_behind(self, tmp_path: Path) -> None:
        for path in self.prediction_files(tmp_path):
            self.component.write_predictions(path, sample_predictions())
            self.component.write_predictions(path, sample_predictions(20))  # over the first one
            assert len(self.component.read_predictions(path)) == 20
            assert [one.name for one in tmp_path.iterdir()] == [path.name]
            path.unlink()

    def test_written_labels_are_read_unchanged(self, tmp_path: Path) -> None:
        write, path = self.function("write_labels"), tmp_path / self.labels_name
        given = sample_labels()
        write(path, given)
        read = self.function("read_labels")(path)
        assert isinstance(read, Labels)
        assert read.frames == given.frames
        assert read.skeleton.names == given.skeleton.names
        np.testing.assert_allclose(read.keypoints, given.keypoints, atol=self.tolerance)
        np.testing.assert_array_equal(read.visibility, given.visibility)

    def test_an_unreadable_file_is_refused_in_one_line(self, tmp_path: Path) -> None:
        for name in ("read_labels", "read_predictions"):
            read = getattr(self.component, name)
            for suffix in self.component.suffixes if read else ():
                path = tmp_path / f"damaged{suffix}"
                path.write_bytes(bytes(range(256)))
                for bad in (path, tmp_path / f"not_there{suffix}"):
                    with pytest.raises(FormatError, match=ONE_LINE):
                        read(bad)

    def assert_same(self, read: Predictions, given: Predictions) -> None:
        """Compare predictions that were written and read with the first ones."""
        assert read.skeleton.names == given.skeleton.names
        np.testing.assert_allclose(read.keypoints, given.keypoints, atol=self.tolerance)
        np.testing.assert_allclose(read.confidence, given.confidence, atol=self.tolerance)


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files}


ONE_LINE = r"\A[^\n]+\Z"


def with_gaps(predictions: Predictions) -> Predictions:
    """Take one point and one whole frame out."""
    keypoints, confidence = predictions.keypoints.copy(), predictions.confidence.copy()
    keypoints[4, 2] = keypoints[9] = np.nan
    confidence[9] = np.nan
    return replace(predictions, keypoints=keypoints, confidence=confidence)
