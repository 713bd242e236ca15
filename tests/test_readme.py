"""What README.md and CONTRIBUTING.md tell a person to type, works."""

import os
import re
import shlex
import subprocess
import sys
import types

import pytest
import yaml

from pose_core.hookspecs import Predicted
from pose_core.options import fill
from pose_core.plugins import Plugins

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, where pytest brings this one
    import tomli as tomllib

PAGES = ("README.md", "CONTRIBUTING.md")


def blocks(page, language):
    """List the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page):
    """List the lines of the console blocks, without their remarks."""
    lines = "".join(blocks(page, "console")).splitlines()
    return [re.sub(r"\s+#.*", "", line) for line in lines]


def module_of(source):
    module = types.ModuleType("documented")
    exec(compile(source, "documented", "exec"), vars(module))
    return module


@pytest.fixture(scope="module")
def plugins():
    return Plugins().load()


@pytest.fixture(params=PAGES)
def page(request, root):
    return root / request.param


def test_the_command_of_ci_is_the_one_readme_gives_a_developer(root):
    told = [line for line in commands(root / "README.md") if line.endswith("nox")]
    assert len(told) == 1
    assert f'{told[0]} "$@"' in (root / ".ci" / "run").read_text().splitlines()


def test_every_session_that_is_told_of_exists(page, root):
    known = re.findall(r"^def (\w+)\(session", (root / "noxfile.py").read_text(), re.MULTILINE)
    assert set(re.findall(r"nox -s \"?(\w+)", page.read_text())) <= set(known)


def test_the_table_lists_every_package(root):
    listed = re.findall(r"^\| \[([\w-]+)\]", (root / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in (root / "packages").iterdir())


def test_every_link_leads_somewhere(page, root):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (root / link).exists()] == []


def test_every_subcommand_exists(page, plugins):
    told = set(re.findall(r"\bpose ([a-z]+)\b", "\n".join(commands(page))))
    assert told <= set(plugins.names("command"))


def test_every_override_of_a_training_is_an_option(page):
    from pose_core.training.options import RunOptions

    for line in commands(page):
        words = shlex.split(line) if line.startswith("pose train") else []
        is_sweep = bool({"--multirun", "-m"} & set(words))
        ours = [word for word in words if "=" in word and not word.startswith("hydra")]
        for override in ours:
            path, _, value = override.partition("=")
            value = yaml.safe_load(value.split(",")[0] if is_sweep else value)
            for name in reversed(path.split(".")):
                value = {name: value}
            fill(RunOptions, value, "config")


def test_every_loss_that_a_training_names_is_here_or_told_of(page, plugins):
    named = set(re.findall(r"losses\.([a-z_]+)", "\n".join(commands(page))))
    assert named <= set(plugins.names("loss"))


@pytest.fixture(scope="module")
def documented(root, tmp_path_factory):
    """The files that the pages show, installed; the first line of a block is its path."""
    folder = tmp_path_factory.mktemp("documented")
    plugins = []
    for source in [one for page in PAGES for one in blocks(root / page, "python")]:
        path = folder / source.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        plugins += [path.parent.name] if path.name == "plugin.py" else []
    metadata = folder / "documented-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: documented\nVersion: 0.1.0\n")
    entries = [f"{name} = {name}.plugin" for name in plugins]
    (metadata / "entry_points.txt").write_text("\n".join(["[pose.v1]", *entries]))
    return folder


def test_every_plugin_that_is_shown_passes_its_conformance_suite(documented):
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-c", os.devnull]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(documented), "tests"],
        cwd=documented,
        env={**os.environ, "PYTHONPATH": str(documented)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_toml_block_parses(page):
    for source in blocks(page, "toml"):
        tomllib.loads(source)


def test_the_plugin_of_readme_is_twenty_lines_and_computes_what_it_says(root):
    import torch

    (source,) = (one for one in blocks(root / "README.md", "python") if "@hookimpl" in one)
    assert len([line for line in source.splitlines() if line.strip()]) <= 20
    loss = Plugins().add(module_of(source)).find("loss", "acceleration")
    time = torch.arange(8.0)[:, None]
    points = torch.stack([3 * time + 1, 0.5 * 4 * time**2], dim=-1)  # 4 px per frame and frame
    values = loss.build(loss.options(), None)(Predicted(keypoints=points))
    torch.testing.assert_close(values, torch.full((6,), 4.0))
