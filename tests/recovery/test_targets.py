# SPDX-License-Identifier: Apache-2.0
"""Labels for the disks that a system is restored onto."""

from dataclasses import replace

import pytest

from mkboot.errors import InputError
from mkboot.formats.label import SliceEntry, make_label, read_label, write_label
from mkboot.formats.ufs import lay_out
from mkboot.model.system import Disk, FileSystem, Holds, Release, SliceRecord, System
from mkboot.model.values import Geometry, UfsParameters
from mkboot.recovery.targets import TargetDisk, choose_parameters_on, plan_disk
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory

EMPTY_TREE = TreeBuilder(directory()).build()
GEOMETRY = Geometry(16, 63, 200, 2, 202, 5400)
CYLINDER = 16 * 63


def system(used: int = 10_000_000) -> tuple[System, Disk]:
    slices = [
        SliceEntry(0, 0, 80 * CYLINDER, 2, 0),
        SliceEntry(1, 80, 20 * CYLINDER, 3, 1),
        SliceEntry(2, 0, 200 * CYLINDER, 5, 1),
        SliceEntry(5, 100, 100 * CYLINDER, 8, 0),
    ]
    label = make_label(GEOMETRY, slices, ascii=b"made up", volume=b"vol")
    holds = {0: Holds.UFS, 1: Holds.SWAP, 2: Holds.WHOLE_DISK, 5: Holds.UFS}
    records = tuple(
        SliceRecord(e.number, label.start(e.number), e.sectors, e.tag, e.flag, holds[e.number])
        for e in slices
    )
    disk = Disk("c0t0d0", "", 202 * CYLINDER, GEOMETRY, write_label(label).hex(), records)
    file_systems = tuple(
        FileSystem(f"c0t0d0s{n}", mount, b"", b"", UfsParameters(size, 63, 16), used, 100, ())
        for n, mount, size in ((0, b"/", 80 * CYLINDER), (5, b"/home", 100 * CYLINDER))
    )
    release = Release("8", b"", "sun4u", "")
    return System(1, "h", release, 0, (disk,), file_systems, (), (), (), b""), disk


def test_the_same_disk_gets_the_captured_label_byte_for_byte() -> None:
    host, disk = system()
    plan = plan_disk(host, disk, TargetDisk("c0t0d0", disk.sectors))
    assert plan.same
    assert write_label(plan.label).hex() == disk.label
    fs = host.file_systems[0]
    assert choose_parameters_on(fs, plan, 0, EMPTY_TREE) == fs.parameters


def test_another_geometry_rounds_up_to_its_cylinders() -> None:
    host, disk = system()
    plan = plan_disk(host, disk, TargetDisk("c0t0d0", 2 * disk.sectors, 19, 248))
    assert not plan.same
    cylinder = 19 * 248
    at = 0
    for number, sectors in ((0, 80 * CYLINDER), (1, 20 * CYLINDER), (5, 100 * CYLINDER)):
        entry = plan.label.entry(number)
        assert entry.start_cylinder * cylinder == at
        assert entry.sectors % cylinder == 0
        assert 0 <= entry.sectors - sectors < cylinder
        at += entry.sectors
    whole = plan.label.entry(2)
    assert whole.sectors == plan.label.geometry.ncyl * cylinder
    assert read_label(write_label(plan.label)).slices == plan.label.slices
    parameters = choose_parameters_on(host.file_systems[1], plan, 5, EMPTY_TREE)
    assert (parameters.nsect, parameters.ntrack) == (248, 19)
    assert parameters.size == plan.label.entry(5).sectors


def test_a_smaller_disk_takes_free_space_from_file_systems_only() -> None:
    host, disk = system()
    plan = plan_disk(host, disk, TargetDisk("c0t0d0", 150 * CYLINDER))
    assert plan.label.entry(1).sectors == 20 * CYLINDER
    total = sum(plan.label.entry(n).sectors for n in (0, 1, 5))
    assert total == plan.label.geometry.ncyl * CYLINDER
    assert all(plan.label.entry(n).sectors * 512 > 11_000_000 for n in (0, 5))


def test_a_disk_that_is_too_small_is_refused_with_numbers() -> None:
    host, disk = system(used=45_000_000)
    with pytest.raises(InputError, match=r"needs .* MB, the new disk has"):
        plan_disk(host, disk, TargetDisk("c0t0d0", 100 * CYLINDER))


@pytest.mark.parametrize("extra", [0, 1, 500, 10 * CYLINDER])
def test_a_larger_disk_keeps_the_shape(extra: int) -> None:
    host, disk = system()
    plan = plan_disk(host, disk, TargetDisk("c0t0d0", disk.sectors + extra))
    assert plan.same == (extra == 0)
    assert (plan.label.geometry.nhead, plan.label.geometry.nsect) == (16, 63)


def test_an_image_without_the_alternate_cylinders_keeps_its_label() -> None:
    """As ``dd`` of slice 2 makes it."""
    host, disk = system()
    short = replace(disk, sectors=200 * CYLINDER)
    plan = plan_disk(replace(host, disks=(short,)), short, TargetDisk("c0t0d0", short.sectors))
    assert plan.same


@pytest.mark.parametrize("shape", [(255, 63), (255, 255), (1, 17), (64, 32), (2, 640)])
def test_odd_shapes_still_get_file_systems(shape: tuple[int, int]) -> None:
    host, disk = system()
    sectors = 60 * 255 * 255 if shape == (255, 255) else 400_000
    plan = plan_disk(host, disk, TargetDisk("c0t0d0", sectors, *shape))
    for fs, number in zip(host.file_systems, (0, 5), strict=True):
        parameters = choose_parameters_on(fs, plan, number, EMPTY_TREE)
        assert parameters.size == plan.label.entry(number).sectors
        assert parameters.minfree == fs.parameters.minfree
        lay_out(parameters)
