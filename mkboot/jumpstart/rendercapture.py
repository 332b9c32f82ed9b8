# SPDX-License-Identifier: Apache-2.0
"""A captured system as a JumpStart directory that lays its disks out again.

``partitioning explicit`` and a ``filesys cXtYdZsN START:SIZE`` for each slice give the label
back exactly, on disks of the same geometry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.jumpstart.capturenet import Network, network_of_host
from mkboot.jumpstart.render import RuleLine
from mkboot.jumpstart.site import ProfileEntry
from mkboot.jumpstart.sitewords import SysidEntry
from mkboot.jumpstart.sizes import ALTERNATES, SECTOR
from mkboot.jumpstart.templating import Templates
from mkboot.model.system import Disk, Holds, SliceRecord, System
from mkboot.tree.names import show

_WHOLE = 2
#: Keywords that came with updates of Solaris 10, which asks without them: 11/06, 8/07, 9/10.
_SINCE_UPDATE = (
    ("service_profile", "open", 3), ("keyboard", "US-English", 3),
    ("nfs4_domain", "dynamic", 4), ("auto_reg", "disable", 9),
)  # fmt: skip
Line = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of the host, out of its files; empty: not known."""

    timezone: str = ""
    locale: str = ""
    root_password: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class CaptureFiles:
    """The files of the directory, and what could not be said in them."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...]


def render_system(system: System, known: Known) -> CaptureFiles:
    """All files.

    Raises ``InputError`` for slices that do not begin and end on cylinders, for such cannot
    be laid out by a profile.
    """
    notes: list[str] = []
    host = system.host
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", host):
        raise InputError(f"{host!r} is no host name that a rule could want")
    common: dict[str, object] = {"source": f"the capture of {host}", "values": {}}
    templates = Templates(None)
    lines = tuple(_profile_lines(system, known, notes))
    profile = ProfileEntry(host, lines)
    network = network_of_host(system)
    rule = RuleLine(f"hostname {host}", "-", f"{host}.profile", "-")
    files = {
        "rules": templates.render("rules.j2", rules=[rule], **common),
        f"{host}.profile": templates.render("profile.j2", profile=profile, **common),
        "host.toml": _host_file(system, network).encode(),
    }
    entries = _sysidcfg(system, known, network, notes)
    if entries:
        files["sysidcfg"] = templates.render(
            "sysidcfg.j2", sysidcfg=entries, host={"name": host}, **common
        )
    return CaptureFiles(files, tuple(notes))


def _profile_lines(system: System, known: Known, notes: list[str]) -> Iterator[Line]:
    yield "install_type", ("initial_install",)
    yield "system_type", ("standalone",)
    yield "partitioning", ("explicit",)
    for disk in system.disks:
        yield "usedisk", (disk.name,)
    if known.cluster:
        yield "cluster", (known.cluster,)
    else:
        notes.append("the capture does not tell which software group was installed (cluster)")
    mounts = {fs.slice: (fs.mount, fs.options) for fs in system.file_systems}
    for disk in system.disks:
        cylinder = disk.geometry.cylinder
        yield from _whole(disk, notes)
        overlapping = _overlapping(disk)
        for each in sorted(disk.slices, key=lambda s: (s.start, s.number)):
            if each.number == _WHOLE or not each.sectors:
                continue
            name = f"{disk.name}s{each.number}"
            start, count = _cylinders(name, each, cylinder)
            holds = _holds(name, each, mounts, overlapping, notes)
            yield "filesys", (name, f"{start}:{count}", *holds)


def _cylinders(name: str, each: SliceRecord, cylinder: int) -> tuple[int, int]:
    if each.start % cylinder or each.sectors % cylinder:
        raise InputError(
            f"its {each.sectors} sectors from {each.start} on are no whole cylinders of "
            f"{cylinder}: no profile can lay it out",
            place=(name,),
        )
    return each.start // cylinder, each.sectors // cylinder


def _whole(disk: Disk, notes: list[str]) -> Iterator[Line]:
    """Slice 2 is the whole disk of itself; where it was something else, that is said."""
    name = f"{disk.name}s{_WHOLE}"
    found = next((s for s in disk.slices if s.number == _WHOLE and s.sectors), None)
    if found is None:
        notes.append(f"{name} was not there; the installer makes it the whole disk")
        return
    start, count = _cylinders(name, found, disk.geometry.cylinder)
    if (start, count) == (0, disk.geometry.ncyl):
        return
    if start + count > disk.geometry.ncyl:
        notes.append(f"{name} ended behind the last cylinder for data; it becomes the whole disk")
        return
    holds = "overlap" if found.holds is Holds.WHOLE_DISK else "unnamed"
    yield "filesys", (name, f"{start}:{count}", holds)


def _overlapping(disk: Disk) -> frozenset[int]:
    """Slices without a file system of their own that lie on others: a volume manager's."""
    used = [s for s in disk.slices if s.number != _WHOLE and s.sectors]
    found = set()
    for one in used:
        for two in used:
            apart = one.start + one.sectors <= two.start or two.start + two.sectors <= one.start
            if one.number != two.number and not apart and one.holds not in (Holds.UFS, Holds.SWAP):
                found.add(one.number)
    return frozenset(found)


def _holds(
    name: str,
    each: SliceRecord,
    mounts: Mapping[str, tuple[bytes, bytes]],
    overlapping: frozenset[int],
    notes: list[str],
) -> tuple[str, ...]:
    """The words behind the size: mount point and options, ``swap``, ``overlap``, ``unnamed``."""
    if each.number in overlapping:
        return ("overlap",)
    if each.holds is Holds.SWAP:
        return ("swap",)
    mount, options = mounts.get(name, (b"", b""))
    if not mount:
        return ("unnamed",)
    if not re.fullmatch(rb"/[!-~]*", mount):
        notes.append(f"{name}: a profile cannot write the mount point {show(mount)}")
        return ("unnamed",)
    if options and not re.fullmatch(rb"[A-Za-z_][A-Za-z0-9_=,-]*", options):
        notes.append(f"{name}: a profile cannot write the options {show(options)}")
        options = b""
    words = (mount.decode("ascii"), options.decode("ascii"))
    return tuple(word for word in words if word)


def _update(system: System) -> int:
    """The update of Solaris 10 that runs there (``s10s_u8wos``); 0 for none."""
    found = re.search(rb"s10[sx]_u(\d+)", system.release.text)
    return int(found[1]) if found else 0


def _sysidcfg(
    system: System, known: Known, network: Network, notes: list[str]
) -> tuple[SysidEntry, ...]:
    """What answers the questions of that release; before 2.6 there is no such file."""
    release = system.release.version
    if release == "2.5.1":
        notes.append("Solaris 2.5.1 reads no sysidcfg: it will ask")
        return ()
    found = [_interface(system, network), _name_service(network, release, notes)]
    plain = {
        "system_locale": known.locale, "timezone": known.timezone, "timeserver": "localhost",
        "terminal": "vt100", "root_password": known.root_password,
    }  # fmt: skip
    for keyword, value in plain.items():
        if value:
            found.append(SysidEntry(keyword, value))
        else:
            notes.append(f"sysidcfg: {keyword} is not known, and will be asked for")
    if release in ("8", "9", "10"):
        found.append(SysidEntry("security_policy", "NONE"))
    update = _update(system)
    for keyword, value, first in _SINCE_UPDATE:
        if update >= first:
            found.append(SysidEntry(keyword, value))
    return tuple(found)


def _interface(system: System, network: Network) -> SysidEntry:
    """The first interface; sysidcfg takes one, before Solaris 10."""
    if not network.interfaces:
        return SysidEntry("network_interface", "NONE", (SysidEntry("hostname", system.host),))
    first = network.interfaces[0]
    release = system.release.version
    if not first.address:
        return SysidEntry("network_interface", first.name, (SysidEntry("dhcp", None),))
    pairs = [("hostname", system.host), ("ip_address", first.address), ("netmask", first.netmask)]
    if release in ("8", "9", "10"):
        pairs.append(("protocol_ipv6", "no"))
    if release in ("9", "10"):
        pairs.append(("default_route", network.router or "NONE"))
    return SysidEntry("network_interface", first.name, tuple(SysidEntry(*p) for p in pairs))


def _name_service(network: Network, release: str, notes: list[str]) -> SysidEntry:
    if network.dns is not None and release != "2.6":
        domain, servers, search = network.dns
        dependents = [
            SysidEntry("domain_name", domain),
            SysidEntry("name_server", ",".join(servers)),
        ]
        if search:
            dependents.append(SysidEntry("search", ",".join(search)))
        return SysidEntry("name_service", "DNS", tuple(dependents))
    if network.nis or network.dns is not None:
        notes.append("sysidcfg: name_service is NONE; the host used NIS or DNS")
    return SysidEntry("name_service", "NONE")


def _host_file(system: System, network: Network) -> str:
    """The captured machine as a HOST file, for dryrun and rehearse."""
    release = system.release
    lines = [f"hostname = {json.dumps(system.host)}"]
    words = {"karch": release.karch, "model": release.platform, "release": release.version}
    lines += [f"{key} = {json.dumps(value)}" for key, value in words.items() if value]
    for each in network.interfaces:
        if each.address:
            lines += [
                "", "[[addresses]]", f"interface = {json.dumps(each.name)}",
                f"address = {json.dumps(each.address)}", f"netmask = {json.dumps(each.netmask)}",
            ]  # fmt: skip
    roots = {fs.slice.rpartition("s")[0] for fs in system.file_systems if fs.mount == b"/"}
    for disk in system.disks:
        size = (disk.geometry.ncyl + ALTERNATES) * disk.geometry.cylinder * SECTOR
        lines += [
            "", "[[disks]]", f"name = {json.dumps(disk.name)}", f"bytes = {size}",
            f"heads = {disk.geometry.nhead}", f"sectors = {disk.geometry.nsect}",
        ]  # fmt: skip
        if disk.name in roots and release.version:
            lines.append(f"installed = {json.dumps(release.version)}")
    return "\n".join(lines) + "\n"
