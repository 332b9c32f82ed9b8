# SPDX-License-Identifier: Apache-2.0
"""``mkboot restore``: phase 5, onto disk images."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, force_option, progress, say
from mkboot.errors import CallerError
from mkboot.model.sizes import parse_size, show_size
from mkboot.output import private_files
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.workflows.restore import DiskTarget

#: No disk is smaller, in bytes.
_SMALLEST = 1 << 20
_FORM = "c0t0d0=FILE, c0t0d0=FILE,9G or c0t0d0=FILE,9G,16x63"


@click.command(
    "restore",
    epilog="\b\nExample:\n  mkboot restore JOB --disk c0t0d0=new0.img --disk c0t1d0=new1.img,9G\n",
)
@click.argument("sets", metavar="SET", nargs=-1, required=True, type=PATH)
@click.option(
    "--disk",
    "disks",
    multiple=True,
    required=True,
    metavar="DISK=FILE[,SIZE[,HxS]]",
    help="Where a disk of the host goes: an image that is there and blank, or a new one of SIZE "
    "with this geometry. Without SIZE a new image is as large as the disk was.",
)
@force_option
def command(sets: tuple[Path, ...], disks: tuple[str, ...], force: bool) -> None:
    """Write the captured system straight onto disk images.

    SET is a job, a directory of volume images, or the images themselves.
    """
    from mkboot.workflows.restore import restore

    with private_files():
        done = restore(list(sets), [parse_disk(text) for text in disks], progress(), force=force)
    for disk in done.disks:
        how = "the label as it was" if disk.same else "a new label for this disk"
        say(f"{disk.name}: {show_size(disk.sectors * 512)}, {how}")
    for fs in done.file_systems:
        name = show(fs.mount) or "-"
        say(f"{fs.slice:10} {name:20} {fs.files:>8} files {show_size(fs.bytes):>10}")
    for line in done.manifest.system.left_out:
        say(f"not in the set: {line}")


def parse_disk(text: str) -> DiskTarget:
    """``c0t0d0=FILE[,SIZE[,HEADSxSECTORS]]``; a file that has that very name, commas and
    all, wins.
    """
    from mkboot.workflows.restore import DiskTarget

    name, equals, rest = text.partition("=")
    if not equals or not name or not rest:
        raise CallerError(f"--disk {text}: not a disk and its image", hint=f"for example {_FORM}")
    if "," not in rest or Path(rest).exists():
        return DiskTarget(name, Path(rest))
    found = re.fullmatch(r"(.+?),([0-9][0-9.]*[A-Za-z]*)(?:,(\d+)x(\d+))?", rest)
    if not found:
        raise CallerError(f"--disk {text}: no SIZE behind the comma", hint=f"for example {_FORM}")
    heads, nsect = (int(n) if n else None for n in (found[3], found[4]))
    if heads is not None and nsect is not None and not (0 < heads < 256 and 0 < nsect < 1024):
        raise CallerError(f"--disk {text}: no geometry that a label holds")
    size = parse_size(found[2])
    if size < _SMALLEST:
        raise CallerError(
            f"--disk {text}: a disk of {size} bytes is too small", hint="sizes are like 9.1GB"
        )
    return DiskTarget(name, Path(found[1]), size, heads, nsect)
