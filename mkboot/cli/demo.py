# SPDX-License-Identifier: Apache-2.0
"""``mkboot demo``: the whole way, on a made-up host."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, progress, say
from mkboot.output import private_files


@click.command("demo", epilog="\b\nExample:\n  mkboot demo /tmp/mkboot-demo\n")
@click.argument("folder", metavar="[DIR]", type=PATH, default=Path("mkboot-demo"))
@force_option
def command(folder: Path, force: bool) -> int:
    """Capture a made-up host, make its discs, boot them, restore, and compare.

    Everything is written into DIR (mkboot-demo), which must not exist; --force removes an
    earlier demo's.  Exit status 1 if anything did not hold.
    """
    from mkboot.workflows.demo import demo, report

    with private_files():
        done = demo(folder, progress(), force=force)
    for line in report(done).splitlines():
        say(line)
    return 1 if done.failed else 0
