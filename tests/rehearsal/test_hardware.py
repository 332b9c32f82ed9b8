# SPDX-License-Identifier: Apache-2.0
"""Disks and drives: what a Sun's kernel would give, and the errors it would name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mkboot.formats.label import SliceEntry, backup_label_sectors, make_label, read_label
from mkboot.formats.ufs import choose_parameters, read_ufs, write_ufs
from mkboot.model.values import Geometry
from mkboot.rehearsal.bytesmove import drain
from mkboot.rehearsal.hardware import DeviceError, Disc, Disk, Drive
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular

GEOMETRY = Geometry(16, 63, 20, 2)
CYLINDER = 16 * 63
SLICES = (SliceEntry(0, 0, 10 * CYLINDER, 2), SliceEntry(2, 0, 20 * CYLINDER, 5))


def blank(tmp_path: Path) -> Disk:
    return Disk("/pci@1f,0/scsi@2/sd@0,0", tmp_path / "disk", 22 * CYLINDER, 16, 63)


def labelled(tmp_path: Path) -> Disk:
    disk = blank(tmp_path)
    disk.put_label(make_label(GEOMETRY, SLICES))
    return disk


def test_a_blank_disk_has_no_label_and_no_slices(tmp_path: Path) -> None:
    disk = blank(tmp_path)
    assert disk.label is None
    with pytest.raises(DeviceError, match="No such device or address") as e:
        disk.window(0)
    assert e.value.errno == errno.ENXIO


def test_the_label_is_written_with_its_copies(tmp_path: Path) -> None:
    disk = labelled(tmp_path)
    assert disk.label == make_label(GEOMETRY, SLICES)
    copies = backup_label_sectors(GEOMETRY)
    assert len(copies) == 5
    for sector in copies:
        assert read_label(disk.pread(sector * 512, 512)) == disk.label


def test_a_label_that_is_larger_than_the_disk_is_not_taken(tmp_path: Path) -> None:
    disk = blank(tmp_path)
    disk.put_label(make_label(Geometry(16, 63, 22, 2), SLICES))
    assert disk.label is None


def test_a_slice_is_read_and_written_where_it_lies(tmp_path: Path) -> None:
    disk = labelled(tmp_path)
    disk.put_label(make_label(GEOMETRY, [SliceEntry(3, 5, CYLINDER)]))
    window = disk.window(3)
    assert window.size == CYLINDER * 512
    window.pwrite(512, b"here")
    assert disk.pread(5 * CYLINDER * 512 + 512, 4) == b"here"
    with pytest.raises(DeviceError) as e:
        window.pwrite(window.size - 2, b"over")
    assert e.value.errno == errno.ENXIO
    with pytest.raises(DeviceError):
        disk.window(0)


def test_a_bad_sector_and_a_flipped_byte(tmp_path: Path) -> None:
    disk = labelled(tmp_path)
    disk.pwrite(512 * 40, b"abc")
    disk.faults.flips[512 * 40 + 1] = 0x01
    disk.faults.bad.add(41)
    assert disk.pread(512 * 40, 3) == b"acc"
    for act in (lambda: disk.pread(512 * 40, 513), lambda: disk.pwrite(512 * 41, b"x")):
        with pytest.raises(DeviceError, match="I/O error"):
            act()
    assert os.pread(disk.descriptor, 3, 512 * 40) == b"abc"


def small_tree(text: bytes) -> TreeBuilder:
    tree = TreeBuilder(directory())
    tree.add(0, b"file", regular(BytesContent(text * 5000)))
    return tree


def test_a_file_system_is_rewritten_out_of_itself(tmp_path: Path) -> None:
    disk = labelled(tmp_path)
    window = disk.window(0)
    window.pwrite(512, b"boot block")
    parameters = choose_parameters(10 * CYLINDER)
    first = small_tree(b"first text ").build()
    window.rewrite(lambda sink: write_ufs(first, sink, parameters, time=1), None)
    there = read_ufs(window).edit()
    there.add(0, b"more", regular(BytesContent(b"more")))
    second = there.build()
    window.rewrite(lambda s: write_ufs(second, s, parameters, time=2), tmp_path / "scratch")
    found = read_ufs(window)
    node = found.node_at(b"/file")
    assert node is not None and node.content.read(0, 22) == b"first text first text "
    assert found.node_at(b"/more") is not None
    assert window.pread(512, 10) == b"boot block"
    assert not (tmp_path / "scratch").exists()


def disc(path: Path, label: bool = False) -> Disc:
    data = bytearray(b"\x42" * (640 * 512 * 4))
    if label:
        made = make_label(Geometry(1, 640, 2048), [SliceEntry(1, 2, 640)])
        data[:512] = made.raw
    path.write_bytes(data)
    return Disc(path)


def test_a_disc_without_a_label_is_slices_0_and_2(tmp_path: Path) -> None:
    drive = Drive("/pci@1f,0/scsi@2/sd@6,0")
    with pytest.raises(DeviceError, match="I/O error"):
        drive.window(0)
    drive.insert(disc(tmp_path / "a"))
    assert drive.window(0).size == drive.window(2).size == 640 * 512 * 4
    with pytest.raises(DeviceError, match="No such device or address"):
        drive.window(1)
    drive.insert(disc(tmp_path / "b", label=True))
    assert drive.window(1).size == 640 * 512
    with pytest.raises(DeviceError):
        drive.window(0)


def test_the_drive_that_root_runs_from_stays_shut(tmp_path: Path) -> None:
    drive = Drive("/pci@1f,0/scsi@2/sd@6,0")
    first = disc(tmp_path / "a")
    drive.insert(first)
    drive.locked.add("root")
    for act in (drive.open, lambda: drive.insert(None)):
        with pytest.raises(DeviceError, match="Device busy"):
            act()
    assert drive.disc is first
    drive.locked.clear()
    drive.open()
    assert drive.is_open and drive.disc is None


def test_a_pipe_and_a_file_are_spooled(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"x" * 3_000_000)
    for name in ("file", "pipe"):
        source = os.open(tmp_path / "in", os.O_RDONLY)
        child = 0
        if name == "pipe":
            read, write = os.pipe()
            child = os.fork()
            if child == 0:
                while data := os.read(source, 50_000):
                    os.write(write, data)
                os._exit(0)
            os.close(write)
            os.close(source)
            source = read
        target = os.open(tmp_path / name, os.O_RDWR | os.O_CREAT)
        assert drain(source, target) == 3_000_000
        os.close(source)
        os.close(target)
        if child:
            os.waitpid(child, 0)
        assert (tmp_path / name).read_bytes() == b"x" * 3_000_000
