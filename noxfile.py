"""Every check, one session each: `nox --list` names them, a plain `nox` runs those marked with *.

Arguments after `--` go to pytest: `nox -s "tests(pose-eks)" -- -k smoothing`. Which package index
is used, and whether its torch is the CPU or the GPU build, is the environment's choice.
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

# Tests start many processes that import torch: they shall find what the first one compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Threads that wait shall sleep: spinning, they slow down what else runs on the machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).parent
PACKAGES = ["pose-io-dlc", "pose-eks", "pose-analysis", "pose-core", "pose-losses", "pose-tcn"]
EXAMPLES = ["plugin-loss", "plugin-backbone", "plugin-network"]
OTHERS = {
    "pandas-2": ["pandas==2.3.3", "numpy==2.2.6", "tables==3.10.2"],
    "pandas-3": ["pandas==3.1.1", "numpy==2.4.6", "tables==3.11.1"],
    "movement": ["movement==0.15.0", "sleap-io==0.9.5", "xarray==2026.9.0"],
    "sleap-io": ["sleap-io==0.9.5", "xarray==2026.9.0", "h5netcdf==1.8.2"],
}
"""Whose files pose-io-dlc must read, and who must read its files: the releases it is held to."""

each_package = nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])


def share_files_between_environments() -> None:
    """Keep uv's cache on the file system of `.nox`, for it shares files by hard links.

    Each environment with torch would else be a copy of several GB.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    while not cache.exists():
        cache = cache.parent
    if cache.stat().st_dev != ROOT.stat().st_dev:
        os.environ.setdefault("UV_CACHE_DIR", str(ROOT / ".nox" / ".uv-cache"))


share_files_between_environments()


def project(package: str) -> dict[str, Any]:
    """Read the project table of a package's pyproject.toml."""
    table: dict[str, Any] = nox.project.load_toml(folder(package) / "pyproject.toml")["project"]
    return table


def folder(package: str) -> Path:
    """Name the folder of a package, or of an example plugin."""
    return Path("examples" if package in EXAMPLES else "packages", package)


def declared(package: str, *extras: str) -> list[str]:
    """List the requirements of a package and of some of its extras."""
    table = project(package)
    optional = table.get("optional-dependencies", {})
    return [*table["dependencies"], *(one for extra in extras for one in optional.get(extra, []))]


def with_siblings(package: str) -> Iterator[str]:
    """List the packages of this repository that one needs, lowest first, itself last."""
    for requirement in declared(package, "test"):
        name = re.split(r"[^\w-]", requirement)[0]
        if name in PACKAGES and name != package:
            yield from with_siblings(name)
    yield package


def editable(packages: list[str], *tested: str) -> list[str]:
    """List the arguments that install packages from this tree, some with their test extra."""
    packages = list(dict.fromkeys(packages))
    names = [f"{folder(name)}[test]" if name in tested else str(folder(name)) for name in packages]
    return [argument for name in names for argument in ("-e", name)]


def install(session: nox.Session, *arguments: str) -> None:
    """Make the environment hold this and nothing else, also where it is used again."""
    exact = ["--exact"] if session.venv_backend == "uv" else []
    session.install(*exact, *arguments)


def wheels_of(session: nox.Session, *names: str) -> list[str]:
    """Build packages as a release would, from their source distributions; name the wheels."""
    out = ROOT / "dist" / session.name
    shutil.rmtree(out, ignore_errors=True)
    for name in names:
        if session.venv_backend == "uv":
            session.run("uv", "build", "--quiet", "--out-dir", str(out), str(folder(name)))
        else:
            build = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out)]
            session.run("python", "-m", *build, str(folder(name)))
    return sorted(map(str, out.glob("*.whl")))


def checked_shapes(package: str) -> list[str]:
    """Give the pytest option that checks every call of the modules that annotate shapes."""
    sources = folder(package) / "src"
    shaped = [path for path in sources.rglob("*.py") if "from jaxtyping import" in path.read_text()]
    names = [".".join(path.relative_to(sources).with_suffix("").parts) for path in sorted(shaped)]
    return [f"--jaxtyping-packages={','.join(names)},beartype.beartype"] if names else []


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, and which module may import which."""
    install(session, "ruff>=0.9", "import-linter>=2.3", "codespell>=2.3")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    sources = os.pathsep.join(str(ROOT / folder(name) / "src") for name in PACKAGES)
    session.run("lint-imports", env={"PYTHONPATH": sources})


@nox.session
@each_package
def tests(session: nox.Session, package: str) -> None:
    """One package's tests, in an environment with only what it declares."""
    install(session, *editable(list(with_siblings(package)), package))
    tests_of = str(folder(package) / "tests")
    session.run("pytest", tests_of, *checked_shapes(package), *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """All packages together: the flow end to end, and the adapters that need pose-core.

    A report is opened in the Chromium of the machine; without one those tests are skipped.
    """
    install(session, *editable(PACKAGES, *PACKAGES), "playwright>=1.45")
    adapters = [name for name in PACKAGES if declared(name, "plugin") != declared(name)]
    files = [path for name in adapters for path in (folder(name) / "tests").glob("test_*.py")]
    skipped_alone = sorted(str(path) for path in files if "pose_core" in path.read_text())
    session.run("pytest", "tests", *skipped_alone, *session.posargs)


@nox.session(default=False)
@nox.parametrize("other", [nox.param(name, id=name) for name in OTHERS])
def interop(session: nox.Session, other: str) -> None:
    """Files of pose-io-dlc and of another tool, in a pinned release, each read by the other."""
    package, tests_of = folder("pose-io-dlc"), folder("pose-io-dlc") / "tests"
    if not other.startswith("pandas"):
        install(session, "-e", f"{package}[test,convert]", *OTHERS[other])
        tests_of_all = [tests_of / "interop", tests_of / "test_dlc_bridges.py"]
        session.run("pytest", *map(str, tests_of_all), *session.posargs)
        return
    files, script = session.create_tmp(), tests_of / "interop" / "test_pandas_files.py"
    shutil.rmtree(files)
    releases = [name for name in OTHERS if name.startswith("pandas")]
    for release in sorted(releases, key=lambda name: name == other):  # this one last: it reads
        install(session, "-e", f"{package}[test]", *OTHERS[release])
        session.run("python", str(script), files)
    session.run("pytest", str(script), *session.posargs, env={"POSE_INTEROP_FILES": files})


@nox.session(reuse_venv=False)
def examples(session: nox.Session) -> None:
    """The example plugins, built and installed as a stranger would; one epoch with each."""
    built = wheels_of(session, *PACKAGES, *EXAMPLES)
    ours = {name.replace("-", "_") for name in PACKAGES}
    strangers = [path for path in built if Path(path).name.split("-")[0] not in ours]
    session.install(*built, *(f"{path}[test]" for path in strangers))
    session.run("pytest", *(str(folder(name) / "tests") for name in EXAMPLES), *session.posargs)
    session.run("python", "examples/train_with_each.py", session.create_tmp())


@nox.session
def types(session: nox.Session) -> None:
    """Types of every package, and of this file."""
    stubs = ["pandas-stubs", "types-PyYAML", "types-tqdm"]
    install(session, *editable(PACKAGES, *PACKAGES), "mypy>=1.15", "nox", *stubs)
    session.run("mypy", "noxfile.py", *(str(folder(package) / "src") for package in PACKAGES))


@nox.session(reuse_venv=False)
def wheels(session: nox.Session) -> None:
    """Build all packages, install the wheels in a clean environment, and ask what is there."""
    session.install(*wheels_of(session, *PACKAGES))
    session.run("pose", "plugins")
    session.run("python", "-c", NOTHING_BROKEN)


NOTHING_BROKEN = """
from pose_core.plugins import Plugins
broken = Plugins().load().broken
assert not broken, broken
"""


@nox.session(default=False)
@each_package
def lowest(session: nox.Session, package: str) -> None:
    """One package's tests with the lowest releases it declares, and that these are what came."""
    if session.venv_backend != "uv":
        session.skip("only uv resolves to the lowest direct dependencies; pip install uv")
    needed = list(dict.fromkeys(with_siblings(package)))
    tables = [option for name in needed for option in ("-r", str(folder(name) / "pyproject.toml"))]
    # timm asks for any torchvision, whose newest release would pull torch up with it
    vision = ["torchvision>=0.19"] if "pose-core" in needed else []
    lowest = ["--resolution=lowest-direct", "--extra=test", *vision, *tables]
    session.run("uv", "pip", "install", "--exact", *lowest, *editable(needed))
    refuse_higher(session, [one for name in needed for one in declared(name)])
    session.run("pytest", str(folder(package) / "tests"), *session.posargs)


def refuse_higher(session: nox.Session, requirements: list[str]) -> None:
    """Fail where an installed release is not the lowest that is declared."""
    floors = dict(re.findall(r"^([\w-]+).*?>=([\w.]+)", "\n".join(requirements), re.MULTILINE))
    program = (
        "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    )
    came = str(session.run("python", "-c", program, *floors, silent=True)).split()
    for (name, floor), release in zip(floors.items(), came, strict=True):
        if not f"{release}.".startswith(f"{floor}."):
            session.error(f"{name}: declared >={floor}, came {release}; raise the floor")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Every example in a docstring, README.md and CONTRIBUTING.md runs."""
    install(session, *editable(PACKAGES, *PACKAGES))
    sources = [str(folder(name) / "src") for name in PACKAGES]
    session.run("pytest", "--doctest-modules", *sources, *session.posargs, success_codes=[0, 5])
    session.run("pytest", "tests/test_readme.py", "tests/test_hooks_documented.py")


@nox.session(default=False)
def gpu(session: nox.Session) -> None:
    """What needs a CUDA device."""
    if shutil.which("nvidia-smi") is None:
        session.skip("no CUDA device here: nvidia-smi is not installed")
    install(session, *editable(PACKAGES, *PACKAGES))
    session.run("pytest", "-m", "gpu", "tests", "packages", *session.posargs)


@nox.session(default=False)
def dali(session: nox.Session) -> None:
    """The DALI reader of videos, on its CPU backend; downloads 424 MB."""
    install(session, "-e", f"{folder('pose-core')}[test,dali]")
    session.run("pytest", "-k", "dali", str(folder("pose-core") / "tests"), *session.posargs)


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Draw an animal, train on it, predict, smooth and score; says where the page is."""
    install(session, *editable(PACKAGES))
    session.run("pose", "demo", *session.posargs)
