# SPDX-License-Identifier: Apache-2.0
"""``mkboot status``: how far a job is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, json_option, print_json, say
from mkboot.model.sizes import show_size
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.workflows.status import Status


@click.command("status", epilog="\b\nExample:\n  mkboot status JOB\n")
@click.argument("job", type=PATH)
@json_option
def command(job: Path, as_json: bool) -> None:
    """Say what of a job is done and which command comes next."""
    from mkboot.workflows.status import REHEARSAL, status

    found = status(job)
    if as_json:
        print_json(found)
        return
    say(f"job {found.name}: media {found.media}, strategy {found.strategy}")
    for fs in found.file_systems:
        if not fs.include:
            state = "left out"
        else:
            state = f"captured, {show_size(fs.size)}" if fs.captured else "to be captured"
            if fs.levels not in ((), (0,)):
                state += ", levels " + " ".join(str(level) for level in fs.levels)
        say(f"  {fs.slice:10} {show(fs.mount) or '-':20} {state}")
    for volume in found.volumes:
        burnt = f"  burnt {volume.burnt}" if volume.burnt else ""
        say(f"  {volume.file:20} {show_size(volume.size)}{burnt}")
    if found.rehearsal:
        say(f"rehearsal: {found.rehearsal} ({job / REHEARSAL / 'report.html'})")
    _tell_next(job, found)


def _tell_next(job: Path, found: Status) -> None:
    if not found.next:
        say(f"every disc is burnt and proved: print {job / 'set' / 'runbook.html'} too")
        return
    say(f"next: {found.next}")
    for command_line in found.then:
        say(f"then: {command_line}")
