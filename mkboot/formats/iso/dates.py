# SPDX-License-Identifier: Apache-2.0
"""The two kinds of dates on an ISO 9660 volume, as nanoseconds since 1970."""

from __future__ import annotations

import calendar
import time
from functools import lru_cache

from mkboot.errors import InputError
from mkboot.tree.node import SECOND

UNSPECIFIED_LONG = b"0" * 16 + b"\0"
_QUARTER_HOUR = 900


@lru_cache(maxsize=4096)
def read_short(date: bytes) -> int | None:
    """Nanoseconds of the 7-byte date of a directory record (ECMA-119 9.1.5).

    0 where it is not given (all zeros), None where it is no date.
    """
    if date == b"\0\0\0\0\0\0\0":
        return 0
    offset = date[6] - 256 if date[6] > 127 else date[6]
    return _time((date[0] + 1900, *date[1:6]), offset)


def read_long(date: bytes) -> int | None:
    """Nanoseconds of the 17-byte date of a volume descriptor (8.4.26.1), else as above."""
    if date[:16] in (b"0" * 16, bytes(16)):
        return 0
    digits = date[:16]
    if not digits.isdigit():
        return None
    offset = date[16] - 256 if date[16] > 127 else date[16]
    fields = (int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2)))
    seconds = _time(fields, offset)
    return None if seconds is None else seconds + int(digits[14:16]) * (SECOND // 100)


def _time(fields: tuple[int, ...], offset: int) -> int | None:
    year, month, day, hour, minute, second = fields
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 61 and year >= 1):
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1] or not -52 <= offset <= 52:
        return None
    seconds = calendar.timegm((year, month, day, hour, minute, second))
    return (seconds - offset * _QUARTER_HOUR) * SECOND


@lru_cache(maxsize=4096)
def short_fields(seconds: int) -> tuple[int, int, int, int, int, int]:
    """Years since 1900, month, day, hour, minute, second in UTC.

    Raises ``InputError`` for a time before 1900 or after 2155, which a disc cannot hold.
    """
    at = time.gmtime(seconds) if abs(seconds) < 1 << 40 else None
    if at is None or not 0 <= at.tm_year - 1900 <= 255:
        raise InputError(f"a time that an ISO 9660 disc cannot hold: {seconds} s since 1970")
    return at.tm_year - 1900, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec


def write_short(nanoseconds: int) -> bytes:
    """The 7-byte date in UTC, rounded down to whole seconds."""
    return bytes((*short_fields(nanoseconds // SECOND), 0))


def write_long(seconds: int) -> bytes:
    """The 17-byte date in UTC."""
    years, *rest = short_fields(seconds)
    return f"{years + 1900:04d}{''.join(f'{n:02d}' for n in rest)}00".encode() + b"\0"
