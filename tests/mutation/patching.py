# SPDX-License-Identifier: Apache-2.0
"""Another content for a file on a finished disc, by its bytes alone, with no code of mkboot's.

The new content goes where the old one lies, so it must not need more blocks, but for what
may take the run book's place; what says how
long the file is (directory records of ISO 9660, inodes of UFS) is changed beside it.  The
disc's list of checksums is made right again, so that it is not that which finds the change.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path

_BLOCK, _FRAGMENT = 2048, 1024
#: CRC of POSIX cksum, a byte at a time.
_POLYNOMIAL = 0x04C11DB7


#: What may have to grow, for a plan may move all to the second stage; and what nobody reads.
_GROWS, _SPARE = "/mkboot/stage2", "/mkboot/runbook.txt"


def _table() -> tuple[int, ...]:
    rows = []
    for n in range(256):
        crc = n << 24
        for _ in range(8):
            crc = (crc << 1 ^ _POLYNOMIAL if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
        rows.append(crc)
    return tuple(rows)


_TABLE = _table()


def cksum(data: bytes) -> int:
    """POSIX cksum."""
    crc, size = 0, len(data)
    tail = bytearray()
    while size:
        tail.append(size & 0xFF)
        size >>= 8
    for byte in data + tail:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _TABLE[crc >> 24 ^ byte]
    return crc ^ 0xFFFFFFFF


class DoesNotFit(Exception):  # noqa: N818
    """The new content needs more room than the old one has."""


def patch_disc(image: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> None:
    """Replace files (by their paths on slice 0, or ``miniroot:PATH``): ``old`` what they hold.

    ``old`` has ``/mkboot/cksum.txt`` too, which is rewritten.
    """
    with image.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for path, content in new.items():
            _replace(data, old[path], content, path, old.get(_SPARE if path == _GROWS else "", b""))
        listed = old["/mkboot/cksum.txt"]
        sums = with_sums(listed, new)
        if sums != listed:
            _replace(data, listed, sums, "/mkboot/cksum.txt", b"")


def with_sums(text: bytes, new: Mapping[str, bytes]) -> bytes:
    """The list of checksums with the lines of what is new made right."""
    lines = []
    for line in text.splitlines():
        path = "/" + line.split(b" ", 2)[2].decode()
        if path in new:
            line = b"%d %d %s" % (cksum(new[path]), len(new[path]), path[1:].encode())
        lines.append(line + b"\n")
    return b"".join(lines)


def _replace(data: mmap.mmap, old: bytes, new: bytes, path: str, spare: bytes) -> None:
    """In every place where the content lies and something says how long it is; where it is too
    long for that, in the place of ``spare``.
    """
    at = data.find(old)
    done = 0
    while at >= 0:
        if path.startswith("miniroot:"):
            done += _in_ufs(data, at, len(old), len(new))
        elif at % _BLOCK == 0:
            done += _in_iso(data, at, len(old), len(new), path)
        if done:
            room = -(-max(len(old), 1) // _step(path)) * _step(path)
            if len(new) > room:
                _move(data, at, new, spare, path)
                return
            data[at : at + room] = new.ljust(room, b"\0")
            return
        at = data.find(old, at + 1)
    raise ValueError(f"{path} is not on the disc")


def _move(data: mmap.mmap, at: int, new: bytes, spare: bytes, path: str) -> None:
    """The records, which say the new length already, lead to where ``spare`` lay."""
    to = data.find(spare) if spare else -1
    if to < 0 or to % _BLOCK or len(new) > len(spare):
        raise DoesNotFit(path)
    before, after = (struct.pack("<I", n // _BLOCK) + struct.pack(">I", n // _BLOCK)
                     for n in (at, to))  # fmt: skip
    found = data.find(before + struct.pack("<I", len(new)))
    while found >= 0:
        data[found : found + 8] = after
        found = data.find(before + struct.pack("<I", len(new)))
    data[to : to + len(new)] = new


def _step(path: str) -> int:
    return _FRAGMENT if path.startswith("miniroot:") else _BLOCK


def _in_iso(data: mmap.mmap, at: int, old: int, new: int, path: str) -> int:
    """Directory records: block and size, each in both byte orders; how many there are."""
    block = at // _BLOCK
    record = struct.pack("<I", block) + struct.pack(">I", block)
    done, found = 0, data.find(record + struct.pack("<I", old))
    while found >= 0:
        data[found + 8 : found + 16] = struct.pack("<I", new) + struct.pack(">I", new)
        done += 1
        found = data.find(record + struct.pack("<I", old), found + 1)
    return done


def _in_ufs(data: mmap.mmap, at: int, old: int, new: int) -> int:
    """The inode whose first block is here: its size is 32 bytes before that."""
    wanted = struct.pack(">Q", old)
    found = data.find(wanted)
    while found >= 0:
        (block,) = struct.unpack(">I", data[found + 32 : found + 36])
        start = at - block * _FRAGMENT
        if block and start >= 0 and start % 512 == 0 and _is_ufs(data, start):
            data[found : found + 8] = struct.pack(">Q", new)
            return 1
        found = data.find(wanted, found + 1)
    return 0


def _is_ufs(data: mmap.mmap, start: int) -> bool:
    return data[start + 8192 + 1372 : start + 8192 + 1376] == struct.pack(">I", 0x011954)
