"""What the tests of the whole repository share: its packages, and a bare interpreter to try."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, where pytest brings this one
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `package` for every package."""
    if "package" in metafunc.fixturenames:
        metafunc.parametrize("package", PACKAGES)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def projects() -> dict[str, dict[str, Any]]:
    """Package to the project table of its pyproject.toml."""
    tables = {name: ROOT / "packages" / name / "pyproject.toml" for name in PACKAGES}
    return {name: tomllib.loads(path.read_text())["project"] for name, path in tables.items()}


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Run a program in an interpreter of its own; give what it printed."""

    def run(program: str, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        ran = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    return run
