"""The page that compares runs and ensembles: what it says is so, and it says what it cannot."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_core.diagnostics.candidates import differing, leaves
from pose_core.diagnostics.measured import Measured
from pose_core.diagnostics.measures import ERROR, SPREAD, measure
from pose_core.diagnostics.noise import differences
from pose_core.diagnostics.tracks import LABELS, Tracks
from pose_core.labels import Labels
from pose_core.plugins import Plugins
from pose_core.predictions import Predictions
from pose_core.reports.compared import Comparison, RunFiles, Subject
from pose_core.reports.palette import OKABE_ITO
from pose_core.reports.run_page import run_report, title
from pose_core.reports.run_plots import (
    binned,
    by_spread,
    curve_plots,
    quantity,
    spread_plots,
    tail_means,
)
from pose_core.reports.run_summary import rates, sentences
from pose_core.reports.verdict import difference, ensembles_told, standing, told
from pose_core.reports.worst_frames import (
    best_of,
    most_broken,
    shown_of,
    worst_labeled,
    worst_of_videos,
)
from pose_core.skeleton import Skeleton

NAMES = ("nose", "left", "right")
SETS = ("train",) * 6 + ("validation",) * 2 + ("test",) * 4


def labeled(plugins: Plugins, sets: tuple[str, ...] = SETS, **shifts: float) -> Subject:
    """Sources that are off by so many pixels, some frames more than others."""
    skeleton, frames = (
        Skeleton(NAMES),
        tuple(f"labeled-data/v/{n:02}.png" for n in range(len(sets))),
    )
    truth = np.random.default_rng(0).uniform(10, 50, (len(sets), 3, 2))
    wobble = np.random.default_rng(1).uniform(0.9, 1.1, (len(sets), 3))
    sources = {
        name: Predictions(
            truth + np.stack([shift * wobble, 0 * wobble], -1),
            np.full(truth.shape[:2], 0.9),
            skeleton,
            frames,
        )
        for name, shift in shifts.items()
    }
    tracks = Tracks(
        LABELS, sources, tuple(shifts), truth=Labels.of(frames, truth, skeleton), sets=sets
    )
    return Subject.of(tracks, measure(tracks, plugins, None))


def video(plugins: Plugins, frames: int = 40, **jumps: int) -> Subject:
    """Sources that stand still but for so many jumps of 30 pixels; `moved` says how far."""
    sources = {}
    for name, count in jumps.items():
        points = np.full((frames, 3, 2), 20.0)
        points[2 : 2 + 2 * count : 2] += 30
        sources[name] = Predictions(points, np.full((frames, 3), 0.9), Skeleton(NAMES))
    tracks = Tracks("clip", sources, tuple(jumps))
    found = measure(tracks, plugins, None)
    for one in found:
        moved = np.full((frames, 3), np.nan)
        moved[1:] = np.linalg.norm(np.diff(sources[one.source].keypoints, axis=0), axis=-1)
        one.values["moved"], one.units["moved"] = moved, "px"  # type: ignore[index]
    return Subject.of(tracks, found)


def comparison(*subjects: Subject, notes: tuple[str, ...] = ()) -> Comparison:
    names = dict.fromkeys(name for one in subjects for name in one.tracks.members)
    curves = {"epoch": np.arange(3.0), "validation_error": np.array([np.nan, 3.0, 2.0])}
    runs = tuple(RunFiles(name, {"seed": n}, curves, "best") for n, name in enumerate(names))
    return Comparison(runs, subjects, {"moved": 20.0}, notes)


def test_the_best_is_named_where_it_is_better_by_more_than_chance(plugins: Plugins) -> None:
    found = standing(labeled(plugins, good=1.0, poor=4.0))
    assert found is not None
    assert (found.best, found.set, found.frames, found.points) == ("good", "test", 4, 12)
    assert found.clear
    assert found.errors["good"] == pytest.approx(1.0, abs=0.1)
    assert "good is best on 4 test frames" in told(found)


def test_what_chance_may_have_made_is_called_open(plugins: Plugins) -> None:
    subject = labeled(plugins, a=2.0, b=2.0)
    values = subject.measured["b"].values
    noise = np.random.default_rng(2).normal(0.01, 1.0, values[ERROR].shape)
    values[ERROR] = values[ERROR] + noise  # type: ignore[index]
    found = standing(subject)
    assert found is not None
    assert not found.clear
    assert told(found).startswith("Which is best is open: on 4 test frames")


def test_few_frames_are_said_aloud(plugins: Plugins) -> None:
    found = standing(labeled(plugins, a=1.0, b=2.0))
    assert found is not None
    assert "That is few (12 points), too few to say" in told(found)
    assert "other frames may give another order" not in told(found)  # it is clear, as it says
    alone = standing(labeled(plugins, a=1.0))
    assert alone is not None
    assert "That is few (12 points): other frames may give another" in told(alone)


def test_frames_that_were_trained_on_are_no_proof(plugins: Plugins) -> None:
    found = standing(labeled(plugins, sets=("train",) * 3, a=1.0, b=2.0))
    assert found is not None
    assert "say nothing about frames that were not trained on" in told(found)


def test_one_frame_cannot_say_how_sure_it_is(plugins: Plugins) -> None:
    found = standing(labeled(plugins, sets=("test",), a=1.0, b=2.0))
    assert found is not None
    assert not found.clear
    assert "one frame cannot say how sure that is" in told(found)


def test_the_interval_is_that_of_means_over_frames_drawn_at_random() -> None:
    generator = np.random.default_rng(0)

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        own = generator.normal(0, 1, (400, 1)) + generator.normal(0, 0.3, (400, 5))
        return own, generator.uniform(size=(400, 5)) < 0.7

    means = []
    for _ in range(300):
        errors, known = drawn()
        means.append(errors[known].mean())
    errors, known = drawn()
    low, high = difference(errors, np.zeros_like(errors), known)
    assert low < errors[known].mean() < high
    assert high - low == pytest.approx(4 * np.std(means), rel=0.2)


def test_chance_is_the_same_to_the_page_and_to_select(plugins: Plugins) -> None:
    subject = labeled(plugins, a=2.0, b=2.5)
    found = standing(subject)
    assert found is not None
    test = [row for row, one in enumerate(SETS) if one == "test"]
    errors = {name: own[test][None] for name, own in subject.values(ERROR).items()}
    assert found.between == pytest.approx(differences(errors, "a")["b"])


def two_ensembles(plugins: Plugins) -> Subject:
    """Members of two sweeps: the second lie apart by far more, and one of each is smoothed."""
    shifts = {"a/0": 1.0, "a/1": 2.0, "a/eks": 1.0, "b/0": 4.0, "b/1": 12.0, "b/eks": 5.0}
    subject = labeled(plugins, sets=("test",) * 20, **shifts)
    tracks = replace(
        subject.tracks,
        members=tuple(name for name in shifts if "eks" not in name),
        ensembles={name: name[0] for name in shifts},
    )
    return Subject.of(tracks, measure(tracks, plugins, None))


def test_error_against_spread_has_a_line_for_each_ensemble_and_smoother(plugins: Plugins) -> None:
    subject = two_ensembles(plugins)
    found = by_spread(subject)
    assert list(found) == ["a members", "a/eks", "b members", "b/eks"]
    errors, spreads = subject.values(ERROR), subject.values(SPREAD)
    both = (errors["b/0"] + errors["b/1"]).ravel() / 2
    np.testing.assert_allclose(found["b members"].errors.sum(), both.sum())
    np.testing.assert_allclose(found["b/eks"].spread, np.sort(spreads["b/0"].ravel()))
    assert found["a members"].spread.max() < found["b members"].spread.min()
    colours = {name: place for place, name in enumerate(errors)}
    assert len(spread_plots(subject, colours)) == 2


def test_runs_that_are_no_ensemble_have_no_error_against_spread(plugins: Plugins) -> None:
    subject = labeled(plugins, sets=("test",) * 20, a=1.0, b=2.0)
    alone = replace(subject.tracks, ensembles={"a": "a", "b": "b"})
    assert by_spread(Subject.of(alone, measure(alone, plugins, None))) == {}


def test_many_sources_of_two_ensembles_have_the_same_colours_in_other_dashes(
    plugins: Plugins,
) -> None:
    names = [f"{sweep}/{member}" for member in range(5) for sweep in "ab"]
    subject = labeled(plugins, **dict.fromkeys(names, 1.0))
    tracks = replace(subject.tracks, ensembles={name: name[0] for name in names})
    colours = comparison(replace(subject, tracks=tracks)).colours
    assert list(colours) == sorted(names)
    assert [colours[f"a/{n}"] for n in range(5)] == list(range(5))
    assert [colours[f"b/{n}"] for n in range(5)] == [len(OKABE_ITO) + n for n in range(5)]


def test_few_sources_of_two_ensembles_have_a_colour_each(plugins: Plugins) -> None:
    assert list(comparison(two_ensembles(plugins)).colours.values()) == list(range(6))


def test_each_ensemble_is_told_by_its_name(plugins: Plugins) -> None:
    whole = comparison(two_ensembles(plugins))
    assert title(whole) == "4 runs in 2 ensembles and 2 smoothers"
    assert title(replace(whole, runs=whole.runs[:2])).startswith("2 runs and ")
    subject = two_ensembles(plugins)
    many = Subject.of(subject.tracks, [repeated(one, 5) for one in subject.measured.values()])
    tracks = replace(many.tracks, sets=("test",) * 100)
    said = [
        line for line in sentences(comparison(replace(many, tracks=tracks))) if "disagree" in line
    ]
    assert [line.partition(" disagree")[0].split()[-2] for line in said] == ["a", "b"]


@pytest.mark.parametrize(("far", "said"), [(12.0, "more than chance"), (4.1, "chance explains")])
def test_members_of_ensembles_are_compared_with_what_chance_explains(
    plugins: Plugins, far: float, said: str
) -> None:
    shifts = {f"{'ab'[n % 2]}/{n}": far if n % 2 else 1.0 + n for n in range(8)}
    subject = labeled(plugins, sets=("test",) * 20, **shifts)
    tracks = replace(subject.tracks, ensembles={name: name[0] for name in shifts})
    (line,) = ensembles_told(replace(subject, tracks=tracks))
    errors = [subject.values(ERROR)[name].mean() for name in shifts if name[0] == "a"]
    assert f"of a err by {np.mean(errors):.2f} px on the test frames" in line
    assert said in line
    assert ensembles_told(subject) == []


def repeated(one: Measured, times: int) -> Measured:
    """Give what was measured so many times over."""
    values = {name: np.tile(own, (times, 1)) for name, own in one.values.items()}
    return replace(one, values=values, frames=None, sets=None)


def test_beside_the_judged_network_its_own_smoother_is_drawn(plugins: Plugins) -> None:
    tracks = two_ensembles(plugins).tracks
    own = {name: tracks.sources[name] for name in ("a/eks", "a/0", "a/1")}
    assert shown_of(replace(tracks, sources=own, members=("a/0", "a/1"))) == ["a/0", "a/eks"]
    sources = {name: tracks.sources[name] for name in ("b/eks", "a/0", "a/1")}
    assert shown_of(replace(tracks, sources=sources, members=("a/0", "a/1"))) == ["a/0", "b/eks"]


def test_of_several_ensembles_each_has_a_mark(plugins: Plugins) -> None:
    subject = two_ensembles(plugins)
    assert shown_of(subject.tracks) == ["a/0", "b/0"]
    ranked = ["a/eks", "a/0", "b/0", "a/1", "b/eks", "b/1"]  # the best of all are of one
    assert best_of(subject.tracks, ranked) == ["a/eks", "b/0"]
    assert best_of(replace(subject.tracks, ensembles={}), ranked) == ["a/eks", "a/0"]


def test_a_network_that_is_sure_of_nothing_is_warned_of_and_wins_nothing(plugins: Plugins) -> None:
    subject = video(plugins, still=0, a=1, b=2)
    doubted = subject.measured["still"].values
    doubted["confidence"] = np.full((40, 3), 0.001)  # type: ignore[index]
    said = sentences(comparison(subject))
    assert said[1] == (
        "still: 100 % of its points below 0.9 confidence; it may have learned nothing."
    )
    # a jump there and back is two of the 39 steps
    assert said[2] == "Fewest points in violation in videos: a, moved 5.1 % (b 10.3 %)."


def test_winners_of_different_rules_are_named_in_one_sentence(plugins: Plugins) -> None:
    subject = video(plugins, a=0, b=1, c=0, d=0)
    for name, one in subject.measured.items():
        one.values["bent"] = np.full((40, 3), 30.0 if name == "a" else 1.0)  # type: ignore[index]
    whole = replace(comparison(subject), rules={"moved": 20.0, "bent": 20.0})
    assert [line for line in sentences(whole) if "Fewest" in line] == [
        "Fewest points in violation in videos: a, c and d, moved 0.0 % (b 5.1 %); b, c and d, "
        "bent 0.0 % (a 100.0 %)."
    ]


@pytest.mark.parametrize(("epochs", "drawn"), [(1, "points"), (3, "line")])
def test_a_curve_of_one_epoch_is_a_point_that_is_seen(epochs: int, drawn: str) -> None:
    values = np.array([2.0, np.nan, np.nan] if epochs == 1 else [3.0, 2.0, 1.0])
    run = RunFiles("a", {}, {"epoch": np.arange(3.0), "validation_error": values})
    (plot,) = curve_plots([run], {"a": 0})
    assert ('<path style="fill:' in plot) is (drawn == "points")
    assert ('<path class="line"' in plot) is (drawn == "line")


def test_a_loss_that_differs_by_being_there_is_on(plugins: Plugins) -> None:
    whole = comparison(labeled(plugins, a=1.0, b=4.0))
    options = ({"losses.pca": {}, "model.neck": {}}, {})
    runs = tuple(replace(run, options=own) for run, own in zip(whole.runs, options, strict=True))
    content = run_report(replace(whole, runs=runs), []).page
    assert re.findall("<td>(on|by default)</td>", content) == ["on", "by default"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("train_heatmap_mse", "training loss (heatmap MSE)"),
        ("train_loss", "training loss (total)"),
        ("validation_pca_multiview", "validation loss (PCA multiview)"),
        ("validation_error", "validation error (px)"),
        ("something_else", "something else"),
    ],
)
def test_curves_are_named_in_words(column: str, said: str) -> None:
    assert quantity(column) == said


def test_settings_have_a_row_for_each_run(plugins: Plugins) -> None:
    content = run_report(comparison(labeled(plugins, a=1.0, b=4.0)), []).page
    table = content[content.index("Where runs differ</caption>") :]
    assert re.findall("<tr><td>(.*?)</td><td>(.*?)</td></tr>", table) == [("a", "0"), ("b", "1")]
    assert "Weights kept, of all runs: best." in content


@pytest.mark.parametrize("finds", [True, False])
def test_a_spread_that_does_not_find_mistakes_is_said(plugins: Plugins, finds: bool) -> None:
    subject = labeled(plugins, sets=("test",) * 60, a=1.0, b=1.0)
    spread = np.random.default_rng(3).uniform(0, 5, (60, 3))
    errors = spread if finds else np.random.default_rng(4).uniform(0, 5, (60, 3))
    for one in subject.measured.values():
        one.values[SPREAD], one.values[ERROR] = spread, errors  # type: ignore[index]
    text = " ".join(sentences(comparison(subject)))
    assert ("does not find mistakes here" in text) is not finds
    assert ("disagree most (a tenth of the points) they err by" in text) is finds


def test_violations_are_counted_over_all_videos(plugins: Plugins) -> None:
    videos = [video(plugins, 41, a=2, b=0), video(plugins, 21, a=1)]
    # each jump is there and back: two of the 40 steps, and of the 20
    assert rates(videos, "moved", 20.0) == {"a": 100 * (4 + 2) / 60, "b": 0.0}


def test_errors_of_what_is_left_rise_if_spread_tells_of_error() -> None:
    shares, means = tail_means(np.linspace(0, 1, 101))
    assert shares[0] == 0
    assert means[0] == pytest.approx(0.5)
    assert means[25] == pytest.approx(0.75)
    assert len(tail_means(np.ones(3))[0]) == 0


def test_groups_by_spread_have_equally_many_points() -> None:
    x, y = binned(np.arange(100.0), np.arange(100.0) ** 2)
    np.testing.assert_allclose(x, np.arange(10) * 10 + 4.5)
    np.testing.assert_allclose(y, (np.arange(100.0) ** 2).reshape(10, 10).mean(1))
    assert len(binned(np.arange(5.0), np.arange(5.0))[0]) == 0


def test_every_part_of_the_page_is_there(plugins: Plugins) -> None:
    whole = comparison(labeled(plugins, a=1.0, b=4.0), video(plugins, a=2, b=0), notes=("odd",))
    report = run_report(whole, [])
    headings = re.findall("<h2>(.*?)</h2>", report.page)
    assert headings == [
        "Errors", "Error against spread", "Violations", "Traces", "Learning", "Settings", "Notes",
    ]  # fmt: skip
    assert report.summary[0].startswith("a is best on 4 test frames")
    assert report.summary[1].startswith("Fewest points in violation in videos: b, moved 0.0 %")
    assert [row[0] for row in report.glance.rows] == ["a", "b"]
    assert report.glance.columns[-2:] == ("moved > 20 (%)", "confidence < 0.9 (%)")
    assert [row[-1] for row in report.glance.rows] == [0.0, 0.0]  # all are 0.9 sure


def test_names_are_escaped_all_over_the_page(plugins: Plugins) -> None:
    nasty = "</script><img src=x onerror=alert(1)>"
    whole = comparison(
        labeled(plugins, **{nasty: 1.0}), video(plugins, **{nasty: 1}), notes=(nasty,)
    )
    assert "<img" not in run_report(whole, []).page


def test_one_frame_is_enough_for_a_page(plugins: Plugins) -> None:
    whole = comparison(labeled(plugins, sets=("test",), a=1.0), video(plugins, frames=1, a=0))
    assert "a errs by" in run_report(whole, []).summary[0]


def test_without_labels_the_page_says_so(plugins: Plugins) -> None:
    report = run_report(comparison(video(plugins, a=2, b=0)), [])
    assert "no labeled frame was compared" in report.summary[0]
    assert "Errors" not in re.findall("<h2>(.*?)</h2>", report.page)


def test_only_the_keypoints_that_are_named_are_traced(plugins: Plugins) -> None:
    whole = comparison(video(plugins, a=2))
    few, all_of_them = (run_report(whole, [], keypoints=names) for names in (("left",), ()))
    assert '"keypoints":["left"]' in few.page
    assert '"keypoints":["nose","left","right"]' in all_of_them.page


def test_the_worst_frames_of_a_video_are_those_that_break_most(plugins: Plugins) -> None:
    assert most_broken(video(plugins, frames=80, a=1), "a", {"moved": 20.0}) == [(2, 0)]
    assert most_broken(video(plugins, frames=80, a=0), "a", {"moved": 20.0}) == []


def test_options_that_differ_are_listed_by_dotted_names() -> None:
    options = [leaves({"a": {"b": n, "c": 1}, "d": {}}) for n in (1, 2)]
    assert differing(options) == ["a.b"]
    assert options[0]["d"] == {}


def test_images_that_are_gone_are_said(plugins: Plugins, tmp_path: Path) -> None:
    subject = labeled(plugins, a=1.0)
    said: list[str] = []
    there = replace(subject, tracks=replace(subject.tracks, root=tmp_path))
    assert worst_labeled(there, said.append) == []
    assert "No such file or directory; its picture is left out" in said[0]


def test_a_video_that_cannot_be_read_is_said(plugins: Plugins, tmp_path: Path) -> None:
    from pose_core.video.readers import choose

    subject = video(plugins, a=2)
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    there = replace(subject, tracks=replace(subject.tracks, video=tmp_path / "clip.mp4"))
    said: list[str] = []
    assert worst_of_videos([there], {"moved": 20.0}, choose(plugins, "pyav")[0], said.append) == []
    assert "its pictures are left out" in said[0]
