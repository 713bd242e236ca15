import shlex
import subprocess
import sys

import pytest

from pose_io_dlc import __version__
from pose_io_dlc.__main__ import COMMANDS, main, parser

PREDICTIONS = "scorer,s,s,s\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1.25,2,0.5\n2,,,\n"


def usage_error(capsys, *arguments):
    with pytest.raises(SystemExit, match="2"):
        main(list(arguments))
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "pose-io-dlc: needs COMMAND; see pose-io-dlc --help\n"),
        (
            ["inof"],
            "pose-io-dlc: unknown command 'inof'; there is info; see pose-io-dlc --help\n",
        ),
        (["info"], "pose-io-dlc: info: needs PATH; see pose-io-dlc info --help\n"),
        (
            ["convert", "a", "b", "--overwrote"],
            "pose-io-dlc: convert: unknown option --overwrote, did you mean --overwrite?; "
            "see pose-io-dlc convert --help\n",
        ),
        (
            ["info", "a", "--zzz=1"],
            "pose-io-dlc: info: unknown option --zzz; see pose-io-dlc info --help\n",
        ),
        (
            ["info", "a", "b"],
            "pose-io-dlc: info: 'b' is one argument too many; see pose-io-dlc info --help\n",
        ),
        (
            ["convert", "a", "b.csv", "--decimals", "x"],
            "pose-io-dlc: convert: --decimals: 'x' is no int; see pose-io-dlc convert --help\n",
        ),
    ],
)
def test_a_mistaken_option_is_one_line_that_names_the_help(capsys, arguments, said):
    assert usage_error(capsys, *arguments) == said


@pytest.mark.parametrize("command", ["info", "check", "convert", "new"])
def test_help_has_examples_that_parse(capsys, command):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    shown = capsys.readouterr().out.replace("\\\n     ", "")
    examples = [line for line in shown.splitlines() if line.startswith("  pose-io-dlc ")]
    assert len(examples) > 2
    for example in examples:
        words = example.split("   ")[0].split("|")[0].split()[1:]
        given, rest = parser().parse_known_args(words)
        assert (given.command, rest) == (command, [])


def test_every_command_is_described():
    assert [module.__name__.rpartition(".")[2] for module in COMMANDS] == [
        "info",
        "check",
        "convert",
        "new",
    ]


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"pose-io-dlc {__version__}\n"


def test_help_loads_neither_numpy_nor_pandas():
    code = "import sys; from pose_io_dlc.__main__ import parser; parser().format_help(); "
    code += "print({'numpy', 'pandas', 'h5py', 'yaml'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_reader_that_goes_away_is_no_matter(save):
    path = save("a.csv", PREDICTIONS)
    code = "import os, sys; from pose_io_dlc.__main__ import main; "
    code += f"r, w = os.pipe(); os.close(r); os.dup2(w, 1); sys.exit(main(['info', {str(path)!r}]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (141, "")


def test_ctrl_c_says_that_nothing_was_written(save, tmp_path, capsys, monkeypatch):
    def stop(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("pose_io_dlc.commands.converting.chain", stop)
    source = save("a.csv", PREDICTIONS)
    assert main(["convert", str(source), str(tmp_path / "b.csv")]) == 130
    assert (
        capsys.readouterr().err == "pose-io-dlc: convert: stopped; nothing was written or changed\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_ctrl_c_names_what_was_written_until_then(save, capsys, monkeypatch):
    text = "scorer,a,a\nbodyparts,nose,nose\ncoords,x,y\n{row}{row}"
    for name in "ab":
        save(f"CollectedData_{name}.csv", text.format(row=f"labeled-data/{name}.png,1,2\n"))
    from pose_io_dlc.commands.checks import fixing

    write, done = fixing.write_sheet, []

    def stop_at_the_second(path, sheet):
        if done:
            raise KeyboardInterrupt
        done.append(write(path, sheet))

    monkeypatch.setattr(fixing, "write_sheet", stop_at_the_second)
    folder = save("x.txt", "").parent
    assert main(["check", str(folder), "--fix"]) == 130
    shown = capsys.readouterr().err
    assert "written until then: " in shown
    assert "CollectedData_a.csv, " in shown
    assert "CollectedData_b.csv.bak; all else is as it was" in shown


@pytest.mark.parametrize("command", ["info", "check", "check --fix"])
@pytest.mark.parametrize("path", ["gone", "x" * 5000, "/dev/null"])
def test_what_is_no_file_or_folder_gets_one_line(command, path, capsys):
    assert main([*command.split(), path]) == 1
    assert capsys.readouterr().err == (
        f"pose-io-dlc: {path}: no such file or folder; check the path\n"
    )


def test_a_name_too_long_for_the_disk_gets_one_line(save, capsys):
    path = save("a.csv", "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n0,1,2,1\n")
    assert main(["convert", str(path), "x" * 5000 + ".csv"]) == 1
    assert capsys.readouterr().err.endswith(": file name too long\n")


def test_the_next_command_can_be_typed_as_it_stands(save, capsys):
    path = save("a b/ö.csv", "scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n0,1,2,1\n")
    for command in (["info", str(path)], ["convert", str(path), str(path.with_name("c d.csv"))]):
        assert main(command) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert shlex.split(last.removeprefix("next: "))[-1] in (str(path), command[-1])
