from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pose_io_dlc import (
    LabelTable,
    PredictionTable,
    PredictionWriter,
    read_chunks,
    read_labels,
    read_predictions,
    write_labels,
    write_predictions,
)
from pose_io_dlc.tables import MISSING, OCCLUDED, VISIBLE

NEEDS = {".h5": "tables", ".parquet": "pyarrow", ".csv": "pandas"}
KEYPOINTS = {
    "one animal": (("nose", "tail/tip", "50%"), ()),
    "animals": (("nose", "tail", "nose", "tail"), ("m1", "m1", "m/2", "m/2")),
    "single parts": (("nose", "tail", "nose", "food"), ("m1", "m1", "m2", "single")),
}
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs"]),
    min_size=1,
    max_size=8,
).filter(lambda word: word.strip() == word)
KINDS = ["numbers", "gaps", "three parts", "one path"]
DTYPES = [np.float64, np.float32]
PROPERTY = settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an H5 is too slow to shrink by
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def numbers(draw, shape, dtype):
    """Draw coordinates as files have them: of any size, with any digits, some missing."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    values = rng.uniform(0, 1, shape) * 10.0 ** rng.integers(-7, 7, shape)
    short = rng.random(shape) < draw(st.sampled_from([0.0, 0.5]))
    values[short] = np.round(values[short], 2) + 0.25
    values[rng.random(shape) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    return values.astype(dtype)


@st.composite
def indices(draw, kind, length):
    """Draw what rows are named by: frames or numbers."""
    if kind == "numbers":
        return None, None
    if kind == "gaps":
        steps = draw(st.lists(st.integers(1, 10**7), min_size=length, max_size=length))
        return None, np.cumsum(steps)
    folder = "labeled-data/0012" if kind == "three parts" else "any/where/at/all"
    return tuple(f"{folder}/img,{number}.png" for number in range(length)), None


@st.composite
def predictions(draw, kinds, dtype):
    names, individuals = draw(st.sampled_from(list(KEYPOINTS.values())))
    length = draw(st.integers(1, 6))
    points = draw(numbers((length, len(names), 2), dtype))
    points[np.isnan(points).any(-1)] = np.nan
    confidence = draw(numbers((length, len(names)), dtype))
    extra = {"x_ens_var": draw(numbers((length, len(names)), dtype))}
    frames, rows = draw(indices(draw(kinds), length))
    return PredictionTable(
        names,
        points,
        confidence,
        frames,
        rows,
        draw(NAMES),
        individuals,
        extra if draw(st.booleans()) else {},
    )


def assert_same(back, table):
    assert (back.points, back.scorer, back.frames) == (table.points, table.scorer, table.frames)
    assert back.individuals == table.individuals
    if table.frames is None:
        np.testing.assert_array_equal(back.numbered, table.numbered)
    assert back.extra.keys() == table.extra.keys()
    arrays = [(back.keypoints, table.keypoints), (back.confidence, table.confidence)]
    arrays += [(back.extra[name], column) for name, column in table.extra.items()]
    for found, expected in arrays:  # a CSV has the digits that tell a float32, not its 53 bits
        np.testing.assert_array_equal(found.astype(expected.dtype), expected)


@pytest.fixture(params=[".csv", ".h5", ".parquet"])
def path(request, tmp_path):
    pytest.importorskip(NEEDS[request.param], reason="an extra is not installed")
    return tmp_path / f"table{request.param}"


@PROPERTY
@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_predictions_come_back_as_they_were(path, data, dtype):
    table = data.draw(predictions(st.sampled_from(KINDS), dtype))
    write_predictions(path, table, decimals=None)
    back = read_predictions(path)
    assert_same(back, table)
    if path.suffix == ".parquet":
        assert (back.keypoints.dtype, back.confidence.dtype) == (dtype, dtype)


@PROPERTY
@given(data=st.data(), rows=st.integers(1, 7))
def test_predictions_written_and_read_in_chunks_are_those_of_one_piece(path, data, rows):
    table = data.draw(predictions(st.sampled_from(["gaps", "one path"]), np.float64))
    cuts = [0, *sorted(data.draw(st.lists(st.integers(0, len(table)), max_size=3))), len(table)]
    with PredictionWriter(
        path,
        table.names,
        individuals=table.individuals,
        extra=tuple(table.extra),
        scorer=table.scorer,
        decimals=None,
    ) as writer:
        for start, stop in pairwise(cuts):
            part = slice(start, stop)
            writer.write(
                table.keypoints[part],
                table.confidence[part],
                {name: column[part] for name, column in table.extra.items()},
                numbers=None if table.numbers is None else table.numbers[part],
                frames=None if table.frames is None else table.frames[part],
            )
    assert_same(read_predictions(path), table)
    chunks = list(read_chunks(path, rows))
    assert [len(chunk) for chunk in chunks[:-1]] == [rows] * (len(chunks) - 1)
    assert_same(whole(chunks), table)


def whole(chunks):
    frames = [frame for chunk in chunks for frame in chunk.frames or ()]
    rows = [chunk.numbers for chunk in chunks if chunk.numbers is not None]
    return replace(
        chunks[0],
        keypoints=np.concatenate([chunk.keypoints for chunk in chunks]),
        confidence=np.concatenate([chunk.confidence for chunk in chunks]),
        extra={k: np.concatenate([c.extra[k] for c in chunks]) for k in chunks[0].extra},
        frames=tuple(frames) or None,
        numbers=np.concatenate(rows) if rows else None,
    )


@PROPERTY
@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    kind=st.sampled_from(KINDS[2:]),
    layout=st.sampled_from(list(KEYPOINTS.values())),
)
def test_labels_come_back_as_they_were(path, data, dtype, kind, layout):
    names, individuals = layout
    length = data.draw(st.integers(1, 6))
    points = data.draw(numbers((length, len(names), 2), dtype))
    points[np.isnan(points).any(-1)] = np.nan
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names))))
    seen = np.where(hidden, OCCLUDED, VISIBLE)
    visibility = np.where(np.isnan(points[..., 0]), MISSING, seen).astype(np.uint8)
    frames, _ = data.draw(indices(kind, length))
    frames = tuple(frame.replace("any/where", "labeled-data/v") for frame in frames)
    table = LabelTable(frames, names, points, visibility, data.draw(NAMES), individuals)
    write_labels(path, table, visible=True)
    back = read_labels(path)
    assert (back.frames, back.points, back.scorer) == (frames, table.points, table.scorer)
    assert back.individuals == individuals
    np.testing.assert_array_equal(back.keypoints.astype(dtype), points)
    np.testing.assert_array_equal(back.visibility, visibility)
