# SPDX-License-Identifier: Apache-2.0
"""What both kinds of boot share: how a boot ends, devices made under a root, going down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mkboot.clock import build_time
from mkboot.rehearsal import names
from mkboot.rehearsal.hardware import Unit
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.storagestate import device_number
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.tree.node import SECOND, Device, Node, NodeType

#: Devices that are opened as what they are; the others are nodes that lead to the machine.
SPECIALS: Mapping[bytes, str] = {
    b"/dev/console": "console",
    b"/dev/syscon": "console",
    b"/dev/systty": "console",
    b"/dev/tty": "console",
    b"/dev/null": "null",
    b"/dev/zero": "zero",
}


#: The group sys, who owns disks; the bits of a minor number.
_SYS, _MINOR = 3, 18


class End(StrEnum):
    """How a start of the machine ended."""

    OK = "ok"
    REBOOT = "reboot"
    HALT = "halt"
    SHELL = "shell"
    MULTI_USER = "multi-user"
    CUT = "power-cut"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end, and in words why."""

    how: End
    words: str


def units(machine: Machine) -> tuple[Unit, ...]:
    """All disks and drives, in the order in which the machine finds them."""
    return (*machine.disks, *machine.drives)


def make_devices(machine: Machine, top: Path, kept: Mapping[str, int] | None = None) -> None:
    """``top``/devices and ``top``/dev as drvconfig and disks (devfsadm) fill them.

    ``kept`` are controllers that the links there number already.
    """
    for folder in ("devices", "dev"):
        (top / folder).mkdir(parents=True, exist_ok=True)
    now = build_time() * SECOND
    for path, ref in names.lay_out_nodes(top / "devices", units(machine)):
        number = device_number(machine, ref)
        kind = NodeType.CHAR if ref.raw else NodeType.BLOCK
        device = Device(number >> _MINOR, number & (1 << _MINOR) - 1)
        machine.shadow.settle(path, Node(kind, 0o640, 0, _SYS, now, now, now, device=device))
    named = names.build_names(units(machine), kept=kept, order=machine.spec.controllers)
    names.lay_out_links(top / "dev", named)


def bind_specials(machine: Machine) -> None:
    """Put the console and what is always the same under their names in /dev."""
    for name, what in SPECIALS.items():
        machine.bind_special(name, what)


def go_down(machine: Machine) -> None:
    """The kernel writes and unmounts all, and marks clean what was in use."""
    mounted = [m.flush for m in machine.mounts if isinstance(m.flush, MountedUfs)]
    machine.shut_down()
    if machine.going_down != "power-cut":
        for ufs in mounted:
            ufs.deactivate()
    for drive in machine.drives:
        drive.locked.clear()


def ended_by(machine: Machine) -> Ended | None:
    """Whether a command (or the power) took the machine down meanwhile."""
    kind = machine.going_down
    if not kind:
        return None
    if kind == "power-cut":
        return Ended(End.CUT, "the power failed")
    how = End.HALT if "halt" in kind or "off" in kind else End.REBOOT
    return Ended(how, kind)
