# SPDX-License-Identifier: Apache-2.0
"""Every way to fail: one line, perhaps a hint, the right exit status, no traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from command import mkboot

from mkboot.cli import main as main_module
from mkboot.cli.outcome import as_mkboot_error
from mkboot.errors import (
    BugError,
    CallerError,
    InputError,
    MkbootError,
    ProgramError,
    StoppedError,
)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make a command called ``ls`` that raises ``error``."""

    @click.command("ls")
    def command() -> None:
        raise error

    monkeypatch.setattr(
        main_module.importlib, "import_module", lambda _name: type("M", (), {"command": command})
    )


@pytest.mark.parametrize(
    ("error", "status", "err"),
    [
        (CallerError("no"), 2, "mkboot: no\n"),
        (CallerError("no", hint="do"), 2, "mkboot: no\nhint: do\n"),
        (InputError("bad magic", place=("slice 1", "group 12")), 3,
         "mkboot: slice 1: group 12: bad magic\n"),
        (ProgramError("gone", hint="apt-get install x"), 4,
         "mkboot: gone\nhint: apt-get install x\n"),
        (StoppedError("full"), 5, "mkboot: full\n"),
        (BugError("two owners"), 70, "mkboot: two owners\n"),
        (MkbootError("several\nlines\n\n here"), 70, "mkboot: several; lines; here\n"),
        (KeyboardInterrupt(), 5,
         "mkboot: interrupted\nhint: the same command can be run again\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 5,
         ("mkboot: /x/y: No space left on device\n"
         "hint: the same command can be run again when that is mended\n")),
        (OSError(errno.EIO, "Input/output error"), 5,
         ("mkboot: Input/output error\n"
         "hint: the same command can be run again when that is mended\n")),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 2,
         "mkboot: /x: Permission denied\n"),
        (KeyError("k"), 70,
         ("mkboot: a bug: KeyError: 'k'\nhint: run it again with --debug, and report what it "
         "prints\n")),
        (InputError("name \udcff"), 3, "mkboot: name \\xff\n"),
    ],
)  # fmt: skip
def test_form_and_status(
    error: BaseException, status: int, err: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, error)
    result = mkboot("ls", status=status)
    assert result.err == err
    assert result.raw == b""


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyError("k"))
    assert "Traceback" not in mkboot("ls", status=70).err
    for arguments in (["--debug", "ls"], ["ls", "--debug"]):
        err = mkboot(*arguments, status=70).err
        assert "Traceback" in err
        assert err.splitlines()[-2] == "mkboot: a bug: KeyError: 'k'"


def test_broken_pipe_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = os.dup(1)
    try:
        failing(monkeypatch, BrokenPipeError(errno.EPIPE, "Broken pipe"))
        assert mkboot("ls", status=5).err == ""
    finally:
        os.dup2(nowhere, 1)
        os.close(nowhere)


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ([], "mkboot: a command is missing"),
        (["nonsense"], "mkboot: no such command 'nonsense'"),
        (["ls"], "mkboot: missing argument 'IMAGE'"),
        (["ls", "--nonsense", "x"], "mkboot: no such option '--nonsense'"),
        (["mkfs", "-", "out", "--size", "big"],
         "mkboot: invalid value for '--size': not a size: 'big'"),
        (["mkfs", "-", "out", "--byte-order", "pdp"], "mkboot: invalid value for '--byte-order'"),
        (["mkfs", "-", "out", "--geometry", "1,2"],
         "mkboot: --geometry wants 3 to 14 values, not 2"),
        (["compare", "a", "b", "--ignore", "colour"], "mkboot: no field is called 'colour'"),
        (["ls", "nothing-there"], "mkboot: nothing-there: no such file or directory"),
        (["--progress", "loud", "ls", "x"],
         "mkboot: --progress is auto, none, json or json:FD, not 'loud'"),
        (["ls", "x", "--progress", "json:987"],
         "mkboot: --progress json:987: descriptor 987 is not open"),
    ],
)  # fmt: skip
def test_usage(arguments: list[str], first: str) -> None:
    result = mkboot(*arguments, status=2)
    assert result.err.splitlines()[0].startswith(first)
    assert all(line.startswith(("mkboot: ", "hint: ")) for line in result.err.splitlines())
    assert len(result.err.splitlines()) <= 2
    assert result.raw == b""


def test_all_kinds_have_their_status() -> None:
    kinds = {CallerError: 2, InputError: 3, ProgramError: 4, StoppedError: 5, BugError: 70}
    assert {kind: kind.exit_code for kind in kinds} == kinds
    assert as_mkboot_error(ValueError("x")).exit_code == 70


PYTHON = [sys.executable, "-c", "from mkboot.cli.main import main; main()"]


def test_full_disk_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    env = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    for command in (["ls"], ["cat"], ["tar"]):
        path = ["/f"] if command == ["cat"] else []
        with open("/dev/full", "wb") as full:
            argv = [*PYTHON, *command, os.fspath(tmp_path), *path]
            done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, env=env)
        assert done.returncode == 5, (command, done)
        assert done.stderr.splitlines()[0] == "mkboot: No space left on device"
        assert len(done.stderr.splitlines()) == 2


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    for n in range(1000):
        (tmp_path / f"{n:0200}").touch()
    with subprocess.Popen(
        [*PYTHON, "ls", os.fspath(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_kill_ends_like_an_interrupt(number: signal.Signals, tmp_path: Path) -> None:
    """It waits on a fifo whose other end is never written; then it is told to stop."""
    code = (
        "import sys, time\n"
        "from mkboot.cli import main\n"
        "import mkboot.cli.ls as ls\n"
        "def wait(**_): print('ready', flush=True); time.sleep(60)\n"
        "ls.command.callback = wait\n"
        "sys.argv = ['mkboot', 'ls', 'x']\n"
        "main.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 5
    assert err.splitlines()[0] == "mkboot: interrupted"
