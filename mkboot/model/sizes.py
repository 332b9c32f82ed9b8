# SPDX-License-Identifier: Apache-2.0
"""Sizes as people write them, and the media that volumes are burnt on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from mkboot.errors import CallerError

#: Bytes in a block of an optical disc.
BLOCK = 2048
#: Blocks of a medium that stay empty, so that a drive which reads ahead meets no end.
RUN_OUT = 150
#: Blocks that media hold.
MEDIA: Mapping[str, int] = {
    "cd650": 333_000,
    "cd700": 359_845,
    "dvd": 2_295_104,
    "dvd-dl": 4_171_712,
}
DEFAULT_MEDIUM = "cd650"

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([KMGT])(i?)B?|B)?", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_size(text: str) -> int:
    """Bytes: ``650M`` and ``4.7G`` are decimal, ``650MiB`` binary, a bare number is bytes.

    Raises ``CallerError`` for anything else, and for what is no whole number of bytes.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise CallerError(f"not a size: {text!r}", hint="a size is like 650M, 4.7G or 650MiB")
    base = 1024 if match[3] else 1000
    exact = Decimal(match[1]) * base ** _POWERS[(match[2] or "").upper()]
    if exact != int(exact):
        raise CallerError(f"not a whole number of bytes: {text!r}")
    return int(exact)


def medium_bytes(text: str) -> int:
    """How large an image for this medium may be, in bytes.

    ``text`` is a name in ``MEDIA``, of which ``RUN_OUT`` blocks are kept, or a size,
    which is taken as it is.
    """
    blocks = MEDIA.get(text)
    if blocks is not None:
        return (blocks - RUN_OUT) * BLOCK
    try:
        return parse_size(text)
    except CallerError as e:
        names = ", ".join(MEDIA)
        raise CallerError(
            f"not a medium: {text!r}", hint=f"one of {names}, or a size like 650M"
        ) from e


def show_size(count: int) -> str:
    """Bytes for people: three digits and a decimal unit (``1.23 GB``, ``512 B``)."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{count} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"
