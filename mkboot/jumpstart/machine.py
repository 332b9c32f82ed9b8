# SPDX-License-Identifier: Apache-2.0
"""A machine as the rules' probes would find it (facts/media-jumpstart 3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from mkboot.jumpstart.model import Sysidcfg
from mkboot.jumpstart.sizes import disk_mb
from mkboot.model.hostfile import HostAddress, HostDisk, HostFile

#: The disk that is taken for the root disk, wherever it stands in the probe order.
_FIRST_CHOICE = "c0t3d0"
_VERSION = re.compile(r"(?:Solaris[_ ]|SunOS[_ ])?(\d+(?:\.\d+)*)", re.IGNORECASE)
ORDER = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.5.1", "2.6", "7", "8", "9", "10")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at the moment when the rules are tried.

    ``release`` is the medium's, empty if nobody said; ``domain`` None where it is not known.
    """

    host: HostFile
    release: str = ""
    domain: str | None = None
    hostname: str = ""

    @property
    def arch(self) -> str:
        """What ``uname -p`` says."""
        return "i386" if self.host.karch == "i86pc" else "sparc"

    @property
    def total_mb(self) -> int:
        """All disks together, as the installer adds them up: each in whole MB."""
        return sum(disk_mb(disk) for disk in self.host.disks)

    @property
    def rootdisk(self) -> HostDisk | None:
        """The disk that the rules call ``rootdisk``.

        c0t3d0 if there is one, else the first in probe order; a preinstalled disk, which
        comes before, cannot be described in a HOST file.
        """
        return self.disk(_FIRST_CHOICE) or next(iter(self.host.disks), None)

    def disk(self, name: str) -> HostDisk | None:
        """The disk of that name."""
        return next((d for d in self.host.disks if d.name == name), None)

    @property
    def addresses(self) -> tuple[HostAddress, ...]:
        """All but the loopback."""
        return tuple(a for a in self.host.addresses if not a.address.startswith("127."))

    @property
    def networks(self) -> tuple[str, ...]:
        """The network numbers of the addresses that can be read."""
        found = (network_of(each) for each in self.addresses)
        return tuple(number for number in found if number is not None)


def network_of(address: HostAddress) -> str | None:
    """ADDRESS AND NETMASK; None for what is no address.  The mask may be hexadecimal."""
    mask = address.netmask
    if re.fullmatch(r"(?:0[xX])?[0-9a-fA-F]{8}", mask):
        mask = str(IPv4Address(int(mask, 16)))
    try:
        net = IPv4Network((address.address, mask), strict=False)
    except ValueError:
        return None
    return str(net.network_address)


def installed_name(disk: HostDisk) -> str:
    """What is installed, as rules write it: ``Solaris_8``, ``Solaris_2.6``, ``SystemV``."""
    if not disk.installed:
        return ""
    found = _VERSION.fullmatch(disk.installed.strip())
    return f"Solaris_{found[1]}" if found else "SystemV"


def root_slice(disk: HostDisk) -> str:
    """The slice with the installed root: the one that says so, else slice 0."""
    number = next((s.number for s in disk.slices if s.mount == "/"), 0)
    return f"{disk.name}s{number}"


def machine_of(host: HostFile, release: str, sysidcfg: Sysidcfg | None) -> Machine:
    """The machine, with what a sysidcfg tells it before the rules are tried.

    ``release`` is the one asked for, else the HOST file's own.
    """
    domain: str | None = host.domain or None
    if domain is None and not host.addresses:
        domain = ""
    hostname = host.hostname
    if sysidcfg is not None:
        domain = domain or _dependent(sysidcfg, "name_service", "domain_name") or domain
        hostname = hostname or _dependent(sysidcfg, "network_interface", "hostname") or ""
    return Machine(host, release or host.release, domain, hostname)


def _dependent(sysidcfg: Sysidcfg, keyword: str, name: str) -> str | None:
    entry = sysidcfg.entry(keyword)
    found = entry.dependent(name) if entry is not None else None
    return found.value if found is not None else None
