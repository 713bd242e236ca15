"""What is gathered from the files of runs, and what is said and left out."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.diagnostics import gathering
from pose_core.diagnostics.gathering import gather, gather_videos, training_labels
from pose_core.diagnostics.measures import measure
from pose_core.diagnostics.naming import unique_names
from pose_core.diagnostics.tracks import LABELS
from pose_core.files import open_project, write_predictions
from pose_core.partial import Origin, record_of
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.skeleton import Skeleton

NAMES = ("nose", "left", "right")


def write_table(
    path: Path, plugins: Plugins, count: int = 5, x: float = 0.0, **given: object
) -> Path:
    """Write predictions of a video: all points at x."""
    names = given.pop("names", NAMES)
    points = np.full((count, len(names), 2), x)
    confidence = np.full(points.shape[:2], 0.5)
    write_predictions(path, Predictions(points, confidence, Skeleton(names), **given), plugins)
    return path


def write_record(table: Path, video: Path, model: Path, digest: str = "v") -> None:
    origin = Origin(str(video), str(model), digest, "m")
    record_of(table).write_text(json.dumps(asdict(origin)))


@pytest.fixture
def said() -> list[str]:
    return []


def test_labeled_frames_come_with_truth_and_sets_by_their_names(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, said: list[str]
) -> None:
    run = make_run("a", tiny_project, error=3.0)
    (tracks,) = gather([run], plugins, say=said.append)
    assert (tracks.subject, tracks.members, tracks.root) == (LABELS, ("a",), tiny_project)
    assert tracks.truth is not None
    predicted = tracks.sources["a"]
    assert predicted.frames == tracks.truth.frames
    off = predicted.keypoints - tracks.truth.keypoints
    np.testing.assert_allclose(off, np.broadcast_to([3.0, 0.0], off.shape), atol=1e-4)
    assert tracks.sets is not None
    assert [tracks.sets.count(name) for name in ("train", "validation", "test")] == [6, 4, 2]
    training = training_labels([tracks])
    assert training is not None
    assert len(training) == 6
    assert not said


def test_a_project_in_another_order_is_matched_by_name(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    run = make_run("a", tiny_project)
    held = dict(np.load(tiny_project / "tiny.npz"))
    np.savez(tiny_project / "tiny.npz", **{name: one[::-1][:7] for name, one in held.items()})
    (tracks,) = gather([run], plugins)
    assert tracks.truth is not None
    assert list(tracks.truth.frames) == held["frames"][::-1][:7].tolist()
    gaps = tracks.sources["a"].keypoints - tracks.truth.keypoints
    np.testing.assert_allclose(gaps[..., 0], 1.0, atol=1e-4)


def test_a_frame_that_any_run_trained_on_is_one_to_train_on(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, said: list[str]
) -> None:
    runs = [
        make_run("a", tiny_project, sets=["train"] * 2 + ["test"] * 10),
        make_run("b", tiny_project, sets=["unused", "validation"] * 6),
    ]
    (tracks,) = gather(runs, plugins, say=said.append)
    assert tracks.sets == ("train", "train", *("test", "validation") * 5)
    assert tracks.own_sets["b"][:2] == ("unused", "validation")
    assert said == ["runs have different splits: errors of a set are of other frames for each"]


def test_what_a_run_lacks_is_said_and_the_rest_goes_on(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, said: list[str]
) -> None:
    whole, unevaluated, cut, gone = (make_run(name, tiny_project) for name in "abcd")
    (unevaluated / "predictions.csv").unlink()
    text = (cut / "predictions.csv").read_text()
    (cut / "predictions.csv").write_text(text[: len(text) // 2])
    (gone / "skeleton.json").unlink()
    (tracks,) = gather([whole, unevaluated, cut, gone], plugins, say=said.append)
    assert list(tracks.sources) == ["a"]
    assert len(said) == 3
    assert f"{gone}: is no complete model, it has no skeleton.json" in said[0]
    assert f"is not there; run pose evaluate {unevaluated}" in said[1]
    assert f"{cut / 'predictions.csv'}: damaged" in said[2]


def test_a_run_of_other_keypoints_is_left_out(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, said: list[str]
) -> None:
    runs = [make_run(name, tiny_project) for name in "ab"]
    other = Skeleton(("nose", "left", "tail")).to_dict()
    (runs[1] / "skeleton.json").write_text(json.dumps(other))
    (tracks,) = gather(runs, plugins, say=said.append)
    assert tracks.members == ("a",)
    assert "has other keypoints than" in said[0]
    assert "'right'" in said[0]


def test_a_run_of_another_project_is_not_held_against_this_ones_labels(
    make_run: Callable[..., Path], make_tiny: Callable[..., Path], plugins: Plugins, said: list[str]
) -> None:
    first, second = make_tiny(12), make_tiny(12, ((64, 64), (32, 32)))
    runs = [make_run("a", first), make_run("b", second)]
    (tracks,) = gather(runs, plugins, say=said.append)
    assert tracks.members == ("a",)
    assert "was trained on another project" in said[0]
    (both,) = gather(runs, plugins, project=first)
    assert both.members == ("a", "b")


def test_without_the_project_predictions_are_gathered_without_truth(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, said: list[str]
) -> None:
    run = make_run("a", tiny_project)
    moved = tiny_project.rename(tiny_project.with_name("moved"))
    (tracks,) = gather([run], plugins, say=said.append)
    assert tracks.truth is None
    assert len(tracks.sources["a"]) == 12
    assert "give --project" in said[0]
    (found,) = gather([run], plugins, project=moved)
    assert found.truth is not None


def test_views_of_several_cameras_are_said_not_to_be_compared(
    make_run: Callable[..., Path],
    tiny_project: Path,
    plugins: Plugins,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = open_project(tiny_project, plugins)
    cameras = {"top": np.arange(6), "side": np.arange(6, 12)}
    monkeypatch.setattr(gathering, "open_truth", lambda *_: replace(project, cameras=cameras))
    gather([make_run("a", tiny_project)], plugins, say=said.append)
    assert said == [
        f"{tiny_project}: has 2 cameras, whose views are measured one by one; "
        "they are not compared with one another"
    ]


def test_labels_outside_their_image_are_missing(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    run = make_run("a", tiny_project)
    held = dict(np.load(tiny_project / "tiny.npz"))
    held["keypoints"][0, 0] = (64.0, 10.0)  # half a pixel beyond the last one of 64
    np.savez(tiny_project / "tiny.npz", **held)
    (tracks,) = gather([run], plugins)
    assert tracks.truth is not None
    assert np.argwhere(np.isnan(tracks.truth.keypoints[..., 0])).tolist() == [[0, 0]]


def test_videos_of_runs_and_folders_lie_side_by_side(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    runs = [make_run(name, tiny_project) for name in "ab"]
    video = tmp_path / "clip.mp4"
    video.touch()
    own = write_table(runs[0] / "predictions" / "clip.npz", plugins, x=1.0)
    write_record(own, video, runs[0])
    folder = tmp_path / "tracks"
    write_table(folder / "clip" / "b.npz", plugins, x=2.0)
    write_table(folder / "clip" / "c.npz", plugins, x=3.0)
    write_table(folder / "smoothed" / "clip.npz", plugins, x=4.0, scorer="eks")
    _, tracks = gather(runs, plugins, [folder])
    assert {name: one.keypoints[0, 0, 0] for name, one in tracks.sources.items()} == {
        "a": 1.0, "b": 2.0, "c": 3.0, "eks": 4.0,
    }  # fmt: skip
    assert tracks.members == ("a", "b", "c")
    assert (tracks.subject, tracks.video) == ("clip", video)


def test_a_table_by_itself_is_of_what_its_record_says(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    run = make_run("a", tiny_project)
    table = write_table(tmp_path / "flat" / "anything.npz", plugins)
    write_record(table, tmp_path / "clip.mp4", run)
    write_table(tmp_path / "flat" / "other.npz", plugins)
    found = {one.subject: one.members for one in gather([run], plugins, [tmp_path / "flat"])[1:]}
    assert found == {"clip": ("a",), "other": ("flat",)}


def test_keypoints_are_put_in_the_order_of_the_first_run(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    run = make_run("a", tiny_project)
    table = run / "predictions" / "clip.npz"
    points = np.broadcast_to(np.arange(3.0)[None, :, None], (5, 3, 2))
    given = Predictions(points, points[..., 0], Skeleton(("right", "nose", "left")))
    write_predictions(table, given, plugins)
    _, tracks = gather([run], plugins)
    assert tracks.sources["a"].skeleton.names == NAMES
    assert tracks.sources["a"].keypoints[0, :, 0].tolist() == [1.0, 2.0, 0.0]
    assert tracks.sources["a"].confidence[0].tolist() == [1.0, 2.0, 0.0]


def test_tables_that_do_not_fit_are_said_and_left_out(
    make_run: Callable[..., Path],
    tiny_project: Path,
    plugins: Plugins,
    tmp_path: Path,
    said: list[str],
) -> None:
    runs = [make_run(name, tiny_project) for name in "abcd"]
    for run, frames in zip(runs, (5, 4, 5, 5), strict=True):
        table = write_table(run / "predictions" / "clip.npz", plugins, frames)
        write_record(table, tmp_path / "gone.mp4", run, "other" if run.name == "d" else "v")
    write_table(runs[0] / "predictions" / "strange.npz", plugins, names=("snout",))
    broken = {"keypoints": np.zeros((5, 3, 2)), "confidence": np.zeros((5, 2)), "names": NAMES}
    np.savez(runs[1] / "predictions" / "broken.npz", frames=(), scorer="b", **broken)
    _, tracks = gather(runs, plugins, [tmp_path / "nowhere"], say=said.append)
    assert tracks.members == ("a", "c")
    assert tracks.video is None
    for expected in (
        f"{tmp_path / 'nowhere'}: is no folder",
        "'left'; it is left out",
        "predictions: (5, 3) frames and keypoints do not fit",
        "has 4 rows, not the 5 of",
        "is of another video than",
        f"{tmp_path / 'gone.mp4'} is not there any more",
    ):
        assert len([line for line in said if expected in line]) == 1, said


def two_sweeps(
    make_run: Callable[..., Path], project: Path, plugins: Plugins, root: Path
) -> list[Path]:
    """Two sweeps with members of equal names, their tables, and what one smoother made of each."""
    runs = []
    for at, name in enumerate(("plain", "semi")):
        sweep = root / "sweeps" / name
        sweep.mkdir(parents=True)
        for member in range(2):
            run = make_run(f"{name}{member}", project).rename(sweep / f"seed={member}")
            track = sweep / "predictions" / "clip" / f"seed={member}.npz"
            write_record(write_table(track, plugins, x=4.0 * at + member), Path("clip.mp4"), run)
            runs.append(run)
        write_table(sweep / "predictions" / "smoothed" / "clip.npz", plugins, x=9, scorer="eks")
    return runs


NAMED = {
    "plain": (("plain/seed=0", "plain/seed=1"), ("plain/eks",)),
    "semi": (("semi/seed=0", "semi/seed=1"), ("semi/eks",)),
}


@pytest.mark.parametrize("moved", ["", "moved", "copied"])
def test_members_and_smoothers_belong_to_the_sweep_they_lie_in(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path, moved: str
) -> None:
    runs = two_sweeps(make_run, tiny_project, plugins, tmp_path)
    if moved:
        shutil.copytree(tmp_path / "sweeps", tmp_path / "elsewhere")
        if moved == "moved":
            shutil.rmtree(tmp_path / "sweeps")
        runs = [tmp_path / "elsewhere" / run.relative_to(tmp_path / "sweeps") for run in runs]
    folders = [runs[0].parent / "predictions", runs[2].parent / "predictions"]
    labels, clip = gather(runs, plugins, folders)
    assert clip.families == NAMED
    assert labels.families == {name: (members, ()) for name, (members, _) in NAMED.items()}
    found = {one.source: one.values for one in measure(clip, plugins, None)}
    assert {name: one["ensemble_spread"][0, 0] for name, one in found.items()} == dict.fromkeys(
        found, pytest.approx(0.5 * 2**0.5)
    )
    off = [found[name]["smoothed_difference"][0, 0] for name in ("plain/eks", "semi/eks")]
    np.testing.assert_allclose(off, np.sqrt(2) * (9 - np.array([0.5, 4.5])), rtol=1e-6)


def test_a_member_of_a_sweep_alone_has_its_own_tables_of_the_sweep(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    runs = two_sweeps(make_run, tiny_project, plugins, tmp_path)
    _, clip = gather(runs[1:2], plugins)
    assert clip.families == {"": (("seed=1",), ())}
    np.testing.assert_array_equal(clip.sources["seed=1"].keypoints, 1.0)
    (of_video,) = gather_videos(runs[::2], plugins)
    assert {n: one.keypoints[0, 0, 0] for n, one in of_video.sources.items()} == {
        "plain/seed=0": 0.0, "semi/seed=0": 4.0,
    }  # fmt: skip


def test_sweeps_without_their_runs_are_told_apart_too(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    for run in (runs := two_sweeps(make_run, tiny_project, plugins, tmp_path)):
        shutil.rmtree(run)
    folders = [runs[0].parent / "predictions", runs[2].parent / "predictions"]
    (clip,) = gather([], plugins, folders)
    assert [(len(one.members), len(one.smoothed)) for one in clip.families.values()] == [(2, 1)] * 2
    assert len(clip.sources) == 6


def test_tables_of_another_sweep_are_not_of_the_runs_around_it(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    sweep = two_sweeps(make_run, tiny_project, plugins, tmp_path)[0].parent
    alone = make_run("alone", tiny_project).rename(sweep.parent / "alone")
    write_table(alone / "predictions" / "clip.npz", plugins)
    _, clip = gather([alone], plugins, [sweep / "predictions"])
    assert clip.families == {
        "sweeps": (("alone",), ()),
        "plain": (("seed=0", "seed=1"), ("plain/eks",)),
    }


def test_tables_of_strangers_are_no_members_of_the_runs_ensemble(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    runs = two_sweeps(make_run, tiny_project, plugins, tmp_path)[:2]
    write_table(tmp_path / "theirs" / "clip" / "other.npz", plugins)
    write_table(tmp_path / "ours" / "smoothed" / "clip.npz", plugins, scorer="eks")
    _, clip = gather(runs, plugins, [tmp_path / "theirs", tmp_path / "ours"])
    assert clip.families == {
        "plain": (("seed=0", "seed=1"), ("plain/eks",)),
        "theirs": (("other",), ()),
    }


def test_a_table_of_a_run_that_moved_is_still_its(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    run = make_run("a", tiny_project)
    write_record(write_table(tmp_path / "flat" / "clip.npz", plugins), Path("clip.mp4"), run)
    (tmp_path / "moved").mkdir()
    moved = run.rename(tmp_path / "moved" / "a")
    _, clip = gather([moved], plugins, [tmp_path / "flat"])
    assert clip.families == {"": (("a",), ())}


def test_single_models_that_predicted_into_one_folder_are_an_ensemble(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    for name in ("x", "y"):
        (tmp_path / "lone" / name).mkdir(parents=True)
        run = make_run(name, tiny_project).rename(tmp_path / "lone" / name / "run")
        track = write_table(tmp_path / "tracks" / "clip" / f"{name}-run.npz", plugins)
        write_record(track, Path("clip.mp4"), run)
    (clip,) = gather([], plugins, [tmp_path / "tracks"])
    assert clip.families == {"": (("x-run", "y-run"), ())}


def test_the_folder_of_one_video_is_known_by_its_members_without_records(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    runs = []
    for name in ("x", "y"):
        (tmp_path / "lone" / name).mkdir(parents=True)
        runs.append(make_run(name, tiny_project).rename(tmp_path / "lone" / name / "run"))
        write_table(tmp_path / "tracks" / "clip" / f"{name}-run.npz", plugins)
    *_, clip = gather(runs, plugins, [tmp_path / "tracks" / "clip"])
    assert clip.subject == "clip"
    assert clip.families == {"x": (("x/run",), ()), "y": (("y/run",), ())}


def test_two_smoothings_of_one_sweep_are_named_by_their_folders(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    runs = two_sweeps(make_run, tiny_project, plugins, tmp_path)[:2]
    other = runs[0].parent / "loose"
    write_table(other / "smoothed" / "clip.npz", plugins, scorer="eks")
    _, clip = gather(runs, plugins, [runs[0].parent / "predictions", other])
    assert clip.families == {"": (("seed=0", "seed=1"), ("predictions/eks", "loose/eks"))}


def test_runs_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    runs = [tmp_path / name for name in ("x/0", "y/0", "y/1")]
    assert unique_names([*runs, runs[0]]) == {"x/0": runs[0], "y/0": runs[1], "y/1": runs[2]}


def test_a_video_called_like_the_labels_is_told_from_them(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins
) -> None:
    run = make_run("a", tiny_project)
    write_table(run / "predictions" / "labels.npz", plugins)
    assert [one.subject for one in gather([run], plugins)] == ["labels", "labels (video)"]


def test_a_smoothers_table_of_the_labeled_images_is_one_of_their_sources(
    make_run: Callable[..., Path], tiny_project: Path, plugins: Plugins, tmp_path: Path
) -> None:
    run = make_run("a", tiny_project)
    frames = tuple(np.load(tiny_project / "tiny.npz")["frames"].tolist()[::-1])
    path = tmp_path / "tracks" / "smoothed" / "tiny.npz"
    write_table(path, plugins, len(frames), x=7.0, frames=frames, scorer="eks")
    (tracks,) = gather([run], plugins, [tmp_path / "tracks"])
    assert (list(tracks.sources), tracks.members) == (["a", "eks"], ("a",))
    assert tracks.truth is not None
    assert tracks.sources["eks"].frames == tracks.truth.frames
