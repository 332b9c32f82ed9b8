# SPDX-License-Identifier: Apache-2.0
"""The start of the installed system, as far as a second stage can meet it.

Up to Solaris 9: the scripts of /etc/rcS.d in their order; / and /usr are mounted before S40,
/var with S40; /etc/mnttab is built by S70 up to 7.  The system's own scripts are not run, only
what they do that matters here is done; ours is run for real.  Then ``mountall -l``.  Solaris
10: the services of /var/svc/manifest/site that are enabled, in the place that their
dependencies give them, and then filesystem/local, which waits for its dependents.
Sources: init.d(4), smf(5), smf_method(5), and facts H; the numbers of the scripts are assumed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator

from mkboot.errors import InputError
from mkboot.formats.ufs import UfsVolume, looks_like_ufs
from mkboot.rehearsal.hardware import DeviceError, Disk
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.names import kept_controllers
from mkboot.rehearsal.prom import Booted
from mkboot.rehearsal.smf import Service, site_services
from mkboot.rehearsal.starting import End, Ended, bind_specials, ended_by, make_devices
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.rehearsal.vfstabmounts import (
    Entry,
    device_of,
    mount_unseen,
    read_vfstab,
    repair,
    shown,
)

_OURS = re.compile(rb"S([0-9]{2}).*mkboot.*")
#: Up to this number of rcS.d / is read-only and /var is not there; S40standardmounts.
_STANDARD = 40
_SYSTEM_MAX = 1 << 18
_EARLY = (b"/usr", b"/var")
_SH = b"/sbin/sh"
_PATH = b"/usr/sbin:/usr/bin"
#: Services that are up before the local file systems, by their FMRI without instance.
_UP = frozenset(
    {
        "svc:/system/filesystem/root", "svc:/system/filesystem/usr", "svc:/system/device/local",
        "svc:/system/filesystem/minimal", "svc:/system/identity", "svc:/system/boot-archive",
        "svc:/system/manifest-import", "svc:/milestone/devices", "svc:/milestone/single-user",
        "svc:/network/loopback", "svc:/network/physical", "svc:/system/sysevent",
    }
)  # fmt: skip
#: How long a person needs to change a disc, in seconds: what a time-out is held against.
_CHANGE = 60

ASSUMED = {
    "rc": "rcS.d of Solaris {release}: the system's own scripts do what they should; only "
    "those called mkboot are run",
    "smf": "Solaris 10: the system's own services come up; a manifest in site/ is imported "
    "before filesystem/local starts",
}


#: How many discs were changed so far, for the time that a method takes.
Changes = Callable[[], int]


def start_installed(machine: Machine, booted: Booted, changes: Changes) -> Ended:
    """From the kernel's start to multi-user, or to what comes in between."""
    unit = booted.unit
    if not isinstance(unit, Disk):
        raise InputError("the installed system starts from a disk")
    entries = read_vfstab(booted.tree)
    root = next((e for e in entries if e.point == b"/"), None)
    if root is None:
        return Ended(End.SHELL, "vfstab has no line for /")
    elsewhere = _root_device_elsewhere(booted)
    if elsewhere:
        return Ended(End.SHELL, f"panic: cannot mount root: /etc/system says {elsewhere}")
    _mount_root(machine, unit, booted, root)
    wrong = _root_is_another(machine, booted, root)
    if wrong:
        return Ended(End.SHELL, wrong)
    for entry in (e for e in entries if e.point in _EARLY):
        problem = _mount(machine, entry)
        if problem:
            return Ended(End.SHELL, problem)
    early = _services(machine, changes) if machine.release == "10" else _scripts(machine)
    return early or _local(machine, entries)


def _root_device_elsewhere(booted: Booted) -> str:
    """What /etc/system says where the root is on a pseudo device (a metadevice, a volume): none
    is set up on a machine whose disks are new.  Source: system(4), and facts 4.3.
    """
    node = booted.tree.node_at(b"/etc/system")
    text = node.content.read(0, _SYSTEM_MAX) if node is not None else b""
    lines = [line.strip() for line in text.splitlines() if line.startswith(b"rootdev:/pseudo/")]
    return shown(lines[0]) if lines else ""


def _mount_root(machine: Machine, unit: Disk, booted: Booted, entry: Entry) -> None:
    ufs = _opened(machine, unit, booted.slice)
    machine.booted_from = booted.device.encode()
    machine.mounts.mount_root(
        ufs.tree, entry.device, b"ufs", b"rw,suid", read_only=False, flush=ufs,
        command=machine.command,
    )  # fmt: skip
    ufs.activate(b"/")
    machine.expose_tools()
    _devices(machine)


def _opened(machine: Machine, unit: Disk, number: int) -> MountedUfs:
    """The UFS of a slice, repaired as a boot does where it was left unclean."""
    window = unit.window(number)
    repair(machine, window)
    return MountedUfs(window)


def _devices(machine: Machine) -> None:
    """What devices the kernel makes: with /reconfigure new ones too, then that file goes."""
    mark = machine.root / "reconfigure"
    if mark.exists():
        make_devices(machine, machine.root, kept_controllers(machine.root))
        mark.unlink()
    bind_specials(machine)


def _root_is_another(machine: Machine, booted: Booted, entry: Entry) -> str:
    found = device_of(machine, entry.device)
    if found is None:
        return f"vfstab's device for / leads nowhere: {entry.device.decode('latin-1')}"
    if found != (booted.unit, booted.slice):
        return "vfstab's device for / is not the one that was booted"
    return ""


def _mount(machine: Machine, entry: Entry) -> str:
    """Mount a line of vfstab; what is wrong, or an empty text."""
    words = f"{shown(entry.point)} ({shown(entry.device)})"
    found = device_of(machine, entry.device)
    if found is None:
        return f"{words} cannot be mounted: there is no such device"
    try:
        window = found[0].window(found[1])
        if not looks_like_ufs(window):
            return f"{words} cannot be mounted: it holds no file system"
        ufs = _opened(machine, *found)
        mounted = machine.mounts.mount_tree(
            ufs.tree, entry.point, entry.device, b"ufs", b"rw,suid", read_only=False, flush=ufs,
            command=machine.command,
        )  # fmt: skip
    except (DeviceError, InputError, OSError) as e:
        return f"{words} cannot be mounted: {e}"
    ufs.activate(mounted.point)
    return ""


def _local(machine: Machine, entries: list[Entry]) -> Ended:
    """mountall -l, and what is behind it."""
    machine.mounts.mount_tmpfs(b"/tmp") if machine.resolve(b"/tmp").is_dir() else None
    mounted: dict[bytes, UfsVolume] = {}
    for entry in entries:
        if entry.at_boot and machine.mounts.at(entry.point) is None:
            problem = mount_unseen(machine, entry, mounted)
            if problem:
                return Ended(End.SHELL, problem)
    return Ended(End.MULTI_USER, "multi-user")


def _scripts(machine: Machine) -> Ended | None:
    """Ours among rcS.d, in order."""
    machine.assumed.add(ASSUMED["rc"].format(release=machine.release))
    for number, name in _ours(machine):
        if number <= _STANDARD:
            return Ended(
                End.SHELL, f"{name.decode('latin-1')} runs before / is writable and /var is there"
            )
        machine.run_script([_SH, b"/etc/rcS.d/" + name, b"start"], env=_environment())
        ended = ended_by(machine)
        if ended is not None:
            return ended
    return None


def _ours(machine: Machine) -> Iterator[tuple[int, bytes]]:
    try:
        names = sorted(os.fsencode(p.name) for p in machine.resolve(b"/etc/rcS.d").iterdir())
    except OSError:
        return
    for name in names:
        found = _OURS.fullmatch(name)
        if found is not None:
            yield int(found[1]), name


def _environment() -> dict[bytes, bytes]:
    return {b"PATH": _PATH, b"TZ": b"GMT", b"HOME": b"/"}


def _services(machine: Machine, changes: Changes) -> Ended | None:
    """The enabled services of the site that the local file systems wait for."""
    machine.assumed.add(ASSUMED["smf"])
    try:
        found = list(_imported(machine))
    except InputError as e:
        machine.console.write(f"svccfg: {e.message}\n".encode())
        return None
    for service in found:
        if not (service.enabled and service.holds_local):
            continue  # it starts when the local file systems are there, or never
        lacking = [f for f in service.waits_for if f.rpartition(":")[0] not in _UP | {"svc"}
                   and f not in _UP]  # fmt: skip
        if lacking:
            return Ended(End.SHELL, f"{service.name} waits for {lacking[0]}, and local for it")
        ended = _method(machine, service, changes)
        if ended is not None:
            return ended
    return None


def _imported(machine: Machine) -> Iterator[Service]:
    """From /var where that is mounted, else from the root."""
    for point in (b"/var", b"/"):
        mounted = machine.mounts.at(point)
        if mounted is not None and isinstance(mounted.flush, MountedUfs):
            yield from site_services(mounted.flush.tree)
            if point == b"/var":
                return


def _method(machine: Machine, service: Service, changes: Changes) -> Ended | None:
    """The start method; its output goes to a log, its input is empty."""
    before, began = changes(), time.monotonic()
    env = {
        **_environment(),
        b"SMF_FMRI": service.name.encode() + b":default",
        b"SMF_METHOD": b"start",
    }
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        status = machine.run_script(
            [_SH, b"-c", service.start.encode()],
            env=env, stdin=nothing, stdout=nothing, stderr=nothing,
        )  # fmt: skip
    finally:
        os.close(nothing)
    ended = ended_by(machine)
    took = time.monotonic() - began + _CHANGE * (changes() - before)
    if service.timeout and took > service.timeout:
        return Ended(
            End.SHELL, f"{service.name} takes about {took:.0f} s; SMF kills it after "
            f"{service.timeout} s"
        )  # fmt: skip
    if ended is None and status:
        return Ended(End.SHELL, f"{service.name} goes to maintenance: status {status}")
    return ended
