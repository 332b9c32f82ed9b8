# SPDX-License-Identifier: Apache-2.0
"""``mkboot burn``: phase 4, second half, the discs themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.listeners import printable
from mkboot.cli.shared import (
    PATH,
    force_option,
    json_option,
    message,
    print_json,
    progress,
    say,
)
from mkboot.errors import CallerError, StoppedError
from mkboot.media.burn.emulators import CD_TARGET, Emulator
from mkboot.model.sizes import show_size

if TYPE_CHECKING:
    from mkboot.media.burn.drives import Drive
    from mkboot.workflows.burn import Burnt, Outcome
    from mkboot.workflows.burn_discs import Disc
    from mkboot.workflows.emulate import Emulated

EPILOG = """\b
Examples:
  mkboot burn JOB --drive /dev/sr0
  mkboot burn volume-1.iso --drive /dev/sr0 --speed 8
  mkboot burn JOB --drive stdio:disc.img --only 1
  mkboot burn JOB --drive /media/card --emulator zuluscsi
"""


@click.command("burn", epilog=EPILOG)
@click.argument("images", metavar="JOB|IMAGE...", type=PATH, nargs=-1, required=True)
@click.option(
    "--drive",
    required=True,
    metavar="DEVICE|stdio:FILE|DIR",
    help="The burner, a file that plays the disc, or with --emulator a folder.",
)
@click.option("--speed", type=float, metavar="N", help="Times single speed; chosen unless given.")
@click.option(
    "--program",
    type=click.Choice(["xorriso", "cdrskin", "wodim"]),
    help="What writes; the first that is installed unless given.",
)
@click.option("--blank", is_flag=True, help="Erase a rewritable disc that is not blank.")
@click.option("--only", type=int, multiple=True, metavar="N", help="This disc of the set only.")
@click.option(
    "--emulator",
    type=click.Choice([e.value for e in Emulator]),
    help="Copy the images for an emulated drive, and say how it is set up.",
)
@click.option(
    "--target",
    type=click.IntRange(0, 7),
    default=CD_TARGET,
    show_default=True,
    help="The SCSI target of the emulated drive.",
)
@json_option
@force_option
def command(
    images: tuple[Path, ...],
    drive: str,
    speed: float | None,
    program: str | None,
    blank: bool,
    only: tuple[int, ...],
    emulator: str | None,
    target: int,
    as_json: bool,
    force: bool,
) -> int:
    """Write discs, and read every byte back.

    The drive is asked first what is in it; a disc that is too small or not blank is
    refused.  Of a job or a directory of volumes the discs are burnt one after the other;
    those that are burnt and proved already are left out, unless --force is given.  Exit
    status 1 if a disc does not hold what was written on it.
    """
    if emulator is not None:
        for name, given in (("--speed", speed), ("--program", program), ("--blank", blank)):
            if given:
                raise CallerError(f"{name} and --emulator do not go together")
        return _emulate(images, Path(drive), Emulator(emulator), target, only, as_json, force)
    from mkboot.output import private_files
    from mkboot.workflows.burn import Wishes, burn

    wishes = Wishes(drive, program, speed, blank, force, only)
    person = Terminal() if sys.stdin is not None and sys.stdin.isatty() else None
    with private_files():
        done = burn(images, wishes, progress(), person)
    if as_json:
        print_json(done.as_json())
    else:
        _say(done)
    return 0 if done.sound else 1


class Terminal:
    """The person before the terminal."""

    def insert(self, disc: Disc, drive: Drive, why: str) -> None:
        """Ask for a blank disc."""
        if why:
            message(why)
        message(f"what to write on the next disc: {disc.inscription}")
        _ask(f"put a blank disc for disc {disc.number} of {disc.of} into {drive.path}")

    def push_tray(self, drive: Drive) -> None:
        """Ask for the tray to be pushed in."""
        _ask(f"push the tray of {drive.path} in again, with the same disc")


def _ask(text: str) -> None:
    sys.stderr.write(printable(f"{text}, then press Return: "))
    sys.stderr.flush()
    if not sys.stdin.readline():
        raise StoppedError("nobody answers", hint="the same command goes on with this disc")


def _say(done: Burnt) -> None:
    for each in done.outcomes:
        _say_disc(each)
    if not done.sound:
        say("next: another disc, or a slower --speed, with the same command")


def _say_disc(each: Outcome) -> None:
    from mkboot.media.burn.readback import lines_of

    disc = each.disc
    where = f"disc {disc.number} of {disc.of}: {disc.image.name} on {each.drive}"
    if each.proof is None:
        say(f"{where}: burnt and proved before")
        return
    how = f"{each.medium}, {each.speed.factor:g}x" if each.speed else each.medium
    if each.proof.sound:
        size = show_size(disc.size)
        say(f"{where} ({how}): proved, {size} read back are the same to the last byte")
        say(f"  write on it: {disc.inscription}")
        return
    lost = disc.size - each.proof.same
    say(f"{where} ({how}): bad, {lost} of its {disc.size} bytes are not on it")
    for line in lines_of(each.proof):
        say(f"  {line}")


def _emulate(
    images: tuple[Path, ...],
    folder: Path,
    emulator: Emulator,
    target: int,
    only: tuple[int, ...],
    as_json: bool,
    force: bool,
) -> int:
    from mkboot.output import private_files
    from mkboot.workflows.emulate import emulate

    with private_files():
        done = emulate(images, folder, emulator, progress(), target=target, only=only, force=force)
    if as_json:
        print_json(done.as_json())
    else:
        _say_emulated(done)
    return 0


def _say_emulated(done: Emulated) -> None:
    for disc, path in zip(done.discs, done.files, strict=True):
        say(f"{path}  {show_size(disc.size):>9}  {disc.inscription}")
    say()
    say(f"in {done.settings.file}:" if done.settings.file else "to type:")
    for line in done.settings.lines:
        say(f"  {line}")
    for note in done.settings.notes:
        say(f"note: {note}")
