# SPDX-License-Identifier: Apache-2.0
"""Checksums made right again, so that what was changed is believed."""

from __future__ import annotations

import struct

_DUMP_MAGIC = 60012
_DUMP_SUM = 84446
_RECORD = 1024


def mend_label(data: bytearray) -> None:
    """Of a Sun label: the last of its 256 words makes the XOR of all 0."""
    if len(data) < 512:
        return
    total = 0
    for (word,) in struct.iter_unpack(">H", data[:510]):
        total ^= word
    struct.pack_into(">H", data, 510, total)


def dump_headers(data: bytes | bytearray) -> list[int]:
    """Where the headers of a big-endian dump lie."""
    magic = struct.pack(">I", _DUMP_MAGIC)
    whole = len(data) - _RECORD + 1
    return [at for at in range(0, whole, _RECORD) if data[at + 24 : at + 28] == magic]


def mend_dump(data: bytearray) -> None:
    """Of every dump header: its 256 words add up to 84446."""
    for at in dump_headers(data):
        struct.pack_into(">I", data, at + 28, 0)
        total = sum(struct.unpack_from(">256I", data, at))
        struct.pack_into(">I", data, at + 28, (_DUMP_SUM - total) & 0xFFFFFFFF)


def tar_headers(data: bytes | bytearray) -> list[int]:
    """Where the headers of a tar file lie."""
    return [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]


def mend_tar(data: bytearray) -> None:
    """Of every tar header: the sum of its bytes, the sum's own as blanks."""
    for at in tar_headers(data):
        data[at + 148 : at + 156] = b" " * 8
        data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
