# SPDX-License-Identifier: Apache-2.0
"""The structures of ISO 9660 and Rock Ridge, each declared once.

Sources: ECMA-119 (section numbers below); SUSP 1.12 and RRIP 1.09/1.12 (the entries of
the system use area).  Numbers are mostly stored twice, little-endian then big-endian.
The hot loops in ``records`` and ``susp`` unpack by hand; tests hold them equal to these.
"""

from __future__ import annotations

from construct import (
    Array,
    Bytes,
    Const,
    GreedyBytes,
    GreedyRange,
    Int8sb,
    Int8ub,
    Int16ub,
    Int16ul,
    Int32ub,
    Int32ul,
    Padding,
    Struct,
    this,
)

SECTOR = 2048
SYSTEM_AREA = 16 * SECTOR
DESCRIPTOR_MAX = 32
#: Bytes of a file: one extent holds no more, and hsfs reads but one.
CONTENT_MAX = 0xFFFFFFFF
#: Names below the root that a path may have before its directory is relocated.
DEPTH_MAX = 7

#: A 32-bit and a 16-bit number in both byte orders (ECMA-119 7.3.3, 7.2.3).
Both32 = Struct("le" / Int32ul, "be" / Int32ub)
Both16 = Struct("le" / Int16ul, "be" / Int16ub)

#: Date and time of a directory record (9.1.5): years since 1900, offset in quarter hours.
ShortDate = Struct(
    "year" / Int8ub,
    "month" / Int8ub,
    "day" / Int8ub,
    "hour" / Int8ub,
    "minute" / Int8ub,
    "second" / Int8ub,
    "offset" / Int8sb,
)
#: Date and time of a volume descriptor (8.4.26.1): digits, then the offset.
LongDate = Struct("digits" / Bytes(16), "offset" / Int8sb)

FLAG_HIDDEN = 0x01
FLAG_DIRECTORY = 0x02
FLAG_ASSOCIATED = 0x04
FLAG_MULTI_EXTENT = 0x80

#: The fixed part of a directory record (9.1); the identifier follows.
RecordHead = Struct(
    "length" / Int8ub,
    "attribute_length" / Int8ub,
    "extent" / Both32,
    "size" / Both32,
    "date" / Bytes(7),
    "flags" / Int8ub,
    "unit_size" / Int8ub,
    "gap_size" / Int8ub,
    "sequence" / Both16,
    "name_length" / Int8ub,
)
RECORD_HEAD = RecordHead.sizeof()

#: A whole directory record; an identifier of even length is followed by a pad byte.
DirectoryRecord = Struct(
    "head" / RecordHead,
    "name" / Bytes(this.head.name_length),
    "pad" / Bytes(1 - this.head.name_length % 2),
    "system_use" / Bytes(this.head.length - RECORD_HEAD - this.head.name_length // 2 * 2 - 1),
)

#: The primary volume descriptor (8.4).
PrimaryDescriptor = Struct(
    "type" / Const(b"\x01"),
    "magic" / Const(b"CD001"),
    "version" / Int8ub,
    "flags" / Int8ub,
    "system_id" / Bytes(32),
    "volume_id" / Bytes(32),
    Padding(8),
    "space_size" / Both32,
    "escapes" / Bytes(32),
    "set_size" / Both16,
    "sequence" / Both16,
    "block_size" / Both16,
    "path_table_size" / Both32,
    "path_table_le" / Int32ul,
    "path_table_le_2" / Int32ul,
    "path_table_be" / Int32ub,
    "path_table_be_2" / Int32ub,
    "root" / Bytes(34),
    "set_id" / Bytes(128),
    "publisher_id" / Bytes(128),
    "preparer_id" / Bytes(128),
    "application_id" / Bytes(128),
    "files" / Array(3, Bytes(37)),
    "created" / LongDate,
    "modified" / LongDate,
    "expires" / LongDate,
    "effective" / LongDate,
    "structure_version" / Int8ub,
    Padding(1),
    "application_use" / Bytes(512),
    Padding(653),
)
#: Where the four dates of the primary descriptor begin, from its first byte.
DESCRIPTOR_DATES = 813

#: The head of a system use entry (SUSP 4.1); ``length`` counts it.
EntryHead = Struct("signature" / Bytes(2), "length" / Int8ub, "version" / Int8ub)

EntrySP = Struct("head" / EntryHead, "check" / Bytes(2), "skip" / Int8ub)
EntryCE = Struct("head" / EntryHead, "block" / Both32, "offset" / Both32, "size" / Both32)
EntryER = Struct(
    "head" / EntryHead,
    "id_length" / Int8ub,
    "description_length" / Int8ub,
    "source_length" / Int8ub,
    "extension_version" / Int8ub,
    "id" / Bytes(this.id_length),
    "description" / Bytes(this.description_length),
    "source" / Bytes(this.source_length),
)
EntryRR = Struct("head" / EntryHead, "flags" / Int8ub)
#: POSIX attributes (RRIP 4.1.1); 44 bytes in RRIP 1.12, which adds a file serial number.
EntryPX = Struct(
    "head" / EntryHead,
    "mode" / Both32,
    "links" / Both32,
    "uid" / Both32,
    "gid" / Both32,
    "rest" / GreedyBytes,
)
EntryPN = Struct("head" / EntryHead, "high" / Both32, "low" / Both32)
EntryNM = Struct("head" / EntryHead, "flags" / Int8ub, "name" / GreedyBytes)
Component = Struct("flags" / Int8ub, "length" / Int8ub, "text" / Bytes(this.length))
EntrySL = Struct("head" / EntryHead, "flags" / Int8ub, "components" / GreedyRange(Component))
EntryTF = Struct("head" / EntryHead, "flags" / Int8ub, "stamps" / GreedyBytes)
#: CL and PL: where a relocated directory, or its real parent, lies.
EntryLink = Struct("head" / EntryHead, "block" / Both32)

#: NM and SL: the name, or the target, goes on in the next entry of the same kind.
CONTINUES = 0x01
NM_CURRENT = 0x02
NM_PARENT = 0x04
SL_CURRENT = 0x02
SL_PARENT = 0x04
SL_ROOT = 0x08

TF_CREATION = 0x01
TF_MODIFY = 0x02
TF_ACCESS = 0x04
TF_ATTRIBUTES = 0x08
TF_LONG_FORM = 0x80

#: Bits of the RR entry of RRIP 1.09, which lists the entries that are there.
RR_BITS = {"PX": 1, "PN": 2, "SL": 4, "NM": 8, "CL": 16, "PL": 32, "RE": 64, "TF": 128}

#: The identifiers of Rock Ridge in the ER entry.  Solaris takes the first only.
RRIP_1991A = b"RRIP_1991A"
ROCK_RIDGE_IDS = (RRIP_1991A, b"IEEE_P1282", b"IEEE_1282")
