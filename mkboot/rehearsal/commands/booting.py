# SPDX-License-Identifier: Apache-2.0
"""installboot, eeprom, eject, and going down: reboot, halt, uadmin, init."""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.formats.bootblock import BOOT_AREA, SECTOR
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.reach import device_of, mounts_of, raw_name, reason_of
from mkboot.rehearsal.commands.unmounting import unmount
from mkboot.rehearsal.hardware import DeviceError, Disk, Drive
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import Busy
from mkboot.rehearsal.storagestate import go_down_in_order


def installboot(call: Call, matched: Matched) -> Outcome:
    """Sectors 1 to 15 of a slice, whatever the file holds; silent."""
    file, device = matched.operands
    source = call.source(file)
    if source is None:
        return refuse(call, matched, "no file", file=file)
    try:
        ref = device_of(call, device)
    except OSError:
        ref = None
    if ref is None or not ref.raw:
        return refuse(call, matched, "not raw", device=device)
    if not isinstance(ref.unit, Disk):
        return refuse(call, matched, "not writable", device=device)
    words = {"device": device}
    try:
        window = ref.unit.window(ref.slice)
    except DeviceError as e:
        return refuse(call, matched, "dd failed", what=b"open", reason=reason_of(e), **words)
    data = source.pread(0, BOOT_AREA)
    try:
        window.pwrite(SECTOR, data + bytes(-len(data) % SECTOR))
    except DeviceError as e:
        return refuse(call, matched, "dd failed", what=b"write", reason=reason_of(e), **words)
    return Exit(0)


#: Variables that a PROM has although nobody set them; what else is not there is refused.
DEFAULTS: Mapping[bytes, bytes] = {
    b"auto-boot?": b"true",
    b"boot-command": b"boot",
    b"boot-device": b"disk net",
    b"boot-file": b"",
    b"diag-device": b"net",
    b"diag-file": b"",
    b"diag-level": b"max",
    b"diag-switch?": b"false",
    b"input-device": b"keyboard",
    b"local-mac-address?": b"false",
    b"nvramrc": b"",
    b"output-device": b"screen",
    b"security-mode": b"none",
    b"ttya-mode": b"9600,8,n,1,-",
    b"use-nvramrc?": b"false",
    b"watchdog-reboot?": b"false",
}


def eeprom(call: Call, matched: Matched) -> Outcome:
    """Show and set what the NVRAM holds.  It complains on standard output and ends with 0."""
    nvram = call.machine.nvram
    known = {**DEFAULTS, **nvram}
    tell(call, matched, "variables")
    words = matched.operands or tuple(sorted(known))
    for word in words:
        name, equals, value = word.partition(b"=")
        if name == b"security-mode" and equals:
            raise not_modelled(call, matched, "a password is asked for on the terminal")
        if name not in known:
            tell(call, matched, "invalid" if equals else "not available", name=name)
        elif not equals:
            _show(call, matched, name, known[name])
        elif name.endswith(b"?") and value not in (b"true", b"false"):
            tell(call, matched, "invalid", name=name)
        else:
            nvram[name] = known[name] = value
            tell(call, matched, "set")
    return Exit(0)


def _show(call: Call, matched: Matched, name: bytes, value: bytes) -> None:
    if value:
        tell(call, matched, "value", name=name, value=value)
    else:
        tell(call, matched, "not available", name=name)


def eject(call: Call, matched: Matched) -> Outcome:
    """Unmount what is mounted under this name, then open the drive."""
    device = raw_name(matched.operands[0])
    try:
        ref = device_of(call, device)
    except OSError as e:
        return refuse(call, matched, "cannot open", device=device, reason=reason_of(e))
    if ref is None or not isinstance(ref.unit, Drive):
        return refuse(call, matched, "cannot open", device=device, reason=b"Invalid argument")
    tell(call, matched, "which slice")
    drive = ref.unit
    if matched.has("q"):
        name = "there" if drive.disc is not None else "none there"
        return refuse(call, matched, name, device=device)
    if drive.disc is None:
        return refuse(call, matched, "empty", device=device)
    # Only the slice that was named is unmounted; others keep the drive busy.
    for mount in list(mounts_of(call.machine, drive, ref.slice)):
        if mount.point == b"/":
            continue
        try:
            unmount(call.machine, mount)
        except Busy:
            if not matched.has("f"):
                return refuse(call, matched, "cannot unmount", device=device)
    try:
        drive.open()
    except DeviceError:
        return refuse(call, matched, "busy", device=device)
    return refuse(call, matched, "ejected")


def going_down(call: Call, matched: Matched) -> Outcome:
    """reboot and halt: no scripts are run, all processes end, all is written."""
    kind = "reboot" if call.argv[0].rpartition(b"/")[2] == b"reboot" else "halt"
    tell(call, matched, "going down")
    go_down_in_order(call.machine)
    return call.machine.request_reboot(kind)


def uadmin(call: Call, matched: Matched) -> Outcome:
    """2 0, 2 1, 2 6 write and unmount; with 1 the machine is gone at once."""
    command, function = matched.operands
    tell(call, matched, "going down")
    if command == b"1":
        raise not_modelled(call, matched, "going down without writing what is mounted")
    go_down_in_order(call.machine)
    return call.machine.request_reboot("reboot" if function == b"1" else "halt")


def init(call: Call, matched: Matched) -> Outcome:
    """Levels 0, 5 and 6: down, after the scripts of the level, which are not modelled."""
    (level,) = matched.operands
    if level not in (b"0", b"5", b"6"):
        raise not_modelled(call, matched, "changing to this level")
    tell(call, matched, "asked")
    go_down_in_order(call.machine)
    return call.machine.request_reboot("reboot" if level == b"6" else "halt")


HANDLERS: Mapping[str, Handler] = {
    "installboot": installboot,
    "eeprom": eeprom,
    "eject": eject,
    "reboot": going_down,
    "halt": going_down,
    "uadmin": uadmin,
    "init": init,
}
