# SPDX-License-Identifier: Apache-2.0
"""``mkboot cat``."""

from __future__ import annotations

import sys

import click


@click.command("cat", short_help="Print a file from any container.")
@click.argument("image")
@click.argument("path", required=False)
def command(image: str, path: str | None) -> None:
    """Print the file at PATH in IMAGE (as for ls) as it is; SET:/PATH needs no PATH.

    Symbolic links are followed inside the container.

    \b
    Examples:
      mkboot cat disk.img:0 /etc/vfstab
      mkboot cat JOB:/etc/hosts
    """
    from mkboot.workflows.extract import cat

    cat(image, path, sys.stdout.buffer.write)
    sys.stdout.buffer.flush()
