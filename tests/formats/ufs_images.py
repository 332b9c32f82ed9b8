# SPDX-License-Identifier: Apache-2.0
"""UFS images for tests: made by makefs, and changed by hand at known bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from conftest import ORACLES, SAMPLES
from judge import Row, Rows

from mkboot.tree.source import BytesSource

MKFS = json.loads((SAMPLES / "mkfs" / "index.json").read_text())["images"]
SUPERBLOCK = 8192
MOST_FREE = 64


def mkfs_image(name: str) -> bytes:
    """One of the empty file systems that a real mkfs made."""
    return lzma.decompress((SAMPLES / "mkfs" / f"{name}.ufs.xz").read_bytes())


def small_image() -> bytes:
    """The image that comes with small.json."""
    return gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes())


def makefs(
    tree: Path, image: Path, size: str = "8m", *, block: int = 8192, sun: bool = True
) -> None:
    """An image of a directory, made by makefs and turned into Sun's form."""
    options = f"version=1,bsize={block},fsize={block // 8}"
    command = ["makefs", "-t", "ffs", "-B", "be", "-o", options, "-s", size, str(image), str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    if sun:
        subprocess.run([sys.executable, str(ORACLES / "sunify.py"), str(image)], check=True)


def directory_rows(top: Path) -> Rows:
    """What the kernel says of a directory, without device nodes."""
    return {path: _row(os.lstat(real), real) for path, real in _paths(os.fsencode(top))}


def _paths(top: bytes) -> list[tuple[bytes, bytes]]:
    found = [(b"/", top)]
    for at, directories, files in os.walk(top):
        inside = [at + b"/" + name for name in (*directories, *files)]
        found += [(path[len(top) :], path) for path in inside]
    return found


def _row(st: os.stat_result, real: bytes) -> Row:
    kind = {
        stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
        stat.S_IFSOCK: "socket",
    }[stat.S_IFMT(st.st_mode)]  # fmt: skip
    sha = ""
    link = os.fsencode(Path(os.fsdecode(real)).readlink()) if kind == "link" else b""
    if kind == "file":
        sha = hashlib.sha256(Path(os.fsdecode(real)).read_bytes()).hexdigest()
    return Row(
        kind, st.st_mode & 0o7777, st.st_uid, st.st_gid,
        st.st_size if kind in ("file", "link") else 0,
        st.st_nlink, int(st.st_mtime), link, None, sha,
    )  # fmt: skip


class Field(NamedTuple):
    """Where a number lies, and its struct code."""

    at: int
    code: str


#: Of an inode (illumos ufs_inode.h), written down here a second time on purpose.
INODE = {
    "mode": Field(0, "H"), "nlink": Field(2, "h"), "suid": Field(4, "H"), "sgid": Field(6, "H"),
    "size": Field(8, "Q"), "atime": Field(16, "i"), "mtime": Field(24, "i"),
    "mtime_usec": Field(28, "i"), "flags": Field(100, "I"), "blocks": Field(104, "i"),
    "gen": Field(108, "I"), "shadow": Field(112, "I"), "uid": Field(116, "I"),
    "gid": Field(120, "I"), "oeftflag": Field(124, "I"),
    **{f"db{n}": Field(40 + 4 * n, "i") for n in range(12)},
    **{f"ib{n}": Field(88 + 4 * n, "i") for n in range(3)},
}  # fmt: skip
#: Of a big-endian superblock (illumos ufs_fs.h).
WORDS = {
    name: Field(at, "i")
    for at, name in {
        4: "rolled", 8: "sblkno", 12: "cblkno", 16: "iblkno", 20: "dblkno", 24: "cgoffset",
        28: "cgmask", 32: "time", 36: "size", 40: "dsize", 44: "ncg", 48: "bsize", 52: "fsize",
        56: "frag", 104: "sbsize", 116: "nindir", 120: "inopb", 124: "nspf", 152: "csaddr",
        156: "cssize", 160: "cgsize", 164: "ntrak", 168: "nsect", 172: "spc", 176: "ncyl",
        180: "cpg", 184: "ipg", 188: "fpg", 196: "nbfree", 200: "nifree", 1324: "logbno",
        1336: "state", 1372: "magic",
    }.items()
}  # fmt: skip


class Image:
    """A big-endian image in memory whose bytes are changed at will."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    @property
    def source(self) -> BytesSource:
        """The bytes as they are now."""
        return BytesSource(bytes(self.data))

    def word(self, name: str) -> int:
        """A word of the superblock."""
        field = WORDS[name]
        return int(struct.unpack_from(">" + field.code, self.data, SUPERBLOCK + field.at)[0])

    def set_word(self, name: str, value: int) -> None:
        """Change a word of the superblock, given as signed or unsigned."""
        at = SUPERBLOCK + WORDS[name].at
        self.data[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")

    def start(self, group: int) -> int:
        """The byte that a group's metadata is counted from."""
        stagger = self.word("cgoffset") * (group & ~self.word("cgmask"))
        return (self.word("fpg") * group + stagger) * self.word("fsize")

    def inode(self, ino: int) -> int:
        """The byte where an inode lies."""
        group, index = divmod(ino, self.word("ipg"))
        return self.start(group) + self.word("iblkno") * self.word("fsize") + 128 * index

    def get(self, ino: int, name: str) -> int:
        """A number in an inode."""
        field = INODE[name]
        return int(struct.unpack_from(">" + field.code, self.data, self.inode(ino) + field.at)[0])

    def set(self, ino: int, **values: int) -> None:
        """Change numbers in an inode."""
        for name, value in values.items():
            field = INODE[name]
            struct.pack_into(">" + field.code, self.data, self.inode(ino) + field.at, value)

    def block(self, fragment: int) -> int:
        """The byte where a fragment lies."""
        return fragment * self.word("fsize")

    def entry(self, directory: int, name: bytes) -> int:
        """The byte where an entry lies, in the first block of a directory."""
        start = at = self.block(self.get(directory, "db0"))
        while at < start + min(self.get(directory, "size"), self.word("bsize")):
            ino, reclen, namlen = struct.unpack_from(">IHH", self.data, at)
            if ino and self.data[at + 8 : at + 8 + namlen] == name:
                return at
            at += reclen
        raise KeyError(name)

    def number_of(self, directory: int, name: bytes) -> int:
        """The inode that a name stands for."""
        return int(struct.unpack_from(">I", self.data, self.entry(directory, name))[0])

    def set_entry(self, directory: int, name: bytes, ino: int) -> None:
        """Let a name stand for another inode; 0 takes it away."""
        struct.pack_into(">I", self.data, self.entry(directory, name), ino)

    def free_blocks(self) -> list[int]:
        """Block-aligned fragments in the last group that nothing uses (all zero bytes)."""
        frag, fsize, bsize = self.word("frag"), self.word("fsize"), self.word("bsize")
        found = []
        for fragment in range(self.word("size") // frag * frag - frag, frag, -frag):
            if not any(self.data[fragment * fsize : fragment * fsize + bsize]):
                found.append(fragment)
            if len(found) == MOST_FREE:
                break
        return found

    def put(self, fragment: int, data: bytes) -> None:
        """Write bytes at a fragment."""
        at = self.block(fragment)
        self.data[at : at + len(data)] = data
