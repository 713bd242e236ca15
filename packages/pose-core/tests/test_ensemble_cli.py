"""`pose predict` with several models, and `pose smooth` of what they leave: one line per mishap."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from pose_core import Predictions, Skeleton, cli
from pose_core.commands.predict_inputs import find_members, part_paths
from pose_core.files import write_predictions
from pose_core.hookspecs import Smoother, hookimpl
from pose_core.plugins import Plugins
from pose_core.predictions import Ensemble
from pose_core.smoothing import ensemble_mean

Pose = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def pose(plugins, monkeypatch, capsys) -> Pose:
    """Run the command with the tiny format alone; give status, output and lines of errors."""
    monkeypatch.setattr(Plugins, "load", lambda self: plugins)
    module = type(os)("averaging")

    @hookimpl
    def pose_smoothers() -> list[Smoother]:
        names = ("eks_singlecam", "eks_mirrored")
        return [
            Smoother(name=name, smooth=lambda ensemble, _: ensemble_mean(ensemble))
            for name in names
        ]

    module.pose_smoothers = pose_smoothers
    plugins.add(module)

    def run(*arguments: object) -> tuple[int, str, list[str]]:
        status = cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        lines = printed.err.replace("\r", "\n").splitlines()
        return status, printed.out, [line for line in lines if line.startswith("pose ")]

    return run


@pytest.fixture
def sweep(tiny_model, tmp_path) -> Path:
    """Three finished runs."""
    for name in ("seed=0", "seed=1", "seed=2"):
        finished(shutil.copytree(tiny_model, tmp_path / "sweep" / name))
    return tmp_path / "sweep"


def finished(folder: Path) -> Path:
    """Mark a model as finished."""
    (folder / "status.json").write_text(json.dumps({"finished": True}))
    return Path(folder)


def keypoints(path: Path) -> np.ndarray:
    held: dict[str, np.ndarray] = np.load(path)
    return held["keypoints"]


def test_each_video_has_a_folder_with_a_table_per_model(pose, sweep, make_video, tmp_path):
    one, two = make_video("one.mp4", 6), make_video("two.mp4", 5)
    status, out, errors = pose("predict", sweep, one, two, "--suffix", ".npz")
    assert (status, errors) == (0, [])
    place = sweep / "predictions"
    tables = sorted(path.relative_to(place).as_posix() for path in place.glob("*/*.npz"))
    assert tables == [f"{v}/seed={n}.npz" for v in ("one", "two") for n in range(3)]
    assert len(keypoints(place / "two" / "seed=1.npz")) == 5
    assert f"{one}: 6 frames by 3 models in " in out
    assert out.splitlines()[-1] == f"next: pose smooth {place}"
    alone = tmp_path / "alone"
    assert pose("predict", sweep / "seed=1", one, "--suffix", ".npz", "--output", alone)[0] == 0
    np.testing.assert_array_equal(
        keypoints(alone / "one.npz"), keypoints(place / "one" / "seed=1.npz")
    )


def test_models_that_are_there_already_are_passed_over_one_by_one(pose, sweep, make_video):
    video = make_video(frames=5)
    assert pose("predict", sweep, video, "--suffix", ".npz")[0] == 0
    place = sweep / "predictions" / "video"
    (place / "seed=1.npz").unlink()
    before = (place / "seed=0.npz").stat().st_mtime_ns
    status, out, _ = pose("predict", sweep, video, "--suffix", ".npz")
    assert status == 0
    assert f"finished already, for 2 of 3 models, {place}; --overwrite" in out
    assert "5 frames by 1 model in" in out
    assert (place / "seed=0.npz").stat().st_mtime_ns == before
    assert (place / "seed=1.npz").exists()
    out = pose("predict", sweep, video, "--suffix", ".npz")[1]
    assert f"{video}: finished already, {place}; --overwrite predicts it again" in out


def test_runs_named_one_by_one_are_called_so_that_they_differ(
    pose, tiny_model, make_video, tmp_path
):
    runs = [finished(shutil.copytree(tiny_model, tmp_path / name / "run")) for name in "ab"]
    given = (*runs, make_video(frames=4), "--suffix", ".npz", "--output", tmp_path / "out")
    assert pose("predict", *given)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out" / "video").glob("*.npz")) == [
        "a-run.npz",
        "b-run.npz",
    ]


def test_labeled_frames_of_a_project_have_a_folder_too(pose, sweep, tiny_project):
    status, out, errors = pose("predict", sweep, tiny_project, "--suffix", ".npz")
    assert (status, errors) == (0, [])
    tables = sorted((sweep / "predictions" / "tiny").glob("*.npz"))
    assert [len(keypoints(path)) for path in tables] == [12, 12, 12]
    assert out.splitlines()[-1].startswith("next: pose evaluate ")


def test_what_is_no_member_is_said_and_the_others_go_on(pose, sweep, make_video):
    (sweep / "seed=1" / "model.safetensors").unlink()
    (sweep / "seed=2" / "skeleton.json").write_text('{"names": ["nose", "left", "tail"]}')
    (sweep / "seed=3").mkdir()
    (sweep / "seed=3" / "log.txt").write_text("training on cpu")
    status, out, errors = pose("predict", sweep, make_video(frames=4), "--suffix", ".npz")
    assert status == 1
    assert f"warning: {sweep}/seed=3: its training is not finished; it is left out" in out
    assert len(errors) == 2
    assert "seed=1: is no complete model, it has no model.safetensors" in errors[0]
    assert "seed=2: has other keypoints than" in errors[1]
    assert "has 'right'; it is left out, predict with it by itself" in errors[1]
    tables = (sweep / "predictions" / "video").glob("*.npz")
    assert [path.name for path in tables] == ["seed=0.npz"]


def test_a_model_that_cannot_be_loaded_leaves_the_others(pose, sweep, make_video):
    (sweep / "seed=1" / "model.safetensors").write_bytes(b"damaged")
    status, _, errors = pose("predict", sweep, make_video(frames=4), "--suffix", ".npz")
    assert status == 1
    assert len(errors) == 1 and "seed=1" in errors[0]
    tables = sorted((sweep / "predictions" / "video").glob("*.npz"))
    assert [path.name for path in tables] == ["seed=0.npz", "seed=2.npz"]


def test_an_empty_sweep_is_one_line(pose, make_video, tmp_path):
    run = tmp_path / "sweep" / "seed=0"
    run.mkdir(parents=True)
    (run / "log.txt").write_text("out of memory")
    status, out, errors = pose("predict", tmp_path / "sweep", make_video(), "--suffix", ".npz")
    assert status == 1
    assert "seed=0: its training is not finished" in out
    assert errors[-1].endswith("no model is left that can predict; see what is said above")


def test_a_video_deleted_since_leaves_the_others(pose, sweep, make_video, tmp_path):
    video = make_video(frames=4)
    gone = tmp_path / "gone.mp4"
    status, _, errors = pose("predict", sweep, gone, video, "--suffix", ".npz")
    assert status == 1
    assert errors[0].startswith(f"pose predict: {gone}: no such file or folder")
    assert errors[1] == "pose predict: 1 of 2 inputs failed or are incomplete"
    assert (sweep / "predictions" / "video" / "seed=2.npz").exists()


def test_models_without_an_input_are_one_line(pose, sweep):
    status, _, errors = pose("predict", sweep, sweep / "seed=1")
    assert status == 1
    assert errors == [
        f"pose predict: {sweep}/seed=1: is a model, and no input follows; name a video after it"
    ]


def test_a_project_with_runs_in_it_is_an_input(plugins, sweep, tiny_project, tmp_path):
    shutil.copytree(sweep, tiny_project / "outputs" / "sweep")
    given = [sweep / "seed=0", sweep / "seed=1", tiny_project]
    assert part_paths(given, plugins) == (given[:2], given[2:])


def test_one_run_left_of_a_sweep_is_still_an_ensemble(plugins, sweep):
    for name in ("seed=1", "seed=2"):
        shutil.rmtree(sweep / name)
    members = find_members([sweep], None, ".npz", plugins, print)
    assert members.table("video", "seed=0") == sweep / "predictions" / "video" / "seed=0.npz"


def test_a_video_called_as_the_smoothed_ones_is_refused(pose, sweep, make_video):
    status, _, errors = pose("predict", sweep, make_video("smoothed.mp4"), "--suffix", ".npz")
    assert status == 1
    assert "as smoothed tables are; predict them one by one" in errors[0]


def test_predicting_can_end_with_smoothing(pose, sweep, make_video):
    videos = [make_video(name, 5) for name in ("one.mp4", "two.mp4")]
    given = ("predict", sweep, *videos, "--suffix", ".npz", "--smooth")
    status, out, errors = pose(*given)
    assert (status, errors) == (0, [])
    place = sweep / "predictions"
    assert f"3 members, 5 frames, smoothed by eks_singlecam: {place}/smoothed/one.npz" in out
    members = [keypoints(path) for path in (place / "two").glob("*.npz")]
    np.testing.assert_allclose(keypoints(place / "smoothed" / "two.npz"), np.mean(members, 0))
    assert out.splitlines()[-1].startswith("next: pose diagnose ")
    assert "smoothed/one.npz: finished already" in pose(*given)[1]
    os.utime(place / "one" / "seed=0.npz")
    assert "smoothed/one.npz: finished already" not in pose(*given)[1]


@pytest.fixture
def other(tiny_model, tmp_path) -> Path:
    """Another sweep, of two runs with the first one's names."""
    for name in ("seed=0", "seed=1"):
        finished(shutil.copytree(tiny_model, tmp_path / "other" / name))
    return tmp_path / "other"


def test_each_of_two_sweeps_is_an_ensemble_that_keeps_its_own_tables(
    pose, sweep, other, make_video
):
    video = make_video("one.mp4", 5)
    status, out, errors = pose("predict", sweep, other, video, "--suffix", ".npz", "--smooth")
    assert (status, errors) == (0, [])
    assert out.count("by 5 models in") == 1, "the video is decoded once for all"
    for folder, names in ((sweep, ["seed=0", "seed=1", "seed=2"]), (other, ["seed=0", "seed=1"])):
        tables = sorted((folder / "predictions" / "one").glob("*.npz"))
        assert [table.stem for table in tables] == names
        smoothed = keypoints(folder / "predictions" / "smoothed" / "one.npz")
        np.testing.assert_allclose(smoothed, np.mean([keypoints(one) for one in tables], 0))
    assert out.splitlines()[-1] == f"next: pose diagnose {sweep} {other}"


def test_an_output_brings_the_models_of_several_sweeps_together(
    pose, sweep, other, make_video, tmp_path
):
    given = ("predict", sweep, other, make_video("one.mp4", 5), "--suffix", ".npz")
    status, out, _ = pose(*given, "--output", tmp_path / "all")
    assert status == 0
    assert len(list((tmp_path / "all" / "one").glob("*.npz"))) == 5
    assert out.splitlines()[-1] == f"next: pose smooth {tmp_path / 'all'}"


def test_runs_named_beside_their_sweep_are_not_predicted_twice(plugins, sweep, other):
    members = find_members(
        [sweep, other / "seed=1", sweep / "seed=2"], None, ".csv", plugins, print
    )
    assert {folder: len(names) for folder, names in members.ensembles.items()} == {
        sweep / "predictions": 3,
        other / "predictions": 1,
    }


@dataclass(frozen=True)
class Shift:
    """What `pose_repair` is told, by a smoother that moves all points by ten pixels instead."""

    model: str = ""
    points: str = "doubtful"
    together: bool = False


def shifted(ensemble: Ensemble, options: Shift) -> Predictions:
    mean = ensemble_mean(ensemble)
    return replace(mean, keypoints=mean.keypoints + 10)


def test_what_is_repaired_is_smoothed(pose, plugins, sweep, make_video):
    repair = type(os)("shifting")
    one = Smoother(name="pose_repair", smooth=shifted, options=Shift)
    repair.pose_smoothers = hookimpl(lambda: [one], specname="pose_smoothers")
    plugins.add(repair)
    given = ("predict", sweep, make_video("one.mp4", 5), "--suffix", ".npz", "--smooth")
    assert pose(*given, "--repair")[0] == 0
    place = sweep / "predictions"
    plain = [keypoints(path) for path in (place / "one").glob("*.npz")]
    np.testing.assert_allclose(
        keypoints(place / "smoothed" / "one.npz"), np.mean(plain, 0) + 10, atol=1e-3
    )


def test_one_model_is_smoothed_beside_its_tables(pose, sweep, make_video):
    run = sweep / "seed=0"
    assert pose("predict", run, make_video(frames=5), "--suffix", ".npz", "--smooth")[0] == 0
    assert (run / "predictions" / "smoothed" / "video.npz").exists()


def test_a_smoother_that_is_not_there_is_said_before_anything_is_predicted(pose, sweep, make_video):
    given = ("predict", sweep, make_video(), "--suffix", ".npz")
    status, _, errors = pose(*given, "--smooth", "--smoother", "eks_singlecan")
    assert status == 1
    assert "did you mean 'eks_singlecam'?" in errors[0]
    assert "is given without --smooth" in pose(*given, "--smoother", "eks_singlecam")[2][0]
    assert not (sweep / "predictions").exists()


# pose smooth


@pytest.fixture
def table(plugins, tmp_path) -> Callable[..., Path]:
    """Write a table of predictions, all points at one place."""

    def write(
        name: str, value: float = 1.0, frames: int = 5, names: tuple[str, ...] = ("nose", "ear")
    ) -> Path:
        points = np.full((frames, len(names), 2), value)
        made = Predictions(points, np.ones((frames, len(names))), Skeleton(names))
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_predictions(path, made, plugins)
        return path

    return write


def test_a_folder_of_tables_is_smoothed_beside_it(pose, table, tmp_path):
    table("all/video/a.npz", 1)
    table("all/video/b.npz", 3)
    output = tmp_path / "all" / "smoothed" / "video.npz"
    status, out, _ = pose("smooth", tmp_path / "all" / "video")
    assert status == 0
    assert out.startswith(f"2 members, 5 frames, smoothed by eks_singlecam: {output}\n")
    np.testing.assert_allclose(keypoints(output), 2.0)


def test_a_folder_of_videos_is_smoothed_video_by_video(pose, table, tmp_path):
    for video, frames in (("one", 5), ("two", 7)):
        table(f"all/{video}/a.npz", 1, frames)
        table(f"all/{video}/b.npz", 3, frames)
    table("all/smoothed/old.npz")
    table("all/bad/a.npz", 1)
    table("all/bad/b.npz", 1, frames=4)
    table("all/mixed/a.npz", 1)
    table("all/mixed/b.npz", 1, names=("nose", "tail"))
    how = ("--smoother", "eks_singlecam", "--output", tmp_path / "out")
    status, out, errors = pose("smooth", tmp_path / "all", *how)
    assert status == 1
    assert out.count("smoothed by eks_singlecam") == 2
    assert len(errors) == 3
    assert "bad/b.npz: has 4 rows, not the 5 of" in errors[0]
    assert "mixed/b.npz: has other keypoints than" in errors[1]
    assert errors[2] == "pose smooth: 2 of 4 videos could not be smoothed"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["one.npz", "two.npz"]


def test_a_table_in_place_of_a_folder_is_refused(pose, table, tmp_path):
    table("all/one/a.npz")
    status, _, errors = pose("smooth", tmp_path / "all", "--output", tmp_path / "s.csv")
    assert status == 1
    assert "is to hold the tables of 1 video; name a folder" in errors[0]


def test_tables_without_an_output_are_one_line(pose, table):
    status, _, errors = pose("smooth", table("a.npz"), table("b.npz"))
    assert status == 1
    assert errors == ["pose smooth: --output: 2 inputs need a table to be smoothed to; name one"]


def test_tables_of_different_videos_are_no_ensemble(pose, sweep, make_video, tmp_path):
    videos = [make_video(name, 5) for name in ("one.mp4", "two.mp4")]
    videos[1].write_bytes(videos[0].read_bytes() + b"\0" * 100)
    run = sweep / "seed=0"
    assert pose("predict", run, *videos, "--suffix", ".npz")[0] == 0
    output = tmp_path / "s.npz"
    status, _, errors = pose("smooth", run / "predictions", "--output", output)
    assert status == 1
    assert "two.npz: was made from" in errors[0]
    assert not output.exists()


@pytest.fixture
def cameras(monkeypatch) -> None:
    """As if the models' project had two cameras."""
    monkeypatch.setattr(
        "pose_core.commands.smoothing.cameras_of", lambda videos, plugins: ("top", "bot")
    )


def test_videos_of_the_cameras_of_a_project_are_smoothed_together(pose, table, cameras, tmp_path):
    for view, value in (("top", 1.0), ("bot", 5.0)):
        table(f"all/day1_{view}/a.npz", value)
        table(f"all/day1_{view}/b.incomplete.npz", value + 2)
    table("all/alone/a.npz", 7.0)
    status, out, errors = pose("smooth", tmp_path / "all")
    assert (status, errors) == (0, [])
    assert "2 members, 5 frames, smoothed by eks_mirrored of 2 views: " in out
    assert "1 member, 5 frames, smoothed by eks_singlecam: " in out
    place = tmp_path / "all" / "smoothed"
    for name, value in (("day1_top", 2.0), ("day1_bot", 6.0), ("alone", 7.0)):
        held = np.load(place / f"{name}.npz")
        np.testing.assert_allclose(held["keypoints"], value)
        assert held["names"].tolist() == ["nose", "ear"]
    out = pose("smooth", tmp_path / "all", "--smoother", "eks_singlecam", "--overwrite")[1]
    assert out.count("smoothed by eks_singlecam: ") == 3


def test_cameras_that_do_not_fit_together_are_one_line_each(pose, table, cameras, tmp_path):
    table("all/day1_top/a.npz")
    table("all/day1_bot/b.npz")
    table("all/day2_top/a.npz")
    table("all/day2_bot/a.npz", frames=4)
    status, _, errors = pose("smooth", tmp_path / "all")
    assert status == 1
    assert len(errors) == 3
    assert "day1_bot: has other members than" in errors[0]
    assert "give --smoother eks_singlecam to smooth each camera by itself" in errors[0]
    assert "have different numbers of frames (top 5, bot 4)" in errors[1]
    assert errors[2] == "pose smooth: 4 of 4 videos could not be smoothed"
