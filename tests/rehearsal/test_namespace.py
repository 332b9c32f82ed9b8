# SPDX-License-Identifier: Apache-2.0
"""The child process: apart from the workstation, bounded, and gone at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machines import inside, on_a_machine

from mkboot import run as door
from mkboot.errors import BugError, InputError, ProgramError, StoppedError
from mkboot.rehearsal import namespace
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import Json

TESTS = Path(__file__).parent.parent


@on_a_machine
def test_the_child_is_alone() -> None:
    events: list[Json] = []
    seen = run_inside("machine_inside:looks_around", {}, events.append, seconds=60, memory=1 << 22)
    assert seen["pid"] == 1 and seen["pids"] == [] and seen["uid"] == 0
    assert seen["size"] == 1 << 22
    assert set(seen["interfaces"]) <= {"lo"} or "eth0" in os.listdir("/sys/class/net")
    assert events == [{"event": "hello", "text": "from inside"}]


@on_a_machine
def test_nothing_is_left_on_the_workstation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = Path("/proc/self/mountinfo").read_text()
    inside("looks_around", {})
    assert list(tmp_path.iterdir()) == []
    assert Path("/proc/self/mountinfo").read_text() == before


@on_a_machine
def test_errors_come_through_as_they_are() -> None:
    with pytest.raises(InputError, match="slice 1: is broken") as caught:
        inside("complains", {"kind": "input"})
    assert caught.value.hint == "mend it"
    with pytest.raises(BugError, match="ZeroDivisionError: surprise"):
        inside("complains", {"kind": "bug"})
    with pytest.raises(ProgramError, match="status 9"):
        inside("complains", {"kind": "exit"})
    with pytest.raises(BugError, match="no task"):
        inside("nothing", {})


@on_a_machine
def test_it_is_bounded_in_time() -> None:
    before = time.monotonic()
    with pytest.raises(ProgramError, match="still running"):
        inside("complains", {"kind": "sleep"}, seconds=1)
    assert time.monotonic() - before < 20


@on_a_machine
def test_it_is_bounded_in_room() -> None:
    with pytest.raises(StoppedError, match="No space left"):
        inside("fills_memory", {}, memory=4 << 20)


@on_a_machine
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_goes_with_its_parent(how: signal.Signals, tmp_path: Path) -> None:
    script = (
        "from machines import inside\n"
        "print('ready', flush=True)\n"
        "inside('complains', {'kind': 'sleep'})\n"
    )
    path = os.pathsep.join([str(TESTS), *sys.path])
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
    mine = lambda: [p for p in Path("/proc").glob("[0-9]*/environ") if marked(p, tmp_path)]  # noqa: E731
    wait_for(lambda: len(mine()) >= 3)
    parent.send_signal(how)
    parent.wait()
    wait_for(lambda: not mine())


def marked(environ: Path, tmp_path: Path) -> bool:
    try:
        return f"TMPDIR={tmp_path}".encode() in environ.read_bytes().split(b"\0")
    except OSError:
        return False


def wait_for(condition: object) -> None:
    assert callable(condition)
    for _ in range(300):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_where_it_is_not_allowed_there_are_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "unshare"
    program.write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramError, match="Operation not permitted") as caught:
        namespace.allowed()
    assert "kernel.unprivileged_userns_clone=1" in str(caught.value.hint)
    assert "apparmor_restrict_unprivileged_userns=0" in str(caught.value.hint)
    assert "as root" in str(caught.value.hint)
    program.unlink()
    with pytest.raises(ProgramError, match="unshare is not installed") as caught:
        namespace.allowed()
    assert caught.value.hint == "apt-get install util-linux"


@pytest.mark.parametrize("said", ["not json", "[1]", json.dumps({"event": "result", "result": 3})])
def test_nonsense_from_the_child_is_a_bug(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "unshare"
    program.write_text(f"#!/bin/sh\nread order\ncat <<'E'\n{said}\nE\n")
    program.chmod(0o755)
    monkeypatch.setattr(namespace, "allowed", lambda: ())
    monkeypatch.setattr(namespace, "require_program", lambda _name: program)
    with pytest.raises(BugError, match="told"):
        run_inside("x:y", {}, lambda _event: None, seconds=20)


def test_talking_says_what_a_program_said() -> None:
    with pytest.raises(ProgramError, match="status 3: oh no"):  # noqa: SIM117
        with door.talking(["sh", "-c", "echo a; echo oh no >&2; exit 3"], b"", seconds=20) as lines:
            assert list(lines) == [b"a"]
    with door.talking(
        ["sh", "-c", "read x; echo got $x; read y; exit 1"], b"this", seconds=20
    ) as lines:
        assert next(lines) == b"got this"
