# SPDX-License-Identifier: Apache-2.0
"""Starting the machine: from a disc, and from the disk that boot-device names.

Each start begins with all power on and nothing mounted, and leaves it so, whatever happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mkboot.rehearsal import miniroot, suninstall
from mkboot.rehearsal.installed import start_installed
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.prom import Booted, NoBoot, boot_disc, boot_disk, find_device
from mkboot.rehearsal.starting import End, Ended, ended_by, go_down, units

#: What a PROM has where nobody changed it.
DEFAULTS = {
    b"auto-boot?": b"true",
    b"boot-device": b"disk net",
    b"boot-file": b"",
    b"diag-switch?": b"false",
}
#: What a person types in the single-user shell of a disc: the second way to restore.
PLAN_B = b"sh /cdrom/mkboot/restore"


def boot_cdrom(
    machine: Machine,
    arguments: Sequence[str],
    ask: Callable[[str], None],
    change: miniroot.Change = lambda tree: tree,
) -> Ended:
    """``boot cdrom`` with its arguments: ``-s`` for the shell and plan B, ``- install``.

    ``ask`` hears what sysid would ask; ``change`` is done to the miniroot and the disc's files.
    """
    machine.power_on()
    try:
        drive = next(iter(machine.drives), None)
        if drive is None:
            raise NoBoot("Can't locate boot device: the machine has no drive")
        booted = boot_disc(drive, machine.spec.karch)
        return _environment(machine, booted, arguments, ask, change)
    except NoBoot as e:
        return _back_at_ok(machine, e)
    finally:
        go_down(machine)


def _environment(
    machine: Machine,
    booted: Booted,
    arguments: Sequence[str],
    ask: Callable[[str], None],
    change: miniroot.Change,
) -> Ended:
    found = miniroot.start_miniroot(machine, booted, change)
    if isinstance(found, Ended):
        return found
    if "-s" not in arguments:
        return suninstall.install(machine, found, arguments, ask)
    machine.console.write(b"# " + PLAN_B + b"\n")
    env = suninstall.environment(machine)
    status = machine.run_script([b"/sbin/sh", b"-c", PLAN_B], env=env)
    return ended_by(machine) or Ended(End.SHELL, f"{PLAN_B.decode()} ended with status {status}")


def boot_installed(
    machine: Machine, changes: Callable[[], int], aliases: Mapping[str, str]
) -> Ended:
    """What happens after power-on or reboot: the devices of boot-device, one after the other.

    ``changes`` counts the discs that were changed; ``aliases`` are the PROM's names.
    """
    machine.power_on()
    machine.release = machine.spec.release
    words = machine.nvram.get(b"boot-device", b"").decode("latin-1").split()
    try:
        booted = _first_that_boots(machine, words, aliases)
        if isinstance(booted, NoBoot):
            return _back_at_ok(machine, booted)
        return start_installed(machine, booted, changes)
    finally:
        go_down(machine)


def _first_that_boots(
    machine: Machine, words: Sequence[str], aliases: Mapping[str, str]
) -> Booted | NoBoot:
    """What was booted, or why the first device was not: that is the one that was meant."""
    refusals: list[NoBoot] = []
    for word in words:
        try:
            return _open(machine, word, aliases)
        except NoBoot as e:
            refusals.append(e)
    return refusals[0] if refusals else NoBoot("boot-device is empty")


def _open(machine: Machine, word: str, aliases: Mapping[str, str]) -> Booted:
    if word == "net":
        raise NoBoot("Can't boot from the network: there is none")
    unit, number = find_device(word, units(machine), machine.spec.karch, aliases)
    return boot_disk(unit, number, machine.spec.karch)


def _back_at_ok(machine: Machine, why: NoBoot) -> Ended:
    machine.console.write(f"{why}\nok \n".encode("utf-8", "backslashreplace"))
    return Ended(End.OK, str(why))
