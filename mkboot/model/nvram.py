# SPDX-License-Identifier: Apache-2.0
"""What a Sun keeps in its NVRAM, not on its disks: identity, variables of the PROM, aliases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the PROM (``boot-device``).

    ``default`` is None where nothing told it; ``whole`` is false where the value was
    printed cut short.
    """

    name: str
    value: bytes
    default: bytes | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that the PROM has for a device: ``disk`` for ``/pci@1f,0/…/disk@0,0``."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Nvram:
    """All of it that was captured; what is empty was not.

    ``hostid`` is eight hex digits, ``ether`` six pairs of them with colons, ``idprom`` 32
    (16 bytes: format 01, machine type, Ethernet address, date, low three bytes of the host
    id, XOR of the others).  ``machine`` is the name in the banner, ``prom`` the version
    there (``OpenBoot 3.31``, ``ROM Rev. 2.4.1``), ``karch`` is ``sun4c`` … ``sun4v``.
    """

    hostid: str = ""
    ether: str = ""
    idprom: str = ""
    machine: str = ""
    prom: str = ""
    karch: str = ""
    variables: tuple[Variable, ...] = ()
    aliases: tuple[Alias, ...] = ()
