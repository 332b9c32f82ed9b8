# SPDX-License-Identifier: Apache-2.0
"""Changes an image of a Sun UFS at known bytes, in either byte order.

Offsets are written down here once more, from the format's description; nothing of mkboot's
reader or writer is used.
"""

from __future__ import annotations

import struct

SUPERBLOCK = 8192
#: Words of the superblock.
SB = {
    "sblkno": 8, "cblkno": 12, "iblkno": 16, "dblkno": 20, "cgoffset": 24, "cgmask": 28,
    "time": 32, "size": 36, "dsize": 40, "ncg": 44, "bsize": 48, "fsize": 52, "frag": 56,
    "minfree": 60, "rotdelay": 64, "bmask": 72, "fmask": 76, "bshift": 80, "fshift": 84,
    "maxcontig": 88, "maxbpg": 92, "fragshift": 96, "fsbtodb": 100, "sbsize": 104,
    "csmask": 108, "csshift": 112, "nindir": 116, "inopb": 120, "nspf": 124, "optim": 128,
    "si": 136, "trackskew": 140, "id": 144, "csaddr": 152, "cssize": 156, "cgsize": 160,
    "ntrak": 164, "nsect": 168, "spc": 172, "ncyl": 176, "cpg": 180, "ipg": 184, "fpg": 188,
    "ndir": 192, "nbfree": 196, "nifree": 200, "nffree": 204, "cgrotor": 724, "cpc": 856,
    "version": 1320, "logbno": 1324, "reclaim": 1328, "qbmask": 1344, "qfmask": 1352,
    "postblformat": 1356, "nrpos": 1360, "postbloff": 1364, "rotbloff": 1368, "magic": 1372,
}  # fmt: skip
#: Of a cylinder group.
CG = {
    "magic": 4, "time": 8, "cgx": 12, "ndblk": 20, "ndir": 24, "nbfree": 28, "nifree": 32,
    "nffree": 36, "rotor": 40, "frotor": 44, "irotor": 48, "frsum": 52, "btotoff": 84,
    "boff": 88, "iusedoff": 92, "freeoff": 96, "nextfreeoff": 100,
}  # fmt: skip
CG_HALVES = {"ncyl": 16, "niblk": 18}
#: Of an inode: offset and struct code.
INODE = {
    "mode": (0, "H"), "nlink": (2, "h"), "size": (8, "Q"), "flags": (100, "I"),
    "blocks": (104, "i"), "shadow": (112, "I"), "oeft": (124, "I"),
    **{f"db{n}": (40 + 4 * n, "i") for n in range(12)},
    **{f"ib{n}": (88 + 4 * n, "i") for n in range(3)},
}  # fmt: skip


class Plant:
    """An image in memory."""

    def __init__(self, data: bytes, order: str) -> None:
        self.data = bytearray(data)
        self.big = order == "big"
        self.mark = ">" if self.big else "<"
        for name in ("ncg", "ipg", "fpg", "fsize", "bsize", "frag", "cgoffset", "cgmask"):
            setattr(self, name, self.sb(name))
        self.geometry = {name: self.sb(name) for name in SB}

    def get(self, at: int, code: str = "i") -> int:
        return struct.unpack_from(self.mark + code, self.data, at)[0]

    def put(self, at: int, value: int, code: str = "i") -> None:
        size = struct.calcsize(code)
        self.data[at : at + size] = (value % (1 << 8 * size)).to_bytes(
            size, "big" if self.big else "little"
        )

    # superblocks
    def _sb_at(self, name: str) -> int:
        if name in ("npsect", "state"):
            return 132 if (name == "npsect") == self.big else 1336
        # The low words of the two masks of 64 bits.
        if name in ("qbmask", "qfmask") and not self.big:
            return SB[name] - 4
        return SB[name]

    def sb(self, name: str) -> int:
        return self.get(SUPERBLOCK + self._sb_at(name))

    def set_sb(self, name: str, value: int) -> None:
        """In the superblock and all its copies."""
        for at in self.superblocks():
            self.put(at + self._sb_at(name), value)

    def superblocks(self) -> list[int]:
        known = self.__dict__.setdefault("_superblocks", [])
        if not known:
            sblkno, fsize = self.sb("sblkno"), self.sb("fsize")
            known += [SUPERBLOCK]
            known += [(self.start(c) + sblkno) * fsize for c in range(self.sb("ncg"))]
        return known

    def start(self, group: int) -> int:
        g = self.__dict__.get("geometry") or {n: self.sb(n) for n in SB}
        return g["fpg"] * group + g["cgoffset"] * (group & ~g["cgmask"])

    # cylinder groups
    def cg(self, group: int) -> int:
        g = self.geometry
        return (self.start(group) + g["cblkno"]) * g["fsize"]

    def set_cg(self, group: int, name: str, value: int) -> None:
        if name in CG_HALVES:
            self.put(self.cg(group) + CG_HALVES[name], value, "h")
        else:
            self.put(self.cg(group) + CG[name], value)

    def add_cg(self, group: int, name: str, value: int) -> None:
        self.set_cg(group, name, self.get(self.cg(group) + CG[name]) + value)

    def flip_inode(self, ino: int) -> None:
        group, n = divmod(ino, self.geometry["ipg"])
        at = self.cg(group) + self.get(self.cg(group) + CG["iusedoff"])
        self.data[at + n // 8] ^= 1 << n % 8

    def flip_fragment(self, fragment: int) -> None:
        group, n = divmod(fragment, self.geometry["fpg"])
        at = self.cg(group) + self.get(self.cg(group) + CG["freeoff"])
        self.data[at + n // 8] ^= 1 << n % 8

    def is_free(self, fragment: int) -> bool:
        group, n = divmod(fragment, self.geometry["fpg"])
        at = self.cg(group) + self.get(self.cg(group) + CG["freeoff"])
        return bool(self.data[at + n // 8] >> n % 8 & 1)

    def free_block(self, group: int) -> int:
        """The first free block of a group, as a fragment."""
        g = self.geometry
        for fragment in range(g["fpg"] * group, g["fpg"] * (group + 1), g["frag"]):
            if all(self.is_free(fragment + n) for n in range(g["frag"])):
                return fragment
        raise LookupError(group)

    def block(self, fragment: int) -> str:
        """How a fault names it."""
        return f"block {fragment} (cylinder group {fragment // self.geometry['fpg']})"

    # inodes
    def inode(self, ino: int) -> int:
        g = self.geometry
        group, n = divmod(ino, g["ipg"])
        return (self.start(group) + g["iblkno"]) * g["fsize"] + 128 * n

    def ino_get(self, ino: int, name: str) -> int:
        at, code = INODE[name]
        return self.get(self.inode(ino) + at, code)

    def ino_set(self, ino: int, **values: int) -> str:
        for name, value in values.items():
            at, code = INODE[name]
            self.put(self.inode(ino) + at, value, code)
        return f"inode {ino}"

    def free_inode(self) -> int:
        """An inode of the last group that is free."""
        ino = (self.geometry["ncg"] - 1) * self.geometry["ipg"] + 5
        assert self.ino_get(ino, "mode") == 0
        return ino

    def byte(self, fragment: int) -> int:
        return fragment * self.geometry["fsize"]

    # directories
    def first(self, directory: int) -> int:
        """The byte where a directory begins."""
        return self.byte(self.ino_get(directory, "db0"))

    def entry(self, directory: int, name: bytes) -> int:
        """The byte of an entry."""
        size, bsize = self.ino_get(directory, "size"), self.geometry["bsize"]
        for n in range(-(-size // bsize)):
            at = self.byte(self.ino_get(directory, f"db{n}"))
            end = at + min(bsize, size - n * bsize)
            while at < end:
                ino, reclen, namlen = struct.unpack_from(self.mark + "IHH", self.data, at)
                if ino and self.data[at + 8 : at + 8 + namlen] == name:
                    return at
                at += reclen
        raise LookupError(name)

    def ino(self, path: str) -> int:
        at = 2
        for name in path.encode().split(b"/"):
            if name:
                at = self.get(self.entry(at, name), "I")
        return at

    def entry_of(self, path: str) -> tuple[int, str]:
        """The byte of a path's entry, and how the directory is named in faults."""
        above, _, name = path.rpartition("/")
        directory = self.ino(above)
        return self.entry(directory, name.encode()), f"inode {directory}"
