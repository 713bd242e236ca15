"""`pose train`: Hydra's overrides and sweeps around `pose_core.training.fit`."""

import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_core.commands.apart import asks_for_several, refuse_inside, train_apart
from pose_core.commands.launchers import HERE, KEY, announced, launcher_of
from pose_core.commands.sweep import STOPPED, end, on_one_line, train_logged
from pose_core.errors import ConfigError, PoseError
from pose_core.options import fill, suggest
from pose_core.run_folder import LOG

if TYPE_CHECKING:
    from pose_core.plugins import Plugins
    from pose_core.training.options import RunOptions

OPEN = (
    "losses",
    "trainer",
    "model.network_options",
    "model.backbone_options",
    "model.head_options",
    "model.decoder_options",
    "unlabeled.watch",
)
"""Sections that take names of components, or options that components define."""

DEFAULT_PARENT = "outputs"  # as conf/train.yaml has it
HELP = "train a model on a project"
EPILOG = """\
examples:
  pose train my-project
  pose train my-project model.backbone=resnet18 training.epochs=100 data.size=[384,384]
  pose train my-project model.pretrained=false losses.temporal.weight=1e-4
  pose train resume=outputs/RUN                       # go on with a run that was stopped
  pose train my-project --multirun seed=0,1,2,3,4     # an ensemble
  pose train my-project -m losses.temporal.weight=0.1,1,10     # compared in comparison.csv
  pose train my-project -m seed=0,1,2,3 data.fraction=0.8      # each on frames of its own
  pose train my-project -m seed=0,1 hydra/launcher=joblib hydra.launcher.n_jobs=2   # at once
  pose train my-project -m seed=0,1 hydra/launcher=slurm hydra.launcher.partition=gpu

`pose train PATH --cfg job` prints every option with its value. A sweep of which members failed, or
that was stopped, goes on where the same command is given its folder, output=outputs/SWEEP.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `pose train` takes."""
    parser.add_argument(
        "path", metavar="PATH", help="folder of the project; or resume=RUN, with no options"
    )
    parser.add_argument(
        "overrides", metavar="KEY=VALUE", nargs="*", default=[], help="options to change"
    )
    parser.add_argument(
        "--multirun", "-m", action="store_true", help="sweep: KEY=A,B,C trains one model each"
    )
    parser.add_argument("--cfg", choices=["job"], help="print a run's configuration and stop")


def run(arguments: Namespace, plugins: "Plugins") -> int:
    """Train one model, or a sweep of them.

    Raises:
        ConfigError: if the configuration of a sweep is asked for.
    """
    if arguments.cfg and arguments.multirun:
        raise ConfigError("--cfg: shows one run's options; leave out --multirun, and other values")
    if arguments.path.startswith("resume="):
        return resume(arguments, plugins)
    project = quoted(str(Path(arguments.path).resolve()))
    overrides = [*checked_overrides(arguments.overrides), f"project={project}"]
    if arguments.multirun:
        return run_sweep(overrides, plugins)
    return run_one(overrides, bool(arguments.cfg), plugins)


def run_one(overrides: Sequence[str], only_shown: bool, plugins: "Plugins") -> int:
    """Train one model, or show and check its configuration; gives the exit status."""
    failed: list[tuple[Path, PoseError]] = []
    statuses: list[int] = []
    standing = [place for text in overrides if (place := output_of(text)) and place.exists()]

    def train(given: dict[str, Any], folder: Path) -> None:
        try:
            statuses.append(train_one(given, folder, plugins))
        except PoseError as error:  # raised here, Hydra would print pages
            failed.append((folder, error))

    launch(train, overrides, ["--cfg", "job"] * only_shown)
    if only_shown:
        check(composed(overrides), plugins)
    for folder, error in failed:
        if folder.resolve() not in standing:
            remove_empty(folder)
        raise error
    return max(statuses, default=0)


def run_sweep(overrides: Sequence[str], plugins: "Plugins") -> int:
    """Train a model for each combination of values, and compare them; gives the exit status."""
    refuse_inside()
    launcher = launcher_of(overrides)
    given, sweep = placed(validated_alike(overrides))
    train = partial(train_in_sweep, plugins=plugins if launcher == HERE else None)
    stopped = False
    if launcher != HERE:
        print(announced(launcher, given, f"{shown(sweep)}/*/{LOG}"), flush=True)
    try:
        launch(train, given, ["--multirun"])
    except KeyboardInterrupt:
        stopped = True
    except Exception as error:
        if launcher == HERE or isinstance(error, PoseError):
            raise
        say_error(f"{KEY}={launcher}: {type(error).__name__}: {on_one_line(error)}")
    return end(sweep, stopped, shown)


def train_in_sweep(given: dict[str, Any], folder: Path, plugins: "Plugins | None") -> None:
    """Train a member of a sweep; in a process of its own there are no plugins yet."""
    from pose_core.plugins import Plugins

    found = plugins or Plugins().load()
    again = {**given, "resume": True}  # members that are done, or begun, are not begun again
    train_logged(folder, lambda: train_member(again, folder, found), aloud=plugins is not None)


def placed(overrides: Sequence[str]) -> tuple[list[str], Path]:
    """Give the folder of a sweep, and the overrides by which all its members have the same.

    The default is named by the time, which is another one in each process.
    """
    register_options()
    own = [text for text in overrides if output_of(text)]
    folder = Path(composed(own)["output"])
    others = [text for text in overrides if text not in own]
    return [*others, f"output={quoted(str(folder))}"], folder


def validated_alike(overrides: Sequence[str]) -> list[str]:
    """Give members of different seeds one split, unless overrides say which."""
    told = {"split", "data.split_seed"} & {text.partition("=")[0] for text in overrides}
    is_swept = "seed" not in fixed_keys(overrides) and any(t.startswith("seed=") for t in overrides)
    return [*overrides, "data.split_seed=0"] if is_swept and not told else list(overrides)


def train_member(given: Mapping[str, Any], folder: Path, plugins: "Plugins") -> int:
    """Train a member of a sweep, apart if it starts processes itself; gives the exit status."""
    from hydra.core.hydra_config import HydraConfig

    if not asks_for_several(given["trainer"]):
        return train_one(given, folder, plugins)
    check(given, plugins)
    return train_apart(given["project"], HydraConfig.get().overrides.task, folder)


def launch(
    train: Callable[[dict[str, Any], Path], None], overrides: Sequence[str], flags: Sequence[str]
) -> None:
    """Let Hydra make the configurations.

    Args:
        train: is called with each, and the folder of its run.
        overrides: of the defaults, checked.
        flags: of Hydra's own.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import DictConfig, OmegaConf

    own_arguments = list(sys.argv)
    register_options()

    @hydra.main(version_base="1.3", config_path="pkg://pose_core.conf", config_name="train")
    def job(config: DictConfig) -> None:
        # processes that Lightning starts for further devices run our command, not Hydra's
        sys.argv = own_arguments
        given: Any = OmegaConf.to_container(config, resolve=True)
        train(given, Path(HydraConfig.get().runtime.output_dir))

    # the folder of a sweep's member is named by what is swept, not by what all members share
    naming = f"hydra.job.config.override_dirname.exclude_keys=[{','.join(fixed_keys(overrides))}]"
    sys.argv = [own_arguments[0], *flags, *overrides, naming]
    run_hydra(job)


def resume(arguments: Namespace, plugins: "Plugins") -> int:
    """Go on with a run, with the options it was begun with; gives the exit status.

    Raises:
        ConfigError: if there are options beside it.
        FormatError: if the folder holds no run.
    """
    from pose_core.run_folder import CONFIG, read_config

    folder = Path(arguments.path.partition("=")[2])
    if arguments.overrides or arguments.multirun or arguments.cfg:
        raise ConfigError(
            f"{arguments.path}: takes the options of the run, and others are given; leave them "
            f"out, or give PATH and all options with output={folder} resume=true"
        )
    given = {**read_config(folder), "resume": True}
    options = check(given, plugins, str(folder / CONFIG))
    return fit(replace(options, output=str(folder)), plugins)


def train_one(given: Mapping[str, Any], folder: Path, plugins: "Plugins") -> int:
    """Type the options of one job and train it; gives the exit status."""
    from pose_core.files import existing

    options = check(given, plugins)
    existing(Path(options.project))
    return fit(replace(options, output=str(folder)), plugins)


def check(given: Mapping[str, Any], plugins: "Plugins", where: str = "") -> "RunOptions":
    """Type the options of a run, and check what can be without torch, which takes seconds to load.

    Raises:
        ConfigError: for an option or component that does not exist, or a value that cannot be.
    """
    from pose_core.model.options import find_head, find_network
    from pose_core.training.losses_chosen import check_losses, check_watched
    from pose_core.training.options import RunOptions

    options = fill(RunOptions, given, where)
    check_losses(options.losses, plugins)
    check_watched(options.unlabeled.watch, plugins)
    find_network(options.model, plugins)
    find_head(options.model.head, options.model.head_options, plugins)
    return options


def composed(overrides: Sequence[str]) -> Any:
    """Give the configuration that overrides make."""
    from hydra import compose, initialize_config_module
    from omegaconf import OmegaConf

    with initialize_config_module("pose_core.conf", version_base="1.3"):
        return OmegaConf.to_container(compose("train", list(overrides)), resolve=True)


def fit(options: Any, plugins: "Plugins") -> int:
    """Train, evaluate the labeled frames, and say what to do next; gives the exit status."""
    from pose_core.evaluation import evaluate, say_evaluation
    from pose_core.run_folder import CHECKPOINT, EVALUATION
    from pose_core.training.checks import is_first_process
    from pose_core.training.fit import train

    done = train(options, plugins)
    if not is_first_process():
        return 0
    folder = shown(done.folder)
    if done.interrupted:
        print(f"stopped in epoch {done.epochs}; the weights kept so far are in {folder}")
        anew = "" if (done.folder / CHECKPOINT).exists() else "   (anew: no checkpoint was due yet)"
        print(f"next: pose train resume={folder}{anew}")
        return STOPPED
    if done.was_done and (done.folder / EVALUATION).exists():
        return 0
    say_evaluation(evaluate(done.folder, plugins))
    print(f"model: {folder}")
    print(f"next: pose predict {folder} VIDEO   or   pose evaluate {folder}")
    return 0


def run_hydra(job: Any) -> None:
    """Run a Hydra job, its own errors as one line."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us instead of being printed over pages
    logging.getLogger("numexpr").setLevel(logging.WARNING)  # Hydra would show that it counts cores
    try:
        job()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(" ".join(str(error).split())) from error


def register_options() -> None:
    """Give Hydra the defaults, which the options dataclasses hold."""
    from hydra.core.config_store import ConfigStore

    from pose_core.training.options import RunOptions, plain

    ConfigStore.instance().store("options", plain(RunOptions()))


def checked_overrides(overrides: Sequence[str]) -> list[str]:
    """Refuse misspelt overrides, and let open sections take new names.

    Raises:
        ConfigError: for text that is no override, or a name that does not exist.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    from pose_core.training.options import RunOptions, plain

    defaults = plain(RunOptions())
    checked = []
    for text in map(readable_by_hydra, overrides):
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:
            what = "is not KEY=VALUE; for example training.epochs=100"
            if "=" in text:
                what = "cannot be read; quote the value twice, as in 'output=\"my run\"'"
            raise ConfigError(f"{text!r} {what}") from None
        key = override.key_or_group
        known = key.startswith("hydra") or lookup(defaults, key)
        if not known and not is_open(key):
            raise ConfigError(f"unknown option {key!r}; {suggest(key, dotted(defaults))}")
        added = is_open(key) and not text.startswith(("+", "~"))
        checked.append(f"++{text}" if added else text)
    return checked


def readable_by_hydra(override: str) -> str:
    """Quote a value with letters that Hydra's grammar does not know, such as ü."""
    key, equals, value = override.partition("=")
    plain_text = value and value[0] not in "'\"[{"
    return f"{key}={quoted(value)}" if equals and plain_text and not value.isascii() else override


def fixed_keys(overrides: Sequence[str]) -> list[str]:
    """List the keys that have one value in all members of a sweep; one seed is a sweep of one."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = OverridesParser.create().parse_overrides(list(overrides))
    fixed = [one.key_or_group for one in parsed if not one.is_sweep_override()]
    return fixed if len(fixed) < len(parsed) else [key for key in fixed if key != "seed"]


def output_of(override: str) -> Path | None:
    """Give the folder that an override names as the output; None for another override."""
    key, _, value = override.partition("=")
    return Path(value.strip("'\"")).resolve() if key.strip("+") == "output" else None


def is_open(key: str) -> bool:
    """Say whether a key lies in a section whose names are defined elsewhere."""
    return any(key == section or key.startswith(f"{section}.") for section in OPEN)


def lookup(mapping: Mapping[str, Any], key: str) -> bool:
    """Say whether a dotted key exists."""
    first, _, rest = key.partition(".")
    if first not in mapping:
        return False
    inner = mapping[first]
    return not rest or (isinstance(inner, Mapping) and lookup(inner, rest))


def dotted(mapping: Mapping[str, Any], prefix: str = "") -> list[str]:
    """List all dotted keys of nested mappings."""
    keys = []
    for name, value in mapping.items():
        keys.append(prefix + name)
        if isinstance(value, Mapping):
            keys += dotted(value, f"{prefix}{name}.")
    return keys


def quoted(text: str) -> str:
    """Quote a value for Hydra's grammar."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def remove_empty(folder: Path) -> None:
    """Remove the folder that Hydra made for a run that was refused."""
    with suppress(OSError):  # it holds something
        folder.rmdir()
        if folder.parent.name == DEFAULT_PARENT:
            folder.parent.rmdir()


def say_error(text: str) -> None:
    """Print one line where errors go."""
    print(f"pose train: {text}", file=sys.stderr)


def shown(path: Path) -> str:
    """Show a path below the working folder by its relative name."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
