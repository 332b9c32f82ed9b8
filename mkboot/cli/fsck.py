# SPDX-License-Identifier: Apache-2.0
"""``mkboot fsck``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import json_option, print_json, progress, say

if TYPE_CHECKING:
    from mkboot.formats.ufs.fsck import Fault, FsckReport, Phase


@click.command("fsck", short_help="Say what is wrong with a UFS, as fsck -n does.")
@click.argument("image", metavar="IMAGE[:N]")
@json_option
def command(image: str, as_json: bool) -> int:
    """Look for everything that is wrong with the UFS in IMAGE, or in slice N of it.

    All that Solaris' fsck -n looks at in its phases, and what it overlooks (marked so):
    free runs and rotational counts, every copy of the superblock, equal names, masks and
    tables that do not follow from the geometry.  Blocks are numbered by fragments.
    Nothing is written.  Exit status 1 if anything is wrong, 3 if there is no UFS.

    \b
    Examples:
      mkboot fsck root.ufs
      mkboot fsck disk.img:0 --json
    """
    from mkboot.workflows.fsck import fsck

    report = fsck(image, progress())
    if as_json:
        print_json(_document(report))
    else:
        _say(report)
    return 0 if report.clean else 1


def _say(report: FsckReport) -> None:
    from mkboot.formats.ufs.fsck import Phase

    for phase in Phase:
        say(f"** {phase.heading}{_looked(report, phase)}")
        for fault in report.faults:
            if fault.phase is phase:
                say(_line(fault))
    for code, more in _not_told(report).items():
        say(f"and {more} more of {code}")
    if not report.finished:
        say("stopped: no superblock can be used")
        return
    say(report.last_line())
    faults = sum(report.counts.values())
    say("clean" if report.clean else f"{faults} faults")


def _line(fault: Fault) -> str:
    path = f" '{fault.path}'" if fault.path else ""
    mark = " (fsck overlooks it)" if fault.overlooked else ""
    return f"{fault.code} {fault.place}{path}: {fault.message}{mark}"


def _looked(report: FsckReport, phase: Phase) -> str:
    """What a phase looked at, in brackets."""
    looked = report.looked
    counts = {
        "superblock": f"{looked.superblocks} superblocks",
        "1": f"{looked.inodes} inodes, {looked.fragments} fragments",
        "2": f"{looked.names} names",
        "3": f"{looked.directories} directories",
        "3b": f"{looked.acls} shadows",
        "4": f"{report.files} files",
        "5": f"{looked.groups} cylinder groups",
    }
    return f" ({counts[phase.value]})"


def _not_told(report: FsckReport) -> dict[str, int]:
    told: dict[str, int] = {}
    for fault in report.faults:
        told[fault.code] = told.get(fault.code, 0) + 1
    return {
        code: n - told.get(code, 0) for code, n in report.counts.items() if n > told.get(code, 0)
    }


def _document(report: FsckReport) -> dict[str, object]:
    return {
        "verdict": "clean" if report.clean else "faulty",
        "finished": report.finished,
        "byte_order": report.byte_order,
        "looked_at": asdict(report.looked),
        "counted": {
            "files": report.files,
            "used_fragments": report.used,
            "free_fragments": report.free,
            "free_blocks": report.free_blocks,
        },
        "faults": report.faults,
        "fault_counts": report.counts,
    }
