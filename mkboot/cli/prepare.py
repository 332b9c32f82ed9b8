# SPDX-License-Identifier: Apache-2.0
"""``mkboot prepare``: phase 1."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, force_option, print_findings, progress, say
from mkboot.errors import CallerError
from mkboot.model.job import STRATEGIES, SourceDisk
from mkboot.model.packing import Packing
from mkboot.model.sizes import DEFAULT_MEDIUM, show_size
from mkboot.output import private_files
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.workflows.prepare import Prepared


@click.command(
    "prepare",
    epilog="\b\nExample:\n  mkboot prepare JOB --base sol-8-u7.iso --source c0t0d0=disk0.img\n",
)
@click.argument("job", type=PATH)
@click.option(
    "--base",
    metavar="FILE",
    type=PATH,
    required=True,
    help="The Solaris install disc to boot from.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    required=True,
    metavar="DISK=FILE",
    help="A disk of the host, by the name it has there, as an image. Once per disk.",
)
@click.option(
    "--media",
    metavar="MEDIUM",
    default=DEFAULT_MEDIUM,
    show_default=True,
    help="cd650, cd700, dvd, dvd-dl, or a size such as 650M.",
)
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default="auto",
    show_default=True,
    help="single: one disc; root-first: the root from disc 1, the rest by the restored system; "
    "two-drive: by hand, the rest from a second drive; auto: single, else root-first.",
)
@click.option(
    "--compress",
    type=click.Choice([p.value for p in Packing]),
    default=Packing.NONE.value,
    show_default=True,
    help="Compress the segments on the discs; gzip is undone by Solaris 8 and later only.",
)
@click.option("--name", metavar="NAME", help="What to call the job; else the host's name.")
@click.option(
    "--nvram",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="What eeprom, prtconf -pv or hostid printed on the host, or banner, printenv or devalias "
    "at its PROM, for the run book's page on a dead NVRAM. Once per file.",
)
@force_option
def command(
    job: Path, base: Path, sources: tuple[str, ...], media: str, strategy: str,
    compress: str, name: str | None, nvram: tuple[Path, ...], force: bool,
) -> None:  # fmt: skip
    """Check everything that can be checked now, plan the volumes, write JOB/job.toml."""
    from mkboot.workflows.prepare import Request, prepare

    disks = tuple(map(parse_source, sources))
    request = Request(base, disks, media, strategy, name, nvram, Packing(compress))
    with private_files():
        done = prepare(job, request, progress(), force=force)
    _tell(done)
    say()
    say(f"{job / 'job.toml'} is written; look at it, then: mkboot capture {job}")


def parse_source(text: str) -> SourceDisk:
    """``c0t0d0=FILE``; other kinds of source are refused by name."""
    if text.startswith(("ssh://", "rsh://", "kit:")):
        raise CallerError(
            f"--source {text}: live hosts cannot be captured yet",
            hint="copy the host's disks to images and give c0t0d0=FILE",
        )
    disk, equals, file = text.partition("=")
    if not equals or not disk or not file:
        raise CallerError(f"--source {text}: not DISK=FILE", hint="for example c0t0d0=disk0.img")
    return SourceDisk(disk, os.fsencode(file))


def _sizes(done: Prepared) -> list[tuple[int, int]]:
    return [(fs.dump, fs.stored) for fs in done.file_systems]


def _tell_commands(done: Prepared) -> None:
    """What the discs' scripts run and the install disc lacks."""
    taken = [b.file.rpartition("/")[2] for b in done.borrowing.files]
    if taken:
        say(f"borrowed  {' '.join(taken)} (the install disc lacks them, the host has them)")
    lost = [each.need.name for each in done.borrowing.missing]
    if lost:
        say(f"missing   {', '.join(dict.fromkeys(lost))}")


def _tell(done: Prepared) -> None:
    say(f"host      {done.host}, Solaris {done.release or 'unknown'}")
    say(f"base      Solaris {done.base_release}, layout {done.layout}")
    say(f"strategy  {done.strategy}")
    say(f"volumes   {done.volumes} (estimated)")
    packing = done.job.compress
    if packing is not Packing.NONE:
        raw, stored = (sum(sizes) for sizes in zip(*_sizes(done), strict=True))
        say(f"compress  {packing}: {show_size(raw)} become {show_size(stored)} (estimated)")
    _tell_commands(done)
    say()
    say(f"{'slice':10} {'mount':20} {'dump':>10} {'inodes':>8} stage volumes  state")
    for fs in done.file_systems:
        size, first, last = show_size(fs.dump), fs.volumes[0], fs.volumes[-1]
        discs = f"{first}" if first == last else f"{first}-{last}"
        say(
            f"{fs.slice:10} {show(fs.mount) or '-':20} {size:>10} {fs.inodes:>8} "
            f"{fs.stage:>5} {discs:>7}  {fs.state}"
        )
    if done.findings:
        say()
        print_findings(done.findings)
