# SPDX-License-Identifier: Apache-2.0
"""The records of a ufsdump stream, declared once.

Sources: illumos protocols/dumprestore.h (the record header, its types, flags and magics),
illumos sys/fs/ufs_fsdir.h (directory entries); how the fields are used was read from
streams that a real ufsdump wrote.
"""

from __future__ import annotations

from construct import Bytes, Int16ub, Int16ul, Int32sb, Int32sl, Int32ub, Int32ul, Struct

from mkboot.formats.inode import ByteOrder

#: Bytes in a record; everything in a stream is counted in records.
RECORD = 1024
#: Data records that one header can announce.
ADDRESSES = 512
#: The 256 words of a header add up to this, modulo 2^32.
CHECKSUM = 84446

TS_TAPE, TS_INODE, TS_BITS, TS_ADDR, TS_END, TS_CLRI, TS_EOM = range(1, 8)
TYPE_NAMES = {
    TS_TAPE: "TS_TAPE",
    TS_INODE: "TS_INODE",
    TS_BITS: "TS_BITS",
    TS_ADDR: "TS_ADDR",
    TS_END: "TS_END",
    TS_CLRI: "TS_CLRI",
    TS_EOM: "TS_EOM",
}

MAGIC_OLD = 60011  # before 4.2BSD: another header and 16-bit inode numbers
MAGIC = 60012
MAGIC_LARGE = 60013  # above 2 TB: records of the size that c_tpbsize names

DR_NEWHEADER = 1
DR_INODEINFO = 2
DR_REDUMP = 4  # the file changed while it was dumped: this one counts
DR_HASMETA = 16

#: Where short metadata lies in a TS_INODE header (over level, names), and its room.
SHADOW_AT, SHADOW_ROOM = 692, 196
#: ufsdump rounds its maps up to this many bytes.
MAP_UNIT = 1 << 16
#: The inode of the root directory.
ROOT_INODE = 2
#: Directories are written in chunks of this many bytes that no entry crosses.
DIRECTORY_CHUNK = 512
#: Bytes of a directory entry before its name.
ENTRY_HEAD = 8


def declare_header(byte_order: ByteOrder) -> Struct:
    """A record header.  Fields keep Sun's names; ``c_addr`` holds one byte a record."""
    word = Int32sb if byte_order == "big" else Int32sl
    return Struct(
        "c_type" / word,
        "c_date" / word,
        "c_ddate" / word,
        "c_volume" / word,
        "c_tapea" / word,
        "c_inumber" / word,
        "c_magic" / word,
        "c_checksum" / word,
        "c_dinode" / Bytes(128),
        "c_count" / word,
        "c_addr" / Bytes(ADDRESSES),
        "c_label" / Bytes(16),
        "c_level" / word,
        "c_filesys" / Bytes(64),
        "c_dev" / Bytes(64),
        "c_host" / Bytes(64),
        "c_flags" / word,
        "c_firstrec" / word,
        "c_tpbsize" / word,
        "c_spare" / Bytes(124),
    )


def declare_entry(byte_order: ByteOrder) -> Struct:
    """The head of a directory entry; the name, a NUL and padding to four bytes follow."""
    if byte_order == "big":
        return Struct("d_ino" / Int32ub, "d_reclen" / Int16ub, "d_namlen" / Int16ub)
    return Struct("d_ino" / Int32ul, "d_reclen" / Int16ul, "d_namlen" / Int16ul)


#: The same as ``declare_header`` and ``declare_entry`` for the struct module (put ``>`` or
#: ``<`` before): ten of these cost as much as one construct field.
HEADER_FORMAT = "8i128si512s16si64s64s64s3i124s"
ENTRY_FORMAT = "IHH"
