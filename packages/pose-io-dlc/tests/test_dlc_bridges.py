import dataclasses
import importlib.util
import json
import sys

import numpy as np
import pytest

from pose_io_dlc import FormatError, LabelTable, PredictionTable
from pose_io_dlc.bridges.formats import BRIDGES, bridge_of
from pose_io_dlc.bridges.movement import read_movement, write_movement
from pose_io_dlc.bridges.sleap import write_slp
from pose_io_dlc.bridges.sleap_analysis import read_analysis, write_analysis
from pose_io_dlc.bridges.sleap_reading import read_skeleton_slp, read_slp

RANDOM = np.random.default_rng(4)
POINTS = RANDOM.normal(size=(4, 5, 2)) * 100
POINTS[1] = np.nan  # a frame without anything
POINTS[2, 3] = np.nan
KNOWN = np.isfinite(POINTS).all(-1)
CONFIDENCE = np.where(KNOWN, RANDOM.uniform(size=(4, 5)), np.nan)
NAMES = ("tail", "nose", "ear_left", "ear_right", "back")  # not sorted
RAGGED = ("tail", "nose", "tail", "nose", "food")
WHOSE = ("mia", "mia", "bo", "bo", "single")
IMAGES = tuple(f"labeled-data/{where}.png" for where in ("b/img1", "a/img0", "b/img0", "a/img9"))
SEEN = np.where(KNOWN, 2, 0).astype(np.uint8)
HIDDEN = SEEN.copy()
HIDDEN[0, 1] = 1

PREDICTIONS = {
    "video": PredictionTable(NAMES, POINTS, CONFIDENCE, scorer="DLC net"),
    "animals": PredictionTable(RAGGED, POINTS, CONFIDENCE, individuals=WHOSE),
    "nothing": PredictionTable(NAMES, POINTS[:0], CONFIDENCE[:0]),
}
TABLES = {
    **PREDICTIONS,
    "gaps": PredictionTable(NAMES, POINTS, CONFIDENCE, numbers=np.array([3, 5, 6, 9])),
    "images": PredictionTable(NAMES, POINTS, CONFIDENCE, frames=IMAGES),
    "labels": LabelTable(IMAGES, NAMES, POINTS, SEEN, "ann"),
    "hidden": LabelTable(IMAGES, NAMES, POINTS, HIDDEN, "ann"),
    "labeled animals": LabelTable(IMAGES, RAGGED, POINTS, SEEN, "ann", WHOSE),
}
NEEDS = {".slp": ["sleap_io"], ".analysis.h5": ["h5py"], ".nc": ["xarray", "h5netcdf"]}


def assert_same(found, expected, *but):
    assert type(found) is type(expected)
    for field in dataclasses.fields(expected):
        if field.name not in ("warnings", *but):
            np.testing.assert_equal(getattr(found, field.name), getattr(expected, field.name))


def needs(*names):
    for name in names:
        pytest.importorskip(name, reason=f"{name} of the extra [convert] is not installed")


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("suffix", [".slp", ".nc"])
def test_a_table_comes_back_from_another_tools_file(tmp_path, name, suffix):
    needs(*NEEDS[suffix])
    path = tmp_path / f"a{suffix}"
    bridge_of(path).write(path, TABLES[name])
    assert_same(bridge_of(path).read(path), TABLES[name])


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_come_back_from_an_analysis_file(tmp_path, name):
    needs("h5py")
    assert write_analysis(tmp_path / "a.h5", TABLES[name]) == []
    assert_same(read_analysis(tmp_path / "a.h5"), TABLES[name])


def test_gaps_become_missing_frames_in_an_analysis_file(tmp_path):
    needs("h5py")
    write_analysis(tmp_path / "a.h5", TABLES["gaps"])
    assert_same(read_analysis(tmp_path / "a.h5"), TABLES["gaps"].without_gaps())


def test_an_analysis_file_says_what_it_loses(tmp_path):
    needs("h5py")
    assert write_analysis(tmp_path / "a.h5", TABLES["hidden"]) == [
        "SLEAP's analysis file cannot say that a point is hidden; 1 are written as seen",
        "names of images are not written; the rows are frames 0, 1, 2, ...",
    ]
    np.testing.assert_equal(read_analysis(tmp_path / "a.h5").keypoints, POINTS)


def test_axes_in_another_order_are_known_by_their_names(tmp_path):
    needs("h5py")
    import h5py

    write_analysis(tmp_path / "a.h5", TABLES["animals"])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        tracks = file["tracks"][:].transpose(3, 0, 2, 1)
        del file["tracks"]
        file["tracks"] = tracks
        file["tracks"].attrs["dims"] = json.dumps(["frame", "track", "node", "xy"])
    assert_same(read_analysis(tmp_path / "a.h5"), TABLES["animals"])


def test_unique_parts_are_found_without_our_note(tmp_path):
    needs("h5py")
    import h5py

    write_analysis(tmp_path / "a.h5", TABLES["animals"])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["provenance"]
    assert_same(read_analysis(tmp_path / "a.h5"), TABLES["animals"], "scorer")


def test_further_columns_are_kept_for_movement_and_lost_for_sleap(tmp_path):
    needs("sleap_io", "xarray", "h5netcdf")
    spread = {"x_ens_median": CONFIDENCE * 2}
    table = dataclasses.replace(TABLES["video"], extra=spread)
    assert "x_ens_median" in write_movement(tmp_path / "a.nc", table)[0]
    assert_same(read_movement(tmp_path / "a.nc"), table)
    assert write_slp(tmp_path / "a.slp", table) == [
        "SLEAP has no room for x_ens_median; not written"
    ]
    assert_same(read_slp(tmp_path / "a.slp"), table, "extra")


def test_hidden_points_are_counted_in_warnings(tmp_path):
    needs("sleap_io", "xarray", "h5netcdf")
    assert "1 hidden points for seen" in write_movement(tmp_path / "a.nc", TABLES["hidden"])[0]
    unplaced = HIDDEN.copy()
    unplaced[2, 3] = 1
    table = dataclasses.replace(TABLES["hidden"], visibility=unplaced)
    lines = ["1 hidden points without a position are written as missing"]
    assert write_slp(tmp_path / "a.slp", table) == lines
    assert "1 points are marked as not visible" in read_slp(tmp_path / "a.slp").warnings[0]


def test_seconds_are_frames_again(tmp_path):
    needs("xarray", "h5netcdf")
    import xarray

    write_movement(tmp_path / "a.nc", TABLES["gaps"], fps=29.97)
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as data:
        np.testing.assert_allclose(data.time, np.array([3, 5, 6, 9]) / 29.97)
    assert_same(read_movement(tmp_path / "a.nc"), TABLES["gaps"])


def test_limbs_and_sides_are_in_the_skeleton(tmp_path):
    needs("sleap_io")
    write_slp(tmp_path / "a.slp", TABLES["video"], edges=[("nose", "tail")])
    assert read_skeleton_slp(tmp_path / "a.slp") == (
        NAMES,
        (("nose", "tail"),),
        (("ear_left", "ear_right"),),
    )


def saved(tmp_path, *frames):
    """Save (video, frame number, instances) as SLEAP would; an instance is (kind, track, x)."""
    import sleap_io as sio

    skeleton = sio.Skeleton(["b", "a"])
    tracks = {name: sio.Track(name) for _, _, ones in frames for _, name, _ in ones if name}
    kinds = {"user": sio.Instance, "predicted": sio.PredictedInstance}
    videos = {
        name: sio.Video(
            name if isinstance(name, str) else list(name),
            open_backend=False,
            backend_metadata={}
            if isinstance(name, str)
            else {"filename": name[0], "filenames": list(name)},
        )
        for name, _, _ in frames
    }
    rows = [
        sio.LabeledFrame(
            video=videos[name],
            frame_idx=number,
            instances=[
                kinds[kind].from_numpy(
                    np.array([[x, 1.0], [x, 2.0]]), skeleton=skeleton, track=tracks.get(track)
                )
                for kind, track, x in ones
            ],
        )
        for name, number, ones in frames
    ]
    sio.save_slp(sio.Labels(rows), str(tmp_path / "a.slp"), embed=False)
    return tmp_path / "a.slp"


def test_labels_of_a_video_name_the_images_that_extraction_would_make(tmp_path):
    needs("sleap_io")
    table = read_slp(saved(tmp_path, ("C:\\lab\\mouse.mp4", 7, [("user", None, 3)])))
    assert table.frames == ("labeled-data/mouse/img00000007.png",)
    assert table.names == ("b", "a")
    assert table.keypoints.tolist() == [[[3, 1], [3, 2]]]
    assert "extract the frames" in table.warnings[0]


def test_predictions_beside_labels_are_left_out_and_counted(tmp_path):
    needs("sleap_io")
    path = saved(
        tmp_path,
        ("v.mp4", 0, [("user", None, 1), ("predicted", None, 2)]),
        ("v.mp4", 1, [("predicted", None, 3)]),
    )
    table = read_slp(path)
    assert table.keypoints[:, 0, 0].tolist() == [1]
    assert "2 predicted instances beside labels are not read" in table.warnings[0]


def test_instances_without_tracks_are_numbered(tmp_path):
    needs("sleap_io")
    frames = [("v.mp4", n, [("predicted", None, n), ("predicted", None, n + 5)]) for n in range(2)]
    table = read_slp(saved(tmp_path, *frames))
    assert table.animals == ("individual1", "individual2")
    assert table.keypoints[..., 0].tolist() == [[0, 0, 5, 5], [1, 1, 6, 6]]
    assert "4 instances without a track" in table.warnings[0]


def test_one_of_several_videos_is_read_by_name(tmp_path):
    needs("sleap_io")
    path = saved(
        tmp_path,
        ("w.mp4", 8, [("predicted", None, 2)]),
        ("w.mp4", 4, [("predicted", None, 1)]),
        ("v.mp4", 0, [("predicted", None, 3)]),
    )
    with pytest.raises(FormatError, match=r"has predictions of 'v', 'w'; name one video"):
        read_slp(path)
    with pytest.raises(FormatError, match=r"has no predictions of 'u', but of 'v', 'w'"):
        read_slp(path, video="u")
    table = read_slp(path, video="w")
    assert table.numbers.tolist() == [4, 8]
    assert table.keypoints[:, 0, 0].tolist() == [1, 2]


def test_a_track_that_is_twice_in_a_frame_is_refused(tmp_path):
    needs("sleap_io")
    path = saved(tmp_path, ("v.mp4", 0, [("user", "mia", 1), ("user", "mia", 2)]))
    with pytest.raises(FormatError, match="track 'mia' is twice in a frame; mend it in SLEAP"):
        read_slp(path)


def test_an_image_that_is_labeled_twice_is_refused(tmp_path):
    needs("sleap_io")
    images = ("/home/ann/labeled-data/v/img1.png",)
    path = saved(tmp_path, (images, 0, [("user", None, 1)]), (images, 0, [("user", None, 2)]))
    with pytest.raises(FormatError, match="frame 'labeled-data/v/img1.png' is given twice"):
        read_slp(path)


@pytest.mark.parametrize("bridge", BRIDGES, ids=lambda bridge: bridge.suffix)
@pytest.mark.parametrize("content", [b"", b"scorer,\n", b"\x89HDF\r\n\x1a\n" + bytes(2000)])
def test_damage_is_one_line(tmp_path, bridge, content):
    needs(*NEEDS[bridge.suffix])
    path = tmp_path / f"a{bridge.suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match="is damaged or no") as caught:
        bridge.read(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FormatError, match="no such file"):
        bridge.read(tmp_path / f"b{bridge.suffix}")


@pytest.mark.parametrize("bridge", BRIDGES, ids=lambda bridge: bridge.suffix)
def test_a_missing_extra_is_named(tmp_path, monkeypatch, bridge):
    path = tmp_path / f"a{bridge.suffix}"
    path.touch()
    for name in NEEDS[bridge.suffix]:
        monkeypatch.setitem(sys.modules, name, None)
    for use in (bridge.read, lambda path: bridge.write(path, TABLES["video"])):
        with pytest.raises(FormatError, match=r'pip install "pose-io-dlc\[(convert|h5)\]"'):
            use(path)


@pytest.mark.parametrize("bridge", BRIDGES, ids=lambda bridge: bridge.suffix)
def test_a_failed_write_leaves_the_former_file(tmp_path, monkeypatch, bridge):
    needs(*NEEDS[bridge.suffix])
    path = tmp_path / f"a{bridge.suffix}"
    bridge.write(path, TABLES["video"])
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(FormatError, match="the disk is full"):
        bridge.write(path, TABLES["animals"])
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_links_out_of_an_analysis_file_are_not_followed(tmp_path):
    needs("h5py")
    import h5py

    write_analysis(tmp_path / "secret.h5", TABLES["video"])
    write_analysis(tmp_path / "a.h5", TABLES["video"])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["tracks"]
        file["tracks"] = h5py.ExternalLink("secret.h5", "tracks")
    with pytest.raises(FormatError, match="has no `tracks`; is it an analysis file of SLEAP"):
        read_analysis(tmp_path / "a.h5")


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    needs("h5py")
    import h5py

    write_analysis(tmp_path / "a.h5", TABLES["video"])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["node_names"]
        file["node_names"] = np.array([b"nose", b"tail"])
    with pytest.raises(FormatError, match="1 tracks and 2 nodes are named, but `tracks` has 1 and"):
        read_analysis(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.drop_vars("confidence"), "has no `confidence`; is it a dataset of"),
        (lambda data: data.assign_attrs(ds_type="bboxes"), "is a dataset of bboxes, not of poses"),
        (lambda data: data.assign_coords(space=["y", "z"]), "its space is y, z; only x and y are"),
        (lambda data: data.assign_coords(time=[0, 0.5, 1, 2]), "times are not at whole frames"),
        (lambda data: data.assign_coords(time=[3, 2, 1, 0]), "times do not increase from 0 on"),
        (lambda data: data.assign_coords(keypoints=["a"] * 5), "keypoint 'a' comes twice"),
    ],
)
def test_what_is_no_dataset_of_poses_is_refused(tmp_path, change, message):
    needs("xarray", "h5netcdf")
    import xarray

    write_movement(tmp_path / "a.nc", TABLES["video"])
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as data:
        change(data.load()).to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    with pytest.raises(FormatError, match=message):
        read_movement(tmp_path / "b.nc")


def test_an_impossible_rate_is_refused(tmp_path):
    needs("xarray", "h5netcdf")
    with pytest.raises(FormatError, match="fps is 0; it must be more than 0"):
        write_movement(tmp_path / "a.nc", TABLES["video"], fps=0)


def test_a_limb_of_no_keypoint_is_refused(tmp_path):
    needs("sleap_io")
    with pytest.raises(FormatError, match="skeleton: Node 'knee'"):
        write_slp(tmp_path / "a.slp", TABLES["video"], edges=[("nose", "knee")])


def test_a_file_is_known_by_its_suffix_or_by_what_is_in_it(tmp_path):
    assert bridge_of("a.SLP").name == "SLEAP"
    assert bridge_of("a.nc").name == "movement netCDF"
    assert bridge_of("a.analysis.h5").name == "SLEAP analysis"
    assert bridge_of("a.csv") is None
    assert bridge_of("a.h5") is None
    if importlib.util.find_spec("h5py"):
        write_analysis(tmp_path / "a.h5", TABLES["video"])
        assert bridge_of(tmp_path / "a.h5").name == "SLEAP analysis"
