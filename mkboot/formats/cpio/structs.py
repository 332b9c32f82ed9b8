# SPDX-License-Identifier: Apache-2.0
"""The headers of cpio archives: ASCII with octal (odc) or hexadecimal (newc, crc) numbers.

Source: POSIX.1-1997 cpio (``-c`` of old, 070707) and the SVR4 ``-c`` header (070701, and
070702 with a sum of the data in its last field), as cpio(5) of libarchive and illumos'
cpio(4) describe them.  newc pads header with name, and data, to 4 bytes; odc pads nothing.
"""

from __future__ import annotations

from construct import Bytes, Const, ExprAdapter, Struct

ODC_MAGIC = b"070707"
NEWC_MAGIC = b"070701"
CRC_MAGIC = b"070702"
TRAILER = b"TRAILER!!!"
#: The longest path that is taken, with its NUL.
NAME_MAX = 1 << 16
#: What a whole archive is padded to, in bytes.
BLOCK = 512


def _number(digits: int, base: int) -> ExprAdapter:
    form = f"%0{digits}{'x' if base == 16 else 'o'}"
    return ExprAdapter(
        Bytes(digits),
        lambda raw, _: int(raw, base),
        lambda value, _: (form % value).encode("ascii"),
    )


_HEX = _number(8, 16)

Newc = Struct(
    "magic" / Bytes(6),
    "ino" / _HEX,
    "mode" / _HEX,
    "uid" / _HEX,
    "gid" / _HEX,
    "nlink" / _HEX,
    "mtime" / _HEX,
    "size" / _HEX,
    "dev_major" / _HEX,
    "dev_minor" / _HEX,
    "rdev_major" / _HEX,
    "rdev_minor" / _HEX,
    "name_size" / _HEX,
    "check" / _HEX,
)
Odc = Struct(
    "magic" / Const(ODC_MAGIC),
    "dev" / _number(6, 8),
    "ino" / _number(6, 8),
    "mode" / _number(6, 8),
    "uid" / _number(6, 8),
    "gid" / _number(6, 8),
    "nlink" / _number(6, 8),
    "rdev" / _number(6, 8),
    "mtime" / _number(11, 8),
    "name_size" / _number(6, 8),
    "size" / _number(11, 8),
)
NEWC_SIZE = Newc.sizeof()
ODC_SIZE = Odc.sizeof()
#: The largest file and the largest owner that each form can say.
NEWC_FILE_MAX = (1 << 32) - 1
ODC_FILE_MAX = (1 << 33) - 1
ODC_ID_MAX = (1 << 18) - 1
