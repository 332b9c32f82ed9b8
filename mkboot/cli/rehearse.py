# SPDX-License-Identifier: Apache-2.0
"""``mkboot rehearse``: does the disc bring the system back?"""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.restore import parse_disk
from mkboot.cli.shared import PATH, force_option, json_option, print_json, progress, say
from mkboot.output import private_files
from mkboot.rehearsal.verdict import Rehearsed, Word
from mkboot.tree.names import show
from mkboot.workflows.rehearse import TIMEOUT, Request, rehearse

#: The shells that the disc's scripts are read by; each is the workstation's own program.
SHELLS = ("dash", "busybox", "posh")

EPILOG = """\b
Examples:
  mkboot rehearse JOB
  mkboot rehearse JOB --out /tmp/rehearsal
  mkboot rehearse JOB --fault flip=2 --fault power-cut=restore-c0t0d0s7-0
  mkboot rehearse volume-1.iso volume-2.iso --machine spare.toml --disk c0t0d0=new.img,9GB

\b
Faults: flip=VOLUME (a byte of a segment), wrong-disc=VOLUME, no-disc=VOLUME,
power-cut=STEP, no-command=NAME, bad-sector=VOLUME, renumber-controllers.
"""


@click.command("rehearse", epilog=EPILOG)
@click.argument("sets", metavar="SET", nargs=-1, required=True, type=PATH)
@click.option(
    "--disk",
    "disks",
    multiple=True,
    metavar="DISK=FILE[,SIZE[,HxS]]",
    help="A disk of the machine: a copy of an image that is there, or a blank one of SIZE that "
    "is FILE afterwards. Without any, blank disks as they were captured.",
)
@click.option("--machine", metavar="FILE", type=PATH, help="The machine, as a HOST file.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[=ARG]",
    help="Something that goes wrong; may be given several times.",
)
@click.option(
    "--out", metavar="DIR", type=PATH, help="Keep the report, the console and the disks here."
)
@click.option(
    "--by-hand",
    is_flag=True,
    help="Boot single-user and type the restore (plan B), not hands-free.",
)
@click.option(
    "--shell",
    type=click.Choice(SHELLS),
    default="dash",
    show_default=True,
    help="What reads the disc's scripts.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1, max=604_800),
    default=TIMEOUT,
    show_default=True,
    help="Seconds after which it is given up.",
)
@json_option
@force_option
def command(
    sets: tuple[Path, ...],
    disks: tuple[str, ...],
    machine: Path | None,
    faults: tuple[str, ...],
    out: Path | None,
    by_hand: bool,
    shell: str,
    timeout: float,
    as_json: bool,
    force: bool,
) -> int:
    """Have the disc's own scripts restore SET on an emulated machine, and judge the outcome.

    SET is a job, a directory of volume images, or the images themselves.  The disks that
    come out are compared with the source, file by file, and firmware boots them.  Exit
    status 1 unless the verdict is restored.
    """
    request = Request(
        sets=sets,
        disks=tuple(parse_disk(text) for text in disks),
        machine=machine,
        faults=faults,
        out=out,
        arguments=("-s",) if by_hand else (),
        shell=shell,
        seconds=timeout,
        force=force,
    )
    with private_files():
        done = rehearse(request, progress())
    if as_json:
        print_json(done.as_json())
    else:
        _tell(done, out)
    return 0 if done.verdict is Word.RESTORED else 1


def _tell(done: Rehearsed, out: Path | None) -> None:
    for fs in done.judgement.file_systems:
        name = show(fs.mount) or "-"
        say(f"{fs.device:10} {name:20} {fs.files_restored:>8} of {fs.files_expected} as they were")
        for line in fs.differences:
            say(f"  {line}")
    for disk in done.judgement.disks:
        for line in disk.differences:
            say(f"{disk.name}: {line}")
    words = {True: "yes", False: "no", None: "not tried"}
    say(f"questions {done.run.questions}, disc changes {done.run.disc_changes}, "
        f"firmware boots the disk: {words[done.boots]}")  # fmt: skip
    for line in done.run.assumed:
        say(f"assumed: {line}")
    say(f"{len(done.run.assumed)} behaviours assumed")
    say(f"{done.verdict}: {done.reason}" if done.reason else str(done.verdict))
    if out is not None:
        say(f"report: {out / 'report.html'}")
