# SPDX-License-Identifier: Apache-2.0
"""The install environment up to the point where somebody may type: what the miniroot's rcS
does, as its facts say (media-jumpstart 2.1), in own words.

Root is the miniroot, read-only; /tmp is in memory and gets what lies under /.tmp_proto;
device names are built afresh; slice 0 of the disc comes to /cdrom, and where it holds the
environment's /usr, that comes over /usr.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.iso import looks_like_iso, read_iso
from mkboot.rehearsal.hardware import DeviceError, Drive
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.prom import Booted
from mkboot.rehearsal.starting import End, Ended, bind_specials, make_devices
from mkboot.tree.filetree import FileTree, TreeBuilder, read_text
from mkboot.tree.node import NodeType, directory

PROTO = b"/.tmp_proto"
CDTOC = b"/.cdtoc"
#: Below so much free memory, in KB, rcS gives up (media-jumpstart 2.1).
_LEAST_FREE = 4000
#: What kernel and daemons take, in MB, by release; nobody measured it.
_KERNEL_MB = {"2.5.1": 14, "2.6": 20, "7": 24, "8": 36, "9": 52, "10": 96}
_RELEASES = re.compile(r"(?:2\.)?(5\.1|6|7|8|9|10)")

ASSUMED = {
    "memory": "Solaris {release}: kernel and daemons of the install environment take {mb} MB",
    "path": "the miniroot's own scripts run with PATH={path}",
    "rarp": "without a network RARP and bootparams cost time only",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment that came up: its release, the disc's product name, /cdrom's tree."""

    release: str
    osname: str
    disc: FileTree


def release_of(text: bytes | None) -> str:
    """The release that a ``.cdtoc`` names; empty where it names none that is known."""
    for line in (text or b"").splitlines():
        name, _, value = line.decode("latin-1").partition("=")
        found = _RELEASES.fullmatch(value.strip()) if name.strip() == "PRODVERS" else None
        if found:
            return f"2.{found[1]}" if found[1] in ("5.1", "6") else found[1]
    return ""


#: What is done to a tree before it is laid out.
Change = Callable[[FileTree], FileTree]


def start_miniroot(machine: Machine, booted: Booted, change: Change) -> Environment | Ended:
    """Bring the environment up; an ``Ended`` where rcS would give up.

    ``change`` may take something out of the miniroot and of the disc's files.
    """
    drive = booted.unit
    if not isinstance(drive, Drive):
        raise InputError("the install environment runs from a disc only")
    root = change(booted.tree)
    machine.release = _early_release(drive, machine.release)
    machine.booted_from = booted.device.encode()
    special = b"/devices" + machine.booted_from
    machine.mounts.mount_root(root, special, b"ufs", b"ro", read_only=True, command=machine.command)
    machine.expose_tools()
    drive.locked.add("root")
    ended = _fill_tmp(machine, root)
    if ended is not None:
        return ended
    _bring_devices(machine)
    machine.assumed.add(ASSUMED["rarp"])
    return _bring_disc(machine, drive, change)


def _early_release(drive: Drive, otherwise: str) -> str:
    """The disc's release, known before it is mounted: commands differ by it."""
    try:
        tree = read_iso(drive.window(0)).tree
    except (InputError, DeviceError):
        return otherwise
    return release_of(read_text(tree, CDTOC)) or otherwise


def _fill_tmp(machine: Machine, root: FileTree) -> Ended | None:
    taken = _KERNEL_MB.get(machine.release, max(_KERNEL_MB.values()))
    machine.assumed.add(ASSUMED["memory"].format(release=machine.release, mb=taken))
    free = (machine.spec.memory_mb - taken) << 10
    if free < _LEAST_FREE:
        return Ended(End.SHELL, f"rcS gives up: {max(0, free)} KB of memory are free")
    machine.mounts.mount_tmpfs(b"/tmp", b"swap", b"rw", free << 10)
    proto = root.find(PROTO)
    if proto is not None:
        to = TreeBuilder(directory(0o1777), resolution=root.resolution)
        to.fill(0, root, proto)
        machine.shadow.lay_out(to.build(), machine.resolve(b"/tmp"), machine.command)
    return None


def _bring_devices(machine: Machine) -> None:
    """Device nodes and links are made below /tmp and shown as /dev and /devices."""
    top = machine.resolve(b"/tmp")
    make_devices(machine, top)
    for name in (b"/dev", b"/devices"):
        if machine.resolve(name).is_dir():
            machine.mounts.mount_lofs(b"/tmp" + name, name, b"rw", read_only=False)
    bind_specials(machine)


def _bring_disc(machine: Machine, drive: Drive, change: Change) -> Environment | Ended:
    try:
        window = drive.window(0)
        if not looks_like_iso(window):
            return Ended(End.SHELL, "rcS: slice 0 is no CD file system")
        tree = read_iso(window).tree
    except (InputError, DeviceError) as e:
        return Ended(End.SHELL, f"rcS: the disc cannot be mounted: {e}")
    tree = change(tree)
    special = b"/devices" + drive.path.encode() + b":a"
    machine.mounts.mount_tree(
        tree, b"/cdrom", special, b"hsfs", b"ro", read_only=True, command=machine.command
    )
    drive.locked.add("/cdrom")
    text = read_text(tree, CDTOC)
    if text is None:
        return Ended(End.SHELL, "rcS: the disc has no .cdtoc")
    usr = _usr_on_disc(tree)
    if usr is not None:
        machine.mounts.mount_lofs(b"/cdrom" + usr, b"/usr", b"ro", read_only=True)
    release = release_of(text) or machine.release
    return Environment(release, _osname(text), tree)


def _usr_on_disc(tree: FileTree) -> bytes | None:
    """``/Solaris_*/Tools/Boot/usr`` where that is a directory of slice 0."""
    for name, number in sorted(tree.children(0).items()):
        if not name.startswith(b"Solaris_") or tree.nodes[number].type is not NodeType.DIRECTORY:
            continue
        path = b"/" + name + b"/Tools/Boot/usr"
        found = tree.node_at(path)
        if found is not None and found.is_directory:
            return path
    return None


def _osname(text: bytes) -> str:
    """PRODNAME_PRODVERS, as the rule keyword ``osname`` compares it."""
    words = dict(
        line.decode("latin-1").partition("=")[::2] for line in text.splitlines() if b"=" in line
    )
    return f"{words.get('PRODNAME', '')}_{words.get('PRODVERS', '')}"
