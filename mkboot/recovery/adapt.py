# SPDX-License-Identifier: Apache-2.0
"""What is changed in the restored root before it boots (facts/media-jumpstart 4.1, 4.3)."""

from __future__ import annotations

from mkboot.model.system import FileSystem, Holds, System
from mkboot.recovery import words
from mkboot.recovery.plan import is_typable
from mkboot.system.disks import split_slice_name
from mkboot.system.vfstab import VfstabEntry, parse_vfstab
from mkboot.tree.names import show

Body = str | tuple[str, ...]


def adapt(system: System, root: FileSystem) -> tuple[Body, ...]:
    """Paragraphs and typed lines, the root being mounted on /a."""
    path = root_path(system, root)
    where = f"{path} on the host (the PROM may say disk for sd or dad)"
    return (
        *_volume_manager(system, root),
        words.ANEW,
        ("touch /a/reconfigure", "eeprom boot-device"),
        words.BOOT_DEVICE.format(slice=root.slice, path=where if path else "its path is not known"),
        words.NEW_NAMES,
    )


def manager_of(system: System) -> str:
    """``md`` (SDS, SVM) or ``vx`` (VxVM) where that holds the host's root, else empty."""
    for entry in parse_vfstab(system.vfstab):
        if entry.mount == b"/":
            for name in ("md", "vx"):
                if entry.device.startswith(f"/dev/{name}/".encode()):
                    return name
    return ""


def unsaid_mounts(system: System) -> tuple[bytes, ...]:
    """What a host with a managed root needs to come up, and no captured slice is said to hold.

    vfstab names only volumes there, so the job has to say which slice is /usr and which /var:
    without that they would have no line in the vfstab of plain slices.
    """
    if not manager_of(system):
        return ()
    held = {fs.mount for fs in system.file_systems}
    mounts = [e.mount for e in parse_vfstab(system.vfstab) if e.fstype == b"ufs"]
    return tuple(m for m in mounts if m in (b"/usr", b"/var") and m not in held)


def root_path(system: System, root: FileSystem) -> str:
    """The /devices path of the root slice, empty if not known."""
    disk, number = split_slice_name(root.slice)
    path = next((d.path for d in system.disks if d.name == disk), "")
    return f"{path}:{'abcdefgh'[number]}" if path else ""


def _volume_manager(system: System, root: FileSystem) -> tuple[Body, ...]:
    name = manager_of(system)
    if not name:
        return ()
    what = "a metadevice (/dev/md)" if name == "md" else "a VxVM volume (/dev/vx)"
    edits = _system_md() if name == "md" else _system_vx()
    lines = vfstab_lines(system, root, name)
    odd = [line for line in lines if not is_typable(line.encode()) or set(line) & set("'\\")]
    typed = (f"echo '{line}' >>$V" for line in lines if line not in odd)
    return (
        words.MANAGED.format(what=what, slice=root.slice),
        (
            *edits,
            "V=/a/etc/vfstab",
            "cp $V $V.was",
            f"sed 's:^/dev/{name}/:#&:' $V.was >$V",
            *typed,
        ),
        *((words.BY_HAND, *odd) if odd else ()),
        words.MANAGED_AFTER[name],
    )


def _system_md() -> tuple[str, ...]:
    return (
        "cp /a/etc/system /a/etc/system.was",
        "sed '/^. Begin MDD/,/^. End MDD/d' /a/etc/system.was >/a/etc/system",
        "cd /a/kernel/drv",
        "cp md.conf md.conf.was",
        "sed '/^. Begin MDD/,/^. End MDD/d' md.conf.was >md.conf",
        "cd /",
    )


def _system_vx() -> tuple[str, ...]:
    return (
        "cp /a/etc/system /a/etc/system.was",
        "sed -e '/^rootdev:.*vxio/d' -e '/vol_rootdev_is_volume/d' \\",
        "    /a/etc/system.was >/a/etc/system",
        "mkdir -p /a/etc/vx/reconfig.d/state.d",
        "touch /a/etc/vx/reconfig.d/state.d/install-db",
    )


def vfstab_lines(system: System, root: FileSystem, name: str) -> list[str]:
    """Plain slices for what the volume manager had: its own lines become comments."""
    prefix = f"/dev/{name}/".encode()
    old = [e for e in parse_vfstab(system.vfstab) if e.device.startswith(prefix)]
    mounts = {e.mount: e for e in old if e.mount and e.fstype == b"ufs"}
    found = sorted((fs for fs in system.file_systems if fs.mount in mounts), key=lambda f: f.mount)
    lines = [_ufs_line(fs, mounts[fs.mount]) for fs in found]
    if any(e.fstype == b"swap" for e in old):
        disk, _ = split_slice_name(root.slice)
        lines += [f"/dev/dsk/{s} - - swap - no -" for s in _swap(system, disk)]
    return lines


def _ufs_line(fs: FileSystem, entry: VfstabEntry) -> str:
    fields = (entry.mount, b"ufs", entry.fsck_pass, entry.at_boot, entry.options)
    return f"/dev/dsk/{fs.slice} /dev/rdsk/{fs.slice} {' '.join(show(f) or '-' for f in fields)}"


def _swap(system: System, disk: str) -> list[str]:
    found = next((d for d in system.disks if d.name == disk), None)
    return [f"{disk}s{s.number}" for s in found.slices if s.holds is Holds.SWAP] if found else []
