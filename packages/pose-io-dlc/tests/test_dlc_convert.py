import numpy as np
import pytest
import yaml

from pose_io_dlc import open_project, read_labels, read_predictions, read_sheet
from pose_io_dlc.__main__ import main

PREDICTIONS = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.25,2,0.5\n2,,,\n"
HEAD = "scorer,,,ann,ann,ann,ann\nbodyparts,,,tail,tail,nose,nose\ncoords,,,x,y,x,y\n"


def convert(*arguments):
    return main(["convert", *map(str, arguments)])


@pytest.fixture
def lab(save, png):
    """A DeepLabCut project of two folders, one named by a number, with a frame without labels."""
    save(
        "lab/config.yaml",
        "Task: reach\nscorer: ann\nbodyparts: [tail, nose]\nskeleton: [[nose, tail]]\n",
    )
    save(
        "lab/labeled-data/v/CollectedData_ann.csv",
        HEAD + "labeled-data,v,i0.png,,,,\nlabeled-data,v,i1.png,0.1,2,3,4\n",
    )
    save(
        "lab/labeled-data/0012/CollectedData_ann.csv", HEAD + "labeled-data,0012,i0.png,1e-3,2,,\n"
    )
    save("lab/videos/v.avi", "film")
    for name in ("v/i0", "v/i1", "0012/i0"):
        png(f"lab/labeled-data/{name}.png")
    return save("lab/videos/v.avi", "film").parents[1]


@pytest.mark.parametrize(("suffix", "module"), [(".h5", "tables"), (".parquet", "pyarrow")])
@pytest.mark.parametrize("text", ["PREDICTIONS", "HEAD"])
def test_convert_keeps_every_number(save, tmp_path, suffix, module, text):
    pytest.importorskip(module, reason=f"{module} is not installed")
    rows = "labeled-data,0012,i0.png,,,,\nlabeled-data,0012,i1.png,0.1,2,3,4\n"
    source = save("a.csv", PREDICTIONS if text == "PREDICTIONS" else HEAD + rows)
    assert convert(source, tmp_path / f"b{suffix}") == 0
    assert convert(tmp_path / f"b{suffix}", tmp_path / "c.csv") == 0
    assert read_sheet(source).index_width == read_sheet(tmp_path / "c.csv").index_width
    first, last = read_sheet(source), read_sheet(tmp_path / "c.csv")
    assert first.columns == last.columns
    np.testing.assert_array_equal(first.index, last.index)
    np.testing.assert_array_equal(first.values, last.values)


@pytest.mark.parametrize("options", [[], ["--exact"]])
def test_numbers_are_exact_unless_decimals_are_asked_for(save, tmp_path, options):
    source = save("a.csv", PREDICTIONS.replace("1.25", "0.1234567890123"))
    assert convert(source, tmp_path / "b.csv", *options) == 0
    assert "0.1234567890123" in (tmp_path / "b.csv").read_text()
    assert convert(source, tmp_path / "c.csv", "--decimals", 3) == 0
    assert read_predictions(tmp_path / "c.csv").keypoints[0, 0, 0] == 0.123


def test_a_file_that_is_there_is_replaced_only_by_force(save, capsys):
    source, target = save("a.csv", PREDICTIONS), save("b.csv", "mine")
    assert convert(source, target) == 1
    assert "b.csv: is there already; give --overwrite to replace it" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert convert(source, target, "--overwrite") == 0
    assert read_predictions(target).numbers.tolist() == [0, 2]


def test_the_file_itself_is_never_written_over(save, capsys):
    source = save("a.csv", PREDICTIONS)
    assert convert(source, source, "--overwrite") == 1
    assert "is the file to be read itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("b.h5", ["--decimals", "3"], "--decimals is for CSV; b.h5 is always exact"),
        ("b.csv", ["--decimals", "9"], "--decimals is 9; give 1 to 8"),
        ("b.csv", ["--decimals", "0"], "--decimals is 0; give 1 to 8"),
        ("b.csv", ["--decimals", "3", "--exact"], "not allowed with argument"),
        ("b.csv", ["--to", "deeplabcut"], "--to is for a project written to a folder"),
        ("b.csv", ["--no-images"], "--no-images is for a project written to a folder"),
        ("b", ["--to", "sleap"], "--to: 'sleap' is none of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(save, capsys, target, options, said):
    source = save("a.csv", PREDICTIONS)
    with pytest.raises(SystemExit, match="2"):
        convert(source, source.parent / target, *options)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("b.xyz", "unknown suffix '.xyz'"),
        ("none/b.csv", "there is no folder"),
        ("", "is a folder; give the name of a file"),
    ],
)
def test_targets_that_cannot_be_are_refused(save, tmp_path, capsys, target, said):
    assert convert(save("a.csv", PREDICTIONS), tmp_path / target) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("decimals", [[], ["--decimals", "8"], ["--decimals", "2"]])
def test_columns_of_words_go_along(save, tmp_path, suffix, decimals):
    pytest.importorskip({".parquet": "pyarrow"}.get(suffix, "pandas"))
    head = "scorer,a,a,a,my%2F set/s,set\nbodyparts,nose,nose,nose,,\ncoords,x,y,likelihood,,\n"
    source = save("a.csv", head + '0,1,2,,"a, ""b""",train\n1,3,4,0.5,,\n2,,,,ü,test\n')
    between, back = tmp_path / f"b{suffix}", tmp_path / "c.csv"
    assert convert(source, between) == 0
    assert main(["convert", str(between), str(back), *decimals]) == 0
    first, second = read_sheet(source), read_sheet(back)
    assert (
        second.text
        == first.text
        == {"my%2F set/s": ('a, "b"', "", "ü"), "set": ("train", "", "test")}
    )
    np.testing.assert_array_equal(second.values, first.values)


@pytest.mark.parametrize(("suffix", "library"), [(".h5", "tables"), (".analysis.h5", "h5py")])
def test_columns_of_words_that_are_left_out_are_named(save, tmp_path, capsys, suffix, library):
    pytest.importorskip(library)
    head = "scorer,a,a,a,set\nbodyparts,nose,nose,nose,\ncoords,x,y,likelihood,\n"
    assert convert(save("a.csv", head + "0,1,2,0.5,train\n"), tmp_path / f"b{suffix}") == 0
    assert "columns of words are left out: 'set'" in capsys.readouterr().out


def test_a_column_of_words_may_not_pass_for_the_names_of_rows(save, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    head = "scorer,a,a,a,image\nbodyparts,nose,nose,nose,\ncoords,x,y,likelihood,\n"
    assert convert(save("a.csv", head + "0,1,2,0.5,train\n"), tmp_path / "b.parquet") == 1
    assert "a column of words cannot be named 'image'" in capsys.readouterr().err
    assert not list(tmp_path.glob("*b.parquet*"))


def test_all_labels_of_a_project_go_into_one_file(lab, tmp_path):
    assert convert(lab, tmp_path / "all.csv") == 0
    labels = read_labels(tmp_path / "all.csv")
    assert labels.names == ("tail", "nose")
    assert set(labels.frames) == {
        "labeled-data/0012/i0.png",
        "labeled-data/v/i0.png",
        "labeled-data/v/i1.png",
    }


def test_a_project_goes_to_lightning_pose_and_back_without_loss(lab, tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    assert convert(lab, tmp_path / "lp", "--to", "lightning-pose", "--videos") == 0
    assert convert(tmp_path / "lp", tmp_path / "dlc") == 0
    first, between, last = (open_project(tmp_path / name) for name in ("lab", "lp", "dlc"))
    assert (between.kind, last.kind) == ("lightning_pose", "deeplabcut")
    assert (tmp_path / "lp/videos/v.avi").read_text() == "film"
    for project in (between, last):
        assert project.labels.frames == first.labels.frames
        assert project.labels.names == first.labels.names
        np.testing.assert_array_equal(project.labels.keypoints, first.labels.keypoints)
        assert project.missing_images() == []
    config = yaml.safe_load((tmp_path / "dlc/config.yaml").read_text())
    assert config["bodyparts"] == ["tail", "nose"]
    assert [key.rpartition("/")[2] for key in config["video_sets"]] == ["0012.mp4", "v.avi"]
    folder = tmp_path / "dlc/labeled-data/0012"
    assert {file.name for file in folder.iterdir()} == {
        "CollectedData_ann.csv",
        "CollectedData_ann.h5",
        "i0.png",
    }


def test_a_converted_project_passes_its_check(lab, tmp_path, capsys):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    assert convert(lab, tmp_path / "dlc", "--to", "deeplabcut", "--videos") == 0
    assert main(["check", str(tmp_path / "dlc")]) == 0


def test_images_can_stay_where_they_are(lab, tmp_path):
    assert convert(lab, tmp_path / "lp", "--no-images") == 0
    assert not (tmp_path / "lp/labeled-data").exists()
    assert len(read_labels(tmp_path / "lp/CollectedData.csv")) == 3


def test_a_folder_that_is_there_is_never_written_into(lab, tmp_path, capsys):
    (tmp_path / "lp").mkdir()
    assert convert(lab, tmp_path / "lp", "--overwrite") == 1
    assert "is there already; choose another name" in capsys.readouterr().err


def test_images_side_by_side_get_a_folder_for_deeplabcut(save, png, tmp_path):
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    save(
        "lp/CollectedData.csv",
        "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/i.png,1,2\n",
    )
    png("lp/labeled-data/i.png")
    assert convert(tmp_path / "lp", tmp_path / "dlc") == 0
    project = open_project(tmp_path / "dlc")
    assert project.labels.frames == ("labeled-data/lp/i.png",)
    assert project.missing_images() == []


def test_several_animals_do_not_go_to_lightning_pose(save, tmp_path, capsys):
    save(
        "lab/config.yaml",
        "Task: t\nscorer: a\nmultianimalproject: true\nbodyparts: MULTI!\n"
        "individuals: [m1, m2]\nmultianimalbodyparts: [n]\nuniquebodyparts: []\n",
    )
    head = "scorer,,,a,a,a,a\nindividuals,,,m1,m1,m2,m2\nbodyparts,,,n,n,n,n\ncoords,,,x,y,x,y\n"
    save("lab/labeled-data/v/CollectedData_a.csv", head + "labeled-data,v,i.png,1,1,2,2\n")
    assert convert(tmp_path / "lab", tmp_path / "lp") == 1
    assert "has individuals m1, m2, and Lightning Pose knows one" in capsys.readouterr().err
    pytest.importorskip("tables", reason="the extra [h5] is not installed")
    assert convert(tmp_path / "lab", tmp_path / "dlc", "--to", "deeplabcut") == 0
    assert open_project(tmp_path / "dlc").labels.animals == ("m1", "m2")


@pytest.mark.parametrize(
    ("suffix", "module"), [(".slp", "sleap_io"), (".analysis.h5", "h5py"), (".nc", "h5netcdf")]
)
def test_predictions_go_to_other_tools_and_back(save, tmp_path, suffix, module, capsys):
    pytest.importorskip(module, reason="the extra [convert] is not installed")
    source = save("a.csv", PREDICTIONS)
    there, back = tmp_path / f"b{suffix}", tmp_path / "c.csv"
    assert convert(source, there) == 0
    assert main(["info", str(there)]) == 0
    assert convert(there, back) == 0
    first, last = read_predictions(source), read_predictions(back).without_gaps()
    assert last.names == first.names
    np.testing.assert_allclose(last.keypoints, first.without_gaps().keypoints)


@pytest.mark.parametrize(("name", "library"), [("a.slp", "sleap_io"), ("a.analysis.h5", "h5py")])
def test_a_project_keeps_its_limbs_for_sleap(lab, tmp_path, name, library):
    pytest.importorskip(library)
    import h5py

    assert convert(lab, tmp_path / name) == 0
    with h5py.File(tmp_path / name) as file:
        if name == "a.slp":
            kept = yaml.safe_load(file["metadata"].attrs["json"])
            names = [node["name"] for node in kept["nodes"]]
            ends = [(one["source"], one["target"]) for one in kept["skeletons"][0]["links"][:1]]
            assert [tuple(names[at] for at in edge) for edge in ends] == [("nose", "tail")]
        else:
            assert file["edge_names"][:].tolist() == [[b"nose", b"tail"]]
            assert file["edge_inds"][:].tolist() == [[1, 0]]
