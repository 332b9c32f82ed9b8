# SPDX-License-Identifier: Apache-2.0
"""Mounts are the kernel's: busy is busy, and what was changed is flushed."""

from __future__ import annotations

import pytest
from machines import SHELLS, inside, on_a_machine, run_script

pytestmark = [on_a_machine, pytest.mark.parametrize("shell", SHELLS)]


def mounting(shell: str, script: str, **more: object) -> dict[str, object]:
    return dict(inside("mounting", {"shell": shell, "script": script, **more}))


def test_what_was_written_is_flushed(shell: str) -> None:
    ran = mounting(shell, "echo new > /a/new; umount /a; echo $?; echo /a/*")
    assert ran["lines"] == ["0", "/a/*"]
    assert ran["flushed"] == ["new\n"]
    assert "/a" not in str(ran["table"])
    assert not any(str(n).startswith("fs1") for n in ran["left"])  # type: ignore[attr-defined]


def test_what_nobody_changed_is_not(shell: str) -> None:
    ran = mounting(shell, "cat /a/etc/passwd > /tmp/x; umount /a; echo $?")
    assert ran["lines"] == ["0"] and ran["flushed"] == []


def test_busy_is_who_stands_in_it(shell: str) -> None:
    ran = mounting(shell, "cd /a/etc; umount /a; echo $?; cd /; umount /a; echo $?")
    assert ran["lines"] == ["umount: Device or resource busy", "1", "0"]


def test_busy_is_an_open_file(shell: str) -> None:
    ran = mounting(shell, "exec 3> /a/f; umount /a; echo $?; exec 3>&-; umount /a; echo $?",
                   file="/f")  # fmt: skip
    assert ran["lines"] == ["umount: Device or resource busy", "1", "0"]
    assert ran["flushed"] == [""]


def test_busy_is_a_background_process(shell: str) -> None:
    ran = mounting(
        shell, "(cd /a; slow 1) & slow 0.3; umount /a; echo $?; wait; umount /a; echo $?"
    )
    assert ran["lines"] == ["umount: Device or resource busy", "1", "0"]


def test_read_only_is_read_only(shell: str) -> None:
    ran = mounting(shell, "{ echo x > /a/new; } 2>/dev/null || echo no", a_read_only=True)
    assert ran["lines"] == ["no"] or ran["status"] != 0
    assert ran["flushed"] == []


def test_going_down_flushes(shell: str) -> None:
    ran = mounting(shell, "echo new > /a/new", down=True)
    assert ran["flushed"] == ["new\n"] and ran["table"] == ""


def test_a_power_cut_does_not(shell: str) -> None:
    ran = mounting(shell, "echo new > /a/new", power_cut=True)
    assert ran["flushed"] == [] and ran["table"] == ""


def test_the_power_fails_in_the_middle(shell: str) -> None:
    ran = inside("cut", {"shell": shell, "script": "slow 1 & echo now; slow 3; echo after"})
    assert ran["kind"] == "power-cut" and ran["left"] == 0 and ran["mounts"] == 0
    assert ran["status"] == 128 + 9


@pytest.mark.parametrize(("release", "kernel"), [("7", False), ("8", True)])
def test_mnttab(shell: str, release: str, kernel: bool) -> None:
    ran = mounting(shell, "cat /etc/mnttab; (echo x >> /etc/mnttab) 2>/dev/null && echo written",
                   release=release)  # fmt: skip
    lines = [line.split("\t") for line in ran["lines"]]  # type: ignore[attr-defined]
    rows = [line for line in lines if len(line) == 5]
    assert [r[:3] for r in rows if r[0] != "mnttab"] == [
        ["/dev/dsk/c0t6d0s0", "/", "ufs"], ["/dev/dsk/c0t0d0s0", "/a", "ufs"],
    ]  # fmt: skip
    assert all(r[4].isdigit() for r in rows)
    assert (["mnttab", "/etc/mnttab", "mntfs"] in [r[:3] for r in rows]) is kernel
    assert (["written"] in lines) is not kernel


def test_the_hidden_directory_is_not_collected(shell: str) -> None:
    ran = run_script("[ -d /.mk ] && echo hidden", shell)
    assert ran.lines == ["hidden"]
