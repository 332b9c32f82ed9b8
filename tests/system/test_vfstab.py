# SPDX-License-Identifier: Apache-2.0
"""vfstab, release and names: what a host's files say."""

import pytest

from mkboot.system.inventory import device_path, host_name, network_files, release_of
from mkboot.system.vfstab import parse_vfstab, swap_slices, ufs_mounts
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory, regular, symlink

VFSTAB = b"""#device\tdevice\tmount\tFS\tfsck\tmount\tmount
fd\t-\t/dev/fd\tfd\t-\tno\t-
/dev/dsk/c0t0d0s1\t-\t-\tswap\t-\tno\t-
/dev/dsk/c0t0d0s0 /dev/rdsk/c0t0d0s0 / ufs 1 no logging
/dev/md/dsk/d6\t/dev/md/rdsk/d6\t/usr\tufs\t1\tno\t-
/dev/dsk/c1t500A0Bd3s7\t/dev/rdsk/c1t500A0Bd3s7\t/export/home\tufs\t2\tyes\t-
/dev/dsk/c1d0s0 /dev/rdsk/c1d0s0 /opt ufs 2 yes -
broken line
swap\t-\t/tmp\ttmpfs\t-\tyes\t-
"""


def tree(files: dict[bytes, bytes], links: dict[bytes, bytes] | None = None) -> FileTree:
    builder = TreeBuilder(directory())
    for path, text in files.items():
        parent, _, name = path.rpartition(b"/")
        builder.add(
            builder.make_directories(parent, directory()), name, regular(BytesContent(text))
        )
    for path, target in (links or {}).items():
        parent, _, name = path.rpartition(b"/")
        builder.add(builder.make_directories(parent, directory()), name, symlink(target))
    return builder.build()


def test_mounts_on_plain_slices() -> None:
    entries = parse_vfstab(VFSTAB)
    mounts = ufs_mounts(entries)
    assert {name: e.mount for name, e in mounts.items()} == {
        "c0t0d0s0": b"/",
        "c1t500A0Bd3s7": b"/export/home",
        "c1d0s0": b"/opt",
    }
    assert mounts["c0t0d0s0"].options == b"logging"
    assert swap_slices(entries) == ("c0t0d0s1",)
    assert [e.device for e in entries if e.fstype == b"ufs" and e.slice_name is None] == [
        b"/dev/md/dsk/d6"
    ]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"                  Solaris 8 2/02 s28s_u7wos_08a SPARC\n  Copyright\n", "8"),
        (b"  Solaris 2.6 5/98 s297s_hw3smccServer_09 SPARC\n", "2.6"),
        (b"  Solaris 10 1/13 s10s_u11wos_24a SPARC\n", "10"),
        (b"", ""),
    ],
)
def test_release(text: bytes, version: str) -> None:
    found = release_of(tree({b"/etc/release": text, b"/platform/sun4u/kernel/unix": b""}))
    assert found.version == version
    assert found.karch == "sun4u"


def test_release_of_old_hosts_from_the_install_log() -> None:
    root = tree({b"/etc/nodename": b"old\n"})
    var = tree({b"/sadm/softinfo/INST_RELEASE": b"OS=Solaris\nVERSION=2.5.1\nREV=0\n"})
    assert release_of(root, var).version == "2.5.1"


def test_identity() -> None:
    root = tree(
        {
            b"/etc/nodename": b"murphy\n",
            b"/etc/inet/hosts": b"127.0.0.1 localhost\n",
            b"/etc/hostname.hme0": b"murphy\n",
        },
        {
            b"/etc/hosts": b"./inet/hosts",
            b"/dev/dsk/c0t0d0s0": b"../../devices/pci@1f,4000/scsi@3/sd@0,0:a",
        },
    )
    assert host_name(root) == "murphy"
    assert [f.path for f in network_files(root)] == [
        b"/etc/nodename",
        b"/etc/inet/hosts",
        b"/etc/hostname.hme0",
    ]
    assert device_path(root, "c0t0d0") == "/pci@1f,4000/scsi@3/sd@0,0"
    assert device_path(root, "c0t1d0") == ""
