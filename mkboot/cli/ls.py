# SPDX-License-Identifier: Apache-2.0
"""``mkboot ls``."""

from __future__ import annotations

import click

from mkboot.cli.shared import say, tell_losses


@click.command("ls", short_help="List files in any container, or the slices of a disk.")
@click.option("-l", "long", is_flag=True, help="Type, mode, links, owner, size, time (UTC) too.")
@click.option("-R", "recursive", is_flag=True, help="All that lies below, with full paths.")
@click.argument("image")
@click.argument("path", required=False)
def command(image: str, path: str | None, long: bool, recursive: bool) -> None:
    """List the files at PATH in IMAGE, or the slices of a disk.

    IMAGE is a disc or disk image, a UFS slice, a dump, a tar file, a directory; IMAGE:N
    is slice N of it; SET:/PATH is a path on the host that a recovery set was made of.
    A directory's size is not shown: it differs between containers.

    \b
    Examples:
      mkboot ls disk.img
      mkboot ls -lR disk.img:0 /etc
      mkboot ls -l JOB:/export/home
    """
    from mkboot.workflows.extract import reach_at
    from mkboot.workflows.listing import list_files, list_slices
    from mkboot.workflows.reach import Container

    reached, where = reach_at(image, path)
    if reached.kind is Container.DISK and path is None:
        lines = list_slices(reached.slices)
    else:
        lines = list_files(reached.files(), where, long=long, recursive=recursive)
    for line in lines:
        say(line)
    tell_losses(reached.losses)
