# SPDX-License-Identifier: Apache-2.0
"""The commands of a made-up Solaris host, and the scripts that start it: names only.

What stands under the names was written for mkboot: programs that end with status 1, and
scripts that do nothing.  The names are those of a Solaris 8 host (facts: man pages).
"""

from __future__ import annotations

from hashlib import shake_128

from mkboot.demo.elf import make_elf
from mkboot.demo.planting import WHEN
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import SECOND, directory, regular

#: Programs of the root slice; those that work before /usr is there need no library.
ROOT_PROGRAMS = (
    "ifconfig", "swapadd", "sync", "uadmin", "umount", "uname",
)  # fmt: skip
_BIN = (
    "awk basename cat chgrp chmod chown cksum cmp compress cp cpio cut date dd diff dirname du "
    "echo egrep eject expr false find grep head hostname id ls mkdir mv nawk od ps pwd rm rmdir "
    "sed sh sleep sort split sum tail tar tee test touch tr true uname wc"
)
_SBIN = (
    "devfsadm df dumpadm eeprom fmthard format fstyp fuser halt installboot metadb metastat "
    "mkfile mkfs mount mountall prtconf prtvtoc reboot swap uadmin umount"
)
_UFS = "fsck fsirand mkfs mount newfs ufsdump ufsrestore"
#: Programs of /usr, below it.
USR_PROGRAMS = (
    *(f"bin/{name}" for name in _BIN.split()),
    "bin/gzip",
    *(f"sbin/{name}" for name in _SBIN.split()),
    *(f"lib/fs/ufs/{name}" for name in _UFS.split()),
    "lib/fs/hsfs/mount",
)
#: Further names of a program, which are hard links, and links to it.
USR_LINKS = {
    "bin/uncompress": "bin/compress", "bin/zcat": "bin/compress", "bin/ln": "bin/cp",
    "sbin/drvconfig": "sbin/devfsadm", "sbin/disks": "sbin/devfsadm",
    "sbin/devlinks": "sbin/devfsadm", "sbin/tapes": "sbin/devfsadm",
}  # fmt: skip
USR_SYMLINKS = {
    "sbin/fsck": "../lib/fs/ufs/fsck", "sbin/newfs": "../lib/fs/ufs/newfs",
    "sbin/ufsrestore": "../lib/fs/ufs/ufsrestore", "sbin/ufsdump": "../lib/fs/ufs/ufsdump",
    "sbin/sync": "../../sbin/sync",
}  # fmt: skip
#: What a program needs besides libc; what a library needs.
_NEEDS = {
    "bin/cksum": ("libintl-stand-in.so.1",), "bin/eject": ("libvolmgt.so.1", "libadm.so.1"),
    "bin/compress": ("libsecdb.so.1",), "sbin/swap": ("libkstat.so.1",),
}  # fmt: skip
LIBRARIES = {
    "libc.so.1": ("libdl.so.1",), "libdl.so.1": (), "libintl-stand-in.so.1": ("libc.so.1",),
    "libvolmgt.so.1": ("libadm.so.1", "libc.so.1"), "libadm.so.1": ("libc.so.1",),
    "libsecdb.so.1": ("libnsl.so.1", "libc.so.1"), "libnsl.so.1": ("libc.so.1",),
    "libkstat.so.1": ("libc.so.1",), "ld.so.1": (),
}  # fmt: skip
_WHEN = WHEN * SECOND
_STATIC = ("lib/fs/ufs/ufsrestore", "lib/fs/ufs/ufsdump")

#: Start scripts of the single-user level, in the order in which a Solaris 8 runs them.
START_FILES = (
    "etc/rcS.d/S10initpcmcia", "etc/rcS.d/S30network.sh", "etc/rcS.d/S30rootusr.sh",
    "etc/rcS.d/S33keymap.sh", "etc/rcS.d/S35cacheos.sh", "etc/rcS.d/S40standardmounts.sh",
    "etc/rcS.d/S41cachefs.root", "etc/rcS.d/S42coreadm", "etc/rcS.d/S50devfsadm",
    "etc/rcS.d/S70buildmnttab.sh", "etc/rc2.d/S01MOUNTFSYS", "etc/rc2.d/S05RMTMPFILES",
    "etc/rc3.d/S15nfs.server",
)  # fmt: skip
START = b"#!/sbin/sh\n# Made up: a start script that starts nothing.\nexit 0\n"
INITTAB = (
    b"fs::sysinit:/sbin/rcS sysinit\nis:3:initdefault:\nsS:s:wait:/sbin/rcS\ns2:23:wait:/sbin/rc2\n"
)


_OLD_DEVICES = ("sbin/drvconfig", "sbin/disks", "sbin/devlinks", "sbin/tapes")
_SMF = ("sbin/svcadm", "sbin/svccfg", "bin/svcs")


def usr_programs(release: str) -> tuple[str, ...]:
    """The programs of a release: before 8 neither gzip nor devfsadm, from 10 on SMF's."""
    old = release in ("2.5.1", "2.6", "7")
    names = tuple(n for n in USR_PROGRAMS if not (old and n in ("bin/gzip", "sbin/devfsadm")))
    return (*names, *(_OLD_DEVICES if old else ()), *(_SMF if release == "10" else ()))


def usr_links(release: str) -> dict[str, str]:
    """``USR_LINKS`` as far as the release has what they are links to."""
    programs = usr_programs(release)
    return {path: first for path, first in USR_LINKS.items() if first in programs}


def root_program(name: str, seed: str = "") -> bytes:
    """A program of /sbin: it needs no library, for it runs before /usr is mounted."""
    filler = shake_128(f"{seed}:root:{name}".encode()).digest(1500)
    return make_elf(name, filler=filler)


def program_bytes(path: str, seed: str = "") -> bytes:
    """The program at ``path`` below /usr of a host; ``seed`` tells hosts apart."""
    name = path.rpartition("/")[2]
    filler = shake_128(f"{seed}:{path}".encode()).digest(900 + 37 * len(path))
    if path in _STATIC:
        return make_elf(name, filler=filler)
    return make_elf(name, (*_NEEDS.get(path, ()), "libc.so.1"), filler=filler)


def library_bytes(name: str, seed: str = "") -> bytes:
    """A library of /usr/lib."""
    filler = shake_128(f"{seed}:{name}".encode()).digest(2000)
    return make_elf(name, LIBRARIES[name], library=True, filler=filler)


def with_programs(tree: FileTree, seed: str = "") -> FileTree:
    """A host whose /usr is no slice of its own, with all of these programs and libraries."""
    builder = tree.edit()

    def add(path: str, data: bytes) -> int:
        folder, _, name = f"usr/{path}".rpartition("/")
        parent = builder.make_directories(folder.encode(), directory(0o755, mtime=_WHEN))
        return builder.add(parent, name.encode(), regular(BytesContent(data), 0o555, mtime=_WHEN))

    numbers = {name: add(name, program_bytes(name, seed)) for name in USR_PROGRAMS}
    for name in LIBRARIES:
        add(f"lib/{name}", library_bytes(name, seed))
    for path, first in USR_LINKS.items():
        folder, _, name = path.rpartition("/")
        parent = builder.make_directories(f"usr/{folder}".encode(), directory(0o755))
        builder.link(parent, name.encode(), numbers[first])
    sbin = builder.make_directories(b"sbin", directory(0o755, mtime=_WHEN))
    for tool in ROOT_PROGRAMS:
        builder.add(sbin, tool.encode(), regular(BytesContent(root_program(tool, seed)), 0o555))
    return builder.build()
