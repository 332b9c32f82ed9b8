# SPDX-License-Identifier: Apache-2.0
"""Worked cases of disk layouts.  Each has its arithmetic written out.

MB are 1,048,576 bytes = 2048 sectors.  Unless a case says otherwise the disk is DISK: 16 heads
of 63 sectors, so 1008 sectors a cylinder, and 4,194,304 sectors: 4,194,304 / 1008 = 4161 whole
cylinders (4161 * 1008 = 4,194,288), two of which are alternates: 4159, numbered 0 to 4158.
So many MB are MB * 2048 / 1008 cylinders, rounded up.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mkboot.jumpstart import parse_profile
from mkboot.jumpstart.layout import Layout, lay_out
from mkboot.jumpstart.machine import machine_of
from mkboot.jumpstart.placing import Item, place
from mkboot.jumpstart.sizes import Range, exactly, sparc_shape
from mkboot.model.hostfile import HostDisk, HostFile, HostSlice

DISK = HostDisk("c0t0d0", 2048 << 20)
SECOND = HostDisk("c0t1d0", 2048 << 20)
INITIAL = "install_type initial_install\n"
EXPLICIT = INITIAL + "partitioning explicit\n"

#: number, start, cylinders, what it holds; ranges as (low, high).
Row = tuple[int | None, int | tuple[int, int], int | tuple[int, int], str]
WHOLE: Row = (2, 0, 4159, "overlap")


def laid(profile: str, *disks: HostDisk, karch: str = "sun4u", memory: int = 256) -> Layout:
    host = HostFile(disks or (DISK,), karch=karch, memory_mb=memory)
    value, problems = parse_profile(profile.encode(), "p")
    assert [str(p) for p in problems if p.severity == "error"] == []
    return lay_out(value, machine_of(host, "8", None), "p")


def rows(layout: Layout, name: str = "c0t0d0") -> list[Row]:
    def plain(value: object) -> int | tuple[int, int]:
        low, high = value.low, value.high  # type: ignore[attr-defined]
        return low if low == high else (low, high)

    disk = next(d for d in layout.disks if d.name == name)
    return [(s.number, plain(s.start), plain(s.cylinders), s.holds) for s in disk.slices]


def problems(layout: Layout) -> list[str]:
    return [str(p) for p in layout.problems]


def test_1_sizes_in_mb_are_rounded_up_to_cylinders() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 500 /\nfilesys c0t0d0s1 128 swap\n")
    # 500 * 2048 / 1008 = 1015.87 -> 1016; 128 * 2048 / 1008 = 260.06 -> 261.
    # s1 begins where s0 ends: 0 + 1016.
    assert rows(layout) == [(0, 0, 1016, "/"), (1, 1016, 261, "swap"), WHOLE]
    # In MB, the rest dropped: 1016 * 1008 / 2048 = 500.06; 261 * 1008 / 2048 = 128.46.
    assert [s.mb.low for s in layout.disks[0].slices][:2] == [500, 128]
    assert problems(layout) == []


def test_2_free_takes_what_is_left() -> None:
    layout = laid(EXPLICIT + "filesys rootdisk.s0 200 /\nfilesys rootdisk.s1 100 swap\n"
                             "filesys rootdisk.s7 free /export/home\n")  # fmt: skip
    # 200 * 2048 / 1008 = 406.35 -> 407; 100 * 2048 / 1008 = 203.17 -> 204.
    # Left: 4159 - 407 - 204 = 3548, from 407 + 204 = 611 on.
    assert rows(layout) == [
        (0, 0, 407, "/"), (1, 407, 204, "swap"), WHOLE, (7, 611, 3548, "/export/home"),
    ]  # fmt: skip


def test_3_start_and_size_in_cylinders_leave_gaps_that_sizes_fill() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 100:1000 /\nfilesys c0t0d0s1 30 swap\n"
                             "filesys c0t0d0s3 64 /var\nfilesys c0t0d0s7 free /data\n")  # fmt: skip
    # s0 is cylinders 100 to 1099: gaps are 0-99 (100) and 1100-4158 (3059).
    # s1: 30 * 2048 / 1008 = 60.95 -> 61, fits the first gap: 0-60; 39 are left of it.
    # s3: 64 * 2048 / 1008 = 130.03 -> 131, does not fit 39: 1100-1230.
    # free: the larger rest, 3059 - 131 = 2928 from 1231 on.
    assert rows(layout) == [
        (0, 100, 1000, "/"), (1, 0, 61, "swap"), WHOLE, (3, 1100, 131, "/var"),
        (7, 1231, 2928, "/data"),
    ]  # fmt: skip


def test_4_all_takes_the_whole_disk() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 1000 /\nfilesys c0t1d0s7 all /data\n", DISK, SECOND)
    # 1000 * 2048 / 1008 = 2031.75 -> 2032; the second disk has 4159 cylinders.
    assert rows(layout) == [(0, 0, 2032, "/"), WHOLE]
    assert rows(layout, "c0t1d0") == [WHOLE, (7, 0, 4159, "/data")]


def test_5_overlap_lies_on_others() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 0:500 /\nfilesys c0t0d0s3 0:600 overlap\n"
                             "filesys c0t0d0s1 500:100 swap\n")  # fmt: skip
    # s3 covers 0-599, on which s0 (0-499) and s1 (500-599) lie: that is what it is for.
    assert rows(layout) == [
        (0, 0, 500, "/"), (1, 500, 100, "swap"), WHOLE, (3, 0, 600, "overlap"),
    ]  # fmt: skip
    assert problems(layout) == []


def test_6_the_same_cylinders_twice() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 0:500 /\nfilesys c0t0d0s1 499:100 swap\n")
    # s0 is 0 to 499; s1 begins at 499: one cylinder is both's.
    assert problems(layout) == ["p:4: / (slice 0) and swap (slice 1) lie on the same cylinders"]


def test_7_too_large_says_by_how_much() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 1500 /\nfilesys c0t0d0s7 600 /export\n")
    # 1500 * 2048 / 1008 = 3047.62 -> 3048; left 4159 - 3048 = 1111 (1111 * 1008 / 2048 = 546.8).
    # 600 * 2048 / 1008 = 1219.05 -> 1220 (1220 * 1008 / 2048 = 600.5).
    assert problems(layout) == [
        "p:4: /export needs 1220 cylinders (600 MB) of c0t0d0, but 1111 (546 MB) are left"
    ]


def test_8_behind_the_last_cylinder() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 0:4160 /\n")
    # 4161 - 2 = 4159 cylinders, the last is 4158; s0 would end at 0 + 4160 - 1 = 4159.
    assert problems(layout) == [
        "p:3: / would be cylinders 0 to 4159, but c0t0d0 has 4159 (0 to 4158)"
    ]


def test_9_another_geometry() -> None:
    disk = HostDisk("c1t3d0", 535_000_000, heads=14, sectors=72)
    layout = laid(EXPLICIT + "filesys c1t3d0s0 100 /\nfilesys c1t3d0s6 free /usr\n", disk)
    # 14 * 72 = 1008; 535,000,000 / 512 = 1,044,921 sectors = 1036 cylinders, less 2 = 1034.
    # 100 * 2048 / 1008 = 203.17 -> 204; 1034 - 204 = 830.
    assert rows(layout, "c1t3d0") == [
        (0, 0, 204, "/"), (2, 0, 1034, "overlap"), (6, 204, 830, "/usr"),
    ]  # fmt: skip
    disk = HostDisk("c0t0d0", 9_100_000_000, heads=27, sectors=133)
    layout = laid(EXPLICIT + "filesys c0t0d0s0 2000 /\nfilesys c0t0d0s6 free /usr\n", disk)
    # 27 * 133 = 3591; 9,100,000,000 / 512 = 17,773,437 = 4949 cylinders, less 2 = 4947.
    # 2000 * 2048 / 3591 = 1140.63 -> 1141; 4947 - 1141 = 3806.
    assert rows(layout) == [
        (0, 0, 1141, "/"), (2, 0, 4947, "overlap"), (6, 1141, 3806, "/usr"),
    ]  # fmt: skip


def test_10_a_mirror_is_two_slices_and_replicas_have_theirs() -> None:
    layout = laid(EXPLICIT + "filesys mirror:d10 c0t0d0s0 c0t1d0s0 400 /\n"
                             "filesys mirror c0t0d0s1 c0t1d0s1 128 swap\n"
                             "metadb c0t0d0s7 size 8192 count 3\n"
                             "metadb c0t1d0s7 count 2\n", DISK, SECOND)  # fmt: skip
    # 400 * 2048 / 1008 = 812.70 -> 813; 128 MB -> 261, from 813 on.
    # Replicas: 8192 * 3 = 24,576 sectors / 1008 = 24.38 -> 25, from 813 + 261 = 1074 on;
    # 8192 (the manuals' size) * 2 = 16,384 / 1008 = 16.25 -> 17.
    both: list[Row] = [(0, 0, 813, "/"), (1, 813, 261, "swap"), WHOLE]
    assert rows(layout) == [*both, (7, 1074, 25, "metadb")]
    assert rows(layout, "c0t1d0") == [*both, (7, 1074, 17, "metadb")]


def test_11_existing_slices_stay_where_they_are() -> None:
    there = (HostSlice(0, 0, 1000, "/"), HostSlice(1, 1000, 200, "swap"),
             HostSlice(2, 0, 4159), HostSlice(7, 1200, 2959, "/export"))  # fmt: skip
    disk = HostDisk("c0t0d0", 2048 << 20, installed="7", slices=there)
    lines = "filesys c0t0d0s7 existing /home preserve\nfilesys c0t0d0s0 450 /\n"
    layout = laid(EXPLICIT + lines + "filesys c0t0d0s1 free swap\n", disk)
    # s7 keeps 1200-4158 (2959), so 0-1199 is free.  450 * 2048 / 1008 = 914.29 -> 915;
    # left 1200 - 915 = 285 from 915 on.
    assert rows(layout) == [
        (0, 0, 915, "/"), (1, 915, 285, "swap"), WHOLE, (7, 1200, 2959, "/home"),
    ]  # fmt: skip
    assert problems(layout) == []
    # partitioning existing keeps all four, and s7 may have another name.
    layout = laid(INITIAL + "partitioning existing\nfilesys c0t0d0s7 existing /data\n", disk)
    assert rows(layout) == [
        (0, 0, 1000, "/"), (1, 1000, 200, "swap"), WHOLE, (7, 1200, 2959, "/data"),
    ]  # fmt: skip
    assert problems(layout) == []


def test_12_swap_of_auto_size_is_the_manuals_table() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 400 /\nfilesys c0t0d0s1 auto swap\n", memory=256)
    # 256 MB of memory are between 128 and 512: 128 MB of swap -> 261 cylinders; a fifth of
    # the disk (4159 * 1008 / 2048 = 2047 MB, so 409) is no less.
    assert rows(layout) == [(0, 0, 813, "/"), (1, 813, 261, "swap"), WHOLE]
    layout = laid(EXPLICIT + "filesys c0t0d0s0 400 /\nfilesys c0t0d0s1 auto swap\n"
                             "filesys c0t0d0s7 free /data\n", memory=128)  # fmt: skip
    # 128 ends one row (64 MB -> 130.03 -> 131) and begins the next (128 MB -> 261): s7 begins
    # at 813 + 131 = 944 to 813 + 261 = 1074 and has 4159 - 1074 = 3085 to 4159 - 944 = 3215.
    assert rows(layout)[1:] == [
        (1, 813, (131, 261), "swap"), WHOLE, (7, (944, 1074), (3085, 3215), "/data"),
    ]  # fmt: skip


def test_13_an_auto_size_is_a_range_and_so_is_what_follows() -> None:
    layout = laid(EXPLICIT + "filesys c0t0d0s0 auto /\nfilesys c0t0d0s1 128 swap\n"
                             "filesys c0t0d0s5 100 /opt\n")  # fmt: skip
    # swap 261, /opt 204 cylinders; / has at least 1, at most 4159 - 261 - 204 = 3694.
    # swap begins where / ends, 1 to 3694; /opt 261 cylinders later, 262 to 3955.
    assert rows(layout) == [
        (0, 0, (1, 3694), "/"), (1, (1, 3694), 261, "swap"), WHOLE,
        (5, (262, 3955), 204, "/opt"),
    ]  # fmt: skip
    assert any("the size of auto depends on the software" in note for note in layout.notes)


def test_14_a_pc_has_boot_cylinders() -> None:
    disk = HostDisk("c0d0", 8 << 30, heads=255, sectors=63)
    profile = EXPLICIT + "filesys c0d0s0 1000 /\nfilesys c0d0s7 free /export\n"
    layout = laid(profile + "fdisk c0d0 dosprimary 100\nfdisk c0d0 solaris maxfree\n",
                  disk, karch="i86pc")  # fmt: skip
    # 255 * 63 = 16,065 sectors; 16,777,216 / 16,065 = 1044 cylinders.  The first of the disk
    # is the master boot record's; DOS: 100 * 2048 / 16,065 = 12.75 -> 13.
    # Solaris: 1044 - 1 - 13 = 1030, less 2 alternates = 1028, of which 0 is slice 8 and, on an
    # ATA disk, 1 and 2 are slice 9: 3 to 1027 are free.
    # 1000 * 2048 / 16,065 = 127.48 -> 128 from 3 on; 1028 - 3 - 128 = 897 from 131 on.
    assert rows(layout, "c0d0") == [
        (0, 3, 128, "/"), (2, 0, 1028, "overlap"), (7, 131, 897, "/export"), (8, 0, 1, "boot"),
        (9, 1, 2, "alternates"),
    ]  # fmt: skip
    assert any("fdisk partitions that are there now" in note for note in layout.notes)
    layout = laid(profile + "fdisk c0d0 solaris 500\n", disk, karch="i86pc")
    # 500 * 2048 / 16,065 = 63.74 -> 64, less 2 = 62, less 3 = 59; / wants 128.
    assert problems(layout) == [
        "p:3: / needs 128 cylinders (1004 MB) of c0d0, but 59 (462 MB) are left"
    ]


def test_15_any_is_one_disk_or_several() -> None:
    small = HostDisk("c0t1d0", 100 << 20)
    layout = laid(EXPLICIT + "filesys c0t0d0s0 400 /\nfilesys any 200 /data\n", DISK, small)
    # The second disk has 204,800 / 1008 = 203 - 2 = 201 cylinders; /data wants 407: only the
    # first has room, behind s0 (813); which slice, nobody says.
    assert rows(layout) == [(0, 0, 813, "/"), WHOLE, (None, 813, 407, "/data")]
    layout = laid(EXPLICIT + "filesys c0t0d0s0 400 /\nfilesys any 200 /data\n"
                             "filesys c0t0d0s7 free /export\n", DISK, SECOND)  # fmt: skip
    # Both have room: 407 cylinders there or not leave /export 4159 - 813 = 3346 or 2939 here.
    assert [d.name for d in layout.disks] == ["c0t0d0", "any of c0t0d0, c0t1d0"]
    assert rows(layout)[-1] == (7, (813, 1220), (2939, 3346), "/export")
    (data,) = rows(layout, "any of c0t0d0, c0t1d0")
    # It begins at 0 at the earliest and at 4159 - 407 = 3752 at the latest.
    assert data == (None, (0, 3752), 407, "/data")


def test_16_partitioning_default_adds_what_nobody_can_tell() -> None:
    layout = laid(INITIAL + "filesys rootdisk.s7 300 /export\n")
    # /export: 300 * 2048 / 1008 = 609.52 -> 610; swap: 128 MB -> 261; / has what is left at
    # most, 4159 - 610 - 261 = 3288; they stand in any order.
    assert rows(layout) == [
        WHOLE, (7, (0, 3549), 610, "/export"), (None, (0, 4158), (1, 3288), "/"),
        (None, (0, 3898), 261, "swap"),
    ]  # fmt: skip
    assert any("partitioning default" in note for note in layout.notes)


@given(
    sizes=st.lists(st.integers(1, 900), max_size=7),
    fixed=st.lists(st.tuples(st.integers(0, 4158), st.integers(1, 900)), max_size=3),
    free=st.booleans(),
)
def test_nothing_lies_on_anything_or_outside(
    sizes: list[int], fixed: list[tuple[int, int]], free: bool
) -> None:
    items = [Item(n, f"/{n}", n, exactly(size)) for n, size in enumerate(sizes)]
    items += [
        Item(n, f"/{n}", n, exactly(size), start) for n, (start, size) in enumerate(fixed, 10)
    ]
    items += [Item(20, "/20", 20, free=True)] if free else []
    shape = sparc_shape(DISK)
    placed, faults = place(shape, items, ordered=True)
    assert all(p.start.known and p.cylinders.known for p in placed)
    if faults:
        return
    assert len(placed) == len(items)
    spans = sorted((p.start.low, p.start.low + p.cylinders.low) for p in placed)
    assert spans == [] or (spans[0][0] >= 0 and spans[-1][1] <= shape.cylinders)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))


@given(
    bounds=st.lists(st.tuples(st.integers(1, 600), st.integers(0, 600)), min_size=1, max_size=6),
    data=st.data(),
)
def test_ranges_hold_every_layout_that_can_be(
    bounds: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Whatever the sizes turn out to be, starts and sizes are within what was said."""
    ranges = [Range(low, low + more) for low, more in bounds]
    items = [Item(n, f"/{n}", n, size) for n, size in enumerate(ranges)]
    items.append(Item(7, "/7", 7, free=True))
    said = {p.number: p for p in place(sparc_shape(DISK), items, ordered=True)[0]}
    sizes = [data.draw(st.integers(r.low, r.high)) for r in ranges]
    assume(sum(sizes) < 4159)
    actual = [Item(n, f"/{n}", n, exactly(size)) for n, size in enumerate(sizes)]
    actual.append(Item(7, "/7", 7, free=True))
    placed, faults = place(sparc_shape(DISK), actual, ordered=True)
    assert faults == []
    for each in placed:
        start, count = said[each.number].start, said[each.number].cylinders
        assert start.low <= each.start.low <= start.high
        assert count.low <= each.cylinders.low <= count.high


WRONG = [
    ("filesys c0t9d0s0 100 /\n", "p:3: the machine has no disk c0t9d0"),
    ("filesys c0t0d0s6 100 /usr\n", "p:2: partitioning explicit, and no filesys line for /"),
    ("filesys c0t0d0s0 100 /\ndontuse c0t0d0\n", "p:3: c0t0d0s0: dontuse keeps c0t0d0 out"),
    ("filesys c0t0d0s0 existing /\n", "p:3: c0t0d0s0 is not there to be kept"),
    ("root_device c0t1d0s0\nfilesys rootdisk.s0 100 /\n", "p:3: the machine has no disk c0t1d0"),
]


@pytest.mark.parametrize(("lines", "told"), WRONG)
def test_what_cannot_be_is_said(lines: str, told: str) -> None:
    assert told in problems(laid(EXPLICIT + lines))


def test_the_root_disk_is_chosen_by_the_manuals_table() -> None:
    other = HostDisk("c0t3d0", 2048 << 20, installed="8", slices=(HostSlice(5, 0, 500, "/"),))
    disks = (DISK, SECOND, other)
    line = "filesys rootdisk.s0 100 /\n"
    assert laid(EXPLICIT + "root_device c0t1d0s0\n" + line, *disks).rootdisk == "c0t1d0"
    assert laid(EXPLICIT + "boot_device c0t1d0s0 update\n" + line, *disks).rootdisk == "c0t1d0"
    assert laid(EXPLICIT + "filesys c0t1d0s0 100 /\n", *disks).rootdisk == "c0t1d0"
    five = laid(EXPLICIT + "filesys rootdisk.s5 100 /\n", DISK, other)
    assert (five.rootdisk, five.why) == ("c0t3d0", "has an installed root on c0t3d0s5")
    assert laid(INITIAL + "partitioning existing\n", DISK, other).rootdisk == "c0t3d0"
    assert laid(EXPLICIT + line, DISK, SECOND).rootdisk == "c0t0d0"
    assert laid(EXPLICIT + line + "usedisk c0t1d0\n", DISK, SECOND).rootdisk == "c0t1d0"
    (told,) = problems(laid(INITIAL + "partitioning existing\n", DISK))
    assert told.startswith(
        "p:2: partitioning existing wants one installed root, the machine has no"
    )


def test_an_upgrade_leaves_the_slices() -> None:
    layout = laid("install_type upgrade\n")
    assert problems(layout) == ["p:1: upgrade wants an installed system, the machine has none"]
    assert layout.disks == ()
