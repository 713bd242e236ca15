import csv
import os
import subprocess
import sys

import pytest

from pose_io_dlc import read_labels, read_sheet
from pose_io_dlc.__main__ import main

LABELS = """\
scorer,,,ann,ann,ann,ann
bodyparts,,,tail,tail,nose,nose
coords,,,x,y,x,y
labeled-data,0012,img1.png,1.5,2,,
labeled-data,0012,img2.png,,,,
labeled-data,0012,img9.png,0.1,0.2,30,40
"""
HIDDEN = """\
scorer,ann,ann,ann
bodyparts,nose,nose,nose
coords,x,y,visible
labeled-data/v/img1.png,1,2,1
labeled-data/v/img2.png,3,4,2
"""
ANIMALS = """\
scorer,net,net,net,net,net,net,net,net,net
individuals,mia,mia,mia,bo,bo,bo,single,single,single
bodyparts,tail,tail,tail,tail,tail,tail,food,food,food
coords,x,y,likelihood,x,y,likelihood,x,y,likelihood
0,1.25,2.5,0.75,,,,7,8,0.5
1,,,,,,,,,
2,3.1,4.2,0.9,5,6,0.25,,,
"""
BRIDGES = pytest.mark.parametrize("suffix", [".slp", ".nc", ".analysis.h5"])


def needs_extra(suffix):
    for name in {".slp": ["sleap_io"], ".nc": ["xarray", "h5netcdf"]}.get(suffix, ["h5py"]):
        pytest.importorskip(name, reason=f"{name} of the extra [convert] is not installed")


def there_and_back(save, suffix, text):
    source = save("a.csv", text)
    between, back = source.with_name(f"b{suffix}"), source.with_name("c.csv")
    assert main(["convert", str(source), str(between)]) == 0
    assert main(["convert", str(between), str(back)]) == 0
    return source, back


@BRIDGES
def test_predictions_of_animals_come_back_as_they_were(save, suffix):
    needs_extra(suffix)
    source, back = there_and_back(save, suffix, ANIMALS)
    with source.open() as one, back.open() as two:
        for before, after in zip(csv.reader(one), csv.reader(two), strict=True):
            assert [as_number(cell) for cell in before] == [as_number(cell) for cell in after]


def as_number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


@pytest.mark.parametrize("suffix", [".slp", ".nc"])
def test_labels_come_back_as_they_were(save, suffix):
    needs_extra(suffix)
    source, back = there_and_back(save, suffix, LABELS)
    before, after = read_sheet(source), read_sheet(back)
    assert (before.columns, before.index) == (after.columns, after.index)
    assert before.values.tobytes() == after.values.tobytes()


@pytest.mark.parametrize("suffix", [".slp", ".nc"])
def test_hidden_labels_stay_hidden(save, suffix, capsys):
    needs_extra(suffix)
    _, back = there_and_back(save, suffix, HIDDEN)
    assert read_labels(back).visibility.tolist() == [[1], [2]]
    assert "hidden" in capsys.readouterr().out


def test_a_missing_extra_is_one_line(save, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sleap_io", None)
    path = save("a.csv", ANIMALS)
    assert main(["convert", str(path), str(path.with_suffix(".slp"))]) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert 'pip install "pose-io-dlc[convert]"' in shown


def test_knowing_the_formats_imports_none_of_their_libraries():
    program = (
        "import sys, pose_io_dlc.bridges.formats; "
        "print({'sleap_io', 'xarray', 'h5netcdf', 'h5py', 'pandas'} & {*sys.modules})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=True
    )
    assert ran.stdout.strip() == "set()"
