# SPDX-License-Identifier: Apache-2.0
"""The entries of a directory, chunk by chunk, with what is wrong in it.

Source: illumos cmd/fs.d/ufs/fsck and sys/fs/ufs_fsdir.h, in own words.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from mkboot.formats.ufs.structs import DIRECTORY_CHUNK, ENTRY_HEADER, ByteOrder
from mkboot.tree.names import NAME_MAX, show

_HEADER = {"big": struct.Struct(">IHH"), "little": struct.Struct("<IHH")}

Tell = Callable[[str, str], None]


def entries_of(
    data: bytes, base: int, order: ByteOrder, wrong: Tell
) -> Iterator[tuple[int, int, bytes]]:
    """(byte in the directory, inode, name) of all good entries of some whole chunks.

    ``base`` is where they begin in the directory.  What is wrong goes to ``wrong`` as code
    and message; the rest of a chunk that is not well formed is passed over.
    """
    unpack = _HEADER[order].unpack_from
    for chunk in range(0, len(data) - DIRECTORY_CHUNK + 1, DIRECTORY_CHUNK):
        at, end = chunk, chunk + DIRECTORY_CHUNK
        while at < end:
            if end - at < ENTRY_HEADER:
                wrong("dir-entry", f"half an entry at byte {base + at}")
                break
            ino, reclen, namlen = unpack(data, at)
            if reclen < ENTRY_HEADER or reclen > end - at or reclen & 3:
                _bad_record(data, at, end, base, reclen, wrong)
                break
            if ino:
                name = data[at + ENTRY_HEADER : at + ENTRY_HEADER + namlen]
                problem = _name_fault(data, at, reclen, namlen, name)
                if problem:
                    wrong(problem[0], f"{problem[1]}, at byte {base + at}")
                    if problem[0] == "dir-name-length":
                        at += reclen
                        continue
                yield base + at, ino, name
            at += reclen


def _bad_record(data: bytes, at: int, end: int, base: int, reclen: int, wrong: Tell) -> None:
    if not data[at:end].strip(b"\0"):
        wrong("dir-zeros", f"nothing but zeros from byte {base + at} to the end of the chunk")
    else:
        words = f"an entry of {reclen} bytes with {end - at} left, at byte {base + at}"
        wrong("dir-entry", words)


def _name_fault(
    data: bytes, at: int, reclen: int, namlen: int, name: bytes
) -> tuple[str, str] | None:
    """What is wrong with a name, as code and words, or None."""
    if not 0 < namlen <= NAME_MAX or ENTRY_HEADER + (namlen + 4 & ~3) > reclen:
        return "dir-name-length", f"a name of {namlen} bytes in an entry of {reclen}"
    if b"\0" in name or data[at + ENTRY_HEADER + namlen]:
        length = data.find(b"\0", at + ENTRY_HEADER) - at - ENTRY_HEADER
        return "dir-name-length", f"a name of {length} bytes that says it has {namlen}"
    if b"/" in name:
        return "dir-name", f"'{show(name)}' is no file name"
    return None
