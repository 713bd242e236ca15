"""`pose demo`: see the whole of it work on an animal that it draws itself."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pose_core.demo.run import Demo
    from pose_core.plugins import Plugins

HELP = "see it work on an animal it draws itself"
EPILOG = """\
It draws recordings of a mouse with known truth, trains networks on a few dozen labeled frames,
predicts a recording of another mouse in another light, smooths what the networks say, measures
everything against the truth, and writes a labeled video and a page. About four minutes on two
cores. Stopped, it goes on where it was when it is run again.

examples:
  pose demo
  pose demo --quick --output /tmp/demo
  pose demo --networks 2 --seed 1 --overwrite
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose demo` takes."""
    parser.add_argument(
        "--output", "-o", type=Path, default=Path("pose-demo"), help="folder to write [pose-demo]"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer networks, a third as long: a minute"
    )
    parser.add_argument("--seed", type=int, default=0, help="of everything random [0]")
    parser.add_argument("--networks", type=int, help="how many to train [4, or 2 with --quick]")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a former demo, and nothing else"
    )


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Run the demo, print its tables and where things are."""
    from dataclasses import replace

    from pose_core.demo.options import DemoOptions
    from pose_core.demo.run import run_demo

    options = DemoOptions(seed=arguments.seed)
    if arguments.quick:
        options = replace(options, networks=2, epochs=20, held_out_frames=180)
    if arguments.networks is not None:
        options = replace(options, networks=arguments.networks)
    done = run_demo(arguments.output, options, plugins, arguments.overwrite)
    say_results(done)
    return 0


def say_results(done: "Demo") -> None:
    """Print the tables, where everything is, and what to do next."""
    from pose_core.reports.tables import table_text

    print(f"\n{table_text(done.report.methods)}\n\n{table_text(done.report.keypoints)}\n")
    print(done.report.summary)
    print(f"took {sum(done.seconds.values()):.0f} s\n")
    print(f"page:        {done.page}  (open it in a browser)")
    print(f"video:       {done.video}")
    print(f"models:      {done.folder / 'networks'}")
    print(f"predictions: {done.folder / 'predictions'}")
    print("next: pose train PATH   on a DeepLabCut or Lightning Pose project of your own")
