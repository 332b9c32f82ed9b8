# SPDX-License-Identifier: Apache-2.0
"""Restored disks that are spoilt by hand, byte by byte: the judge must say so each time."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import needs
from mutation.plays import PLAYS
from mutation.scenes import KINDS, Scene, make_scene

from mkboot.formats.ufs import read_ufs
from mkboot.rehearsal.judge import judge
from mkboot.tree.source import BytesSource

pytestmark = [pytest.mark.slow, needs("unshare", "chroot", "dash")]

ROOT, HOME = ("c0t0d0", 0), ("c0t1d0", 7)


@dataclass
class Slice:
    """A file system on a disk's image, by the offsets of sys/fs/ufs_fs.h and ufs_inode.h."""

    image: Path
    number: int

    def __post_init__(self) -> None:
        data = self.image.read_bytes()
        nhead, nsect = struct.unpack_from(">HH", data, 436)
        cylinder, sectors = struct.unpack_from(">II", data, 444 + 8 * self.number)
        self.start = cylinder * nhead * nsect * 512
        self.data = data[self.start : self.start + sectors * 512]

    def number_of(self, path: bytes) -> int:
        node = read_ufs(BytesSource(self.data)).node_at(path)
        assert node is not None, path
        return node.ino

    def at(self, number: int) -> int:
        """Where an inode lies in the image."""
        iblkno, cgoffset, cgmask = struct.unpack_from(">i4xii", self.data, 8192 + 16)
        (ipg, fpg) = struct.unpack_from(">ii", self.data, 8192 + 184)
        group, within = divmod(number, ipg)
        block = fpg * group + cgoffset * (group & ~cgmask) + iblkno
        return self.start + block * 1024 + within * 128

    def put(self, at: int, form: str, *values: int) -> None:
        data = bytearray(self.image.read_bytes())
        struct.pack_into(form, data, at, *values)
        self.image.write_bytes(data)


def an_owner(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/user/changes")) + 4, ">H", 1002)
    s.put(s.at(s.number_of(b"/user/changes")) + 116, ">I", 1002)


def a_set_id_bit(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/user/new")), ">H", 0o100755)


def a_time(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/archive-0")) + 24, ">i", 1_018_353_601)


def a_length(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/archive-1")) + 8, ">Q", 400_000)


def an_acl(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/acl")) + 112, ">I", 0)


def a_device(s: Slice) -> None:
    s.put(s.at(s.number_of(b"/devices/13-2")) + 40, ">I", 13 << 8 | 3)


def a_hole(s: Slice) -> None:
    """A hole becomes data: the first block a second time; equal in length only."""
    at = s.at(s.number_of(b"/hole"))
    (first,) = struct.unpack_from(">I", s.image.read_bytes(), at + 40)
    s.put(at + 44, ">I", first)


def a_hard_link(s: Slice) -> None:
    """One of the names leads to another file."""
    wanted, other = s.number_of(b"/elsewhere/three"), s.number_of(b"/names/-rf")
    entry = struct.pack(">I", wanted)
    data = bytearray(s.image.read_bytes())
    at = next(
        n for n in range(s.start, s.start + len(s.data), 4)
        if data[n : n + 4] == entry and data[n + 6 : n + 13] == b"\0\5three"
    )  # fmt: skip
    s.put(at, ">I", other)


def a_boot_block(s: Slice) -> None:
    data = bytearray(s.image.read_bytes())
    data[s.start + 512 : s.start + 8192] = bytes(7680)
    s.image.write_bytes(data)


def a_bit(s: Slice) -> None:
    """Of the content of a file."""
    at = s.at(s.number_of(b"/archive-0"))
    (first,) = struct.unpack_from(">I", s.image.read_bytes(), at + 40)
    where = s.start + first * 1024 + 100
    s.put(where, "B", s.image.read_bytes()[where] ^ 4)


def a_slice(s: Slice) -> None:
    """Out of the label, whose checksum is right again."""
    data = bytearray(s.image.read_bytes())
    data[444 + 8 * s.number : 452 + 8 * s.number] = bytes(8)
    total = 0
    for (word,) in struct.iter_unpack(">H", data[:510]):
        total ^= word
    struct.pack_into(">H", data, 510, total)
    s.image.write_bytes(data)


CASES: dict[str, tuple[Callable[[Slice], None], tuple[str, int], str]] = {
    "owner": (an_owner, HOME, "/user/changes: uid was 1001, is 1002"),
    "set-id bit": (a_set_id_bit, HOME, "/user/new: mode"),
    "time": (a_time, HOME, "/archive-0: mtime"),
    "length": (a_length, HOME, "/archive-1: size"),
    "acl": (an_acl, HOME, "/acl: acl"),
    "device": (a_device, HOME, "/devices/13-2: device"),
    "hard link": (a_hard_link, HOME, "/elsewhere/three: "),
    "boot block": (a_boot_block, ROOT, "the boot block is missing"),
    "bit": (a_bit, HOME, "/archive-0: content"),
    "hole": (a_hole, HOME, "/hole: content"),
    "slice": (a_slice, HOME, "slice 7: is missing"),
}


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, dict[str, Path]]:
    """The small host, restored by its disc; its images."""
    work = tmp_path_factory.mktemp("by-hand")
    scene = make_scene(KINDS["single"], work)
    play = PLAYS["smf"]
    played = scene.arena.rehearse(play, scene.arena.order.volumes, work, keep=True)
    assert played.done.verdict == "restored", (played.done.reason, played.console[-1000:])
    return scene, {name: work / f"{name}.img" for name in scene.arena.disks}


@pytest.mark.parametrize("name", CASES)
def test_what_is_spoilt_is_told(
    restored: tuple[Scene, dict[str, Path]], tmp_path: Path, name: str
) -> None:
    scene, images = restored
    spoil, (disk, number), line = CASES[name]
    copies = {n: Path(shutil.copy(path, tmp_path)) for n, path in images.items()}
    spoil(Slice(copies[disk], number))
    found = judge(scene.arena.source, copies)
    assert not found.good
    told = [d for fs in found.file_systems for d in fs.differences]
    told += [d for each in found.disks for d in each.differences]
    assert any(said.startswith(line) for said in told), told
