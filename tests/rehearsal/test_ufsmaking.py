# SPDX-License-Identifier: Apache-2.0
"""newfs' arithmetic by release, and what newfs and mkfs say; the state in the superblock."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkboot.errors import InputError
from mkboot.formats.label import SliceEntry, make_label
from mkboot.formats.ufs import lay_out, open_ufs, write_ufs
from mkboot.model.values import Geometry
from mkboot.rehearsal.hardware import Disk
from mkboot.rehearsal.ufsmaking import (
    backup_sectors,
    mkfs_words,
    newfs_parameters,
    report_words,
)
from mkboot.rehearsal.ufsmounting import MountedUfs
from mkboot.rehearsal.ufsstate import is_clean, last_mounted, mark_active, mark_clean
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular

GEOMETRY = Geometry(19, 248, 2000, 2, rpm=5400)
LABEL = make_label(GEOMETRY, [SliceEntry(2, 0, 2000 * 19 * 248, 5)])
GB_2 = 4 << 20


@pytest.mark.parametrize(
    ("release", "minfree", "nbpi", "cpg"),
    [("2.5.1", 10, 2048, 16), ("2.6", 10, 2048, 16), ("7", 10, 2048, 16),
     ("8", 3, 4096, 64), ("10", 3, 4096, 64)],
)  # fmt: skip
def test_the_defaults(release: str, minfree: int, nbpi: int, cpg: int) -> None:
    made = newfs_parameters(release, LABEL, GB_2, {})
    assert (made.minfree, made.nbpi) == (minfree, nbpi)
    assert made.cpg <= cpg
    assert (made.ntrack, made.nsect, made.rps) == (19, 248, 90)


def test_options_win() -> None:
    options = {"m": b"1", "i": b"8192", "b": b"4096", "f": b"512", "o": b"space", "r": b"7200"}
    made = newfs_parameters("2.6", LABEL, GB_2, options)
    assert (made.minfree, made.nbpi, made.bsize, made.fragsize) == (1, 8192, 4096, 512)
    assert (made.optimize, made.rps) == ("s", 120)
    with pytest.raises(InputError):
        newfs_parameters("2.6", LABEL, GB_2, {"i": b"99999999999"})


def test_the_backups_are_where_mkfs_puts_them() -> None:
    layout = lay_out(newfs_parameters("2.6", LABEL, GB_2, {}))
    numbers = backup_sectors(layout)
    assert numbers[0] == 32 and len(numbers) == layout.ncg
    told = report_words(layout, "2.6")["backups"]
    assert [int(n) for n in told.replace(b",", b"").split()] == numbers
    assert all(len(line) < 80 for line in told.split(b"\n"))
    few = report_words(layout, "10")["backups"]
    assert b"last 10 cylinder groups" in few and len(few) < len(told)


def small(tmp_path: Path) -> Disk:
    geometry = Geometry(4, 32, 98, 2)
    disk = Disk("/a@1/sd@0,0", tmp_path / "disk", 100 * 128, 4, 32)
    disk.put_label(make_label(geometry, [SliceEntry(0, 0, 80 * 128)]))
    builder = TreeBuilder(directory(), resolution=1000)
    builder.add(0, b"before", regular(BytesContent(b"-" * 9000)))
    builder.add(0, b"file", regular(BytesContent(b"x" * 9000)))
    assert disk.label is not None
    made = newfs_parameters("2.6", disk.label, 80 * 128, {"i": b"4096"})
    write_ufs(builder.build(), disk.window(0), made, time=1)
    return disk


def test_mkfs_m_makes_it_again(tmp_path: Path) -> None:
    volume = open_ufs(small(tmp_path).window(0))
    words = dict(
        w.split(b"=") for w in mkfs_words(volume.superblock, volume.parameters, "10").split(b",")
    )
    assert (words[b"nsect"], words[b"ntrack"], words[b"nbpi"]) == (b"32", b"4", b"4096")
    assert (words[b"free"], words[b"opt"], words[b"mtb"]) == (b"10", b"t", b"n")
    assert b"mtb" not in mkfs_words(volume.superblock, volume.parameters, "9")


def test_the_state(tmp_path: Path) -> None:
    window = small(tmp_path).window(0)
    before = window.pread(0, window.size)
    assert is_clean(window)
    mark_active(window, b"/a")
    assert not is_clean(window) and last_mounted(window) == b"/a"
    assert not open_ufs(window).state.is_clean
    mark_clean(window)
    assert is_clean(window) and open_ufs(window).state.is_clean
    after = window.pread(0, window.size)
    assert before[:8192] == after[:8192] and before[16384:] == after[16384:]
    word = bytearray(window.pread(8192 + 1336, 4))
    window.pwrite(8192 + 1336, bytes([word[0] ^ 1]) + word[1:])
    assert not is_clean(window)


def test_a_mounted_file_system_is_flushed(tmp_path: Path) -> None:
    window = small(tmp_path).window(0)
    ufs = MountedUfs(window)
    ufs.activate(b"/a")
    image = window.pread(0, window.size)
    ufs(ufs.tree)
    assert window.pread(0, window.size) == image, "the same tree is not written again"
    for number in range(2):
        builder = ufs.tree.edit()
        builder.add(0, b"new%d" % number, regular(BytesContent(b"new")))
        # What lies behind a file that grows comes to lie elsewhere.
        first = builder.find(b"/before")
        assert first is not None
        builder.replace(first, regular(BytesContent(b"+" * 90000 * (number + 1))))
        ufs(builder.build())
        assert not is_clean(window)
        tree = open_ufs(window).tree()
        kept, new = tree.node_at(b"/file"), tree.node_at(b"/new%d" % number)
        assert kept is not None and kept.content.read(0, 9000) == b"x" * 9000
        assert new is not None
    ufs.deactivate()
    assert is_clean(window) and last_mounted(window) == b"/a"
    assert (
        ufs.capacity().inodes == open_ufs(window).superblock.ncg * open_ufs(window).superblock.ipg
    )
    ufs.close()
    assert [p.name for p in tmp_path.iterdir()] == ["disk"]
