# SPDX-License-Identifier: Apache-2.0
"""A made-up base medium for ``mkboot demo``: the shape of a Solaris install disc, none of
its programs.

Everything in it was written for mkboot.  What looks like a program says that it stands in
for one; the boot blocks are mkboot's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mkboot.demo.bootblocks import aout_sun4m, fcode_redirect, ufsboot
from mkboot.demo.elf import make_elf
from mkboot.demo.planting import WHEN, Planter
from mkboot.errors import BugError
from mkboot.formats.iso import lay_out_iso
from mkboot.formats.ufs import parameters_for
from mkboot.media.disc import DiscSlice, UfsContent, compose_disc
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType

_UFS_RESOLUTION = 1000
_ISO_RESOLUTION = 1_000_000_000
_GENERATION = 0x5EED
_RELEASES = {"sparc-2.6": ("8", b"Solaris_8"), "sparc-9": ("9", b"Solaris_9")}
#: Slice to kind of boot block; the machines are sun4c, sun4m, sun4d, sun4u.
_BOOT_SLICES = {2: aout_sun4m, 3: aout_sun4m, 4: aout_sun4m, 5: fcode_redirect}

_PROGRAMS = (
    "bin/cat", "bin/chmod", "bin/cp", "bin/cpio", "bin/date", "bin/dd", "bin/expr", "bin/find",
    "bin/grep", "bin/ln", "bin/ls", "bin/mkdir", "bin/mv", "bin/rm", "bin/rmdir", "bin/sed",
    "bin/sh", "bin/sleep", "bin/sum", "bin/tail", "bin/touch", "bin/tr", "bin/uname",
    "sbin/devfsadm", "sbin/eeprom", "sbin/fmthard", "sbin/format", "sbin/halt",
    "sbin/installboot", "sbin/mount", "sbin/prtconf", "sbin/prtvtoc", "sbin/reboot", "sbin/swap",
    "sbin/sync", "sbin/umount", "lib/fs/ufs/ufsrestore", "lib/fs/ufs/newfs", "lib/fs/ufs/fsck",
    "lib/fs/ufs/mount", "lib/fs/hsfs/mount",
)  # fmt: skip

_PROFIND = b"""\
#!/sbin/sh
# Stands in for the search for a JumpStart directory.
floppy() {
    test -f /tmp/fd_mount/rules.ok
}
network() {
    return 1
}
cd() {
    test -f /tmp/.preinstall || return 1
    test -f /cdrom/.install_config/rules.ok
}
floppy || network || cd
"""

_RCS = b"""\
#!/sbin/sh
# Stands in for the first script of a miniroot: fills /tmp from /.tmp_proto.
(cd /.tmp_proto && find . -print | cpio -pdum /tmp)
"""


def make_demo_base(path: Path, layout: Literal["sparc-2.6", "sparc-9"] = "sparc-2.6") -> None:
    """Write the medium; the same bytes each time, some 20 MB.  ``path`` must not exist."""
    version, folder = _RELEASES[layout]
    on_disc = layout == "sparc-2.6"
    disc, root = Planter(resolution=_ISO_RESOLUTION), Planter(resolution=_UFS_RESOLUTION)
    _plant_disc(disc, version, folder)
    _plant_miniroot(root)
    if on_disc:
        _plant_usr(disc, folder + b"/Tools/Boot/usr")
        root.folder(b"usr")
    else:
        disc.symlink(folder + b"/Tools/Boot", b"../../../s1")
        _plant_usr(root, b"usr")
    iso = lay_out_iso(disc.build(), volume_id="MKBOOT_DEMO_BASE", time=WHEN)
    slices = [DiscSlice(1, _ufs(root.build()))]
    for number, block in _BOOT_SLICES.items():
        slices.append(DiscSlice(number, _ufs(_redirect()), boot_block=block()))
    made = compose_disc(path, iso, slices, label_text=b"Made-up disc of mkboot demo", time=WHEN)
    if made.size != path.stat().st_size:
        raise BugError(f"{path} should have {made.size} bytes")


def _ufs(tree: FileTree) -> UfsContent:
    return UfsContent(tree, parameters_for(tree, spare=0.2), _GENERATION)


def _redirect() -> FileTree:
    """What a boot slice holds: the letter of the miniroot's slice, counted from 0."""
    planter = Planter(resolution=_UFS_RESOLUTION)
    planter.file(b".SUNW-boot-redirect", b"1")
    return planter.build()


def _plant_disc(disc: Planter, version: str, folder: bytes) -> None:
    toc = f"PRODNAME=Solaris\nPRODVERS={version}\nPRODDIR={folder.decode()}\n"
    disc.file(b".cdtoc", toc.encode(), 0o444)
    disc.file(b".slicemapfile", b"m 2 sun4c\nm 3 sun4m\nm 4 sun4d\nm 5 sun4u\n", 0o444)
    disc.file(b".install_config/rules.ok", b"any - - - -\n# version=2 checksum=646\n")
    disc.file(folder + b"/Docs/README", b"Made up.\n")
    disc.file(folder + b"/Misc/jumpstart_sample/rules", b"any - - - -\n")
    disc.file(folder + b"/Patches/README", b"None.\n")
    disc.file(folder + b"/Tools/setup_install_server", b"#!/sbin/sh\nexit 1\n", 0o755)
    for n in range(6):
        package = folder + b"/Product/SUNWmade%d" % n
        disc.file(package + b"/pkginfo", b"PKG=SUNWmade%d\n" % n)
        disc.bulk(package + b"/reloc/bulk", 1_500_000)


def _plant_usr(to: Planter, top: bytes) -> None:
    for name in _PROGRAMS:
        path = top + b"/" + name.encode()
        to.file(path, f"#!/sbin/sh\n# stands in for {name}\nexit 1\n".encode(), 0o555, 0, 2)
    to.file(top + b"/sbin/install.d/profind", _PROFIND, 0o755, 0, 2)
    for library in ("ld.so.1", "libdl.so.1"):
        held = make_elf(library, library=True)
        to.file(top + b"/lib/" + library.encode(), held, 0o755, 0, 2)
    libc = to.bulk(top + b"/lib/libc.so.1", 600_000, 0o755, 0, 2)
    to.link(libc, top + b"/lib/libmade-up.so.1")
    to.file(top + b"/platform/sun4u/lib/fs/ufs/bootblk", fcode_redirect(), 0o444)


def _plant_miniroot(root: Planter) -> None:
    for name in (b"a", b"cdrom", b"devices", b"proc", b"tmp"):
        root.folder(name)
    root.symlink(b"var", b"tmp/root/var")
    root.file(b"sbin/rcS", _RCS, 0o755)
    root.file(b"sbin/suninstall", b"#!/sbin/sh\nexec /sbin/sh\n", 0o755)
    for name in (b"init", b"mount", b"sh", b"uadmin", b"umount"):
        root.file(b"sbin/" + name, b"#!/sbin/sh\n# stands in for %s\nexit 1\n" % name, 0o555)
    for name in (b"vfstab", b"path_to_inst", b"sysidcfg"):
        root.symlink(b"etc/" + name, b"../tmp/root/etc/" + name)
    for name in (b"vfstab", b"path_to_inst"):
        root.file(b".tmp_proto/root/etc/" + name, b"# made-up seed\n")
    root.folder(b".tmp_proto/root/var/tmp", 0o1777)
    root.file(b"platform/sun4u/ufsboot", ufsboot())
    root.bulk(b"platform/sun4u/kernel/unix", 900_000, 0o755)
    root.bulk(b"kernel/genunix", 1_100_000, 0o755)
    for n in range(150):
        root.bulk(b"kernel/drv/made-up-driver-with-a-long-name-%03d" % n, 100 * n, 0o755)
    root.device(b"dev/console", NodeType.CHAR, 0, 0)
    root.device(b"devices/pseudo/clone@0:hme", NodeType.CHAR, 11, 300)
