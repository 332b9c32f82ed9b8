# SPDX-License-Identifier: Apache-2.0
"""``mkboot mkfs``."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, SIZE, force_option, progress, say
from mkboot.model.sizes import show_size


@click.command("mkfs", short_help="Make a Sun UFS image from a tree.")
@click.argument("tree")
@click.argument("out", type=PATH)
@click.option("--size", type=SIZE, help="Size of the image, like 650M or 32MiB.")
@click.option(
    "--geometry",
    metavar="SIZE,NSECT,NTRACK,...",
    help="mkfs' own arguments in mkfs' order; SIZE in sectors; 0x numbers are taken.",
)
@click.option("--byte-order", type=click.Choice(["be", "le"]), default="be", show_default=True)
@click.option("--gen", metavar="N", help="Generation of every inode, instead of random ones.")
@force_option
def command(
    tree: str,
    out: Path,
    size: int | None,
    geometry: str | None,
    byte_order: str,
    gen: str | None,
    force: bool,
) -> None:
    """Make the Sun UFS image OUT from TREE: a directory, a tar file, a dump, IMAGE:N as
    for ls, or - for an empty file system (root 0755 0:0).

    Without --size and --geometry it is just large enough.  lost+found is made unless
    TREE has one.  Every time that is not a file's own is SOURCE_DATE_EPOCH, or now.  The
    geometry is SIZE,NSECT,NTRACK,BSIZE,FRAGSIZE,CPG,FREE,RPS,NBPI,OPT,APC,GAP,NRPOS,
    MAXCONTIG; the last ones may be left out.

    \b
    Examples:
      mkboot mkfs root.tar root.ufs --size 64MiB
      mkboot mkfs - empty.ufs --geometry 65536,63,16,8192,1024,16,10,60,2048,t,0,0,8,16
    """
    from mkboot.workflows.mkfs import mkfs, parse_number

    generation = None if gen is None else parse_number(gen, "--gen")
    mkfs(
        tree,
        out,
        size=size,
        geometry=geometry,
        byte_order="big" if byte_order == "be" else "little",
        generation=generation,
        force=force,
        progress=progress(),
    )
    say(f"{out}: {show_size(out.stat().st_size)}")
