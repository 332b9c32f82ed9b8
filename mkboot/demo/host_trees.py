# SPDX-License-Identifier: Apache-2.0
"""The file systems of the demo's host: who it is, what boots, and everything that hurts."""

from __future__ import annotations

from mkboot.demo import programs
from mkboot.demo.bootblocks import fcode_redirect, ufsboot
from mkboot.demo.planting import MadeUpContent, Planter
from mkboot.tree.content import RunsContent
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import BytesSource

_RESOLUTION = 1000
_BLOCK = 8192
NODENAME = b"demo"

_VFSTAB = b"""\
#device\tdevice\tmount\tFS\tfsck\tmount\tmount
#to mount\tto fsck\tpoint\ttype\tpass\tat boot\toptions
fd\t-\t/dev/fd\tfd\t-\tno\t-
/proc\t-\t/proc\tproc\t-\tno\t-
/dev/dsk/c0t0d0s1\t-\t-\tswap\t-\tno\t-
/dev/dsk/c0t0d0s0\t/dev/rdsk/c0t0d0s0\t/\tufs\t1\tno\t-
/dev/dsk/c0t0d0s6\t/dev/rdsk/c0t0d0s6\t/usr\tufs\t1\tno\t-
/dev/dsk/c0t0d0s3\t/dev/rdsk/c0t0d0s3\t/var\tufs\t1\tno\t-
/dev/dsk/c0t1d0s7\t/dev/rdsk/c0t1d0s7\t/export/home\tufs\t2\tyes\t-
/dev/dsk/c0t1d0s1\t-\t-\tswap\t-\tno\t-
swap\t-\t/tmp\ttmpfs\t-\tyes\t-
"""

_ETC: dict[bytes, bytes] = {
    b"vfstab": _VFSTAB,
    b"nodename": NODENAME + b"\n",
    b"hostname.hme0": NODENAME + b"\n",
    b"inet/hosts": b"127.0.0.1\tlocalhost\n192.0.2.8\tdemo\tloghost\n",
    b"inet/netmasks": b"192.0.2.0\t255.255.255.0\n",
    b"defaultrouter": b"192.0.2.1\n",
    b"dumpadm.conf": b"DUMPADM_DEVICE=/dev/dsk/c0t0d0s1\nDUMPADM_SAVDIR=/var/crash/demo\n",
    b"path_to_inst": b'"/pci@1f,0/pci@1/scsi@1/sd@0,0" 0 "sd"\n'
    b'"/pci@1f,0/pci@1/scsi@1/sd@1,0" 1 "sd"\n',
    b"passwd": b"root:x:0:1:Super-User:/:/sbin/sh\n",
    b"system": b"* made up\n",
    b"release": b"                       Solaris 8 2/02 s28s_u7wos_08a SPARC\n",
}

_NAMES = (
    b"-rf", b" blank ", b"two\nlines", b"$(touch here)", b"it's; rm *", b'"double"', b"caf\xe9",
    b"back\\slash", b"* ? [a-z]", b"n" * 255, b"-" + b"\n" * 10 + b"'\"$(l)`\xe9" + b"y" * 236,
)  # fmt: skip
_DEVICES = ((13, 2), (32, 48), (1, 256), (300, 70_000))


def root_tree() -> FileTree:
    """The root slice: some 4 MB, below 450 names, so that firmware can read all of it."""
    to = Planter(resolution=_RESOLUTION)
    for name in (b"usr", b"var", b"export/home", b"mnt", b"proc", b"opt"):
        to.folder(name)
    to.folder(b"tmp", 0o1777)
    for name, text in _ETC.items():
        to.file(b"etc/" + name, text)
    to.file(b"etc/shadow", b"root:made.up:11400::::::\n", 0o400)
    to.symlink(b"etc/hosts", b"./inet/hosts")
    to.symlink(b"bin", b"./usr/bin")
    to.file(b"platform/sun4u/ufsboot", ufsboot())
    to.bulk(b"platform/sun4u/kernel/unix", 900_000, 0o755)
    to.bulk(b"kernel/genunix", 1_300_000, 0o755)
    for n in range(200):
        to.bulk(b"kernel/drv/a-driver-that-has-a-rather-long-name-%03d" % n, 60 * n, 0o755)
    to.bulk(b"sbin/su", 30_000, 0o4555)
    for tool in ("sh", "init", "mount", *programs.ROOT_PROGRAMS):
        to.file(f"sbin/{tool}".encode(), programs.root_program(tool, "demo"), 0o555)
    for script in ("sbin/rcS", "sbin/rc2", "sbin/rc3", *programs.START_FILES):
        to.file(script.encode(), programs.START, 0o744)
    to.file(b"etc/inittab", programs.INITTAB)
    to.file(b"etc/mnttab", b"")
    for disk in range(2):
        node = b"devices/pci@1f,0/pci@1/scsi@1/sd@%d,0:" % disk
        for number, letter in enumerate("abcdefgh"):
            for kind, raw in ((NodeType.BLOCK, b""), (NodeType.CHAR, b",raw")):
                to.device(node + letter.encode() + raw, kind, 32, disk * 8 + number)
                folder = b"dev/rdsk" if raw else b"dev/dsk"
                path = b"%s/c0t%dd0s%d" % (folder, disk, number)
                to.symlink(path, b"../../" + node + letter.encode() + raw)
    to.fifo(b"etc/initpipe")
    return to.build()


def usr_tree() -> FileTree:
    """/usr, with the boot block where installboot looks for it."""
    to = Planter(resolution=_RESOLUTION)
    block = fcode_redirect().ljust(7680, b"\0")
    to.file(b"platform/sun4u/lib/fs/ufs/bootblk", block, 0o444)
    to.symlink(b"platform/SUNW,Ultra-5_10", b"sun4u")
    numbers: dict[str, int] = {}
    for name in programs.USR_PROGRAMS:
        held = programs.program_bytes(name, "demo")
        numbers[name] = to.file(name.encode(), held, 0o555, 0, 2)
    for name in programs.LIBRARIES:
        to.file(b"lib/" + name.encode(), programs.library_bytes(name, "demo"), 0o755, 0, 2)
    for path, target in programs.USR_SYMLINKS.items():
        to.symlink(path.encode(), target.encode())
    for path, first in programs.USR_LINKS.items():
        to.link(numbers[first], path.encode())
    for n in range(60):
        to.bulk(b"bin/program-%02d" % n, 1000 * n, 0o4555 if n % 20 == 0 else 0o555, 0, 2)
    return to.build()


def var_tree() -> FileTree:
    """/var: a log and some mail."""
    to = Planter(resolution=_RESOLUTION)
    to.file(b"sadm/system/admin/CLUSTER", b"CLUSTER=SUNWCuser\n")
    to.folder(b"crash/" + NODENAME, 0o700)
    to.file(b"adm/messages", b"a line of a log\n" * 20_000)
    for n in range(20):
        to.bulk(b"mail/user%02d" % n, 500 * n, 0o660, 100 + n, 6)
    return to.build()


def nearly_empty_tree() -> FileTree:
    """A file system that vfstab does not mount."""
    to = Planter(resolution=_RESOLUTION)
    to.file(b"left-behind", b"once upon a time\n")
    return to.build()


def home_tree() -> FileTree:
    """/export/home: the mass, and everything that hurts."""
    to = Planter(resolution=_RESOLUTION)
    _plant_nasty(to)
    for n in range(600):
        to.bulk(b"one-directory/entry-%03d" % n, n)
    for n in range(48):
        to.bulk(b"user%d/archive-%02d.tar" % (n % 4, n), 1_600_000 + 7 * n, 0o640, 1000 + n % 4, 10)
    return to.build()


def _plant_nasty(to: Planter) -> None:
    for name in _NAMES:
        to.file(b"nasty/names/" + name, name + b"\n")
    for n, target in enumerate((b"x", b"t" * 59, b"t" * 60, b"/long" * 200, b"two\nlines")):
        to.symlink(b"nasty/links/%d" % n, target, 70_000)
    for mode in (0o4755, 0o2755, 0o1644, 0):
        to.file(b"nasty/modes/%04o" % mode, b"m\n", mode, 70_000, 70_001)
    for time in (0, (1 << 31) - 1):
        to.file(b"nasty/times/%d" % time, b"then\n", time=time)
    for major, minor in _DEVICES:
        to.device(b"nasty/devices/%d-%d" % (major, minor), NodeType.CHAR, major, minor)
    to.fifo(b"nasty/fifo")
    number = to.bulk(b"nasty/hard/one", 12_345, 0o4711, 70_000)
    to.link(number, b"nasty/hard/two")
    to.link(number, b"nasty/elsewhere/" + b"z" * 255)
    to.file(b"nasty/deep/" + b"/".join(b"d%02d" % n for n in range(60)) + b"/end", b"end\n")
    for size in (0, 1024, 7169, 12 * _BLOCK, 12 * _BLOCK + 1):
        to.bulk(b"nasty/sizes/%d" % size, size)
    to.file(b"nasty/database.dbf", _holes(40 << 20))


def _holes(size: int) -> RunsContent:
    """A file that is mostly holes, with 9 blocks of data; it reaches double indirect blocks."""
    data = MadeUpContent("holes", 9 * _BLOCK).read(0, 9 * _BLOCK)
    starts = [n * (size // 8) // _BLOCK * _BLOCK for n in range(8)] + [size]
    runs = [(start, _BLOCK, n * _BLOCK) for n, start in enumerate(starts)]
    return RunsContent(BytesSource(data), size + _BLOCK, runs)
