# SPDX-License-Identifier: Apache-2.0
"""The restore plan: the ordered steps that bring a system back (docs/restore-plan.md).

A pure value with three readings: the disc carries it out, the run book tells it to a
person, the rehearsal reports along it.  ``mkboot restore`` carries out the same steps on
disk images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """All that a step can do."""

    VERIFY = "verify"
    LABEL = "label"
    SWAP = "swap"
    NEWFS = "newfs"
    MOUNT = "mount"
    RESTORE = "restore"
    ADAPT = "adapt"
    INSTALLBOOT = "installboot"
    UNMOUNT = "unmount"
    CHECK = "check"
    BOOT = "boot"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    ``target`` is a disk or slice by Solaris' name, or the number of a volume;
    ``arguments`` is what the action needs (see docs/restore-plan.md); ``precondition`` and
    ``undo`` are sentences for a person; ``says`` are the lines that a person will see.
    """

    id: str
    action: Action
    target: str
    arguments: Mapping[str, str]
    precondition: str
    undo: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """All steps, in order, for one set and one strategy."""

    schema: int
    set_id: str
    strategy: str
    steps: tuple[Step, ...]


SCHEMA = 1
