# SPDX-License-Identifier: Apache-2.0
"""``mkboot tar``."""

from __future__ import annotations

import sys

import click

from mkboot.cli.shared import message, progress, tell_losses
from mkboot.errors import CallerError
from mkboot.tree.names import show


@click.command("tar", short_help="Write any container as a tar stream.")
@click.argument("image")
def command(image: str) -> None:
    """Write all of IMAGE (as for ls) to standard output as a tar stream (pax).

    Owners, devices and times are kept whoever runs it; holes become zeros; sockets are
    left out and named.

    \b
    Examples:
      mkboot tar disk.img:0 > root.tar
      mkboot tar JOB:/export/home | tar xf - -C /srv
    """
    from mkboot.workflows.extract import tar

    if sys.stdout.isatty():
        raise CallerError("a tar stream is nothing for a terminal", hint="put > FILE behind it")
    done = tar(image, sys.stdout.buffer, progress())
    for path in done.sockets:
        message(f"not in the tar stream: socket {show(path)}")
    sys.stdout.buffer.flush()
    tell_losses(done.losses)
