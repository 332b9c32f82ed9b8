# SPDX-License-Identifier: Apache-2.0
"""A second look at ACLs, attributes and long owners: by offsets, with nothing but struct.

Written from the byte tables of UFS and of ufsdump streams, and kept apart from mkboot: it
imports none of it, so a mistake there cannot be made here again.  Big-endian unless told.

Offsets.  Superblock, at byte 8192: iblkno 16, cgoffset 24, cgmask 28, bsize 48, fsize 52,
ipg 184, fpg 188; blocks are counted in fragments.  Inode, 128 bytes: mode 0, short uid 4,
short gid 6, size 8, db[12] 40, ib[3] 88, shadow 112, uid 116, gid 120, attributes 124.
ACL: records of type, length; entries of 12 bytes: tag 0, permissions 4, id 8.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

IFMT, IFDIR, IFSHAD, IFATTRDIR = 0o170000, 0o040000, 0o130000, 0o160000


class Seen(NamedTuple):
    """What an inode says: owners, the entries of both ACLs as (type, tag, id, permissions),
    attributes as (name, content).
    """

    uid: int
    gid: int
    acl: tuple[tuple[int, int, int, int], ...]
    attributes: tuple[tuple[bytes, bytes], ...]


class Inode(NamedTuple):
    mode: int
    uid: int
    gid: int
    size: int
    shadow: int
    attributes: int


def inode(raw: bytes, mark: str = ">") -> Inode:
    mode, short_uid, short_gid = (struct.unpack_from(mark + "H", raw, at)[0] for at in (0, 4, 6))
    size = struct.unpack_from(mark + "Q", raw, 8)[0]
    shadow, uid, gid, attributes = struct.unpack_from(mark + "4I", raw, 112)
    return Inode(
        mode,
        uid if short_uid == 0xFFFF else short_uid,
        gid if short_gid == 0xFFFF else short_gid,
        size, shadow, attributes,
    )  # fmt: skip


def acl_entries(data: bytes, mark: str = ">") -> tuple[tuple[int, int, int, int], ...]:
    found, at = [], 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from(mark + "II", data, at)
        if kind == 0 or length < 20:
            break
        for entry in range(at + 8, at + length, 12):
            tag, permissions = (struct.unpack_from(mark + "H", data, entry + n)[0] for n in (0, 4))
            who = struct.unpack_from(mark + "I", data, entry + 8)[0]
            found.append((kind, tag, who, permissions))
        at += length
    return tuple(found)


def entries(data: bytes, mark: str = ">") -> list[tuple[bytes, int]]:
    found, at = [], 0
    while at + 8 <= len(data):
        ino, length, named = struct.unpack_from(mark + "IHH", data, at)
        if ino:
            found.append((data[at + 8 : at + 8 + named], ino))
        at += length
    return [(name, ino) for name, ino in found if name not in (b".", b"..")]


class Witness:
    """Inodes, their data and ACLs by number; ``seen`` joins them to paths."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def raw(self, ino: int) -> bytes:
        raise NotImplementedError

    def data(self, ino: int) -> bytes:
        raise NotImplementedError

    def acl(self, ino: int) -> bytes:
        raise NotImplementedError

    def seen(self) -> dict[bytes, Seen]:
        found: dict[bytes, Seen] = {}
        stack = [(b"", 2)]
        while stack:
            path, ino = stack.pop()
            here = inode(self.raw(ino), self.mark)
            acl = acl_entries(self.acl(ino), self.mark)
            attributes = []
            if here.attributes:
                top = inode(self.raw(here.attributes), self.mark)
                assert top.mode & IFMT == IFATTRDIR
                for name, number in entries(self.data(here.attributes), self.mark):
                    attributes.append((name, self.data(number)))
            found[path or b"/"] = Seen(here.uid, here.gid, acl, tuple(sorted(attributes)))
            if here.mode & IFMT == IFDIR:
                inside = entries(self.data(ino), self.mark)
                stack += [(path + b"/" + name, number) for name, number in inside]
        return found


class StreamWitness(Witness):
    """A ufsdump stream.

    Header, 1024 bytes: type 0, inode 20, dinode 32, count 160, a byte for each record 164,
    ACL area 692 to 888, flags 888 (16: an ACL is there).
    """

    def __init__(self, stream: bytes, mark: str = ">") -> None:
        super().__init__(mark)
        self._raw: dict[int, bytes] = {}
        self._data: dict[int, bytes] = {}
        self._acl: dict[int, bytes] = {}
        at = 0
        while at < len(stream):
            at = self._header(stream, at)

    def _header(self, stream: bytes, at: int) -> int:
        word = struct.Struct(self.mark + "i")
        kind, ino, count, flags = (word.unpack_from(stream, at + n)[0] for n in (0, 20, 160, 888))
        dinode = stream[at + 32 : at + 160]
        there = stream[at + 164 : at + 164 + count] if kind not in (1, 5) else b""
        data, next_ = bytearray(), at + 1024
        for flag in there:
            data += stream[next_ : next_ + 1024] if flag else bytes(1024)
            next_ += 1024 if flag else 0
        if kind == 2:
            self._raw[ino] = dinode
            self._data[ino] = bytes(data)
            if flags & 16:
                self._acl[ino] = stream[at + 692 : at + 888]
        elif kind == 4 and ino in self._raw:
            size = inode(dinode, self.mark).size
            if inode(dinode, self.mark).mode & IFMT == IFSHAD:
                self._acl[ino] = bytes(data[:size])
            else:
                self._data[ino] += bytes(data)
        return next_

    def raw(self, ino: int) -> bytes:
        return self._raw[ino]

    def data(self, ino: int) -> bytes:
        return self._data[ino][: inode(self._raw[ino], self.mark).size]

    def acl(self, ino: int) -> bytes:
        return self._acl.get(ino, b"")


class UfsWitness(Witness):
    """A UFS image; files of direct and single indirect blocks."""

    def __init__(self, image: bytes, mark: str = ">") -> None:
        super().__init__(mark)
        self._image = image
        self._sb = 8192
        self.iblkno, self.offset, self.mask = (self._super(at) for at in (16, 24, 28))
        self.bsize, self.fsize = self._super(48), self._super(52)
        self.ipg, self.fpg = self._super(184), self._super(188)

    def _super(self, at: int) -> int:
        return struct.unpack_from(self.mark + "i", self._image, self._sb + at)[0]

    def raw(self, ino: int) -> bytes:
        group, index = divmod(ino, self.ipg)
        start = self.fpg * group + self.offset * (group & ~self.mask)
        at = (start + self.iblkno) * self.fsize + 128 * index
        return self._image[at : at + 128]

    def data(self, ino: int) -> bytes:
        raw = self.raw(ino)
        size = inode(raw, self.mark).size
        blocks = list(struct.unpack_from(self.mark + "12i", raw, 40))
        indirect = struct.unpack_from(self.mark + "i", raw, 88)[0]
        if indirect:
            at = indirect * self.fsize
            count = self.bsize // 4
            blocks += struct.unpack_from(f"{self.mark}{count}i", self._image, at)
        out = bytearray()
        for block in blocks[: -(-size // self.bsize)]:
            at = block * self.fsize
            out += self._image[at : at + self.bsize] if block else bytes(self.bsize)
        return bytes(out[:size])

    def acl(self, ino: int) -> bytes:
        shadow = inode(self.raw(ino), self.mark).shadow
        if not shadow:
            return b""
        assert inode(self.raw(shadow), self.mark).mode & IFMT == IFSHAD
        return self.data(shadow)
