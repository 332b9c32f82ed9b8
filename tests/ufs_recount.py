# SPDX-License-Identifier: Apache-2.0
"""An auditor of Sun UFS images that shares no code with mkboot.

``faults(data, order)`` reads every inode, counts afresh what is used, and compares with
the maps, the counts, the summary, the superblock and its copies: the checks that fsck
makes in its phases 1, 2, 4 and 5, and those on frsum, btot and b that it does not make.
Plain ``struct``, the slow and obvious way.
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Any

IFDIR, IFREG, IFLNK, IFSHAD, IFATTR = 0o4, 0o10, 0o12, 0o13, 0o16
TYPES = {0o1, 0o2, IFDIR, 0o6, IFREG, IFLNK, IFSHAD, 0o14, IFATTR}


class Auditor:
    def __init__(self, data: bytes, order: str) -> None:
        self.data = data
        self.big = order == "big"
        self.m = ">" if self.big else "<"
        self.said: list[str] = []
        sb = data[8192:16384]
        self.sb = sb
        (
            self.sblkno, self.cblkno, self.iblkno, self.dblkno, self.cgoffset, self.cgmask,
            self.time, self.size, self.dsize, self.ncg, self.bsize, self.fsize, self.frag,
        ) = self.words(sb, 8, 13)  # fmt: skip
        self.sbsize = self.word(sb, 104)
        self.nspf = self.word(sb, 124)
        self.csaddr, self.cssize, self.cgsize = self.words(sb, 152, 3)
        self.ntrak, self.nsect, self.spc, self.ncyl, self.cpg, self.ipg, self.fpg = self.words(
            sb, 164, 7
        )
        self.nrpos = self.word(sb, 1360)
        self.used: Counter[int] = Counter()
        self.inodes: dict[int, tuple[Any, ...]] = {}

    def words(self, data: bytes, at: int, count: int) -> tuple[int, ...]:
        return struct.unpack_from(f"{self.m}{count}i", data, at)

    def word(self, data: bytes, at: int) -> int:
        return self.words(data, at, 1)[0]

    def say(self, text: str) -> None:
        self.said.append(text)

    def expect(self, what: str, is_: object, should: object) -> None:
        if is_ != should:
            self.say(f"{what} is {is_}, should be {should}")

    def start(self, c: int) -> int:
        return self.fpg * c + self.cgoffset * (c & ~self.cgmask)

    def frags(self, at: int, count: int) -> bytes:
        return self.data[at * self.fsize : (at + count) * self.fsize]

    def run(self) -> list[str]:
        self.superblock()
        self.metadata()
        for c in range(self.ncg):
            table = self.frags(self.start(c) + self.iblkno, self.ipg * 128 // self.fsize)
            for n in range(self.ipg):
                self.inode(c * self.ipg + n, table[n * 128 : n * 128 + 128])
        self.largefiles()
        self.links()
        sums = [self.group(c) for c in range(self.ncg)]
        area = self.frags(self.csaddr, self.cssize // self.fsize)
        for c, summary in enumerate(sums):
            self.expect(f"summary of group {c}", self.words(area, 16 * c, 4), summary)
        self.expect("end of the summary", area[16 * self.ncg :].strip(b"\0"), b"")
        total = tuple(sum(s[n] for s in sums) for n in range(4))
        self.expect("cstotal", self.words(self.sb, 192, 4), total)
        for fragment, count in self.used.items():
            if count > 1:
                self.say(f"fragment {fragment} is used {count} times")
        return self.said

    def superblock(self) -> None:
        sb = self.sb
        state = self.word(sb, 1336 if self.big else 132)
        npsect = self.word(sb, 132 if self.big else 1336)
        self.expect("state + time", (state + self.time) % (1 << 32), 0x7C269D38)
        self.expect("npsect", npsect, self.nsect)
        self.expect("clean", sb[209], 1)
        self.expect("fmod, ronly", (sb[208], sb[210]), (0, 0))
        self.expect("magic", self.word(sb, 1372), 0x11954)
        self.expect("postblformat", self.word(sb, 1356), 1)
        self.expect("version, log, reclaim", self.words(sb, 1320, 4), (0, 0, 0, 0))
        self.expect("id", self.words(sb, 144, 2), (0, 0))
        for c in range(self.ncg):
            copy = (self.start(c) + self.sblkno) * self.fsize
            if self.data[copy : copy + 8192] != sb:
                self.say(f"copy of the superblock in group {c} differs")
        dsize = self.size - self.cssize // self.fsize
        for c in range(self.ncg):
            first = self.start(c) + self.sblkno if c else 0
            dsize -= self.start(c) + self.dblkno - first
        self.expect("dsize", self.dsize, dsize)
        self.expect("ncg", self.ncg, -(-self.ncyl // self.cpg))

    def metadata(self) -> None:
        for c in range(self.ncg):
            first = self.start(c) + self.sblkno if c else 0
            self.used.update(range(first, self.start(c) + self.dblkno))
        self.used.update(range(self.csaddr, self.csaddr + self.cssize // self.fsize))

    def inode(self, ino: int, raw: bytes) -> None:
        i = struct.unpack(self.m + "HhHHQ6i12i3iIiIIIII", raw)
        if i[0] == 0:
            if any(raw[:108]) or any(raw[112:]):
                self.say(f"free inode {ino} is not empty")
            return
        if ino < 2 or i[0] >> 12 not in TYPES:
            self.say(f"inode {ino}: mode {i[0]:o}")
            return
        self.inodes[ino] = i
        kind, size, db, ib = i[0] >> 12, i[4], i[11:23], i[23:26]
        if (i[2], i[3]) != (min(i[30], 0xFFFF), min(i[31], 0xFFFF)):
            self.say(f"inode {ino}: short and long ids {i[2:4]} {i[30:32]}")
        if kind in (0o2, 0o6):
            where = 0 if self.big else 1
            self.expect(f"inode {ino}: device's pointers", any(db[:where] + db[where + 1 :]), False)
            self.expect(f"inode {ino}: size, blocks", (size, i[27]), (0, 0))
            return
        blocks = -(-size // self.bsize)
        held = 0
        for n, b in enumerate(db):
            if not b:
                continue
            count = self.frag
            if n >= blocks:
                self.say(f"inode {ino}: a block past its end")
            elif n == blocks - 1 and size % self.bsize:
                count = -(-(size % self.bsize) // self.fsize)
            held += self.hold(ino, b, count)
        first = 12
        for level, b in enumerate(ib, 1):
            held += self.indirect(ino, b, level, first, blocks)
            first += (self.bsize // 4) ** level
        self.expect(f"inode {ino}: blocks", i[27], held * self.nspf)
        if kind in (IFDIR, IFATTR) and (size == 0 or size % 512):
            self.say(f"directory {ino} has {size} bytes")

    def hold(self, ino: int, fragment: int, count: int) -> int:
        if fragment // self.frag != (fragment + count - 1) // self.frag:
            self.say(f"inode {ino}: {count} fragments at {fragment} cross a block")
        if not 0 < fragment <= self.size - count:
            self.say(f"inode {ino}: fragment {fragment} is out of range")
            return count
        self.used.update(range(fragment, fragment + count))
        return count

    def indirect(self, ino: int, b: int, level: int, first: int, blocks: int) -> int:
        if not b:
            return 0
        held = self.hold(ino, b, self.frag)
        step = (self.bsize // 4) ** (level - 1)
        seen = False
        for n, pointer in enumerate(self.words(self.frags(b, self.frag), 0, self.bsize // 4)):
            if not pointer:
                continue
            seen = True
            if first + n * step >= blocks:
                self.say(f"inode {ino}: a pointer past its end")
            if level == 1:
                held += self.hold(ino, pointer, self.frag)
            else:
                held += self.indirect(ino, pointer, level - 1, first + n * step, blocks)
        if not seen:
            self.say(f"inode {ino}: an indirect block that points to nothing")
        return held

    def largefiles(self) -> None:
        large = any(i[0] >> 12 == IFREG and i[4] > 0x7FFFFFFF for i in self.inodes.values())
        self.expect("flags", self.sb[211], int(large))

    def content(self, ino: int) -> bytes:
        i = self.inodes[ino]
        pointers = list(i[11:23])
        if i[23]:
            pointers += self.words(self.frags(i[23], self.frag), 0, self.bsize // 4)
        assert not i[24]
        data = b"".join(
            self.frags(b, self.frag) if b else bytes(self.bsize)
            for b in pointers[: -(-i[4] // self.bsize)]
        )
        return data[: i[4]]

    def read(self, ino: int, offset: int, length: int) -> bytes:
        """Bytes of a file inside one block."""
        i = self.inodes[ino]
        n, at = divmod(offset, self.bsize)
        per = self.bsize // 4
        if n < 12:
            pointer = i[11 + n]
        else:
            n -= 12
            level = 1
            while n >= per**level:
                n -= per**level
                level += 1
            pointer = i[22 + level]
            for depth in range(level - 1, -1, -1):
                slot = n // per**depth % per
                if pointer:
                    pointer = self.word(self.frags(pointer, self.frag), 4 * slot)
        data = self.frags(pointer, self.frag) if pointer else bytes(self.bsize)
        return data[at : at + length]

    def links(self) -> None:
        found: Counter[int] = Counter()
        for ino, i in self.inodes.items():
            if i[0] >> 12 in (IFDIR, IFATTR):
                self.directory(ino, found)
            if i[29]:
                found[i[29]] += 1
                self.expect(f"shadow {i[29]}", self.type(i[29]), IFSHAD)
            if i[32]:
                self.expect(f"attributes {i[32]}", self.type(i[32]), IFATTR)
                found[i[32]] += 1
                found[ino] -= 1
        for ino, i in self.inodes.items():
            self.expect(f"links of inode {ino}", i[1], found[ino])
            inside = i[0] >> 12 == IFATTR
            if bool(i[26] & 1) != (inside or ino in self.attribute_files):
                self.say(f"inode {ino}: IXATTR {i[26]:x}")
        for ino in found:
            if ino not in self.inodes:
                self.say(f"inode {ino} has a name and is free")

    attribute_files: frozenset[int] = frozenset()

    def type(self, ino: int) -> int | None:
        return self.inodes[ino][0] >> 12 if ino in self.inodes else None

    def directory(self, ino: int, found: Counter[int]) -> None:
        data = self.content(ino)
        names: list[bytes] = []
        for chunk in range(0, len(data), 512):
            at = 0
            while at < 512:
                number, reclen, namlen = struct.unpack_from(self.m + "IHH", data, chunk + at)
                name = data[chunk + at + 8 : chunk + at + 8 + namlen]
                if reclen % 4 or reclen < 8 + (namlen + 4 & ~3) - (0 if number else 4):
                    self.say(f"directory {ino}: record of {reclen} bytes at {chunk + at}")
                    return
                rest = data[chunk + at + 8 + namlen : chunk + at + reclen]
                if number and rest.strip(b"\0"):
                    self.say(f"directory {ino}: {name!r} is not padded with zeros")
                at += reclen
                if at > 512:
                    self.say(f"directory {ino}: {name!r} crosses a chunk")
                if number:
                    names.append(name)
                    found[number] += 1
                    if self.type(ino) == IFATTR and name not in (b".", b".."):
                        self.attribute_files |= {number}
        self.expect(f"directory {ino}: dots", names[:2], [b".", b".."])
        self.expect(f"directory {ino}: number of names", len(set(names)), len(names))

    def group(self, c: int) -> tuple[int, ...]:
        base, end = self.fpg * c, min(self.fpg * (c + 1), self.size)
        cg = self.frags(self.start(c) + self.cblkno, self.frag)
        self.expect(f"group {c}: magic", self.word(cg, 4), 0x90255)
        self.expect(f"group {c}: time", self.word(cg, 8), self.time)
        self.expect(f"group {c}: cgx", self.word(cg, 12), c)
        ncyl, niblk = struct.unpack_from(self.m + "hh", cg, 16)
        self.expect(f"group {c}: ncyl", ncyl, min(self.cpg, self.ncyl - c * self.cpg))
        self.expect(f"group {c}: niblk", niblk, self.ipg)
        self.expect(f"group {c}: ndblk", self.word(cg, 20), end - base)
        self.expect(f"group {c}: rotors", self.words(cg, 40, 3), (0, 0, 0))
        boff = 168 + 4 * self.cpg
        iused = boff + 2 * self.cpg * self.nrpos
        free = iused + -(-self.ipg // 8)
        after = free + -(-self.fpg // 8)
        self.expect(f"group {c}: offsets", self.words(cg, 84, 5), (168, boff, iused, free, after))
        if after > self.cgsize:
            self.say(f"group {c}: map ends at {after} of {self.cgsize}")
        summary = self.inode_map(c, cg[iused:free])
        btot = [0] * self.cpg
        positions = [0] * (self.cpg * self.nrpos)
        frsum = [0] * 8
        nbfree = nffree = 0
        bits = cg[free:after]
        for block in range(0, self.fpg, self.frag):
            run = 0
            lengths = []
            for n in range(block, block + self.frag):
                is_free = base + n < end and base + n not in self.used
                if bool(bits[n // 8] >> n % 8 & 1) != is_free:
                    self.say(f"group {c}: map of fragment {base + n} says {not is_free}")
                if is_free:
                    run += 1
                if run and (not is_free or n == block + self.frag - 1):
                    lengths.append(run)
                    run = 0
            if lengths == [self.frag]:
                nbfree += 1
                sector = block * self.nspf
                btot[sector // self.spc] += 1
                position = sector % self.spc % self.nsect * self.nrpos // self.nsect
                positions[sector // self.spc * self.nrpos + position] += 1
            else:
                nffree += sum(lengths)
                for length in lengths:
                    frsum[length] += 1
        self.expect(f"group {c}: frsum", self.words(cg, 52, 8), tuple(frsum))
        self.expect(f"group {c}: btot", self.words(cg, 168, self.cpg), tuple(btot))
        b = struct.unpack_from(f"{self.m}{len(positions)}h", cg, boff)
        self.expect(f"group {c}: b", b, tuple(positions))
        total = (summary[0], nbfree, summary[1], nffree)
        self.expect(f"group {c}: counts", self.words(cg, 24, 4), total)
        self.expect(f"group {c}: end of the block", cg[after:].strip(b"\0"), b"")
        return total

    def inode_map(self, c: int, bits: bytes) -> tuple[int, int]:
        directories = free = 0
        for n in range(self.ipg):
            ino = c * self.ipg + n
            used = ino in self.inodes or ino < 2
            directories += self.type(ino) in (IFDIR, IFATTR)
            free += not used
            if bool(bits[n // 8] >> n % 8 & 1) != used:
                self.say(f"map of inode {ino} says {not used}")
        return directories, free


def faults(data: bytes, order: str = "big") -> list[str]:
    """What is wrong with a file system, as texts; nothing if all is well."""
    return Auditor(data, order).run()
