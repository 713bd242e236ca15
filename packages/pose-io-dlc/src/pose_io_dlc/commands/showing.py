"""Facts as lines for a person: names aligned, numbers rounded, long lists cut."""

from collections.abc import Iterator, Sequence
from typing import Any

from pose_io_dlc.commands.aligned import aligned, counted, few
from pose_io_dlc.commands.counting import runs
from pose_io_dlc.commands.paths import quoted

Facts = dict[str, Any]

TITLES = {
    "labels": "labels",
    "predictions": "predictions",
    "tracks": "tracks, animals followed through the video",
    "points3d": "points in three dimensions",
    "skeleton": "lengths and directions of bones",
    "meta": "what DeepLabCut notes about a run (_meta.pickle)",
    "full": "all detections before they were assembled (_full.pickle)",
    "assemblies": "detections assembled to animals (_assemblies.pickle)",
    "tracklets": "pieces of tracks before they were stitched",
    "config3d": "3-D project",
    "folder": "a folder of files",
}
"""Kind of file to what it is."""

TOOLS = {"deeplabcut": "DeepLabCut", "lightning_pose": "Lightning Pose"}
"""Kind of project to whose it is."""


def lines_of(facts: Facts) -> Iterator[str]:
    """Give the lines about a file, folder or project."""
    yield title_of(facts)
    pairs = list(pairs_of(facts))
    width = max((len(name) for name, _ in pairs), default=0)
    yield from (f"  {name:{width}}  {text}" for name, text in pairs)
    for section in (folders_of, cameras_of, files_of, tables_of, keypoints_of):
        if lines := section(facts):
            yield ""
            yield from lines
    warnings = [facts["problem"]] if "problem" in facts else []
    yield from (f"note: {text}" for text in (*warnings, *facts.get("warnings", ())))
    yield from next_step(facts)


def title_of(facts: Facts) -> str:
    """Say what it is, and whose."""
    name = f" {facts['name']!r}" if facts.get("name") else ""
    if facts["kind"] in TOOLS:
        several = ", several animals" if facts.get("multi_animal") else ""
        return f"{facts['path']}: {TOOLS[facts['kind']]} project{name}{several}"
    tool = f"{facts['tool']} file of " if "tool" in facts else ""
    return f"{facts['path']}: {tool}{TITLES[facts['kind']]}{name}{by(facts)}"


def by(facts: Facts) -> str:
    """Say whose a file is."""
    return f" by {facts['scorer']!r}" if facts.get("scorer") else ""


def pairs_of(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give names and values of single facts."""
    if facts["kind"] in TOOLS and facts.get("scorer"):
        yield "scorer", facts["scorer"]
    if "video" in facts or "video_size" in facts:
        size = facts.get("video_size")
        shape = f"{size['width']} x {size['height']}" if size else ""
        yield "video", ", ".join(filter(None, (facts.get("video"), shape)))
    if "frames" in facts:
        yield "frames", frames_text(facts)
    if facts.get("left_out"):
        yield "left out", f"{counted(facts['left_out'], 'frame')}: {runs(facts['gaps'])}"
    if facts.get("individuals"):
        yield "individuals", few(facts["individuals"], 12)
    if "images_found" in facts:
        yield "images", images_text(facts)
    if facts.get("coordinates"):
        yield "coordinates", coordinates_text(facts)
    if facts.get("confidence"):
        yield "confidence", "{:.3f}, {:.3f}, {:.3f} (5 %, 50 %, 95 %)".format(*facts["confidence"])
    if further := [*facts.get("further_columns", ()), *facts.get("columns_of_words", ())]:
        yield "also has", few(further, 12)
    yield from project_pairs(facts)
    yield from (
        (name.replace("_", " "), str(text)) for name, text in facts.get("holds", {}).items()
    )


def frames_text(facts: Facts) -> str:
    """Say how many frames, how many with points, and which."""
    text = f"{facts['frames']:,}"
    labeled = facts.get("labeled", facts.get("with_points"))
    if labeled is not None and labeled != facts["frames"]:
        text += f", {labeled:,} with points"
    if "first" in facts:
        text += f", numbered {facts['first']} to {facts['last']}"
    return text + (", by image" if facts.get("rows") == "images" else "")


def images_text(facts: Facts) -> str:
    """Say how many images there are, and how large they are."""
    sizes = facts.get("image_sizes", [])
    shapes = [f"{one['width']} x {one['height']}" for one in sizes]
    if len(sizes) > 1:
        shapes = [f"{shape} ({one['images']})" for shape, one in zip(shapes, sizes, strict=True)]
    found = f"{facts['images_found']:,} of {facts['frames']:,} found"
    return found + (f"; width x height {few(shapes)}" if shapes else "")


def coordinates_text(facts: Facts) -> str:
    """Say how far the points reach."""
    box = facts["coordinates"]
    text = ", ".join(f"{axis} {low:.1f} to {high:.1f}" for axis, (low, high) in box.items())
    if facts.get("video_size"):
        return text + f"; {counted(facts['outside'], 'point')} outside the frame"
    return text + (
        f"; {facts['outside']:,} outside their images" if facts.get("image_sizes") else ""
    )


def project_pairs(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give what only projects have."""
    if "videos" in facts:
        yield "videos", videos_text(facts)
    cameras = facts.get("cameras", ())
    if cameras and isinstance(cameras[0], str):
        yield "cameras", few(cameras, 12)
    if facts.get("views"):
        yield "views", few(list(facts["views"]), 12)
    if facts.get("symmetric"):
        yield "left | right", few([f"{left} | {right}" for left, right in facts["symmetric"]], 12)
    if facts.get("edges"):
        yield "skeleton", few([f"{one}-{other}" for one, other in facts["edges"]], 12)
    yield from (
        (name.replace("_", " "), str(text)) for name, text in facts.get("config", {}).items()
    )


def videos_text(facts: Facts) -> str:
    """Say which videos there are, and which the config lists and are not there."""
    names = few(facts["videos"])
    text = f"{len(facts['videos']):,} found" + (f" ({names})" if names else "")
    if lost := facts.get("videos_lost"):
        text += f"; {len(lost):,} of video_sets not found ({few(lost)})"
    return text


def folders_of(facts: Facts) -> list[str]:
    """Lay out the folders of labeled images."""
    rows = [
        (one["name"], one["frames"], one["labeled"], one["images"], one["outside"], one["files"])
        for one in facts.get("folders", ())
    ]
    return aligned([("folder", "frames", "labeled", "images", "outside", "files"), *rows]) * bool(
        rows
    )


def cameras_of(facts: Facts) -> list[str]:
    """Lay out the cameras of a project that has several."""
    rows = [
        (one["name"], one["frames"], one["instants"], few(one["videos"], 2) or "none")
        for one in facts.get("cameras", ())
        if not isinstance(one, str)
    ]
    return aligned([("camera", "frames", "instants", "videos"), *rows]) * bool(rows)


def files_of(facts: Facts) -> list[str]:
    """Lay out the files of a folder."""
    rows = [
        (one["name"], one["kind"], one.get("frames", ""), one.get("keypoints", ""))
        for one in facts.get("files", ())
    ]
    return aligned([("file", "kind", "frames", "keypoints"), *rows]) * bool(rows)


def tables_of(facts: Facts) -> list[str]:
    """Lay out further tables, such as the bones of a skeleton file."""
    return aligned(facts["table"]) if facts.get("table") else []


def keypoints_of(facts: Facts) -> list[str]:
    """Lay out the keypoints: a line each, or a column per animal where there are several."""
    points = facts.get("keypoints", [])
    if not points or isinstance(points[0], str):
        return [f"  keypoints  {few(points, 30)}"] if points else []
    animals = list(dict.fromkeys(one.get("individual", "") for one in points))
    return by_animal(points, animals) if len(animals) > 1 else by_point(points)


def by_point(points: Sequence[Facts]) -> list[str]:
    """Give each keypoint a line, with columns only for what there is."""
    has_hidden = any(point.get("hidden") for point in points)
    has_confidence = any(point.get("confidence") for point in points)
    axes = [axis for axis in "xyz" if any(point.get(axis) for point in points)]
    head = ["keypoint", "known", "missing", *["hidden"] * has_hidden]
    head += [f"{end} {axis}" for axis in axes for end in ("min", "max")]
    rows = [head + ["conf 5%", "50%", "95%"] * has_confidence]
    for point in points:
        row = [point["name"], f"{point['known']:,}", f"{point['missing']:,}"]
        row += [f"{point.get('hidden', 0):,}"] * has_hidden
        row += [rounded(end) for axis in axes for end in point.get(axis) or (None, None)]
        rows.append(
            row + [rounded(q, 3) for q in point.get("confidence") or [None] * 3] * has_confidence
        )
    return aligned(rows)


def rounded(number: float | None, digits: int = 1) -> str:
    """Write a number with some digits; a dash where there is none."""
    return "-" if number is None else f"{number:.{digits}f}"


def by_animal(points: Sequence[Facts], animals: Sequence[str]) -> list[str]:
    """Give each keypoint a line and each animal a column of frames in which it is known."""
    known = {(one["name"], one.get("individual", "")): one["known"] for one in points}
    names = list(dict.fromkeys(one["name"] for one in points))
    rows = [
        [name, *(f"{known[name, one]:,}" if (name, one) in known else "" for one in animals)]
        for name in names
    ]
    return ["  frames in which each keypoint is known:", *aligned([["keypoint", *animals], *rows])]


def next_step(facts: Facts) -> Iterator[str]:
    """Say what to do next."""
    yield ""
    yield f"next: pose-io-dlc check {quoted(facts['path'])}"
