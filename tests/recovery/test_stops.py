# SPDX-License-Identifier: Apache-2.0
"""Commands that fail or do nothing: each stop is the one that the run book tells of, with what to
type next, and where the cause is gone the same line restores.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_bench import DISK, DRIVE, OTHER, TERMINATED, Bench, made_set
from run_book_lines import judge_stop, position, seen_lines

from mkboot.recovery.runstops import CASES
from mkboot.resources import resource

LABELS = "A disk has other slices on it, or no label"
WRITING = "Writing to a disk fails"
MEMORY = "Not enough memory, or /tmp is full"
ELSEWHERE = "A disk is in another place"
SLICES = ("c0t0d0s0", "c0t0d0s3", "c0t0d0s4")


@pytest.fixture
def sun(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "sun", *made_set({b"/": 2, b"/usr": 1, b"": 1}))


def break_command(sun: Bench, name: str, text: str) -> None:
    """From now on a command is this script; the old one is $OLD."""
    command = sun.top / "bin" / name
    old = command.rename(sun.top / f"{name}.old")
    command.write_text(f"#!/bin/sh\nOLD={old}\n{text}\n")
    command.chmod(0o755)


def mend_command(sun: Bench, name: str) -> None:
    (sun.top / f"{name}.old").replace(sun.top / "bin" / name)


def lines_of(sun: Bench) -> list[str]:
    return [line.removeprefix("mkboot: ") for line in sun.console.splitlines()]


def calls(sun: Bench) -> str:
    return (sun.top / "calls").read_text()


ERROR = "echo 'write error: 65600: I/O error' >&2; exit 1"
#: Command, what it does instead, is the disk blank; the case and which of its lines.
BROKEN = {
    "format does nothing": ("format", ":", True, LABELS, 0),
    "format is refused": ("format", "echo 'Cannot label disk'; exit 1", True, LABELS, 0),
    "fmthard refuses": ("fmthard", ERROR, False, LABELS, 1),
    "fmthard does nothing": ("fmthard", "exit 0", False, LABELS, 2),
    "newfs fails": ("newfs", ERROR, False, WRITING, 0),
    "newfs does nothing": ("newfs", ":", False, WRITING, 1),
    "no boot block": ("installboot", ERROR, False, WRITING, 3),
    "no boot block at the end": (
        "installboot", f'case $1 in */engine.root) exec $OLD "$@" ;; esac\n{ERROR}', False,
        WRITING, 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_command_that_fails_is_a_stop_of_the_run_book(sun: Bench, kind: str) -> None:
    name, text, blank, title, which = BROKEN[kind]
    if blank:
        sun.state["disks"][DISK]["label"] = None
    break_command(sun, name, text)
    assert sun.stage1() == 1
    judge_stop(title, lines_of(sun), which)
    assert "RESTORED" not in sun.console
    assert (
        lines_of(sun)[-1]
        == f"next: sh {sun.top}/cdrom/mkboot/restore (begins again from the start)"
    )
    if "I/O error" in text and kind != "no boot block":
        assert "  write error: 65600: I/O error" in sun.console
    mend_command(sun, name)
    assert sun.run(f"{sun.top}/cdrom/mkboot/restore") == TERMINATED, sun.console
    assert all(sun.fs(s).items() >= sun.expected(s).items() for s in SLICES[1:])


def test_no_disk_at_all(sun: Bench) -> None:
    del sun.state["disks"][DISK]
    sun.names({DRIVE: "c0t6d0"})
    assert sun.stage1() == 1
    judge_stop("No disk is found, or it asks which disk", lines_of(sun), 1)
    assert "format" not in calls(sun)


def test_tmp_that_no_swap_helps_is_told_before_a_file_is_restored(sun: Bench) -> None:
    """The first look counts the swap slices that will be added; here none can be."""
    sun.state["tmp"] = 0
    break_command(sun, "swap", f'[ "$1" = -a ] || exec $OLD "$@"\n{ERROR}')
    assert sun.stage1() == 1
    judge_stop(MEMORY, lines_of(sun), 2)
    assert re.search("cannot be swapped on; going on without it", sun.console)
    assert "fmthard" in calls(sun)
    assert "ufsrestore" not in calls(sun)


def test_a_reboot_that_does_not_come(sun: Bench) -> None:
    break_command(sun, "reboot", "exit 0")
    assert sun.stage1() == 1
    assert "RESTORED" in lines_of(sun)
    judge_stop("It does not reboot, or not from the disk", lines_of(sun))
    assert lines_of(sun)[-1] == "next: uadmin 2 1"


@pytest.mark.parametrize("blank", [True, False], ids=["blank", "labelled"])
def test_a_small_disk_has_at_most_a_label(sun: Bench, blank: bool) -> None:
    label = None if blank else sun.state["disks"][DISK]["label"]
    sun.state["disks"][DISK].update(spc=100, ncyl=90, label=label)
    assert sun.stage1() == 1
    judge_stop("A disk is too small", lines_of(sun))
    assert ("format " in calls(sun)) == blank
    assert not re.search("^(fmthard|newfs|installboot) ", calls(sun), re.M)
    text = next(c.text for c in CASES if c.title == "A disk is too small")
    assert "if it was blank, format has labelled it before" in text


def test_a_disk_in_another_place_is_told_and_the_book_says_what_then(sun: Bench) -> None:
    sun.state["disks"] = {OTHER: sun.state["disks"].pop(DISK)}
    sun.names({OTHER: "c0t9d0", DRIVE: "c0t6d0"})
    assert sun.stage1() == TERMINATED, sun.console
    position(seen_lines(ELSEWHERE)[0], lines_of(sun))
    assert "/devices/PATH:a,raw" in next(c.text for c in CASES if c.title == ELSEWHERE)
    assert any(line.startswith(f"c0t9d0 ({OTHER}) becomes c0t0d0") for line in lines_of(sun))


#: Stops that the run book has no case of their own for: they show that a plan or a disc was
#: altered, or that the console is gone, and the last case says what to do.
OTHER_STOPS = {
    "this is the plan of stage", "of the plan were made", "the plan tells of", "was not restored",
    "prtconf does not tell", "of an earlier run cannot be unmounted", "nobody answers",
    "no disk was found for", "nobody says which disk", "is not volume", "is not mounted",
    "$x_why", "segments", "left no restoresymtable", "cannot be unmounted",
    "cannot be written", "of its own", "cannot be copied", "is not what it was",
    "the paths cannot be kept", "cannot be made", "a set of strategy", "the plan has no end",
}  # fmt: skip


def test_every_stop_of_the_engine_is_in_the_run_book() -> None:
    """Each has a case of its own, or stands above; the last case is for those."""
    folder = resource("templates") / "jumpstart"
    names = ("engine", "engine.data", "engine.disk", "engine.root", "restore", "start")
    source = "".join((folder / name).read_text("utf-8") for name in names)
    stops = re.findall(r"(?m)^[^#\n]*\bstop ([\"'])(.*?)\1", source)
    assert len(stops) > 40
    assert CASES[-1].seen == ("mkboot: STOPPED: WHAT",)
    patterns = [p for c in CASES[:-1] for p in seen_lines(c.title) if p.startswith("STOPPED")]
    unknown = {
        text
        for _, text in stops
        if not any(re.fullmatch(p, "STOPPED: " + _filled(text)) for p in patterns)
    }
    assert {t for t in unknown if not any(o in t for o in OTHER_STOPS)} == set()
    assert {o for o in OTHER_STOPS if not any(o in t for t in unknown)} == set()


def _filled(text: str) -> str:
    """With something for each value; the list of commands begins with a blank."""
    return re.sub(r"\$\{[^}]*\}|\$\w+", "7", text.replace("lacks:", "lacks: "))
