"""The animals that training benchmarks draw: glints like paws, obstacles, and little light."""

from dataclasses import replace
from pathlib import Path

from pose_core.synthetic import Session, draw_sessions, write_project

LABELED, SCORED = 5, 2
"""Recordings with labels, and those of other colour, light and size that have none."""
FRAMES, SIZE = 160, (192, 192)
"""Of each recording."""


def harder(session: Session, number: int) -> Session:
    """Add glints and obstacles, and dim every other recording."""
    dim = 0.6 if number % 2 else 1.0
    brightness, noise = dim * session.brightness, session.noise + 2
    return replace(session, size=SIZE, glints=30, posts=8, brightness=brightness, noise=noise)


def draw(
    folder: Path, labels: int, seed: int, scored: int = SCORED, labeled: int = LABELED
) -> None:
    """Draw the project of one seed, if it is not there."""
    if (folder / "drawn").exists():
        return
    sessions = draw_sessions(labeled + scored, SIZE, seed, scored)
    write_project(
        folder,
        sessions=[harder(session, number) for number, session in enumerate(sessions)],
        frames_per_video=FRAMES,
        labels_per_video=labels // labeled,
        seed=seed,
        hold_out=scored,
    )
    (folder / "drawn").touch()
