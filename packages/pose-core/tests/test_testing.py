"""A suite that lets a faulty component pass is worse than none: each fault here must be caught."""

import contextlib
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pytest

from pose_core import testing
from pose_core.errors import FormatError, VideoError
from pose_core.hookspecs import (
    Clip,
    Command,
    Format,
    Metric,
    Smoother,
    VideoReader,
)
from pose_core.predictions import Predictions
from pose_core.testing import readers
from pose_core.testing.samples import sample_ensemble, sample_labels, sample_track


def suite(conformance, component, **attributes):
    """Give a suite that tests a component as it stands, installed or not."""
    return type("Tested", (conformance,), {"component": component, "name": "mine", **attributes})()


def passes(tested):
    """Run every standard test that needs neither fixtures nor an installed plugin module."""
    registration = {name for name in dir(testing.suite.Conformance) if name.startswith("test_")}
    for name in dir(tested):
        if name.startswith("test_") and name not in registration and "torch" not in name:
            with contextlib.suppress(pytest.skip.Exception):
                getattr(tested, name)()


# Registration and options


PLUGIN = """
from dataclasses import dataclass
import numpy as np
from pose_core.hookspecs import Metric, hookimpl
{extra}

def compute(predictions, labels):
    return np.linalg.norm(predictions.keypoints - labels.keypoints, axis=-1)

@hookimpl
def pose_metrics():
    yield Metric(name="distance", unit="px", compute=compute)
    {more}
"""
SIX_LINES = """
from pose_core.testing import MetricConformance

class TestDistance(MetricConformance):
    plugin, name = "my_plugin", "distance"
"""


def run_suite(folder, extra="", more="", entry="my_plugin"):
    """Install a plugin into a folder and run its six lines of tests, as a stranger would."""
    (folder / "my_plugin.py").write_text(PLUGIN.format(extra=extra, more=more))
    (folder / "torch.py").write_text("")  # stands for the real one, which takes seconds
    info = folder / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[pose.v1]\nmine = {entry}\n")
    (folder / "test_mine.py").write_text(SIX_LINES)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout


def test_six_lines_test_a_plugin(tmp_path):
    status, output = run_suite(tmp_path)
    assert status == 0, output
    assert "10 passed" in output


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        ({"entry": "elsewhere"}, "0 entry points of group 'pose.v1' name 'my_plugin'"),
        ({"extra": "import torch"}, "my_plugin: import torch inside build"),
        (
            {"more": 'yield Metric(name="distance", unit="px", compute=compute)'},
            "registers metrics ['distance', 'distance']",
        ),
    ],
)
def test_a_faulty_registration_is_caught(tmp_path, fault, caught_by):
    status, output = run_suite(tmp_path, **fault)
    assert status == 1
    assert caught_by in output


@dataclass
class Thawed:
    """Options.

    Attributes:
        size: of it.
    """

    size: int = 1


@dataclass(frozen=True)
class Bare:
    """Options.

    Attributes:
        size: of it.
    """

    size: int


@dataclass(frozen=True)
class Undocumented:
    size: int = 1


@dataclass(frozen=True)
class HalfDocumented:
    """Options.

    Attributes:
        size: of it.
    """

    size: int = 1
    colour: str = "red"


@pytest.mark.parametrize(
    ("options", "test", "error"),
    [
        (Thawed, "test_options_are_a_frozen_dataclass", "Thawed: frozen=True is missing"),
        (dict, "test_options_are_a_frozen_dataclass", "dict: decorate it"),
        (Bare, "test_every_option_has_a_default", "Bare.size has no default"),
        (Undocumented, "test_every_option_is_documented", r"does not mention \['size'\]"),
        (HalfDocumented, "test_every_option_is_documented", r"does not mention \['colour'\]"),
    ],
)
def test_faulty_options_are_caught(options, test, error):
    smoother = Smoother(name="mine", smooth=average, options=options)
    with pytest.raises((AssertionError, TypeError), match=error):
        getattr(suite(testing.SmootherConformance, smoother), test)()


def test_overriding_a_standard_test_is_refused():
    with pytest.raises(
        TypeError, match=r"Mine\.test_one_member_is_enough: overrides a standard test"
    ):

        class Mine(testing.SmootherConformance):
            def test_one_member_is_enough(self):
                pass


def test_switching_a_standard_test_off_is_refused():
    with pytest.raises(TypeError, match=r"mark it with pytest\.mark\.xfail"):

        class Mine(testing.SmootherConformance):
            test_one_member_is_enough = None


def test_a_standard_test_may_fail_for_a_reason_that_is_given():
    class Mine(testing.SmootherConformance):
        @pytest.mark.xfail(reason="needs two members to know how sure it is")
        def test_one_member_is_enough(self):
            super().test_one_member_is_enough()

        def test_of_its_own(self):
            pass

    assert Mine


# Smoothers and metrics


def average(ensemble, options, reduce=np.nanmean):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of points that nobody has
        keypoints = reduce(ensemble.keypoints, axis=0)
        confidence = reduce(ensemble.confidence, axis=0)
    return Predictions(keypoints, confidence, ensemble.skeleton, ensemble.frames, scorer="average")


def test_a_right_smoother_passes():
    passes(suite(testing.SmootherConformance, Smoother(name="mine", smooth=average)))


def forgets_frames(ensemble, options):
    return replace(average(ensemble, options), frames=None)


def sums_confidence(ensemble, options):
    return replace(average(ensemble, options), confidence=ensemble.confidence.sum(0))


def spoilt_by_one_missing(ensemble, options):
    return average(ensemble, options, reduce=np.mean)


def takes_the_first(ensemble, options):
    return average(ensemble, options, reduce=lambda values, axis: values[0])


def stands_still(ensemble, options):
    smoothed = average(ensemble, options)
    return replace(smoothed, keypoints=0 * smoothed.keypoints + smoothed.keypoints[0])


def fills_in_place(ensemble, options):
    ensemble.keypoints[:] = np.round(ensemble.keypoints)
    return average(ensemble, options)


CALLS = count()


def differs_each_time(ensemble, options):
    smoothed = average(ensemble, options)
    return replace(smoothed, keypoints=smoothed.keypoints + 0.1 * next(CALLS))


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (forgets_frames, "test_frame_names_are_kept"),
        (sums_confidence, "test_complete_predictions_give_complete_ones"),
        (spoilt_by_one_missing, "test_what_some_members_miss_does_not_matter"),
        (takes_the_first, "test_the_order_of_members_does_not_matter"),
        (stands_still, "test_it_is_no_worse_than_the_members_are"),
        (fills_in_place, "test_the_ensemble_is_not_altered"),
        (differs_each_time, "test_the_same_ensemble_gives_the_same_result"),
    ],
)
def test_a_faulty_smoother_is_caught(fault, test):
    with pytest.raises(AssertionError):
        getattr(suite(testing.SmootherConformance, Smoother(name="mine", smooth=fault)), test)()


def distance(predictions, labels):
    return np.linalg.norm(predictions.keypoints - labels.keypoints, axis=-1)


def metric(compute, **more):
    return suite(testing.MetricConformance, Metric(name="mine", unit="px", compute=compute, **more))


def test_right_metrics_pass():
    passes(metric(distance))
    speed = metric(
        lambda predictions, labels: np.vstack(
            [
                np.full((1, 8), np.nan),
                np.linalg.norm(np.diff(predictions.keypoints, axis=0), axis=-1),
            ]
        )[: len(predictions)],
        needs=frozenset(),
    )
    passes(speed)


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (lambda p, labels: np.nan_to_num(distance(p, labels)), "test_a_missing_label_gives_nan"),
        (
            lambda p, labels: np.nan_to_num(distance(p, labels)),
            "test_a_missing_prediction_gives_nan",
        ),
        (lambda p, labels: distance(p, labels).T, "test_it_gives_a_number_per_frame_and_keypoint"),
        (
            lambda p, labels: distance(p, labels).mean(),
            "test_it_gives_a_number_per_frame_and_keypoint",
        ),
        (
            lambda p, labels: distance(p, labels) > 5,
            "test_it_gives_a_number_per_frame_and_keypoint",
        ),
    ],
)
def test_a_faulty_metric_is_caught(fault, test):
    with pytest.raises((AssertionError, AttributeError)):
        getattr(metric(fault), test)()


# Formats


class Kept:
    """A right format, in numpy's own files; faults override its parts."""

    def detect(self, path):
        return path.suffix == ".npz" and path.is_file()

    def write_predictions(self, path, predictions):
        frames = np.array(predictions.frames or (), dtype=str)
        names = np.array(predictions.skeleton.names)
        arrays = {"keypoints": predictions.keypoints, "confidence": predictions.confidence}
        part = path.with_name(f".part{path.name}")
        np.savez(part, names=names, frames=frames, **arrays)
        part.replace(path)

    def read_predictions(self, path):
        from pose_core.skeleton import Skeleton

        try:
            with np.load(path) as held:
                frames = tuple(map(str, held["frames"])) or None
                skeleton = Skeleton(tuple(map(str, held["names"])))
                return Predictions(held["keypoints"], held["confidence"], skeleton, frames)
        except (OSError, ValueError) as error:
            raise FormatError(f"{path}: no predictions; give another file") from error


class ClaimsAll(Kept):
    def detect(self, path):
        return True


class DropsGaps(Kept):
    def write_predictions(self, path, predictions):
        filled = replace(predictions, keypoints=np.nan_to_num(predictions.keypoints))
        super().write_predictions(path, filled)


class ForgetsNames(Kept):
    def write_predictions(self, path, predictions):
        super().write_predictions(path, replace(predictions, frames=None))


class LeavesParts(Kept):
    def write_predictions(self, path, predictions):
        super().write_predictions(path, predictions)
        path.with_suffix(".tmp").touch()


class LetsErrorsThrough(Kept):
    def read_predictions(self, path):
        with np.load(path) as held:
            return held


def kept(cls=Kept):
    kind = cls()
    made = Format(
        name="mine",
        detect=kind.detect,
        read_predictions=kind.read_predictions,
        write_predictions=kind.write_predictions,
        suffixes=(".npz",),
    )
    return suite(testing.FormatConformance, made)


FORMAT_TESTS = [
    "test_it_does_not_claim_what_is_not_its_own",
    "test_written_predictions_are_read_unchanged",
    "test_predictions_of_images_keep_their_names",
    "test_nothing_but_the_file_is_left_behind",
    "test_an_unreadable_file_is_refused_in_one_line",
]


@pytest.mark.parametrize("test", FORMAT_TESTS)
def test_a_right_format_passes(test, tmp_path):
    getattr(kept(), test)(tmp_path)


@pytest.mark.parametrize(
    ("fault", "test"),
    list(
        zip(
            [ClaimsAll, DropsGaps, ForgetsNames, LeavesParts, LetsErrorsThrough],
            FORMAT_TESTS,
            strict=True,
        ),
    ),
)
def test_a_faulty_format_is_caught(fault, test, tmp_path):
    with pytest.raises((AssertionError, OSError, ValueError)):
        getattr(kept(fault), test)(tmp_path)


def test_a_format_of_projects_needs_a_sample(tmp_path):
    made = Format(name="mine", detect=lambda path: False, open_project=lambda path: None)
    tested = suite(testing.FormatConformance, made)
    with pytest.raises(AssertionError, match="needs `sample` overridden"):
        tested.test_it_recognises_a_project(tmp_path)


# Video readers


def drawn(path, windows, size, device):
    """Read what the suite's video shows, without reading it."""
    from PIL import Image

    height, width = size or readers.SIZE
    for window in windows:
        frames = [Image.fromarray(readers.draw_number(number)) for number in window]
        images = np.stack(
            [one.resize((width, height), Image.Resampling.BILINEAR) for one in frames]
        )
        yield Clip(np.array(window), images, np.ones(len(window), dtype=bool))


def in_turn(path, windows, size, device):
    return drawn(path, [sorted(window) for window in windows], size, device)


def one_late(path, windows, size, device):
    for clip in drawn(path, [[n - 1 for n in window] for window in windows], size, device):
        yield replace(clip, numbers=clip.numbers + 1)


def blue_first(path, windows, size, device):
    return (
        replace(clip, images=clip.images[..., ::-1]) for clip in drawn(path, windows, size, device)
    )


def by_nearest(path, windows, size, device):
    rows, columns = (
        np.arange(new) * old // new
        for new, old in zip(size or readers.SIZE, readers.SIZE, strict=True)
    )
    for clip in drawn(path, windows, None, device):
        yield replace(clip, images=clip.images[:, rows][:, :, columns])


def all_at_once(path, windows, size, device):
    return drawn(path, list(windows), size, device)


def reader(read):
    def probe(path):
        raise VideoError(f"{path}: no video")

    made = VideoReader(name="mine", unavailable=lambda: None, probe=probe, read=read)
    return suite(testing.VideoReaderConformance, made)


READER_TESTS = {
    "test_the_frames_asked_for_come_in_the_order_asked": ([[7, 9, 8]],),
    "test_frames_are_resized_by_an_antialiased_triangle": ((32, 48),),
    "test_colours_are_red_green_and_blue": (),
    "test_windows_are_taken_as_they_are_read": (),
}


@pytest.mark.parametrize(("test", "arguments"), READER_TESTS.items())
def test_a_right_reader_passes(test, arguments, tmp_path):
    getattr(reader(drawn), test)(tmp_path, *arguments)


@pytest.mark.parametrize(
    ("fault", "number"),
    [(in_turn, 0), (one_late, 0), (by_nearest, 1), (blue_first, 2), (all_at_once, 3)],
)
def test_a_faulty_reader_is_caught(fault, number, tmp_path):
    test, arguments = list(READER_TESTS.items())[number]
    with pytest.raises(AssertionError):
        getattr(reader(fault), test)(tmp_path, *arguments)


def test_a_reader_that_cannot_run_here_skips_its_tests_with_the_reason(tmp_path):
    made = VideoReader(name="mine", unavailable=lambda: "no GPU", probe=drawn, read=drawn)
    tested = suite(testing.VideoReaderConformance, made)
    tested.test_it_says_why_it_cannot_run_here_or_that_it_can()
    with pytest.raises(pytest.skip.Exception, match="unavailable: no GPU"):
        tested.video.__wrapped__(tested, tmp_path)


# Commands


def command(add_arguments=lambda parser: None, **more):
    parts = {"help": "do it", "run": lambda arguments, plugins: 0, **more}
    return suite(
        testing.CommandConformance, Command(name="mine", add_arguments=add_arguments, **parts)
    )


def test_a_right_command_passes(capsys):
    def add_arguments(parser):
        parser.add_argument("path", help="where")
        parser.add_subparsers().add_parser("inner").add_argument("--deep", help="how deep")

    tested = command(add_arguments)
    tested.test_it_says_in_one_line_what_it_is_for()
    tested.test_every_argument_has_a_help()
    tested.test_the_help_can_be_printed(capsys)
    tested.test_an_unknown_argument_is_refused(capsys)
    tested.test_it_runs_on_arguments_and_plugins()


def test_an_argument_without_help_is_caught():
    def deep(parser):
        parser.add_subparsers().add_parser("inner").add_argument("--deep")

    for silent in (lambda parser: parser.add_argument("path"), deep):
        with pytest.raises(AssertionError, match="have no help"):
            command(silent).test_every_argument_has_a_help()


def test_a_help_that_cannot_be_printed_is_caught(capsys):
    tested = command(lambda parser: parser.add_argument("--rate", help="in %"))
    with pytest.raises(ValueError, match=r"incomplete format|unsupported format|badly formed"):
        tested.test_the_help_can_be_printed(capsys)


def test_a_command_of_other_arguments_is_caught():
    with pytest.raises(TypeError, match="too many positional"):
        command(run=lambda arguments: 0).test_it_runs_on_arguments_and_plugins()


# Samples


def test_the_sample_animal_keeps_its_limbs_in_the_plane_it_turns_in():
    labels = sample_labels(200, missing=0.0)
    track = sample_track(200)
    tail, nose = labels.skeleton.index("tail_top"), labels.skeleton.index("nose_top")
    lengths = np.linalg.norm(track[:, tail] - track[:, nose], axis=-1)
    np.testing.assert_allclose(lengths, 48.0)


def test_samples_lie_within_the_frame():
    for points in (sample_labels().keypoints, sample_track(), sample_ensemble().keypoints):
        known = points[np.isfinite(points)]
        assert known.min() > 0
        assert known.max() < min(testing.samples.FRAME)


def test_samples_are_the_same_each_time():
    np.testing.assert_array_equal(sample_labels().keypoints, sample_labels().keypoints)
    np.testing.assert_array_equal(sample_ensemble().keypoints, sample_ensemble().keypoints)
