# SPDX-License-Identifier: Apache-2.0
"""Whatever lines a profile has, a layout or problems come out, never a crash."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mkboot.jumpstart import parse_profile
from mkboot.jumpstart.layout import lay_out
from mkboot.jumpstart.machine import machine_of
from mkboot.model.hostfile import HostDisk, HostFile, HostSlice

WORDS = st.sampled_from([
    "any", "rootdisk", "rootdisk.s0", "rootdisk.s7", "c0t0d0s0", "c0t1d0s1", "c0d0s3", "c0t0d0s2",
    "c0t0d0", "c9t9d9s9", "existing", "auto", "all", "free", "0", "1", "500", "999999999", "0:0",
    "10:100", "999999999:999999999", "/", "/usr", "swap", "overlap", "unnamed", "ignore",
    "preserve", "mirror", "mirror:d10", "solaris", "dosprimary", "maxfree", "delete", "size",
    "count", "explicit", "default", "upgrade", "initial_install", "pool", "10g", "server:/x", "-",
])  # fmt: skip
KEYWORDS = st.sampled_from([
    "filesys", "filesys", "filesys", "partitioning", "usedisk", "dontuse", "root_device", "metadb",
    "boot_device", "fdisk", "pool",
])  # fmt: skip
LINE = st.tuples(KEYWORDS, st.lists(WORDS, max_size=6)).map(lambda x: " ".join([x[0], *x[1]]))
SLICES = (HostSlice(0, 0, 500, "/"), HostSlice(2, 0, 800), HostSlice(7, 400, 200, "/x"))
DISKS = st.lists(
    st.sampled_from([
        HostDisk("c0t0d0", 1 << 29),
        HostDisk("c0t1d0", 1 << 40, heads=1, sectors=1),
        HostDisk("c0d0", 4 * 1008 * 512, installed="8"),
        HostDisk("c0t3d0", 1 << 29, installed="7", slices=SLICES),
    ]),
    max_size=4,
    unique_by=lambda d: d.name,
)  # fmt: skip


@given(
    lines=st.lists(LINE, max_size=9),
    disks=DISKS,
    karch=st.sampled_from(["sun4u", "i86pc"]),
    kind=st.sampled_from(["initial_install", "flash_install", "upgrade", "flash_update", "x"]),
)
def test_no_profile_is_too_odd(
    lines: list[str], disks: list[HostDisk], karch: str, kind: str
) -> None:
    text = "\n".join([f"install_type {kind}", *lines, ""])
    profile, _ = parse_profile(text.encode(), "p")
    host = HostFile(tuple(disks), karch=karch)
    layout = lay_out(profile, machine_of(host, "", None), "p")
    for disk in layout.disks:
        for each in disk.slices:
            assert each.start.low <= each.start.high
            assert each.cylinders.low <= each.cylinders.high
            fits = each.start.low + each.cylinders.low <= disk.cylinders
            assert fits or disk.name.startswith("any of ")
