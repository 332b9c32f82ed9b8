# SPDX-License-Identifier: Apache-2.0
"""ISO 9660 identifiers for names that are any bytes, unique in their directory.

Whoever reads Rock Ridge never sees them; Windows and a reader without Rock Ridge do.
They are made so that the order of their bytes is the order that ECMA-119 9.3 asks for
(name, then extension, each filled up with blanks): an extension is kept only where it is
three characters that do not begin with a digit; every other dot becomes a ``_``.
"""

from __future__ import annotations

import re

#: Longest name and extension together, and longest directory identifier (ECMA-119 7.5.1,
#: 7.6.3), in characters.
FILE_MAX = 30
DIRECTORY_MAX = 31

_FORBIDDEN = re.compile(rb"[^A-Z0-9_]")
_EXTENSION = re.compile(rb"(.+)\.([A-Z_][A-Z0-9_]{2})", re.DOTALL)


class Identifiers:
    """The identifiers of one directory."""

    def __init__(self, *reserved: bytes) -> None:
        self._taken: set[tuple[bytes, bytes]] = {(name, b"") for name in reserved}
        self._next: dict[tuple[bytes, bytes], int] = {}

    def file(self, name: bytes) -> bytes:
        """An identifier for a file, with dot and version: ``README.TXT;1``, ``SH.;1``."""
        upper = name.upper()
        parts = _EXTENSION.fullmatch(upper)
        stem, extension = (parts[1], parts[2]) if parts else (upper, b"")
        stem = self._take(stem, extension, FILE_MAX - len(extension))
        return stem + b"." + extension + b";1"

    def directory(self, name: bytes) -> bytes:
        """An identifier for a directory: ``ETC``."""
        return self._take(name.upper(), b"", DIRECTORY_MAX)

    def _take(self, stem: bytes, extension: bytes, room: int) -> bytes:
        """A stem that is not taken: shortened, and with a number behind it if need be.

        Files and directories share one set: without Rock Ridge both lose their dot.
        """
        stem = _FORBIDDEN.sub(b"_", stem)[:room]
        made = stem
        number = self._next.get((stem, extension), 0)
        while (made, extension) in self._taken:
            digits = b"%d" % number
            made = stem[: room - len(digits)] + digits
            number += 1
        self._next[stem, extension] = number
        self._taken.add((made, extension))
        return made
