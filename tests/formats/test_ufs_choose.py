# SPDX-License-Identifier: Apache-2.0
"""Choosing sizes, and telling beforehand what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import ufs_recount
from hypothesis import HealthCheck, given, settings
from ufs_making import image_of, noise, ufs_trees

from mkboot.errors import InputError
from mkboot.formats.ufs import choose_parameters, fits, lay_out, parameters_for
from mkboot.formats.ufs.blocks import Places
from mkboot.formats.ufs.geometry import most_cylinders
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular

GIB = 1 << 21


def files(*sizes: int) -> FileTree:
    builder = TreeBuilder(directory(mtime=SECOND))
    for n, size in enumerate(sizes):
        builder.add(0, b"%d" % n, regular(noise(size), mtime=SECOND))
    return builder.build()


@pytest.mark.parametrize(
    ("sectors", "cpg", "minfree", "nbpi"),
    [
        (100_000, 16, 10, 2048),
        (GIB - 1, 16, 6, 2048),
        (GIB, 32, 6, 2048),
        (GIB + 1, 32, 6, 4096),
        (6_000_000, 64, 2, 6144),
    ],
)
def test_newfs_defaults(sectors: int, cpg: int, minfree: int, nbpi: int) -> None:
    chosen = choose_parameters(sectors, nhead=16, nsect=63, rpm=7200)
    assert chosen == UfsParameters(sectors, 63, 16, cpg=cpg, minfree=minfree, nbpi=nbpi, rps=120)


def test_without_a_geometry_there_is_one_track() -> None:
    chosen = choose_parameters(100_000)
    assert (chosen.ntrack, chosen.nsect, lay_out(chosen).cpc) == (1, 640, 0)


def test_large_disks_and_slices() -> None:
    big = choose_parameters(9_000_000, nhead=27, nsect=133, disk_sectors=63 * 256 * 1024 + 1)
    assert (big.nsect, big.ntrack, big.cpg) == (128, 48, 16)
    # 13 cylinders are left by mkfs when there is an inode for every 2048 bytes.
    assert lay_out(replace(big, nbpi=2048)).cpg == 13
    for sectors in (20 * GIB, 200 * GIB, 1000 * GIB):
        chosen = choose_parameters(sectors, nhead=16, nsect=63)
        assert chosen.cpg <= most_cylinders(chosen)
        assert chosen.minfree == 1
        lay_out(chosen)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(ufs_trees())
def test_what_was_chosen_fits_and_less_does_not(tree: FileTree) -> None:
    chosen = parameters_for(tree, spare=0)
    assert fits(tree, chosen) is None
    assert chosen.size % 640 == 0
    less = replace(chosen, size=chosen.size - 640)
    layout_fits = fits(tree, less) is None if less.size >= 1024 else False
    # One block more than needed is asked for, and inodes go by steps.
    assert not layout_fits or lay_out(less).inodes < len(tree.nodes) + 20 or _tight(tree, less)


def _tight(tree: FileTree, parameters: UfsParameters) -> bool:
    from mkboot.formats.ufs.plan import make_plan

    plan = make_plan(tree, lay_out(parameters), 0)
    return plan.places.blocks - plan.allocator.cursor <= 1


def test_spare_is_there(tmp_path: Path) -> None:
    tree = files(*[100_000] * 100)
    made = image_of(tmp_path / "image", tree, parameters_for(tree, spare=0.25))
    assert made.free_bytes >= 0.25 * made.used_bytes
    assert made.free_inodes >= 25


def test_many_small_files_get_enough_inodes() -> None:
    tree = files(*[100] * 20_000)
    chosen = parameters_for(tree)
    assert fits(tree, chosen) is None
    assert lay_out(chosen).inodes < 45_000


def test_links_count_once() -> None:
    builder = TreeBuilder(directory(mtime=SECOND))
    number = builder.add(0, b"file", regular(noise(5_000_000)))
    for n in range(100):
        builder.link(0, b"%d" % n, number)
    assert fits(builder.build(), UfsParameters(16_000, 640, 1)) is None


def test_no_room_is_told_in_bytes_before_writing(tmp_path: Path) -> None:
    tree, shape = files(20_000_000), UfsParameters(40960, 640, 1)
    words = fits(tree, shape)
    assert words is not None
    assert "bytes are needed" in words
    with pytest.raises(InputError, match=r"does not fit: .* bytes are needed"):
        image_of(tmp_path / "image", tree, shape)
    assert (tmp_path / "image").read_bytes() == bytes(40960 * 512)


def test_no_inodes_are_told() -> None:
    shape = UfsParameters(40960, 640, 1, nbpi=65536)
    there = lay_out(shape).inodes
    assert fits(files(*[0] * (there - 4)), shape) is None
    words = fits(files(*[0] * (there - 3)), shape)
    assert words == f"{there + 1} inodes are needed, there are {there}"


def test_what_mkfs_refuses_does_not_fit() -> None:
    assert "block size" in (fits(files(), UfsParameters(40960, 640, 1, bsize=512)) or "")


def test_a_sink_that_is_too_small(tmp_path: Path) -> None:
    class Small:
        size = 40960 * 512 - 1

        def pwrite(self, offset: int, data: object) -> None:
            raise AssertionError("written")

    from mkboot.formats.ufs import write_ufs

    with pytest.raises(InputError, match="20971520 bytes are needed, there are 20971519"):
        write_ufs(files(), Small(), UfsParameters(40960, 640, 1), time=1)


@pytest.mark.parametrize("tail", [0, 1, 3, 7])
def test_full_to_the_last_fragment(tail: int, tmp_path: Path) -> None:
    """Even those behind the last whole block are used; one fragment more is too much."""
    shape = UfsParameters(19200 + 2 * tail, 640, 1, nbpi=4096)
    layout = lay_out(shape)
    places = Places(layout)
    # lost+found, and a block of which root has one fragment.
    blocks = places.blocks - places.reserved - 2
    rest = places.summary_rest + layout.frag - 1 + places.spare
    assert places.spare == tail
    one_file = blocks - 1 - (blocks > 12)
    tree = files(one_file * 8192, 8192, *[1024] * rest)
    made = image_of(tmp_path / "image", tree, shape)
    assert made.free_bytes == 0
    assert ufs_recount.faults((tmp_path / "image").read_bytes()) == []
    assert fits(files(one_file * 8192, 8192, *[1024] * (rest + 1)), shape) is not None
