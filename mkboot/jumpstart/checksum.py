# SPDX-License-Identifier: Apache-2.0
"""``rules.ok`` and ``custom_probes.ok``: the stripped text, and a last line with its checksum.

Sources: facts 3.1 (two public rules.ok files and a recomputation: the SysV sum of the text
before the last line).  Whether Solaris' own ``check`` joins continued lines is not known; here
they are joined, which every reader understands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mkboot.bourne import Kind, scan
from mkboot.formats.checksum import byte_total, sysv_sum
from mkboot.jumpstart.plain import comment_at, encode, lines_of
from mkboot.jumpstart.ruleparts import continues

VERSION = 2
_VERSION = re.compile(rb"#[ \t]*version=([0-9]{1,9})(?:[ \t]+checksum=([0-9]{1,9}))?[ \t]*")


def strip_rules(data: bytes) -> bytes:
    """Rules without comments, blank lines and leading blanks; white space within stays."""
    out: list[str] = []
    going_on = False
    for line in lines_of(data):
        code = line.raw.rstrip("\n")[: comment_at(line.plain)]
        if not going_on:
            code = code.lstrip()
        on = continues(line)
        out.append(code.rstrip()[:-1] if on else code + "\n")
        going_on = on
    lines = "".join(out).split("\n")
    return encode("".join(f"{line}\n" for line in lines if line.strip()))


def strip_script(data: bytes) -> bytes:
    """A Bourne script without its comment lines and blank lines.

    What stands in a here-document or in quotes over lines is no comment and stays.
    """
    scanned = scan(data)
    kept: set[int] = set()
    for token in scanned.tokens:
        if token.kind in (Kind.COMMENT, Kind.NEWLINE):
            continue
        kept.update(range(token.line, token.line + token.raw.count(b"\n") + 1))
        if token.document is not None:
            length = token.document.text.count(b"\n") + 1
            kept.update(range(token.document.line, token.document.line + length))
    lines = re.findall(rb"[^\n]*\n|[^\n]+", data)
    return b"".join(line for number, line in enumerate(lines, 1) if number in kept)


def with_checksum(stripped: bytes) -> bytes:
    """The stripped text with its last line."""
    number = sysv_sum(byte_total(stripped))
    return stripped + f"# version={VERSION} checksum={number}\n".encode()


@dataclass(frozen=True)
class OkFile:
    """An ``.ok`` file: its text, and the numbers of its last line (None where it has none)."""

    text: bytes
    version: int | None
    checksum: int | None

    @property
    def right(self) -> int:
        """The checksum that its text has."""
        return sysv_sum(byte_total(self.text))


def read_ok(data: bytes) -> OkFile:
    """An ``.ok`` file taken apart at its last version line."""
    lines = data.splitlines(keepends=True)
    for at in range(len(lines) - 1, -1, -1):
        found = _VERSION.fullmatch(lines[at].rstrip(b"\r\n"))
        if found:
            checksum = int(found[2]) if found[2] else None
            return OkFile(b"".join(lines[:at]), int(found[1]), checksum)
    return OkFile(data, None, None)


def same_text(one: bytes, other: bytes) -> bool:
    """Whether two stripped texts say the same: white space may differ, continued lines too."""
    return strip_rules(one).split() == strip_rules(other).split() and _lines(one) == _lines(other)


def _lines(text: bytes) -> list[list[bytes]]:
    return [line.split() for line in strip_rules(text).splitlines()]
