"""`pose draw`: which tables belong to which video, how fast it plays, and where the marks lie."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_core import Predictions, Skeleton
from pose_core.cli import build_parser, parse
from pose_core.commands import draw
from pose_core.errors import PoseError
from pose_core.files import write_json, write_predictions
from pose_core.partial import EDGE, Origin, digest, record_of
from pose_core.plugins import Plugins
from pose_core.video import pyav
from pose_core.video.writing import VideoWriter

FRAMES, SIZE, FPS = 30, (120, 160), 250.0
NAMES = ("nose", "left", "right")
SKELETON = Skeleton(NAMES, edges=(("nose", "left"),))


def walk(seed: int = 0, frames: int = FRAMES, skeleton: Skeleton = SKELETON) -> Predictions:
    """Points that move smoothly, far from each other and from the border."""
    across, time = 40 * np.arange(len(skeleton)) + 35, np.arange(frames)[:, None]
    keypoints = np.stack([across + 8 * np.sin(time / 7 + seed), 60 + 25 * np.cos(time / 5)
                          + 0 * across], -1)  # fmt: skip
    return Predictions(keypoints, np.full(keypoints.shape[:2], 0.95), skeleton)


def record(path: Path, grey: int = 40, frames: int = FRAMES, size: tuple[int, int] = SIZE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, FPS) as writer:
        for _ in range(frames):
            writer.write(np.full((*size, 3), grey, np.uint8))
    return path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("recorded") / "day1.mp4")


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(plugins: Plugins, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command; give its status, what it printed, and what it said of errors."""

    def run(*given: object) -> tuple[int, str, str]:
        arguments = parse(build_parser(plugins), ["draw", *map(str, given)])
        try:
            status = draw.run(arguments, plugins)
        except PoseError as error:
            status = 1
            draw.say_error(str(error))
        said = capsys.readouterr()
        lines = [line for line in said.err.splitlines() if line.startswith("pose draw")]
        return status, said.out, "\n".join(lines)

    return run


@pytest.fixture
def write(plugins: Plugins, tmp_path: Path) -> Callable[..., Path]:
    """Write a table below the test's folder."""

    def write_one(name: str, predictions: Predictions | None = None) -> Path:
        path = tmp_path / name
        write_predictions(path, predictions or walk(), plugins)
        return path

    return write_one


def frames_of(path: Path) -> np.ndarray:
    return next(pyav.read(path, [range(pyav.probe(path).frames)])).images


def centroid(image: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The middle of what is no background within 8 px of a point, (x, y)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    close = np.hypot(columns - near[0], rows - near[1]) < 8
    weights = np.where(close, np.abs(image.astype(float) - np.median(image, (0, 1))).sum(-1), 0)
    weights[weights < 30] = 0  # what the codec does to the background
    return np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("grey", [5, 128, 250])
def test_marks_lie_on_their_points_after_decoding(
    grey: int, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    video, one = record(tmp_path / "day1.mp4", grey), walk()
    status, _, errors = call(video, write("day1.npz", one), "--no-limbs")
    assert (status, errors) == (0, "")
    images = frames_of(tmp_path / "day1_labeled.mp4")
    for number in range(0, FRAMES, 4):
        for point in one.keypoints[number]:
            found = centroid(images[number], point)
            assert np.hypot(*(found - point)) < 0.5


def test_marks_lie_on_their_points_in_enlarged_frames(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    one = walk()
    assert call(recorded, write("t.npz", one), "--no-limbs", "--scale", 2, "-o", tmp_path)[0] == 0
    images = frames_of(tmp_path / "day1_labeled.mp4")
    assert images.shape[1:3] == (240, 320)
    at = 2 * one.keypoints[9, 1] + 0.5
    assert np.hypot(*(centroid(images[9], at) - at)) < 0.5


def test_a_high_speed_recording_is_slowed_down_and_keeps_every_frame(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    _, said, _ = call(recorded, write("a.npz"), "-o", tmp_path / "out.mp4")
    info = pyav.probe(tmp_path / "out.mp4")
    assert (info.frames, info.fps) == (FRAMES, 30)
    assert "8.33 times slower than life" in said
    assert "next: " in said.splitlines()[-1]


def test_the_speed_of_life_leaves_frames_out(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    _, said, _ = call(recorded, write("a.npz"), "-o", tmp_path / "out.mp4", "--speed", 1)
    info = pyav.probe(tmp_path / "out.mp4")
    assert (info.frames, info.fps) == (4, 30)
    assert "as fast as life" in said


def test_a_part_is_cut_by_frames_and_seconds(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    given = recorded, write("a.npz"), "--start", 5, "--stop", "0.1s", "-o", tmp_path / "out.mp4"
    assert call(*given)[0] == 0
    assert pyav.probe(tmp_path / "out.mp4").frames == 20


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".webm"])
def test_other_kinds_of_file_can_be_written(
    suffix: str, recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    target = tmp_path / f"out{suffix}"
    assert call(recorded, write("a.npz"), "-o", target, "--stop", 5)[0] == 0
    assert pyav.probe(target).frames == 5


def test_models_stand_side_by_side_with_their_names(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    first, second = write("a/day1.npz", walk(0)), write("b/day1.npz", walk(2))
    given = recorded, first, second, "--side-by-side", "--no-limbs", "-o", tmp_path / "out.mp4"
    assert call(*given)[0] == 0
    image = frames_of(tmp_path / "out.mp4")[3]
    head = image.shape[0] - SIZE[0]
    assert head > 10
    assert image.shape[1] >= 2 * SIZE[1]
    for one, left in ((walk(0), 0), (walk(2), image.shape[1] - SIZE[1])):
        at = one.keypoints[3, 0] + [left, head]
        assert np.hypot(*(centroid(image, at) - at)) < 0.6


def test_more_models_than_marks_stand_side_by_side_unasked(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    tables = [write(f"{n}.npz", walk(n)) for n in range(5)]
    assert call(recorded, *tables, "-o", tmp_path / "out.mp4", "--stop", 2)[0] == 0
    height, width = pyav.probe(tmp_path / "out.mp4").size
    assert height * width > 5 * SIZE[0] * SIZE[1]


def test_a_folder_of_members_is_drawn(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("day1/one", "day1/two", "smoothed/day1", "day2/one"):
        write(f"tracks/{name}.npz")
    assert call(recorded, tmp_path / "tracks", "-o", tmp_path / "out.mp4")[0] == 0


def test_a_runs_folder_has_its_tables_and_its_limbs(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    write("run/predictions/day1.npz")
    write_json(tmp_path / "run" / "skeleton.json", SKELETON.to_dict())
    both = [tmp_path / "limbs.mp4", tmp_path / "none.mp4"]
    assert call(recorded, tmp_path / "run", "--limbs", "-o", both[0])[2] == ""
    assert call(recorded, tmp_path / "run", "--no-limbs", "-o", both[1])[2] == ""
    with_limbs, without = (frames_of(path)[0].astype(int) for path in both)
    x, y = np.rint(walk().keypoints[0, :2].mean(0)).astype(int)
    assert with_limbs[y, x].max() > 120
    assert without[y, x].max() < 60


def test_several_videos_find_their_tables_by_name(
    call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("day1", "day2", "day3"):
        record(tmp_path / "videos" / f"{name}.mp4", frames=3)
    write("tracks/day1.npz", walk(frames=3))
    write("tracks/day3DLC_resnet50.npz", walk(frames=3))
    status, _, errors = call(tmp_path / "videos", tmp_path / "tracks", "-o", tmp_path / "out")
    assert status == 1
    assert "day2.mp4: no table of 'day2'" in errors
    assert errors.endswith("1 of 3 videos failed")
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["day1_labeled.mp4", "day3_labeled.mp4"]


def test_a_table_that_cannot_be_used_is_left_out_and_said(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    longer = write("longer.npz", walk(frames=FRAMES + 1))
    status, _, errors = call(recorded, write("a.npz"), longer, "-o", tmp_path / "out.mp4")
    assert status == 0
    assert "longer.npz: has 31 rows" in errors
    assert "it is left out" in errors


def test_a_table_shorter_than_the_video_is_drawn_as_far_as_it_goes(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    short = write("short.npz", walk(frames=20))
    status, _, errors = call(recorded, short, "-o", tmp_path / "out.mp4")
    assert status == 0
    assert errors.count("\n") == 0
    assert "has 20 rows" in errors
    images = frames_of(tmp_path / "out.mp4").astype(int)
    assert np.ptp(images[19]) > 100
    assert np.ptp(images[25]) < 30


@pytest.mark.parametrize(
    ("points", "words"), [(np.nan, "has no points at all"), (1e7, ""), (-40.0, "")]
)
def test_points_that_are_nowhere_leave_the_frames_alone(
    points: float, words: str, recorded: Path, call: Call, write: Callable[..., Path],
    tmp_path: Path,
) -> None:  # fmt: skip
    one = replace(walk(), keypoints=np.full((FRAMES, 3, 2), points))
    given = recorded, write("a.npz", one), "--names", "--trail", 5, "-o", tmp_path / "out.mp4"
    status, _, errors = call(*given)
    assert status == 0
    assert words in errors
    assert np.ptp(frames_of(tmp_path / "out.mp4")[4].astype(int)) < 30


def test_a_table_of_another_video_of_the_same_length_is_said(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    other = record(tmp_path / "other.mp4", grey=90)
    digests = {video: digest(video, EDGE) for video in (recorded, other)}
    for video, said in ((recorded, ""), (other, f"was made from {other}, not from {recorded}")):
        table = write(f"{video.stem}.npz")
        write_json(record_of(table), asdict(Origin(str(video), "run", digests[video], "")))
        _, _, errors = call(recorded, table, "-o", tmp_path / f"{video.stem}-out.mp4")
        assert said in errors
        assert bool(said) == bool(errors)
    table = write("before.npz")
    write_json(record_of(table), asdict(Origin(str(recorded), "run", digests[other], "")))
    _, _, errors = call(recorded, table, "-o", tmp_path / "before.mp4")
    assert f"was made from {recorded} before that changed; look whether marks fit" in errors


def test_a_threshold_above_most_confidences_is_said(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    unsure = replace(walk(), confidence=np.full((FRAMES, 3), 0.1))
    _, _, errors = call(recorded, write("a.npz", unsure), "-o", tmp_path / "out.mp4")
    assert "a.npz: 100% of its points are below --confidence 0.6" in errors


def test_some_keypoints_can_be_chosen_by_patterns(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    given = recorded, write("a.npz"), "-o", tmp_path / "out.mp4"
    assert call(*given, "--keypoints", "no*, right", "--no-limbs")[0] == 0
    image = frames_of(tmp_path / "out.mp4")[3].astype(int)
    seen = [image[round(y), round(x)].max() > 120 for x, y in walk().keypoints[3]]
    assert seen == [True, False, True]


@pytest.mark.parametrize("colours", ["model", "confidence"])
def test_colours_can_mean_models_or_confidence(
    colours: str, recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    first = replace(walk(), confidence=np.full((FRAMES, 3), 1.0))
    tables = write("a.npz", first), write("b.npz", walk(2))
    given = recorded, *tables, "--colour-by", colours, "-o", tmp_path / "out.mp4", "--stop", 4
    assert call(*given)[0] == 0
    image = frames_of(tmp_path / "out.mp4")[3].astype(int)
    head = image.shape[0] - SIZE[0]
    points = np.rint(walk().keypoints[3]).astype(int)
    of_points = np.array([image[y + head, x] for x, y in points])
    assert np.ptp(of_points, axis=0).max() < 40


def test_what_is_there_already_is_replaced_only_when_asked(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"mine")
    table = write("a.npz")
    status, _, errors = call(recorded, table, "-o", target)
    assert status == 1
    assert "give --overwrite" in errors
    assert target.read_bytes() == b"mine"
    assert call(recorded, table, "-o", target, "--overwrite")[0] == 0
    assert pyav.probe(target).frames == FRAMES


def test_a_video_is_never_replaced_by_itself(
    call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    video = record(tmp_path / "day1.mp4", frames=3)
    before = video.read_bytes()
    given = video, write("a.npz", walk(frames=3)), "-o", video, "--overwrite"
    assert "is the video itself" in call(*given)[2]
    assert video.read_bytes() == before


def test_a_failure_leaves_no_file(call: Call, write: Callable[..., Path], tmp_path: Path) -> None:
    video = record(tmp_path / "day1.mp4")
    table = write("a.npz")
    video.write_bytes(video.read_bytes()[:40])
    status, _, errors = call(video, table, "-o", tmp_path / "out" / "a.mp4")
    assert status == 1
    assert errors.count("\n") == 0
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("gone.mp4", "a.npz"), "gone.mp4: no such file"),
        (("day1.mp4", "gone.npz"), "gone.npz: no such file"),
        (("day1.mp4",), "no predictions are named"),
        (("a.npz",), "a.npz: no video is named"),
        (("day1.mp4", "a.npz", "-o", "out.txt"), "cannot write '.txt'; known: .avi"),
        (("day1.mp4", "a.npz", "--confidence", "7"), "--confidence: 7 is not between 0 and 1"),
        (("day1.mp4", "a.npz", "--fps", "0"), "--fps: 0 is not above 0"),
        (("day1.mp4", "a.npz", "--start", "2.5"), "--start: '2.5' is no moment"),
        (("day1.mp4", "a.npz", "--start", "9s"), "the video has 30"),
        (("day1.mp4", "a.npz", "--keypoints", "noze"), "did you mean 'nose'"),
        (("day1.mp4", "a.npz", "--skeleton", "tiny"), "no such file or folder"),
        (("day1.mp4", "a.npz", "--reader", "no"), "no"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    given: tuple[str, ...], words: str, call: Call, write: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "day1.mp4")
    write("a.npz")
    status, _, errors = call(*given)
    assert status == 1
    assert words in errors
    assert errors.count("\n") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "day1.mp4"]


def test_names_and_numbers_do_not_move_the_marks(
    recorded: Path, call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    one = walk()
    given = recorded, write("a.npz", one), "--names", "--numbers", "-o", tmp_path / "out.mp4"
    assert call(*given)[0] == 0
    image = frames_of(tmp_path / "out.mp4")[7].astype(int)
    for x, y in np.rint(one.keypoints[7]).astype(int):
        assert np.ptp(image[y, x]) > 60  # still its colour


@pytest.mark.parametrize("size", [(97, 61), (31, 200)])
def test_odd_sizes_lose_no_pixel(
    size: tuple[int, int], call: Call, write: Callable[..., Path], tmp_path: Path
) -> None:
    video = tmp_path / "odd.mkv"
    write_lossless(video, size)
    assert pyav.probe(video).size == size
    assert call(video, write("a.npz", walk(frames=3)), "-o", tmp_path / "out.mp4")[0] == 0
    height, width = pyav.probe(tmp_path / "out.mp4").size
    assert (height - size[0], width - size[1]) == (size[0] % 2, size[1] % 2)


def write_lossless(path: Path, size: tuple[int, int], frames: int = 3) -> None:
    """Write a grey video of any size, without chroma."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *size, "gray"
        for number in range(frames):
            image = np.asarray(Image.new("L", size[::-1], 60 + number))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray")))
        container.mux(stream.encode(None))
