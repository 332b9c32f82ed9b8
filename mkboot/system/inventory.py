# SPDX-License-Identifier: Apache-2.0
"""What a host's own files say of it: its name, release, machine, network.

The files are read out of a tree of its root file system; nothing is run on the host.
"""

from __future__ import annotations

import re

from mkboot.model.system import NetworkFile, Release
from mkboot.tree.filetree import FileTree, read_text

_NETWORK = (
    b"/etc/nodename", b"/etc/inet/hosts", b"/etc/inet/ipnodes", b"/etc/inet/netmasks",
    b"/etc/defaultrouter", b"/etc/defaultdomain", b"/etc/resolv.conf", b"/etc/nsswitch.conf",
    b"/etc/notrouter",
)  # fmt: skip
_PER_INTERFACE = (b"hostname.", b"hostname6.", b"dhcp.")


def host_name(root: FileTree) -> str | None:
    """The name in ``/etc/nodename``, else None."""
    text = (read_text(root, b"/etc/nodename") or b"").split()
    return text[0].decode("ascii", "replace") if text else None


def network_files(root: FileTree) -> tuple[NetworkFile, ...]:
    """The files that make the host's network identity, as they are."""
    etc = root.resolve(b"/etc")
    names = [] if etc is None else sorted(root.children(etc))
    paths = [*_NETWORK, *(b"/etc/" + n for n in names if n.startswith(_PER_INTERFACE))]
    found = []
    for path in paths:
        text = read_text(root, path)
        if text is not None:
            found.append(NetworkFile(path, text))
    return tuple(found)


def release_of(root: FileTree, var: FileTree | None = None) -> Release:
    """The release, from ``/etc/release`` or the install log; empty fields where unknown.

    Source: facts/inventory (first line ``Solaris 8 2/02 s28s_u7wos_08a SPARC``); before
    2.6 only ``/var/sadm/softinfo/INST_RELEASE`` (``VERSION=2.5.1``) says it.
    """
    lines = (read_text(root, b"/etc/release") or b"").strip().splitlines()
    first = lines[0].strip() if lines else b""
    found = re.search(rb"Solaris (\d+(?:\.\d+)*)", first)
    version = found[1].decode() if found else _installed_release(root, var)
    return Release(version, first, _karch(root), _platform(root))


def _installed_release(root: FileTree, var: FileTree | None) -> str:
    for tree, path in (
        (root, b"/var/sadm/softinfo/INST_RELEASE"),
        (var, b"/sadm/softinfo/INST_RELEASE"),
        (root, b"/var/sadm/system/admin/INST_RELEASE"),
        (var, b"/sadm/system/admin/INST_RELEASE"),
    ):
        text = read_text(tree, path) if tree else None
        found = re.search(rb"^VERSION=(\S+)", text or b"", re.M)
        if found:
            return found[1].decode("ascii", "replace")
    return ""


def _karch(root: FileTree) -> str:
    """The kernel architecture: the one ``/platform/sun4*`` that holds a kernel."""
    platform = root.resolve(b"/platform")
    names = [] if platform is None else sorted(root.children(platform))
    kernels = [
        n
        for n in names
        if re.fullmatch(rb"sun4[a-z]+|i86pc", n)
        and root.resolve(b"/platform/" + n + b"/kernel") is not None
    ]
    return kernels[-1].decode() if kernels else ""


def _platform(root: FileTree) -> str:
    """The root node's name as device paths of this host would tell; empty: not on disk."""
    platform = root.resolve(b"/platform")
    names = [] if platform is None else sorted(root.children(platform))
    exact = [n for n in names if n.startswith(b"SUNW,")]
    return exact[0].decode("ascii", "replace") if len(exact) == 1 else ""


def root_manager(root: FileTree) -> str:
    """What manages the root, by ``/etc/system``: empty for a plain slice.

    Source: facts/media-jumpstart 4.3 (``rootdev:/pseudo/md@…``, ``rootdev:/pseudo/vxio@…``).
    """
    text = read_text(root, b"/etc/system") or b""
    lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith(b"*")]
    if any(line.startswith(b"rootdev:/pseudo/md@") for line in lines):
        return "Solaris Volume Manager (DiskSuite)"
    if any(line.startswith(b"rootdev:/pseudo/vxio@") for line in lines):
        return "Veritas Volume Manager"
    return ""


def device_path(root: FileTree, disk: str) -> str:
    """The /devices path of ``c0t0d0``, from the link ``/dev/dsk/c0t0d0s0``; empty if unknown."""
    number = root.find(f"/dev/dsk/{disk}s0".encode())
    if number is None:
        return ""
    target = root.nodes[number].target
    found = re.search(rb"devices(/.*?)(?::[a-h])?$", target)
    return found[1].decode("ascii", "replace") if found else ""
