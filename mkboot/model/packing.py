# SPDX-License-Identifier: Apache-2.0
"""How segments are compressed on a disc, so that the Sun can undo it."""

from __future__ import annotations

from enum import StrEnum


class Packing(StrEnum):
    """What was done to a segment: nothing, LZW (every release undoes it), or gzip."""

    NONE = "none"
    COMPRESS = "compress"
    GZIP = "gzip"

    @property
    def suffix(self) -> str:
        """The end of a file's name that tells it."""
        return _SUFFIXES[self]


_SUFFIXES = {Packing.NONE: "", Packing.COMPRESS: ".Z", Packing.GZIP: ".gz"}
