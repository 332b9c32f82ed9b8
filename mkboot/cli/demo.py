# SPDX-License-Identifier: Apache-2.0
"""``mkboot demo``: the whole way, on a made-up host."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, progress, say


@click.command("demo", epilog="\b\nExample:\n  mkboot demo /tmp/mkboot-demo\n")
@click.argument("folder", metavar="[DIR]", type=PATH, default=Path("mkboot-demo"))
def command(folder: Path) -> int:
    """Capture a made-up host, make its discs, boot them, restore, and compare.

    Everything is written into DIR (mkboot-demo), which must not exist.  Exit status 1 if
    anything did not hold.
    """
    from mkboot.workflows.demo import demo, report

    done = demo(folder, progress())
    for line in report(done).splitlines():
        say(line)
    return 1 if done.failed else 0
