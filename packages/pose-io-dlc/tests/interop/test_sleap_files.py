"""Files of ours that sleap-io reads, and of sleap-io that we read."""

import numpy as np
import pytest

sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed")

from pose_io_dlc import LabelTable, PredictionTable, read_labels, write_labels  # noqa: E402
from pose_io_dlc.bridges.sleap import write_slp  # noqa: E402
from pose_io_dlc.bridges.sleap_analysis import read_analysis, write_analysis  # noqa: E402
from pose_io_dlc.bridges.sleap_reading import read_slp  # noqa: E402

NAMES = ("tail", "nose", "ear")
IMAGES = tuple(f"labeled-data/mouse/img{number:03d}.png" for number in range(4))
POINTS = np.random.default_rng(6).integers(1, 99, (4, 3, 2)) / 4.0  # exact in float32
POINTS[1, 2] = np.nan
SEEN = np.where(np.isfinite(POINTS).all(-1), 2, 0).astype(np.uint8)
CONFIDENCE = np.where(SEEN > 0, 0.75, np.nan)
LABELS = LabelTable(IMAGES, NAMES, POINTS, SEEN, "ann")
ANIMALS = PredictionTable(NAMES, POINTS, CONFIDENCE, individuals=("mia", "mia", "bo"))


@pytest.fixture
def images(tmp_path):
    """Empty images; sleap-io leaves out labels of images that are not there."""
    for name in IMAGES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("width", [1, 3])
def test_labels_as_csv(images, width):
    path = images / "labeled-data" / "mouse" / "CollectedData_ann.csv"
    write_labels(path, LABELS, width)
    labels = sio.load_file(str(path), format="dlc")
    assert labels.skeleton.node_names == sorted(NAMES)
    found = {frame.frame_idx: frame.instances[0] for frame in labels}
    order = [NAMES.index(name) for name in sorted(NAMES)]
    for number in range(4):
        np.testing.assert_allclose(found[number].numpy(), POINTS[number][order])


def test_labels_as_slp_keep_their_order(tmp_path):
    hidden = SEEN.copy()
    hidden[0, 1] = 1
    write_slp(
        tmp_path / "a.slp", LabelTable(IMAGES, NAMES, POINTS, hidden), edges=[("nose", "tail")]
    )
    labels = sio.load_slp(str(tmp_path / "a.slp"), open_videos=False)
    assert labels.skeleton.node_names == list(NAMES)
    assert labels.skeleton.edge_names == [("nose", "tail")]
    assert labels.videos[0].filename == list(IMAGES)
    points = np.stack([frame.instances[0].points for frame in labels])
    np.testing.assert_array_equal(points["xy"], POINTS)
    np.testing.assert_array_equal(points["visible"], hidden == 2)


@pytest.mark.parametrize(
    ("write", "load"),
    [(write_slp, sio.load_slp), (write_analysis, sio.load_analysis_h5)],
    ids=["slp", "analysis"],
)
def test_tracks(tmp_path, write, load):
    write(tmp_path / "a.h5", ANIMALS, "mouse.mp4")
    labels = load(str(tmp_path / "a.h5"))
    assert [track.name for track in labels.tracks] == ["mia", "bo"]
    assert labels.video.filename == "mouse.mp4"
    rows = np.concatenate([POINTS, CONFIDENCE[..., None]], -1)
    expected = np.full((4, 2, 3, 3), np.nan)
    expected[:, 0, :2], expected[:, 1, 2] = rows[:, :2], rows[:, 2]
    found = labels.numpy(return_confidence=True)
    np.testing.assert_array_equal(found[..., :2], expected[..., :2])
    seen = np.isfinite(expected[..., 2])
    np.testing.assert_array_equal(found[seen], expected[seen])


def made_by_sleap_io():
    skeleton = sio.Skeleton(list(NAMES), edges=[("tail", "nose")])
    video = sio.Video("mouse.mp4", open_backend=False)
    tracks = [sio.Track("mia"), sio.Track("bo")]
    rows = np.concatenate([POINTS, np.full((4, 3, 1), 0.5)], -1)
    frames = [
        sio.LabeledFrame(
            video=video,
            frame_idx=number,
            instances=[
                sio.PredictedInstance.from_numpy(rows[number] + one, skeleton=skeleton, track=track)
                for one, track in enumerate(tracks)
            ],
        )
        for number in range(4)
    ]
    return sio.Labels(frames)


@pytest.mark.parametrize("name", ["a.slp", "a.analysis.h5"])
@pytest.mark.parametrize("preset", ["matlab", "standard"])
def test_predictions_of_sleap_io(tmp_path, name, preset):
    path = tmp_path / name
    if path.suffix == ".slp":
        sio.save_slp(made_by_sleap_io(), str(path), embed=False)
        table = read_slp(path)
    else:
        sio.save_analysis_h5(made_by_sleap_io(), str(path), preset=preset)
        table = read_analysis(path)
    assert table.names == NAMES * 2
    assert table.individuals == ("mia",) * 3 + ("bo",) * 3
    np.testing.assert_array_equal(table.keypoints, np.concatenate([POINTS, POINTS + 1], 1))
    assert np.nanmin(table.confidence) == 0.5


def test_the_csv_of_sleap_io(images):
    """Its likelihood column is empty; its rows are named as DeepLabCut's."""
    write_slp(images / "a.slp", LABELS)
    labels = sio.load_slp(str(images / "a.slp"), open_videos=False)
    sio.save_csv(labels, str(images / "a.csv"), format="dlc")
    table = read_labels(images / "a.csv")
    assert set(table.names) == set(NAMES)
    order = [table.names.index(name) for name in NAMES]
    np.testing.assert_array_equal(table.keypoints[:, order], POINTS)
