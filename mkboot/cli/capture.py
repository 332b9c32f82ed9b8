# SPDX-License-Identifier: Apache-2.0
"""``mkboot capture``: phase 3."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, message, progress, say
from mkboot.model.sizes import show_size
from mkboot.output import private_files
from mkboot.tree.names import show


@click.command(
    "capture", epilog="\b\nExamples:\n  mkboot capture JOB\n  mkboot capture JOB --level 1\n"
)
@click.argument("job", type=PATH)
@click.option("--resume", is_flag=True, help="Keep the file systems that are captured already.")
@click.option(
    "--level",
    type=click.IntRange(0, 9),
    default=0,
    metavar="N",
    help="Add what has changed since the youngest lower level (1 to 9).",
)
@click.option(
    "--accept-unclean",
    "accept",
    multiple=True,
    metavar="SLICE",
    help="Capture this file system although it is not clean; the set will say so.",
)
@force_option
def command(job: Path, resume: bool, level: int, accept: tuple[str, ...], force: bool) -> None:
    """Take the host's file systems as dumps into JOB/capture.

    A later level is read from the job's disk images as they are now, and is restored after
    the levels that it builds on.
    """
    from mkboot.workflows.capture import capture

    with private_files():
        done = capture(
            job, progress(), resume=resume, force=force, accept_unclean=accept, level=level
        )
    for fs in done.system.file_systems:
        dump = fs.dumps[-1]
        say(
            f"{fs.slice:10} {show(fs.mount) or '-':20} {show_size(dump.size):>10}"
            f" {dump.inodes:>8} inodes in {len(dump.segments)} segments, level {dump.level}"
        )
        if fs.accepted:
            say(f"  accepted although it was {fs.accepted}")
    for line in done.system.left_out:
        say(f"not captured: {line}")
    say()
    again = " --force" if (job / "set").exists() else ""
    say(f"{job / 'capture'} is complete; next: mkboot build {job}{again}")
    message(
        "The capture holds password hashes and host keys: its directory is closed to others, "
        "keep it and the discs so."
    )
