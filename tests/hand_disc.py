# SPDX-License-Identifier: Apache-2.0
"""A small disc that boots on the emulated machine, with a restore script of the test's own, and
a small disk that boots, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.demo.bootblocks import aout_sun4m, fcode_redirect
from mkboot.demo.planting import WHEN, Planter
from mkboot.formats.bootblock import put_in
from mkboot.formats.iso import lay_out_iso
from mkboot.formats.label import SliceEntry, backup_label_sectors, make_label, write_label
from mkboot.formats.ufs import choose_parameters, parameters_for, write_ufs
from mkboot.media.disc import DiscSlice, UfsContent, compose_disc
from mkboot.model.values import Geometry
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSink

PROGRAM = b"\x7fELF for another machine"
COMMANDS = (b"usr/bin/cat", b"usr/bin/tr", b"usr/bin/sed", b"usr/bin/grep", b"usr/bin/expr",
            b"usr/bin/touch", b"usr/bin/ls", b"usr/bin/rm", b"usr/bin/mkdir", b"usr/bin/cksum",
            b"usr/bin/cp", b"usr/bin/echo", b"usr/bin/sleep",
            b"usr/sbin/mount", b"usr/sbin/umount", b"usr/sbin/reboot", b"usr/sbin/prtvtoc",
            b"usr/sbin/eeprom", b"usr/sbin/newfs", b"usr/sbin/sync", b"sbin/uadmin",
            b"sbin/mount", b"sbin/umount")  # fmt: skip
SYSIDCFG = b"""\
network_interface=NONE
name_service=NONE
system_locale=C
terminal=sun
timezone=GMT
timeserver=localhost
root_password=made.up
security_policy=NONE
nfs4_domain=dynamic
"""
RULES = b"any - restore.beg - restore.fin\n# version=2 checksum=3044\n"
PROFIND = b"""\
#!/sbin/sh
mkdir /tmp/install_config
mount -F lofs /cdrom/.install_config /tmp/install_config
"""
BEGIN = b"#!/sbin/sh\n/sbin/sh /cdrom/mkboot/restore </dev/console >/dev/console 2>&1\n"


@dataclass(frozen=True)
class Disc:
    """What to plant otherwise; None in ``files`` leaves a file out."""

    restore: bytes = b"echo hello\n"
    version: str = "8"
    files: Mapping[bytes, bytes | None] = field(default_factory=dict)
    miniroot: Mapping[bytes, bytes | None] = field(default_factory=dict)
    boot_block: bool = True
    redirect: bytes = b"1"
    volume_id: str = "HAND_1"


def make_disc(path: Path, disc: Disc) -> Path:
    """Write it: /usr on slice 0, as 2.6 to 8 have it."""
    folder = b"Solaris_%s" % disc.version.encode()
    files: dict[bytes, bytes | None] = {
        b".cdtoc": b"PRODNAME=Solaris\nPRODVERS=%s\nPRODDIR=x\n" % disc.version.encode(),
        b".install_config/rules.ok": RULES,
        b".install_config/restore.beg": BEGIN,
        b".install_config/restore.fin": b"exit 1\n",
        b"mkboot/restore": disc.restore,
        b"mkboot/seg/c0t0d0s0.0.001": bytes(range(256)) * 100,
        **disc.files,
    }
    iso = Planter(resolution=1_000_000_000)
    for name, text in files.items():
        if text is not None:
            iso.file(name, text)
    usr = folder + b"/Tools/Boot/usr/"
    for name in COMMANDS:
        if name.startswith(b"usr/"):
            iso.file(usr + name[4:], PROGRAM, 0o555)
    iso.file(usr + b"sbin/install.d/profind", PROFIND, 0o755)
    image = lay_out_iso(iso.build(), volume_id=disc.volume_id, time=WHEN)
    redirect = Planter(resolution=1000)
    redirect.file(b".SUNW-boot-redirect", disc.redirect)
    boot = _ufs(redirect.build())
    block = fcode_redirect() if disc.boot_block else None
    slices = [
        DiscSlice(1, _ufs(_miniroot(disc))),
        DiscSlice(3, boot, boot_block=aout_sun4m()),
        DiscSlice(5, boot, boot_block=block),
    ]
    compose_disc(path, image, slices, label_text=b"made by hand", time=WHEN)
    return path


def _ufs(tree: FileTree) -> UfsContent:
    return UfsContent(tree, parameters_for(tree, spare=0.2), 1)


def _miniroot(disc: Disc) -> FileTree:
    to = Planter(resolution=1000)
    for name in (b"a", b"cdrom", b"devices", b"proc", b"tmp", b"usr", b"dev"):
        to.folder(name)
    files: dict[bytes, bytes | None] = {
        b".tmp_proto/.install_boot": b"",
        b".tmp_proto/root/etc/sysidcfg": SYSIDCFG,
        b"platform/sun4u/ufsboot": PROGRAM,
        b"platform/sun4m/ufsboot": PROGRAM,
        b"kernel/genunix": PROGRAM,
        **disc.miniroot,
    }
    for name, text in files.items():
        if text is not None:
            to.file(name, text)
    for name in (b"sbin/sh", b"sbin/suninstall", *(c for c in COMMANDS if c.startswith(b"sbin/"))):
        if disc.miniroot.get(name, b"") is not None:
            to.file(name, PROGRAM, 0o555)
    to.symlink(b"bin", b"./usr/bin")
    to.symlink(b"etc/sysidcfg", b"../tmp/root/etc/sysidcfg")
    to.symlink(b"etc/mnttab", b"../tmp/root/etc/mnttab")
    to.file(b".tmp_proto/root/etc/mnttab", b"")
    to.device(b"dev/console", NodeType.CHAR, 0, 0)
    return to.build()


GEOMETRY = Geometry(4, 32, 200, 2, 202, 5400)
CYLINDER = 128
SLICES = (
    SliceEntry(0, 0, 120 * CYLINDER, 2, 0),
    SliceEntry(1, 120, 10 * CYLINDER, 3, 1),
    SliceEntry(2, 0, 200 * CYLINDER, 5, 0),
    SliceEntry(7, 130, 70 * CYLINDER, 8, 0),
)
SECTORS = 202 * CYLINDER
DISK_PATH = "/pci@1f,0/pci@1/scsi@1/sd@0,0"
DRIVE_PATH = "/pci@1f,0/pci@2/scsi@1/sd@6,0"


def installed_tree(files: Mapping[bytes, bytes] | None = None, release: str = "8") -> FileTree:
    """A root that is an installed system, as small as may be."""
    to = Planter(resolution=1000)
    for name in (b"tmp", b"proc", b"export/home", b"mnt", b"var/svc/manifest/site", b"mkboot"):
        to.folder(name)
    rows = b"/dev/dsk/c0t0d0s%d /dev/rdsk/c0t0d0s%d %s ufs %d %s -\n"
    planted: dict[bytes, bytes] = {
        b"etc/vfstab": rows % (0, 0, b"/", 1, b"no") + rows % (7, 7, b"/export/home", 2, b"yes"),
        b"etc/release": b"Solaris %s\n" % release.encode(),
        b"etc/mnttab": b"",
        b"platform/sun4u/ufsboot": PROGRAM,
        b"kernel/genunix": PROGRAM,
        **(files or {}),
    }
    for name, text in planted.items():
        to.file(name, text)
    for name in (b"sbin/sh", *COMMANDS):
        to.file(name, PROGRAM, 0o555)
    to.file(b"usr/platform/sun4u/lib/fs/ufs/bootblk", fcode_redirect())
    to.device(b"dev/console", NodeType.CHAR, 0, 0)
    ends = ((b"dsk", b"", NodeType.BLOCK), (b"rdsk", b",raw", NodeType.CHAR))
    for number, letter in enumerate("abcdefgh"):
        for kind, end, what in ends:
            node = b"devices" + DISK_PATH.encode() + b":" + letter.encode() + end
            to.device(node, what, 32, number)
            to.symlink(b"dev/%s/c0t0d0s%d" % (kind, number), b"../../" + node)
    return to.build()


def home_tree() -> FileTree:
    to = Planter(resolution=1000)
    to.file(b"data", b"0123456789" * 1000)
    return to.build()


def make_disk(path: Path, root: FileTree, home: FileTree | None = None) -> Path:
    """A disk with a label, a root that boots, and /export/home (None: an empty slice)."""
    with path.open("wb") as file:
        file.truncate(SECTORS * 512)
        for number, tree in ((0, root), (7, home)):
            if tree is None:
                continue
            entry = SLICES[3 if number else 0]
            start = entry.start_cylinder * CYLINDER * 512
            sink = FileSink(file.fileno(), start, entry.sectors * 512)
            made = choose_parameters(entry.sectors, nhead=4, nsect=32)
            write_ufs(tree, sink, made, time=WHEN, generation=1)
            if number == 0:
                put_in(sink, fcode_redirect())
        for sector in (0, *backup_label_sectors(GEOMETRY)):
            os.pwrite(file.fileno(), write_label(make_label(GEOMETRY, SLICES)), sector * 512)
    return path
