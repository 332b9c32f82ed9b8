# SPDX-License-Identifier: Apache-2.0
"""``mkboot rehearse``: does the disc bring the system back?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.dryrun import tell_disk
from mkboot.cli.restore import parse_disk
from mkboot.cli.shared import PATH, force_option, json_option, print_json, progress, say
from mkboot.output import private_files
from mkboot.tree.names import show

if TYPE_CHECKING:
    from mkboot.rehearsal.verdict import Rehearsed
    from mkboot.workflows.rehearse_install import Installed

#: The shells that the disc's scripts are read by; each is the workstation's own program.
SHELLS = ("dash", "busybox", "posh")

#: Seconds after which a rehearsal is given up, unless others are given.
TIMEOUT: float = 14_400

EPILOG = """\b
Examples:
  mkboot rehearse JOB
  mkboot rehearse JOB --out /tmp/rehearsal
  mkboot rehearse JOB --fault flip=2 --fault power-cut=restore-c0t0d0s7-0
  mkboot rehearse volume-1.iso volume-2.iso --machine spare.toml --disk c0t0d0=new.img,9GB
  mkboot rehearse web.iso --host web01.toml

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
@click.option("--machine", metavar="HOST.toml", type=PATH, help="The machine, as a HOST file.")
@click.option(
    "--host",
    metavar="HOST.toml",
    type=PATH,
    help="SET is an install disc (mkboot custom): which rule of it this machine, a HOST file, "
    "comes to, what the scripts do, and what would be asked.",
)
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
    metavar="SECONDS",
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
    host: Path | None,
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

    With --host SET is an install disc: the install environment's own search is played on that
    machine, up to where packages would be installed.  Exit status 1 unless the verdict is
    installs.
    """
    if host is not None:
        _refuse_with_host(sets, disks, machine, faults, out, by_hand=by_hand)
        return _install(sets[0], host, shell, timeout, as_json=as_json)
    from mkboot.rehearsal.verdict import Word
    from mkboot.workflows.rehearse import Request, rehearse

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


def _refuse_with_host(
    sets: tuple[Path, ...],
    disks: tuple[str, ...],
    machine: Path | None,
    faults: tuple[str, ...],
    out: Path | None,
    *,
    by_hand: bool,
) -> None:
    """An install disc is one image, and nothing is restored from it."""
    if len(sets) != 1:
        raise click.UsageError("--host wants one install disc")
    if disks or machine or faults or out or by_hand:
        raise click.UsageError(
            "--host does not go with --disk, --machine, --fault, --out or --by-hand"
        )


def _install(disc: Path, host: Path, shell: str, timeout: float, *, as_json: bool) -> int:
    """Play the install environment on the machine ``host``; the exit status."""
    from mkboot.workflows.rehearse_install import Verdict, rehearse_install

    with private_files():
        seconds = min(timeout, TIMEOUT)
        found = rehearse_install(disc, host, progress(), shell=shell, seconds=seconds)
    if as_json:
        print_json(found.as_json())
    else:
        _tell_install(found)
    return 0 if found.verdict is Verdict.INSTALLS else 1


def _tell_install(found: Installed) -> None:
    record = found.record
    say(f"typed     {found.typed}")
    if record.rule:
        say(f"rule      {record.rule}")
        say(f"begin     {record.begin}")
        say(f"profile   {record.profile}")
        say(f"finish    {record.finish}")
    for script in record.scripts:
        ended = script.problem if script.status is None else f"ended with status {script.status}"
        say(f"{script.which} script {script.name}: {ended}")
    for disk in found.layout.disks if found.layout is not None else ():
        tell_disk(disk)
    say(f"questions {len(record.asked)}")
    for title, lines in (
        ("asked", record.asked),
        ("note", found.notes),
        ("problem", found.problems),
        ("assumed", record.assumed),
    ):
        for line in lines:
            say(f"{title}: {line}")
    say(f"{found.verdict}: {record.reason}" if record.reason else str(found.verdict))


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
