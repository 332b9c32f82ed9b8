# SPDX-License-Identifier: Apache-2.0
"""Every command is documented, shows an example, and costs nothing until it runs."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from command import mkboot
from conftest import needs

from mkboot import __version__, errors
from mkboot.cli import rehearse as cli_rehearse
from mkboot.cli.main import COMMANDS, make_group
from mkboot.workflows import rehearse as workflow_rehearse

ROOT = Path(__file__).parent.parent.parent
NAMES = [name for section in COMMANDS.values() for name in section]
HEAVY = ("numpy", "construct", "pycdlib", "jinja2", "rich", "crcmod", "fastcrc", "mkboot.formats",
         "mkboot.workflows", "mkboot.media", "mkboot.recovery", "tarfile", "tempfile",
         "subprocess")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example(name: str) -> None:
    out = mkboot(name, "--help").out
    assert out.startswith(f"Usage: mkboot {name} ")
    assert re.search(rf"Examples?:\n.*\bmkboot {name}\b", out), out
    assert "--progress" in out


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_does(name: str) -> None:
    command = make_group().get_command(click.Context(make_group()), name)
    assert command is not None
    assert command.name == name
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help and not isinstance(o.type, click.Choice)] == []


def test_the_list() -> None:
    out = mkboot("--help").out
    assert [name for name in NAMES if f"\n  {name} " not in out] == []
    assert mkboot("-h").out == out


def test_version() -> None:
    assert mkboot("--version").out == f"mkboot {__version__}\n"


#: Names and settings only: it imports nothing of mkboot's.
LIGHT = {"mkboot.media", "mkboot.media.burn", "mkboot.media.burn.emulators"}


def modules_after(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom mkboot.cli.main import run\n"
        f"status = run({list(arguments)!r})\n"
        "print(' '.join(sys.modules), file=sys.stderr)\nsys.exit(status)"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([n, "--help"] for n in NAMES)])
def test_nothing_heavy_is_imported_for_help(arguments: list[str]) -> None:
    loaded = modules_after(*arguments)
    assert "click" in loaded
    heavy = {m for m in loaded if any(m == h or m.startswith(f"{h}.") for h in HEAVY)}
    assert heavy - {"tempfile", "subprocess"} - LIGHT == set()
    assert len(loaded) < 260


def test_a_rehearsal_is_given_up_after_the_same_time_by_command_and_from_python() -> None:
    assert cli_rehearse.TIMEOUT == workflow_rehearse.TIMEOUT


def test_a_command_imports_no_other_command() -> None:
    loaded = modules_after("ls", "--help")
    assert {m for m in loaded if m in {f"mkboot.cli.{n}" for n in NAMES}} == {"mkboot.cli.ls"}


def complete(words: str) -> list[str]:
    """What bash is offered after ``words``."""
    code = "from mkboot.cli.main import main; main()"
    env = {
        **os.environ,
        "_MKBOOT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, env=env)
    assert done.stderr == ""
    return [line.split(",")[-1] for line in done.stdout.splitlines()]


def test_completion() -> None:
    assert complete("mkboot com") == ["compare"]
    assert set(complete("mkboot ")) == set(NAMES)
    assert "--geometry" in complete("mkboot mkfs --g")
    assert complete("mkboot mkfs --byte-order ") == ["be", "le"]


def generator(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    assert page == generator("make_cli").reference(), "run make docs"


def test_the_manual_is_up_to_date() -> None:
    page = (ROOT / "docs" / "mkboot.1").read_text()
    assert page == generator("make_man").manual(), "run make docs"
    assert all(f"\n.SS mkboot {name} " in page for name in NAMES)


@needs("groff")
def test_groff_finds_nothing_wrong_with_the_manual() -> None:
    argv = ["groff", "-man", "-ww", "-z", "-Tutf8", ROOT / "docs" / "mkboot.1"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exit_codes_are_documented() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    kinds = [k for k in vars(errors).values() if isinstance(k, type)]
    codes = {k.exit_code for k in kinds if issubclass(k, errors.MkbootError)}
    assert documented == codes | {0, 1}
